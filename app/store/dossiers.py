"""Dossiers and their progress steps as they were handed over. Facts only; deliveries are ``outbox``'s."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, text, tuple_, update

from app.domain.dossier import DossierStatus, Snapshot, Step, StepTail
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import dossiers, steps


@dataclass(frozen=True, slots=True)
class HeldDossier:
    """A dossier as held, with the tail of its steps."""

    snapshot: Snapshot
    tail: StepTail | None
    procedure_code: str
    unit_code: str
    due_at: datetime | None
    received_at: datetime
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class HeldSteps:
    """The held steps that incoming ones could collide with."""

    by_id: dict[tuple[str, str], tuple[Step, datetime]]
    by_wire: dict[tuple[str, str], str]


async def lock(session: WriteSession, codes: Sequence[str]) -> None:
    """Make everybody else who hands over one of these dossiers wait until this transaction ends.

    Locks are taken in the order of the codes, so that two batches cannot wait for each other. On SQLite the
    transaction already stands alone.
    """
    if session.dialect == "postgresql":
        await session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(code, 0)) FROM unnest(CAST(:codes AS text[])) AS code"),
            {"codes": sorted(codes)},
        )


async def load(session: ReadSession, codes: Iterable[str]) -> dict[str, HeldDossier]:
    """The held dossiers among ``codes``."""
    statement = select(dossiers).where(member_of(dossiers.c.code, "codes", session.dialect))
    rows = await session.rows(statement, {"codes": members(list(codes), session.dialect)})
    return {row.code: _held(row) for row in rows}


def _held(row: Any) -> HeldDossier:  # noqa: ANN401 - a row
    tail = StepTail(DossierStatus(row.last_step_status), row.last_step_at) if row.last_step_at else None
    return HeldDossier(
        Snapshot(row.revision, DossierStatus(row.status), row.content_hash),
        tail,
        row.procedure_code,
        row.unit_code,
        row.due_at,
        row.received_at,
        row.updated_at,
    )


async def load_steps(
    session: ReadSession, keys: Sequence[tuple[str, str]], wires: Sequence[tuple[str, str]]
) -> HeldSteps:
    """The held steps with one of these ``(dossier, step_id)`` keys or one of these ``(dossier, wire hash)`` forms."""
    if not keys:
        return HeldSteps({}, {})
    by_id = await session.rows(select(steps).where(tuple_(steps.c.dossier_code, steps.c.step_id).in_(keys)))
    by_wire = await session.rows(_wire_forms(wires))
    return HeldSteps(
        {
            (row.dossier_code, row.step_id): (
                Step(row.step_id, DossierStatus(row.status), row.processed_at, row.content_hash, row.wire_hash),
                row.created_at,
            )
            for row in by_id
        },
        {(row.dossier_code, row.wire_hash): row.step_id for row in by_wire},
    )


def _wire_forms(wires: Sequence[tuple[str, str]]) -> Select[Any]:
    wanted = tuple_(steps.c.dossier_code, steps.c.wire_hash).in_(wires)
    return select(steps.c.dossier_code, steps.c.wire_hash, steps.c.step_id).where(wanted)


async def insert_dossiers(session: WriteSession, rows: Sequence[Row]) -> None:
    """Write dossiers that were not held."""
    if rows:
        await session.execute(insert(dossiers), rows)


async def update_dossiers(session: WriteSession, rows: Sequence[Row]) -> None:
    """Overwrite held dossiers with their newest revision, found by ``code``."""
    if rows:
        keys = [name for name in rows[0] if name not in {"code", "created_at"}]
        statement = update(dossiers).where(dossiers.c.code == bindparam("b_code"))
        values: Row = {name: bindparam(f"b_{name}") for name in keys}
        await session.execute(statement.values(values), [{f"b_{k}": v for k, v in row.items()} for row in rows])


async def insert_steps(session: WriteSession, rows: Sequence[Row]) -> None:
    """Write progress steps."""
    if rows:
        await session.execute(insert(steps), rows)


async def set_tails(session: WriteSession, tails: dict[str, StepTail]) -> None:
    """Remember the last step of each dossier."""
    if tails:
        statement = (
            update(dossiers)
            .where(dossiers.c.code == bindparam("b_code"))
            .values(last_step_status=bindparam("b_status"), last_step_at=bindparam("b_at"))
        )
        rows = [{"b_code": code, "b_status": t.status.value, "b_at": t.processed_at} for code, t in tails.items()]
        await session.execute(statement, rows)


async def facts(session: ReadSession, code: str) -> Row | None:
    """A dossier's row, or None."""
    row = await session.one_or_none(select(dossiers).where(dossiers.c.code == code))
    return dict(row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name


async def count_steps(session: ReadSession, code: str) -> int:
    """How many steps a dossier has."""
    rows = await session.rows(select(func.count()).select_from(steps).where(steps.c.dossier_code == code))
    return int(rows[0][0])
