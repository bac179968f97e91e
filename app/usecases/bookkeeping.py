"""What is written down of a delivery round: states, attempts, calls, audit entries, figures."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app import observability
from app.domain.audit import AuditEntry, AuditKind
from app.domain.breaker import GateState
from app.domain.delivery import NATIONAL, DeliveryState, HoldReason
from app.domain.events import EventKind, Phase, transitions
from app.domain.failures import class_of
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.store import audit, gates, keeping, outbox, owners, sightings
from app.store.outbox import LoadedMessage, Settlement
from app.store.session import ReadSession, Row, WriteSession
from app.store.sightings import Sighting
from app.usecases import events
from app.usecases.events import DeliveryOutcome
from app.usecases.round import CallNote, Round
from app.usecases.trip import AttemptNote, ProbeNote, by_lane
from connectors.base import Accepted, Kind, Knowledge, Outcome, Rejected, TryLater, Unknown

_TOLD = frozenset(
    {
        DeliveryState.DELIVERED,
        DeliveryState.REJECTED,
        DeliveryState.DEAD,
        DeliveryState.UNKNOWN,
        DeliveryState.SUPERSEDED,
    }
)
_PROBED = {
    Knowledge.HOLDS: "probe_holds",
    Knowledge.LACKS: "probe_lacks",
    Knowledge.CANNOT_TELL: "probe_unsure",
}


async def write(session: WriteSession, round_: Round, ours: set[int]) -> None:
    """Write states of lanes that are still ours; attempts and audit in any case, since the exchange did happen."""
    now = await session.now()
    settlements = [s for s in round_.trip.settlements.values() if s.lane_id in ours]
    await outbox.settle(session, settlements, now)
    # Beside the records that say so: a crash before the lane is let go must not leave its steps without a dossier.
    known = {s.lane_id for s in settlements if s.state is DeliveryState.DELIVERED and _is_dossier(round_, s)}
    await outbox.learn(session, sorted(known))
    attempts = [*_attempt_rows(round_.trip.notes), *_probe_rows(round_.trip.probed)]
    await outbox.keep_attempts(session, [_call_row(round_, c) for c in round_.calls], attempts)
    await audit.append(session, _results(round_), now)
    told = [_outcome(round_, s) for s in settlements if s.state in _TOLD]
    told += [
        replace(_standing(round_, lane.orphan, DeliveryState.WAITING), orphaned=True)
        for lane in round_.trip.lanes.values()
        if lane.orphan is not None and lane.lane.id in ours
    ]
    await events.tell_outcomes(session, told, now)
    await _note_strange(session, round_, now)


def _is_dossier(round_: Round, settled: Settlement) -> bool:
    return round_.trip.loaded[settled.message_id].kind == Kind.DOSSIER.value


def _outcome(round_: Round, settled: Settlement) -> DeliveryOutcome:
    return replace(
        _standing(round_, round_.trip.loaded[settled.message_id], settled.state),
        undecided=round_.trip.lanes[settled.lane_id].hold is HoldReason.UNDECIDED,
        failure_class=settled.failure_class,
        reason=settled.reason,
        code=settled.code,
        message=settled.message,
        field=settled.field,
    )


def _standing(round_: Round, message: LoadedMessage, state: DeliveryState) -> DeliveryOutcome:
    return DeliveryOutcome(
        message_id=message.id,
        destination=round_.key,
        kind=message.kind,
        dossier_code=message.dossier_code,
        procedure_code=message.procedure_code,
        unit_code=message.unit_code,
        ref=message.ref,
        state=state,
        correlation_id=message.correlation_id,
    )


async def _note_strange(session: WriteSession, round_: Round, now: datetime) -> None:
    """An answer of a shape nobody has seen is kept with an example, and told once."""
    seen = [
        Sighting(round_.key, call.exchange.service, call.exchange.strange.shape, call.exchange.strange.example)
        for call in round_.calls
        if call.exchange.strange is not None
    ]
    for new in await sightings.note(session, seen, now):
        subject = f"{new.target}:{new.service}:{new.shape}"[:100]
        detail: dict[str, object] = {"service": new.service, "shape": new.shape}
        await events.tell_transition(
            session, EventKind.CONTRACT_NEW, Phase.STARTED, subject=subject, target=new.target, detail=detail, now=now
        )


async def report_to_gate(session: WriteSession, round_: Round, now: datetime) -> None:
    """Tell the gate that all workers share how the calls of this round went, and people when it opens or closes."""
    policy, failure = round_.policy.breaker, round_.last_failure
    if policy is None or not (round_.good or round_.bad):
        return
    before, after = await gates.record(
        session,
        round_.key,
        policy,
        good=round_.good,
        bad=round_.bad,
        now=now,
        begun_at=round_.claimed_at,
        reason=failure.reason if failure else None,
        message=failure.message if failure else None,
        retry_after_seconds=failure.retry_after_seconds if isinstance(failure, TryLater) else None,
    )
    delivered = sum(s.state is DeliveryState.DELIVERED for s in round_.trip.settlements.values())
    if delivered:
        seconds = (now - round_.claimed_at).total_seconds()
        await gates.note_rate(session, round_.key, delivered=delivered, seconds=seconds, now=now)
    if before.state is after.state and before.trips == after.trips:
        return
    reason = failure.reason if failure and after.state is GateState.OPEN else None
    for kind, phase in transitions(before, after):
        detail: dict[str, object] = {"reason": reason} if reason else {}
        await events.tell_transition(
            session, kind, phase, subject=round_.key, target=round_.key, detail=detail, now=now
        )
    if before.state is GateState.TRIAL and after.state in {GateState.RAMP, GateState.CLOSED}:
        await keeping.wake(session, round_.key, now)
        await keeping.ask_again(session, round_.key, now)


def _call_row(round_: Round, call: CallNote) -> Row:
    exchange = call.exchange
    return {
        "id": call.id,
        "target": round_.key,
        "service": exchange.service,
        "worker": round_.worker,
        "at": call.at,
        "elapsed_ms": round(exchange.elapsed_seconds * 1000),
        "parcels": call.parcels,
        "http_status": exchange.http_status,
        "request": exchange.request,
        "answer": exchange.answer,
        "queue_ms": _ms(exchange.timing.queue_seconds),
        "connect_ms": _ms(exchange.timing.connect_seconds),
        "first_byte_ms": _ms(exchange.timing.first_byte_seconds),
    }


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _probe_rows(notes: Sequence[ProbeNote]) -> list[Row]:
    return [
        {
            "message_id": note.message.id,
            "call_id": note.call_id,
            "outcome": _PROBED[note.knowledge],
            "code": None,
            "message": None,
            "failure_class": None,
        }
        for note in notes
    ]


def _attempt_rows(notes: Sequence[AttemptNote]) -> list[Row]:
    return [
        {
            "message_id": note.message.id,
            "call_id": note.call_id,
            "outcome": type(note.outcome).__name__.lower(),
            "code": getattr(note.outcome, "code", None) or getattr(note.outcome, "reason", None),
            "message": (getattr(note.outcome, "message", "") or "")[:1000] or None,
            "failure_class": _class_of(note.outcome),
        }
        for note in notes
    ]


def _entry(round_: Round, kind: AuditKind, code: str, outcome: str, **more: object) -> AuditEntry:
    return AuditEntry(
        kind=kind,
        outcome=outcome,
        actor=f"worker:{round_.worker}",
        agency=round_.context.agency,
        provider=round_.key,
        purpose=Purpose.SYNC_TO_PORTAL.value,
        legal_basis=LEGAL_BASIS[Purpose.SYNC_TO_PORTAL],
        dossier_code=code,
        **more,  # type: ignore[arg-type]
    )


async def intents(session: ReadSession, round_: Round) -> list[AuditEntry]:
    """One entry a dossier before anything leaves the house: no entry, no exchange.

    Where a snapshot goes to the nation, the entry commits to whose it is; steps and news name no person.
    """
    entries, whole = [], set()
    if session.keys is not None and round_.key in NATIONAL:
        whole = {each.dossier_code for each in round_.trip.loaded.values() if each.kind == Kind.DOSSIER.value}
    whose = await owners.applicants(session, whole)
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
                personal=whose.get(first.dossier_code),
            )
        )
    return entries


def _results(round_: Round) -> list[AuditEntry]:
    """One entry a dossier and call for what came of it, and one a probe."""
    groups: dict[tuple[str, str], list[AttemptNote]] = {}
    for note in round_.trip.notes:
        groups.setdefault((note.call_id, note.message.dossier_code), []).append(note)
    entries = []
    wires = {call.id: call.exchange.facts() for call in round_.calls}
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
                detail={
                    "call": call_id,
                    "messages": [[n.message.id, _outcome_name(n.outcome)] for n in notes],
                    "wire": wires.get(call_id, {}),
                },
            )
        )
    for probe in round_.probes:
        first, detail = probe.first, {"call": probe.call.id, "wire": probe.call.exchange.facts()}
        entries.append(
            _entry(
                round_,
                AuditKind.PROBE,
                first.dossier_code,
                probe.knowledge[:40],
                procedure_code=first.procedure_code,
                unit_code=first.unit_code,
                correlation_id=first.correlation_id,
                detail=detail,
            )
        )
    return entries


def _class_of(outcome: Outcome) -> str | None:
    if isinstance(outcome, Rejected):
        return class_of("refused").value
    return class_of(outcome.reason).value if isinstance(outcome, TryLater | Unknown) else None


def _outcome_name(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()


def count(round_: Round) -> None:
    """Count outcomes and call times; after the commit, so that nothing is counted twice."""
    target, now = round_.destination.target.value, round_.now()
    for note in round_.trip.notes:
        failure = _class_of(note.outcome) or "none"
        observability.DELIVERIES.labels(target, _outcome_name(note.outcome), failure).inc()
        if isinstance(note.outcome, Accepted):
            observability.DELIVERY_SECONDS.labels(target).observe((now - note.message.created_at).total_seconds())
    for probe in round_.trip.probed:
        observability.PROBES.labels(target, probe.knowledge.value).inc()
    for call in round_.calls:
        exchange = call.exchange
        observability.CALL_SECONDS.labels(target, exchange.service).observe(exchange.elapsed_seconds)
        phases = {
            "queue": exchange.timing.queue_seconds,
            "connect": exchange.timing.connect_seconds,
            "first_byte": exchange.timing.first_byte_seconds,
            "total": exchange.elapsed_seconds,
        }
        for phase, seconds in phases.items():
            if seconds is not None:
                observability.CALL_PHASE_SECONDS.labels(target, phase).observe(seconds)
