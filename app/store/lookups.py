"""Questions before a scan, and what they saved."""

import json
from datetime import datetime

from sqlalchemy import func, insert, select, update

from app.store.document_tables import documents, lookups
from app.store.reach import Units, of_dossiers
from app.store.session import ReadSession, Row, WriteSession


async def add(session: WriteSession, row: Row) -> None:
    """Keep a look-up; ``wanted`` and ``candidates`` are JSON texts."""
    await session.execute(insert(lookups), row)


async def find(session: ReadSession, lookup_id: str) -> Row | None:
    """A look-up with its candidates, or None."""
    row = await session.one_or_none(select(lookups).where(lookups.c.id == lookup_id))
    return None if row is None else dict(row._mapping) | {"candidates": json.loads(row.candidates)}  # noqa: SLF001


async def use(session: WriteSession, lookup_id: str, now: datetime) -> bool:
    """A find of this look-up is taken. False: one was taken already."""
    done = await session.execute(
        update(lookups).where(lookups.c.id == lookup_id, lookups.c.used_at.is_(None)).values(used_at=now)
    )
    return done.rowcount == 1


async def document_of(session: ReadSession, lookup_id: str) -> str | None:
    """The document that came of a look-up, or None."""
    row = await session.one_or_none(select(documents.c.id).where(documents.c.lookup_id == lookup_id))
    return None if row is None else str(row.id)


async def figures(session: ReadSession, units: Units = None) -> tuple[int, int]:
    """How many look-ups there were, and how many scans they saved."""
    asked = select(func.count(), func.count(lookups.c.used_at)).select_from(lookups)
    statement = asked.where(*of_dossiers(lookups.c.dossier_code, units))
    row = (await session.rows(statement))[0]
    return int(row[0]), int(row[1])
