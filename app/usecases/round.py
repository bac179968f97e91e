"""The working state of one delivery round: its trip, its clock, its bounds, and what went over the wire."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.delivery import Destination
from app.store.outbox import LoadedMessage
from app.usecases.context import Context, DeliveryPolicy
from app.usecases.trip import Trip
from connectors.base import Accepted, Connector, Exchange, Outcome, Rejected, TryLater, Unknown

# Room for the write itself.
_MARGIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class CallNote:
    """One wire call, fit to be stored."""

    id: str
    at: datetime
    parcels: int
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class ProbeCall:
    """One look-up of a dossier: the first record that was asked about, the call, and what was told."""

    first: LoadedMessage
    call: CallNote
    knowledge: str


@dataclass(slots=True)
class Round:
    """The working state of one round. ``stopping`` ends it early: what is under way is finished, the rest put back.

    ``started`` is the monotonic time just before the claim, so that the lease can only be longer than believed.
    ``tripped``: too many calls failed in a row, so this round sends no more, whatever comes of those under way.
    ``trial``: the gate let one lane through to find out whether the far side is back.
    ``good`` and ``bad`` count wire calls that got a readable answer and that did not.
    """

    context: Context
    destination: Destination
    worker: str
    trip: Trip
    claimed_at: datetime
    stopping: asyncio.Event
    started: float
    trial: bool = False
    calls: list[CallNote] = field(default_factory=list)
    probes: list[ProbeCall] = field(default_factory=list)
    good: int = 0
    bad: int = 0
    failing_in_row: int = 0
    tripped: bool = False
    last_failure: TryLater | Unknown | None = None

    @property
    def key(self) -> str:
        """The destination's key."""
        return self.destination.key

    @property
    def connector(self) -> Connector:
        """The connector of the destination."""
        return self.context.connectors[self.destination.target]

    @property
    def policy(self) -> DeliveryPolicy:
        """The bounds of the destination."""
        return self.context.policies[self.destination.target]

    @property
    def send_before(self) -> float:
        """Monotonic time after which nothing may leave the house any more: the lease is about to end."""
        return self.started + self.policy.lease_seconds - min(_MARGIN_SECONDS, self.policy.lease_seconds / 10)

    def may_send(self) -> bool:
        """Whether a call begun now is sure to end within the lease, and is not one too many to a failing far side.

        Once it may not, it never may again in this round: what follows must not be sent past what was left out.
        """
        left = self.send_before - time.monotonic()
        return not self.stopping.is_set() and left > self.policy.call_seconds and not self.tripped

    def tell(self, outcome: Outcome) -> None:
        """Count a call: a readable answer, also a refusal, says that the far side is there."""
        if isinstance(outcome, Accepted | Rejected):
            self.good += 1
            self.failing_in_row = 0
        elif isinstance(outcome, TryLater | Unknown):
            self.bad += 1
            self.failing_in_row += 1
            self.tripped = self.tripped or self.failing_in_row >= self.policy.failing_calls_max
            self.last_failure = outcome

    def now(self) -> datetime:
        """The shared time of the claim, plus what has passed since on this machine's steady clock."""
        return self.claimed_at + timedelta(seconds=time.monotonic() - self.started)
