"""What has become of a delivery and what happens next, as one of a closed set; each has its sentence in ``app.texts``.

The state of a message alone does not tell an administrator what to press: whether it moves by itself depends on
its lane, on the gate of its destination, and on why it failed last.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.breaker import GateState
from app.domain.delivery import DeliveryState, HoldReason
from app.domain.failures import FailureClass, class_of


class Situation(StrEnum):
    """Where a delivery stands, in the words of an administrator."""

    TURN = "turn"
    RETRY_TEMPORARY = "retry_temporary"
    RETRY_TECHNICAL = "retry_technical"
    RETRY_CONTRACT = "retry_contract"
    OUTAGE = "outage"
    OPERATOR_HOLD = "operator_hold"
    BEHIND_REFUSED = "behind_refused"
    BEHIND_DEAD = "behind_dead"
    BEHIND_UNDECIDED = "behind_undecided"
    SENDING = "sending"
    DELIVERED = "delivered"
    DELIVERED_BY_DECISION = "delivered_by_decision"
    REFUSED_DOSSIER = "refused_dossier"
    REFUSED_STEP = "refused_step"
    REFUSED_EVENT = "refused_event"
    DOUBT_ASK = "doubt_ask"
    DOUBT_WAIT = "doubt_wait"
    DOUBT_OUTAGE = "doubt_outage"
    UNDECIDED_UNREACHABLE = "undecided_unreachable"
    UNDECIDED_ORDER = "undecided_order"
    UNDECIDED_LOST = "undecided_lost"
    DEAD_SPENT = "dead_spent"
    DEAD_BUG = "dead_bug"
    SUPERSEDED = "superseded"
    SUPERSEDED_BY_DECISION = "superseded_by_decision"
    CANCELLED = "cancelled"


_S = Situation

#: Situations in which a person must decide about the very record.
UNDECIDED = frozenset({_S.UNDECIDED_UNREACHABLE, _S.UNDECIDED_ORDER, _S.UNDECIDED_LOST})
#: Situations in which a person must act before anything moves.
NEEDS_PERSON = frozenset(
    {
        _S.BEHIND_REFUSED,
        _S.BEHIND_DEAD,
        _S.BEHIND_UNDECIDED,
        _S.OPERATOR_HOLD,
        _S.REFUSED_DOSSIER,
        _S.REFUSED_STEP,
        _S.REFUSED_EVENT,
        _S.UNDECIDED_UNREACHABLE,
        _S.UNDECIDED_ORDER,
        _S.UNDECIDED_LOST,
        _S.DEAD_SPENT,
        _S.DEAD_BUG,
    }
)
_REFUSED = {"dossier": _S.REFUSED_DOSSIER, "step": _S.REFUSED_STEP, "event": _S.REFUSED_EVENT}
_UNDECIDED = {"out_of_order": _S.UNDECIDED_ORDER, "nation_lost_it": _S.UNDECIDED_LOST}
_BEHIND = {
    HoldReason.REFUSED: _S.BEHIND_REFUSED,
    HoldReason.DEAD: _S.BEHIND_DEAD,
    HoldReason.UNDECIDED: _S.BEHIND_UNDECIDED,
    HoldReason.OPERATOR: _S.OPERATOR_HOLD,
}
_RETRY = {FailureClass.TECHNICAL: _S.RETRY_TECHNICAL, FailureClass.CONTRACT: _S.RETRY_CONTRACT}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentence follows from. ``gate`` is None while nothing was ever sent to the destination."""

    state: DeliveryState
    kind: str
    hold: HoldReason | None = None
    reason: str | None = None
    next_at: datetime | None = None
    gate: GateState | None = None
    destination_held: bool = False
    decided: bool = False


_PLAIN = {
    DeliveryState.SENDING: _S.SENDING,
    DeliveryState.DELIVERED: _S.DELIVERED,
    DeliveryState.SUPERSEDED: _S.SUPERSEDED,
    DeliveryState.CANCELLED: _S.CANCELLED,
    DeliveryState.DEAD: _S.DEAD_SPENT,
}
_BY_DECISION = {_S.DELIVERED: _S.DELIVERED_BY_DECISION, _S.SUPERSEDED: _S.SUPERSEDED_BY_DECISION}


def situation_of(facts: Facts, now: datetime) -> Situation:
    """The situation of a delivery."""
    if facts.state is DeliveryState.WAITING:
        return _waiting(facts, now)
    if facts.state is DeliveryState.UNKNOWN:
        return _doubt(facts, now)
    if facts.state is DeliveryState.REJECTED:
        return _REFUSED.get(facts.kind, _S.REFUSED_STEP)
    if facts.state is DeliveryState.DEAD and facts.reason == "bug":
        return _S.DEAD_BUG
    plain = _PLAIN[facts.state]
    return _BY_DECISION.get(plain, plain) if facts.decided else plain


def _doubt(facts: Facts, now: datetime) -> Situation:
    if facts.hold is HoldReason.UNDECIDED:
        return _UNDECIDED.get(facts.reason or "", _S.UNDECIDED_UNREACHABLE)
    if facts.hold is not None:
        return _BEHIND[facts.hold]
    if facts.destination_held:
        return _S.OPERATOR_HOLD
    if facts.gate in {GateState.OPEN, GateState.TRIAL}:
        return _S.DOUBT_OUTAGE
    waits = facts.next_at is not None and facts.next_at > now
    return _S.DOUBT_WAIT if waits and facts.reason == "may_still_come" else _S.DOUBT_ASK


def _waiting(facts: Facts, now: datetime) -> Situation:
    if facts.hold is not None:
        return _BEHIND[facts.hold]
    if facts.destination_held:
        return _S.OPERATOR_HOLD
    if facts.gate in {GateState.OPEN, GateState.TRIAL}:
        return _S.OUTAGE
    if facts.next_at is None or facts.next_at <= now or facts.reason is None:
        return _S.TURN
    return _RETRY.get(class_of(facts.reason), _S.RETRY_TEMPORARY)
