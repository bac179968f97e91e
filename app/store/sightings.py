"""Answers whose shape nobody had seen: one row a shape, with its first example, counted from then on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.store.session import ReadSession, Row, WriteSession
from app.store.watch_tables import sightings


@dataclass(frozen=True, slots=True)
class Sighting:
    """One answer of a shape that we do not know; ``example`` is masked."""

    target: str
    service: str
    shape: str
    example: str


async def note(session: WriteSession, seen: Sequence[Sighting], now: datetime) -> list[Sighting]:
    """Count what was seen; gives the shapes that are new."""
    if not seen:
        return []
    news: list[Sighting] = []
    for sighting in {(s.target, s.service, s.shape): s for s in seen}.values():
        times = sum((s.target, s.service, s.shape) == (sighting.target, sighting.service, sighting.shape) for s in seen)
        row: Row = {"target": sighting.target, "service": sighting.service, "shape": sighting.shape[:200]}
        row |= {"example": sighting.example, "times": times, "first_at": now, "last_at": now}
        insert = (postgresql if session.dialect == "postgresql" else sqlite).insert(sightings).values(row)
        counted = insert.on_conflict_do_update(
            index_elements=["target", "service", "shape"],
            set_={"times": sightings.c.times + times, "last_at": now},
        ).returning(sightings.c.times)
        if (await session.execute(counted)).scalar_one() == times:
            news.append(sighting)
    return news


async def listing(session: ReadSession, before_id: int | None = None, limit: int = 200) -> list[Row]:
    """Below a key, the newest shape first."""
    statement = select(sightings).order_by(sightings.c.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(sightings.c.id < before_id)
    return [dict(row._mapping) for row in await session.rows(statement)]  # noqa: SLF001 - SQLAlchemy's public name
