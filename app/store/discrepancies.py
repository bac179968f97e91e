"""What sources say and is not so, until they have answered. Nothing is deleted."""

from datetime import datetime

from sqlalchemy import insert, select, update

from app.store.once_only_tables import discrepancies
from app.store.reach import Units, within
from app.store.session import ReadSession, Row, WriteSession

_LIMIT = 500


async def open_one(session: ReadSession, source: str, subject_id: str, item: str) -> str | None:
    """The discrepancy of this source about this item of a person that is not answered yet, or None."""
    wanted = select(discrepancies.c.id).where(
        discrepancies.c.subject_id == subject_id,
        discrepancies.c.source == source,
        discrepancies.c.item == item,
        discrepancies.c.answered_at.is_(None),
    )
    return min((str(row.id) for row in await session.rows(wanted)), default=None)


async def add(session: WriteSession, row: Row) -> None:
    """Keep a discrepancy."""
    await session.execute(insert(discrepancies), row)


async def find(session: ReadSession, discrepancy_id: str) -> Row | None:
    """A discrepancy, or None."""
    row = await session.one_or_none(select(discrepancies).where(discrepancies.c.id == discrepancy_id))
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


async def answer(session: WriteSession, discrepancy_id: str, *, by: str, words: str, now: datetime) -> bool:
    """Write what the source answered. False: it has answered already, or there is no such discrepancy."""
    done = await session.execute(
        update(discrepancies)
        .where(discrepancies.c.id == discrepancy_id, discrepancies.c.answered_at.is_(None))
        .values(answered_at=now, answered_by=by, answer=words)
    )
    return done.rowcount == 1


async def listing(session: ReadSession, source: str | None, *, open_only: bool, units: Units = None) -> list[Row]:
    """At most 500: the open ones first, those due soonest first."""
    wanted = select(discrepancies).where(*within(discrepancies.c.unit_code, units))
    if source is not None:
        wanted = wanted.where(discrepancies.c.source == source)
    if open_only:
        wanted = wanted.where(discrepancies.c.answered_at.is_(None))
    order = (discrepancies.c.answered_at.is_not(None), discrepancies.c.due_at, discrepancies.c.id)
    return [dict(row._mapping) for row in await session.rows(wanted.order_by(*order).limit(_LIMIT))]  # noqa: SLF001
