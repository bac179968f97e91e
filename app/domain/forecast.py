"""How long a backlog will take: what the gate still holds back, how it lets more and more through, then the rate.

A pure rule over a gate, its policy and a rate; it assumes that all that is sent from now on comes back well.
"""

from dataclasses import dataclass
from datetime import datetime

from app.domain.breaker import BreakerPolicy, Gate, GateState


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits and may go: messages, so many of them a lane on average, and how many lanes one claim may take."""

    messages: int
    per_lane: float
    lanes_per_claim: int


def drain_seconds(backlog: Backlog, gate: Gate, policy: BreakerPolicy | None, rate: float, now: datetime) -> float:
    """How long until all of it is sent at ``rate`` messages a second, above zero, if the next trial goes well.

    In a ramp all workers together are granted one claim an interval, so it may be slower than the rate, never faster.
    Of a trial that is under way it is assumed that it is heard of at once.
    """
    if policy is None or gate.state is GateState.CLOSED or backlog.messages <= 0:
        return max(backlog.messages, 0) / rate
    left = float(backlog.messages)
    seconds = 0.0
    lanes = max(gate.ramp_lanes, 1)
    if gate.state is not GateState.TRIAL and gate.retry_at is not None:
        seconds = max((gate.retry_at - now).total_seconds(), 0.0)
    if gate.state is not GateState.RAMP:
        # The trial is one lane, however many it is heard of later.
        tried = min(backlog.per_lane, left)
        left -= tried
        seconds += tried / rate
        lanes = policy.ramp_start_lanes
    while left > 0:
        sent = min(min(lanes, backlog.lanes_per_claim) * backlog.per_lane, left)
        left -= sent
        if lanes >= policy.ramp_full_lanes:
            # Borne in full, so the gate closes: the rest follows without a pause.
            return seconds + (sent + left) / rate
        if left <= 0:
            return seconds + sent / rate
        seconds += max(sent / rate, policy.ramp_interval_seconds)
        lanes = min(lanes * 2, policy.ramp_full_lanes)
    return seconds
