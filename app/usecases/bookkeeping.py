"""What is written down of a delivery round: states, attempts, calls, audit entries, figures."""

from collections.abc import Sequence

from app import observability
from app.domain.audit import AuditEntry, AuditKind
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.store import audit, outbox
from app.store.session import Row, WriteSession
from app.usecases.round import CallNote, Round
from app.usecases.trip import AttemptNote, by_lane
from connectors.base import Outcome


async def write(session: WriteSession, round_: Round, ours: set[int]) -> None:
    """Write states of lanes that are still ours; attempts and audit in any case, since the exchange did happen."""
    now = await session.now()
    settlements = [s for s in round_.trip.settlements.values() if s.lane_id in ours]
    await outbox.settle(session, settlements, now)
    await outbox.keep_attempts(session, [_call_row(round_, c) for c in round_.calls], _attempt_rows(round_.trip.notes))
    await audit.append(session, _results(round_), now)


def _call_row(round_: Round, call: CallNote) -> Row:
    exchange = call.exchange
    return {
        "id": call.id,
        "target": round_.target.value,
        "service": exchange.service,
        "worker": round_.worker,
        "at": call.at,
        "elapsed_ms": round(exchange.elapsed_seconds * 1000),
        "parcels": call.parcels,
        "http_status": exchange.http_status,
        "request": exchange.request,
        "answer": exchange.answer,
    }


def _attempt_rows(notes: Sequence[AttemptNote]) -> list[Row]:
    return [
        {
            "message_id": note.message.id,
            "call_id": note.call_id,
            "outcome": type(note.outcome).__name__.lower(),
            "code": getattr(note.outcome, "code", None) or getattr(note.outcome, "reason", None),
            "message": (getattr(note.outcome, "message", "") or "")[:1000] or None,
        }
        for note in notes
    ]


def _entry(round_: Round, kind: AuditKind, code: str, outcome: str, **more: object) -> AuditEntry:
    return AuditEntry(
        kind=kind,
        outcome=outcome,
        actor=f"worker:{round_.worker}",
        agency=round_.context.agency,
        provider=round_.target.value,
        purpose=Purpose.SYNC_TO_PORTAL.value,
        legal_basis=LEGAL_BASIS[Purpose.SYNC_TO_PORTAL],
        dossier_code=code,
        **more,  # type: ignore[arg-type]
    )


def intents(round_: Round) -> list[AuditEntry]:
    """One entry a dossier before anything leaves the house: no entry, no exchange."""
    entries = []
    for group in by_lane(round_.trip.loaded.values()):
        first = group[0]
        entries.append(
            _entry(
                round_,
                AuditKind.EXCHANGE_STARTED,
                first.dossier_code,
                "claimed",
                procedure_code=first.procedure_code,
                unit_code=first.unit_code,
                correlation_id=first.correlation_id,
                detail={"messages": [[m.id, m.payload_hash] for m in group]},
            )
        )
    return entries


def _results(round_: Round) -> list[AuditEntry]:
    """One entry a dossier and call for what came of it, and one a probe."""
    groups: dict[tuple[str, str], list[AttemptNote]] = {}
    for note in round_.trip.notes:
        groups.setdefault((note.call_id, note.message.dossier_code), []).append(note)
    entries = []
    for (call_id, code), notes in groups.items():
        first = notes[0].message
        outcomes = {_outcome_name(note.outcome) for note in notes}
        entries.append(
            _entry(
                round_,
                AuditKind.EXCHANGE_ENDED,
                code,
                outcomes.pop() if len(outcomes) == 1 else "mixed",
                procedure_code=first.procedure_code,
                unit_code=first.unit_code,
                correlation_id=first.correlation_id,
                payload_hash=first.payload_hash if len(notes) == 1 else None,
                detail={"call": call_id, "messages": [[n.message.id, _outcome_name(n.outcome)] for n in notes]},
            )
        )
    for code, call, knowledge in round_.probes:
        detail: dict[str, object] = {"call": call.id}
        entries.append(_entry(round_, AuditKind.PROBE, code, knowledge[:40], correlation_id=call.id, detail=detail))
    return entries


def _outcome_name(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()


def count(round_: Round) -> None:
    """Count outcomes and call times; after the commit, so that nothing is counted twice."""
    for note in round_.trip.notes:
        observability.DELIVERIES.labels(round_.target.value, _outcome_name(note.outcome)).inc()
    for call in round_.calls:
        observability.CALL_SECONDS.labels(round_.target.value, call.exchange.service).observe(
            call.exchange.elapsed_seconds
        )
