"""What a blank of a form is filled with: one value of its one authority, a conflict that is shown, or a question.

Law: what a connected database holds is not declared again (NĐ 224/2026/NĐ-CP Điều 18), and each fact has one source
that has the last word (NĐ 278/2025/NĐ-CP Điều 5). Nothing is ever chosen between two values that differ.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import combinations

# The plan (task 25) wants at least a fifth fewer declared blanks.
BURDEN_CUT_MIN = 0.20


class FieldState(StrEnum):
    """What became of a blank."""

    FILLED = "filled"
    CONFLICT = "conflict"
    ASK = "ask"


class Origin(StrEnum):
    """Where a value is from. ``DECLARED``: the citizen has just written it into the form; it fills nothing."""

    POPULATION = "population"
    DOSSIER = "dossier"
    EARLIER_DOSSIER = "earlier_dossier"
    DECLARED = "declared"


class Lack(StrEnum):
    """Why the source that has the last word gave no value.

    ``NOT_HELD`` and ``UNCONFIRMED`` are its own words; the others say that it was not heard.
    """

    NO_SOURCE = "no_source"
    NOT_ALLOWED = "not_allowed"
    NOT_ASKED = "not_asked"
    NOT_HELD = "not_held"
    SILENT = "silent"
    UNCONFIRMED = "unconfirmed"


class Why(StrEnum):
    """What is said of a blank beside its state; a blank that is asked says a ``Lack``."""

    AUTHORITY = "authority"
    OTHER_SOURCE = "other_source"
    CONFLICT = "conflict"


class How(StrEnum):
    """How a blank came about when the form was handed in."""

    KEPT = "kept"
    CHANGED = "changed"
    ASKED = "asked"
    EMPTY = "empty"


class Preview(StrEnum):
    """What the citizen said of the values that were shown to them."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


Same = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Value:
    """A value, where it is from, how old it is as far as that says, and under what id it can be found again."""

    text: str
    origin: Origin
    as_of: datetime | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """A blank after filling. ``others`` are the values that differ from one another; there only in a conflict."""

    state: FieldState
    why: Why | Lack
    value: Value | None = None
    others: tuple[Value, ...] = ()


def fill(values: Sequence[Value], authority: Origin | None, lack: Lack, declared: str | None, same: Same) -> Filled:
    """Fill one blank.

    Values that differ are all shown and none is taken, what the citizen wrote among them. Where all agree, the
    authority's is taken, else the first: a source without authority fills a blank only when the authority was not
    heard or holds nothing. Where the authority does not confirm the person at all, nobody else speaks in its place.

    Args:
        values: what the sources hold, the closest first.
        authority: whose word is the last; None where there is no way to it.
        lack: why the authority gave no value, if it gave none.
        declared: what the citizen wrote.
        same: whether two texts are one value with certainty.
    """
    spoken = next((value for value in values if value.origin is authority), None)
    if spoken is None and (not values or lack is Lack.UNCONFIRMED):
        return Filled(FieldState.ASK, lack)
    shown = tuple(values) if declared is None else (*values, Value(declared, Origin.DECLARED))
    if not all(same(one.text, other.text) for one, other in combinations(shown, 2)):
        return Filled(FieldState.CONFLICT, Why.CONFLICT, others=shown)
    return Filled(FieldState.FILLED, Why.AUTHORITY if spoken else Why.OTHER_SOURCE, spoken or values[0])


@dataclass(frozen=True, slots=True)
class Tally:
    """A form that was handed in, counted."""

    asked: int
    kept: int
    asked_needlessly: int


def kept_wrongly(states: Mapping[str, FieldState], hows: Mapping[str, How], preview: Preview | None) -> list[str]:
    """Blanks said to be kept or changed that were not filled, or kept after the citizen refused."""
    refused = preview is Preview.REFUSED
    return [
        name
        for name, how in hows.items()
        if (how in {How.KEPT, How.CHANGED} and states[name] is not FieldState.FILLED) or (how is How.KEPT and refused)
    ]


def tally(
    states: Mapping[str, FieldState], hows: Mapping[str, How], preview: Preview | None, identifying: Collection[str]
) -> Tally:
    """Count a form. What the citizen had to say otherwise than it was filled counts as asked.

    What was filled and asked all the same was asked needlessly, but for what the citizen refused to have filled, and
    for number, name and birth date: without them nobody is found.
    """
    asked = [name for name, how in hows.items() if how is How.ASKED]
    needless = [name for name in asked if states[name] is FieldState.FILLED and name not in identifying]
    return Tally(
        asked=len(asked) + sum(how is How.CHANGED for how in hows.values()),
        kept=sum(how is How.KEPT for how in hows.values()),
        asked_needlessly=0 if preview is Preview.REFUSED else len(needless),
    )


def burden_cut(asked: int, baseline: int) -> float | None:
    """Share of declared blanks that reuse took away; below 0 when more is asked. None: nothing was asked before."""
    return 1 - asked / baseline if baseline else None


def prefilled_share(kept: int, asked: int) -> float | None:
    """Share of blanks that were kept as they were filled, of those kept or asked; None without any."""
    return kept / (kept + asked) if kept + asked else None


def below_target(cut: float | None) -> bool:
    """Whether a form cuts less than the plan wants; one of which nothing is known is not called so."""
    # Shares are of whole blanks: 1 - 8/10 is a fifth, though floats say a little less.
    return cut is not None and cut < BURDEN_CUT_MIN - 1e-9
