"""When to try again, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.retry import Again, GiveUp, Schedule, decide

NOW = datetime(2026, 7, 1, tzinfo=UTC)
PLAN = Schedule((60.0, 300.0, 1800.0), attempts_max=6, age_max_seconds=7200.0, jitter_share=0.2)
HALF = 0.5  # the draw that leaves the wait as it is


@pytest.mark.parametrize(
    ("attempts", "failing_seconds", "draw", "retry_after", "wait"),
    [
        (1, 0, HALF, None, 60),
        (2, 60, HALF, None, 300),
        (3, 360, HALF, None, 1800),
        (5, 2160, HALF, None, 1800),  # the last wait repeats
        (1, 0, 0.0, None, 48),  # a fifth less
        (1, 0, 0.75, None, 66),
        (1, 0, HALF, 30.0, 60),  # the far side asks for less than we wait anyway
        (1, 0, HALF, 90.0, 90),
        (1, 0, HALF, 86400.0, 3600),  # the far side asks for more than we grant
        (3, 7000, HALF, None, 200),  # no later than the end of the age
        (3, 7000, HALF, 3600.0, 200),
        (3, 7199, HALF, None, 1),
    ],
)
def test_the_next_time(attempts: int, failing_seconds: int, draw: float, retry_after: float | None, wait: int) -> None:
    since = NOW - timedelta(seconds=failing_seconds)
    verdict = decide(PLAN, attempts=attempts, failing_since=since, now=NOW, draw=draw, retry_after_seconds=retry_after)
    assert verdict == Again(NOW + timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("attempts", "failing_seconds", "reason"),
    [
        (6, 0, "6 attempts failed"),
        (7, 9999, "7 attempts failed"),
        (1, 7200, "failing since 2026-06-30T22:00:00+00:00"),
        (5, 7201, "failing since 2026-06-30T21:59:59+00:00"),
    ],
)
def test_when_the_budget_is_spent(attempts: int, failing_seconds: int, reason: str) -> None:
    since = NOW - timedelta(seconds=failing_seconds)
    assert decide(PLAN, attempts=attempts, failing_since=since, now=NOW, draw=HALF) == GiveUp(reason)


@pytest.mark.parametrize(
    ("waits", "attempts_max", "age", "jitter", "word"),
    [
        ((), 1, 1.0, 0.2, "waits_seconds"),
        ((60.0, 0.0), 1, 1.0, 0.2, "waits_seconds"),
        ((-1.0,), 1, 1.0, 0.2, "waits_seconds"),
        ((1.0,), 0, 1.0, 0.2, "attempts_max"),
        ((1.0,), 1, 0.0, 0.2, "age_max_seconds"),
        ((1.0,), 1, 1.0, 1.0, "jitter_share"),
        ((1.0,), 1, 1.0, -0.1, "jitter_share"),
    ],
)
def test_a_schedule_that_could_spin_or_never_end_is_refused(
    waits: tuple[float, ...], attempts_max: int, age: float, jitter: float, word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        Schedule(waits, attempts_max, age, jitter)
