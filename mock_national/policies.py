"""What becomes of an array when one of its items is wrong.

A policy walks the verdicts in the order of the array and decides. Verdicts come lazily: a policy that stops
early spares the rest of the work. No source tells which the portal follows; `all_or_nothing` is ours.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mock_national.fields import Refusal


@dataclass(frozen=True, slots=True)
class Decision:
    """Positions to apply, in order, and the refusal to answer with (None: everything was taken)."""

    applied: tuple[int, ...]
    refusal: Refusal | None


Policy = Callable[[Iterable[Refusal | None]], Decision]


def all_or_nothing(verdicts: Iterable[Refusal | None]) -> Decision:
    """Refuse the whole array for its first bad item, without saying which item it was."""
    count = 0
    for verdict in verdicts:
        if verdict is not None:
            return Decision((), verdict)
        count += 1
    return Decision(tuple(range(count)), None)
