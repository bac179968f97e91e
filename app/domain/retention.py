"""How long entries of the log are kept, what keeps them longer, and who may let them go.

Sources: QCVN 12:2026/BCA 3.9.2.1.9 (12 months at least) and 2.2.9.2.1 (deletion needs approval), NĐ 356/2025/NĐ-CP
(files of breaches: 5 years after the mending); ``docs/requirements.csv`` D-1, D-2, D-13.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.audit import AuditKind

#: No class of the log may be kept for fewer days; the database refuses to let younger entries go.
LOG_DAYS_MIN: Final = 365
#: Five years, a leap day among them.
BREACH_DAYS_MIN: Final = 1826
#: The class of whatever a breach holds; it covers no kind by itself.
BREACH: Final = "breach"
#: What speaks of archives and erasures: the only record of what is gone, so it is never removed itself.
ALWAYS: Final = frozenset({AuditKind.RETENTION, AuditKind.ERASURE})

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """Entries of these kinds are kept for ``days`` at least; None: for ever."""

    row: int
    code: str
    kinds: frozenset[AuditKind]
    days: int | None
    legal_basis: str
    name_vi: str
    name_en: str


class HoldKind(StrEnum):
    """Why somebody keeps entries beyond their class."""

    LEGAL = "legal"
    BREACH = "breach"


class Kept(StrEnum):
    """Why an entry that is old enough stays; of several the first counts."""

    HOLD = "hold"
    OPEN_DOSSIER = "open_dossier"
    OPEN_DELIVERY = "open_delivery"
    OPEN_QUESTION = "open_question"
    OPEN_DISCREPANCY = "open_discrepancy"
    OPEN_ANOMALY = "open_anomaly"
    UNSIGNED = "unsigned"


class RunState(StrEnum):
    """Where a run stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    ENDED = "ended"


def kept_since(now: datetime, days: int) -> datetime:
    """Entries before this time have been kept for all their days."""
    return now - timedelta(days=days)


def held_until(fixed_at: datetime, days: int) -> datetime:
    """How long what a breach holds stays once the breach is mended."""
    return fixed_at + timedelta(days=max(days, BREACH_DAYS_MIN))


def state_of(*, approved: bool | None, ended: bool) -> RunState:
    """The state of a run from its decision (None: there is none yet) and its end."""
    if approved is None:
        return RunState.PROPOSED
    if not approved:
        return RunState.REFUSED
    return RunState.ENDED if ended else RunState.APPROVED


def ranges_of(places: Iterable[int]) -> Ranges:
    """Places as ranges, both ends included, in order; neighbours are joined."""
    found: list[tuple[int, int]] = []
    for place in sorted(set(places)):
        if found and place == found[-1][1] + 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return tuple(found)


def places_of(ranges: Sequence[tuple[int, int]]) -> Iterator[int]:
    """The places that ranges hold, in order."""
    for first, last in ranges:
        yield from range(first, last + 1)


def holds_place(ranges: Sequence[tuple[int, int]], place: int) -> bool:
    """Whether a place is in one of the ranges."""
    return any(first <= place <= last for first, last in ranges)
