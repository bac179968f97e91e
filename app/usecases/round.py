"""The working state of one delivery round: its trip, its clock, its bounds, and what went over the wire."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.delivery import Target
from app.usecases.context import Context, DeliveryPolicy
from app.usecases.trip import Trip
from connectors.base import Connector, Exchange


@dataclass(frozen=True, slots=True)
class CallNote:
    """One wire call, fit to be stored."""

    id: str
    at: datetime
    parcels: int
    exchange: Exchange


@dataclass(slots=True)
class Round:
    """The working state of one round. ``stopping`` ends it early: what is under way is finished, the rest put back."""

    context: Context
    target: Target
    worker: str
    trip: Trip
    claimed_at: datetime
    stopping: asyncio.Event
    started: float = field(default_factory=time.monotonic)
    calls: list[CallNote] = field(default_factory=list)
    probes: list[tuple[str, CallNote, str]] = field(default_factory=list)

    @property
    def connector(self) -> Connector:
        """The connector of the target."""
        return self.context.connectors[self.target]

    @property
    def policy(self) -> DeliveryPolicy:
        """The bounds of the target."""
        return self.context.policies[self.target]

    def may_send(self) -> bool:
        """Whether a call begun now is sure to end within the lease."""
        left = self.policy.lease_seconds - (time.monotonic() - self.started)
        return not self.stopping.is_set() and left > self.policy.call_seconds

    def now(self) -> datetime:
        """The shared time of the claim, plus what has passed since on this machine's steady clock."""
        return self.claimed_at + timedelta(seconds=time.monotonic() - self.started)
