"""What becomes of an array when one of its items is wrong.

A policy walks the verdicts in the order of the array and decides. Verdicts come lazily: a policy that stops
early spares the rest of the work. No source tells which the portal follows; `all_or_nothing` is ours, and a fault
(`bad_item_…`) has any of the three for the calls it fits.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mock_national.fields import Refusal


@dataclass(frozen=True, slots=True)
class Decision:
    """Positions to apply, in order, and the refusal to answer with (None: everything was taken).

    `verdicts` holds one verdict an item, in order, when the answer is to name them; else it is empty.
    """

    applied: tuple[int, ...]
    refusal: Refusal | None
    verdicts: tuple[Refusal | None, ...] = ()


Policy = Callable[[Iterable[Refusal | None]], Decision]


def all_or_nothing(verdicts: Iterable[Refusal | None]) -> Decision:
    """Refuse the whole array for its first bad item, without saying which item it was."""
    count = 0
    for verdict in verdicts:
        if verdict is not None:
            return Decision((), verdict)
        count += 1
    return Decision(tuple(range(count)), None)


def rest_taken(verdicts: Iterable[Refusal | None]) -> Decision:
    """Take the good items and answer with the refusal of the first bad one, without saying which were taken."""
    told = tuple(verdicts)
    good = tuple(position for position, verdict in enumerate(told) if verdict is None)
    return Decision(good, next((verdict for verdict in told if verdict is not None), None))


def per_item(verdicts: Iterable[Refusal | None]) -> Decision:
    """Take the good items and say of each item what became of it."""
    told = tuple(verdicts)
    decision = rest_taken(told)
    return Decision(decision.applied, decision.refusal, told if decision.refusal else ())


#: Fault kind to the policy it has for the calls it fits.
BY_FAULT: Final[Mapping[str, Policy]] = {
    "bad_item_whole": all_or_nothing,
    "bad_item_rest_taken": rest_taken,
    "bad_item_per_item": per_item,
}
