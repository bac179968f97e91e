"""Runs of retention and holds: what was proposed, who decided, how far it has come, what must stay and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, insert, literal, or_, select, update
from sqlalchemy.sql import Select

from app.domain.audit import AuditKind
from app.domain.delivery import DeliveryState
from app.domain.dossier import CLOSED_STATUSES
from app.domain.retention import Kept, RetentionClass, RunState, state_of
from app.store.log_tables import log_leaves
from app.store.once_only_tables import anomalies, discrepancies, person_queries
from app.store.retention_tables import (
    retention_decisions,
    retention_hold_ends,
    retention_holds,
    retention_progress,
    retention_runs,
)
from app.store.session import ReadSession, Row, WriteSession
from app.store.tables import audit, dossiers, messages

_runs, _decisions, _progress = retention_runs, retention_decisions, retention_progress
_holds, _ends = retention_holds, retention_hold_ends
_SETTLED: Final = [
    state.value for state in (DeliveryState.DELIVERED, DeliveryState.SUPERSEDED, DeliveryState.CANCELLED)
]
_CLOSED: Final = sorted(status.value for status in CLOSED_STATUSES)
# What an unsigned anomaly is about; entries name the officer in their details only, so all of the unit's stay.
_BROWSING: Final = [
    kind.value for kind in (AuditKind.PERSON_ASKED, AuditKind.PERSON_ANSWERED, AuditKind.PREFILL, AuditKind.ANOMALY)
]


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands. ``kinds`` are kinds of entries; ``last_id`` is the highest entry that was looked at."""

    id: int
    class_code: str
    kinds: frozenset[str]
    days: int
    before: datetime
    until_id: int
    entries: int
    reason: str
    proposed_by: str
    agency: str
    proposed_at: datetime
    approved: bool | None
    decided_by: str | None
    decided_at: datetime | None
    last_id: int
    archived: int
    kept: int
    ended_at: datetime | None

    @property
    def state(self) -> RunState:
        """Where it stands."""
        return state_of(approved=self.approved, ended=self.ended_at is not None)


