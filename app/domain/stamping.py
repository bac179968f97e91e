"""When a checkpoint is to be time-stamped, and when it has waited for too long."""

from datetime import datetime, timedelta
from typing import Final

#: After so many failures in a row; the last one repeats.
WAITS_SECONDS: Final = (60.0, 300.0, 900.0, 3600.0)
#: Authority and our clock may differ by so much: beyond it one of them is wrong, and the time proves nothing.
CLOCK_SECONDS: Final = 300.0
#: A stamp that is overdue for so long is told.
LATE_SECONDS: Final = 7200.0


def is_due(stamped_at: datetime | None, now: datetime, seconds: float) -> bool:
    """Whether the next stamp may be asked for. A clock that was set back must not put it off."""
    return stamped_at is None or not 0 <= (now - stamped_at).total_seconds() < seconds


def wait_seconds(failures: int) -> float:
    """How long to wait after so many failures in a row (at least 1)."""
    return WAITS_SECONDS[min(failures, len(WAITS_SECONDS)) - 1]


def overdue_seconds(waits_since: datetime | None, now: datetime, seconds: float) -> float:
    """How much longer than the time between two stamps the oldest checkpoint without one has waited; None: none has."""
    return 0.0 if waits_since is None else max((now - waits_since).total_seconds() - seconds, 0.0)


def is_late(overdue: float) -> bool:
    """Whether a stamp is overdue (in seconds) for so long that people must be told."""
    return overdue > LATE_SECONDS


def clocks_agree(stamped_at: datetime, now: datetime) -> bool:
    """Whether the authority's time is near enough to ours."""
    return abs(stamped_at - now) <= timedelta(seconds=CLOCK_SECONDS)
