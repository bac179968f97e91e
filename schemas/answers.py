"""What the REST door answers: receipts, dossiers, deliveries, the summary, problems (RFC 9457)."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """Base of the shapes we answer with."""

    model_config = ConfigDict(frozen=True)


class FaultOut(Answer):
    """One thing wrong. ``pointer`` is a JSON pointer (RFC 6901) into the record."""

    pointer: str
    detail: str
    table: str | None = None


class Problem(Answer):
    """A refusal: what is wrong, where, what to do. ``advice`` is Vietnamese, ``advice_en`` English."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str = Field(examples=["/problems/unknown-code"])
    title: str
    status: int
    detail: str
    advice: str
    advice_en: str
    errors: tuple[FaultOut, ...] = ()
    correlation_id: str | None = None


class ReceiptOut(Answer):
    """The record is durable and promised to the nation. The same record again gets the same answer."""

    dossier: str
    kind: str
    ref: str = Field(description="the revision of a dossier, the step_id of a step")
    status: str
    content_hash: str = Field(description="SHA-256 of the record as held")
    accepted_at: datetime
    address: str


class IntakeLineOut(Answer):
    """The answer to one line of an intake stream, in the place of the line."""

    line: int
    taken: bool
    receipt: ReceiptOut | None = None
    problem: Problem | None = None


class TextOut(Answer):
    """A sentence for people."""

    vi: str
    en: str


class DeliveryOut(Answer):
    """One delivery: what was promised to whom, where it stands, when it goes next."""

    id: int
    target: str
    kind: str
    dossier: str
    procedure: str
    unit: str
    ref: str
    state: str
    situation: str = Field(description="what has become of it, more exactly than the state; `meaning` says it in words")
    meaning: TextOut
    needs_person: bool = Field(description="nothing moves before a person acts")
    attempts: int
    failure_class: str | None = Field(
        description="temporary, permanent, technical, contract, unknown; none: no failure"
    )
    reason: str | None
    answer_code: str | None
    answer_message: str | None
    answer_field: str | None
    next_attempt_at: datetime | None
    held_because: str | None
    due_at: datetime
    correlation_id: str
    created_at: datetime
    settled_at: datetime | None
    decided_by: str | None
    decision_note: str | None
    address: str


class TryOut(Answer):
    """One attempt: masked request and answer, and how long it took."""

    at: datetime | None
    outcome: str
    code: str | None
    message: str | None
    service: str | None
    worker: str | None
    failure_class: str | None
    elapsed_ms: int | None
    queue_ms: int | None = Field(description="wait for a free connection")
    connect_ms: int | None = Field(description="making the connection; 0 when there was one")
    first_byte_ms: int | None = Field(description="from the last byte sent to the first byte read")
    http_status: int | None
    parcels: int | None = Field(description="how many records the call carried")
    request: str | None
    answer: str | None


class DeliveryDetail(DeliveryOut):
    """One delivery with every attempt, oldest first."""

    tries: tuple[TryOut, ...]


class DeliveryPage(Answer):
    """One page, newest first. ``next`` is the address of the next page, or None at the end."""

    items: tuple[DeliveryOut, ...]
    next: str | None


class TargetStanding(Answer):
    """Where a dossier stands with one national system."""

    target: str
    known_to_the_nation: bool
    lane_state: str
    held_because: str | None
    failed_attempts: int
    next_attempt_at: datetime | None
    last_answer: str | None
    pending: int


class DossierOut(Answer):
    """A dossier as held, and where it stands with each target."""

    code: str
    revision: int
    status: str
    procedure: str
    unit: str
    rule_set: str
    received_at: datetime
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    steps: int
    facts: dict[str, Any]
    targets: tuple[TargetStanding, ...]
    deliveries: tuple[DeliveryOut, ...]


class CountsOut(Answer):
    """A pair of counts."""

    dossiers: int
    steps: int


class RefusedOut(Answer):
    """How often the nation refused for one reason, with one example of its words."""

    target: str
    code: str | None
    field: str | None
    count: int
    example: str | None


class GroupOut(Answer):
    """Figures of one unit or procedure. ``received`` and ``known`` count dossiers; the others deliveries."""

    code: str
    received: int
    known: int
    waiting: int
    refused: int
    dead: int


class EResultGroup(Answer):
    """Resolved dossiers of one procedure at one unit, where the procedure yields a paper."""

    unit: str
    procedure: str
    resolved: int
    with_e_result: int
    share: float


class EResultsOut(Answer):
    """How many resolved dossiers have a legally valid electronic result; the law wants all (``target``)."""

    resolved: int
    with_e_result: int
    share: float | None = Field(description="None: no dossier of such a procedure is resolved")
    target: float = 1.0
    groups: tuple[EResultGroup, ...]


class ScansOut(Answer):
    """How often somebody looked before scanning, and how many scans that saved."""

    lookups: int
    scans_avoided: int
    share: float | None = Field(description="scans_avoided / lookups; None: nobody has looked")


class SummaryOut(Answer):
    """The state of the sync, derived from rows at ``at``."""

    at: datetime
    received: CountsOut
    known_to_the_nation: CountsOut
    deliveries: dict[str, dict[str, int]]
    waiting_by_age: dict[str, int]
    refused_by_reason: tuple[RefusedOut, ...]
    failing_by_class: dict[str, int]
    by_unit: tuple[GroupOut, ...]
    by_procedure: tuple[GroupOut, ...]
    e_results: EResultsOut
    scans: ScansOut


class AuditEntryOut(Answer):
    """One entry of the log."""

    id: int
    at: datetime
    kind: str
    outcome: str
    actor: str
    agency: str
    provider: str
    purpose: str
    legal_basis: str
    dossier_code: str | None
    procedure_code: str | None
    unit_code: str | None
    subject_ref: str | None
    payload_hash: str | None
    correlation_id: str
    detail: dict[str, Any]
    commitments: str | None = Field(
        default=None, description="salted commitments to personal values (JSON); see `/v1/audit/{id}/values`"
    )


class AuditPage(Answer):
    """One page, newest first. ``next`` is the address of the next page, or None at the end."""

    items: tuple[AuditEntryOut, ...]
    next: str | None


class ReadinessOut(Answer):
    """Whether the door can take records, and how each dependency is."""

    ready: bool
    dependencies: dict[str, dict[str, Any]]
