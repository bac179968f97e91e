"""What an operator does and looks at (REST ``/v1/replays``, ``/v1/deliveries/{id}/…``, ``/v1/contracts``)."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from schemas.answers import Answer
from schemas.provincial import Code, Contract, Flag, LongText, UnitCode, Whole, ZonedTime

DeliveryId = Annotated[Whole, Field(ge=1, le=2**63 - 1)]
_FACTS = ("states", "target", "procedure", "unit", "failure_class", "reason", "since", "until")


class SelectionIn(Contract):
    """Which deliveries: the named ones, or all that were refused or given up and fit every fact that is given."""

    ids: tuple[DeliveryId, ...] = Field(default=(), max_length=1000, description="these, whatever else; alone")
    states: tuple[Literal["rejected", "dead"], ...] = Field(default=("rejected", "dead"), min_length=1, max_length=2)
    target: Annotated[str, Field(max_length=30, pattern=r"^[a-z]+(:[0-9]+)?$")] | None = None
    procedure: Code | None = None
    unit: UnitCode | None = None
    failure_class: Literal["temporary", "permanent", "technical", "contract", "unknown"] | None = None
    reason: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_]+$")] | None = None
    since: ZonedTime | None = Field(default=None, description="refused or given up at this time or later")
    until: ZonedTime | None = Field(default=None, description="refused or given up before; left out: until now")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.ids and any(name in self.model_fields_set for name in _FACTS):
            message = "name deliveries by 'ids' or by facts, not by both"
            raise ValueError(message)
        return self


class ReplayIn(Contract):
    """Send a selection again. ``dry_run`` (the default) only shows what would go."""

    selection: SelectionIn
    per_second: Whole = Field(default=20, ge=1, le=1000, description="deliveries a second, at most")
    note: LongText = Field(description="why, for those who come after; shown to everybody who may operate")
    dry_run: Flag = Field(default=True, description="count and show, send nothing")


class ReasonIn(Contract):
    """Take a delivery back."""

    reason: LongText = Field(description="why; stands with the delivery")
    with_steps: Flag = Field(
        default=False, description="also the steps that could not go without it: the nation would not know the dossier"
    )


class SupersedeIn(Contract):
    """Let another delivery stand for this one."""

    by: DeliveryId = Field(description="a newer delivery of the same dossier, destination and kind")
    reason: LongText = Field(description="why; stands with the delivery")


class DecideIn(ReasonIn):
    """Say what the nation could not be asked."""

    decision: Literal["delivered", "send", "cancel"] = Field(
        description="delivered: the nation has it; send: it has not, send it without asking again; cancel: do not send"
    )


class CandidateOut(Answer):
    """One delivery that would be sent again. ``fate`` other than ``ok``: it would be passed over."""

    id: int
    target: str
    kind: str
    dossier: str
    ref: str
    state: str
    fate: str = Field(
        description="ok, settled, overtaken (a later record went), behind (an older dead one is left out)"
    )
    payload_hash: str
    payload: str = Field(description="what would be sent, masked")
    address: str


class PreviewOut(Answer):
    """What a replay would do. Ask for ``selection`` as it stands here, and exactly these are meant."""

    dry_run: Literal[True] = True
    selection: dict[str, Any]
    key: str = Field(description="key of the replay of this selection, if none is given")
    total: int
    by_state: dict[str, int]
    by_procedure: dict[str, int]
    by_unit: dict[str, int]
    cannot_go: dict[str, int] = Field(description="how many would be passed over, by `fate`")
    first: tuple[CandidateOut, ...] = Field(description="the first twenty, in the order in which they would go")


class ReplayOut(Answer):
    """One replay and how far it has come."""

    id: int
    state: Literal["running", "done", "stopped"]
    selection: dict[str, Any]
    note: str
    per_second: int
    asked_by: str
    created_at: datetime
    ended_at: datetime | None
    total: int = Field(description="what the selection came to when it began")
    sent_again: int
    passed_over: int = Field(description="could not go: see `cannot_go` of a dry run")
    elsewhere: int = Field(description="moved otherwise before their turn came, as with an older one of their dossier")
    remaining: int
    correlation_id: str
    address: str


class ReplayPage(Answer):
    """One page, newest first. ``next`` is the address of the next page, or None at the end."""

    items: tuple[ReplayOut, ...]
    next: str | None


class DifferenceOut(Answer):
    """One field that the two sides have otherwise."""

    field: str
    ours: Any
    theirs: Any


class StepSideOut(Answer):
    """One promised step. ``place``: where it stands among the steps that the nation holds; None: not among them."""

    id: int
    ref: str
    place: int | None
    address: str


class SidesOut(Answer):
    """Both sides of a delivery, masked."""

    id: int
    dossier: str
    kind: str
    ref: str
    state: str
    ours: dict[str, Any]
    theirs: dict[str, Any] | None = Field(description="None: the nation holds nothing, or nobody can tell")
    theirs_text: str | None = Field(description="its answer as it came, where it is no readable object")
    source: Literal["live", "stored", "none"] = Field(description="asked now, the last answer that is kept, or none")
    at: datetime | None
    knowledge: str | None = Field(description="whether the nation has it: holds, lacks, cannot_tell (stored: unsure)")
    dossier_known: bool | None
    failure: str | None = Field(description="why there is no live answer")
    differences: tuple[DifferenceOut, ...]
    hidden: tuple[str, ...] = Field(description="fields that look alike, but are masked in part")
    steps: tuple[StepSideOut, ...] = Field(description="for a step: all promised steps of the dossier, in order")
    in_order: bool | None = Field(description="whether the promised steps that the nation holds stand in our order")


class SightingOut(Answer):
    """Answers of one shape that nobody had seen: the first example, and how often it came."""

    id: int
    target: str = Field(description="the destination that answered so")
    service: str = Field(description="the service that was called")
    shape: str = Field(description="e.g. html, empty, json {message}, code 77")
    example: str = Field(description="the first answer of this shape; personal values masked, cut to 2,000 characters")
    first_seen_at: datetime
    last_seen_at: datetime
    count: int


class SightingPage(Answer):
    """Shapes, newest first; ``next`` is the address of the next page."""

    items: tuple[SightingOut, ...]
    next: str | None
