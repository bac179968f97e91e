"""How "ask once" is kept: what was asked for needlessly, and figures of a time span by unit."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select, text

from app.domain.once_only import Decision
from app.store.once_only_tables import once_only_checks, once_only_decisions, paper_requests
from app.store.session import ReadSession, Row, member_of, members

_checks, _decisions, _requests = once_only_checks, once_only_decisions, paper_requests
# In the words of the partial index: SQLite recognises it by them.
_REDUNDANT = text("redundant")


@dataclass(frozen=True, slots=True)
class Span:
    """Of which units (None: all), and from when until when."""

    units: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(slots=True)
class UnitFigures:
    """One unit's checks, decisions, requests, and papers that were not asked for."""

    checks: int = 0
    decisions: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    redundant: int = 0
    papers_not_asked: int = 0


def _within(span: Span, unit: ColumnElement[Any], at: ColumnElement[Any], dialect: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if span.units is not None:
        conditions.append(member_of(unit, "units", dialect))
    if span.since is not None:
        conditions.append(at >= span.since)
    if span.until is not None:
        conditions.append(at < span.until)
    return conditions


def _bound(session: ReadSession, span: Span) -> Row:
    return {} if span.units is None else {"units": members(sorted(span.units), session.dialect)}


async def redundant(session: ReadSession, span: Span, before_id: int | None, limit: int) -> list[Row]:
    """What was asked for without an earlier decision that allows it, or against one; newest first."""
    wanted = select(_requests).where(_REDUNDANT, *_within(span, _requests.c.unit_code, _requests.c.at, session.dialect))
    if before_id is not None:
        wanted = wanted.where(_requests.c.id < before_id)
    rows = await session.rows(wanted.order_by(_requests.c.id.desc()).limit(limit), _bound(session, span))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name


async def by_unit(session: ReadSession, span: Span) -> dict[str, UnitFigures]:
    """The figures of every unit that has any."""
    found: dict[str, UnitFigures] = {}
    bound = _bound(session, span)
    for row in await session.rows(_counted_checks(span, session.dialect), bound):
        found.setdefault(row[0], UnitFigures()).checks = int(row[1])
    for row in await session.rows(_counted_decisions(span, session.dialect), bound):
        found.setdefault(row[0], UnitFigures()).decisions[row[1]] = int(row[2])
    for row in await session.rows(_counted_requests(span, session.dialect), bound):
        figures = found.setdefault(row[0], UnitFigures())
        figures.requests, figures.redundant = int(row[1]), int(row[2])
    for row in await session.rows(_not_asked(span, session.dialect), bound):
        found.setdefault(row[0], UnitFigures()).papers_not_asked = int(row[1])
    return found


def _counted_checks(span: Span, dialect: str) -> Select[Any]:
    unit = _checks.c.unit_code
    return select(unit, func.count()).where(*_within(span, unit, _checks.c.at, dialect)).group_by(unit)


def _counted_decisions(span: Span, dialect: str) -> Select[Any]:
    unit, decision = _checks.c.unit_code, _decisions.c.decision
    return (
        select(unit, decision, func.count())
        .join(_checks, _checks.c.id == _decisions.c.check_id)
        .where(*_within(span, unit, _checks.c.at, dialect))
        .group_by(unit, decision)
    )


def _counted_requests(span: Span, dialect: str) -> Select[Any]:
    unit, needless = _requests.c.unit_code, func.sum(case((_requests.c.redundant, 1), else_=0))
    return select(unit, func.count(), needless).where(*_within(span, unit, _requests.c.at, dialect)).group_by(unit)


def _not_asked(span: Span, dialect: str) -> Select[Any]:
    """Papers that were held and that nobody asked for all the same.

    One that was checked twice is one paper, of whichever unit. Without a dossier nobody can say what became of it.
    """
    named = select(_requests.c.decision_id).where(_requests.c.decision_id.is_not(None))
    asked = (
        select(_requests.c.id)
        .where(_requests.c.dossier_code == _checks.c.dossier_code, _requests.c.component_code == _decisions.c.code)
        .correlate(_checks, _decisions)
        .exists()
    )
    papers = (
        select(func.min(_checks.c.unit_code).label("unit_code"))
        .join(_decisions, _decisions.c.check_id == _checks.c.id)
        .where(
            _checks.c.dossier_code.is_not(None),
            _decisions.c.decision == Decision.HAVE_VALID.value,
            _decisions.c.kind == "component",
            _decisions.c.id.not_in(named),
            ~asked,
            *_within(span, _checks.c.unit_code, _checks.c.at, dialect),
        )
        .group_by(_checks.c.dossier_code, _decisions.c.code)
        .subquery()
    )
    return select(papers.c.unit_code, func.count()).group_by(papers.c.unit_code)
