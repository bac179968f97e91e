"""Software that asks for short-lived tokens; its secrets by hash only."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.store.client_tables import clients
from app.store.session import ReadSession, Row, WriteSession


async def add(session: WriteSession, row: Row) -> None:
    """Write a client; its name must be free."""
    await session.execute(insert(clients), row)


async def living(session: ReadSession, name: str) -> Any | None:  # noqa: ANN401 - a row
    """The client of this name, unless it was ended."""
    return await session.one_or_none(select(clients).where(clients.c.name == name, clients.c.revoked_at.is_(None)))


async def revoke(session: WriteSession, name: str, at: datetime) -> bool:
    """End a client; False when no living one has this name."""
    done = await session.execute(
        update(clients).where(clients.c.name == name, clients.c.revoked_at.is_(None)).values(revoked_at=at)
    )
    return done.rowcount == 1


async def listing(session: ReadSession) -> list[Row]:
    """All clients without their hashes, oldest first."""
    columns = [column for column in clients.c if column.name != "secret_hash"]
    return [dict(row._mapping) for row in await session.rows(select(*columns).order_by(clients.c.id))]  # noqa: SLF001
