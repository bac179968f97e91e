"""Look before you scan: is a paper held already, here or in the national store? And take it from there.

Every question is on record with its answer; what it saved is counted (``scans_avoided``). Law: what a connected
database holds is not asked for again (NĐ 118/2025/NĐ-CP Điều 4, NĐ 224/2026/NĐ-CP Điều 18.4).
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime

from app.domain.audit import AuditEntry, AuditKind
from app.domain.documents import Role, Source, Standing, Verdict, stands_for
from app.domain.dossier import CLOSED_STATUSES
from app.domain.rulesets import VIETNAM, Purpose
from app.errors import (
    DossierNotOpen,
    Fault,
    FileStoreSilent,
    LookupUsed,
    NationalStoreSilent,
    NotChangeable,
    UnknownCode,
    UnknownDossier,
    UnknownLookup,
)
from app.store import audit, documents, dossiers, lookups
from app.store.dossiers import HeldDossier
from app.store.session import ReadSession, Row, WriteSession
from app.usecases import keep_document, open_link, papers
from app.usecases.context import Caller, Context
from app.usecases.keep_document import Facts, Origin
from app.vault import Scratch, VaultUnavailable
from connectors.national_store import (
    HeldFile,
    HeldPaper,
    NationalStore,
    PapersAnswer,
    PapersQuestion,
    StoreChannel,
    StoreOutcome,
)
from schemas.documents import LookupIn, ReuseIn
from schemas.provincial import IdentityPaper, PaperKind

NOT_ASKED = "not_asked"
_COPY_BYTES = 1024 * 1024
# As our contract and our columns have them, in characters.
_FILE_NAME_MAX, _TITLE_MAX, _NUMBER_SYMBOL_MAX, _ISSUING_BODY_MAX = 255, 2000, 100, 500
# Longer than this it is no ending that says what a file is.
_ENDING_MAX = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look-up found. ``candidates`` are flat facts, in the order in which they are offered."""

    id: str
    national_outcome: str
    candidates: tuple[Row, ...]


async def look_up(context: Context, caller: Caller, asked: LookupIn, correlation_id: str) -> Answer:
    """Ask both stores, keep question and answer, and give the answer.

    Raises:
        UnknownDossier, DossierNotOpen, UnknownCode: refused here, nothing left the house.
    """

    def entry(subject: str, outcome: str, detail: dict[str, object]) -> AuditEntry:
        named: dict[str, object] = {"component": asked.component_code, "results": list(asked.result_codes)}
        return _entry(caller, asked.officer, asked.dossier, subject, outcome, correlation_id, detail | named)

    async def before(session: WriteSession) -> tuple[HeldDossier, str, list[Row], datetime]:
        now = await session.now()
        dossier = await _open_dossier(session, asked.dossier)
        _check(context, asked, dossier.procedure_code)
        owner = asked.owner
        subject = await documents.subject(session, owner.kind.value, owner.number, papers.new_id(now), now)
        found = await _here(context, session, asked, subject, now)
        await audit.append(session, [entry(subject, "asked", {"here": len(found)})], now)
        return dossier, subject, found, now

    dossier, subject, found, now = await context.database.run(before)
    answer = await _ask_nation(context, asked, dossier.procedure_code)
    told = answer.papers if answer is not None else ()
    usable = [paper for paper in told if _fits(paper)]
    candidates = [_held_here(row) for row in found] + [
        _held_there(paper, file) for paper in usable for file in paper.files
    ]
    outcome = _outcome(answer, dropped=len(told) - len(usable))
    lookup_id = papers.new_id(now)

    async def after(session: WriteSession) -> None:
        at = await session.now()
        row = {
            "id": lookup_id,
            "at": at,
            "by": caller.name,
            "officer": asked.officer,
            "dossier_code": asked.dossier,
            "unit_code": asked.unit,
            "subject_id": subject,
            "wanted": asked.model_dump_json(include={"component_code", "result_codes", "number_symbol"}),
            "provincial": len(found),
            "national_outcome": outcome,
            "national": len(candidates) - len(found),
            "candidates": json.dumps(candidates, ensure_ascii=False),
        }
        await lookups.add(session, row)
        detail: dict[str, object] = {
            "lookup": lookup_id,
            "national": outcome,
            "candidates": len(candidates),
            "dropped": len(told) - len(usable),
        }
        await audit.append(session, [entry(subject, "answered", detail)], at)

    await context.database.run(after)
    return Answer(lookup_id, outcome, tuple(candidates))


