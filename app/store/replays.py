"""Replays: what a selection comes to, and how far each one that runs has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case, func, insert, literal_column, or_, select, update

from app.domain.delivery import RETRIABLE_STATES, DeliveryState, HoldReason
from app.domain.replay import Fate, ReplayState, Selection
from app.store.reach import within
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import lanes, messages, replays

_DEAD, _REJECTED = DeliveryState.DEAD.value, DeliveryState.REJECTED.value
_RETRIABLE = sorted(state.value for state in RETRIABLE_STATES)
_FINAL = (_REJECTED, _DEAD)
_GONE = {
    _DEAD: (DeliveryState.DELIVERED.value,),
    # The lane of a refused one was not stopped: what is under way may be with the nation already.
    _REJECTED: tuple(s.value for s in (DeliveryState.DELIVERED, DeliveryState.SENDING, DeliveryState.UNKNOWN)),
}
_SHOWN = (
    "id", "target", "kind", "dossier_code", "procedure_code", "unit_code", "ref", "state", "reason",
    "failure_class", "settled_at", "payload", "payload_hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay. ``total`` is what the selection came to when it began; ``last_id`` how far it has come."""

    id: int
    key: str
    selection: str
    note: str
    per_second: int
    asked_by: str
    agency: str
    correlation_id: str
    created_at: datetime
    state: str
    last_id: int
    until_id: int
    total: int
    revived: int
    skipped: int
    last_run_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a selection are alike in state, procedure, unit and fate."""

    state: str
    procedure: str
    unit: str
    fate: Fate
    count: int


async def shares(session: ReadSession, selection: Selection) -> list[Share]:
    """A selection counted, by what becomes of each when its turn comes."""
    found = _with_fate(session, selection, messages.c.state, messages.c.procedure_code, messages.c.unit_code)
    columns = (found.c.state, found.c.procedure_code, found.c.unit_code, found.c.fate)
    statement = select(*columns, func.count()).group_by(*columns).order_by(*columns)
    rows = await session.rows(statement, _parameters(session, selection))
    return [Share(state, procedure, unit, Fate(fate), count) for state, procedure, unit, fate, count in rows]


async def first(session: ReadSession, selection: Selection, limit: int) -> list[Row]:
    """The first of a selection in the order in which they would go, each with its ``fate`` and payload."""
    found = _with_fate(session, selection, *[messages.c[name] for name in _SHOWN])
    statement = select(found).order_by(found.c.id).limit(limit)
    return [dict(row._mapping) for row in await session.rows(statement, _parameters(session, selection))]  # noqa: SLF001 - public name


async def extent(session: ReadSession, selection: Selection) -> tuple[int, int]:
    """How many deliveries a selection holds, and the highest id (0: it is empty)."""
    statement = select(func.count(), func.max(messages.c.id)).where(_selects(session, selection, messages))
    ((count, last),) = await session.rows(statement, _parameters(session, selection))
    return count, last or 0


async def open_one(session: WriteSession, row: Row) -> Replay:
    """Write a new replay; with nothing in it, it has ended already."""
    empty = not row["total"]
    state = ReplayState.DONE if empty else ReplayState.RUNNING
    more = {"state": state.value, "ended_at": row["created_at"] if empty else None}
    made = await session.execute(insert(replays).values(row | more).returning(replays))
    return _replay(made.one())


async def lock_press(session: WriteSession) -> None:
    """Two people press at once: the second waits, and finds the first one's replay."""
    if session.dialect == "postgresql":
        await session.rows(select(func.pg_advisory_xact_lock(func.hashtext("replays"))))


async def by_key(session: ReadSession, key: str) -> Replay | None:
    """The replay with this key, ended or not."""
    row = await session.one_or_none(select(replays).where(replays.c.key == key))
    return None if row is None else _replay(row)


async def recent(session: ReadSession, asked_by: str, since: datetime) -> list[Replay]:
    """Replays that somebody asked for and that run or began since a time, newest first."""
    alive = or_(replays.c.state == ReplayState.RUNNING.value, replays.c.created_at >= since)
    statement = select(replays).where(replays.c.asked_by == asked_by, alive).order_by(replays.c.id.desc())
    return [_replay(row) for row in await session.rows(statement)]


async def find(session: ReadSession, replay_id: int) -> Replay | None:
    """One replay."""
    row = await session.one_or_none(select(replays).where(replays.c.id == replay_id))
    return None if row is None else _replay(row)


