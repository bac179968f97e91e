"""Laws of the forecast, for every gate, policy and rate: honest at least about what must pass."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.breaker import BreakerPolicy, Gate, GateState, admit, fresh, record
from app.domain.forecast import Backlog, drain_seconds
from tests.factories import NOW

_BACKLOGS = st.builds(Backlog, st.integers(0, 10**7), st.floats(1, 50), st.integers(1, 1000))
_RATES = st.floats(0.001, 1e5)


@st.composite
def _policies(draw: st.DrawFn) -> BreakerPolicy:
    start = draw(st.integers(1, 20))
    return BreakerPolicy(
        ramp_start_lanes=start,
        ramp_full_lanes=draw(st.integers(start, 1000)),
        ramp_interval_seconds=draw(st.floats(0.1, 10)),
    )


@st.composite
def _gates(draw: st.DrawFn) -> Gate:
    wait = draw(st.none() | st.floats(-100, 3600))
    retry_at = None if wait is None else NOW + timedelta(seconds=wait)
    state = draw(st.sampled_from(GateState))
    return replace(fresh(NOW), state=state, retry_at=retry_at, ramp_lanes=draw(st.integers(0, 1000)))


_POLICIES = st.none() | _policies()


@given(_BACKLOGS, _gates(), _POLICIES, _RATES)
def test_never_less_than_the_rate_allows_and_always_finite(
    backlog: Backlog, gate: Gate, policy: BreakerPolicy | None, rate: float
) -> None:
    seconds = drain_seconds(backlog, gate, policy, rate, NOW)
    assert math.isfinite(seconds)
    assert seconds >= backlog.messages / rate * (1 - 1e-9)


@given(_BACKLOGS, st.integers(0, 10**6), _gates(), _POLICIES, _RATES)
def test_more_waiting_never_takes_less_time(
    backlog: Backlog, more: int, gate: Gate, policy: BreakerPolicy | None, rate: float
) -> None:
    larger = replace(backlog, messages=backlog.messages + more)
    before, after = (drain_seconds(each, gate, policy, rate, NOW) for each in (backlog, larger))
    assert after >= before * (1 - 1e-9)


@given(_BACKLOGS, _gates(), _POLICIES, _RATES, st.floats(1, 100))
def test_a_faster_rate_never_takes_longer(
    backlog: Backlog, gate: Gate, policy: BreakerPolicy | None, rate: float, faster: float
) -> None:
    slow, fast = (drain_seconds(backlog, gate, policy, each, NOW) for each in (rate, rate * faster))
    assert fast <= slow * (1 + 1e-9)


@given(_BACKLOGS, _gates(), _policies(), _RATES)
def test_what_the_gate_still_holds_back_is_counted(
    backlog: Backlog, gate: Gate, policy: BreakerPolicy, rate: float
) -> None:
    shut = replace(gate, state=GateState.OPEN)
    open_now = replace(shut, retry_at=None)
    wait = max((gate.retry_at - NOW).total_seconds(), 0.0) if gate.retry_at and backlog.messages else 0.0
    seconds = drain_seconds(backlog, shut, policy, rate, NOW)
    assert seconds == pytest.approx(wait + drain_seconds(backlog, open_now, policy, rate, NOW))


@given(st.integers(1, 3000), st.integers(1, 300), _policies(), st.floats(0, 60))
def test_it_is_what_the_gate_does_when_sending_takes_no_time(
    lanes: int, lanes_per_claim: int, policy: BreakerPolicy, wait: float
) -> None:
    """Walk the gate itself, grant by grant; a rate without bounds leaves nothing but its waits."""
    gate = replace(fresh(NOW), state=GateState.OPEN, trips=1, retry_at=NOW + timedelta(seconds=wait))
    told = drain_seconds(Backlog(lanes, 1.0, lanes_per_claim), gate, policy, 1e12, NOW)
    left, now = lanes, NOW
    while left:
        if gate.retry_at is not None and now < gate.retry_at and gate.state is not GateState.CLOSED:
            now = gate.retry_at
        granted, gate = admit(gate, policy, min(lanes_per_claim, left), now)
        left -= granted
        gate = record(gate, policy, good=granted, bad=0, now=now, begun_at=now)
    assert told == pytest.approx((now - NOW).total_seconds(), abs=1e-3)
