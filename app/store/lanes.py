"""What lanes and their messages are on the way between the database and the engine: facts, frozen."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.delivery import DeliveryState, HoldReason


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A promise to a destination, named by its key. ``due_at`` orders the lanes (``app.domain.worktime``).

    ``trace_context`` is the W3C ``traceparent`` of the request that brought it, if it had one. With ``doubtful_since``
    it may have been delivered already, by a database that is lost: it is asked about first, for as long as a doubt of
    that time is.
    """

    target: str
    kind: str
    dossier_code: str
    procedure_code: str
    unit_code: str
    ref: str
    payload: str
    payload_hash: str
    correlation_id: str
    due_at: datetime
    trace_context: str | None = None
    doubtful_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Except:
    """What a claim leaves alone, since an operator holds it: procedures, units, and pairs of both."""

    procedures: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimedLane:
    """A lane that is ours until the lease ends, as long as nobody raised the fence."""

    id: int
    dossier_code: str
    fence: int
    known: bool
    attempts: int
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class LoadedMessage:
    """A pending message of a claimed lane."""

    id: int
    lane_id: int
    kind: str
    dossier_code: str
    procedure_code: str
    unit_code: str
    ref: str
    payload: str
    payload_hash: str
    state: DeliveryState
    correlation_id: str
    created_at: datetime
    doubtful_since: datetime | None = None
    trace_context: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a message, in words fit to be shown.

    ``doubtful_since`` is when the call was made of which nobody knows whether it was taken.
    """

    message_id: int
    lane_id: int
    state: DeliveryState
    tried: bool
    reason: str | None = None
    code: str | None = None
    message: str | None = None
    field: str | None = None
    failure_class: str | None = None
    doubtful_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """How a lane is left: ready or idle by what is pending, unless it must wait or be held."""

    lane_id: int
    fence: int
    known: bool
    attempts: int = 0
    failing_since: datetime | None = None
    next_at: datetime | None = None
    hold: HoldReason | None = None
    failure_class: str | None = None
