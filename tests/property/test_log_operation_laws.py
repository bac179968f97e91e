"""Laws of the log's operation: a budget is kept, a check that stops is told, a stamp is asked for in its time."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain import stamping
from app.domain.self_check import REST_SECONDS, STALL_SECONDS, Budget, Standing, Trouble, is_resting, trouble_of
from tests.factories import NOW

SECONDS = st.floats(0, 10**7)
DAYS = 30.0


@given(st.floats(0.1, 10_000), st.lists(st.tuples(st.floats(0, 100), st.integers(0, 500)), max_size=50))
def test_no_more_is_read_than_time_and_what_was_saved_allow(rate: float, looks: list[tuple[float, int]]) -> None:
    budget, read, elapsed = Budget(rate, 10.0), 0, 0.0
    for seconds, block in looks:
        budget, elapsed = budget.after(seconds), elapsed + seconds
        assert budget.rows <= rate * 10.0
        if budget.rows >= 1:
            budget, read = budget.without(block), read + block
            # All but the last block is within the time that has gone by.
            assert read - block <= rate * elapsed + 1e-3


@given(st.floats(0.1, 1000), st.floats(-(10**6), 0))
def test_a_clock_that_goes_back_gives_nothing(rate: float, seconds: float) -> None:
    assert Budget(rate, 10.0, 3.0).after(seconds).rows <= 3.0


@given(SECONDS, SECONDS, st.sampled_from(["runs", "rests"]))
def test_whatever_does_not_move_for_long_has_stopped_and_nothing_else_has(
    since: float, whole: float, does: str
) -> None:
    runs = does == "runs"
    moved = NOW - timedelta(seconds=since)
    standing = Standing(moved, moved, 1, 2, None if runs else moved, NOW - timedelta(seconds=whole), 2)
    assert standing.runs is runs
    stopped = since > STALL_SECONDS + (0 if runs else REST_SECONDS)
    slow = whole > DAYS * 86400
    expected = Trouble.NO_PROGRESS if stopped else Trouble.TOO_SLOW if slow else None
    assert trouble_of(standing, None, NOW, DAYS) is expected
    assert is_resting(standing, NOW) is (not runs and since < REST_SECONDS)


@given(SECONDS)
def test_one_that_never_began_has_stopped_once_there_is_something_to_read_for_long(since: float) -> None:
    began = NOW - timedelta(seconds=since)
    assert (trouble_of(None, began, NOW, DAYS) is not None) is (since > STALL_SECONDS)
    assert trouble_of(None, None, NOW, DAYS) is None


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_share_is_one(size: int, until: int) -> None:
    assert 0 <= Standing(NOW, NOW, size, until).share <= 1


@given(SECONDS, st.floats(1, 10**6))
def test_a_stamp_is_due_after_its_time_and_overdue_beyond_it(since: float, seconds: float) -> None:
    at = NOW - timedelta(seconds=since)
    elapsed = (NOW - at).total_seconds()
    assert stamping.is_due(None, NOW, seconds)
    assert stamping.is_due(at, NOW, seconds) is (elapsed >= seconds)
    assert stamping.is_due(NOW + timedelta(seconds=1), NOW, seconds)
    overdue = stamping.overdue_seconds(at, NOW, seconds)
    assert overdue == max(elapsed - seconds, 0)
    assert stamping.is_late(overdue) is (overdue > stamping.LATE_SECONDS)
    assert stamping.overdue_seconds(None, NOW, seconds) == 0


@given(st.integers(1, 1000))
def test_who_fails_more_often_waits_no_shorter(failures: int) -> None:
    assert stamping.wait_seconds(failures) <= stamping.wait_seconds(failures + 1) <= stamping.WAITS_SECONDS[-1]


@given(st.floats(-10_000, 10_000))
def test_clocks_agree_both_ways(apart: float) -> None:
    other = NOW + timedelta(seconds=apart)
    assert stamping.clocks_agree(NOW, other) is stamping.clocks_agree(other, NOW)
    assert stamping.clocks_agree(NOW, other) is (abs(other - NOW).total_seconds() <= stamping.CLOCK_SECONDS)
