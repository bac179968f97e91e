"""Look before you scan: is a paper held already, here or in the national store? And take it from there.

Every question is on record with its answer; what it saved is counted (``scans_avoided``). Law: what a connected
database holds is not asked for again (NĐ 118/2025/NĐ-CP Điều 4, NĐ 224/2026/NĐ-CP Điều 18.4).
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.audit import AuditEntry, AuditKind
from app.domain.documents import Role, Standing, Verdict, stands_for
from app.domain.rulesets import VIETNAM, Purpose
from app.errors import (
    Fault,
    FileStoreSilent,
    LookupUsed,
    NationalStoreSilent,
    NotChangeable,
    UnknownCode,
    UnknownLookup,
)
from app.store import audit, documents, lookups
from app.store.dossiers import HeldDossier
from app.store.session import ReadSession, Row, WriteSession
from app.usecases import found_papers, keep_document, log_guard, open_link, papers, reach
from app.usecases.context import Caller, Context
from app.usecases.found_papers import Asker, Question, Told
from app.usecases.keep_document import Facts, Origin
from app.vault import Scratch, VaultUnavailable
from connectors.national_store import StoreOutcome
from schemas.documents import LookupIn, ReuseIn
from schemas.provincial import IdentityPaper, PaperKind

_COPY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look-up found. ``candidates`` are flat facts, in the order in which they are offered."""

    id: str
    national_outcome: str
    candidates: tuple[Row, ...]


async def look_up(context: Context, caller: Caller, asked: LookupIn, correlation_id: str) -> Answer:
    """Ask both stores, keep question and answer, and give the answer.

    Raises:
        UnknownDossier, DossierNotOpen, UnknownCode, OutOfReach: refused here, nothing left the house.
    """

    def entry(subject: str, outcome: str, detail: dict[str, object]) -> AuditEntry:
        named: dict[str, object] = {"component": asked.component_code, "results": list(asked.result_codes)}
        return _entry(caller, asked.officer, asked.dossier, subject, outcome, correlation_id, detail | named)

    async def before(session: WriteSession) -> tuple[HeldDossier, str, list[Row]]:
        now = await session.now()
        dossier = await found_papers.open_dossier(context, caller, session, asked.dossier)
        _check(context, caller, asked, dossier.procedure_code)
        owner = asked.owner
        subject = await documents.subject(session, owner.kind.value, owner.number, papers.new_id(now), now)
        found = await _here(context, session, asked, subject, now)
        await audit.append(session, [entry(subject, "asked", {"here": len(found)})], now)
        return dossier, subject, found

    dossier, subject, found = await context.database.run(before)
    told = await _ask_nation(context, asked, dossier.procedure_code)
    candidates = [found_papers.held_here(row) for row in found] + list(told.candidates)

    async def after(session: WriteSession) -> str:
        now = await session.now()
        wanted = asked.model_dump_json(include={"component_code", "result_codes", "number_symbol"})
        question = Question(caller.name, asked.officer, asked.dossier, asked.unit, subject, wanted)
        row = found_papers.lookup_row(question, candidates, told.outcome, now)
        await lookups.add(session, row)
        detail: dict[str, object] = {
            "lookup": row["id"],
            "national": told.outcome,
            "candidates": len(candidates),
            "dropped": told.dropped,
        }
        await audit.append(session, [entry(subject, "answered", detail)], now)
        return str(row["id"])

    return Answer(await context.database.run(after), told.outcome, tuple(candidates))


def _check(context: Context, caller: Caller, asked: LookupIn, procedure: str) -> None:
    if asked.unit not in context.catalogue.units:
        message = f"'{asked.unit}' is not in the table 'units'"
        raise UnknownCode(message, faults=(Fault("/unit", message, "units"),))
    reach.require_unit(context, caller, asked.unit, "/unit")
    reach.require_officer(caller, asked.officer)
    if asked.component_code is not None:
        keep_document.check_code(context, procedure, Role.COMPONENT, asked.component_code)
    for place, code in enumerate(asked.result_codes):
        if code not in context.catalogue.results:
            message = f"'{code}' is not in the table 'results'"
            raise UnknownCode(message, faults=(Fault(f"/result_codes/{place}", message, "results"),))


