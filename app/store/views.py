"""What people and programs look at. Reads only; every figure is derived from rows, so none can drift."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Select, and_, case, func, literal_column, select

from app.domain.breaker import GateState
from app.domain.delivery import NATIONAL, PENDING_STATES, DeliveryState, HoldReason, LaneState
from app.domain.events import EventKind
from app.domain.failures import FailureClass
from app.domain.situation import Facts, situation_of
from app.store.reach import Units, of_dossiers, within
from app.store.session import ReadSession, Row
from app.store.tables import attempts, calls, dossiers, gates, holds, lanes, messages, steps
from app.store.watch_tables import events

_PENDING = sorted(state.value for state in PENDING_STATES)
_BROKEN = [DeliveryState.REJECTED.value, DeliveryState.DEAD.value]
_FACTS = ("code", "revision", "status", "procedure_code", "unit_code", "received_at", "due_at", "updated_at")
# What the figures of the sync speak of: deliveries to the nation, not the news about them.
_OWED = messages.c.target.in_(NATIONAL)
_OWED_LANES = lanes.c.target.in_(NATIONAL)
AGES = (("under_1_hour", 1), ("under_1_day", 24), ("under_3_days", 72))


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries; every part is optional. ``before_id`` is the key of the last one seen.

    ``units`` are those in reach of whoever asks.
    """

    state: str | None = None
    target: str | None = None
    dossier_code: str | None = None
    procedure_code: str | None = None
    unit_code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None
    limit: int = 50
    units: Units = None


async def summary(session: ReadSession, now: datetime, units: Units = None) -> Row:
    """Received, known to the nation, waiting by age, refused by reason; also per unit and per procedure."""
    handed_over = select(func.count()).select_from(steps).where(*of_dossiers(steps.c.dossier_code, units))
    known = select(func.count()).select_from(lanes).where(lanes.c.known, _OWED_LANES, *within(lanes.c.unit_code, units))
    counts = {
        "dossiers": await _scalar(
            session, select(func.count()).select_from(dossiers).where(*within(dossiers.c.unit_code, units))
        ),
        "steps": await _scalar(session, handed_over),
        "dossiers_known": await _scalar(session, known),
    }
    owed = and_(_OWED, *within(messages.c.unit_code, units))
    states = await session.rows(
        select(messages.c.kind, messages.c.state, func.count()).where(owed).group_by(messages.c.kind, messages.c.state)
    )
    return {
        "at": now,
        "received": {"dossiers": counts["dossiers"], "steps": counts["steps"]},
        "known_to_the_nation": {
            "dossiers": counts["dossiers_known"],
            "steps": sum(n for kind, state, n in states if kind == "step" and state == "delivered"),
        },
        "deliveries": _nested(states),
        "waiting_by_age": await _waiting_by_age(session, now, owed),
        "refused_by_reason": await _refused_by_reason(session, owed),
        "failing_by_class": await _failing_by_class(session, owed),
        "by_unit": await _by(session, "unit_code", owed, units),
        "by_procedure": await _by(session, "procedure_code", owed, units),
    }


async def _scalar(session: ReadSession, statement: Select[Any]) -> int:
    return int((await session.rows(statement))[0][0])


def _nested(states: Any) -> dict[str, dict[str, int]]:  # noqa: ANN401 - rows
    table: dict[str, dict[str, int]] = {kind: {s.value: 0 for s in DeliveryState} for kind in ("dossier", "step")}
    for kind, state, count in states:
        table[kind][state] = count
    return table


async def _waiting_by_age(session: ReadSession, now: datetime, owed: ColumnElement[bool]) -> dict[str, int]:
    whens = [(messages.c.created_at > now - timedelta(hours=hours), name) for name, hours in AGES]
    age = case(*whens, else_="older")
    found = await session.rows(
        select(age.label("age"), func.count())
        .where(messages.c.state.in_(_PENDING), owed)
        .group_by(literal_column("age"))
    )
    return {name: 0 for name, _ in AGES} | {"older": 0} | {row.age: row[1] for row in found}


