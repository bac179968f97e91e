"""Give a document to whoever has its address: the portal, and the citizen whom the portal shows it to.

Each access is on record before a byte goes out. A document that does not speak any more says so, and by what.
"""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO
from weakref import WeakKeyDictionary

from app import observability
from app.domain.audit import AuditKind
from app.domain.documents import MEDIA_TYPES, FileKind, Standing
from app.domain.rulesets import Purpose
from app.errors import FileStoreSilent, LinkGone, Refusal, UnknownLink
from app.store import audit, documents, links
from app.store.session import Database, Row, WriteSession
from app.usecases import papers, publish
from app.usecases.context import Caller, Context
from app.vault import ObjectDamaged, ObjectMissing, VaultError
from connectors.links import PROBE_AGENT

_CAPABILITY = re.compile(r"[A-Za-z0-9_-]{20,64}", re.ASCII)
_NOBODY = Caller("anonymous", "", frozenset())
_GIVEN, _PROBED = "given", "probed"
_FETCHES_AT_ONCE, _BUNDLES_AT_ONCE = 8, 2
_TOLD_AGAIN = timedelta(seconds=60)


@dataclass(slots=True)
class _Door:
    """What one process minds about those who come without a token: how many at a time, and who asked for nothing.

    ``unknown`` counts requests for addresses that nobody made since ``told_at``, when the log was told of some.
    """

    fetching: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_FETCHES_AT_ONCE))
    bundling: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_BUNDLES_AT_ONCE))
    unknown: int = 0
    told_at: datetime | None = None


# A process has one database.
_DOORS: WeakKeyDictionary[Database, _Door] = WeakKeyDictionary()


def _door_of(context: Context) -> _Door:
    return _DOORS.setdefault(context.database, _Door())


@dataclass(frozen=True, slots=True)
class Opened:
    """A document and its whole file, read and found unharmed; the reader closes it."""

    row: Row
    file: BinaryIO

    @property
    def media_type(self) -> str:
        """What it is, by its content."""
        return MEDIA_TYPES[FileKind(self.row["kind"])]


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks for a document, and how (``GET``, ``HEAD``, a range, ``bundle``), for the record.

    ``agent`` is what the visitor's software calls itself: enough to leave our own trials out of the count of
    accesses, and trusted for nothing else.
    """

    visitor: Caller
    asked: str
    correlation_id: str
    agent: str = ""

    @property
    def outcome(self) -> str:
        """What the log calls an access that was granted."""
        return _PROBED if self.agent == PROBE_AGENT else _GIVEN


async def open_link(context: Context, capability: str, visitor: Caller, asked: str, correlation_id: str) -> Opened:
    """The document behind an address and its file, as ``find`` and ``give`` have it."""
    visit = Visit(visitor, asked, correlation_id)
    return await give(context, await find(context, capability, visit), visit)


async def find(context: Context, capability: str, visit: Visit) -> Row:
    """The document behind an address, when it speaks. Whoever is told more of it goes on record first.

    Raises:
        UnknownLink: there is no such address.
        LinkGone: the document was withdrawn or replaced; says by what, and since when.
    """
    is_one = _CAPABILITY.fullmatch(capability) is not None
    async with context.database.read() as session:
        row = await links.by_capability(session, capability) if is_one else None
        if row is None:
            now = await session.now()
    if row is None:
        await _count_unknown(context, visit, now)
        message = "no document has this address"
        unknown = UnknownLink(message)
        unknown.on_record = True
        raise unknown
    if row["standing"] != Standing.ACTIVE.value:
        gone = await _gone(context, row)
        await note(context, row, visit, gone.slug)
        gone.on_record = True
        raise gone
    return row


async def give(context: Context, row: Row, visit: Visit) -> Opened:
    """The file of a document that was found, and the access on record.

    Raises:
        FileStoreSilent: the file cannot be read, or is not the file that was kept.
    """
    try:
        file = await fetch(context, row)
    except Refusal as refusal:
        await note(context, row, visit, refusal.slug)
        refusal.on_record = True
        raise
    try:
        await note(context, row, visit)
    except BaseException:
        file.close()
        raise
    return Opened(row, file)


async def fetch(context: Context, row: Row) -> BinaryIO:
    """The file of a document, re-hashed; only so many at a time.

    Raises:
        FileStoreSilent: it cannot be read, or is not the file that was kept.
    """
    try:
        async with _door_of(context).fetching:
            return await papers.files_of(context).vault.fetch(row["sha256"])
    except (ObjectMissing, ObjectDamaged) as error:
        message = f"the file of document '{row['id']}' is not the one that was kept"
        raise FileStoreSilent(message) from error
    except VaultError as error:
        message = "the document store cannot be reached"
        raise FileStoreSilent(message, retry_after_seconds=60) from error


def bundling(context: Context) -> asyncio.Semaphore:
    """The room for bundles: each is built whole before it is given, so only so many at a time; the others wait."""
    return _door_of(context).bundling


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


async def note(context: Context, row: Row, visit: Visit, refused: str | None = None) -> None:
    """Put an access on record: granted, or ``refused`` with the slug of why."""

    async def work(session: WriteSession) -> None:
        now = await session.now()
        entry = papers.entry(
            visit.visitor,
            AuditKind.DOCUMENT_READ,
            refused or visit.outcome,
            visit.correlation_id,
            purpose=Purpose.DOCUMENT_LINK,
            dossier_code=row["dossier_code"],
            subject=row["subject_id"],
            sha256=row["sha256"],
            detail={"document": row["id"], "asked": visit.asked},
        )
        await audit.append(session, [entry], now)
        if refused is None and visit.outcome == _GIVEN:
            await links.note_fetch(session, row["link_id"], now)

    await context.database.run(work)


async def _count_unknown(context: Context, visit: Visit, now: datetime) -> None:
    """Count a request for an address that nobody made; on record now and then, with how many there were.

    Anybody may ask for what is not there, as often as they like: an entry each would let them fill the log.
    """
    observability.UNKNOWN_LINKS.inc()
    door = _door_of(context)
    door.unknown += 1
    if door.told_at is not None and now - door.told_at < _TOLD_AGAIN:
        return
    times, before = door.unknown, door.told_at
    door.unknown, door.told_at = 0, now

    async def work(session: WriteSession) -> None:
        entry = papers.entry(
            _NOBODY,
            AuditKind.REFUSED,
            UnknownLink.slug,
            visit.correlation_id,
            purpose=Purpose.DOCUMENT_LINK,
            detail={"times": times, "since": before.isoformat() if before else None},
        )
        await audit.append(session, [entry], now)

    try:
        await context.database.run(work)
    except BaseException:
        door.unknown, door.told_at = door.unknown + times, before
        raise
