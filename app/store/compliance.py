"""The last judgement of whether the population database may be asked: one row; whoever sees a change writes it."""

import json
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.store.backup_tables import compliance
from app.store.session import ReadSession, Row, WriteSession

_NAME = "population"


async def standing(session: ReadSession) -> tuple[str, ...] | None:
    """The rows that were red at the last change; None: it was never judged."""
    row = await session.one_or_none(select(compliance.c.red).where(compliance.c.name == _NAME))
    return None if row is None else tuple(json.loads(row.red))


async def change(session: WriteSession, red: tuple[str, ...], now: datetime) -> bool:
    """Keep a judgement; False: another process has kept the same already."""
    values: Row = {"allowed": not red, "red": json.dumps(red), "at": now}
    new = (postgresql if session.dialect == "postgresql" else sqlite).insert(compliance)
    first = new.values(name=_NAME, **values).on_conflict_do_nothing(index_elements=["name"])
    if (await session.execute(first.returning(compliance.c.name))).scalar_one_or_none() is not None:
        return True
    other = update(compliance).where(compliance.c.name == _NAME, compliance.c.red != values["red"])
    return (await session.execute(other.values(**values))).rowcount == 1
