"""Laws of time: what is stored comes back exactly and in order, and every moment has its law."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.rulesets import ONE_STOP_RULES, VIETNAM, rule_set_of
from app.store.tables import UtcTime

_ZONES = st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-14 * 60, 14 * 60))
_MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2900, 1, 1), timezones=_ZONES)  # noqa: DTZ001
_CLASSES: tuple[type[Dialect], ...] = (sqlite.dialect, postgresql.dialect)
_DIALECTS = pytest.mark.parametrize("dialect", [make() for make in _CLASSES], ids=lambda dialect: dialect.name)


@_DIALECTS
@given(moment=_MOMENTS)
def test_a_time_comes_back_exactly_and_in_utc(dialect: Dialect, moment: datetime) -> None:
    kind = UtcTime()
    back = kind.process_result_value(kind.process_bind_param(moment, dialect), dialect)
    assert back == moment
    assert back is not None
    assert back.tzinfo is UTC


@_DIALECTS
@given(one=_MOMENTS, two=_MOMENTS)
def test_stored_times_are_ordered_as_the_times_are(dialect: Dialect, one: datetime, two: datetime) -> None:
    kind = UtcTime()
    first, second = kind.process_bind_param(one, dialect), kind.process_bind_param(two, dialect)
    assert (first < second) is (one < two)  # type: ignore[operator]
    assert (first == second) is (one == two)


@_DIALECTS
def test_no_time_stays_no_time_and_a_time_without_a_zone_is_refused(dialect: Dialect) -> None:
    kind = UtcTime()
    assert kind.process_result_value(kind.process_bind_param(None, dialect), dialect) is None
    with pytest.raises(ValueError, match="without a zone"):
        kind.process_bind_param(datetime(2026, 7, 1), dialect)  # noqa: DTZ001 - the refused case


@given(_MOMENTS)
def test_every_moment_has_the_rule_set_in_force_on_its_vietnamese_day(moment: datetime) -> None:
    rules = rule_set_of(moment)
    day = moment.astimezone(VIETNAM).date()
    assert rules in ONE_STOP_RULES
    assert rules.valid_to is None or day <= rules.valid_to
    assert rules.valid_from <= day or rules is ONE_STOP_RULES[0]


@given(_MOMENTS, _MOMENTS)
def test_later_moments_never_fall_under_older_rules(one: datetime, two: datetime) -> None:
    earlier, later = sorted((one, two))
    assert ONE_STOP_RULES.index(rule_set_of(earlier)) <= ONE_STOP_RULES.index(rule_set_of(later))


@given(_MOMENTS, _ZONES)
def test_the_zone_a_moment_is_written_in_does_not_matter(moment: datetime, zone: timezone) -> None:
    assert rule_set_of(moment) == rule_set_of(moment.astimezone(zone))
