"""What callers may see of documents: of a dossier, of an owner, one with all its history, and the store's figures."""

import json
from dataclasses import dataclass, replace
from typing import BinaryIO

from app.domain.audit import AuditKind
from app.domain.documents import Claim, ClaimKind, Role, undocumented
from app.errors import UnknownDocument, UnknownDossier, UnknownSubject
from app.store import audit, blobs, documents, dossiers, links, lookups, owners
from app.store.documents import Wanted, held_document
from app.store.session import Row, WriteSession
from app.usecases import open_link, papers, reach
from app.usecases.context import Caller, Context
from app.usecases.records import logged_in
from schemas.documents import SubjectIn
from schemas.provincial import DossierIn, Reuse


@dataclass(frozen=True, slots=True)
class DossierDocuments:
    """The documents of a dossier, and what its record claims without one."""

    rows: tuple[Row, ...]
    undocumented: tuple[Claim, ...]
    e_result: bool


async def shown_of_dossier(context: Context, caller: Caller, code: str, correlation_id: str) -> DossierDocuments:
    """As ``of_dossier``, for somebody who looks; the look is on record before it is answered."""
    found = await of_dossier(context, code)
    detail: dict[str, object] = {"documents": len(found.rows)}
    await _note(context, caller, "listed", correlation_id, dossier_code=code, detail=detail)
    return found


async def shown(
    context: Context, caller: Caller, document_id: str, correlation_id: str
) -> tuple[Row, list[Row], list[Row]]:
    """As ``one``, for somebody who looks; the look is on record before it is answered."""
    found = await one(context, caller, document_id)
    row = found[0]
    await _note(
        context,
        caller,
        "described",
        correlation_id,
        dossier_code=row["dossier_code"],
        subject=row["subject_id"],
        detail={"document": document_id},
    )
    return found


async def _note(
    context: Context,
    caller: Caller,
    outcome: str,
    correlation_id: str,
    *,
    dossier_code: str | None = None,
    subject: str | None = None,
    sha256: str | None = None,
    detail: dict[str, object],
) -> None:
    async def work(session: WriteSession) -> None:
        entry = papers.entry(
            caller,
            AuditKind.DOCUMENT_READ,
            outcome,
            correlation_id,
            dossier_code=dossier_code,
            subject=subject,
            sha256=sha256,
            detail=detail,
        )
        await audit.append(session, [entry], await session.now())

    await context.database.run(work)


async def of_dossier(context: Context, code: str) -> DossierDocuments:
    """The documents of a dossier, in the order in which they came.

    Raises:
        UnknownDossier: it was never handed over.
    """
    async with context.database.read() as session:
        row = await dossiers.facts(session, code)
        if row is None:
            message = f"dossier '{code}' was never handed over"
            raise UnknownDossier(message)
        rows = await documents.of_dossier(session, code)
        matched = code in await owners.matched(session, [code])
    held = [held_document(found, context.papers.public_url) for found in rows]
    body = DossierIn.model_validate(json.loads(row["facts"]))
    claims = [*undocumented(claims_of(body), held), *_unused(context, body, matched=matched)]
    return DossierDocuments(tuple(rows), tuple(claims), row["e_result"])


def _unused(context: Context, body: DossierIn, *, matched: bool) -> list[Claim]:
    """What a record says of databases and logins that did not happen here."""
    claims = []
    if body.applicant.vneid_verified and not logged_in(context, body):
        claims.append(Claim("/applicant/vneid_verified", ClaimKind.VNEID, None, None, body.applicant.full_name))
    for place, database in enumerate(body.databases_consulted):
        if not matched:
            claims.append(Claim(f"/databases_consulted/{place}", ClaimKind.DATABASE, None, None, database.value))
    return claims


