"""Take a file in as a document of a dossier: looked into, kept in the store, judged, and on its way to the nation.

The order matters. The object is announced in the database, then written, then spoken of: whatever dies between two
of these, no object is without a row and no document without its object.
"""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from app import observability
from app.domain.audit import AuditKind
from app.domain.documents import (
    FileFault,
    Judged,
    Role,
    Standing,
    Verdict,
    overall,
)
from app.errors import (
    Fault,
    FileNotTaken,
    FileStoreSilent,
    InvalidRecord,
    LookupUsed,
    Refusal,
    ScannerSilent,
    StoreBusy,
    UnknownCode,
    UnknownDossier,
)
from app.papers import BenchBroken, Examined, FileRefused
from app.store import audit, documents, dossiers, links, lookups
from app.store.session import Row, WriteSession
from app.usecases import change_document, judging, known_paper, papers
from app.usecases.context import Caller, Context
from app.usecases.paper_facts import Facts, Origin, content_hash, facts_of
from app.vault import Scratch, VaultUnavailable
from connectors.scanner import Clean, Infected, TooLargeToScan

__all__ = [
    "Facts",
    "Origin",
    "check_code",
    "check_hash",
    "check_place",
    "content_hash",
    "facts_of",
    "keep",
    "procedure_of",
]

