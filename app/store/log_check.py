"""How far the log was read again: one row, written by whoever holds the checker's lease."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.self_check import Standing
from app.store.log_tables import log_check, log_gaps
from app.store.session import ReadSession, Row, WriteSession

_NAME: Final = "check"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of the check. ``progress`` and ``finding`` are JSON; ``lies`` were found by the newest pass."""

    standing: Standing
    progress: str | None = None
    lies: int = 0
    finding: str | None = None
    found_at: datetime | None = None


async def kept(session: ReadSession) -> Kept | None:
    """How the check stands; None: it has never read anything."""
    row = await session.one_or_none(select(log_check))
    if row is None:
        return None
    standing = Standing(row.first_at, row.moved_at, row.size, row.until, row.ended_at, row.whole_at, row.whole_size)
    return Kept(standing, row.progress, row.lies, row.finding, row.found_at)


async def keep(session: WriteSession, now_kept: Kept) -> None:
    """Put this in place of what was kept."""
    row: Row = {"name": _NAME, **asdict(now_kept.standing), "progress": now_kept.progress, "lies": now_kept.lies}
    row |= {"finding": now_kept.finding, "found_at": now_kept.found_at}
    new = (postgresql if session.dialect == "postgresql" else sqlite).insert(log_check).values(row)
    await session.execute(new.on_conflict_do_update(index_elements=["name"], set_=row))


async def begin_anew(session: WriteSession) -> None:
    """Let the next look begin at the first leaf, and at once."""
    now = await session.now()
    await session.execute(update(log_check).values(progress=None, ended_at=None, size=0, moved_at=now))


async def is_awaited(session: ReadSession, audit_id: int, last_id: int) -> bool:
    """Whether the sequencer has still to come to an entry: it is above ``last_id``, or was passed over."""
    if audit_id > last_id:
        return True
    in_gap = log_gaps.c.first_id <= audit_id, log_gaps.c.last_id >= audit_id
    return await session.one_or_none(select(log_gaps.c.first_id).where(*in_gap).limit(1)) is not None