@dataclass(frozen=True, slots=True)
class Share:
    """Entries of a class that are old enough: how many, the oldest, the highest number; by why they stay (or not)."""

    kept: Kept | None
    count: int
    oldest_at: datetime
    last_id: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that is old enough, its place in the tree, the hash there, and why it stays (None: it may go)."""

    seq: int | None
    leaf_hash: bytes | None
    kept: Kept | None
    row: Row


def _old_enough(kinds: frozenset[str], before: datetime) -> ColumnElement[bool]:
    return and_(audit.c.kind.in_(sorted(kinds)), audit.c.at < before)


def _why_kept(signed_size: int, now: datetime) -> ColumnElement[Any]:
    """Why an entry stays, as SQL; NULL: nothing keeps it."""
    of_dossier = audit.c.dossier_code
    until = func.coalesce(_ends.c.until, _holds.c.until)
    of_hold = or_(
        _holds.c.dossier_code == of_dossier,
        _holds.c.subject_ref == audit.c.subject_ref,
        audit.c.id.between(_holds.c.first_id, _holds.c.last_id),
    )
    held = select(literal(1)).select_from(_holds.outerjoin(_ends, _ends.c.hold_id == _holds.c.id))
    reasons = (
        (Kept.HOLD, held.where(of_hold, or_(until.is_(None), until > now))),
        (Kept.OPEN_DOSSIER, select(literal(1)).where(dossiers.c.code == of_dossier, ~dossiers.c.status.in_(_CLOSED))),
        (
            Kept.OPEN_DELIVERY,
            select(literal(1)).where(messages.c.dossier_code == of_dossier, ~messages.c.state.in_(_SETTLED)),
        ),
        (
            Kept.OPEN_QUESTION,
            select(literal(1)).where(person_queries.c.dossier_code == of_dossier, person_queries.c.outcome == "asked"),
        ),
        (
            Kept.OPEN_DISCREPANCY,
            select(literal(1)).where(
                discrepancies.c.answered_at.is_(None),
                or_(
                    discrepancies.c.dossier_code == of_dossier,
                    and_(discrepancies.c.dossier_code.is_(None), discrepancies.c.subject_id == audit.c.subject_ref),
                ),
            ),
        ),
        (
            Kept.OPEN_ANOMALY,
            select(literal(1)).where(
                anomalies.c.signed_off_at.is_(None),
                audit.c.kind.in_(_BROWSING),
                anomalies.c.unit_code == func.coalesce(audit.c.unit_code, anomalies.c.unit_code),
            ),
        ),
    )
    whens = [(statement.correlate(audit).exists(), reason.value) for reason, statement in reasons]
    unsigned = or_(log_leaves.c.seq.is_(None), log_leaves.c.seq >= signed_size)
    return case(*whens, (unsigned, Kept.UNSIGNED.value), else_=None)


def _with_leaves() -> Any:  # noqa: ANN401 - SQLAlchemy's
    return audit.outerjoin(log_leaves, log_leaves.c.audit_id == audit.c.id)


async def shares(
    session: ReadSession, kinds: frozenset[str], before: datetime, *, signed_size: int, now: datetime
) -> list[Share]:
    """What there is of these kinds from before a time, by why it stays. Walks the log once."""
    kept = _why_kept(signed_size, now).label("kept")
    each = select(kept, audit.c.at, audit.c.id).select_from(_with_leaves()).where(_old_enough(kinds, before)).subquery()
    statement = select(each.c.kept, func.count(), func.min(each.c.at), func.max(each.c.id)).group_by(each.c.kept)
    return [Share(Kept(row[0]) if row[0] else None, *row[1:]) for row in await session.rows(statement)]


async def candidates(
    session: ReadSession, run: Run, end_id: int, *, signed_size: int, now: datetime, limit: int
) -> list[Candidate]:
    """The next entries of a run up to a number, in order, each with why it stays."""
    kept = _why_kept(signed_size, now).label("kept")
    statement = (
        select(log_leaves.c.seq, log_leaves.c.leaf_hash, kept, *audit.c)
        .select_from(_with_leaves())
        .where(audit.c.id > run.last_id, audit.c.id <= end_id, _old_enough(run.kinds, run.before))
        .order_by(audit.c.id)
        .limit(limit)
    )
    names = [column.name for column in audit.c]
    return [
        Candidate(
            seq,
            bytes(leaf) if leaf is not None else None,
            Kept(why) if why else None,
            dict(zip(names, rest, strict=True)),
        )
        for seq, leaf, why, *rest in await session.rows(statement)
    ]


def _run_rows() -> Select[Any]:
    joined = _runs.outerjoin(_decisions, _decisions.c.run_id == _runs.c.id)
    joined = joined.outerjoin(_progress, _progress.c.run_id == _runs.c.id)
    decided = (_decisions.c.approved, _decisions.c.decided_by, _decisions.c.decided_at)
    come = (_progress.c.last_id, _progress.c.archived, _progress.c.kept, _progress.c.ended_at)
    return select(*_runs.c, *decided, *come).select_from(joined)


def _run(row: Any) -> Run:  # noqa: ANN401 - a row
    held = row._asdict()
    counts = {name: held[name] or 0 for name in ("last_id", "archived", "kept")}
    return Run(**{**held, **counts, "kinds": frozenset(held["kinds"].split(";"))})


async def run_by_id(session: ReadSession, run_id: int) -> Run | None:
    """One run, or None."""
    row = await session.one_or_none(_run_rows().where(_runs.c.id == run_id))
    return None if row is None else _run(row)


async def runs(session: ReadSession, limit: int) -> list[Run]:
    """Runs, newest first."""
    return [_run(row) for row in await session.rows(_run_rows().order_by(_runs.c.id.desc()).limit(limit))]


async def next_run(session: ReadSession) -> Run | None:
    """The oldest run that was approved and has not ended."""
    open_ = and_(_decisions.c.approved, _progress.c.ended_at.is_(None))
    row = await session.one_or_none(_run_rows().where(open_).order_by(_runs.c.id).limit(1))
    return None if row is None else _run(row)


async def add_run(session: WriteSession, of: RetentionClass, row: Row) -> int:
    """Keep a proposal; its number."""
    kinds = ";".join(sorted(kind.value for kind in of.kinds))
    values = row | {"class_code": of.code, "kinds": kinds, "days": of.days}
    made: int = (await session.execute(insert(_runs).values(values).returning(_runs.c.id))).scalar_one()
    return made


async def add_decision(session: WriteSession, row: Row) -> None:
    """Keep a decision; an approved run may begin."""
    await session.execute(insert(_decisions).values(row))
    if row["approved"]:
        await session.execute(insert(_progress).values(run_id=row["run_id"], last_id=0, archived=0, kept=0))


async def advance(session: WriteSession, run: Run, last_id: int, *, archived: int, kept: int, now: datetime) -> bool:
    """Note how far a run has come; False: somebody else was quicker."""
    mine = and_(_progress.c.run_id == run.id, _progress.c.last_id == run.last_id, _progress.c.ended_at.is_(None))
    values: Row = {"last_id": last_id, "last_run_at": now}
    values |= {"archived": _progress.c.archived + archived, "kept": _progress.c.kept + kept}
    if last_id >= run.until_id:
        values["ended_at"] = now
    return (await session.execute(update(_progress).where(mine).values(**values))).rowcount == 1


def _hold_rows() -> Select[Any]:
    until = func.coalesce(_ends.c.until, _holds.c.until, type_=_holds.c.until.type).label("until")
    columns = [until if column.name == "until" else column for column in _holds.c]
    joined = _holds.outerjoin(_ends, _ends.c.hold_id == _holds.c.id)
    return select(*columns, _ends.c.ended_by, _ends.c.at.label("ended_at")).select_from(joined)


async def holds(session: ReadSession, limit: int) -> list[Row]:
    """Holds, newest first; ``until`` is None for one that is open."""
    statement = _hold_rows().order_by(_holds.c.id.desc()).limit(limit)
    return [row._asdict() for row in await session.rows(statement)]


async def hold_by_id(session: ReadSession, hold_id: int) -> Row | None:
    """One hold, or None."""
    row = await session.one_or_none(_hold_rows().where(_holds.c.id == hold_id))
    return None if row is None else row._asdict()


async def add_hold(session: WriteSession, row: Row) -> int:
    """Keep a hold; its number."""
    made: int = (await session.execute(insert(_holds).values(row).returning(_holds.c.id))).scalar_one()
    return made


async def end_hold(session: WriteSession, row: Row) -> None:
    """Keep the end of a hold."""
    await session.execute(insert(_ends).values(row))
