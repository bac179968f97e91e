"""Give a document to whoever has its address: the portal, and the citizen whom the portal shows it to.

Each access is on record before a byte goes out. A document that does not speak any more says so, and by what.
"""

from dataclasses import dataclass
from typing import BinaryIO

from app.domain.audit import AuditKind
from app.domain.documents import MEDIA_TYPES, FileKind, Standing
from app.domain.rulesets import Purpose
from app.errors import FileStoreSilent, LinkGone, Refusal, UnknownLink
from app.store import audit, documents, links
from app.store.session import Row, WriteSession
from app.usecases import papers, publish
from app.usecases.context import Caller, Context
from app.vault import ObjectDamaged, ObjectMissing, VaultError


@dataclass(frozen=True, slots=True)
class Opened:
    """A document and its whole file, read and found unharmed; the reader closes it."""

    row: Row
    file: BinaryIO

    @property
    def media_type(self) -> str:
        """What it is, by its content."""
        return MEDIA_TYPES[FileKind(self.row["kind"])]


async def open_link(context: Context, capability: str, visitor: Caller, asked: str, correlation_id: str) -> Opened:
    """The document behind an address. ``asked`` says how (``GET``, ``HEAD``, a range), for the record.

    Raises:
        UnknownLink: there is no such address.
        LinkGone: the document was withdrawn or replaced; says by what, and since when.
        FileStoreSilent: the file cannot be read, or is not the file that was kept.
    """
    async with context.database.read() as session:
        row = await links.by_capability(session, capability)
    if row is None:
        message = "no document has this address"
        raise UnknownLink(message)
    try:
        if row["standing"] != Standing.ACTIVE.value:
            raise await _gone(context, row)
        file = await fetch(context, row)
    except Refusal as refusal:
        await _put_on_record(context, row, visitor, refusal.slug, asked, correlation_id)
        refusal.on_record = True
        raise
    try:
        await _put_on_record(context, row, visitor, "given", asked, correlation_id)
    except BaseException:
        file.close()
        raise
    return Opened(row, file)


async def fetch(context: Context, row: Row) -> BinaryIO:
    """The file of a document, re-hashed.

    Raises:
        FileStoreSilent: it cannot be read, or is not the file that was kept.
    """
    try:
        return await papers.files_of(context).vault.fetch(row["sha256"])
    except (ObjectMissing, ObjectDamaged) as error:
        message = f"the file of document '{row['id']}' is not the one that was kept"
        raise FileStoreSilent(message) from error
    except VaultError as error:
        message = "the document store cannot be reached"
        raise FileStoreSilent(message, retry_after_seconds=60) from error


async def _gone(context: Context, row: Row) -> LinkGone:
    async with context.database.read() as session:
        changes = await documents.changes_of(session, row["id"])
        newer = await _newest(context, row)
    last = next((c for c in reversed(changes) if c["kind"] in {"superseded", "revoked"}), None)
    said = "was replaced" if row["standing"] == Standing.SUPERSEDED.value else "was withdrawn"
    message = f"document '{row['title']}' {said}"
    members: dict[str, object] = {
        "standing": row["standing"],
        "since": last["at"].isoformat() if last else None,
        "reason": last["reason"] if last else None,
        "replaced_by": newer,
    }
    return LinkGone(message, members=members)


async def _newest(context: Context, row: Row) -> str | None:
    """The address of the document that stands for a replaced one in the end, when it speaks."""
    seen: set[str] = set()
    at: Row | None = row
    async with context.database.read() as session:
        while at is not None and at["replaced_by"] and at["id"] not in seen:
            seen.add(at["id"])
            at = await documents.find(session, at["replaced_by"])
    if at is None or at["id"] == row["id"] or at["standing"] != Standing.ACTIVE.value:
        return None
    return publish.address(context, at["link_capability"])


async def _put_on_record(
    context: Context, row: Row, visitor: Caller, outcome: str, asked: str, correlation_id: str
) -> None:
    async def work(session: WriteSession) -> None:
        now = await session.now()
        entry = papers.entry(
            visitor,
            AuditKind.DOCUMENT_READ,
            outcome,
            correlation_id,
            purpose=Purpose.DOCUMENT_LINK,
            dossier_code=row["dossier_code"],
            subject=row["subject_id"],
            sha256=row["sha256"],
            detail={"document": row["id"], "asked": asked},
        )
        await audit.append(session, [entry], now)
        if outcome == "given":
            await links.note_fetch(session, row["link_id"], now)

    await context.database.run(work)
