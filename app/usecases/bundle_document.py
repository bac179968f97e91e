"""The bundle of a document: the file as it is, its verdict, and how anybody can check it. A PDF for the citizen, a zip.

Built anew for each reader from what is on record, and the same each time until something about the document changes.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from app.domain.documents import MEDIA_TYPES, FileKind, Signature, SignerKind, Standing, Verdict
from app.errors import FileStoreSilent
from app.papers.bundle_facts import BundleFacts, OriginalDiffers, Seal
from app.papers.bundle_names import safe_name
from app.store import documents, dossiers
from app.store.session import Row
from app.usecases import look_documents, open_link, papers, publish
from app.usecases.context import Caller, Context


@dataclass(frozen=True, slots=True)
class Bundle:
    """A finished bundle, at its beginning; the reader closes it."""

    file: BinaryIO
    size_bytes: int
    name: str
    media_type: str


async def for_citizen(context: Context, capability: str, visitor: Caller, correlation_id: str) -> Bundle:
    """The PDF at a document's address. The access is on record.

    Raises:
        UnknownLink, LinkGone, FileStoreSilent: as ``open_link`` has it.
    """
    opened = await open_link.open_link(context, capability, visitor, "bundle", correlation_id)
    files = papers.files_of(context)
    with opened.file:
        facts = await _facts(context, opened.row["id"])
        return await _made(files.spool_dir, opened.file, facts, "pdf", files.seal)


async def for_office(context: Context, caller: Caller, document_id: str, correlation_id: str) -> Bundle:
    """The same as a zip, for whoever may read the document. The access is on record.

    Raises:
        UnknownDocument, FileStoreSilent: as ``look_documents.read_file`` has it.
    """
    spool_dir = papers.files_of(context).spool_dir
    _, file = await look_documents.read_file(context, caller, document_id, correlation_id)
    with file:
        facts = await _facts(context, document_id)
        return await _made(spool_dir, file, facts, "zip", None)


async def _made(
    folder: Path | None,
    original: BinaryIO,
    facts: BundleFacts,
    ending: str,
    seal: Seal | None,
) -> Bundle:
    if folder is not None:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    into: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by the reader
    try:
        await asyncio.to_thread(_build, facts, original, into, ending, seal)
        size_bytes = into.seek(0, 2)
        into.seek(0)
    except OriginalDiffers as error:
        into.close()
        message = "the file is not the one that was kept"
        raise FileStoreSilent(message) from error
    except BaseException:
        into.close()
        raise
    stem = safe_name(facts.file_name, facts.media_type).rpartition(".")[0]
    media_type = {"pdf": "application/pdf", "zip": "application/zip"}[ending]
    return Bundle(into, size_bytes, f"{stem}-xac-minh.{ending}", media_type)


def _build(facts: BundleFacts, original: BinaryIO, into: BinaryIO, ending: str, seal: Seal | None) -> None:
    from app.papers.bundle import bundle_pdf, bundle_zip  # noqa: PLC0415 - draws and packs: loaded by the first who asks

    if ending == "pdf":
        bundle_pdf(facts, original, into, seal)
    else:
        bundle_zip(facts, original, into)


async def _facts(context: Context, document_id: str) -> BundleFacts:
    async with context.database.read() as session:
        row = await documents.find(session, document_id)
        judgements = await documents.judgements_of(session, document_id)
        assert row is not None  # noqa: S101 - nothing is deleted
        dossier = await dossiers.facts(session, row["dossier_code"])
        newer = await documents.find(session, row["replaced_by"]) if row["replaced_by"] else None
    last = judgements[-1]
    return BundleFacts(
        **{name: row[name] for name in ("title", "number_symbol", "issuing_body", "scope", "owner_name")},
        issued_on=_day(row["issued_on"]),
        valid_until=_day(row["valid_until"]),
        dossier_code=row["dossier_code"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        media_type=MEDIA_TYPES[FileKind(row["kind"])],
        file_name=row["file_name"],
        verdict=Verdict(last["verdict"]),
        signatures=tuple(_signature(found) for found in last["signatures"]),
        judged_at=last["at"],
        judged_by=last["judged_by"],
        link=publish.address(context, row["link_capability"]),
        # Not the time of asking: what has not changed is the same file again.
        made_at=max(row["updated_at"], last["at"]),
        standing=Standing(row["standing"]),
        replaced_by_link=publish.address(context, newer["link_capability"]) if newer else None,
        **_names(context, dossier),
    )


def _names(context: Context, dossier: Row | None) -> dict[str, Any]:
    catalogue = context.catalogue
    procedure = catalogue.procedures.get(dossier["procedure_code"]) if dossier else None
    unit = catalogue.units.get(dossier["unit_code"]) if dossier else None
    return {"procedure_name": procedure.name if procedure else None, "unit_name": unit.name if unit else None}


def _signature(found: dict[str, Any]) -> Signature:
    times = {name: _moment(found[name]) for name in ("signed_at", "valid_from", "valid_to")}
    kinds = {"kind": SignerKind(found["kind"]), "verdict": Verdict(found["verdict"])}
    return Signature(**found | times | kinds)


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
