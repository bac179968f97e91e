"""The law of the day of reception, by the Vietnamese calendar."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from app.domain.rulesets import LEGAL_BASIS, ONE_STOP_RULES, VIETNAM, Purpose, rule_set_of


@pytest.mark.parametrize(
    ("received_at", "rule_set"),
    [
        (datetime(2025, 6, 30, 23, 59, 59, 999999, VIETNAM), "one-stop-2018"),
        (datetime(2025, 7, 1, 0, 0, tzinfo=VIETNAM), "one-stop-2025"),
        # Midnight in Viet Nam is five in the afternoon in UTC: the UTC day would judge by the wrong law.
        (datetime(2025, 6, 30, 16, 59, 59, tzinfo=UTC), "one-stop-2018"),
        (datetime(2025, 6, 30, 17, 0, tzinfo=UTC), "one-stop-2025"),
        (datetime(2025, 7, 1, 3, 0, tzinfo=timezone(timedelta(hours=12))), "one-stop-2018"),
        (datetime(2025, 12, 30, 23, 59, tzinfo=VIETNAM), "one-stop-2025"),
        (datetime(2025, 12, 31, 0, 0, tzinfo=VIETNAM), "one-stop-2025-367"),
        (datetime(2026, 8, 4, 23, 59, tzinfo=VIETNAM), "one-stop-2025-367"),
        (datetime(2026, 8, 5, 0, 0, tzinfo=VIETNAM), "one-stop-2026"),
        (datetime(2018, 6, 21, 0, 0, tzinfo=VIETNAM), "one-stop-2018"),
        (datetime(2001, 1, 1, tzinfo=VIETNAM), "one-stop-2018"),
    ],
)
def test_the_rule_set_of_a_moment(received_at: datetime, rule_set: str) -> None:
    assert rule_set_of(received_at).id == rule_set


def test_one_rule_set_ends_where_the_next_begins() -> None:
    for index, rules in enumerate(ONE_STOP_RULES[:-1]):
        assert rules.valid_to is not None
        assert rules.valid_to + timedelta(days=1) == ONE_STOP_RULES[index + 1].valid_from
    assert ONE_STOP_RULES[0].valid_from == date(2018, 6, 21)
    assert ONE_STOP_RULES[-1].valid_to is None


def test_every_purpose_has_its_legal_basis() -> None:
    assert set(LEGAL_BASIS) == set(Purpose)
    assert all(LEGAL_BASIS.values())
