"""Take dossiers and progress steps in: facts, promises to every target and audit entries in one transaction.

One record or a hundred go the same way. What is refused loses nothing and stops nobody: each record gets its
own answer, and its refusal is on record too.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app import observability, tracing
from app.domain.audit import AuditEntry, AuditKind
from app.domain.delivery import Target
from app.domain.dossier import DossierStatus, Snapshot, Standing, Step, StepTail, advance, advance_step
from app.domain.identifiers import parse_dossier_code
from app.domain.rulesets import LEGAL_BASIS, Purpose, rule_set_of
from app.domain.worktime import WorkingCalendar, legal_due, priority_at
from app.errors import Fault, Refusal, UnknownCode, UnknownDossier
from app.reference import ProcedureFacts
from app.store import audit, dossiers, outbox
from app.store.session import Row, WriteSession
from app.usecases.context import Caller, Context
from connectors.errors import Unmapped
from schemas.provincial import DossierIn, StepIn


@dataclass(frozen=True, slots=True)
class DossierRecord:
    """A snapshot as handed over, with the code it was addressed to."""

    code: str
    body: DossierIn


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A progress step as handed over, with the dossier it was addressed to."""

    code: str
    body: StepIn


Record = DossierRecord | StepRecord


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a record that was taken; the same record again gets the same one."""

    dossier: str
    ref: str
    content_hash: str
    accepted_at: datetime
    kind: str
    status: str


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


@dataclass(slots=True)
class _Batch:
    """Held state and planned writes of one transaction."""

    now: datetime
    calendar: WorkingCalendar
    held: dict[str, _Held]
    steps: dossiers.HeldSteps
    new: dict[str, Row] = field(default_factory=dict)
    changed: dict[str, Row] = field(default_factory=dict)
    step_rows: list[Row] = field(default_factory=list)
    tails: dict[str, StepTail] = field(default_factory=dict)
    promises: list[outbox.NewMessage] = field(default_factory=list)
    entries: list[AuditEntry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A record with everything worked out that needs no database; or the refusal it met on the way."""

    record: Record
    content: str
    content_hash: str
    wires: dict[Target, str]
    wire_hash: str
    refusal: Refusal | None = None


async def receive(
    context: Context, caller: Caller, records: Sequence[Record], correlation_id: str
) -> list[Receipt | Refusal]:
    """Take a batch in and answer each record in its place; answered means durable.

    Raises:
        AuditUnavailable: the log takes no entries, so nothing was taken.
        StoreBusy: the database did not take the transaction; nothing was taken.
    """
    prepared = [_prepare(context, record) for record in records]

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


def _prepare(context: Context, record: Record) -> _Prepared:
    content = record.body.model_dump_json(exclude_defaults=True, exclude={"type", "code", "dossier"})
    content_hash = _sha256(content)
    try:
        parse_dossier_code(record.code)
        encode = (
            _dossier_encoder(context, record) if isinstance(record, DossierRecord) else _step_encoder(context, record)
        )
        wires = {target: encode(target) for target in context.encoders}
    except Unmapped as error:
        fault = Fault(error.pointer, f"'{error.value}' has no code in '{error.table}'", error.table)
        refusal: Refusal = UnknownCode(fault.detail, faults=(fault,))
        return _Prepared(record, content, content_hash, {}, "", refusal)
    except Refusal as error:
        return _Prepared(record, content, content_hash, {}, "", error)
    return _Prepared(record, content, content_hash, wires, _sha256("\n".join(wires[t] for t in sorted(wires))))


def _dossier_encoder(context: Context, record: DossierRecord) -> Callable[[Target], str]:
    procedure, field_code = _known_codes(context, record.body)
    unit = context.catalogue.units[record.body.receiving_unit]
    return lambda target: context.encoders[target].dossier(record.code, record.body, procedure, field_code, unit)


def _step_encoder(context: Context, record: StepRecord) -> Callable[[Target], str]:
    return lambda target: context.encoders[target].step(record.code, record.body)


def _known_codes(context: Context, body: DossierIn) -> tuple[ProcedureFacts, str]:
    """Look every code up; all that are missing are named at once, so that one correction is enough."""
    catalogue, faults = context.catalogue, []
    procedure = catalogue.procedures.get(body.procedure.code)
    if procedure is None:
        faults.append(_missing("/procedure/code", body.procedure.code, "procedures"))
    if body.receiving_unit not in catalogue.units:
        faults.append(_missing("/receiving_unit", body.receiving_unit, "units"))
    field_code = (procedure.field_code if procedure else None) or body.procedure.field_code
    if procedure and procedure.field_code and body.procedure.field_code not in {None, procedure.field_code}:
        faults.append(_missing("/procedure/field_code", str(body.procedure.field_code), "procedures.field_code"))
    if procedure and field_code is None:
        faults.append(_missing("/procedure/field_code", "(none)", "procedures.field_code"))
    faults.extend(_unknown_papers(context, body, procedure))
    if faults or procedure is None or field_code is None:
        raise UnknownCode("; ".join(fault.detail for fault in faults), faults=tuple(faults))
    return procedure, field_code


def _unknown_papers(context: Context, body: DossierIn, procedure: ProcedureFacts | None) -> list[Fault]:
    results = context.catalogue.results
    listed = context.catalogue.components.get(procedure.code, {}) if procedure else {}
    wanted = [
        (f"/results/{i}/result_code", result.result_code, results, "results") for i, result in enumerate(body.results)
    ] + [
        (f"/components/{i}/replacing_result_code", part.replacing_result_code, results, "results")
        for i, part in enumerate(body.components)
        if part.replacing_result_code
    ]
    # A procedure whose components no source lists cannot be checked; one with a list is held to it.
    if listed:
        wanted += [
            (f"/components/{i}/component_code", part.component_code, listed, f"components of {body.procedure.code}")
            for i, part in enumerate(body.components)
            if part.component_code
        ]
    return [_missing(pointer, code, table) for pointer, code, held, table in wanted if code not in held]


