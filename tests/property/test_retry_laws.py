"""Laws of the retry decision, for every schedule, count, age and draw."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.retry import Again, GiveUp, Schedule, count, decide

_SECONDS = st.floats(0.5, 1e6, allow_nan=False)
_DRAWS = st.floats(0, 1, exclude_max=True, allow_nan=False)
# Times are kept to the microsecond; sums of floats are a little off before they are rounded.
_GRAIN = timedelta(microseconds=2)


@dataclass(frozen=True)
class Case:
    """A schedule and a moment to decide in."""

    schedule: Schedule
    attempts: int
    failing_since: datetime
    now: datetime
    retry_after: float | None

    def decide(self, draw: float, attempts: int | None = None) -> Again | GiveUp:
        """Decide, by a draw."""
        return decide(
            self.schedule,
            attempts=self.attempts if attempts is None else attempts,
            failing_since=self.failing_since,
            now=self.now,
            draw=draw,
            retry_after_seconds=self.retry_after,
        )


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    schedule = Schedule(
        tuple(draw(st.lists(_SECONDS, min_size=1, max_size=6))),
        draw(st.integers(1, 12)),
        draw(_SECONDS),
        draw(st.floats(0, 0.99)),
        draw(_SECONDS),
    )
    since = draw(st.datetimes(datetime(2025, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
    now = since + timedelta(seconds=draw(st.floats(0, 2e6)))
    return Case(schedule, draw(st.integers(1, 15)), since, now, draw(st.none() | st.floats(0, 1e7)))


@given(_cases(), _DRAWS)
def test_it_gives_up_exactly_when_the_budget_is_spent(case: Case, draw: float) -> None:
    end = case.failing_since + timedelta(seconds=case.schedule.age_max_seconds)
    spent = case.attempts >= case.schedule.attempts_max or case.now >= end
    assert isinstance(case.decide(draw), GiveUp) is spent


@given(_cases(), _DRAWS)
def test_the_next_time_lies_ahead_and_within_the_age(case: Case, draw: float) -> None:
    verdict = case.decide(draw)
    if isinstance(verdict, Again):
        end = case.failing_since + timedelta(seconds=case.schedule.age_max_seconds)
        assert case.now < verdict.at <= end


@given(_cases(), _DRAWS)
def test_the_next_time_is_never_before_what_the_far_side_asked_within_bounds(case: Case, draw: float) -> None:
    verdict = case.decide(draw)
    if isinstance(verdict, Again) and case.retry_after is not None:
        end = case.failing_since + timedelta(seconds=case.schedule.age_max_seconds)
        asked = timedelta(seconds=min(case.retry_after, case.schedule.retry_after_max_seconds))
        assert verdict.at >= min(case.now + asked, end)


@given(_cases(), _DRAWS)
def test_the_wait_stays_within_the_jitter(case: Case, draw: float) -> None:
    verdict = case.decide(draw)
    if isinstance(verdict, Again) and case.retry_after is None:
        schedule = case.schedule
        wait = schedule.waits_seconds[min(case.attempts, len(schedule.waits_seconds)) - 1]
        end = case.failing_since + timedelta(seconds=schedule.age_max_seconds)
        early = case.now + timedelta(seconds=wait * (1 - schedule.jitter_share))
        late = case.now + timedelta(seconds=wait * (1 + schedule.jitter_share))
        assert min(early, end) - _GRAIN <= verdict.at <= min(late, end) + _GRAIN


@given(_cases(), _DRAWS, _DRAWS)
def test_a_higher_draw_never_brings_an_earlier_time(case: Case, one: float, two: float) -> None:
    first, second = case.decide(min(one, two)), case.decide(max(one, two))
    assert type(first) is type(second)
    if isinstance(first, Again) and isinstance(second, Again):
        assert first.at <= second.at


@given(_cases(), _DRAWS)
def test_with_growing_waits_a_later_failure_never_waits_less(case: Case, draw: float) -> None:
    schedule = Schedule(
        tuple(sorted(case.schedule.waits_seconds)),
        case.schedule.attempts_max,
        case.schedule.age_max_seconds,
        case.schedule.jitter_share,
        case.schedule.retry_after_max_seconds,
    )
    growing = Case(schedule, case.attempts, case.failing_since, case.now, case.retry_after)
    verdicts = [growing.decide(draw, attempts) for attempts in range(1, schedule.attempts_max)]
    times = [verdict.at for verdict in verdicts if isinstance(verdict, Again)]
    assert times == sorted(times)


@given(_cases(), st.integers(1, 200))
def test_however_many_trials_fail_they_never_spend_the_last_try(case: Case, trials: int) -> None:
    schedule, failed = case.schedule, 0
    for _ in range(trials):
        before, failed = failed, count(schedule, failed, trial=True)
        assert before <= failed <= before + 1
    assert failed < schedule.attempts_max or schedule.attempts_max == 1
    assert failed <= max(len(schedule.waits_seconds), 1)


@given(_cases(), st.integers(0, 200), st.booleans())
def test_a_failure_is_counted_unless_it_was_a_trial_and_never_uncounted(case: Case, failed: int, trial: bool) -> None:  # noqa: FBT001
    counted = count(case.schedule, failed, trial=trial)
    assert counted == failed + 1 or (trial and counted == max(failed, 1))
