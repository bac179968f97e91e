"""Ready-made values for tests: each has everything that is needed, and a test names only what it is about.

Codes follow the legal form of dossier codes; times lie around ``NOW``, aware and in UTC.
"""

import hashlib
from datetime import UTC, datetime, timedelta

from app.domain.audit import AuditEntry, AuditKind, Personal
from app.domain.delivery import Target
from app.store.outbox import NewMessage
from app.store.session import Row

NOW = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
UNIT = "H15.16"
PROCEDURE = "1.004194"


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = NOW) -> None:
        """Start at ``at``."""
        self._at = at

    def now(self) -> datetime:
        """The time it was moved to."""
        return self._at

    def advance(self, seconds: float) -> datetime:
        """Move on (or back, below zero), and give the new time."""
        self._at += timedelta(seconds=seconds)
        return self._at


def dossier_code(serial: int = 1) -> str:
    """A dossier code: ``H15.16-260701-0001`` for 1."""
    return f"{UNIT}-260701-{serial:04d}"


def digest(text: str) -> str:
    """A hash as the store keeps them: 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def snapshot_message(
    code: str | None = None,
    *,
    revision: int = 1,
    procedure_code: str = PROCEDURE,
    unit_code: str = UNIT,
    due_at: datetime = NOW + timedelta(days=10),
    correlation_id: str = "c-1",
) -> NewMessage:
    """A promise to tell the portal of a dossier's snapshot; ``ref`` is the revision."""
    code = code or dossier_code()
    payload = f'{{"code":"{code}","revision":{revision}}}'
    return NewMessage(
        Target.PORTAL,
        "dossier",
        code,
        procedure_code,
        unit_code,
        str(revision),
        payload,
        digest(payload),
        correlation_id,
        due_at,
    )


def step_message(
    code: str | None = None,
    *,
    step_id: str = "s-1",
    procedure_code: str = PROCEDURE,
    unit_code: str = UNIT,
    due_at: datetime = NOW + timedelta(days=10),
    correlation_id: str = "c-1",
) -> NewMessage:
    """A promise to tell the portal of a progress step; ``ref`` is the step's id."""
    code = code or dossier_code()
    payload = f'{{"dossier":"{code}","step":"{step_id}"}}'
    return NewMessage(
        Target.PORTAL,
        "step",
        code,
        procedure_code,
        unit_code,
        step_id,
        payload,
        digest(payload),
        correlation_id,
        due_at,
    )


def dossier_row(
    code: str | None = None,
    *,
    revision: int = 1,
    status: str = "received",
    procedure_code: str = PROCEDURE,
    unit_code: str = UNIT,
    received_at: datetime = NOW,
    due_at: datetime | None = NOW + timedelta(days=10),
) -> Row:
    """A row of ``dossiers``."""
    code = code or dossier_code()
    facts = f'{{"code":"{code}","revision":{revision}}}'
    return {
        "code": code,
        "revision": revision,
        "content_hash": digest(facts),
        "status": status,
        "procedure_code": procedure_code,
        "unit_code": unit_code,
        "channel": "direct",
        "rule_set": "one-stop-2025-367",
        "received_at": received_at,
        "due_at": due_at,
        "facts": facts,
        "source": "one-stop",
        "last_step_status": None,
        "last_step_at": None,
        "created_at": NOW,
        "updated_at": NOW,
    }


def step_row(
    code: str | None = None, *, step_id: str = "s-1", status: str = "processing", processed_at: datetime = NOW
) -> Row:
    """A row of ``steps``; its hashes follow from the dossier and the step's id."""
    code = code or dossier_code()
    facts = f'{{"dossier":"{code}","step":"{step_id}"}}'
    return {
        "dossier_code": code,
        "step_id": step_id,
        "content_hash": digest(facts),
        "wire_hash": digest(f"wire {facts}"),
        "status": status,
        "processed_at": processed_at,
        "facts": facts,
        "created_at": NOW,
    }


def call_row(call_id: str = "call-1", *, at: datetime = NOW, http_status: int | None = 200) -> Row:
    """A row of ``calls``: one request to the portal and its answer."""
    return {
        "id": call_id,
        "target": Target.PORTAL.value,
        "service": "DongBoHoSoMC",
        "worker": "w-1",
        "at": at,
        "elapsed_ms": 12,
        "parcels": 1,
        "http_status": http_status,
        "request": "{}",
        "answer": "{}",
    }


def attempt_row(message_id: int, *, call_id: str = "call-1", outcome: str = "accepted") -> Row:
    """A row of ``attempts``: what one call did to one message."""
    return {"message_id": message_id, "call_id": call_id, "outcome": outcome, "code": None, "message": None}


def audit_entry(
    kind: AuditKind = AuditKind.RECEIVED,
    *,
    outcome: str = "new",
    actor: str = "one-stop",
    dossier_code: str | None = None,
    detail: dict[str, object] | None = None,
    personal: Personal | None = None,
) -> AuditEntry:
    """An entry of the log."""
    return AuditEntry(
        kind=kind,
        outcome=outcome,
        actor=actor,
        agency="Lâm Đồng",
        purpose="intake",
        legal_basis="NĐ 118/2025/NĐ-CP",
        correlation_id="c-1",
        dossier_code=dossier_code,
        detail=detail or {},
        personal=personal,
    )


def token_row(name: str = "one-stop", *, scopes: str = "intake") -> Row:
    """A row of ``tokens``; the hash is of the name."""
    return {
        "name": name,
        "agency": "Lâm Đồng",
        "secret_hash": digest(name),
        "scopes": scopes,
        "created_at": NOW,
        "revoked_at": None,
    }
