"""The schedules we ship: how often and how long each class of failure is tried, and which of the two ends it.

A change of one of these numbers is a change of what a province is promised; it is made here too, with its reason.
"""

from datetime import UTC, datetime
from itertools import count

import pytest

from app.config import RetrySchedule, Settings
from app.domain.delivery import Target
from app.domain.failures import FailureClass
from app.domain.retry import Again, GiveUp, Schedule, decide
from app.policies import policy, schedules

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
BEGAN = datetime(2026, 7, 1, tzinfo=UTC)

# A portal that is away comes back: an hour soon, a night, a weekend, a long holiday; two weeks end it, not the count.
_ORDINARY = ((5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 5 * HOUR, 10 * HOUR), 60, 14 * DAY)
# A technician mends a password or an address within days, and then nobody wants to wait ten hours: hourly, two weeks.
_TECHNICAL = ((MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR), 400, 14 * DAY)
# The portal has spoken, and we do not understand it. Asking again seldom helps: twelve times, then a person.
_CONTRACT = ((MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR), 12, 2 * DAY)
# In doubt we only ask, soon, since the dossier stands still meanwhile; after a day a person decides.
_UNKNOWN = ((5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR), 60, DAY)
# A partner's software is mended in a weekend, or its news are stale anyway; they can be sent again by hand.
_WEBHOOK = ((5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR), 30, 3 * DAY)

PORTAL = {
    FailureClass.TEMPORARY: _ORDINARY,
    FailureClass.TECHNICAL: _TECHNICAL,
    FailureClass.CONTRACT: _CONTRACT,
    FailureClass.UNKNOWN: _UNKNOWN,
}
WEBHOOK = dict.fromkeys(PORTAL, _WEBHOOK)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The defaults, whatever the environment says."""
    for name in ("WAITS_SECONDS", "ATTEMPTS_MAX", "AGE_SECONDS", "SCHEDULES"):
        monkeypatch.delenv(f"LIENTHONG_RETRY_{name}", raising=False)
    return Settings()


def tries_until_given_up(schedule: Schedule, draw: float) -> tuple[int, str]:
    """How many tries a failure that never ends gets, and the word that tells what ended them."""
    now = BEGAN
    for attempts in count(1):
        verdict = decide(schedule, attempts=attempts, failing_since=BEGAN, now=now, draw=draw)
        if isinstance(verdict, GiveUp):
            return attempts, "count" if "attempts failed" in verdict.reason else "age"
        assert isinstance(verdict, Again)
        now = verdict.at
    raise AssertionError


@pytest.mark.parametrize(("target", "wanted"), [(Target.PORTAL, PORTAL), (Target.WEBHOOK, WEBHOOK)])
def test_each_class_is_tried_as_often_and_as_long_as_promised(
    settings: Settings, target: Target, wanted: dict[FailureClass, tuple[tuple[float, ...], int, float]]
) -> None:
    found = schedules(settings, target)
    told = {failure: found.of(failure) for failure in wanted}
    assert {f: (s.waits_seconds, s.attempts_max, s.age_max_seconds) for f, s in told.items()} == wanted
    assert set(FailureClass) - set(wanted) == {FailureClass.PERMANENT}, "what was refused is not tried again"
    assert FailureClass.PERMANENT not in found.by_class
    # All are spread by a fifth, so that what failed together does not come back together, and heed an hour at most.
    assert {(s.jitter_share, s.retry_after_max_seconds) for s in told.values()} == {(0.2, HOUR)}
    assert policy(settings, target).schedules == found, "the engine goes by these"


@pytest.mark.parametrize(
    ("target", "failure", "ended_by", "tries"),
    [
        (Target.PORTAL, FailureClass.TEMPORARY, "age", range(40, 46)),
        (Target.PORTAL, FailureClass.TECHNICAL, "age", range(335, 342)),
        (Target.PORTAL, FailureClass.CONTRACT, "count", range(12, 13)),
        (Target.PORTAL, FailureClass.UNKNOWN, "age", range(27, 31)),
        (Target.WEBHOOK, FailureClass.TEMPORARY, "age", range(19, 23)),
    ],
)
def test_the_bound_that_is_meant_to_end_a_failure_ends_it(
    settings: Settings, target: Target, failure: FailureClass, ended_by: str, tries: range
) -> None:
    found, by = tries_until_given_up(schedules(settings, target).of(failure), draw=0.5)
    assert by == ended_by
    assert found in tries


def test_a_province_replaces_one_class_of_one_target_and_no_other() -> None:
    own = RetrySchedule(waits_seconds=(7,), attempts_max=3, age_max_seconds=60)
    changed = Settings(retry_schedules={"portal.unknown": own})
    plain = Settings()
    portal, webhook = schedules(changed, Target.PORTAL), schedules(changed, Target.WEBHOOK)
    assert portal.of(FailureClass.UNKNOWN) == Schedule((7,), 3, 60)
    others = set(FailureClass) - {FailureClass.UNKNOWN}
    assert all(portal.of(f) == schedules(plain, Target.PORTAL).of(f) for f in others)
    assert webhook == schedules(plain, Target.WEBHOOK)
