"""Software whose tokens another issuer gives, as it is registered here."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.store.client_tables import external_clients as table
from app.store.session import ReadSession, Row, WriteSession


async def add(session: WriteSession, row: Row) -> None:
    """Write a registration; its name must be free, and no living one may have its subject."""
    await session.execute(insert(table), row)


async def living(session: ReadSession, issuer: str, subject: str) -> Any | None:  # noqa: ANN401 - a row
    """The registration of a subject of an issuer, unless it was ended."""
    wanted = (table.c.issuer == issuer, table.c.subject == subject, table.c.revoked_at.is_(None))
    return await session.one_or_none(select(table).where(*wanted))


async def revoke(session: WriteSession, name: str, at: datetime) -> bool:
    """End a registration; False when no living one has this name."""
    done = await session.execute(
        update(table).where(table.c.name == name, table.c.revoked_at.is_(None)).values(revoked_at=at)
    )
    return done.rowcount == 1


async def listing(session: ReadSession) -> list[Row]:
    """All registrations, oldest first."""
    return [dict(row._mapping) for row in await session.rows(select(table).order_by(table.c.id))]  # noqa: SLF001
