"""The life of one delivery and of the lane it travels in: closed sets and the moves between them.

The picture is ``docs/states.md``; a test holds the picture and ``DELIVERY_MOVES`` together.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Target(StrEnum):
    """Kind of system that deliveries go to. Each has a connector in ``app.wiring``; a test fails until it has."""

    PORTAL = "portal"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """One place that deliveries go to: a national system, or one registered webhook (``endpoint`` is its id).

    ``key`` names it in lanes, messages, gates and holds.
    """

    target: Target
    endpoint: int | None = None

    @property
    def key(self) -> str:
        """``portal`` or ``webhook:7``."""
        return self.target.value if self.endpoint is None else f"{self.target.value}:{self.endpoint}"

    @classmethod
    def of(cls, key: str) -> "Destination":
        """The destination that a key names.

        Raises:
            ValueError: it names none.
        """
        target, _, endpoint = key.partition(":")
        return cls(Target(target), int(endpoint) if endpoint else None)


PORTAL = Destination(Target.PORTAL)
#: Destinations whose deliveries are what the province owes the nation; figures of the sync speak of these only.
NATIONAL = (PORTAL.key,)


class DeliveryState(StrEnum):
    """State of one message."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    DEAD = "dead"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


_D = DeliveryState

DELIVERY_MOVES = MappingProxyType(
    {
        _D.WAITING: frozenset({_D.SENDING, _D.UNKNOWN, _D.SUPERSEDED, _D.CANCELLED}),
        _D.SENDING: frozenset({_D.DELIVERED, _D.REJECTED, _D.WAITING, _D.UNKNOWN, _D.DEAD, _D.SUPERSEDED}),
        _D.UNKNOWN: frozenset({_D.DELIVERED, _D.REJECTED, _D.WAITING, _D.SUPERSEDED, _D.DEAD, _D.CANCELLED}),
        _D.REJECTED: frozenset({_D.UNKNOWN, _D.SUPERSEDED, _D.CANCELLED}),
        _D.DEAD: frozenset({_D.UNKNOWN, _D.SUPERSEDED, _D.CANCELLED}),
        _D.DELIVERED: frozenset[DeliveryState](),
        _D.SUPERSEDED: frozenset[DeliveryState](),
        _D.CANCELLED: frozenset[DeliveryState](),
    }
)

PENDING_STATES = frozenset({_D.WAITING, _D.SENDING, _D.UNKNOWN})
RETRIABLE_STATES = frozenset({_D.REJECTED, _D.DEAD, _D.WAITING, _D.UNKNOWN})


class LaneState(StrEnum):
    """State of the lane of one dossier towards one destination."""

    IDLE = "idle"
    READY = "ready"
    SCHEDULED = "scheduled"
    LEASED = "leased"
    HELD = "held"


class HoldReason(StrEnum):
    """Why a lane does not move until somebody decides.

    ``UNDECIDED``: whether the nation has a record cannot be found out by asking it; a person sees both sides and
    decides.
    """

    REFUSED = "refused"
    DEAD = "dead"
    UNDECIDED = "undecided"
    OPERATOR = "operator"


class Decision(StrEnum):
    """What a person decides about a delivery of which nobody can tell whether the nation has it."""

    DELIVERED = "delivered"
    SEND = "send"
    CANCEL = "cancel"


def may_move(before: DeliveryState, after: DeliveryState) -> bool:
    """Whether a delivery may go from one state to another."""
    return after in DELIVERY_MOVES[before]
