"""What looks like browsing, and the officers who are stopped for it. The rules are ``app.domain.browsing``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, insert, select, update

from app.domain.browsing import MISMATCH, Count, Finding, Threshold, Trait
from app.errors import DossierNotOpen, UnknownDossier
from app.store.once_only_tables import anomalies, officer_locks, person_queries
from app.store.reach import Units, within
from app.store.session import ReadSession, Row, WriteSession

_queries = person_queries
_SHOWS: Mapping[Trait, ColumnElement[bool]] = {
    Trait.NO_OPEN_DOSSIER: _queries.c.outcome.in_([UnknownDossier.slug, DossierNotOpen.slug]),
    Trait.OFF_HOURS: ~_queries.c.in_office_hours,
    Trait.MANY_SUBJECTS: _queries.c.subject_id.is_not(None),
    Trait.REPEATED_MISMATCH: _queries.c.outcome == MISMATCH,
}


@dataclass(frozen=True, slots=True)
class Held:
    """An open anomaly and its id."""

    id: int
    finding: Finding


async def count(session: ReadSession, officer: str, wanted: Sequence[tuple[Threshold, datetime]]) -> list[Count]:
    """What an officer's questions after the given times come to, a threshold each: one walk along an index."""
    if not wanted:
        return []
    columns: list[ColumnElement[Any]] = []
    for place, (threshold, since) in enumerate(wanted):
        counts = (_queries.c.at > since) & _SHOWS[threshold.trait]
        # Many questions about one person are one person.
        unit = _queries.c.subject_id.distinct() if threshold.trait is Trait.MANY_SUBJECTS else _queries.c.id
        columns.append(func.count(unit).filter(counts).label(f"times_{place}"))
        columns.append(func.min(case((counts, _queries.c.at))).label(f"first_{place}"))
    earliest = min(since for _, since in wanted)
    statement = select(*columns).where(_queries.c.officer == officer, _queries.c.at > earliest)
    row = (await session.rows(statement))[0]
    return [
        Count(threshold, getattr(row, f"times_{place}"), getattr(row, f"first_{place}"))
        for place, (threshold, _) in enumerate(wanted)
    ]


async def forgiven_at(session: ReadSession, officer: str) -> datetime | None:
    """When a lock of this officer was lifted last."""
    statement = select(func.max(officer_locks.c.lifted_at).label("at")).where(officer_locks.c.officer == officer)
    found: datetime | None = (await session.rows(statement))[0].at
    return found


async def signed_off_at(session: ReadSession, officer: str) -> dict[Trait, datetime]:
    """When anomalies of this officer were signed off last, by what they showed."""
    statement = (
        select(anomalies.c.rule, func.max(anomalies.c.signed_off_at).label("at"))
        .where(anomalies.c.officer == officer, anomalies.c.signed_off_at.is_not(None))
        .group_by(anomalies.c.rule)
    )
    return {Trait(row.rule): row.at for row in await session.rows(statement)}


async def held(session: ReadSession, officer: str) -> dict[Trait, Held]:
    """The anomalies of an officer that nobody has signed off."""
    statement = select(anomalies).where(anomalies.c.officer == officer, anomalies.c.signed_off_at.is_(None))
    return {Trait(row.rule): Held(row.id, _finding(row)) for row in await session.rows(statement)}


async def begin(session: WriteSession, officer: str, unit: str, found: Finding) -> int:
    """Write a new anomaly and give its id."""
    row = {"rule": found.trait.value, "officer": officer, "unit_code": unit} | _values(found)
    made: int = (await session.execute(insert(anomalies).values(row).returning(anomalies.c.id))).scalar_one()
    return made


async def go_on(session: WriteSession, anomaly_id: int, found: Finding) -> bool:
    """Write how an open anomaly has grown; False: somebody has signed it off meanwhile."""
    statement = (
        update(anomalies)
        .where(anomalies.c.id == anomaly_id, anomalies.c.signed_off_at.is_(None))
        .values(_values(found))
        .returning(anomalies.c.id)
    )
    return (await session.execute(statement)).one_or_none() is not None


async def sign_off(session: WriteSession, anomaly_id: int, *, by: str, note: str, now: datetime) -> bool:
    """Close an anomaly; False: there is none of this id, or it is closed already."""
    statement = (
        update(anomalies)
        .where(anomalies.c.id == anomaly_id, anomalies.c.signed_off_at.is_(None))
        .values(signed_off_at=now, signed_off_by=by, note=note)
        .returning(anomalies.c.id)
    )
    return (await session.execute(statement)).one_or_none() is not None


async def find(session: ReadSession, anomaly_id: int) -> Row | None:
    """An anomaly, open or not."""
    row = await session.one_or_none(select(anomalies).where(anomalies.c.id == anomaly_id))
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


async def listing(session: ReadSession, *, is_open: bool | None, limit: int, units: Units = None) -> list[Row]:
    """Anomalies, the open ones first, then the newest."""
    statement = select(anomalies).where(*within(anomalies.c.unit_code, units))
    if is_open is not None:
        signed = anomalies.c.signed_off_at
        statement = statement.where(signed.is_(None) if is_open else signed.is_not(None))
    order = (case((anomalies.c.signed_off_at.is_(None), 0), else_=1), anomalies.c.id.desc())
    rows = await session.rows(statement.order_by(*order).limit(limit))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001


async def locked_by(session: ReadSession, officer: str) -> int | None:
    """The anomaly for which an officer is stopped now; None: they may ask."""
    statement = select(officer_locks.c.anomaly_id).where(
        officer_locks.c.officer == officer, officer_locks.c.lifted_at.is_(None)
    )
    row = await session.one_or_none(statement)
    return None if row is None else int(row.anomaly_id)


async def stop(session: WriteSession, officer: str, anomaly_id: int, now: datetime) -> None:
    """Stop an officer who is not stopped; the caller holds their lock (``person_queries.lock``)."""
    await session.execute(insert(officer_locks).values(officer=officer, anomaly_id=anomaly_id, since=now))


async def lift(session: WriteSession, officer: str, *, by: str, note: str, now: datetime) -> Row | None:
    """Let an officer ask again, and give the lock; None: they were not stopped."""
    statement = (
        update(officer_locks)
        .where(officer_locks.c.officer == officer, officer_locks.c.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=by, note=note)
        .returning(officer_locks.c.id)
    )
    lock_id = (await session.execute(statement)).scalar_one_or_none()
    if lock_id is None:
        return None
    row = (await session.rows(_locks().where(officer_locks.c.id == lock_id)))[0]
    return dict(row._mapping)  # noqa: SLF001


async def locks(session: ReadSession, limit: int, units: Units = None) -> list[Row]:
    """Locks, those in force first, then the newest."""
    order = (case((officer_locks.c.lifted_at.is_(None), 0), else_=1), officer_locks.c.id.desc())
    mine = _locks().where(*within(anomalies.c.unit_code, units))
    rows = await session.rows(mine.order_by(*order).limit(limit))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001


def _locks() -> Any:  # noqa: ANN401 - a select of two tables
    return select(officer_locks, anomalies.c.rule).join(anomalies, anomalies.c.id == officer_locks.c.anomaly_id)


def _finding(row: Any) -> Finding:  # noqa: ANN401 - a row
    return Finding(
        Trait(row.rule), row.first_at, row.last_at, row.times, row.threshold, row.window_seconds, locked=row.locked
    )


def _values(found: Finding) -> Row:
    return {
        "first_at": found.first_at,
        "last_at": found.last_at,
        "times": found.times,
        "threshold": found.many,
        "window_seconds": found.window_seconds,
        "locked": found.locked,
    }
