"""The gate before a destination: examples of each state and of each way between two."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.domain.breaker import BreakerPolicy, Gate, GateState, admit, fresh, record
from tests.factories import NOW

POLICY = BreakerPolicy()


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def opened(policy: BreakerPolicy = POLICY, **report: float) -> Gate:
    gate = record(fresh(NOW), policy, good=0, bad=policy.calls_min, now=NOW, **report)  # type: ignore[arg-type]
    assert gate.state is GateState.OPEN
    return gate


def on_trial() -> Gate:
    lanes, gate = admit(opened(), POLICY, 100, after(5))
    assert lanes == 1
    return gate


def ramping() -> Gate:
    gate = record(on_trial(), POLICY, good=1, bad=0, now=after(6), begun_at=after(5))
    assert gate.state is GateState.RAMP
    return gate


def test_a_closed_gate_lets_everything_through_and_stays_as_it_is() -> None:
    gate = fresh(NOW)
    assert admit(gate, POLICY, 100, after(1)) == (100, gate)


@pytest.mark.parametrize(
    ("good", "bad", "state"),
    [
        (0, 3, GateState.CLOSED),
        (0, 4, GateState.OPEN),
        (2, 2, GateState.OPEN),
        (3, 2, GateState.CLOSED),
        (100, 99, GateState.CLOSED),
    ],
)
def test_it_opens_at_enough_calls_of_which_enough_failed(good: int, bad: int, state: GateState) -> None:
    assert record(fresh(NOW), POLICY, good=good, bad=bad, now=NOW).state is state


def test_an_open_gate_lets_nothing_through_before_its_time() -> None:
    gate = opened()
    assert gate.retry_at == after(5)
    assert admit(gate, POLICY, 100, after(4.999)) == (0, gate)


def test_the_trial_is_one_lane_and_the_next_asker_gets_none() -> None:
    gate = on_trial()
    assert gate.state is GateState.TRIAL
    assert admit(gate, POLICY, 100, after(6)) == (0, gate)


def test_a_trial_that_nobody_hears_of_is_taken_by_another() -> None:
    first = on_trial()
    lanes, second = admit(first, POLICY, 100, after(5 + POLICY.trial_seconds))
    assert lanes == 1
    assert second.retry_at == after(5 + 2 * POLICY.trial_seconds)
    # The first one may still be heard of, and its word is as good.
    assert record(second, POLICY, good=1, bad=0, now=after(100), begun_at=after(5)).state is GateState.RAMP


def test_who_wants_nothing_does_not_use_up_the_trial() -> None:
    gate = opened()
    assert admit(gate, POLICY, 0, after(60)) == (0, gate)


def test_a_failed_trial_waits_longer_each_time_and_the_last_wait_repeats() -> None:
    gate, now, waits = opened(), NOW, []
    for _ in range(8):
        assert gate.retry_at is not None
        waits.append((gate.retry_at - now).total_seconds())
        now = gate.retry_at
        _, gate = admit(gate, POLICY, 1, now)
        gate = record(gate, POLICY, good=0, bad=1, now=now)
        assert gate.state is GateState.OPEN
    assert waits == [5, 15, 30, 60, 120, 300, 300, 300]
    assert gate.trips == 9


def test_an_open_gate_does_not_hear_of_good_rounds_begun_before_it_opened() -> None:
    gate = opened()
    assert record(gate, POLICY, good=50, bad=0, now=after(1)) == gate


def test_a_trial_is_not_decided_by_a_round_begun_before_it() -> None:
    gate = on_trial()
    assert record(gate, POLICY, good=50, bad=0, now=after(7), begun_at=after(-20)) == gate
    assert record(gate, POLICY, good=0, bad=50, now=after(7), begun_at=after(-20)) == gate


def test_a_ramp_doubles_with_each_good_grant_and_then_closes_with_a_clean_record() -> None:
    gate, now, grants = ramping(), after(6), []
    while gate.state is GateState.RAMP:
        lanes, gate = admit(gate, POLICY, 1000, now)
        grants.append(lanes)
        assert admit(gate, POLICY, 1000, now + timedelta(seconds=0.9))[0] == 0
        gate = record(gate, POLICY, good=1, bad=0, now=now + timedelta(seconds=0.5), begun_at=now)
        now += timedelta(seconds=1)
    assert grants == [2, 4, 8, 16, 32, 64, 128, 256]
    assert gate == fresh(now - timedelta(seconds=0.5))


def test_one_grant_raises_a_ramp_only_once() -> None:
    gate = record(ramping(), POLICY, good=1, bad=0, now=after(7), begun_at=after(6))
    assert gate.ramp_lanes == 4
    assert record(gate, POLICY, good=1, bad=0, now=after(8), begun_at=after(6.5)) == gate


def test_a_ramp_that_fails_opens_again_with_the_next_longer_wait() -> None:
    gate = record(ramping(), POLICY, good=1, bad=1, now=after(8), begun_at=after(7))
    assert gate.state is GateState.OPEN
    assert gate.trips == 2
    assert gate.retry_at == after(8 + 15)


def test_one_failure_among_many_calls_does_not_stop_a_ramp() -> None:
    assert record(ramping(), POLICY, good=9, bad=1, now=after(8), begun_at=after(7)).ramp_lanes == 4


def test_a_ramp_is_not_stopped_by_a_time_out_from_before_the_outage() -> None:
    gate = ramping()
    assert record(gate, POLICY, good=0, bad=3, now=after(8), begun_at=NOW) == gate


@pytest.mark.parametrize(("asked", "wait"), [(2.0, 5.0), (40.0, 40.0), (7200.0, 3600.0), (-5.0, 5.0)])
def test_retry_after_bounds_the_wait_from_below_up_to_an_hour(asked: float, wait: float) -> None:
    assert opened(retry_after_seconds=asked).retry_at == after(wait)


def test_a_retry_after_that_comes_late_moves_the_trial_back_and_never_forward() -> None:
    gate = opened()
    assert record(gate, POLICY, good=0, bad=1, now=after(1), retry_after_seconds=60).retry_at == after(61)
    assert record(gate, POLICY, good=0, bad=1, now=after(1), retry_after_seconds=1).retry_at == after(5)


def test_a_failed_trial_heeds_retry_after() -> None:
    gate = record(on_trial(), POLICY, good=0, bad=1, now=after(6), retry_after_seconds=100)
    assert gate.retry_at == after(106)


def test_the_window_slides_by_weight() -> None:
    gate = record(fresh(NOW), POLICY, good=0, bad=3, now=after(30))
    # At 90 s the first bucket (0 to 60 s) counts half: 1.5 failures of 2.5 calls are too few calls.
    gate = record(gate, POLICY, good=1, bad=0, now=after(90))
    assert (gate.calls, gate.failures, gate.calls_before, gate.failures_before) == (1, 0, 3, 3)
    assert record(gate, POLICY, good=0, bad=1, now=after(90)).state is GateState.CLOSED
    # Two failures more: 1.5 + 2 of 4.5 calls.
    assert record(gate, POLICY, good=0, bad=2, now=after(90)).state is GateState.OPEN


def test_the_window_forgets() -> None:
    gate = record(fresh(NOW), POLICY, good=0, bad=3, now=NOW)
    assert record(gate, POLICY, good=0, bad=3, now=after(120)).state is GateState.CLOSED


def test_a_good_round_never_opens() -> None:
    gate = replace(fresh(NOW), calls_before=100, failures_before=0, calls=9, failures=9)
    assert record(gate, POLICY, good=1, bad=0, now=after(59)).state is GateState.CLOSED


def test_no_calls_tell_nothing() -> None:
    for gate in (fresh(NOW), opened(), on_trial(), ramping()):
        assert record(gate, POLICY, good=0, bad=0, now=after(500)) == gate


@pytest.mark.parametrize(
    "wrong",
    [
        {"waits_seconds": ()},
        {"waits_seconds": (5.0, 0.0)},
        {"window_seconds": 0.0},
        {"trial_seconds": -1.0},
        {"ramp_interval_seconds": 0.0},
        {"calls_min": 0},
        {"failure_share": 0.0},
        {"failure_share": 1.1},
        {"ramp_start_lanes": 0},
        {"ramp_start_lanes": 257},
    ],
)
def test_a_policy_that_could_not_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="_"):
        BreakerPolicy(**wrong)  # type: ignore[arg-type]
