"""What every connector to a national system is, and the closed set of what can come of a delivery.

A connector never raises for anything the far side or the network did: that is an ``Outcome``. An exception
that leaves ``send`` or ``probe`` is a bug of ours, and the engine buries the message at once instead of
retrying it for two days.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What a parcel carries: a snapshot of a dossier, one progress step, or news for a webhook."""

    DOSSIER = "dossier"
    STEP = "step"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One promised message on its way.

    ``payload`` is the exact wire object that was promised, as JSON text. ``known`` says whether the nation has
    already acknowledged this dossier (an insert becomes an update).
    """

    message_id: int
    kind: Kind
    dossier_code: str
    payload: str
    known: bool
    correlation_id: str
    destination: str = ""
    created_at: datetime | None = None
    trace_context: str | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the time of one wire call went, in seconds; None where it did not come that far.

    ``queue`` is the wait for a free connection, ``connect`` making one (0 when one was there), ``first_byte`` from
    the last byte sent to the first byte read.
    """

    queue_seconds: float | None = None
    connect_seconds: float | None = None
    first_byte_seconds: float | None = None


class Form(StrEnum):
    """How something was shared (``docs/requirements.csv`` D-1): told by us as it came to be, or asked for."""

    SYNC = "sync"
    QUERY = "query"


class Route(StrEnum):
    """How an exchange reaches its system: over the platform that the law prefers, or straight."""

    PLATFORM = "platform"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Strange:
    """An answer of a shape that we do not know: a short name of the shape, and a masked example."""

    shape: str
    example: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went over the wire, fit to be stored: masked, cut to length.

    ``elapsed_seconds`` runs from the first byte sent to the last byte read. ``to`` is the host it went to, and its
    port; ``route`` says whether an exchange platform stood between (NĐ 278/2025/NĐ-CP Điều 7). ``payload_type`` is
    the media type of what was sent, ``version`` that of the interface, where it has one.
    """

    service: str
    http_status: int | None = None
    request: str = ""
    answer: str = ""
    elapsed_seconds: float = 0.0
    timing: Timing = Timing()
    strange: Strange | None = None
    to: str = ""
    route: Route | None = None
    form: Form | None = None
    payload_type: str = ""
    version: str = ""

    def facts(self) -> dict[str, object]:
        """What the audit log says of it: names, times and figures, no word of what was sent or answered."""
        found = {
            "service": self.service,
            "to": self.to or None,
            "route": self.route.value if self.route else None,
            "form": self.form.value if self.form else None,
            "type": self.payload_type or None,
            "version": self.version or None,
            "http": self.http_status,
            "ms": round(self.elapsed_seconds * 1000),
        }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Accepted:
    """The nation has it. ``code`` and ``message`` are its own words."""

    code: str = "0"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The nation read it and said no. A person decides; it is never sent again blindly."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class TryLater:
    """Nothing was taken, and the same message may go again (refused connection, 429, 503, expired session)."""

    reason: str
    message: str = ""
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Bytes were sent and no readable answer came: the nation may have taken it. Probe before sending again."""

    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Not sent: an operator or the breaker holds the target. Costs no attempt."""

    reason: str


Outcome = Accepted | Rejected | TryLater | Unknown | Held


class Knowledge(StrEnum):
    """What a probe found about one parcel."""

    HOLDS = "holds"
    LACKS = "lacks"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Sent:
    """Answer to one wire call for several parcels.

    ``outcomes`` has one entry per parcel, in order. ``array_refused`` says that a refusal speaks of the array as
    a whole and not of each parcel: the engine then halves the array until the guilty item stands alone.
    ``earlier`` are the exchanges that led to the last one (an insert that had to become an update).
    """

    outcomes: tuple[Outcome, ...]
    exchange: Exchange
    array_refused: bool = False
    earlier: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Probed:
    """Answer to a probe: what the nation holds of the parcels asked about, in order.

    ``dossier_known`` is None when the probe could not tell. ``failure`` carries the reason in that case.
    ``held`` is what the nation holds of the dossier, as JSON text, masked; None when it holds nothing or did not say.
    """

    knowledge: tuple[Knowledge, ...]
    exchange: Exchange
    dossier_known: bool | None = None
    failure: TryLater | None = None
    held: str | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many parcels of one kind a call may carry."""

    dossiers_per_call: int = 50
    steps_per_call: int = 100
    events_per_call: int = 1

    def of(self, kind: Kind) -> int:
        """The limit for one kind."""
        limits = {
            Kind.DOSSIER: self.dossiers_per_call,
            Kind.STEP: self.steps_per_call,
            Kind.EVENT: self.events_per_call,
        }
        return limits[kind]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the far side answers at all. ``detail`` is for people."""

    reachable: bool
    detail: str = ""
    facts: dict[str, str] = field(default_factory=dict)


class Connector(Protocol):
    """One national system that takes parcels."""

    @property
    def capacity(self) -> Capacity:
        """How much one call may carry."""

    def envelope(self, parcel: Parcel) -> str:
        """Key of the envelope a parcel fits in: parcels share a call only when their keys are equal."""

    async def send(self, parcels: Sequence[Parcel]) -> Sent:
        """Send parcels of one envelope in one call, in order. Never raises for what the far side did."""

    async def probe(self, dossier_code: str, parcels: Sequence[Parcel]) -> Probed:
        """Ask what the nation holds of one dossier, and which of the parcels are in it."""

    async def check(self) -> Health:
        """Is the far side there? For readiness and for people; sends nothing."""

    async def aclose(self) -> None:
        """Let go of connections."""