async def listing(session: ReadSession, before_id: int | None, limit: int, asked_by: str | None) -> list[Replay]:
    """Replays, newest first, below a key; only those that ``asked_by`` began, where it is given."""
    statement = select(replays).order_by(replays.c.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(replays.c.id < before_id)
    if asked_by is not None:
        statement = statement.where(replays.c.asked_by == asked_by)
    return [_replay(row) for row in await session.rows(statement)]


async def running(session: ReadSession) -> list[int]:
    """Ids of what is to be worked off, oldest first."""
    return [row.id for row in await session.rows(select(replays.c.id).where(_RUNNING).order_by(replays.c.id))]


async def take(session: WriteSession, replay_id: int) -> Replay | None:
    """A running replay, locked; None when it has ended or somebody else is at it."""
    statement = select(replays).where(replays.c.id == replay_id, _RUNNING).with_for_update(skip_locked=True)
    row = await session.one_or_none(statement)
    return None if row is None else _replay(row)


async def batch(session: WriteSession, replay: Replay, selection: Selection, limit: int) -> list[int]:
    """The next deliveries of a replay, oldest first, their lanes locked in the order in which everybody locks lanes."""
    mine = _ahead(session, replay, selection)
    statement = select(messages.c.id, messages.c.lane_id).where(mine).order_by(messages.c.id).limit(limit)
    rows = await session.rows(statement, _parameters(session, selection))
    if rows:
        locked = (
            select(lanes.c.id)
            .where(member_of(lanes.c.id, "lanes", session.dialect))
            .order_by(lanes.c.dossier_code)
            .with_for_update()
        )
        lane_ids = sorted({row.lane_id for row in rows})
        await session.rows(locked, {"lanes": members(lane_ids, session.dialect)})
    return [row.id for row in rows]


async def remaining(session: ReadSession, replay: Replay, selection: Selection) -> int:
    """How many of a replay are still to come."""
    statement = select(func.count()).select_from(messages).where(_ahead(session, replay, selection))
    ((count,),) = await session.rows(statement, _parameters(session, selection))
    return int(count)


async def advance(
    session: WriteSession, replay: Replay, *, last_id: int, revived: int, skipped: int, run_at: datetime
) -> Replay:
    """Move the cursor and the counters of a replay that this transaction has locked."""
    statement = (
        update(replays)
        .where(replays.c.id == replay.id)
        .values(
            last_id=last_id,
            revived=replays.c.revived + revived,
            skipped=replays.c.skipped + skipped,
            last_run_at=run_at,
        )
        .returning(replays)
    )
    return _replay((await session.execute(statement)).one())


async def end(session: WriteSession, replay_id: int, state: ReplayState, now: datetime) -> Replay | None:
    """End a running replay; None when it does not run (any more)."""
    statement = (
        update(replays)
        .where(replays.c.id == replay_id, _RUNNING)
        .values(state=state.value, ended_at=now)
        .returning(replays)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else _replay(row)


_RUNNING = replays.c.state == ReplayState.RUNNING.value


def _ahead(session: ReadSession, replay: Replay, selection: Selection) -> ColumnElement[bool]:
    return and_(
        _selects(session, selection, messages), messages.c.id > replay.last_id, messages.c.id <= replay.until_id
    )


def _parameters(session: ReadSession, selection: Selection) -> Row:
    return {"ids": members(selection.ids, session.dialect)} if selection.ids else {}


def _selects(session: ReadSession, selection: Selection, of: FromClause) -> ColumnElement[bool]:
    """Whether a delivery is in a selection."""
    reached = within(of.c.unit_code, frozenset(selection.units) or None)
    if selection.ids:
        return and_(member_of(of.c.id, "ids", session.dialect), *reached)
    equal = {
        "target": selection.target,
        "procedure_code": selection.procedure,
        "unit_code": selection.unit,
        "failure_class": selection.failure_class,
        "reason": selection.reason,
    }
    conditions = [of.c[name] == value for name, value in equal.items() if value is not None]
    if selection.since is not None:
        conditions.append(of.c.settled_at >= selection.since)
    if selection.until is not None:
        conditions.append(of.c.settled_at < selection.until)
    return and_(of.c.state.in_([state.value for state in selection.states]), *conditions, *reached)


def _with_fate(session: ReadSession, selection: Selection, *columns: ColumnElement[Any]) -> Any:  # noqa: ANN401 - a subquery
    """The selection with ``fate``: what ``keeping.revive`` will say of each when its turn comes.

    A dead record brings all that died in its lane back to life, so what stands behind it is not behind any more
    once an older one of the selection has gone.
    """
    older = messages.alias("older")
    unblocks = and_(
        _selects(session, selection, older),
        older.c.dossier_code == messages.c.dossier_code,
        older.c.lane_id == messages.c.lane_id,
        older.c.id < messages.c.id,
        func.coalesce(older.c.state, "").in_(_RETRIABLE),
        ~_dead_before(older),
        ~_overtaken(older),
    )
    behind = and_(
        lanes.c.hold_reason == HoldReason.DEAD.value,
        _dead_before(messages),
        ~select(older.c.id).where(unblocks).exists(),
    )
    fate = case(
        (messages.c.state.not_in(_RETRIABLE), literal_column(f"'{Fate.SETTLED}'")),
        (_overtaken(messages), literal_column(f"'{Fate.OVERTAKEN}'")),
        (behind, literal_column(f"'{Fate.BEHIND}'")),
        else_=literal_column(f"'{Fate.OK}'"),
    )
    return (
        select(*columns, fate.label("fate"))
        .join(lanes, lanes.c.id == messages.c.lane_id)
        .where(_selects(session, selection, messages))
        .subquery()
    )


def _dead_before(of: FromClause) -> ColumnElement[bool]:
    dead = messages.alias()
    # The state is wrapped, so that the few records of the dossier are looked at and not all that are dead.
    return (
        select(dead.c.id)
        .where(
            dead.c.dossier_code == of.c.dossier_code,
            dead.c.lane_id == of.c.lane_id,
            dead.c.id < of.c.id,
            func.coalesce(dead.c.state, "") == _DEAD,
        )
        .exists()
    )


def _overtaken(of: FromClause) -> ColumnElement[bool]:
    later = messages.alias()
    state = func.coalesce(later.c.state, "")
    came_through = or_(
        of.c.kind != "step",
        *(and_(of.c.state == mine, state.in_(gone)) for mine, gone in _GONE.items()),
    )
    follows = (
        select(later.c.id)
        .where(
            later.c.dossier_code == of.c.dossier_code,
            later.c.lane_id == of.c.lane_id,
            later.c.kind == of.c.kind,
            of.c.kind != "event",
            later.c.id > of.c.id,
            state != DeliveryState.CANCELLED.value,
            came_through,
        )
        .exists()
    )
    return and_(of.c.state.in_(_FINAL), follows)


def _replay(row: Any) -> Replay:  # noqa: ANN401 - a row
    return Replay(**{name: getattr(row, name) for name in Replay.__slots__})
