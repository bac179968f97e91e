"""Working time of an office, counted in seconds of work since the quarter began.

An office works 07:30-11:30 and 13:30-17:00, Monday to Friday but for public holidays. Holidays and the Saturday
worked instead are those of 2026 (PyPI ``holidays`` 0.109).
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

DAY: Final = 27_000
HOUR: Final = 3_600
_MORNING: Final = 4 * HOUR
_VIETNAM: Final = timezone(timedelta(hours=7))
_HOLIDAYS: Final = frozenset({date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2)})
_WORKED_SATURDAYS: Final = frozenset({date(2026, 8, 22)})
_WORKWEEK_DAYS: Final = 5
_FIRST: Final = date(2026, 7, 1)
# Promised dates may lie after the last thing that happens.
_YEARS_END: Final = date(2027, 1, 31)


def _works(day: date) -> bool:
    return day in _WORKED_SATURDAYS or (day.weekday() < _WORKWEEK_DAYS and day not in _HOLIDAYS)


_DAYS: Final = tuple(
    day for day in (_FIRST + timedelta(days=n) for n in range((_YEARS_END - _FIRST).days + 1)) if _works(day)
)


def start_of(day: date) -> int:
    """Working seconds from the quarter's beginning to the first working moment on or after ``day``."""
    return sum(1 for other in _DAYS if other < day) * DAY


QUARTER_ENDS: Final = start_of(date(2026, 10, 1))
RECORDS_END: Final = start_of(date(2026, 11, 16))


def day_of(at: int) -> date:
    """The day on which a working second falls."""
    return _DAYS[at // DAY]


def moment(at: int) -> datetime:
    """The moment of a working second, Vietnamese time."""
    rest = at % DAY
    pause = 2 * HOUR if rest >= _MORNING else 0
    return datetime.combine(day_of(at), time(7, 30), _VIETNAM) + timedelta(seconds=rest + pause)


def stamp(at: int, *, utc: bool = False) -> str:
    """ISO 8601 with a zone: ``+07:00``, or ``Z`` as some programs write it."""
    return _iso(moment(at), utc=utc)


def _iso(when: datetime, *, utc: bool) -> str:
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z") if utc else when.isoformat()


def close_of_business(at: int, days: int) -> int:
    """The working second at which the ``days``-th working day after a moment's day is over."""
    return (at // DAY + days + 1) * DAY


def deadline(at: int, *, utc: bool = False) -> str:
    """The stamp of a day's end: 17:00, where ``stamp`` would give the next morning."""
    closing = moment(at - 1) + timedelta(seconds=1)
    return _iso(closing, utc=utc)
