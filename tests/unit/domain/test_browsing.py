"""Office hours, what a question shows, and what counts."""

from datetime import date, datetime, timedelta

import pytest

from app.domain.browsing import (
    Breach,
    Count,
    Finding,
    Threshold,
    Trait,
    counted_from,
    in_office_hours,
    judge,
    traits_of,
)
from app.domain.worktime import WorkingCalendar
from tests.factories import NOW

HOLIDAY = date(2026, 9, 2)
LISTS = Threshold(Trait.MANY_SUBJECTS, 3, 3600, locks=False)
LOCKS = Threshold(Trait.MANY_SUBJECTS, 5, 7200, locks=True)


@pytest.mark.parametrize(
    ("at", "within"),
    [
        ("2026-07-01T07:29:59+07:00", False),
        ("2026-07-01T07:30:00+07:00", True),
        ("2026-07-01T11:30:00+07:00", True),
        ("2026-07-01T11:31:00+07:00", False),
        ("2026-07-01T13:00:00+07:00", True),
        ("2026-07-01T17:00:01+07:00", False),
        ("2026-07-01T02:00:00+00:00", True),
        ("2026-07-04T09:00:00+07:00", False),
        ("2026-09-02T09:00:00+07:00", False),
        ("2026-09-05T09:00:00+07:00", True),
    ],
)
def test_office_hours_follow_the_calendar(at: str, *, within: bool) -> None:
    calendar = WorkingCalendar(days_off=frozenset({HOLIDAY}), extra_days=frozenset({date(2026, 9, 5)}))
    assert in_office_hours(calendar, datetime.fromisoformat(at)) is within


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [
        ("asked", set()),
        ("MATCH", set()),
        ("UNAVAILABLE", set()),
        ("person-check-denied", set()),
        ("unknown-dossier", {Trait.NO_OPEN_DOSSIER}),
        ("dossier-not-open", {Trait.NO_OPEN_DOSSIER}),
        ("NOT_FOUND_OR_MISMATCH", {Trait.REPEATED_MISMATCH}),
    ],
)
def test_what_a_question_shows(outcome: str, shown: set[Trait]) -> None:
    assert traits_of(outcome, office_hours=True) == shown | {Trait.MANY_SUBJECTS}
    assert traits_of(outcome, office_hours=False) == shown | {Trait.MANY_SUBJECTS, Trait.OFF_HOURS}


def test_what_was_dealt_with_within_the_window_moves_its_start() -> None:
    start = NOW - timedelta(hours=1)
    assert counted_from(NOW, 3600, ()) == start
    assert counted_from(NOW, 3600, (None, NOW - timedelta(hours=2))) == start
    assert counted_from(NOW, 3600, (NOW - timedelta(minutes=5), None)) == NOW - timedelta(minutes=5)


def test_under_the_threshold_nothing_begins() -> None:
    assert judge([Count(LISTS, 2, NOW)], {}, NOW) == {}


def test_the_row_that_locks_speaks_for_the_trait() -> None:
    first = NOW - timedelta(minutes=3)
    found = judge([Count(LOCKS, 5, first), Count(LISTS, 4, NOW)], {}, NOW)
    finding = Finding(Trait.MANY_SUBJECTS, first, NOW, 5, 5, 7200, locked=True)
    assert found == {Trait.MANY_SUBJECTS: Breach(finding, locks=True)}


def test_a_lock_that_was_lifted_is_not_taken_for_a_new_one() -> None:
    held = Finding(Trait.MANY_SUBJECTS, NOW, NOW, 5, 5, 7200, locked=True)
    (breach,) = judge([Count(LISTS, 3, NOW)], {Trait.MANY_SUBJECTS: held}, NOW + timedelta(hours=1)).values()
    assert breach.finding.locked
    assert not breach.locks
    assert breach.finding.times == 5
