"""Whose dossiers they are, many at a time."""

import json
from collections.abc import Callable, Collection
from datetime import datetime
from secrets import token_hex

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.audit import Personal
from app.store.document_tables import documents, subjects
from app.store.once_only_tables import person_queries
from app.store.session import ReadSession, WriteSession, member_of, members
from app.store.tables import dossiers

# One number of a person or organisation: kind and number.
Owner = tuple[str, str]
#: Kinds of numbers that belong to a person; others are of organisations.
_OF_PERSONS = ("personal_number", "old_identity_number")
#: What stands in the place of a kind of number once nobody is to be found by it any more.
_ERASED = "erased"
_TOKEN_BYTES = 10


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


async def applicants(session: ReadSession, codes: Collection[str]) -> dict[str, Personal]:
    """Whose these dossiers are now, by code: number and name, as handed over. Organisations are left out."""
    if not codes:
        return {}
    wanted = (
        select(dossiers.c.code, dossiers.c.subject_id, dossiers.c.facts, subjects.c.number)
        .join(subjects, subjects.c.id == dossiers.c.subject_id)
        .where(member_of(dossiers.c.code, "codes", session.dialect), subjects.c.kind.in_(_OF_PERSONS))
    )
    rows = await session.rows(wanted, {"codes": members(sorted(codes), session.dialect)})
    return {
        row.code: Personal(
            row.subject_id, {"number": row.number, "full_name": json.loads(row.facts)["applicant"]["full_name"]}
        )
        for row in rows
    }


async def held_of(session: ReadSession, subject: str) -> tuple[int, int]:
    """How many dossiers and documents the register holds of a subject."""
    counted = [
        select(func.count()).select_from(table).where(table.c.subject_id == subject) for table in (dossiers, documents)
    ]
    [dossiers_held], [documents_held] = [(await session.rows(each))[0] for each in counted]
    return dossiers_held, documents_held


async def detach(session: WriteSession, subject: str) -> None:
    """Let a subject's id lead to nobody: its number is overwritten. Who comes again gets another id."""
    gone = {"kind": _ERASED, "number": token_hex(_TOKEN_BYTES)}
    await session.execute(update(subjects).where(subjects.c.id == subject).values(**gone))
