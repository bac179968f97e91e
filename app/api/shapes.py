"""Rows to published answers."""

from datetime import datetime
from typing import Any

from app.api.problems import problem_of
from app.domain.rulesets import VIETNAM
from app.domain.situation import NEEDS_PERSON, Situation
from app.errors import Refusal
from app.store.session import Row
from app.texts import situation_key, text
from app.usecases.receive import Receipt
from schemas.answers import (
    DeliveryDetail,
    DeliveryOut,
    DossierOut,
    IntakeLineOut,
    ReceiptOut,
    SummaryOut,
    TargetStanding,
    TextOut,
    TryOut,
)

# What PostgreSQL can hold and a person can read; anything else in an address is refused, not looked up.
PRINTABLE = r"^[\x20-\x7e\u00a0-\uffff]*$"
_MOVING = {"waiting", "unknown"}


def receipt(taken: Receipt) -> ReceiptOut:
    """The answer to a record that was taken."""
    return ReceiptOut(
        dossier=taken.dossier,
        kind=taken.kind,
        ref=taken.ref,
        status=taken.status,
        content_hash=taken.content_hash,
        accepted_at=taken.accepted_at,
        address=f"/v1/dossiers/{taken.dossier}",
    )


def intake_line(line: int, answer: Receipt | Refusal) -> IntakeLineOut:
    """The answer to one line of a stream."""
    if isinstance(answer, Refusal):
        return IntakeLineOut(line=line, taken=False, problem=problem_of(answer))
    return IntakeLineOut(line=line, taken=True, receipt=receipt(answer))


def meaning(key: str, **values: str) -> TextOut:
    """A sentence of the catalogue, filled in."""
    found = text(key)
    return TextOut(vi=found.vi.format(**values), en=found.en.format(**values))


def _at(value: datetime | None) -> str:
    return f"{value.astimezone(VIETNAM):%H:%M %d/%m/%Y}" if value else "…"


def _delivery_fields(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "target": row["target"],
        "kind": row["kind"],
        "dossier": row["dossier_code"],
        "procedure": row["procedure_code"],
        "unit": row["unit_code"],
        "ref": row["ref"],
        "state": row["state"],
        "situation": row["situation"],
        "meaning": meaning(situation_key(row["situation"], row["kind"]), at=_at(row["next_at"])),
        "needs_person": Situation(row["situation"]) in NEEDS_PERSON,
        "attempts": row["attempts"],
        "failure_class": row["failure_class"],
        "reason": row["reason"],
        "answer_code": row["answer_code"],
        "answer_message": row["answer_message"],
        "answer_field": row["answer_field"],
        "next_attempt_at": row["next_at"] if row["state"] in _MOVING else None,
        "held_because": row["hold_reason"] if row["state"] in _MOVING else None,
        "due_at": row["due_at"],
        "correlation_id": row["correlation_id"],
        "created_at": row["created_at"],
        "settled_at": row["settled_at"],
        "decided_by": row["decided_by"],
        "decision_note": row["decision_note"],
        "address": f"/v1/deliveries/{row['id']}",
    }


def delivery(row: Row) -> DeliveryOut:
    """One delivery."""
    return DeliveryOut(**_delivery_fields(row))


def delivery_detail(row: Row) -> DeliveryDetail:
    """One delivery with its attempts."""
    tries = tuple(TryOut(**{name: attempt[name] for name in TryOut.model_fields}) for attempt in row["tries"])
    return DeliveryDetail(**_delivery_fields(row), tries=tries)


def dossier(row: Row) -> DossierOut:
    """A dossier, and where it stands with each target."""
    deliveries = row["deliveries"]
    return DossierOut(
        code=row["code"],
        revision=row["revision"],
        status=row["status"],
        procedure=row["procedure_code"],
        unit=row["unit_code"],
        rule_set=row["rule_set"],
        received_at=row["received_at"],
        due_at=row["due_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        steps=row["steps"],
        facts=row["facts"],
        targets=tuple(_standing(lane, deliveries) for lane in row["lanes"]),
        deliveries=tuple(delivery(d) for d in deliveries),
    )


def _standing(lane: Row, deliveries: list[Row]) -> TargetStanding:
    ours = [d for d in deliveries if d["target"] == lane["target"]]
    answered = [d for d in ours if d["answer_message"]]
    return TargetStanding(
        target=lane["target"],
        known_to_the_nation=lane["known"],
        lane_state=lane["state"],
        held_because=lane["hold_reason"],
        failed_attempts=lane["attempts"],
        next_attempt_at=lane["next_at"],
        last_answer=max(answered, key=lambda d: d["settled_at"] or d["created_at"])["answer_message"]
        if answered
        else None,
        pending=sum(d["state"] in {"waiting", "sending", "unknown"} for d in ours),
    )


def summary(row: Row) -> SummaryOut:
    """The state of the sync."""
    return SummaryOut(**row)