def _missing(pointer: str, code: str, table: str) -> Fault:
    return Fault(pointer, f"'{code}' is not in the table '{table}'", table)


async def _take(
    context: Context, caller: Caller, prepared: Sequence[_Prepared], correlation_id: str, session: WriteSession
) -> list[Receipt | Refusal]:
    good = [item for item in prepared if item.refusal is None]
    batch = await _look_up(context, session, good)
    answers: list[Receipt | Refusal] = []
    for item in prepared:
        answer = item.refusal or _judge(caller, item, batch, correlation_id)
        answers.append(answer)
        batch.entries.append(_entry_of(context, caller, item, answer, batch, correlation_id))
    await dossiers.insert_dossiers(session, list(batch.new.values()))
    await dossiers.update_dossiers(session, list(batch.changed.values()))
    await dossiers.insert_steps(session, batch.step_rows)
    await dossiers.set_tails(session, batch.tails)
    await outbox.put(session, batch.promises, batch.now)
    await audit.append(session, batch.entries, batch.now)
    return answers


async def _look_up(context: Context, session: WriteSession, good: Sequence[_Prepared]) -> _Batch:
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
    for code, row in found.items():
        held[code] = _Held(
            row.snapshot, row.tail, row.procedure_code, row.unit_code, row.due_at, row.received_at, row.accepted_at
        )
    return _Batch(await session.now(), context.calendar, held, held_steps)


def _judge(caller: Caller, item: _Prepared, batch: _Batch, correlation_id: str) -> Receipt | Refusal:
    try:
        if isinstance(item.record, DossierRecord):
            return _judge_dossier(caller, item, item.record, batch, correlation_id)
        return _judge_step(item, item.record, batch, correlation_id)
    except Refusal as refusal:
        return refusal


def _judge_dossier(
    caller: Caller, item: _Prepared, record: DossierRecord, batch: _Batch, correlation_id: str
) -> Receipt:
    body, held = record.body, batch.held[record.code]
    coming = Snapshot(body.revision, DossierStatus(body.status.value), item.content_hash)
    standing = advance(held.snapshot, coming)
    if standing is not Standing.SAME:
        row = _dossier_row(caller, item, record, batch.now)
        if standing is Standing.NEW or record.code in batch.new:
            batch.new[record.code] = row | {"created_at": batch.now}
        else:
            batch.changed[record.code] = row
        held.snapshot, held.accepted_at = coming, batch.now
        held.procedure_code, held.unit_code = body.procedure.code, body.receiving_unit
        held.due_at, held.received_at = body.due_at, body.received_at
        _promise(item, held, batch, "dossier", str(body.revision), correlation_id)
    accepted_at = held.accepted_at or batch.now
    return Receipt(record.code, str(body.revision), item.content_hash, accepted_at, "dossier", body.status.value)


def _judge_step(item: _Prepared, record: StepRecord, batch: _Batch, correlation_id: str) -> Receipt:
    body, held = record.body, batch.held[record.code]
    if held.snapshot is None:
        message = f"dossier '{record.code}' was never handed over"
        raise UnknownDossier(message, faults=(Fault("/dossier", message),))
    coming = Step(body.step_id, DossierStatus(body.status.value), body.processed_at, item.content_hash, item.wire_hash)
    same_id = batch.steps.by_id.get((record.code, body.step_id))
    same_words = batch.steps.by_wire.get((record.code, item.wire_hash))
    standing = advance_step(held.tail, same_id[0] if same_id else None, same_words, coming)
    accepted_at = same_id[1] if same_id else batch.now
    if standing is Standing.NEW:
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
        _promise(item, held, batch, "step", body.step_id, correlation_id)
    return Receipt(record.code, body.step_id, item.content_hash, accepted_at, "step", body.status.value)


def _promise(item: _Prepared, held: _Held, batch: _Batch, kind: str, ref: str, correlation_id: str) -> None:
    status = DossierStatus(item.record.body.status.value)
    due = legal_due(batch.calendar, status, held.received_at or batch.now, held.due_at)
    batch.promises.extend(
        outbox.NewMessage(
            target=target,
            kind=kind,
            dossier_code=item.record.code,
            procedure_code=held.procedure_code,
            unit_code=held.unit_code,
            ref=ref,
            payload=payload,
            payload_hash=_sha256(payload),
            correlation_id=correlation_id,
            trace_context=tracing.TRACEPARENT.get(),
            due_at=priority_at(due, batch.now, batch.calendar),
        )
        for target, payload in item.wires.items()
    )


def _dossier_row(caller: Caller, item: _Prepared, record: DossierRecord, now: datetime) -> Row:
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
    context: Context, caller: Caller, item: _Prepared, answer: Receipt | Refusal, batch: _Batch, correlation_id: str
) -> AuditEntry:
    held = batch.held.get(item.record.code)
    refused = isinstance(answer, Refusal)
    kind = AuditKind.REFUSED if refused else AuditKind.RECEIVED
    detail: dict[str, object] = {"record": "dossier" if isinstance(item.record, DossierRecord) else "step"}
    if isinstance(answer, Refusal):
        detail["faults"] = [f"{fault.pointer}: {fault.table or answer.slug}" for fault in answer.faults]
    else:
        detail["ref"] = answer.ref
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
    return None if code is None else re.sub(r"[^\x20-\x7e]", "?", code)[:60]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
