"""The life of one delivery and of the lane it travels in: closed sets and the moves between them.

The picture is ``docs/states.md``; a test holds the picture and ``DELIVERY_MOVES`` together.
"""

from enum import StrEnum
from types import MappingProxyType


class Target(StrEnum):
    """Where deliveries go. Each has a connector in ``app.wiring``; a test fails until it has."""

    PORTAL = "portal"


class DeliveryState(StrEnum):
    """State of one message."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    DEAD = "dead"
    SUPERSEDED = "superseded"


_D = DeliveryState

DELIVERY_MOVES = MappingProxyType(
    {
        _D.WAITING: frozenset({_D.SENDING, _D.SUPERSEDED}),
        _D.SENDING: frozenset({_D.DELIVERED, _D.REJECTED, _D.WAITING, _D.UNKNOWN, _D.DEAD, _D.SUPERSEDED}),
        _D.UNKNOWN: frozenset({_D.DELIVERED, _D.REJECTED, _D.WAITING, _D.SUPERSEDED, _D.DEAD}),
        _D.REJECTED: frozenset({_D.UNKNOWN, _D.SUPERSEDED}),
        _D.DEAD: frozenset({_D.UNKNOWN, _D.SUPERSEDED}),
        _D.DELIVERED: frozenset[DeliveryState](),
        _D.SUPERSEDED: frozenset[DeliveryState](),
    }
)

PENDING_STATES = frozenset({_D.WAITING, _D.SENDING, _D.UNKNOWN})
RETRIABLE_STATES = frozenset({_D.REJECTED, _D.DEAD, _D.WAITING, _D.UNKNOWN})


class LaneState(StrEnum):
    """State of the lane of one dossier towards one target."""

    IDLE = "idle"
    READY = "ready"
    SCHEDULED = "scheduled"
    LEASED = "leased"
    HELD = "held"


class HoldReason(StrEnum):
    """Why a lane does not move until somebody decides."""

    REFUSED = "refused"
    DEAD = "dead"
    OPERATOR = "operator"


def may_move(before: DeliveryState, after: DeliveryState) -> bool:
    """Whether a delivery may go from one state to another."""
    return after in DELIVERY_MOVES[before]
