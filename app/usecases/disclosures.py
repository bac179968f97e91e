"""Right to know: what is on record about a person's data, a receipt of each disclosure, and what is told later."""

import json
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar

from app.domain.audit import AuditEntry, AuditKind
from app.domain.disclosure import LOG, Disclosure, disclosure_of, is_hidden, kept_back_by
from app.domain.merkle import leaf_hash
from app.domain.rulesets import LEGAL_BASIS, VIETNAM, Purpose
from app.errors import Fault, InvalidRecord, UnknownDisclosure, UnknownDossier, UnknownLogPart, UnknownSubject
from app.store import audit, disclosures, documents, dossiers, log_reading
from app.store.reach import Units
from app.store.session import ReadSession, Row, WriteSession
from app.texts import text
from app.tlog import Receipt, Signer, issue_receipt
from app.tlog.receipt import FROM_ENTRY
from app.usecases import prove_log, reach
from app.usecases.archives import Shelf
from app.usecases.context import Caller, Context
from app.usecases.log_lies import Lies
from app.usecases.prove_log import NoProof, Proof
from schemas.disclosures import DisclosureDelayIn

T = TypeVar("T")
# No law names a term; a day beyond this is a slip of the hand.
_DELAY_DAYS_MAX = 3660


async def of_subject(
    context: Context, caller: Caller, subject: str, before_id: int | None, limit: int, correlation_id: str
) -> list[Disclosure]:
    """A page of a person's disclosures, newest first. The look is on record first, and one of them.

    What is kept back is left out without a trace: a page is as full as without it.

    Raises:
        UnknownSubject: nobody is known by this id.
        ArchiveNeeded: some of it was archived, and a file is not at hand.
    """
    await _note(context, caller, subject, "read", {"limit": limit}, correlation_id)
    found: list[Disclosure] = []
    units = reach.units_of(context, caller)
    async with context.database.read() as session:
        archived = await _archived(context, session, subject, units)
        while len(found) < limit:
            rows = await disclosures.candidates(session, subject, before_id, limit, units)
            rows = _newest_of(rows, archived, before_id, limit)
            found += await _told(session, subject, rows)
            if len(rows) < limit:
                break
            before_id = rows[-1]["id"]
    return found[:limit]


async def _archived(context: Context, session: ReadSession, subject: str, units: Units) -> list[Row]:
    """What was archived that may be about a person: every entry about them, about their dossiers, about questions."""
    shelf = Shelf(context.retention.archive_dir)
    found: dict[int, Row] = {}
    for what, value, kinds in await disclosures.ways(session, subject):
        for leaf in await _from(shelf.rows_about(session, what, value)):
            if leaf.row is not None and leaf.row["kind"] in kinds:
                found[leaf.audit_id] = leaf.row | {"detail": json.loads(leaf.row["detail"])}
    return await _in_reach(session, list(found.values()), units)


async def _in_reach(session: ReadSession, rows: Sequence[Row], units: Units) -> list[Row]:
    """Of dossiers in reach; what is of none, of whichever unit did it."""
    if units is None:
        return list(rows)
    codes = {row["dossier_code"] for row in rows if row["dossier_code"] is not None}
    reached = await disclosures.in_reach(session, codes, units)
    return [
        row
        for row in rows
        if (row["unit_code"] in units if row["dossier_code"] is None else row["dossier_code"] in reached)
    ]


async def _from(reading: Awaitable[T]) -> T:
    """What an archive says.

    Raises:
        UnknownLogPart: it is not what was recorded.
    """
    try:
        return await reading
    except Lies as error:
        message = f"the log is not what was signed: {error}"
        raise UnknownLogPart(message) from error


def _newest_of(rows: Sequence[Row], archived: Sequence[Row], before_id: int | None, limit: int) -> list[Row]:
    """The newest of both below a key."""
    below = [row for row in archived if before_id is None or row["id"] < before_id]
    return sorted([*rows, *below], key=lambda row: int(row["id"]), reverse=True)[:limit]


async def _told(session: ReadSession, subject: str, rows: Sequence[Row]) -> list[Disclosure]:
    """What of these entries may be told now."""
    known, now = await disclosures.known(session, subject, rows), await session.now()
    delays = await disclosures.delays_of(session, {row["dossier_code"] for row in rows if row["dossier_code"]})
    told = []
    for row in rows:
        of_dossier = delays.get(row["dossier_code"], [])
        found = disclosure_of(row, known)
        if found is not None and not is_hidden(of_dossier, now):
            told.append(replace(found, delay=kept_back_by(found.at, of_dossier)))
    return told


async def receipt(context: Context, caller: Caller, subject: str, audit_id: int, correlation_id: str) -> str:
    """The signed receipt of one disclosure, with the proof that it is on record. That it was given is on record first.

    Raises:
        UnknownSubject: nobody is known by this id.
        UnknownDisclosure: it is none of this person's, or may not be told yet.
        UnknownLogPart: no signed checkpoint covers it yet, or nobody signs here.
        ArchiveNeeded: it was archived, and the file is not at hand.
    """
    signer = context.log.signer
    async with context.database.read() as session:
        await _must_be_known(session, subject)
        shelf = Shelf(context.retention.archive_dir)
        row = await _entry(session, shelf, audit_id, reach.units_of(context, caller))
        told = await _told(session, subject, [row] if row else [])
        if not told:
            message = f"entry {audit_id} is no disclosure of '{subject}' that can be told"
            raise UnknownDisclosure(message)
        try:
            proof = await _proof(session, shelf, audit_id)
        except NoProof as error:
            raise UnknownLogPart(str(error)) from error
        if signer is None:
            message = "nobody signs here: set LIENTHONG_LOG_KEY"
            raise UnknownLogPart(message)
        issued = _issued(subject, told[0], proof, signer, (await session.now()).isoformat(timespec="seconds"))
    # Only now: what was refused was not given, and must not be told as if it were.
    await _note(context, caller, subject, "receipt", {"entry": audit_id}, correlation_id)
    return issued


