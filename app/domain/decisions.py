"""What a person may decide about a delivery, and how its lane is left by it: rules only.

The engine and a person never work on one lane at the same time: while a worker has it, nothing may be decided.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from app.domain.delivery import Decision, DeliveryState, HoldReason, LaneState


class Act(StrEnum):
    """What a person does to a delivery."""

    CANCEL = "cancel"
    SUPERSEDE = "supersede"
    DECIDE = "decide"


class Verdict(StrEnum):
    """Whether it may be done, or why not; each but ``OK`` has its words in ``app.usecases.decide``."""

    OK = "ok"
    MISSING = "missing"
    UNDER_WAY = "under_way"
    ASKING = "asking"
    SETTLED = "settled"
    NOT_IN_DOUBT = "not_in_doubt"
    NOT_NEWER = "not_newer"
    OTHER_DOSSIER = "other_dossier"
    REPLACEMENT_ENDED = "replacement_ended"
    STEPS_BEHIND = "steps_behind"


_D, _V = DeliveryState, Verdict
#: Lanes in which nobody asks the nation about what is in doubt: only there a person may end the doubt.
ASKED_NO_MORE = frozenset({HoldReason.UNDECIDED, HoldReason.DEAD})

#: What may be done in each state, its lane not being with a worker and, for ``UNKNOWN``, asked no more.
ALLOWED = MappingProxyType(
    {
        _D.WAITING: frozenset({Act.CANCEL, Act.SUPERSEDE}),
        _D.SENDING: frozenset[Act](),
        _D.UNKNOWN: frozenset({Act.CANCEL, Act.SUPERSEDE, Act.DECIDE}),
        _D.REJECTED: frozenset({Act.CANCEL, Act.SUPERSEDE}),
        _D.DEAD: frozenset({Act.CANCEL, Act.SUPERSEDE}),
        _D.DELIVERED: frozenset[Act](),
        _D.SUPERSEDED: frozenset[Act](),
        _D.CANCELLED: frozenset[Act](),
    }
)
#: The state that a decision leads to.
DECIDED = MappingProxyType({Decision.DELIVERED: _D.DELIVERED, Decision.SEND: _D.WAITING, Decision.CANCEL: _D.CANCELLED})
_REPLACES_NOTHING = frozenset({_D.CANCELLED, _D.SUPERSEDED})


def may(act: Act, state: DeliveryState, lane: LaneState, hold: HoldReason | None) -> Verdict:
    """Whether a person may do this to a delivery in this state, in a lane in that one."""
    if state is _D.SENDING:
        return _V.UNDER_WAY
    if act is Act.DECIDE and state is not _D.UNKNOWN:
        return _V.NOT_IN_DOUBT
    if act not in ALLOWED[state]:
        return _V.SETTLED
    if lane is LaneState.LEASED:
        return _V.UNDER_WAY
    if state is _D.UNKNOWN and hold not in ({HoldReason.UNDECIDED} if act is Act.DECIDE else ASKED_NO_MORE):
        return _V.ASKING
    return _V.OK


@dataclass(frozen=True, slots=True)
class Standing:
    """One delivery, as far as another one may take its place."""

    id: int
    lane_id: int
    kind: str
    state: DeliveryState


def may_replace(old: Standing, new: Standing) -> Verdict:
    """Whether ``new`` can stand for ``old``: of the same lane and kind, newer, and not taken back itself."""
    if (new.lane_id, new.kind) != (old.lane_id, old.kind):
        return _V.OTHER_DOSSIER
    if new.id <= old.id:
        return _V.NOT_NEWER
    return _V.REPLACEMENT_ENDED if new.state in _REPLACES_NOTHING else _V.OK


@dataclass(frozen=True, slots=True)
class LaneFacts:
    """A lane after something in it was decided. ``first_gone``: what was decided stood first among the pending."""

    state: LaneState
    hold: HoldReason | None
    pending: int
    doubtful: int
    dead: int
    snapshot_waits: bool
    first_gone: bool


@dataclass(frozen=True, slots=True)
class LaneLeft:
    """How the lane is left. ``anew``: its failed attempts are forgotten, since what failed is no longer there."""

    state: LaneState
    hold: HoldReason | None
    anew: bool


def lane_after(facts: LaneFacts) -> LaneLeft:
    """The lane goes on once nothing in it needs a person any more; one that an operator holds stays held."""
    stays = LaneLeft(facts.state, facts.hold, anew=False)
    if facts.state is LaneState.LEASED or facts.hold is HoldReason.OPERATOR:
        return stays
    goes = LaneLeft(LaneState.READY if facts.pending else LaneState.IDLE, None, anew=True)
    if facts.hold is HoldReason.UNDECIDED and facts.doubtful:
        return stays
    if facts.hold in ASKED_NO_MORE and facts.dead:
        return LaneLeft(LaneState.HELD, HoldReason.DEAD, anew=False)
    if facts.hold is HoldReason.REFUSED and facts.pending and not facts.snapshot_waits:
        return stays
    if facts.hold is None and facts.pending and not facts.first_gone:
        return stays
    return goes
