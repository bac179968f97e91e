"""What is put on record of every fact, exchange, decision and refusal (``docs/requirements.csv`` C10, D-1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class AuditKind(StrEnum):
    """What happened."""

    RECEIVED = "received"
    REFUSED = "refused"
    EXCHANGE_STARTED = "exchange_started"
    EXCHANGE_ENDED = "exchange_ended"
    PROBE = "probe"
    PERSON_ASKED = "person_asked"
    PERSON_ANSWERED = "person_answered"
    OPERATION = "operation"
    TOKEN = "token"  # noqa: S105 - a kind of event
    ACCOUNT = "account"
    SESSION = "session"
    LOG_ACCESS = "log_access"
    CONFIGURATION = "configuration"
    DOSSIER_READ = "dossier_read"
    DOCUMENT = "document"
    DOCUMENT_READ = "document_read"
    DOCUMENT_LOOKUP = "document_lookup"
    ONCE_ONLY = "once_only"
    PREFILL = "prefill"
    ANOMALY = "anomaly"
    ERASURE = "erasure"
    RETENTION = "retention"


@dataclass(frozen=True, slots=True)
class Personal:
    """Values of one person that an entry speaks of, by name, flat; ``subject`` is the id of whom they are about."""

    subject: str
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: the caller's network address; once it is known, how it showed who it is.

    ``roles`` are a person's; software has none.
    """

    address: str
    auth: str | None = None
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry. Its columns never hold personal values: a reference, a hash, a code, or nothing.

    ``actor`` is who did it (a token's name, a worker), ``agency`` for whom, ``provider`` whose data or system.
    ``detail`` is small; it is stored as JSON. Of what a request led to, the store adds its ``origin``. ``personal`` is
    committed to, and kept beside under a key of the person's own; without a master key nothing of it is written.
    """

    kind: AuditKind
    outcome: str
    actor: str
    agency: str
    purpose: str
    legal_basis: str
    correlation_id: str
    provider: str = "lienthong"
    dossier_code: str | None = None
    procedure_code: str | None = None
    unit_code: str | None = None
    subject_ref: str | None = None
    payload_hash: str | None = None
    detail: dict[str, object] = field(default_factory=dict)
    personal: Personal | None = None
