"""The gate's checks and decisions, the components that citizens were asked for, and what the gate finds here.

A decision serves one dossier; which one is written once. Nothing is deleted.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.documents import Role, Standing, Verdict
from app.domain.once_only import Decided, Decision
from app.store.document_tables import documents, subjects
from app.store.once_only_tables import once_only_checks, once_only_decisions, paper_requests
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import dossiers

# One paper may lie in many dossiers of an owner; more than this of one kind are not looked at.
_ALIKE_MAX = 20
_DOSSIERS_MAX = 10
_checks, _decisions, _requests = once_only_checks, once_only_decisions, paper_requests


async def add_check(session: WriteSession, row: Row, decisions: Sequence[Row]) -> None:
    """Keep a check with its decisions; ``sources`` and ``pointer`` are JSON texts."""
    await session.execute(insert(_checks), row)
    await session.execute(insert(_decisions), decisions)


async def find(session: ReadSession, check_id: str) -> tuple[Row, list[Row]] | None:
    """A check with its decisions in the order of its items, or None."""
    row = await session.one_or_none(select(_checks).where(_checks.c.id == check_id))
    if row is None:
        return None
    wanted = select(_decisions).where(_decisions.c.check_id == check_id).order_by(_decisions.c.place)
    found = [dict(part._mapping) for part in await session.rows(wanted)]  # noqa: SLF001 - SQLAlchemy's public name
    return dict(row._mapping) | {"sources": json.loads(row.sources)}, [_read(part) for part in found]  # noqa: SLF001


def _read(row: Row) -> Row:
    return row | {"pointer": json.loads(row["pointer"]) if row["pointer"] else None}


async def decided(session: ReadSession, ids: Collection[str], *, lock: bool = False) -> dict[str, Decided]:
    """The decisions among ``ids``, as far as a request is judged by them.

    ``lock`` makes everybody else who locks one of them wait until this transaction ends (a ``WriteSession``, then).
    """
    if not ids:
        return {}
    statement = (
        select(
            *[_decisions.c[name] for name in ("id", "code", "decision", "at", "used_by")],
            _checks.c.procedure_code,
            _checks.c.dossier_code,
            subjects.c.kind,
            subjects.c.number,
        )
        .join(_checks, _checks.c.id == _decisions.c.check_id)
        .join(subjects, subjects.c.id == _checks.c.subject_id)
        .where(member_of(_decisions.c.id, "ids", session.dialect))
        # In one order, so that two batches cannot wait for each other.
        .order_by(_decisions.c.id)
    )
    if lock:
        statement = statement.with_for_update(of=_decisions)
    rows = await session.rows(statement, {"ids": members(sorted(ids), session.dialect)})
    return {
        row.id: Decided(
            id=row.id,
            code=row.code,
            decision=Decision(row.decision),
            at=row.at,
            procedure_code=row.procedure_code,
            subject=(row.kind, row.number),
            dossier_code=row.dossier_code,
            used_by=row.used_by,
        )
        for row in rows
    }


async def use(session: WriteSession, users: Mapping[str, str], now: datetime) -> set[str]:
    """Note by which dossier (``users``: decision to dossier) each decision is used; who used it first keeps it.

    Gives the decisions that another dossier has used, or that do not exist.
    """
    if not users:
        return set()
    statement = (
        update(_decisions)
        .where(_decisions.c.id == bindparam("decision_id"), _decisions.c.used_by.is_(None))
        .values(used_by=bindparam("user"), used_at=now)
    )
    # In one order, so that two batches cannot wait for each other.
    await session.execute(statement, [{"decision_id": one, "user": users[one]} for one in sorted(users)])
    kept = select(_decisions.c.id, _decisions.c.used_by).where(member_of(_decisions.c.id, "ids", session.dialect))
    rows = await session.rows(kept, {"ids": members(sorted(users), session.dialect)})
    return set(users) - {row.id for row in rows if row.used_by == users[row.id]}


async def requested(session: ReadSession, codes: Collection[str]) -> set[tuple[str, str]]:
    """``(dossier, paper)`` of what was noted as asked for in these dossiers."""
    if not codes:
        return set()
    wanted = member_of(_requests.c.dossier_code, "codes", session.dialect)
    statement = select(_requests.c.dossier_code, _requests.c.paper).where(wanted)
    rows = await session.rows(statement, {"codes": members(sorted(codes), session.dialect)})
    return {(row.dossier_code, row.paper) for row in rows}


async def add_requests(session: WriteSession, rows: Sequence[Row]) -> None:
    """Note what was asked for; what is noted of a dossier's paper already stays as it is."""
    if rows:
        insertion = (postgresql if session.dialect == "postgresql" else sqlite).insert(_requests)
        once = insertion.on_conflict_do_nothing(index_elements=["dossier_code", "paper"])
        await session.execute(once, rows)


async def papers_of(
    session: ReadSession,
    subject_id: str,
    codes: Mapping[Role, Collection[str]],
    verdicts: Mapping[Role, Iterable[Verdict]],
    on: str,
) -> list[Row]:
    """Documents of an owner that speak, are valid on a day and have a code and a verdict of these; newest first.

    Of one role and code the newest twenty.
    """
    places = [
        and_(
            documents.c.role == role.value,
            member_of(documents.c.code, role.value, session.dialect),
            documents.c.verdict.in_(sorted(verdict.value for verdict in verdicts[role])),
        )
        for role in codes
    ]
    bound: Row = {role.value: members(sorted(wanted), session.dialect) for role, wanted in codes.items()}
    alike = func.row_number().over(partition_by=[documents.c.role, documents.c.code], order_by=documents.c.id.desc())
    numbered = (
        select(*documents.c, alike.label("place"))
        .where(
            documents.c.subject_id == subject_id,
            documents.c.standing == Standing.ACTIVE.value,
            or_(documents.c.valid_until.is_(None), documents.c.valid_until >= on),
            or_(*places),
        )
        .subquery()
    )
    statement = select(numbered).where(numbered.c.place <= _ALIKE_MAX).order_by(numbered.c.id.desc())
    return [dict(row._mapping) for row in await session.rows(statement, bound)]  # noqa: SLF001


async def earlier_dossiers(session: ReadSession, subject_id: str, but: str | None) -> list[tuple[str, str]]:
    """The newest ten dossiers of a person, without the one that is named: code and facts (JSON text)."""
    wanted = select(dossiers.c.code, dossiers.c.facts).where(dossiers.c.subject_id == subject_id)
    if but is not None:
        wanted = wanted.where(dossiers.c.code != but)
    rows = await session.rows(wanted.order_by(dossiers.c.id.desc()).limit(_DOSSIERS_MAX))
    return [(row.code, row.facts) for row in rows]
