"""What lies in the document store, as the database knows it: announced, kept, re-read, damaged."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from app.store.document_tables import blobs, documents
from app.store.session import ReadSession, WriteSession

PROMISED, KEPT, DAMAGED = "promised", "kept", "damaged"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Blob:
    """One object as the database knows it; ``documents`` speak of it."""

    sha256: str
    size_bytes: int
    state: str
    created_at: datetime
    documents: int


async def oldest_checked(session: ReadSession, limit: int) -> list[tuple[str, int, str, datetime]]:
    """The kept or damaged objects that were read again longest ago: hash, size, state, when."""
    statement = (
        select(blobs.c.sha256, blobs.c.size_bytes, blobs.c.state, blobs.c.checked_at)
        .where(blobs.c.state.in_((KEPT, DAMAGED)))
        .order_by(blobs.c.checked_at, blobs.c.sha256)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in await session.rows(statement)]


async def note_check(session: WriteSession, sha256: str, now: datetime, fault: str | None) -> None:
    """It was read again: whole, or with a fault."""
    state = DAMAGED if fault else KEPT
    await session.execute(
        update(blobs)
        .where(blobs.c.sha256 == sha256, blobs.c.state.in_((KEPT, DAMAGED)))
        .values(state=state, checked_at=now, fault=fault)
    )


async def pages(session: ReadSession) -> AsyncIterator[list[Blob]]:
    """All objects that the database knows, in the order of their hashes, some at a time."""
    after = ""
    while True:
        speaking = select(func.count()).where(documents.c.sha256 == blobs.c.sha256).scalar_subquery()
        statement = (
            select(blobs.c.sha256, blobs.c.size_bytes, blobs.c.state, blobs.c.created_at, speaking.label("documents"))
            .where(blobs.c.sha256 > after)
            .order_by(blobs.c.sha256)
            .limit(_PAGE)
        )
        found = [
            Blob(row.sha256, row.size_bytes, row.state, row.created_at, row.documents)
            for row in await session.rows(statement)
        ]
        if not found:
            return
        yield found
        after = found[-1].sha256


async def figures(session: ReadSession) -> tuple[dict[str, tuple[int, int]], datetime | None]:
    """Objects and bytes by state, and when the one that was read again longest ago was."""
    rows = await session.rows(
        select(blobs.c.state, func.count(), func.coalesce(func.sum(blobs.c.size_bytes), 0)).group_by(blobs.c.state)
    )
    oldest = await session.rows(select(func.min(blobs.c.checked_at)).where(blobs.c.state != PROMISED))
    return {row[0]: (row[1], int(row[2])) for row in rows}, oldest[0][0]
