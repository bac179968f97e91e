"""Requests to destroy the keys of a subject, and what was decided of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.domain.erasure import ErasureState
from app.store.session import ReadSession, Row, WriteSession
from app.store.subject_tables import erasures


async def put(session: WriteSession, row: Row) -> None:
    """Keep a request."""
    await session.execute(insert(erasures), row)


async def find(session: WriteSession, erasure_id: str) -> Row | None:
    """A request, or None; whoever else decides it waits until this transaction ends."""
    row = await session.one_or_none(select(erasures).where(erasures.c.id == erasure_id).with_for_update())
    return None if row is None else _read(row)


async def open_of(session: ReadSession, subject: str) -> str | None:
    """The id of the request that waits for its approval, or None."""
    waiting = (erasures.c.subject_id == subject, erasures.c.state == ErasureState.ASKED.value)
    row = await session.one_or_none(select(erasures.c.id).where(*waiting))
    return None if row is None else str(row.id)


async def decide(
    session: WriteSession, erasure_id: str, state: ErasureState, by: str, note: str, keys: int, now: datetime
) -> None:
    """Note what became of a request."""
    values = {"state": state.value, "decided_by": by, "decided_at": now, "note": note, "keys_destroyed": keys}
    await session.execute(update(erasures).where(erasures.c.id == erasure_id).values(**values))


async def page(session: ReadSession, before: str | None, limit: int, *, waiting: bool) -> list[Row]:
    """Requests, newest first, below a key; only those that wait, or all."""
    conditions = [erasures.c.state == ErasureState.ASKED.value] if waiting else []
    if before is not None:
        conditions.append(erasures.c.id < before)
    statement = select(erasures).where(*conditions).order_by(erasures.c.id.desc()).limit(limit)
    return [_read(row) for row in await session.rows(statement)]


def _read(row: Any) -> Row:  # noqa: ANN401 - a row
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