async def _here(context: Context, session: ReadSession, asked: LookupIn, subject: str, now: datetime) -> list[Row]:
    places = [(Role.RESULT.value, code) for code in asked.result_codes]
    if asked.component_code is not None:
        places.append((Role.COMPONENT.value, asked.component_code))
    today = now.astimezone(VIETNAM).date().isoformat()
    found = await documents.usable(session, subject, places, asked.number_symbol, today)
    good = [row for row in found if stands_for(Role(row["role"]), Verdict(row["verdict"]), context.papers.verdicts)]
    return found_papers.once_each(good)


async def _ask_nation(context: Context, asked: LookupIn, procedure: str) -> Told:
    if not asked.national:
        return Told()
    asker = Asker(asked.requester_name, asked.requester_number)
    wanted = [(code, asked.number_symbol) for code in asked.result_codes]
    return await found_papers.ask_nation(context, asked.owner, asker, procedure, wanted)


async def reuse(
    context: Context, caller: Caller, dossier_code: str, wanted: ReuseIn, correlation_id: str
) -> tuple[Row, bool]:
    """Take what a look-up found into its dossier as a component, instead of a scan. Again: the same answer.

    Raises:
        UnknownLookup: there is none, or it has no such candidate.
        LookupUsed: it was made for another dossier, or something else of it was taken.
        NotChangeable: what was found has been withdrawn or replaced since.
        NationalStoreSilent, FileStoreSilent: the file cannot be had now.
        FileNotTaken, DocumentKnown: see ``keep_document.keep``.
    """
    async with context.database.read() as session:
        lookup = await lookups.find(session, wanted.lookup_id)
        taken = await lookups.document_of(session, wanted.lookup_id)
        held = await documents.find(session, taken) if taken else None
        owner = await documents.subject_row(session, lookup["subject_id"]) if lookup else None
    if lookup is None or owner is None or wanted.candidate >= len(lookup["candidates"]):
        message = f"look-up '{wanted.lookup_id}' does not exist, or has no candidate {wanted.candidate}"
        raise UnknownLookup(message, faults=(Fault("/lookup_id", message),))
    if lookup["dossier_code"] != dossier_code:
        message = f"look-up '{wanted.lookup_id}' was made for another dossier"
        raise LookupUsed(message, faults=(Fault("/lookup_id", message),))
    candidate = lookup["candidates"][wanted.candidate]
    if held is not None:
        if held["code"] == wanted.component_code and _came_of(held, wanted, candidate, owner):
            return held, False
        message = f"document '{held['id']}' came of look-up '{wanted.lookup_id}' already"
        raise LookupUsed(message, faults=(Fault("/lookup_id", message),), members={"document": held["id"]})
    return await _take(context, caller, dossier_code, wanted, candidate, owner, correlation_id)


def _identity(owner: Row) -> IdentityPaper:
    return IdentityPaper(kind=PaperKind(owner["kind"]), number=owner["number"])


def _came_of(held: Row, wanted: ReuseIn, candidate: Row, owner: Row) -> bool:
    """Whether a document is the one that came of this candidate; those of the nation have no id here."""
    if candidate["document"]:
        return bool(held["origin_id"] == candidate["document"])
    facts = _facts(wanted, candidate, None, _identity(owner))
    return bool(held["content_hash"] == keep_document.content_hash(facts))