async def _entry(session: ReadSession, shelf: Shelf, audit_id: int, units: Units) -> Row | None:
    """One entry, from the database or from its archive; None: there is none."""
    row = await disclosures.entry(session, audit_id, units)
    leaf = None if row is not None else await log_reading.leaf_of_entry(session, audit_id)
    if leaf is None or leaf.row is not None:
        return row
    found = await _from(shelf.row(session, leaf))
    reached = await _in_reach(session, [found | {"detail": json.loads(found["detail"])}], units)
    return reached[0] if reached else None


async def _proof(session: ReadSession, shelf: Shelf, audit_id: int) -> Proof:
    signed = await prove_log.newest(session)
    leaf = await log_reading.leaf_of_entry(session, audit_id)
    if leaf is None:
        message = f"entry {audit_id} is not in the tree yet; try again in a minute"
        raise NoProof(message)
    return await prove_log.proof_of(session, leaf, signed, shelf)


def _issued(subject: str, told: Disclosure, proof: Proof, signer: Signer, issued_at: str) -> str:
    entry = json.loads(proof.leaf)
    meaning = text(f"disclosure.{told.what.value}")
    held = {name: entry.get(column) for name, column in FROM_ENTRY.items()}
    # On another's case the entry names what is not this person's to know: its hash alone is given then.
    shown = held | {"dossier": told.dossier, "procedure": told.procedure, "purpose": told.purpose}
    delay = told.delay
    statement: dict[str, object] = {
        "log": signer.name,
        "subject": subject,
        **shown,
        "what": told.what.value,
        "what_vi": meaning.vi,
        "what_en": meaning.en,
        "items": list(told.items),
        "own_case": told.own_case,
        "told_from": delay.until.isoformat() if delay else None,
        "issued_at": issued_at,
    }
    leaf = proof.leaf if told.own_case else None
    made = Receipt(statement, leaf_hash(proof.leaf), leaf, proof.index, proof.path, proof.checkpoint)
    return issue_receipt(made, signer)


async def _must_be_known(session: ReadSession, subject: str) -> None:
    if await documents.subject_row(session, subject) is None:
        message = f"nobody is known as '{subject}'"
        raise UnknownSubject(message)


async def _note(
    context: Context, caller: Caller, subject: str, outcome: str, detail: dict[str, object], correlation_id: str
) -> None:
    """Put a look at somebody's disclosures on record."""

    async def work(session: WriteSession) -> None:
        await _must_be_known(session, subject)
        entry = AuditEntry(
            kind=AuditKind.LOG_ACCESS,
            outcome=outcome,
            actor=caller.name,
            agency=caller.agency,
            purpose=Purpose.RIGHT_TO_KNOW.value,
            legal_basis=LEGAL_BASIS[Purpose.RIGHT_TO_KNOW],
            correlation_id=correlation_id,
            subject_ref=subject,
            detail={"log": LOG} | detail,
        )
        await audit.append(session, [entry], await session.now())

    await context.database.run(work)


async def delay(context: Context, caller: Caller, asked: DisclosureDelayIn, correlation_id: str) -> Row:
    """Keep what is on record about a dossier from whom it is about, until a day. The newest delay of a dossier counts.

    Raises:
        InvalidRecord: a day that has come, or is too far off.
        UnknownDossier: it was never handed over.
    """

    async def work(session: WriteSession) -> Row:
        now = await session.now()
        _must_lie_ahead(asked.until, now.astimezone(VIETNAM).date())
        held = await dossiers.facts(session, asked.dossier)
        if held is None:
            message = f"dossier '{asked.dossier}' was never handed over"
            raise UnknownDossier(message, faults=(Fault("/dossier", message),))
        row: Row = {
            "at": now,
            "dossier_code": asked.dossier,
            "until": asked.until.isoformat(),
            "reason": asked.reason,
            "legal_basis": asked.legal_basis,
            "made_by": caller.name,
            "agency": caller.agency,
        }
        row["id"] = await disclosures.add_delay(session, row)
        entry = AuditEntry(
            kind=AuditKind.OPERATION,
            outcome="disclosures_delayed",
            actor=caller.name,
            agency=caller.agency,
            purpose=Purpose.RIGHT_TO_KNOW.value,
            legal_basis=asked.legal_basis,
            correlation_id=correlation_id,
            dossier_code=asked.dossier,
            procedure_code=held["procedure_code"],
            unit_code=held["unit_code"],
            # The reason stands with the delay itself.
            detail={"delay": row["id"], "until": row["until"]},
        )
        await audit.append(session, [entry], now)
        return row

    return await context.database.run(work)


def _must_lie_ahead(until: date, today: date) -> None:
    if not today < until <= today + timedelta(days=_DELAY_DAYS_MAX):
        message = f"until must lie after {today}, at most {_DELAY_DAYS_MAX} days ahead"
        raise InvalidRecord(message, faults=(Fault("/until", message),))


async def delays(
    context: Context, caller: Caller, dossier: str | None, before_id: int | None, limit: int, correlation_id: str
) -> list[Row]:
    """A page of delays, newest first. The look is on record."""
    asked: dict[str, object] = {"log": "disclosure_delays", "dossier": dossier, "limit": limit}
    await prove_log.note_access(context, caller, "read", correlation_id, asked)
    async with context.database.read() as session:
        return await disclosures.delays_page(session, dossier, before_id, limit)