async def _refused_by_reason(session: ReadSession, owed: ColumnElement[bool]) -> list[Row]:
    columns = (messages.c.target, messages.c.answer_code, messages.c.answer_field)
    found = await session.rows(
        select(*columns, func.count().label("count"), func.max(messages.c.answer_message).label("example"))
        .where(messages.c.state == DeliveryState.REJECTED.value, owed)
        .group_by(*columns)
        .order_by(func.count().desc())
    )
    return [
        {"target": r.target, "code": r.answer_code, "field": r.answer_field, "count": r.count, "example": r.example}
        for r in found
    ]


async def _failing_by_class(session: ReadSession, owed: ColumnElement[bool]) -> dict[str, int]:
    """What has not arrived and has failed at least once, or was refused or given up, by class of failure."""
    found = await session.rows(
        select(messages.c.failure_class, func.count())
        .where(messages.c.state.in_([*_PENDING, *_BROKEN]), messages.c.failure_class.is_not(None), owed)
        .group_by(messages.c.failure_class)
    )
    return {failure.value: 0 for failure in FailureClass} | {row.failure_class: row[1] for row in found}


async def _by(session: ReadSession, name: str, owed: ColumnElement[bool], units: Units) -> list[Row]:
    group = dossiers.c[name]
    received = select(
        group.label("code"),
        func.count().label("received"),
        func.sum(case((lanes.c.known, 1), else_=0)).label("known"),
    ).join(lanes, and_(lanes.c.dossier_code == dossiers.c.code, _OWED_LANES), isouter=True)
    empty = {"waiting": 0, "refused": 0, "dead": 0}
    rows = {
        row.code: {"code": row.code, "received": row.received, "known": int(row.known or 0)} | empty
        for row in await session.rows(
            received.where(*within(dossiers.c.unit_code, units)).group_by(group).order_by(group)
        )
    }
    column = messages.c[name]
    open_states = select(column, messages.c.state, func.count()).where(
        messages.c.state.in_([*_PENDING, *_BROKEN]), owed
    )
    names = {DeliveryState.REJECTED.value: "refused", DeliveryState.DEAD.value: "dead"}
    for code, state, count in await session.rows(open_states.group_by(column, messages.c.state)):
        if code in rows:
            rows[code][names.get(state, "waiting")] += count
    return list(rows.values())


_LISTED = (
    "id", "target", "kind", "dossier_code", "procedure_code", "unit_code", "ref", "state", "attempts",
    "reason", "answer_code", "answer_message", "answer_field", "correlation_id", "created_at", "settled_at",
    "failure_class", "doubtful_since", "decided_by", "decision_note",
)  # fmt: skip


def _listing() -> Select[Any]:
    lane_columns = [
        lanes.c.next_at,
        lanes.c.due_at,
        lanes.c.state.label("lane_state"),
        lanes.c.hold_reason,
        lanes.c.known,
    ]
    whole = (
        select(holds.c.id)
        .where(
            holds.c.target == messages.c.target,
            holds.c.released_at.is_(None),
            holds.c.procedure_code.is_(None),
            holds.c.unit_code.is_(None),
        )
        .exists()
    )
    return (
        select(
            *[messages.c[name] for name in _LISTED],
            *lane_columns,
            gates.c.state.label("gate_state"),
            whole.label("destination_held"),
        )
        .join(lanes, lanes.c.id == messages.c.lane_id)
        .join(gates, gates.c.target == messages.c.target, isouter=True)
    )


def _told(row: Any, now: datetime) -> Row:  # noqa: ANN401 - a row
    """A row of a listing, with the situation it is in."""
    found = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
    facts = Facts(
        state=DeliveryState(row.state),
        kind=row.kind,
        hold=HoldReason(row.hold_reason) if row.hold_reason else None,
        reason=row.reason,
        next_at=row.next_at,
        gate=GateState(row.gate_state) if row.gate_state else None,
        destination_held=bool(row.destination_held),
        decided=row.decided_by is not None,
    )
    return found | {"situation": situation_of(facts, now).value}


