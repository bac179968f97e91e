"""The forecast in figures that can be counted by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.breaker import BreakerPolicy, Gate, GateState, fresh
from app.domain.forecast import Backlog, drain_seconds
from tests.factories import NOW

POLICY = BreakerPolicy(ramp_start_lanes=2, ramp_full_lanes=8, ramp_interval_seconds=1.0)


def gate(state: GateState, wait: float | None = None, lanes: int = 0) -> Gate:
    retry_at = None if wait is None else NOW + timedelta(seconds=wait)
    return replace(fresh(NOW), state=state, retry_at=retry_at, ramp_lanes=lanes)


@pytest.mark.parametrize(
    ("found", "messages", "seconds"),
    [
        (gate(GateState.CLOSED), 0, 0),
        (gate(GateState.CLOSED), 1000, 10),
        (gate(GateState.OPEN, wait=30), 0, 0),
        # The trial alone: one lane with one message.
        (gate(GateState.OPEN, wait=30), 1, 30.01),
        # The trial, then 2 and 4 lanes a second each, then at the full rate.
        (gate(GateState.OPEN, wait=30), 1007, 30 + 0.01 + 2 + 10),
        (gate(GateState.OPEN, wait=-5), 1007, 0.01 + 2 + 10),
        # The wait of a trial is that for its loss.
        (gate(GateState.TRIAL, wait=90), 1007, 0.01 + 2 + 10),
        (gate(GateState.RAMP, wait=0.5, lanes=4), 1004, 0.5 + 1 + 10),
        (gate(GateState.RAMP, lanes=8), 1000, 10),
        (gate(GateState.RAMP, lanes=2), 2, 0.02),
        (gate(GateState.RAMP, lanes=0), 3, 1 + 0.02),
    ],
)
def test_by_hand(found: Gate, messages: int, seconds: float) -> None:
    assert drain_seconds(Backlog(messages, 1.0, 100), found, POLICY, 100.0, NOW) == pytest.approx(seconds)


def test_a_claim_bounds_what_a_ramp_grants_and_lanes_carry_several() -> None:
    ramp = gate(GateState.RAMP, lanes=4)
    assert drain_seconds(Backlog(60, 3.0, 2), ramp, POLICY, 100.0, NOW) == pytest.approx(1 + 0.54)


def test_without_a_gate_the_rate_alone_counts() -> None:
    assert drain_seconds(Backlog(50, 1.0, 100), gate(GateState.OPEN, wait=99), None, 100.0, NOW) == 0.5
