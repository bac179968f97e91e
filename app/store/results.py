"""The rule of signed results: where it is switched, which resolved dossiers lack one, and the shares."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, insert, or_, select, text, update

from app.domain.documents import GateMode, Role, Standing
from app.domain.dossier import DossierStatus
from app.store.document_tables import LACKING, RESOLVED, documents, result_gates
from app.store.reach import Units, within
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import dossiers

_DONE, _RETURNED = DossierStatus.DONE.value, DossierStatus.RETURNED.value


@dataclass(frozen=True, slots=True)
class GateSetting:
    """How the rule was switched for one unit."""

    unit_code: str
    mode: GateMode
    reason: str
    set_by: str
    set_at: datetime


async def switch(session: WriteSession, setting: GateSetting) -> None:
    """Switch the rule for a unit and all below it; what was set before stays on record."""
    row = {name: getattr(setting, name) for name in GateSetting.__slots__} | {"mode": setting.mode.value}
    await session.execute(insert(result_gates), row)


async def settings(session: ReadSession) -> dict[str, GateSetting]:
    """The newest setting of every unit that has one."""
    newest = select(func.max(result_gates.c.id)).group_by(result_gates.c.unit_code)
    rows = await session.rows(select(result_gates).where(result_gates.c.id.in_(newest)))
    return {
        row.unit_code: GateSetting(row.unit_code, GateMode(row.mode), row.reason, row.set_by, row.set_at)
        for row in rows
    }


async def set_e_results(session: WriteSession, standing: Mapping[str, bool]) -> None:
    """Note of dossiers whether an acceptable result stands behind them, and that their papers changed."""
    for value in (True, False):
        codes = sorted(code for code, has in standing.items() if has is value)
        if codes:
            await session.execute(
                update(dossiers).where(member_of(dossiers.c.code, "codes", session.dialect)).values(e_result=value),
                {"codes": members(codes, session.dialect)},
            )


async def next_papers_version(session: WriteSession, code: str) -> int:
    """Count that the papers of a dossier, as the nation is told of them, have changed."""
    done = await session.execute(
        update(dossiers)
        .where(dossiers.c.code == code)
        .values(papers_version=dossiers.c.papers_version + 1)
        .returning(dossiers.c.papers_version)
    )
    version: int = done.scalar_one()
    return version


async def shares(session: ReadSession, units: Units = None) -> list[tuple[str, str, int, int]]:
    """Resolved dossiers by unit and procedure, and how many of them have an acceptable electronic result."""
    has = func.sum(case((dossiers.c.e_result, 1), else_=0))
    columns = (dossiers.c.unit_code, dossiers.c.procedure_code)
    resolved = select(*columns, func.count(), has).where(text(RESOLVED), *within(dossiers.c.unit_code, units))
    statement = resolved.group_by(*columns).order_by(*columns)
    return [(row[0], row[1], row[2], int(row[3])) for row in await session.rows(statement)]


async def missing(
    session: ReadSession,
    *,
    procedures: Iterable[str],
    unit_code: str | None,
    procedure_code: str | None,
    before_id: int | None,
    limit: int,
    units: Units = None,
) -> list[Row]:
    """Resolved dossiers of procedures that yield a paper, without an acceptable result; newest first.

    ``status`` is the farther of what the snapshot and the last step say: ``done`` or ``returned``.
    """
    returned = or_(*[column == _RETURNED for column in (dossiers.c.status, dossiers.c.last_step_status)])
    wanted = (
        select(
            *[dossiers.c[name] for name in ("id", "code", "procedure_code", "unit_code", "updated_at")],
            case((returned, _RETURNED), else_=_DONE).label("status"),
        )
        # Twice the same: SQLite knows one index by the words, and walks the other by the value.
        .where(text(RESOLVED), text(LACKING), ~dossiers.c.e_result)
        .where(member_of(dossiers.c.procedure_code, "listed", session.dialect), *within(dossiers.c.unit_code, units))
        .order_by(dossiers.c.id.desc())
        .limit(limit)
    )
    if unit_code is not None:
        wanted = wanted.where(dossiers.c.unit_code == unit_code)
    if procedure_code is not None:
        wanted = wanted.where(dossiers.c.procedure_code == procedure_code)
    if before_id is not None:
        wanted = wanted.where(dossiers.c.id < before_id)
    rows = await session.rows(wanted, {"listed": members(sorted(procedures), session.dialect)})
    found = [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name
    verdicts = await _verdicts(session, [row["code"] for row in found])
    return [row | {"verdicts": verdicts.get(row["code"], [])} for row in found]


async def _verdicts(session: ReadSession, codes: Sequence[str]) -> dict[str, list[str]]:
    if not codes:
        return {}
    rows = await session.rows(
        select(documents.c.dossier_code, documents.c.verdict)
        .where(
            documents.c.dossier_code.in_(list(codes)),
            documents.c.role == Role.RESULT.value,
            documents.c.standing == Standing.ACTIVE.value,
        )
        .order_by(documents.c.id)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.dossier_code, []).append(row.verdict)
    return found
