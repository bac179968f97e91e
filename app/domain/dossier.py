"""What may follow what: revisions of a dossier, its statuses, the order of its progress steps.

The picture of the status moves is ``docs/states.md``; a test holds the picture and ``STATUS_MOVES`` together.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from types import MappingProxyType

from app.errors import (
    DuplicateStep,
    Fault,
    IllegalStatusMove,
    RevisionConflict,
    StaleRevision,
    StepConflict,
    StepOutOfOrder,
)


class DossierStatus(StrEnum):
    """Where a dossier stands (the ten statuses of the national code table)."""

    REGISTERED = "registered"
    RECEIVED = "received"
    REFUSED = "refused"
    PROCESSING = "processing"
    SUPPLEMENT = "supplement"
    FEE_DUE = "fee_due"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    DONE = "done"
    RETURNED = "returned"


_S = DossierStatus

STATUS_MOVES = MappingProxyType(
    {
        _S.REGISTERED: frozenset({_S.RECEIVED, _S.REFUSED}),
        _S.RECEIVED: frozenset({_S.PROCESSING, _S.SUPPLEMENT, _S.WITHDRAWN, _S.STOPPED}),
        _S.REFUSED: frozenset[DossierStatus](),
        _S.PROCESSING: frozenset({_S.SUPPLEMENT, _S.FEE_DUE, _S.WITHDRAWN, _S.STOPPED, _S.DONE}),
        _S.SUPPLEMENT: frozenset({_S.RECEIVED, _S.PROCESSING, _S.WITHDRAWN, _S.STOPPED}),
        _S.FEE_DUE: frozenset({_S.PROCESSING, _S.WITHDRAWN, _S.STOPPED}),
        _S.WITHDRAWN: frozenset({_S.STOPPED}),
        _S.STOPPED: frozenset[DossierStatus](),
        _S.DONE: frozenset({_S.RETURNED}),
        _S.RETURNED: frozenset[DossierStatus](),
    }
)

CLOSED_STATUSES = frozenset({_S.REFUSED, _S.WITHDRAWN, _S.STOPPED, _S.RETURNED})


def _closure() -> MappingProxyType[DossierStatus, frozenset[DossierStatus]]:
    reach = {status: set(moves) for status, moves in STATUS_MOVES.items()}
    for middle in DossierStatus:
        for start in DossierStatus:
            if middle in reach[start]:
                reach[start] |= reach[middle]
    return MappingProxyType({status: frozenset(ends) for status, ends in reach.items()})


REACHABLE = _closure()


class Standing(Enum):
    """How an incoming record relates to what is held."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """As much of a dossier snapshot as the rules look at. ``content_hash`` is over the whole record."""

    revision: int
    status: DossierStatus
    content_hash: str


@dataclass(frozen=True, slots=True)
class Step:
    """As much of a progress step as the rules look at. ``wire_hash`` is over what the nation would be told."""

    step_id: str
    status: DossierStatus
    processed_at: datetime
    content_hash: str
    wire_hash: str


@dataclass(frozen=True, slots=True)
class StepTail:
    """The last step held for a dossier."""

    status: DossierStatus
    processed_at: datetime


def may_follow(held: DossierStatus, coming: DossierStatus, *, skipped: bool) -> bool:
    """Whether a status may follow another; with states skipped in between, whether legal moves lead there."""
    return coming == held or coming in (REACHABLE if skipped else STATUS_MOVES)[held]


def advance(held: Snapshot | None, coming: Snapshot) -> Standing:
    """Judge a snapshot against the held one.

    The same revision with the same content is the same record. An older revision, the same revision with other
    content, and an illegal status move are refused. Where the source skipped revisions the states in between
    are not known here, so the new status need only be reachable.

    Raises:
        StaleRevision, RevisionConflict, IllegalStatusMove: each says what is held.
    """
    if held is None:
        return Standing.NEW
    held_facts: dict[str, object] = {"held_revision": held.revision, "held_status": held.status.value}
    if coming.revision < held.revision:
        message = f"revision {coming.revision} is older than the held revision {held.revision}"
        raise StaleRevision(message, faults=(Fault("/revision", message),), members=held_facts)
    if coming.revision == held.revision:
        if coming.content_hash == held.content_hash:
            return Standing.SAME
        message = f"revision {coming.revision} is held with other content"
        raise RevisionConflict(message, faults=(Fault("/revision", message),), members=held_facts)
    if not may_follow(held.status, coming.status, skipped=coming.revision > held.revision + 1):
        message = f"status '{coming.status.value}' cannot follow '{held.status.value}'"
        raise IllegalStatusMove(message, faults=(Fault("/status", message, "status moves"),), members=held_facts)
    return Standing.CHANGED


def advance_step(tail: StepTail | None, same_id: Step | None, same_words: str | None, coming: Step) -> Standing:
    """Judge a progress step against the held ones of its dossier.

    ``same_id`` is the held step with this id, ``same_words`` the id of a held step whose wire form is equal.

    Raises:
        StepConflict, DuplicateStep, StepOutOfOrder, IllegalStatusMove: each says what is held.
    """
    if same_id is not None:
        if same_id.content_hash == coming.content_hash:
            return Standing.SAME
        message = f"step '{coming.step_id}' is held with other content"
        raise StepConflict(message, faults=(Fault("/step_id", message),))
    if same_words is not None:
        message = f"this step is alike in every word to step '{same_words}'"
        raise DuplicateStep(message, faults=(Fault("/step_id", message),), members={"held_step_id": same_words})
    if tail is None:
        return Standing.NEW
    if coming.processed_at < tail.processed_at:
        message = f"processed_at lies before the last held step ({tail.processed_at.isoformat()})"
        raise StepOutOfOrder(
            message,
            faults=(Fault("/processed_at", message),),
            members={"held_processed_at": tail.processed_at.isoformat()},
        )
    if not may_follow(tail.status, coming.status, skipped=True):
        message = f"status '{coming.status.value}' cannot follow the last step's '{tail.status.value}'"
        raise IllegalStatusMove(message, faults=(Fault("/status", message, "status moves"),))
    return Standing.NEW
