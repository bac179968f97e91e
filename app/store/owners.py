"""Whose dossiers they are, many at a time."""

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from app.store.document_tables import subjects
from app.store.once_only_tables import person_queries
from app.store.session import ReadSession, WriteSession, member_of, members

# One number of a person or organisation: kind and number.
Owner = tuple[str, str]


async def ids_of(
    session: WriteSession, owners: Collection[Owner], new_id: Callable[[], str], now: datetime
) -> dict[Owner, str]:
    """The ids of owners, made where there are none."""
    if not owners:
        return {}
    found = await _known(session, owners)
    # In one order for everybody: two batches with the same people never wait for each other in a ring.
    missing = sorted(set(owners) - found.keys())
    if not missing:
        return found
    dialect = postgresql if session.dialect == "postgresql" else sqlite
    once = dialect.insert(subjects).on_conflict_do_nothing(index_elements=["kind", "number"])
    rows = [{"id": new_id(), "kind": kind, "number": number, "created_at": now} for kind, number in missing]
    await session.execute(once, rows)
    return found | await _known(session, missing)


async def _known(session: ReadSession, owners: Collection[Owner]) -> dict[Owner, str]:
    wanted = select(subjects.c.kind, subjects.c.number, subjects.c.id).where(
        tuple_(subjects.c.kind, subjects.c.number).in_(sorted(owners))
    )
    return {(row.kind, row.number): row.id for row in await session.rows(wanted)}


async def matched(session: ReadSession, codes: Collection[str]) -> frozenset[str]:
    """Which of these dossiers the population database confirmed a person for, whenever that was."""
    if not codes:
        return frozenset()
    named = member_of(person_queries.c.dossier_code, "codes", session.dialect)
    wanted = select(person_queries.c.dossier_code).where(named, person_queries.c.outcome == "MATCH").distinct()
    rows = await session.rows(wanted, {"codes": members(sorted(codes), session.dialect)})
    return frozenset(row.dossier_code for row in rows)
