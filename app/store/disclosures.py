"""Entries of the log that may tell a person about their data, and what is told later. The log is never walked."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, insert, literal, or_, select, union_all

from app.domain.audit import AuditKind
from app.domain.disclosure import OF_DOSSIERS, OF_QUESTIONS, OF_SUBJECTS, Delay, Known
from app.store.disclosure_tables import disclosure_delays
from app.store.once_only_tables import person_queries
from app.store.reach import Units, of_dossiers, within
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import audit, dossiers

_delays = disclosure_delays
_NOTHING: Any = literal(0)


async def candidates(
    session: ReadSession, subject: str, before_id: int | None, limit: int, units: Units = None
) -> list[Row]:
    """Entries, newest first, below a key, that may be about a person; among them all that are.

    Three ways, each along an index, each cut to ``limit``: the newest of all are among the newest of each.
    """
    theirs = select(dossiers.c.code).where(dossiers.c.subject_id == subject)
    asked_for = select(person_queries.c.dossier_code).where(person_queries.c.subject_id == subject)
    ways = (
        and_(audit.c.subject_ref == subject, audit.c.kind.in_(_values(OF_SUBJECTS))),
        and_(audit.c.dossier_code.in_(theirs), audit.c.kind.in_(_values(OF_DOSSIERS))),
        and_(audit.c.dossier_code.in_(asked_for), audit.c.kind.in_(_values(OF_QUESTIONS))),
    )
    found = union_all(*(select(_newest(and_(way, *_reached(units)), before_id, limit).subquery().c.id) for way in ways))
    statement = select(audit).where(audit.c.id.in_(found)).order_by(audit.c.id.desc()).limit(limit)
    return [_read(row) for row in await session.rows(statement)]


async def in_reach(session: ReadSession, codes: Collection[str], units: Units) -> frozenset[str]:
    """Those of the dossiers that are in reach."""
    named = member_of(dossiers.c.code, "codes", session.dialect)
    statement = select(dossiers.c.code).where(named, *of_dossiers(dossiers.c.code, units))
    rows = await session.rows(statement, {"codes": members(sorted(codes), session.dialect)})
    return frozenset(row.code for row in rows)


async def ways(session: ReadSession, subject: str) -> list[tuple[str, str, frozenset[str]]]:
    """Column, value and kinds by which archived entries about a person are found: the three ways of ``candidates``."""
    theirs = select(dossiers.c.code).where(dossiers.c.subject_id == subject)
    asked_for = select(person_queries.c.dossier_code).where(person_queries.c.subject_id == subject).distinct()
    found = [("subject_ref", subject, frozenset(_values(OF_SUBJECTS)))]
    found += [("dossier_code", row[0], frozenset(_values(OF_DOSSIERS))) for row in await session.rows(theirs)]
    asked = [row[0] for row in await session.rows(asked_for) if row[0] is not None]
    return found + [("dossier_code", code, frozenset(_values(OF_QUESTIONS))) for code in asked]


def _newest(way: ColumnElement[bool], before_id: int | None, limit: int) -> Select[Any]:
    # In the order of a sum: in the order of the key alone an engine may walk the whole log backwards.
    statement = select(audit.c.id).where(way).order_by((audit.c.id + _NOTHING).desc()).limit(limit)
    return statement if before_id is None else statement.where(audit.c.id < before_id)


def _values(kinds: Collection[AuditKind]) -> list[str]:
    return [kind.value for kind in kinds]


def _reached(units: Units) -> tuple[ColumnElement[bool], ...]:
    """Of dossiers in reach; what is of none, of whichever unit did it."""
    if units is None:
        return ()
    of_none = and_(audit.c.dossier_code.is_(None), *within(audit.c.unit_code, units))
    return (or_(of_none, *of_dossiers(audit.c.dossier_code, units)),)


async def entry(session: ReadSession, audit_id: int, units: Units = None) -> Row | None:
    """One entry, or None."""
    row = await session.one_or_none(select(audit).where(audit.c.id == audit_id, *_reached(units)))
    return None if row is None else _read(row)


def _read(row: Any) -> Row:  # noqa: ANN401 - a row
    found: Row = row._asdict()
    return found | {"detail": json.loads(found["detail"])}


async def known(session: ReadSession, subject: str, rows: Collection[Row]) -> Known:
    """Which of the dossiers and questions that these entries name are this person's."""
    codes = sorted({row["dossier_code"] for row in rows if row["dossier_code"] is not None})
    queries = sorted({row["detail"]["query"] for row in rows if isinstance(row["detail"].get("query"), str)})
    own = select(dossiers.c.code).where(
        member_of(dossiers.c.code, "codes", session.dialect), dossiers.c.subject_id == subject
    )
    about = select(person_queries.c.id).where(
        member_of(person_queries.c.id, "queries", session.dialect), person_queries.c.subject_id == subject
    )
    return Known(
        subject,
        frozenset(row.code for row in await session.rows(own, {"codes": members(codes, session.dialect)})),
        frozenset(row.id for row in await session.rows(about, {"queries": members(queries, session.dialect)})),
    )


async def delays_of(session: ReadSession, codes: Collection[str]) -> Mapping[str, list[Delay]]:
    """The delays of dossiers, oldest first."""
    found: defaultdict[str, list[Delay]] = defaultdict(list)
    statement = select(_delays).where(member_of(_delays.c.dossier_code, "codes", session.dialect))
    parameters = {"codes": members(sorted(codes), session.dialect)}
    for row in await session.rows(statement.order_by(_delays.c.id), parameters):
        found[row.dossier_code].append(Delay(row.at, date.fromisoformat(row.until), row.legal_basis))
    return found


async def add_delay(session: WriteSession, row: Row) -> int:
    """Keep a delay; its number."""
    made: int = (await session.execute(insert(_delays).values(row).returning(_delays.c.id))).scalar_one()
    return made


async def delays_page(session: ReadSession, dossier: str | None, before_id: int | None, limit: int) -> list[Row]:
    """Delays, newest first, below a key."""
    conditions = [] if dossier is None else [_delays.c.dossier_code == dossier]
    if before_id is not None:
        conditions.append(_delays.c.id < before_id)
    statement = select(_delays).where(*conditions).order_by(_delays.c.id.desc()).limit(limit)
    return [dict(row._mapping) for row in await session.rows(statement)]  # noqa: SLF001 - SQLAlchemy's public name
