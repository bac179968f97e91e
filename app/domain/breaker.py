"""Whether anything may go to a destination now: a pure rule over one small record that all workers share.

``closed`` lets everything through and counts. ``open`` lets nothing through until ``retry_at``. Then one lane is the
``trial``; when it comes back well, ``ramp`` lets more through grant by grant, so that what has piled up does not
tip the far side over again. No state is a dead end: each leads to a grant after a time that is known.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

RETRY_AFTER_MAX_SECONDS = 3600.0


class GateState(StrEnum):
    """State of the gate before one destination."""

    CLOSED = "closed"
    OPEN = "open"
    TRIAL = "trial"
    RAMP = "ramp"


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a gate opens, how long it stays so, and how it comes back.

    It opens when the window holds ``calls_min`` calls and at least ``failure_share`` of them failed.
    ``waits_seconds`` are the waits before a trial, one an opening in a row; the last one repeats. A trial of which
    nothing is heard within ``trial_seconds`` may be taken by another worker. A ramp grants once in
    ``ramp_interval_seconds``, ``ramp_start_lanes`` at first, and closes beyond ``ramp_full_lanes``.
    """

    window_seconds: float = 60.0
    calls_min: int = 4
    failure_share: float = 0.5
    waits_seconds: tuple[float, ...] = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0)
    trial_seconds: float = 90.0
    ramp_start_lanes: int = 2
    ramp_full_lanes: int = 256
    ramp_interval_seconds: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a policy that could never open, never come back or never move."""
        if not self.waits_seconds or min(self.waits_seconds) <= 0:
            message = "waits_seconds: at least one wait, each above zero"
            raise ValueError(message)
        if min(self.window_seconds, self.trial_seconds, self.ramp_interval_seconds) <= 0:
            message = "window_seconds, trial_seconds and ramp_interval_seconds must be above zero"
            raise ValueError(message)
        if self.calls_min < 1 or not 0 < self.failure_share <= 1:
            message = "calls_min >= 1, 0 < failure_share <= 1"
            raise ValueError(message)
        if not 1 <= self.ramp_start_lanes <= self.ramp_full_lanes:
            message = "1 <= ramp_start_lanes <= ramp_full_lanes"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Gate:
    """What is known of the way to one destination.

    ``retry_at`` is when the next grant may be made (None: at once). ``trips`` counts openings in a row without a
    way back to ``closed``. ``window_from`` is the start of the present bucket of calls, and in a ramp the time
    since when ``ramp_lanes`` has been what it is.
    """

    state: GateState
    since: datetime
    retry_at: datetime | None
    trips: int
    window_from: datetime
    calls: int
    failures: int
    calls_before: int
    failures_before: int
    ramp_lanes: int


def fresh(now: datetime) -> Gate:
    """A gate that nothing is known of: closed, with an empty window."""
    return Gate(GateState.CLOSED, now, None, 0, now, 0, 0, 0, 0, 0)


def admit(gate: Gate, policy: BreakerPolicy, wanted: int, now: datetime) -> tuple[int, Gate]:
    """How many of ``wanted`` lanes may be claimed now, and the gate after it; the same gate when nothing changed."""
    if gate.state is GateState.CLOSED:
        return max(wanted, 0), gate
    if wanted <= 0 or (gate.retry_at is not None and now < gate.retry_at):
        return 0, gate
    if gate.state is GateState.RAMP:
        again = now + timedelta(seconds=policy.ramp_interval_seconds)
        return min(wanted, max(gate.ramp_lanes, 1)), replace(gate, retry_at=again)
    # A trial that is taken over began with the first one: whichever of them is heard of first decides.
    since = gate.since if gate.state is GateState.TRIAL else now
    patience = now + timedelta(seconds=policy.trial_seconds)
    return 1, replace(gate, state=GateState.TRIAL, since=since, retry_at=patience)


def record(
    gate: Gate,
    policy: BreakerPolicy,
    *,
    good: int,
    bad: int,
    now: datetime,
    begun_at: datetime | None = None,
    retry_after_seconds: float | None = None,
) -> Gate:
    """The gate after a round: ``good`` calls got a readable answer (a refusal too), ``bad`` ones did not.

    ``begun_at`` is when the round was let through. A round from before the present state tells of the past and
    changes nothing; neither does any round while the gate is open, since only the trial may close it (a
    ``Retry-After`` still moves the trial back). In a trial and in a ramp, a round counts as bad when the share of its
    calls that failed is ``failure_share`` or more.
    """
    if gate.state is GateState.OPEN:
        return _not_before(gate, now, retry_after_seconds) if bad else gate
    if good + bad <= 0 or (begun_at is not None and begun_at < gate.since):
        return gate
    if gate.state is GateState.CLOSED:
        return _count(gate, policy, good, bad, now, retry_after_seconds)
    if bad >= policy.failure_share * (good + bad):
        return _open(gate, policy, now, retry_after_seconds)
    if gate.state is GateState.TRIAL:
        return replace(
            gate,
            state=GateState.RAMP,
            since=now,
            retry_at=None,
            ramp_lanes=policy.ramp_start_lanes,
            window_from=now,
        )
    return _raise(gate, policy, now, begun_at)


def _raise(gate: Gate, policy: BreakerPolicy, now: datetime, begun_at: datetime | None) -> Gate:
    """Twice as much, or closed when that was all; only a grant of the present size tells that it was borne."""
    if begun_at is not None and begun_at < gate.window_from:
        return gate
    if gate.ramp_lanes >= policy.ramp_full_lanes:
        return fresh(now)
    return replace(gate, ramp_lanes=min(gate.ramp_lanes * 2, policy.ramp_full_lanes), window_from=now)


def _count(
    gate: Gate, policy: BreakerPolicy, good: int, bad: int, now: datetime, retry_after_seconds: float | None
) -> Gate:
    rolled = _roll(gate, policy, now)
    counted = replace(rolled, calls=rolled.calls + good + bad, failures=rolled.failures + bad)
    passed = max((now - counted.window_from).total_seconds(), 0.0)
    weight = max(1.0 - passed / policy.window_seconds, 0.0)
    calls = counted.calls + weight * counted.calls_before
    failures = counted.failures + weight * counted.failures_before
    # A round without a failure never opens the gate, however old goods fade out of the window.
    if bad and calls >= policy.calls_min and failures >= policy.failure_share * calls:
        return _open(counted, policy, now, retry_after_seconds)
    return counted


def _roll(gate: Gate, policy: BreakerPolicy, now: datetime) -> Gate:
    """Begin a new bucket when the present one is full, and forget what is older than the one before."""
    width = timedelta(seconds=policy.window_seconds)
    if now < gate.window_from + width:
        return gate
    if now < gate.window_from + 2 * width:
        return replace(
            gate,
            window_from=gate.window_from + width,
            calls=0,
            failures=0,
            calls_before=gate.calls,
            failures_before=gate.failures,
        )
    return replace(gate, window_from=now, calls=0, failures=0, calls_before=0, failures_before=0)


def _open(gate: Gate, policy: BreakerPolicy, now: datetime, retry_after_seconds: float | None) -> Gate:
    trips = gate.trips + 1
    wait = policy.waits_seconds[min(trips, len(policy.waits_seconds)) - 1]
    opened = replace(
        fresh(now), state=GateState.OPEN, trips=trips, retry_at=now + timedelta(seconds=wait), window_from=now
    )
    return _not_before(opened, now, retry_after_seconds)


def _not_before(gate: Gate, now: datetime, retry_after_seconds: float | None) -> Gate:
    """No trial before the time that the far side named, within bounds."""
    if retry_after_seconds is None or gate.retry_at is None:
        return gate
    asked = now + timedelta(seconds=min(max(retry_after_seconds, 0.0), RETRY_AFTER_MAX_SECONDS))
    return replace(gate, retry_at=max(gate.retry_at, asked))
