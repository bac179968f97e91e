"""The working days of Vietnam: the ``holidays`` package, and a table of what was decided otherwise.

The package knows the holidays of law (those by the lunar calendar too) and the make-up Saturdays that had been
decreed when it was released. ``workday_overrides.csv`` has the last word: a day and whether it is worked. A
province may replace the table together with the other lists (``LIENTHONG_REFERENCE_DIR``).
"""

from datetime import date, time, timedelta
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from holidays import country_holidays

from app.domain.worktime import OFFICE_HOURS, TRANSFER_CUTOFF, OfficeSession, WorkingCalendar
from app.reference import CatalogueError, _rows

OVERRIDES: Final = "workday_overrides.csv"
# Outside these years only weekends are off; a dossier's term ends long before.
FIRST_YEAR: Final = 2018
LAST_YEAR: Final = 2045
_WEEKEND: Final = 5


def load_calendar(
    directory: Path | None = None,
    sessions: tuple[OfficeSession, ...] = OFFICE_HOURS,
    cutoff: time = TRANSFER_CUTOFF,
) -> WorkingCalendar:
    """The working calendar with the overrides that ship, or those of a folder.

    Raises:
        CatalogueError: the table of overrides cannot be used; names the file and the row.
        ValueError: the office hours cannot be.
    """
    folder: Traversable = directory or resources.files("app.reference") / "data"
    off, extra = map(set, _exceptions())
    for day, working in _overrides(folder).items():
        off.discard(day)
        extra.discard(day)
        if working and day.weekday() >= _WEEKEND:
            extra.add(day)
        elif not working and day.weekday() < _WEEKEND:
            off.add(day)
    return WorkingCalendar(frozenset(off), frozenset(extra), sessions, cutoff)


@cache
def _exceptions() -> tuple[frozenset[date], frozenset[date]]:
    """Weekdays off and weekend days worked, as the package knows them."""
    known = country_holidays("VN", years=range(FIRST_YEAR, LAST_YEAR + 1))
    first, after = date(FIRST_YEAR, 1, 1), date(LAST_YEAR + 1, 1, 1)
    days = [first + timedelta(days=number) for number in range((after - first).days)]
    off = frozenset(day for day in days if day.weekday() < _WEEKEND and not known.is_working_day(day))
    extra = frozenset(day for day in days if day.weekday() >= _WEEKEND and known.is_working_day(day))
    return off, extra


def _overrides(folder: Traversable) -> dict[date, bool]:
    found: dict[date, bool] = {}
    # The date is the key: one that stands twice (worked and not worked) is refused there.
    for place, (text, working, source) in _rows(folder, OVERRIDES, ("date", "working", "source")):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
        # Not 20260102 either, which would be a second way to write a date that stands already.
        if day is None or day.isoformat() != text:
            message = f"{OVERRIDES}, row {place}: '{text}' is no date (YYYY-MM-DD)"
            raise CatalogueError(message)
        if working not in {"yes", "no"}:
            message = f"{OVERRIDES}, row {place}: working must be 'yes' or 'no', not '{working}'"
            raise CatalogueError(message)
        if not source.strip():
            message = f"{OVERRIDES}, row {place}: the source of {text} is missing"
            raise CatalogueError(message)
        found[day] = working == "yes"
    return found
