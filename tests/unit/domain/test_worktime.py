"""Working time by table: the cut-off at 15:00, weekends, Tết, make-up Saturdays, lunch."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from app.domain.dossier import DossierStatus
from app.domain.rulesets import VIETNAM
from app.domain.worktime import (
    OFFICE_HOURS,
    OfficeSession,
    WorkingCalendar,
    legal_due,
    priority_at,
    working_seconds_left,
)

HOUR = 3600.0
# Around Tết 2025 and the make-up Saturday of 26 April 2025.
CALENDAR = WorkingCalendar(
    days_off=frozenset({date(2025, 1, day) for day in (27, 28, 29, 30, 31)} | {date(2025, 5, 1), date(2025, 5, 2)}),
    extra_days=frozenset({date(2025, 4, 26)}),
)


def at(text: str) -> datetime:
    """A moment of Vietnam."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2025-01-24", True),
        ("2025-01-25", False),
        ("2025-01-27", False),
        ("2025-02-03", True),
        ("2025-04-26", True),
        ("2025-04-27", False),
    ],
)
def test_weekends_and_days_off_are_free_and_a_make_up_saturday_is_worked(day: str, worked: bool) -> None:  # noqa: FBT001
    assert CALENDAR.is_working_day(date.fromisoformat(day)) is worked


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2025-03-14T14:59", "2025-03-14T17:00"),
        ("2025-03-14T15:00", "2025-03-14T17:00"),
        ("2025-03-14T15:00:01", "2025-03-17T07:30"),
        ("2025-03-14T15:01", "2025-03-17T07:30"),
        ("2025-03-14T23:59", "2025-03-17T07:30"),
        ("2025-03-14T05:00", "2025-03-14T17:00"),
        ("2025-03-12T16:00", "2025-03-13T07:30"),
        ("2025-03-15T09:00", "2025-03-17T07:30"),
        ("2025-01-24T14:00", "2025-01-24T17:00"),
        ("2025-01-24T15:30", "2025-02-03T07:30"),
        ("2025-01-29T08:00", "2025-02-03T07:30"),
        ("2025-04-25T15:30", "2025-04-26T07:30"),
        ("2025-04-26T10:00", "2025-04-26T17:00"),
        ("2025-04-26T15:30", "2025-04-28T07:30"),
    ],
)
def test_a_dossier_is_passed_on_the_same_working_day_or_after_the_cutoff_at_the_start_of_the_next(
    received: str, due: str
) -> None:
    assert CALENDAR.transfer_due(at(received)) == at(due)
    # The zone it is written in does not matter.
    assert CALENDAR.transfer_due(at(received).astimezone(UTC)) == at(due)


@pytest.mark.parametrize(
    ("moment", "floor"),
    [
        ("2025-03-14T10:00", "2025-03-14T10:00"),
        ("2025-03-14T11:30", "2025-03-14T11:30"),
        ("2025-03-14T12:15", "2025-03-14T11:30"),
        ("2025-03-14T13:00", "2025-03-14T11:30"),
        ("2025-03-14T13:00:01", "2025-03-14T13:00:01"),
        ("2025-03-14T17:00", "2025-03-14T17:00"),
        ("2025-03-15T10:00", "2025-03-14T17:00"),
        ("2025-03-17T07:30", "2025-03-14T17:00"),
        ("2025-02-03T06:00", "2025-01-24T17:00"),
        ("2025-04-27T12:00", "2025-04-26T17:00"),
    ],
)
def test_the_floor_is_the_last_moment_of_working_time(moment: str, floor: str) -> None:
    assert CALENDAR.floor(at(moment)) == at(floor)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2025-03-14T07:30", "2025-03-14T17:00", 8.0),
        ("2025-03-14T11:00", "2025-03-14T13:30", 1.0),
        ("2025-03-14T16:00", "2025-03-17T08:00", 1.5),
        ("2025-03-14T00:00", "2025-03-21T00:00", 40.0),
        ("2025-01-24T16:00", "2025-02-03T08:30", 2.0),
        ("2025-04-25T16:00", "2025-04-28T08:30", 10.0),
        ("2025-03-15T01:00", "2025-03-16T23:00", 0.0),
        ("2025-03-17T08:00", "2025-03-14T16:00", -1.5),
    ],
)
def test_only_office_hours_are_counted(start: str, end: str, hours: float) -> None:
    assert CALENDAR.working_seconds_between(at(start), at(end)) == hours * HOUR
    assert working_seconds_left(at(end), at(start).astimezone(UTC), CALENDAR) == hours * HOUR


