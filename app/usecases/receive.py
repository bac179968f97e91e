"""Take dossiers and progress steps in: facts, promises to every target and audit entries in one transaction.

One record or a hundred go the same way. What is refused loses nothing and stops nobody: each record gets its
own answer, and its refusal is on record too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app import observability
from app.domain.audit import AuditEntry, AuditKind
from app.domain.documents import Held, marks_of
from app.domain.dossier import DossierStatus, Snapshot, Standing, Step, StepTail, advance, advance_step
from app.domain.identifiers import hide_numbers, parse_dossier_code
from app.domain.rulesets import LEGAL_BASIS, Purpose, rule_set_of
from app.domain.worktime import WorkingCalendar
from app.errors import Fault, InvalidDossierCode, Refusal, UnknownDossier
from app.store import audit, documents, dossiers, outbox, owners, restoring
from app.store.owners import Owner
from app.store.session import Row, WriteSession
from app.usecases import gate, log_guard, papers, reach, requests
from app.usecases.context import Caller, Context
from app.usecases.gate import Gate
from app.usecases.promising import About, messages_of
from app.usecases.records import DossierRecord, Prepared, Receipt, Record, StepRecord, prepare, wires_of
from app.usecases.requests import Requests
from schemas.provincial import DossierIn, PaperKind

__all__ = ["DossierRecord", "Receipt", "Record", "StepRecord", "receive", "refuse"]


@dataclass(slots=True)
class _Held:
    """What is known of one dossier while a batch is judged: held rows, plus what the batch has added."""

    snapshot: Snapshot | None = None
    tail: StepTail | None = None
    procedure_code: str = ""
    unit_code: str = ""
    due_at: datetime | None = None
    received_at: datetime | None = None
    accepted_at: datetime | None = None
    documents: tuple[Held, ...] = ()
    databases: tuple[str, ...] = ()


@dataclass(slots=True)
class _Batch:
    """Held state and planned writes of one transaction."""

    now: datetime
    calendar: WorkingCalendar
    held: dict[str, _Held]
    steps: dossiers.HeldSteps
    gate: Gate
    requests: Requests
    restored_at: datetime | None
    owners: dict[str, Owner] = field(default_factory=dict)
    new: dict[str, Row] = field(default_factory=dict)
    changed: dict[str, Row] = field(default_factory=dict)
    step_rows: list[Row] = field(default_factory=list)
    tails: dict[str, StepTail] = field(default_factory=dict)
    promises: list[outbox.NewMessage] = field(default_factory=list)
    entries: list[AuditEntry] = field(default_factory=list)


async def receive(
    context: Context, caller: Caller, records: Sequence[Record], correlation_id: str
) -> list[Receipt | Refusal]:
    """Take a batch in and answer each record in its place; answered means durable.

    Raises:
        AuditUnavailable: the log takes no entries, or is not signed for too long, so nothing was taken.
        StoreBusy: the database did not take the transaction; nothing was taken.
    """
    await log_guard.require(context)
    prepared = [prepare(context, record) for record in records]

    async def work(session: WriteSession) -> list[Receipt | Refusal]:
        return await _take(context, caller, prepared, correlation_id, session)

    answers = await context.database.run(work)
    for answer in answers:
        if isinstance(answer, Refusal):
            answer.on_record = True
    told = [("record", answer.slug) if isinstance(answer, Refusal) else (answer.kind, "taken") for answer in answers]
    observability.tell_intake(told, correlation_id)
    return answers


async def refuse(
    context: Context, caller: Caller, refusal: Refusal, correlation_id: str, about: str | None = None
) -> None:
    """Put a refusal on record that happened before there was a record to judge (unreadable, no right)."""

    async def work(session: WriteSession) -> None:
        entry = _entry(caller, context.agency, AuditKind.REFUSED, refusal.slug, about, correlation_id)
        await audit.append(session, [entry], await session.now())

    await context.database.run(work)


async def _take(
    context: Context, caller: Caller, prepared: Sequence[Prepared], correlation_id: str, session: WriteSession
) -> list[Receipt | Refusal]:
    good = [item for item in prepared if item.refusal is None]
    batch = await _look_up(context, session, good)
    answers: list[Receipt | Refusal] = []
    for item in prepared:
        answer = item.refusal or _judge(context, caller, item, batch, correlation_id)
        answers.append(answer)
        batch.entries.append(_entry_of(context, caller, item, answer, batch, correlation_id))
    await _name_owners(session, batch)
    await dossiers.insert_dossiers(session, list(batch.new.values()))
    await dossiers.update_dossiers(session, list(batch.changed.values()))
    await batch.requests.write(session, batch.now)
    await dossiers.insert_steps(session, batch.step_rows)
    await dossiers.set_tails(session, batch.tails)
    await outbox.put(session, batch.promises, batch.now)
    await audit.append(session, batch.entries, batch.now)
    return answers


async def _look_up(context: Context, session: WriteSession, good: Sequence[Prepared]) -> _Batch:
    codes = sorted({item.record.code for item in good})
    await dossiers.lock(session, codes)
    found = await dossiers.load(session, codes)
    step_items = [item for item in good if isinstance(item.record, StepRecord)]
    held_steps = await dossiers.load_steps(
        session,
        [(item.record.code, item.record.body.step_id) for item in step_items if isinstance(item.record, StepRecord)],
        [(item.record.code, item.wire_hash) for item in step_items],
    )
    held = {code: _Held() for code in codes}
    kept = await documents.held_of(session, sorted(found), context.papers.public_url) if found else {}
    matched = await owners.matched(session, found.keys())
    for code, row in found.items():
        held[code] = _Held(
            row.snapshot,
            row.tail,
            row.procedure_code,
            row.unit_code,
            row.due_at,
            row.received_at,
            row.accepted_at,
            tuple(kept.get(code, ())),
            (papers.POPULATION,) if code in matched else (),
        )
    rule = await gate.load(context, session, {item.record.body.status.value for item in good})
    now = await session.now()
    bodies = [item.record.body for item in good if isinstance(item.record, DossierRecord)]
    asked = await requests.load(context, session, bodies, found.keys())
    restored_at = await restoring.newest_at(session) if step_items else None
    return _Batch(now, context.calendar, held, held_steps, rule, asked, restored_at)


async def _name_owners(session: WriteSession, batch: _Batch) -> None:
    """Say of each dossier that was taken whose it is."""
    ids = await owners.ids_of(session, set(batch.owners.values()), lambda: papers.new_id(batch.now), batch.now)
    for code, row in [*batch.new.items(), *batch.changed.items()]:
        row["subject_id"] = ids.get(batch.owners.get(code, ("", "")))


def _owner(body: DossierIn) -> Owner | None:
    """Whom a dossier is found by: a person by the personal number where there is one."""
    order = (PaperKind.PERSONAL_NUMBER, PaperKind.OLD_IDENTITY_NUMBER, PaperKind.TAX_NUMBER)
    found = sorted(body.applicant.identities, key=lambda paper: order.index(paper.kind))
    return (found[0].kind.value, found[0].number) if found else None


def _judge(context: Context, caller: Caller, item: Prepared, batch: _Batch, correlation_id: str) -> Receipt | Refusal:
    try:
        if isinstance(item.record, DossierRecord):
            return _judge_dossier(context, caller, item, item.record, batch, correlation_id)
        return _judge_step(context, caller, item, item.record, batch, correlation_id)
    except Refusal as refusal:
        return refusal


def _judge_dossier(
    context: Context, caller: Caller, item: Prepared, record: DossierRecord, batch: _Batch, correlation_id: str
) -> Receipt:
    body, held = record.body, batch.held[record.code]
    reach.require_record(context, caller, record.code, body.receiving_unit, held.unit_code)
    coming = Snapshot(body.revision, DossierStatus(body.status.value), item.content_hash)
    standing = advance(held.snapshot, coming)
    if standing is not Standing.SAME:
        batch.gate.check(body.receiving_unit, body.procedure.code, body.status.value, held.documents)
        batch.requests.judge(record.code, body, held.documents, batch.now)
        row = _dossier_row(caller, item, record, batch.now)
        batch.owners.pop(record.code, None)
        if owner := _owner(body):
            batch.owners[record.code] = owner
        if standing is Standing.NEW or record.code in batch.new:
            batch.new[record.code] = row | {"created_at": batch.now}
        else:
            batch.changed[record.code] = row
        held.snapshot, held.accepted_at = coming, batch.now
        held.procedure_code, held.unit_code = body.procedure.code, body.receiving_unit
        held.due_at, held.received_at = body.due_at, body.received_at
        if held.documents or held.databases:
            marks = marks_of(held.documents, held.databases)
            item = replace(item, wires=dict(wires_of(context, record.code, body, marks)))
        _promise(item, held, batch, "dossier", str(body.revision), correlation_id)
    accepted_at = held.accepted_at or batch.now
    return Receipt(record.code, str(body.revision), item.content_hash, accepted_at, "dossier", body.status.value)


def _judge_step(
    context: Context, caller: Caller, item: Prepared, record: StepRecord, batch: _Batch, correlation_id: str
) -> Receipt:
    body, held = record.body, batch.held[record.code]
    if held.snapshot is None or not reach.holds(context, caller, held.unit_code):
        message = f"dossier '{record.code}' was never handed over"
        raise UnknownDossier(message, faults=(Fault("/dossier", message),))
    coming = Step(body.step_id, DossierStatus(body.status.value), body.processed_at, item.content_hash, item.wire_hash)
    same_id = batch.steps.by_id.get((record.code, body.step_id))
    same_words = batch.steps.by_wire.get((record.code, item.wire_hash))
    standing = advance_step(held.tail, same_id[0] if same_id else None, same_words, coming)
    accepted_at = same_id[1] if same_id else batch.now
    if standing is Standing.NEW:
        batch.gate.check(held.unit_code, held.procedure_code, body.status.value, held.documents)
        held.tail = StepTail(coming.status, coming.processed_at)
        batch.tails[record.code] = held.tail
        batch.steps.by_id[record.code, body.step_id] = (coming, batch.now)
        batch.steps.by_wire[record.code, item.wire_hash] = body.step_id
        batch.step_rows.append(
            {
                "dossier_code": record.code,
                "step_id": body.step_id,
                "content_hash": item.content_hash,
                "wire_hash": item.wire_hash,
                "status": body.status.value,
                "processed_at": body.processed_at,
                "facts": item.content,
                "created_at": batch.now,
            }
        )
        # A step from before a restore may have gone in the time that was lost, and must not stand there twice.
        lost = batch.restored_at is not None and body.processed_at <= batch.restored_at
        _promise(item, held, batch, "step", body.step_id, correlation_id, batch.now if lost else None)
    return Receipt(record.code, body.step_id, item.content_hash, accepted_at, "step", body.status.value)


def _promise(
    item: Prepared,
    held: _Held,
    batch: _Batch,
    kind: str,
    ref: str,
    correlation_id: str,
    doubtful_since: datetime | None = None,
) -> None:
    about = About(
        item.record.code,
        held.procedure_code,
        held.unit_code,
        DossierStatus(item.record.body.status.value),
        held.received_at,
        held.due_at,
    )
    batch.promises.extend(
        messages_of(
            about,
            item.wires,
            kind=kind,
            ref=ref,
            correlation_id=correlation_id,
            calendar=batch.calendar,
            now=batch.now,
            doubtful_since=doubtful_since,
        )
    )


def _dossier_row(caller: Caller, item: Prepared, record: DossierRecord, now: datetime) -> Row:
    body = record.body
    return {
        "code": record.code,
        "revision": body.revision,
        "content_hash": item.content_hash,
        "status": body.status.value,
        "procedure_code": body.procedure.code,
        "unit_code": body.receiving_unit,
        "channel": body.channel.value,
        "rule_set": rule_set_of(body.received_at).id,
        "received_at": body.received_at,
        "due_at": body.due_at,
        "facts": item.content,
        "source": caller.name,
        "updated_at": now,
    }


def _entry_of(
    context: Context, caller: Caller, item: Prepared, answer: Receipt | Refusal, batch: _Batch, correlation_id: str
) -> AuditEntry:
    held = batch.held.get(item.record.code)
    refused = isinstance(answer, Refusal)
    kind = AuditKind.REFUSED if refused else AuditKind.RECEIVED
    detail: dict[str, object] = {"record": "dossier" if isinstance(item.record, DossierRecord) else "step"}
    if isinstance(answer, Refusal):
        detail["faults"] = [f"{fault.pointer}: {fault.table or answer.slug}" for fault in answer.faults]
    else:
        detail |= {"ref": answer.ref, "status": answer.status}
    return _entry(
        caller,
        context.agency,
        kind,
        answer.slug if isinstance(answer, Refusal) else "taken",
        item.record.code,
        correlation_id,
        procedure_code=(held.procedure_code or None) if held else None,
        unit_code=(held.unit_code or None) if held else None,
        payload_hash=item.content_hash,
        detail=detail,
    )


def _entry(
    caller: Caller,
    agency: str,
    kind: AuditKind,
    outcome: str,
    dossier_code: str | None,
    correlation_id: str,
    **more: object,
) -> AuditEntry:
    return AuditEntry(
        kind=kind,
        outcome=outcome,
        actor=caller.name,
        agency=caller.agency or agency,
        purpose=Purpose.INTAKE.value,
        legal_basis=LEGAL_BASIS[Purpose.INTAKE],
        correlation_id=correlation_id,
        dossier_code=_printable(dossier_code),
        **more,  # type: ignore[arg-type]
    )


def _printable(code: str | None) -> str | None:
    """What was given as a dossier code, fit for the log: a refused one may hold what no database takes."""
    if code is None:
        return None
    shown = re.sub(r"[^\x20-\x7e]", "?", code)[:60]
    try:
        parse_dossier_code(shown)
    except InvalidDossierCode:
        # Somebody's number may have been put in this place.
        return hide_numbers(shown)
    return shown