def claims_of(body: DossierIn) -> list[Claim]:
    """What a record says of papers and results, claim by claim."""
    claims: list[Claim] = []
    for place, part in enumerate(body.components):
        said = (
            (part.digitised, "digitised", ClaimKind.DIGITISED),
            (part.reuse is not Reuse.NO, "reuse", ClaimKind.REUSED),
            (part.from_national_store, "from_national_store", ClaimKind.FROM_NATIONAL_STORE),
            (part.url is not None and not part.digitised, "url", ClaimKind.LINK),
        )
        claims += [
            Claim(f"/components/{place}/{name}", kind, Role.COMPONENT, part.component_code, part.name)
            for is_said, name, kind in said
            if is_said
        ]
    claims += [
        Claim(f"/results/{place}", ClaimKind.RESULT, Role.RESULT, result.result_code, result.name)
        for place, result in enumerate(body.results)
    ]
    return claims


async def one(context: Context, caller: Caller, document_id: str) -> tuple[Row, list[Row], list[Row]]:
    """A document with its ``copies`` (ids of what was taken from it), its judgements and its changes.

    Raises:
        UnknownDocument: there is none.
    """
    units = reach.units_of(context, caller)
    async with context.database.read() as session:
        row = await documents.find(session, document_id)
        if row is None:
            message = f"document '{document_id}' does not exist"
            raise UnknownDocument(message)
        return (
            row | {"copies": await documents.copies_of(session, document_id, units)},
            await documents.judgements_of(session, document_id),
            await documents.changes_of(session, document_id),
        )


async def read_file(context: Context, caller: Caller, document_id: str, correlation_id: str) -> tuple[Row, BinaryIO]:
    """A document and its file, re-hashed; the reading is on record. The reader closes the file.

    Raises:
        UnknownDocument: there is none.
        FileStoreSilent: the file cannot be read, or is not the file that was kept.
    """
    row, _, _ = await one(context, caller, document_id)
    file = await open_link.fetch(context, row)
    try:
        await _note(
            context,
            caller,
            "given",
            correlation_id,
            dossier_code=row["dossier_code"],
            subject=row["subject_id"],
            sha256=row["sha256"],
            detail={"document": document_id},
        )
    except BaseException:
        file.close()
        raise
    return row, file


async def subject_id(context: Context, asked: SubjectIn) -> str:
    """What an owner is called by here; made when there is none, so that asking tells nothing about the person."""

    async def work(session: WriteSession) -> str:
        now = await session.now()
        return await documents.subject(session, asked.kind.value, asked.number, papers.new_id(now), now)

    return await context.database.run(work)


async def of_subject(context: Context, caller: Caller, subject: str, wanted: Wanted, correlation_id: str) -> list[Row]:
    """A page of an owner's documents, newest first; the look is on record.

    Raises:
        UnknownSubject: nobody is known by this id.
    """
    wanted = replace(wanted, units=reach.units_of(context, caller))

    async def work(session: WriteSession) -> list[Row]:
        if await documents.subject_row(session, subject) is None:
            message = f"nobody is known as '{subject}'"
            raise UnknownSubject(message)
        rows = await documents.of_subject(session, subject, wanted)
        entry = papers.entry(
            caller,
            AuditKind.DOCUMENT_READ,
            "listed",
            correlation_id,
            subject=subject,
            detail={"documents": len(rows)},
        )
        await audit.append(session, [entry], await session.now())
        return rows

    return await context.database.run(work)


async def figures(context: Context) -> Row:
    """The store's figures, from rows."""
    async with context.database.read() as session:
        states, oldest = await blobs.figures(session)
        asked, saved = await lookups.figures(session)
        kept, damaged = states.get(blobs.KEPT, (0, 0)), states.get(blobs.DAMAGED, (0, 0))
        return {
            "objects": kept[0] + damaged[0],
            "bytes": kept[1] + damaged[1],
            "promised": states.get(blobs.PROMISED, (0, 0))[0],
            "damaged": damaged[0],
            "oldest_check_at": oldest,
            "links": await links.by_state(session),
            "verdicts": await documents.verdicts(session),
            "lookups": asked,
            "scans_avoided": saved,
        }
