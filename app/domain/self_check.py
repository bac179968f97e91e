"""Reading the log again in the background: how much at a time, how far it is, and when it has stopped."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

#: Nothing is read again sooner after a pass has ended, however short the log is.
REST_SECONDS: Final = 3600.0
#: A check that ought to move and has not for so long has stopped.
STALL_SECONDS: Final = 1800.0
_DAY_SECONDS: Final = 86400.0


class Trouble(StrEnum):
    """Why a check does not do what it is there for."""

    # Nobody reads: no worker runs, or its rounds fail.
    NO_PROGRESS = "no_progress"
    # It reads, and does not come to the end within its days.
    TOO_SLOW = "too_slow"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the check stands.

    ``size`` of ``until`` leaves are read in the pass that runs; both 0 where none does. ``moved_at`` is its last
    progress, ``ended_at`` when the last pass ended, at a lie or at the end of the log, ``whole_at`` when one last came
    to the end, over ``whole_size`` leaves.
    """

    first_at: datetime
    moved_at: datetime
    size: int = 0
    until: int = 0
    ended_at: datetime | None = None
    whole_at: datetime | None = None
    whole_size: int = 0

    @property
    def runs(self) -> bool:
        """Whether a pass is under way."""
        return self.ended_at is None or self.moved_at > self.ended_at

    @property
    def share(self) -> float:
        """How much of the log the pass that runs has read; 1 between two passes."""
        if not self.runs:
            return 1.0
        return min(self.size / self.until, 1.0) if self.until else 0.0


def is_resting(standing: Standing, now: datetime) -> bool:
    """Whether nothing is to be read yet. A clock that was set back must not put the next pass off."""
    if standing.runs or standing.ended_at is None:
        return False
    return 0 <= (now - standing.ended_at).total_seconds() < REST_SECONDS


def trouble_of(standing: Standing | None, began_at: datetime | None, now: datetime, days: float) -> Trouble | None:
    """What is wrong with the check itself; None: nothing.

    Args:
        standing: how it stands; None: it has never read anything.
        began_at: since when there is something to be read, for one that has never read; None: there is nothing.
        now: the time.
        days: within which each row is to be read at least once.
    """
    if standing is None:
        stalled = began_at is not None and now - began_at > timedelta(seconds=STALL_SECONDS)
        return Trouble.NO_PROGRESS if stalled else None
    moves_by = standing.moved_at if standing.runs else standing.moved_at + timedelta(seconds=REST_SECONDS)
    if now - moves_by > timedelta(seconds=STALL_SECONDS):
        return Trouble.NO_PROGRESS
    since = standing.whole_at or standing.first_at
    return Trouble.TOO_SLOW if (now - since).total_seconds() > days * _DAY_SECONDS else None


@dataclass(frozen=True, slots=True)
class Budget:
    """Rows that may be read: those of the time that has gone by, and no more of it than ``saved_seconds``.

    What a block reads beyond it is owed: ``rows`` may fall below 0.
    """

    rows_per_second: float
    saved_seconds: float
    rows: float = 0.0

    def after(self, seconds: float) -> "Budget":
        """The budget once time has gone by."""
        saved = min(self.rows + self.rows_per_second * max(seconds, 0.0), self.rows_per_second * self.saved_seconds)
        return Budget(self.rows_per_second, self.saved_seconds, saved)

    def without(self, rows: int) -> "Budget":
        """The budget once rows were read."""
        return Budget(self.rows_per_second, self.saved_seconds, self.rows - rows)