async def _open_dossier(session: ReadSession, code: str) -> HeldDossier:
    held = (await dossiers.load(session, [code])).get(code)
    if held is None:
        message = f"dossier '{code}' was never handed over"
        raise UnknownDossier(message, faults=(Fault("/dossier", message),))
    if held.snapshot.status in CLOSED_STATUSES:
        message = f"dossier '{code}' is closed ('{held.snapshot.status.value}')"
        raise DossierNotOpen(message, faults=(Fault("/dossier", message),))
    return held


def _check(context: Context, asked: LookupIn, procedure: str) -> None:
    if asked.unit not in context.catalogue.units:
        message = f"'{asked.unit}' is not in the table 'units'"
        raise UnknownCode(message, faults=(Fault("/unit", message, "units"),))
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
    # One paper may lie in several dossiers; it is offered once, as it was handed over first.
    return list({row["sha256"]: row for row in good}.values())


async def _ask_nation(context: Context, asked: LookupIn, procedure: str) -> PapersAnswer | None:
    store = papers.files_of(context).national_store if context.files else None
    may = asked.national and asked.result_codes and asked.owner.kind is not PaperKind.TAX_NUMBER
    if store is None or not may or not (asked.requester_name and asked.requester_number):
        return None
    return await store.papers(
        PapersQuestion(
            owner_number=asked.owner.number,
            requester_name=asked.requester_name,
            requester_number=asked.requester_number,
            channel=StoreChannel.OFFICER,
            procedure_code=procedure,
            wanted=tuple((code, asked.number_symbol) for code in asked.result_codes),
        )
    )


def _held_here(row: Row) -> Row:
    names = ("role", "code", "title", "number_symbol", "issuing_body", "issued_on", "valid_until", "verdict")
    return {"held_in": Source.PROVINCIAL_STORE.value, "document": row["id"]} | {name: row[name] for name in names}


def _fits(paper: HeldPaper) -> bool:
    """Whether a paper can be kept as the store describes it: a number or a name that was cut would be another one."""
    return (
        len(paper.name) <= _TITLE_MAX
        and len(paper.number_symbol) <= _NUMBER_SYMBOL_MAX
        and len(paper.issuing_body) <= _ISSUING_BODY_MAX
    )


def _outcome(answer: PapersAnswer | None, dropped: int) -> str:
    """How the nation answered. Papers that cannot be kept are no answer that helps, and never "not held"."""
    if answer is None:
        return NOT_ASKED
    outcome = StoreOutcome.BAD_REPLY if dropped and dropped == len(answer.papers) else answer.outcome
    return outcome.value.lower()


def _held_there(paper: HeldPaper, file: HeldFile) -> Row:
    """One candidate a file: a paper may have several."""
    return {
        "held_in": Source.NATIONAL_STORE.value,
        "document": None,
        "role": Role.RESULT.value,
        "code": paper.result_code,
        "title": paper.name,
        "number_symbol": paper.number_symbol or None,
        "issuing_body": paper.issuing_body or None,
        "issued_on": None,
        "valid_until": None,
        "verdict": None,
        "file_name": _short(file.name),
        "path": file.path,
    }


def _short(file_name: str) -> str:
    """A file name of at most 255 characters, with the ending that it had."""
    if len(file_name) <= _FILE_NAME_MAX:
        return file_name
    stem, dot, ending = file_name.rpartition(".")
    if not dot or len(ending) > _ENDING_MAX:
        return file_name[:_FILE_NAME_MAX]
    return stem[: _FILE_NAME_MAX - len(ending) - 1] + dot + ending


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
    store: NationalStore | None = papers.files_of(context).national_store
    if store is None:
        message = "no national store is set up here"
        raise NationalStoreSilent(message)
    answer = await store.file(candidate["issuing_body"] or "", candidate["path"], context.papers.bytes_max)
    if answer.outcome is not StoreOutcome.FOUND or answer.content is None:
        message = f"the national store did not give the file ({answer.outcome.value}: {answer.reason})"
        raise NationalStoreSilent(message, members={"outcome": answer.outcome.value}, retry_after_seconds=60)
    return answer.content


def _named(caller: Caller, officer: str) -> Caller:
    return Caller(f"{officer} ({caller.name})"[:100], caller.agency, caller.scopes)


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
