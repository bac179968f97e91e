"""Uploads that come in several goes: whose, how large, and who is sending now. The bytes lie in the vault."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, insert, or_, select, update

from app.store.document_tables import uploads
from app.store.session import ReadSession, Row, WriteSession

OPEN, ENDING, TAKEN, DROPPED = "open", "ending", "taken", "dropped"


async def add(session: WriteSession, row: Row) -> None:
    """Begin an upload."""
    await session.execute(insert(uploads), row | {"state": OPEN})


async def find(session: ReadSession, upload_id: str, owner: str) -> Row | None:
    """An upload of this owner that is open, or None."""
    row = await session.one_or_none(
        select(uploads).where(uploads.c.id == upload_id, uploads.c.owner == owner, uploads.c.state == OPEN)
    )
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


async def seize(session: WriteSession, upload_id: str, writer: str, now: datetime, until: datetime) -> bool:
    """Become the one who sends; False: somebody else is."""
    done = await session.execute(
        update(uploads)
        .where(
            uploads.c.id == upload_id,
            uploads.c.state == OPEN,
            or_(uploads.c.writer.is_(None), uploads.c.writer_until <= now),
        )
        .values(writer=writer, writer_until=until)
    )
    return done.rowcount == 1


async def hold(session: WriteSession, upload_id: str, writer: str, until: datetime) -> bool:
    """Go on being the one who sends; False: somebody else is by now, or the upload was ended."""
    done = await session.execute(
        update(uploads)
        .where(uploads.c.id == upload_id, uploads.c.state == OPEN, uploads.c.writer == writer)
        .values(writer_until=until)
    )
    return done.rowcount == 1


async def release(session: WriteSession, upload_id: str, writer: str) -> bool:
    """Let others send; False: the upload was ended meanwhile."""
    await session.execute(
        update(uploads)
        .where(uploads.c.id == upload_id, uploads.c.writer == writer)
        .values(writer=None, writer_until=None)
    )
    found = select(uploads.c.id).where(uploads.c.id == upload_id, uploads.c.state == OPEN)
    return await session.one_or_none(found) is not None


async def end(session: WriteSession, upload_id: str, document_id: str | None) -> None:
    """It was taken as a document, or dropped; its bytes are still there."""
    await session.execute(
        update(uploads)
        .where(uploads.c.id == upload_id, uploads.c.state == OPEN)
        .values(state=ENDING, document_id=document_id)
    )


async def close(session: WriteSession, upload_id: str) -> None:
    """Its bytes are gone."""
    state = case((uploads.c.document_id.is_(None), DROPPED), else_=TAKEN)
    await session.execute(
        update(uploads).where(uploads.c.id == upload_id, uploads.c.state == ENDING).values(state=state)
    )


async def document_of(session: ReadSession, upload_id: str, owner: str) -> str | None:
    """The document that an upload of this owner became, or None."""
    row = await session.one_or_none(
        select(uploads.c.document_id).where(uploads.c.id == upload_id, uploads.c.owner == owner)
    )
    return None if row is None else row.document_id


async def expired(session: ReadSession, now: datetime, limit: int) -> list[str]:
    """Uploads that nobody went on with in time."""
    return await _ids(session, select(uploads).where(uploads.c.state == OPEN, uploads.c.expires_at <= now), limit)


async def ending(session: ReadSession, limit: int) -> list[str]:
    """Uploads that were ended, and whose bytes may still be there: it is being seen to, or that was cut off."""
    return await _ids(session, select(uploads).where(uploads.c.state == ENDING), limit)


async def _ids(session: ReadSession, wanted: Select[Any], limit: int) -> list[str]:
    rows = await session.rows(wanted.order_by(uploads.c.expires_at).limit(limit))
    return [row.id for row in rows]