async def _take(
    context: Context,
    caller: Caller,
    dossier_code: str,
    wanted: ReuseIn,
    candidate: Row,
    owner: Row,
    correlation_id: str,
) -> tuple[Row, bool]:
    original: Row | None = None
    if candidate["document"]:
        async with context.database.read() as session:
            original = await documents.find(session, candidate["document"])
    if original is not None and original["standing"] != Standing.ACTIVE.value:
        message = f"document '{original['id']}' does not speak any more ('{original['standing']}'); look it up anew"
        raise NotChangeable(message, faults=(Fault("/candidate", message),))
    facts = _facts(wanted, candidate, original, _identity(owner))
    await keep_document.check_place(context, dossier_code, facts)

    async def put_on_record(outcome: str, **found: object) -> None:
        said = {"lookup": wanted.lookup_id, "candidate": wanted.candidate, "component": wanted.component_code} | found
        entry = _entry(caller, wanted.officer, dossier_code, owner["id"], outcome, correlation_id, said)

        async def work(session: WriteSession) -> None:
            await audit.append(session, [entry], await session.now())

        await context.database.run(work)

    # Before a file is asked for.
    await put_on_record("taking", held_in=candidate["held_in"])
    try:
        with papers.files_of(context).vault.scratch() as scratch:
            await _copy(context, candidate, original, scratch)
            actor = _named(caller, wanted.officer)
            kept, new = await keep_document.keep(
                context, caller, dossier_code, facts, scratch, correlation_id, actor=actor
            )
    except VaultUnavailable as error:
        message = f"the document store gave no answer: {error}"
        raise FileStoreSilent(message, retry_after_seconds=30) from error
    if new:
        await put_on_record("taken", document=kept["id"])
    return kept, new


async def _copy(context: Context, candidate: Row, original: Row | None, scratch: Scratch) -> None:
    if original is None:
        await scratch.write(await _from_nation(context, candidate))
        return
    with await open_link.fetch(context, original) as file:
        while block := await asyncio.to_thread(file.read, _COPY_BYTES):
            await scratch.write(block)


def _facts(wanted: ReuseIn, candidate: Row, original: Row | None, owner: IdentityPaper) -> Facts:
    """A copy of a copy goes back to the first one: what it was there counts for the nation."""
    said: Row = original or {}
    first = original if original is not None and original["origin_role"] is None else None
    role = Role(candidate["role"])
    origin = Origin(
        source=candidate["held_in"],
        document_id=said.get("id"),
        role=role if first or original is None else Role(said["origin_role"]),
        code=candidate["code"] if first or original is None else said["origin_code"],
        lookup_id=wanted.lookup_id,
    )
    return Facts(
        role=Role.COMPONENT,
        code=wanted.component_code,
        title=candidate["title"],
        number_symbol=candidate["number_symbol"],
        issuing_body=candidate["issuing_body"],
        issued_on=candidate["issued_on"],
        valid_until=candidate["valid_until"],
        scope=said.get("scope"),
        owner=owner,
        owner_name=said.get("owner_name"),
        digitised_by=None,
        # What came from the national store once did not come from there again.
        source=candidate["held_in"],
        file_name=said.get("file_name") or candidate["file_name"],
        origin=origin,
    )


async def _from_nation(context: Context, candidate: Row) -> bytes:
    store = papers.files_of(context).national_store
    if store is None:
        message = "no national store is set up here"
        raise NationalStoreSilent(message)
    await log_guard.require(context)
    answer = await store.file(candidate["issuing_body"] or "", candidate["path"], context.papers.bytes_max)
    if answer.outcome is not StoreOutcome.FOUND or answer.content is None:
        message = f"the national store did not give the file ({answer.outcome.value}: {answer.reason})"
        raise NationalStoreSilent(message, members={"outcome": answer.outcome.value}, retry_after_seconds=60)
    return answer.content


def _named(caller: Caller, officer: str) -> Caller:
    return replace(caller, name=f"{officer} ({caller.name})"[:100])


def _entry(
    caller: Caller,
    officer: str,
    dossier_code: str,
    subject: str,
    outcome: str,
    correlation_id: str,
    detail: dict[str, object],
) -> AuditEntry:
    """A token serves many: the record says which officer it was."""
    return papers.entry(
        _named(caller, officer),
        AuditKind.DOCUMENT_LOOKUP,
        outcome,
        correlation_id,
        purpose=Purpose.DOCUMENT_LOOKUP,
        dossier_code=dossier_code,
        subject=subject,
        detail=detail,
    )