@pytest.mark.parametrize(
    ("day", "days", "end"),
    [
        ("2025-03-14", 0, "2025-03-14"),
        ("2025-03-14", 3, "2025-03-19"),
        ("2025-03-15", 1, "2025-03-17"),
        ("2025-01-23", 3, "2025-02-04"),
        ("2025-04-25", 1, "2025-04-26"),
        ("2025-03-17", -1, "2025-03-14"),
        ("2025-02-03", -2, "2025-01-23"),
    ],
)
def test_terms_of_law_are_counted_in_working_days(day: str, days: int, end: str) -> None:
    assert CALENDAR.add_working_days(date.fromisoformat(day), days) == date.fromisoformat(end)


def test_the_next_start_is_never_on_the_same_day() -> None:
    assert CALENDAR.next_start(at("2025-03-14T06:00")) == at("2025-03-17T07:30")
    # Late on Thursday in London, already Friday in Vietnam.
    assert CALENDAR.next_start(datetime(2025, 3, 13, 23, tzinfo=UTC)) == at("2025-03-17T07:30")


RECEIVED, DUE = at("2025-03-14T09:00"), at("2025-03-28T17:00")


@pytest.mark.parametrize("status", DossierStatus)
def test_the_transfer_binds_until_a_dossier_is_passed_on(status: DossierStatus) -> None:
    waits = status in {DossierStatus.REGISTERED, DossierStatus.RECEIVED}
    assert legal_due(CALENDAR, status, RECEIVED, DUE) == (at("2025-03-14T17:00") if waits else DUE)
    assert legal_due(CALENDAR, status, RECEIVED, None) == (
        at("2025-03-14T17:00") if waits else RECEIVED + timedelta(days=90)
    )
    # A due date that lies before the transfer still is the earlier one.
    assert legal_due(CALENDAR, status, RECEIVED, at("2025-03-14T11:00")) == at("2025-03-14T11:00")


def test_what_is_overdue_stands_where_it_came() -> None:
    now = at("2025-03-20T09:00")
    assert priority_at(at("2025-03-14T17:00"), now, CALENDAR) == now
    assert priority_at(DUE, now, CALENDAR) == DUE
    assert priority_at(DUE, now, CALENDAR).tzinfo is UTC


def test_other_office_hours_are_kept() -> None:
    early = WorkingCalendar(sessions=(OfficeSession(time(7), time(15, 30)),))
    assert early.transfer_due(at("2025-03-14T14:00")) == at("2025-03-14T15:30")
    assert early.working_seconds_between(at("2025-03-14T00:00"), at("2025-03-15T00:00")) == 8.5 * HOUR


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sessions": ()}, "without office hours"),
        ({"sessions": OFFICE_HOURS[::-1]}, "overlap or are not in order"),
        ({"sessions": OFFICE_HOURS[:1]}, "the cut-off 15:00 lies outside"),
        (
            {"days_off": frozenset({date(2025, 4, 26)}), "extra_days": frozenset({date(2025, 4, 26)})},
            "2025-04-26 is both",
        ),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        WorkingCalendar(**wrong)  # type: ignore[arg-type]


def test_a_session_must_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="must end after they start, not 13:00-13:00"):
        OfficeSession(time(13), time(13))


def test_the_way_there_is_as_long_as_the_way_back_to_the_last_microsecond() -> None:
    calendar = WorkingCalendar(sessions=(OfficeSession(time(0, 0), time(11, 13)),), cutoff=time(0, 0))
    one = datetime(2024, 12, 3, 0, 0, 0, 1, tzinfo=UTC)
    two = datetime(2024, 12, 3, 0, 0, tzinfo=timezone(timedelta(hours=8)))
    assert calendar.working_seconds_between(one, two) == -calendar.working_seconds_between(two, one) == -25200.000001
