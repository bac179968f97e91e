"""When to try again, and when to stop: a pure function of the schedule, the count, the age and a draw."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.failures import FailureClass


@dataclass(frozen=True, slots=True)
class Schedule:
    """Waits between attempts across calls; the last one repeats until the age is spent.

    ``jitter_share`` spreads each wait by up to that share, both ways, so that lanes that failed together do not
    come back together. A far side's ``Retry-After`` is honoured up to ``retry_after_max_seconds``.
    """

    waits_seconds: tuple[float, ...]
    attempts_max: int
    age_max_seconds: float
    jitter_share: float = 0.2
    retry_after_max_seconds: float = 3600.0

    def __post_init__(self) -> None:
        """Refuse a schedule that could spin or never end."""
        if not self.waits_seconds or min(self.waits_seconds) <= 0:
            message = "waits_seconds: at least one wait, each above zero"
            raise ValueError(message)
        if self.attempts_max < 1 or self.age_max_seconds <= 0 or not 0 <= self.jitter_share < 1:
            message = "attempts_max >= 1, age_max_seconds > 0, 0 <= jitter_share < 1"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Schedules:
    """The schedules of one destination: its ordinary one, and those of failure classes that have their own."""

    ordinary: Schedule
    by_class: Mapping[FailureClass, Schedule] = field(default_factory=dict)

    def of(self, failure: FailureClass) -> Schedule:
        """The schedule of a class."""
        return self.by_class.get(failure, self.ordinary)

    @property
    def attempts_max(self) -> int:
        """The most attempts that any class allows."""
        return max(schedule.attempts_max for schedule in [self.ordinary, *self.by_class.values()])


@dataclass(frozen=True, slots=True)
class Again:
    """Try again at this time."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The budget is spent; a person decides."""

    reason: str


def count(schedule: Schedule, failed_before: int, *, trial: bool) -> int:
    """The number of a failure after ``failed_before`` others in a row.

    The trial of a gate tells of the way and not of the record, so it never spends the last tries: it counts only
    until the waits are at their longest, so that a record which itself is the trouble does not stay the trial.
    """
    counted = failed_before + 1
    if not trial:
        return counted
    longest = min(len(schedule.waits_seconds), schedule.attempts_max - 1)
    return max(failed_before, min(counted, longest), 1)


def decide(
    schedule: Schedule,
    *,
    attempts: int,
    failing_since: datetime,
    now: datetime,
    draw: float,
    retry_after_seconds: float | None = None,
) -> Again | GiveUp:
    """Decide after the ``attempts``-th failure in a row (1 is the first).

    ``draw`` lies in [0, 1) and decides the jitter. The next time is never before the far side's ``Retry-After``
    (within bounds) and never beyond the age the schedule allows.
    """
    if attempts >= schedule.attempts_max:
        return GiveUp(f"{attempts} attempts failed")
    end = failing_since + timedelta(seconds=schedule.age_max_seconds)
    if now >= end:
        return GiveUp(f"failing since {failing_since.isoformat()}")
    wait = schedule.waits_seconds[min(attempts, len(schedule.waits_seconds)) - 1]
    wait *= 1 + schedule.jitter_share * (2 * draw - 1)
    if retry_after_seconds is not None:
        wait = max(wait, min(retry_after_seconds, schedule.retry_after_max_seconds))
    return Again(min(now + timedelta(seconds=wait), end))