async def deliveries(session: ReadSession, wanted: DeliveryFilter) -> list[Row]:
    """Deliveries, newest first, below the key."""
    equal = {
        "state": wanted.state,
        "target": wanted.target,
        "dossier_code": wanted.dossier_code,
        "procedure_code": wanted.procedure_code,
        "unit_code": wanted.unit_code,
    }
    conditions: list[ColumnElement[bool]] = [messages.c[name] == value for name, value in equal.items() if value]
    conditions.extend(within(messages.c.unit_code, wanted.units))
    if wanted.since is not None:
        conditions.append(messages.c.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(messages.c.created_at < wanted.until)
    if wanted.before_id is not None:
        conditions.append(messages.c.id < wanted.before_id)
    statement = _listing().where(*conditions).order_by(messages.c.id.desc()).limit(wanted.limit)
    now = await session.now()
    return [_told(row, now) for row in await session.rows(statement)]


async def delivery(session: ReadSession, delivery_id: int) -> Row | None:
    """One delivery with every attempt, oldest first, or None."""
    row = await session.one_or_none(_listing().where(messages.c.id == delivery_id))
    if row is None:
        return None
    tried = await session.rows(
        select(
            attempts.c.outcome,
            attempts.c.code,
            attempts.c.message,
            attempts.c.failure_class,
            attempts.c.call_id,
            calls.c.at,
            calls.c.service,
            calls.c.worker,
            calls.c.elapsed_ms,
            calls.c.queue_ms,
            calls.c.connect_ms,
            calls.c.first_byte_ms,
            calls.c.parcels,
            calls.c.http_status,
            calls.c.request,
            calls.c.answer,
        )
        .join(calls, calls.c.id == attempts.c.call_id, isouter=True)
        .where(attempts.c.message_id == delivery_id)
        .order_by(attempts.c.id)
    )
    return _told(row, await session.now()) | {"tries": [dict(a._mapping) for a in tried]}  # noqa: SLF001


async def dossier_deliveries(session: ReadSession, code: str, limit: int = 1000) -> list[Row]:
    """The deliveries of one dossier, oldest first."""
    statement = _listing().where(messages.c.dossier_code == code).order_by(messages.c.id).limit(limit)
    now = await session.now()
    return [_told(row, now) for row in await session.rows(statement)]


async def lanes_of(session: ReadSession, code: str) -> list[Row]:
    """The lanes of one dossier: where it stands with each target."""
    return [dict(row._mapping) for row in await session.rows(select(lanes).where(lanes.c.dossier_code == code))]  # noqa: SLF001


async def attention(session: ReadSession, limit: int) -> list[Row]:
    """What a page shows as stuck: what needs a person first, then what fails for now; most urgent first in each.

    What was refused or given up stands before what is undecided. Of what waits in a lane only the first is given,
    with ``pending``, the number of all that wait there: behind one refused dossier a hundred steps may wait, and they
    are one trouble, not a hundred.
    """
    listing = _listing().add_columns(messages.c.lane_id).order_by(lanes.c.due_at, messages.c.id)
    broken = await session.rows(listing.where(messages.c.state.in_(_BROKEN), _OWED).limit(limit))
    asked = await session.rows(
        select(lanes.c.id)
        .where(lanes.c.state == LaneState.HELD.value, lanes.c.hold_reason == HoldReason.UNDECIDED.value, _OWED_LANES)
        .order_by(lanes.c.due_at, lanes.c.id)
        .limit(limit)
    )
    failing = await session.rows(
        select(lanes.c.id)
        .where(
            (lanes.c.hold_reason == HoldReason.OPERATOR.value) | (lanes.c.attempts > 0) & lanes.c.hold_reason.is_(None),
            _OWED_LANES,
        )
        .order_by(lanes.c.due_at, lanes.c.id)
        .limit(max(0, limit - len(broken) - len(asked)))
    )
    heads = await _heads(session, [row.lane_id for row in broken] + [row.id for row in [*asked, *failing]])
    waiting: list[Any] = []
    for found in (asked, failing):
        firsts = [heads[row.id][0] for row in found if row.id in heads]
        waiting.extend(await session.rows(listing.where(messages.c.id.in_(firsts))))
    now = await session.now()
    return [_told(row, now) | {"pending": heads.get(row.lane_id, (0, 0))[1]} for row in [*broken, *waiting][:limit]]


async def _heads(session: ReadSession, lane_ids: list[int]) -> dict[int, tuple[int, int]]:
    """The first pending message of each lane, and how many are pending there."""
    # SQLite uses the index of pending messages only where its own condition stands, word for word, in the query:
    # with bound values each lane would cost a walk over all messages.
    pending = literal_column("messages.state IN ('waiting', 'sending', 'unknown')", Boolean())
    found = await session.rows(
        select(messages.c.lane_id, func.min(messages.c.id), func.count())
        .where(messages.c.lane_id.in_(lane_ids), pending)
        .group_by(messages.c.lane_id)
    )
    return {lane_id: (first, count) for lane_id, first, count in found}


async def overdue(session: ReadSession, before: datetime) -> int:
    """How many deliveries handed over before a time wait though nobody holds them up: the way itself is blocked."""
    waiting = _OWED & messages.c.state.in_(_PENDING) & (messages.c.created_at <= before) & lanes.c.hold_reason.is_(None)
    statement = select(func.count()).select_from(messages).join(lanes, lanes.c.id == messages.c.lane_id)
    return await _scalar(session, statement.where(waiting))


async def undecided(session: ReadSession) -> int:
    """How many dossiers wait for a person to decide what nobody can find out."""
    held = (lanes.c.state == literal_column("'held'")) & (lanes.c.hold_reason == HoldReason.UNDECIDED.value)
    return await _scalar(session, select(func.count()).select_from(lanes).where(held, _OWED_LANES))


async def outages(session: ReadSession) -> list[Row]:
    """The national destinations to which nothing goes: away (``since`` the gate opened), or held by an operator."""
    whole = (holds.c.released_at.is_(None), holds.c.procedure_code.is_(None), holds.c.unit_code.is_(None))
    held = await session.rows(
        select(holds.c.target, func.min(holds.c.held_at).label("since"))
        .where(*whole, holds.c.target.in_(NATIONAL))
        .group_by(holds.c.target)
    )
    shut = await session.rows(
        # Since the event began: the gate itself tells only of its last trial.
        select(gates.c.target, func.coalesce(events.c.started_at, gates.c.since).label("since"))
        .join(
            events,
            and_(
                events.c.target == gates.c.target,
                events.c.kind == EventKind.BREAKER_OPEN.value,
                events.c.ended_at.is_(None),
            ),
            isouter=True,
        )
        .where(gates.c.state.in_([GateState.OPEN.value, GateState.TRIAL.value]), gates.c.target.in_(NATIONAL))
    )
    return [{"target": row.target, "since": row.since, "held": True} for row in held] + [
        {"target": row.target, "since": row.since, "held": False} for row in shut
    ]


async def dossier(session: ReadSession, code: str) -> Row | None:
    """A dossier as everybody with the scope ``read`` may see it: nothing of a person. None if never handed over."""
    row = await session.one_or_none(select(*[dossiers.c[name] for name in _FACTS]).where(dossiers.c.code == code))
    return dict(row._mapping) if row else None  # noqa: SLF001


async def gauges(session: ReadSession) -> tuple[list[Row], list[Row], list[Row]]:
    """Lanes by state, deliveries by state, and the oldest unsettled delivery, per target."""
    lane_rows = await session.rows(
        select(lanes.c.target, lanes.c.state, func.count().label("count")).group_by(lanes.c.target, lanes.c.state)
    )
    message_rows = await session.rows(
        select(messages.c.target, messages.c.state, func.count().label("count")).group_by(
            messages.c.target, messages.c.state
        )
    )
    oldest = await session.rows(
        select(messages.c.target, func.min(messages.c.created_at).label("at"))
        .where(messages.c.state.in_(_PENDING))
        .group_by(messages.c.target)
    )
    return (
        [dict(r._mapping) for r in lane_rows],  # noqa: SLF001
        [dict(r._mapping) for r in message_rows],  # noqa: SLF001
        [dict(r._mapping) for r in oldest],  # noqa: SLF001
    )
