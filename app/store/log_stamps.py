"""Time-stamps on checkpoints: what an authority replied, as it came. Only added, never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select

from app.store.log_tables import log_checkpoints, log_timestamps
from app.store.session import ReadSession, Row, WriteSession


@dataclass(frozen=True, slots=True)
class Stamp:
    """A reply (DER) over a checkpoint's ``note``, by whom, and the time in it; ``at`` is when it came."""

    checkpoint_id: int
    size: int
    note: str
    at: datetime
    stamped_at: datetime
    authority: str
    reply: bytes


def _stamps() -> Select[Any]:
    of = log_timestamps.join(log_checkpoints, log_checkpoints.c.id == log_timestamps.c.checkpoint_id)
    mine = [log_timestamps.c[name] for name in ("checkpoint_id", "at", "stamped_at", "authority", "reply")]
    return select(log_timestamps.c.id, *mine, log_checkpoints.c.size, log_checkpoints.c.note).select_from(of)


def _stamp(row: Any) -> Stamp:  # noqa: ANN401 - a row
    return Stamp(row.checkpoint_id, row.size, row.note, row.at, row.stamped_at, row.authority, bytes(row.reply))


async def newest(session: ReadSession) -> Stamp | None:
    """The one that came last."""
    row = await session.one_or_none(_stamps().order_by(log_timestamps.c.id.desc()).limit(1))
    return None if row is None else _stamp(row)


async def page(session: ReadSession, after_id: int, limit: int) -> list[tuple[int, Stamp]]:
    """Stamps behind an id, in the order in which they came, each with its id."""
    statement = _stamps().where(log_timestamps.c.id > after_id).order_by(log_timestamps.c.id).limit(limit)
    return [(row.id, _stamp(row)) for row in await session.rows(statement)]


async def put(session: WriteSession, checkpoint_id: int, stamp: tuple[datetime, str, bytes], at: datetime) -> None:
    """Keep a reply: the time in it, by whom, the reply. A second one for the same checkpoint is left out."""
    held = select(log_timestamps.c.id).where(log_timestamps.c.checkpoint_id == checkpoint_id)
    # Asked first: on SQLite the table refuses even an insert that would be passed over.
    if await session.one_or_none(held) is None:
        stamped_at, authority, reply = stamp
        row: Row = {"checkpoint_id": checkpoint_id, "at": at, "stamped_at": stamped_at}
        row |= {"authority": authority, "reply": reply}
        await session.execute(insert(log_timestamps), row)


async def waits_since(session: ReadSession) -> datetime | None:
    """When the oldest checkpoint was signed that no stamp covers; None: all are covered."""
    stamped = select(func.coalesce(func.max(log_timestamps.c.checkpoint_id), 0)).scalar_subquery()
    unstamped = select(log_checkpoints.c.at).where(log_checkpoints.c.id > stamped)
    row = await session.one_or_none(unstamped.order_by(log_checkpoints.c.id).limit(1))
    return None if row is None else row[0]
