"""When an officer's questions about persons look like browsing: thresholds in, findings out, by counting alone.

The thresholds are data (``anomaly_rules.csv``). A question counts from the moment it was made, whether it was
answered or refused. What an administrator has dealt with does not count again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.worktime import WorkingCalendar
from app.errors import DossierNotOpen, UnknownDossier

#: How the population database says "no such person"; also in ``connectors.population.PersonOutcome``.
MISMATCH = "NOT_FOUND_OR_MISMATCH"
_NO_OPEN_DOSSIER = frozenset({UnknownDossier.slug, DossierNotOpen.slug})


class Trait(StrEnum):
    """What a question may show; the kinds of the table ``anomaly_rules``."""

    NO_OPEN_DOSSIER = "no_open_dossier"
    OFF_HOURS = "off_hours"
    MANY_SUBJECTS = "many_subjects"
    REPEATED_MISMATCH = "repeated_mismatch"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One row of the table: so ``many`` within ``window_seconds`` are too many. ``locks``: the officer is stopped."""

    trait: Trait
    many: int
    window_seconds: int
    locks: bool


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted for a threshold. ``first_at`` is the time of the oldest that counts (None: none does)."""

    threshold: Threshold
    times: int
    first_at: datetime | None

    @property
    def broken(self) -> bool:
        """Whether the threshold is reached."""
        return self.times >= self.threshold.many


@dataclass(frozen=True, slots=True)
class Finding:
    """An anomaly as it stands: open until somebody signs it off. ``times`` is the most within one window."""

    trait: Trait
    first_at: datetime
    last_at: datetime
    times: int
    many: int
    window_seconds: int
    locked: bool


@dataclass(frozen=True, slots=True)
class Breach:
    """A finding that began or went on with a question; ``locks``: a row that locks is broken now."""

    finding: Finding
    locks: bool


def in_office_hours(calendar: WorkingCalendar, at: datetime) -> bool:
    """Whether offices are open at a moment; the noon break is no office time."""
    local = at.astimezone(calendar.zone)
    clock = local.time()
    return calendar.is_working_day(local.date()) and any(s.start <= clock <= s.end for s in calendar.sessions)


def traits_of(outcome: str, *, office_hours: bool) -> frozenset[Trait]:
    """What one question shows by itself; only the thresholds of these can be reached by it.

    Args:
        outcome: an outcome of the database, the slug of a refusal, or what stands for "not answered yet".
        office_hours: whether it was made in office hours.
    """
    shown = {Trait.MANY_SUBJECTS}
    if outcome in _NO_OPEN_DOSSIER:
        shown.add(Trait.NO_OPEN_DOSSIER)
    if outcome == MISMATCH:
        shown.add(Trait.REPEATED_MISMATCH)
    if not office_hours:
        shown.add(Trait.OFF_HOURS)
    return frozenset(shown)


def counted_from(now: datetime, window_seconds: int, dealt_with_at: Iterable[datetime | None]) -> datetime:
    """Questions after this moment count: those of the window, but not what was signed off or forgiven before."""
    start = now - timedelta(seconds=window_seconds)
    return max([start, *(at for at in dealt_with_at if at is not None)])


def judge(counts: Iterable[Count], held: Mapping[Trait, Finding], now: datetime) -> dict[Trait, Breach]:
    """What begins or goes on with this question: one finding a trait, however many rows speak of it.

    A finding never gets smaller and is never unlocked here. Where several rows are broken, the one that locks counts,
    and of these the highest.
    """
    worst: dict[Trait, Count] = {}
    for count in counts:
        before = worst.get(count.threshold.trait)
        if count.broken and (before is None or _weight(before) < _weight(count)):
            worst[count.threshold.trait] = count
    return {
        trait: Breach(_finding(count, held.get(trait), now), count.threshold.locks) for trait, count in worst.items()
    }


def _weight(count: Count) -> tuple[bool, int]:
    return count.threshold.locks, count.threshold.many


def _finding(count: Count, held: Finding | None, now: datetime) -> Finding:
    row = count.threshold
    if held is None:
        first = count.first_at or now
        return Finding(row.trait, first, now, count.times, row.many, row.window_seconds, locked=row.locks)
    grown = replace(held, last_at=max(held.last_at, now), times=max(held.times, count.times))
    # What it was opened by stays, unless a row that locks is broken now.
    if held.locked or not row.locks:
        return grown
    return replace(grown, many=row.many, window_seconds=row.window_seconds, locked=True)
