"""Every question about a person, answered or refused: who asked, for which dossier, which fields, what came of it.

Names of fields and outcomes only; what an answer said of the person stands nowhere.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, or_, select, text, update

from app.store.once_only_tables import person_queries
from app.store.reach import Units, within
from app.store.session import ReadSession, Row, WriteSession

#: The outcome of a question whose answer is out.
ASKED = "asked"
#: What ``connectors.population.PersonOutcome`` holds; whatever else is the slug of a refusal.
ANSWERS = ("MATCH", "NOT_FOUND_OR_MISMATCH", "DENIED", "QUOTA", "UNAVAILABLE", "BAD_REPLY")
#: Reasons of questions that were let through and stayed in the house all the same.
BREAKER_OPEN = "breaker_open"
NOT_CONFIGURED = "not_configured"
_STAYED = (BREAKER_OPEN, NOT_CONFIGURED)
_MILLISECOND = 1000
_queries = person_queries


@dataclass(frozen=True, slots=True)
class Answered:
    """A question that was answered with yes and still counts. ``fields`` are what it told or confirmed."""

    query_id: str
    service: str
    fields: frozenset[str]
    answered_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which questions. ``before`` is the id of the last one seen; ``units`` are those in reach of whoever asks."""

    officer: str | None = None
    unit: str | None = None
    dossier: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    before: str | None = None
    limit: int = 100
    units: Units = None


async def lock(session: WriteSession, officer: str, unit: str | None = None) -> None:
    """Make everybody else who asks in this officer's name, or in this unit's, wait until this transaction ends.

    So that two do not both take the last question of a quota. Taken first of all, the officer before the unit, so
    that nobody waits in a ring. On SQLite the transaction already stands alone.
    """
    if session.dialect != "postgresql":
        return
    for key in (f"asks:officer:{officer}", f"asks:unit:{unit}" if unit else None):
        if key is not None:
            await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


async def put(session: WriteSession, row: Row) -> None:
    """Write a question; ``fields_asked`` and ``fields_returned`` are iterables of names."""
    await session.execute(insert(_queries), row | {"fields_asked": names(row["fields_asked"])})


async def settle(session: WriteSession, query_id: str, **values: object) -> None:
    """Write what came of a question."""
    if "fields_returned" in values:
        values["fields_returned"] = names(values["fields_returned"])  # type: ignore[arg-type]
    await session.execute(update(_queries).where(_queries.c.id == query_id).values(**values))


async def left_asked(session: WriteSession, before: datetime, limit: int) -> list[Row]:
    """Questions that were let through before a time and whose outcome nobody wrote down; locked."""
    statement = select(_queries).where(text("outcome = 'asked'"), _queries.c.at < before).order_by(_queries.c.at)
    rows = await session.rows(statement.limit(limit).with_for_update(skip_locked=True))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name


def names(fields: Iterable[str]) -> str:
    """Names of fields as they are kept: JSON, in order."""
    return json.dumps(sorted(fields))


async def sent_by_officer(session: ReadSession, officer: str, since: datetime) -> int:
    """How many of an officer's questions have left the house at or after a time."""
    return await _sent(session, _queries.c.officer == officer, _queries.c.at >= since)


async def sent_by_unit(session: ReadSession, unit: str, after: datetime) -> int:
    """How many of a unit's questions have left the house after a time."""
    return await _sent(session, _queries.c.unit_code == unit, _queries.c.at > after)


async def _sent(session: ReadSession, *whose: ColumnElement[bool]) -> int:
    left = (
        _queries.c.outcome.in_([ASKED, *ANSWERS]),
        or_(_queries.c.reason.is_(None), _queries.c.reason.not_in(_STAYED)),
    )
    rows = await session.rows(select(func.count()).select_from(_queries).where(*whose, *left))
    return int(rows[0][0])


async def answered(session: ReadSession, dossier_code: str, subject_id: str, now: datetime) -> list[Answered]:
    """The answers that may feed a decision about one person in one dossier now; the newest first.

    Only a yes, only until its time is over, and never one that was given for another dossier.
    """
    statement = (
        select(_queries)
        .where(
            _queries.c.dossier_code == dossier_code,
            _queries.c.subject_id == subject_id,
            _queries.c.outcome == "MATCH",
            _queries.c.valid_until > now,
        )
        .order_by(_queries.c.answered_at.desc(), _queries.c.id.desc())
    )
    return [
        Answered(row.id, row.service, frozenset(json.loads(row.fields_returned)), row.answered_at, row.valid_until)
        for row in await session.rows(statement)
    ]


async def figures(
    session: ReadSession, since: datetime | None, until: datetime | None, units: Units = None
) -> dict[str, int]:
    """Questions of a span of time by outcome; those that were refused here under the slug of the refusal."""
    of_them = (*_between(since, until), *within(_queries.c.unit_code, units))
    statement = select(_queries.c.outcome, func.count().label("count")).where(*of_them)
    return {row.outcome: row.count for row in await session.rows(statement.group_by(_queries.c.outcome))}


async def page(session: ReadSession, wanted: Wanted) -> list[Row]:
    """Questions, newest first."""
    equal = {
        "officer": wanted.officer,
        "unit_code": wanted.unit,
        "dossier_code": wanted.dossier,
        "outcome": wanted.outcome,
    }
    conditions = [_queries.c[name] == value for name, value in equal.items() if value is not None]
    conditions += [*_between(wanted.since, None), *within(_queries.c.unit_code, wanted.units)]
    if wanted.before is not None:
        conditions.append(_queries.c.id < wanted.before)
    statement = select(_queries).where(*conditions).order_by(_queries.c.id.desc()).limit(wanted.limit)
    return [_read(row) for row in await session.rows(statement)]


def _between(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """A span of time. Ids begin with the millisecond, so their index leads to it."""
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions += [_queries.c.id >= _first_id(since), _queries.c.at >= since]
    if until is not None:
        conditions += [_queries.c.id < _first_id(until + timedelta(milliseconds=1)), _queries.c.at < until]
    return conditions


def _first_id(at: datetime) -> str:
    return f"{max(int(at.timestamp() * _MILLISECOND), 0):012x}"


def _read(row: Any) -> Row:  # noqa: ANN401 - a row
    found = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
    return found | {name: json.loads(found[name]) for name in ("fields_asked", "fields_returned")}
