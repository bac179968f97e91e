"""The working calendar as it ships: holidays of law, swaps by decree, the table of overrides and its refusals."""

from datetime import date, datetime
from pathlib import Path

import pytest
from holidays import country_holidays

from app import wiring
from app.config import Settings
from app.domain.rulesets import VIETNAM
from app.domain.worktime import WorkingCalendar
from app.errors import ConfigurationError
from app.reference import CatalogueError
from app.reference.workdays import FIRST_YEAR, LAST_YEAR, load_calendar

HEADER = "date,working,source,note\n"


@pytest.fixture(scope="module")
def shipped() -> WorkingCalendar:
    return load_calendar()


def write(folder: Path, rows: str) -> Path:
    (folder / "workday_overrides.csv").write_text(HEADER + rows, "utf-8")
    return folder


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        # Tết of two years, with the days in lieu of its weekend.
        ("2025-01-24", True),
        ("2025-01-27", False),
        ("2025-01-31", False),
        ("2025-02-03", True),
        ("2026-02-16", False),
        ("2026-02-20", False),
        ("2026-02-23", True),
        # Swaps that the package knows.
        ("2025-04-26", True),
        ("2025-05-02", False),
        ("2026-08-22", True),
        ("2026-08-31", False),
        # A swap that it does not know: the table says so.
        ("2026-01-02", False),
        ("2026-01-10", True),
        # A day off since 2026, and an ordinary weekend.
        ("2025-11-24", True),
        ("2026-11-24", False),
        ("2026-11-28", False),
    ],
)
def test_known_days_are_as_they_were_announced(shipped: WorkingCalendar, day: str, worked: bool) -> None:  # noqa: FBT001
    assert shipped.is_working_day(date.fromisoformat(day)) is worked


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-07-03T14:59", "2026-07-03T17:00"),
        ("2026-07-03T15:01", "2026-07-06T07:30"),
        ("2026-02-13T14:59", "2026-02-13T17:00"),
        ("2026-02-13T15:01", "2026-02-23T07:30"),
        ("2026-08-21T15:01", "2026-08-22T07:30"),
        ("2026-08-22T14:00", "2026-08-22T17:00"),
        ("2026-01-09T16:00", "2026-01-10T07:30"),
        ("2026-12-31T15:30", "2027-01-04T07:30"),
    ],
)
def test_the_transfer_follows_the_real_calendar(shipped: WorkingCalendar, received: str, due: str) -> None:
    assert shipped.transfer_due(at(received)) == at(due)


def test_every_year_of_the_range_has_its_tet_and_beyond_only_weekends_are_off(shipped: WorkingCalendar) -> None:
    known = country_holidays("VN", years=range(FIRST_YEAR, LAST_YEAR + 1), language="vi")
    new_years = [day for day, name in known.items() if "Mùng hai Tết Nguyên Đán" in name]
    assert {day.year for day in new_years} == set(range(FIRST_YEAR, LAST_YEAR + 1))
    assert not any(shipped.is_working_day(day) for day in new_years)
    assert shipped.is_working_day(date(LAST_YEAR + 1, 1, 1)) is (date(LAST_YEAR + 1, 1, 1).weekday() < 5)
    assert {day.year for day in shipped.days_off} == set(range(FIRST_YEAR, LAST_YEAR + 1))


def test_a_province_s_table_has_the_last_word(tmp_path: Path) -> None:
    rows = (
        "2026-11-24,yes,QĐ mẫu,\n2026-07-06,no,QĐ mẫu,\n2026-07-11,yes,QĐ mẫu,\n"
        "2026-08-22,no,QĐ mẫu,\n2026-07-12,no,QĐ mẫu,\n2026-07-13,yes,QĐ mẫu,\n"
    )
    own = load_calendar(write(tmp_path, rows))
    worked = ["2026-11-24", "2026-07-11", "2026-07-13"]
    assert all(own.is_working_day(date.fromisoformat(day)) for day in worked)
    assert not any(own.is_working_day(date.fromisoformat(day)) for day in ("2026-07-06", "2026-08-22", "2026-07-12"))
    # It replaces the shipped table, as the other lists are replaced; what the package knows stays.
    assert own.is_working_day(date(2026, 1, 2))
    assert not own.is_working_day(date(2026, 2, 17))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("2026-07-06,yes,QĐ,\n2026-07-06,no,QĐ,\n", "row 3: the code 2026-07-06 stands twice"),
        ("2026-07-06,no,QĐ,\n2026-07-06,no,QĐ,\n", "row 3: the code 2026-07-06 stands twice"),
        ("2026-02-30,no,QĐ,\n", "row 2: '2026-02-30' is no date (YYYY-MM-DD)"),
        ("06/07/2026,no,QĐ,\n", "row 2: '06/07/2026' is no date (YYYY-MM-DD)"),
        ("20260706,no,QĐ,\n", "row 2: '20260706' is no date (YYYY-MM-DD)"),
        ("2026-07-06,không,QĐ,\n", "row 2: working must be 'yes' or 'no', not 'không'"),
        ("2026-07-06,,QĐ,\n", "row 2: working must be 'yes' or 'no', not ''"),
        ("2026-07-06,no, ,\n", "row 2: the source of 2026-07-06 is missing"),
        (",no,QĐ,\n", "row 2: a code is blank"),
        ("2026-07-06,no\n", "row 2: the number of columns is wrong"),
    ],
)
def test_nonsense_is_refused_by_row(tmp_path: Path, rows: str, words: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        load_calendar(write(tmp_path, rows))
    assert str(caught.value).startswith(f"workday_overrides.csv, {words}")


def test_a_missing_table_or_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"workday_overrides\.csv: the file is missing"):
        load_calendar(tmp_path)
    (tmp_path / "workday_overrides.csv").write_text("date,working,note\n", "utf-8")
    with pytest.raises(CatalogueError, match="the column 'source' is missing"):
        load_calendar(tmp_path)


async def test_the_program_starts_with_the_calendar_and_the_hours_of_its_settings() -> None:
    url = "sqlite:///unused.sqlite3"
    context = wiring.build_context(Settings(database_url=url, office_hours="08:00-12:00, 13:30-17:30"))
    try:
        assert context.calendar.transfer_due(at("2026-08-21T15:01")) == at("2026-08-22T08:00")
        assert context.calendar.floor(at("2026-08-22T20:00")) == at("2026-08-22T17:30")
    finally:
        await wiring.close_context(context)


@pytest.mark.parametrize("hours", ["", "07:30", "07:30-11:30-17:00", "7h30-17h00", "17:00-07:30", "07:30-11:30"])
def test_office_hours_that_cannot_be_stop_the_start_and_name_the_setting(hours: str) -> None:
    with pytest.raises(ConfigurationError, match="LIENTHONG_OFFICE_HOURS"):
        wiring.build_context(Settings(database_url="sqlite:///unused.sqlite3", office_hours=hours))
