"""Laws of the gate, for every policy and every course of grants, reports and time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.breaker import BreakerPolicy, Gate, GateState, admit, fresh, record
from tests.factories import NOW

_LONGEST_SECONDS = 3600.0


@dataclass(frozen=True)
class Ask:
    """Somebody wants lanes, after some time."""

    after_seconds: float
    wanted: int


@dataclass(frozen=True)
class Tell:
    """A round reports, after some time; it was begun ``age_seconds`` before."""

    after_seconds: float
    good: int
    bad: int
    age_seconds: float | None
    retry_after: float | None


Event = Ask | Tell
_TIMES = st.floats(0, 200) | st.floats(0, 2)
_COUNTS = st.integers(0, 6)
_EVENTS = st.lists(
    st.builds(Ask, _TIMES, st.integers(0, 400))
    | st.builds(Tell, _TIMES, _COUNTS, _COUNTS, st.none() | st.floats(0, 300), st.none() | st.floats(-10, 1e5)),
    max_size=40,
)


@st.composite
def _policies(draw: st.DrawFn) -> BreakerPolicy:
    start = draw(st.integers(1, 20))
    return BreakerPolicy(
        window_seconds=draw(st.floats(1, 300)),
        calls_min=draw(st.integers(1, 10)),
        failure_share=draw(st.floats(0.01, 1)),
        waits_seconds=tuple(draw(st.lists(st.floats(0.1, _LONGEST_SECONDS), min_size=1, max_size=5))),
        trial_seconds=draw(st.floats(1, _LONGEST_SECONDS)),
        ramp_start_lanes=start,
        ramp_full_lanes=start * draw(st.integers(1, 50)),
        ramp_interval_seconds=draw(st.floats(0.1, 10)),
    )


@dataclass(frozen=True)
class Stage:
    """The gate before and after an event at a time, and what was granted."""

    event: Event
    before: Gate
    after: Gate
    at_seconds: float
    granted: int


def _run(policy: BreakerPolicy, events: Sequence[Event]) -> list[Stage]:
    gate, seconds, stages = fresh(NOW), 0.0, []
    for event in events:
        seconds += event.after_seconds
        now = NOW + timedelta(seconds=seconds)
        before, granted = gate, 0
        if isinstance(event, Ask):
            granted, gate = admit(gate, policy, event.wanted, now)
        else:
            begun = None if event.age_seconds is None else now - timedelta(seconds=event.age_seconds)
            gate = record(
                gate,
                policy,
                good=event.good,
                bad=event.bad,
                now=now,
                begun_at=begun,
                retry_after_seconds=event.retry_after,
            )
        stages.append(Stage(event, before, gate, seconds, granted))
    return stages


@given(_policies(), _EVENTS)
def test_nobody_gets_more_than_was_wanted_nor_more_than_the_state_allows(
    policy: BreakerPolicy, events: list[Event]
) -> None:
    for stage in _run(policy, events):
        if not isinstance(stage.event, Ask):
            continue
        most = {
            GateState.CLOSED: stage.event.wanted,
            GateState.OPEN: 1,
            GateState.TRIAL: 1,
            GateState.RAMP: stage.before.ramp_lanes,
        }[stage.before.state]
        assert 0 <= stage.granted <= min(stage.event.wanted, most)


@given(_policies(), _EVENTS)
def test_no_state_is_a_dead_end(policy: BreakerPolicy, events: list[Event]) -> None:
    """After the longest of all waits somebody gets through, and a course of good answers closes the gate."""
    stages = _run(policy, events)
    gate = stages[-1].after if stages else fresh(NOW)
    now = NOW + timedelta(seconds=(stages[-1].at_seconds if stages else 0))
    for _ in range(20):
        now += timedelta(seconds=_LONGEST_SECONDS)
        granted, gate = admit(gate, policy, 1000, now)
        assert granted >= 1
        gate = record(gate, policy, good=1, bad=0, now=now, begun_at=now)
    assert gate.state is GateState.CLOSED
    assert gate.trips == 0


@given(_policies(), _EVENTS)
def test_grants_of_a_trial_and_of_a_ramp_keep_their_distance(policy: BreakerPolicy, events: list[Event]) -> None:
    """Between two grants in one spell of a trial or a ramp lies its interval, so any time holds a bounded number."""
    grain = timedelta(microseconds=5).total_seconds()
    last: Stage | None = None
    for stage in _run(policy, events):
        if stage.granted and stage.after.state is not GateState.CLOSED:
            same = last is not None and last.after.state is stage.after.state and last.after.since == stage.after.since
            if last is not None and same:
                ramp = stage.after.state is GateState.RAMP
                least = policy.ramp_interval_seconds if ramp else policy.trial_seconds
                assert stage.at_seconds - last.at_seconds >= least - grain
            last = stage


@given(_policies(), st.lists(st.tuples(st.floats(0, 3), st.integers(1, 1000)), min_size=1, max_size=60))
def test_what_a_ramp_lets_through_is_bounded(policy: BreakerPolicy, asks: list[tuple[float, int]]) -> None:
    """However many ask and however well it goes: the n-th grant is at most the start doubled n times."""
    gate = replace(fresh(NOW), state=GateState.RAMP, ramp_lanes=policy.ramp_start_lanes, trips=1, retry_at=None)
    seconds, granted, bound, level = 0.0, 0, 0, policy.ramp_start_lanes
    for pause, wanted in asks:
        seconds += pause
        now = NOW + timedelta(seconds=seconds)
        lanes, gate = admit(gate, policy, wanted, now)
        if lanes:
            granted, bound = granted + lanes, bound + level
            level = min(2 * level, policy.ramp_full_lanes)
            gate = record(gate, policy, good=1, bad=0, now=now, begun_at=now)
            gate = record(gate, policy, good=1, bad=0, now=now, begun_at=now - timedelta(seconds=1))
        if gate.state is not GateState.RAMP:
            break
        grants_at_most = 1 + seconds / policy.ramp_interval_seconds + 0.001
        assert granted <= bound
        assert granted <= policy.ramp_full_lanes * grants_at_most


@given(_policies(), _EVENTS)
def test_only_a_trial_ends_an_opening_and_only_a_ramp_closes(policy: BreakerPolicy, events: list[Event]) -> None:
    allowed = {
        (GateState.CLOSED, GateState.OPEN),
        (GateState.OPEN, GateState.TRIAL),
        (GateState.TRIAL, GateState.OPEN),
        (GateState.TRIAL, GateState.RAMP),
        (GateState.RAMP, GateState.OPEN),
        (GateState.RAMP, GateState.CLOSED),
    }
    for stage in _run(policy, events):
        move = (stage.before.state, stage.after.state)
        assert move[0] is move[1] or move in allowed
        if isinstance(stage.event, Tell) and stage.before.state is GateState.OPEN:
            assert stage.after.state is GateState.OPEN


@given(_policies(), st.integers(0, 9), st.integers(0, 9), st.integers(1, 9), st.integers(0, 9))
def test_the_window_forgets(policy: BreakerPolicy, good: int, bad: int, later_bad: int, later_good: int) -> None:
    """Two windows later, what happened before does not matter."""
    now = NOW + timedelta(seconds=2 * policy.window_seconds + 1)
    first = record(fresh(NOW), policy, good=good, bad=bad, now=NOW)
    if first.state is GateState.CLOSED:
        told = record(first, policy, good=later_good, bad=later_bad, now=now)
        anew = record(fresh(now), policy, good=later_good, bad=later_bad, now=now)
        assert replace(told, since=now) == replace(anew, since=now)


@given(_policies(), st.integers(1, 9), st.none() | st.floats(-10, 1e6))
def test_the_wait_is_never_less_than_asked_and_never_more_than_the_longest(
    policy: BreakerPolicy, trips: int, asked: float | None
) -> None:
    gate = replace(fresh(NOW), state=GateState.TRIAL, trips=trips)
    opened = record(gate, policy, good=0, bad=1, now=NOW, retry_after_seconds=asked)
    assert opened.retry_at is not None
    wait = (opened.retry_at - NOW).total_seconds()
    assert wait >= policy.waits_seconds[min(trips + 1, len(policy.waits_seconds)) - 1] - 0.001
    assert wait >= min(asked or 0, _LONGEST_SECONDS) - 0.001
    assert wait <= max(*policy.waits_seconds, _LONGEST_SECONDS)
