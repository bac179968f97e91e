"""Bearer tokens of the one-stop software and of people, by hash only."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.store.session import ReadSession, Row, WriteSession
from app.store.tables import tokens


async def add(session: WriteSession, row: Row) -> None:
    """Write a token; its name must be free."""
    await session.execute(insert(tokens), row)


async def by_hash(session: ReadSession, secret_hash: str) -> Any | None:  # noqa: ANN401 - a row
    """The living token with this hash."""
    return await session.one_or_none(
        select(tokens).where(tokens.c.secret_hash == secret_hash, tokens.c.revoked_at.is_(None))
    )


async def revoke(session: WriteSession, name: str, at: datetime) -> bool:
    """End a token; False when no living token has this name."""
    done = await session.execute(
        update(tokens).where(tokens.c.name == name, tokens.c.revoked_at.is_(None)).values(revoked_at=at)
    )
    return done.rowcount == 1


async def listing(session: ReadSession) -> list[Row]:
    """All tokens without their hashes, oldest first."""
    columns = [column for column in tokens.c if column.name != "secret_hash"]
    return [dict(row._mapping) for row in await session.rows(select(*columns).order_by(tokens.c.id))]  # noqa: SLF001