_CAPABILITY_BYTES = 32


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found out about a file before anything was written."""

    sha256: str
    size_bytes: int
    examined: Examined
    judged: Judged
    verdict: Verdict


async def _use_lookup(session: WriteSession, lookup_id: str, now: datetime) -> None:
    """A look-up saves one scan, however many take from it at once."""
    if not await lookups.use(session, lookup_id, now):
        message = f"something came of look-up '{lookup_id}' already"
        raise LookupUsed(message, faults=(Fault("/lookup_id", message),))


async def check_place(context: Context, dossier_code: str, facts: Facts) -> None:
    """Refuse what could not be kept, before its bytes are read.

    Raises:
        UnknownDossier: it was never handed over.
        UnknownCode: the procedure's own list does not hold the code.
    """
    check_code(context, await procedure_of(context, dossier_code), facts.role, facts.code)


async def procedure_of(context: Context, dossier_code: str) -> str:
    """The procedure of a dossier.

    Raises:
        UnknownDossier: it was never handed over.
    """
    async with context.database.read() as session:
        row = await dossiers.facts(session, dossier_code)
    if row is None:
        message = f"dossier '{dossier_code}' was never handed over"
        raise UnknownDossier(message, faults=(Fault("/dossier", message),))
    procedure: str = row["procedure_code"]
    return procedure


def check_code(context: Context, procedure: str, role: Role, code: str | None) -> None:
    """Hold a code against the procedure's own list; a list that no source gives cannot be held against.

    A paper beyond the list has no code, and may come along all the same.

    Raises:
        UnknownCode: the list does not hold it.
    """
    listed: Any = context.catalogue.components.get(procedure, {})
    table = f"components of {procedure}"
    if role is Role.RESULT:
        facts = context.catalogue.procedures.get(procedure)
        listed, table = facts.result_codes if facts else (), f"results of {procedure}"
        if not listed:
            listed, table = context.catalogue.results, "results"
    if code is None or not listed or code in listed:
        return
    message = f"'{code}' is not in the table '{table}'"
    raise UnknownCode(message, faults=(Fault("/code", message, table),))


async def keep(
    context: Context,
    caller: Caller,
    dossier_code: str,
    facts: Facts,
    scratch: Scratch,
    correlation_id: str,
    *,
    actor: Caller | None = None,
) -> tuple[Row, bool]:
    """Keep a file as a document; gives it and whether it is new. The same file and facts again get the same answer.

    ``actor`` is who did it, for the record, where that is more than the token.

    Raises:
        UnknownDossier, UnknownCode: see ``check_place``.
        FileNotTaken: the file is not what it must be; the slug names the fault.
        DocumentKnown: another file of the same paper is held, or this file with other facts.
        LookupUsed: another find of its look-up was taken.
        NotChangeable: what it is to replace does not speak any more, or belongs elsewhere.
        ScannerSilent, FileStoreSilent: nothing was kept; hand it over again.
    """
    try:
        kept, new = await _keep(context, (caller, actor or caller), dossier_code, facts, scratch, correlation_id)
    except Refusal as refusal:
        observability.DOCUMENTS.labels(facts.role.value, refusal.slug).inc()
        raise
    observability.DOCUMENTS.labels(facts.role.value, "kept" if new else "known").inc()
    return kept, new


async def _keep(
    context: Context,
    callers: tuple[Caller, Caller],
    dossier_code: str,
    facts: Facts,
    scratch: Scratch,
    correlation_id: str,
) -> tuple[Row, bool]:
    files = papers.files_of(context)
    await check_place(context, dossier_code, facts)
    # Looked at before anything is written, so that nothing of a refused file stays; and again when it is.
    async with context.database.read() as session:
        held = await known_paper.judge(context, session, dossier_code, facts, scratch.sha256, await session.now())
    looked = None if held is not None else await _look(context, facts, scratch)

    async def announce(session: WriteSession) -> None:
        await documents.promise_blob(session, scratch.sha256, scratch.size_bytes, await session.now())

    await context.database.run(announce)
    try:
        await files.vault.put(scratch)
    except VaultUnavailable as error:
        message = f"the document store did not take the file: {error}"
        raise FileStoreSilent(message) from error

    async def write(session: WriteSession) -> tuple[Row, bool]:
        if looked is None:
            return await _again(context, dossier_code, facts, scratch.sha256, session)
        return await _write(context, callers, dossier_code, facts, looked, correlation_id, session)

    return await context.database.run(write)


async def _again(
    context: Context, dossier_code: str, facts: Facts, file_sha256: str, session: WriteSession
) -> tuple[Row, bool]:
    """The document that is held already. The object has just been put anew: had it been damaged, it is whole again."""
    await dossiers.lock(session, [dossier_code])
    held = await known_paper.judge(context, session, dossier_code, facts, file_sha256, await session.now())
    if held is None:  # pragma: no cover - nothing is deleted, and what stopped speaking is refused
        message = "the document changed while it was handed over again"
        raise StoreBusy(message)
    await documents.keep_blob(session, file_sha256)
    return held, False


def check_hash(expected: str | None, came: str) -> None:
    """Refuse a file that came otherwise than its sender says.

    Raises:
        InvalidRecord: the hashes differ.
    """
    if expected is not None and expected != came:
        message = f"the file that came has the SHA-256 {came}"
        raise InvalidRecord(message, faults=(Fault("/sha256", message),))


async def _look(context: Context, facts: Facts, scratch: Scratch) -> _Looked:
    files = papers.files_of(context)
    async with context.database.read() as session:
        now = await session.now()
    try:
        examined, judged = await files.examiner.examine(scratch.rewind(), facts.role, now)
    except FileRefused as refused:
        raise FileNotTaken(refused.fault.value, refused.detail, (Fault("/file", refused.detail),)) from refused
    except BenchBroken as error:
        message = f"files cannot be opened here now: {error}"
        raise FileStoreSilent(message, retry_after_seconds=30) from error
    if files.scanner is not None:
        match await files.scanner.scan(scratch.rewind()):
            case Clean():
                pass
            case Infected(name):
                message = f"the virus scanner found {name}"
                raise FileNotTaken(FileFault.INFECTED.value, message, (Fault("/file", message),))
            case TooLargeToScan(detail):
                message = f"the virus scanner does not look into a file of this size: {detail}"
                raise FileNotTaken(FileFault.TOO_LARGE.value, message, (Fault("/file", message),))
            case silent:
                message = f"the virus scanner gave no answer ({silent.reason})"
                raise ScannerSilent(message, retry_after_seconds=30)
    verdict = overall(judged.signatures, judging.wanted_of(context, facts.role, facts.code))
    return _Looked(scratch.sha256, scratch.size_bytes, examined, judged, verdict)


async def _write(
    context: Context,
    callers: tuple[Caller, Caller],
    dossier_code: str,
    facts: Facts,
    looked: _Looked,
    correlation_id: str,
    session: WriteSession,
) -> tuple[Row, bool]:
    caller, actor = callers
    await dossiers.lock(session, [dossier_code])
    if facts.owner is not None:
        await documents.lock_owner(session, facts.owner.kind.value, facts.owner.number)
    now = await session.now()
    said_hash = content_hash(facts)
    held = await known_paper.judge(context, session, dossier_code, facts, looked.sha256, now)
    if held is not None:
        await documents.keep_blob(session, looked.sha256)
        return held, False
    subject_id = await _owner(session, facts, now)
    if facts.origin is not None:
        await _use_lookup(session, facts.origin.lookup_id, now)
    document_id = papers.new_id(now)
    await documents.insert_document(
        session, _row(caller, document_id, dossier_code, facts, looked, said_hash, subject_id, correlation_id, now)
    )
    await documents.keep_blob(session, looked.sha256)
    wanted = judging.wanted_of(context, facts.role, facts.code)
    await documents.note_judgement(
        session, judging.row_of(caller.name, document_id, looked.verdict, looked.judged, wanted, now)
    )
    await links.add(session, document_id, token_urlsafe(_CAPABILITY_BYTES), now)
    if facts.supersedes is not None:
        old = await known_paper.replaceable(session, dossier_code, facts)
        await change_document.replace_in(session, caller, old, document_id, facts.supersede_reason or "", now)
    stands = await papers.refresh(context, session, dossier_code)
    detail: dict[str, object] = {
        "document": document_id,
        "role": facts.role.value,
        "code": facts.code,
        "source": facts.source,
        "verdict": looked.verdict.value,
        "e_result": stands,
    }
    entry = papers.entry(
        actor,
        AuditKind.DOCUMENT,
        "kept",
        correlation_id,
        dossier_code=dossier_code,
        subject=subject_id,
        sha256=looked.sha256,
        detail=detail,
    )
    await audit.append(session, [entry], now)
    kept = await documents.find(session, document_id)
    assert kept is not None  # noqa: S101 - just written
    return kept, True


async def _owner(session: WriteSession, facts: Facts, now: datetime) -> str | None:
    owner = facts.owner
    if owner is None:
        return None
    return await documents.subject(session, owner.kind.value, owner.number, papers.new_id(now), now)


def _row(  # noqa: PLR0913, PLR0917 - all that a row is made of
    caller: Caller,
    document_id: str,
    dossier_code: str,
    facts: Facts,
    looked: _Looked,
    said_hash: str,
    subject_id: str | None,
    correlation_id: str,
    now: datetime,
) -> Row:
    origin = facts.origin
    said = ("code", "title", "number_symbol", "issuing_body", "issued_on", "valid_until", "scope", "owner_name")
    return {name: getattr(facts, name) for name in (*said, "digitised_by", "source", "file_name")} | {
        "id": document_id,
        "dossier_code": dossier_code,
        "role": facts.role.value,
        "sha256": looked.sha256,
        "size_bytes": looked.size_bytes,
        "kind": looked.examined.kind.value,
        "pages": looked.examined.pages,
        "subject_id": subject_id,
        "origin_id": origin.document_id if origin else None,
        "origin_role": origin.role.value if origin and origin.role else None,
        "origin_code": origin.code if origin else None,
        "lookup_id": origin.lookup_id if origin else None,
        "standing": Standing.ACTIVE.value,
        "verdict": looked.verdict.value,
        "content_hash": said_hash,
        "handed_over_by": caller.name,
        "agency": caller.agency,
        "correlation_id": correlation_id,
        "created_at": now,
        "updated_at": now,
    }
