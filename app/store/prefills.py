"""Forms that were filled: what each blank came from, what the citizen said, how it was handed in. Never a value."""

import json
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, insert, select, update

from app.store.once_only_tables import prefills
from app.store.reach import Units, of_dossiers
from app.store.session import ReadSession, Row, WriteSession
from app.store.tables import dossiers


async def add(session: WriteSession, row: Row) -> None:
    """Keep a prefill; ``fields`` is a JSON text."""
    await session.execute(insert(prefills), row)


async def find(session: ReadSession, prefill_id: str) -> Row | None:
    """A prefill, or None."""
    row = await session.one_or_none(select(prefills).where(prefills.c.id == prefill_id))
    return None if row is None else _read(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


async def lock(session: WriteSession, prefill_id: str) -> Row | None:
    """A prefill, or None; nobody else changes it until this transaction ends."""
    row = await session.one_or_none(select(prefills).where(prefills.c.id == prefill_id).with_for_update())
    return None if row is None else _read(row._mapping)  # noqa: SLF001


def _read(row: Row) -> Row:
    handed_in = json.loads(row["handed_in"]) if row["handed_in"] else None
    return dict(row) | {"fields": json.loads(row["fields"]), "handed_in": handed_in}


async def change(session: WriteSession, prefill_id: str, values: Row) -> None:
    """Write what became of a prefill."""
    await session.execute(update(prefills).where(prefills.c.id == prefill_id).values(**values))


async def newest_other(session: ReadSession, subject_id: str, dossier_code: str) -> Row | None:
    """The newest dossier of a person but for one, or None."""
    statement = (
        select(dossiers.c.code, dossiers.c.facts, dossiers.c.created_at)
        .where(dossiers.c.subject_id == subject_id, dossiers.c.code != dossier_code)
        .order_by(dossiers.c.id.desc())
        .limit(1)
    )
    rows = await session.rows(statement)
    return dict(rows[0]._mapping) if rows else None  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class Figures:
    """Forms that were handed in, added up. ``unit`` and ``month`` are None where they are not told apart."""

    form: str
    procedure: str
    unit: str | None
    month: str | None
    handed_in: int
    baseline: int
    asked: int
    filled: int
    kept: int
    asked_needlessly: int


_SUMS = ("baseline", "asked", "filled", "kept", "asked_needlessly")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which forms are added up, and what is told apart beside the form; ``units`` are those in reach."""

    form: str | None = None
    unit: str | None = None
    month: str | None = None
    by_unit: bool = False
    by_month: bool = False
    units: Units = None


async def figures(session: ReadSession, wanted: Selection) -> list[Figures]:
    """The one place where forms are counted: from what was handed in, by form and procedure, and as wanted."""
    equal = {"form": wanted.form, "unit_code": wanted.unit, "month": wanted.month}
    conditions: list[ColumnElement[bool]] = [prefills.c[name] == value for name, value in equal.items() if value]
    groups: list[ColumnElement[str]] = [prefills.c.form, prefills.c.procedure_code]
    groups += [prefills.c.unit_code] if wanted.by_unit else []
    groups += [prefills.c.month] if wanted.by_month else []
    sums = [func.sum(prefills.c[name]).label(name) for name in _SUMS]
    statement = (
        select(*groups, func.count().label("handed_in"), *sums)
        .where(prefills.c.month.is_not(None), *conditions, *of_dossiers(prefills.c.dossier_code, wanted.units))
        .group_by(*groups)
        .order_by(*groups)
    )
    return [_figures(row._mapping, wanted) for row in await session.rows(statement)]  # noqa: SLF001


def _figures(row: Row, wanted: Selection) -> Figures:
    return Figures(
        form=row["form"],
        procedure=row["procedure_code"],
        unit=row["unit_code"] if wanted.by_unit else wanted.unit,
        month=row["month"] if wanted.by_month else wanted.month,
        handed_in=row["handed_in"],
        **{name: int(row[name]) for name in _SUMS},
    )
