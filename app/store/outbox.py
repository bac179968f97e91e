"""Lanes and the messages in them: what is owed to a national system, in order.

A lane is one dossier towards one target. Whoever claims a lane gets a fence number; only who shows the newest
fence may write what came of it, so a worker that comes back late changes nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, bindparam, case, collate, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.delivery import PENDING_STATES, DeliveryState, HoldReason, LaneState
from app.store.lanes import ClaimedLane, Except, LoadedMessage, NewMessage, Release, Settlement
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import PENDING, attempts, calls, lanes, messages

__all__ = ["ClaimedLane", "Except", "LoadedMessage", "NewMessage", "Release", "Settlement"]

# Left to itself, SQLite walks all that waits instead of what waits in the lanes asked about.
_PENDING_OF_LANES = {
    "sqlite": "SELECT * FROM messages INDEXED BY ix_messages_pending "  # noqa: S608 - our own constant
    f"WHERE lane_id IN (SELECT value FROM json_each(:lanes)) AND {PENDING}",
    "postgresql": f"SELECT * FROM messages WHERE lane_id = ANY(CAST(:lanes AS bigint[])) AND {PENDING}",  # noqa: S608
}
_OVERTAKEN = [s.value for s in (DeliveryState.WAITING, DeliveryState.REJECTED, DeliveryState.DEAD)]


async def put(session: WriteSession, news: Sequence[NewMessage], now: datetime) -> None:
    """Promise messages, in order. Of several snapshots of one dossier only the newest stays to be sent."""
    if not news:
        return
    newest = {(m.target, m.dossier_code): i for i, m in enumerate(news) if m.kind == "dossier"}
    lane_ids = await _open_lanes(session, news, snapshots=set(newest))
    await _supersede(session, newest, now)
    rows = []
    for index, new in enumerate(news):
        overtaken = new.kind == "dossier" and newest[new.target, new.dossier_code] != index
        promised = DeliveryState.WAITING if new.doubtful_since is None else DeliveryState.UNKNOWN
        state = DeliveryState.SUPERSEDED if overtaken else promised
        row = {name: getattr(new, name) for name in NewMessage.__slots__ if name != "due_at"}
        row |= {"target": str(new.target), "state": state.value, "created_at": now}
        row |= {"lane_id": lane_ids[new.target, new.dossier_code], "settled_at": now if overtaken else None}
        rows.append(row)
    await session.execute(insert(messages), rows)


async def _open_lanes(
    session: WriteSession, news: Sequence[NewMessage], snapshots: set[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    newest = {(str(m.target), m.dossier_code): m for m in news}
    # In one order, the one in which workers lock lanes, so that no two wait for each other.
    rows = [
        {
            "target": target,
            "dossier_code": code,
            "state": LaneState.READY.value,
            "due_at": new.due_at,
            "procedure_code": new.procedure_code,
            "unit_code": new.unit_code,
            "fence": int((target, code) in snapshots),
        }
        for (target, code), new in sorted(newest.items(), key=lambda item: item[0])
    ]
    found = await session.execute(_upsert_lane(session.dialect), rows)
    return {(row.target, row.dossier_code): row.id for row in found}


def _upsert_lane(dialect: str) -> Any:  # noqa: ANN401 - two dialects' inserts, alike in use
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(lanes)
    coming = statement.excluded
    # A newer snapshot is the answer to a refused one; a lane that a person holds stays held. A new lane's first
    # fence, which means nothing yet, says of each row whether it brings a snapshot.
    refused = and_(lanes.c.state == LaneState.HELD.value, lanes.c.hold_reason == HoldReason.REFUSED.value)
    wakes = (lanes.c.state == LaneState.IDLE.value) | (refused & (coming.fence == 1))
    # What waits already keeps its place: a later record must not push an earlier one back.
    sooner = (lanes.c.state == LaneState.IDLE.value) | (coming.due_at < lanes.c.due_at)
    return statement.on_conflict_do_update(
        index_elements=["target", "dossier_code"],
        set_={
            "state": case((wakes, LaneState.READY.value), else_=lanes.c.state),
            "hold_reason": case((wakes, None), else_=lanes.c.hold_reason),
            "due_at": case((sooner, coming.due_at), else_=lanes.c.due_at),
            "procedure_code": coming.procedure_code,
            "unit_code": coming.unit_code,
        },
    ).returning(lanes.c.id, lanes.c.target, lanes.c.dossier_code)


async def _supersede(session: WriteSession, newest: Iterable[tuple[str, str]], now: datetime) -> None:
    by_target: dict[str, list[str]] = {}
    for target, code in newest:
        by_target.setdefault(target, []).append(code)
    for target, codes in by_target.items():
        statement = (
            update(messages)
            .where(
                member_of(messages.c.dossier_code, "codes", session.dialect),
                messages.c.target == str(target),
                messages.c.kind == "dossier",
                # Wrapped, so that the few messages of the dossiers are looked at and not all in that state.
                func.coalesce(messages.c.state, "").in_(_OVERTAKEN),
            )
            .values(state=DeliveryState.SUPERSEDED.value, settled_at=now)
            .returning(messages.c.lane_id)
        )
        overtaken = await session.execute(statement, {"codes": members(codes, session.dialect)})
        await _free(session, sorted({row.lane_id for row in overtaken}))


async def _free(session: WriteSession, lane_ids: Sequence[int]) -> None:
    """Lanes that were held for a dead snapshot go on when a newer one overtakes it; a dead step holds on."""
    if not lane_ids:
        return
    dead = select(messages.c.id).where(
        messages.c.lane_id == lanes.c.id,
        messages.c.dossier_code == lanes.c.dossier_code,
        func.coalesce(messages.c.state, "") == DeliveryState.DEAD.value,
    )
    statement = (
        update(lanes)
        .where(
            member_of(lanes.c.id, "ids", session.dialect),
            lanes.c.state == LaneState.HELD.value,
            lanes.c.hold_reason == HoldReason.DEAD.value,
            ~dead.exists(),
        )
        .values(state=LaneState.READY.value, hold_reason=None, attempts=0, failing_since=None)
    )
    await session.execute(statement, {"ids": members(lane_ids, session.dialect)})


async def claim(
    session: WriteSession,
    target: str,
    *,
    limit: int,
    now: datetime,
    lease_seconds: float,
    worker: str,
    but: Except | None = None,
) -> list[ClaimedLane]:
    """Take up to ``limit`` ready lanes of a destination, most urgent first; none of those in ``but``."""
    picked = (
        select(lanes.c.id)
        .where(lanes.c.target == str(target), lanes.c.state == LaneState.READY.value, *_not_held(but))
        .order_by(lanes.c.due_at, lanes.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    statement = (
        update(lanes)
        .where(lanes.c.id.in_(select(picked.c.id)))
        .values(
            state=LaneState.LEASED.value,
            fence=lanes.c.fence + 1,
            lease_until=now + timedelta(seconds=lease_seconds),
            worker=worker,
            next_at=None,
        )
        .returning(
            lanes.c.id, lanes.c.dossier_code, lanes.c.fence, lanes.c.known, lanes.c.attempts, lanes.c.failing_since
        )
    )
    return [ClaimedLane(**row._mapping) for row in await session.execute(statement)]  # noqa: SLF001 - public name


def _not_held(but: Except | None) -> list[ColumnElement[bool]]:
    if but is None:
        return []
    # A lane without a procedure or unit (news that is about no dossier) is held by neither.
    procedure, unit = func.coalesce(lanes.c.procedure_code, ""), func.coalesce(lanes.c.unit_code, "")
    conditions: list[ColumnElement[bool]] = []
    if but.procedures:
        conditions.append(procedure.not_in(but.procedures))
    if but.units:
        conditions.append(unit.not_in(but.units))
    conditions.extend(~((procedure == code) & (unit == office)) for code, office in but.pairs)
    return conditions


def _pending(session: WriteSession) -> Subquery:
    """What is owed in the lanes bound to ``lanes``."""
    return text(_PENDING_OF_LANES[session.dialect]).columns(*messages.c).subquery()


async def load(session: WriteSession, lane_ids: Sequence[int], *, per_lane: int) -> list[LoadedMessage]:
    """The oldest pending messages of claimed lanes, at most ``per_lane`` steps each, in order; all snapshots."""
    pending = _pending(session)
    place = func.row_number().over(partition_by=(pending.c.lane_id, pending.c.kind), order_by=pending.c.id)
    ranked = select(*[pending.c[name] for name in LoadedMessage.__slots__], place.label("place")).subquery()
    statement = (
        select(*[ranked.c[name] for name in LoadedMessage.__slots__])
        .where((ranked.c.place <= per_lane) | (ranked.c.kind == "dossier"))
        .order_by(ranked.c.lane_id, ranked.c.id)
    )
    rows = await session.rows(statement, {"lanes": members(lane_ids, session.dialect)})
    return [LoadedMessage(**(dict(row._mapping) | {"state": DeliveryState(row.state)})) for row in rows]  # noqa: SLF001


async def mark(session: WriteSession, message_ids: Sequence[int], state: DeliveryState, now: datetime) -> None:
    """Set the state of messages of claimed lanes."""
    if message_ids:
        values: Row = {"state": state.value}
        if state is DeliveryState.SUPERSEDED:
            values["settled_at"] = now
        statement = update(messages).where(member_of(messages.c.id, "ids", session.dialect)).values(**values)
        await session.execute(statement, {"ids": members(message_ids, session.dialect)})


async def still_ours(session: WriteSession, fences: dict[int, int]) -> set[int]:
    """Lock the lanes whose fence is still the one we hold; the others belong to somebody else by now."""
    # By bytes, as the door sorts them: a locale may see the letters and overlook the dots and dashes.
    by_bytes = collate(lanes.c.dossier_code, "C") if session.dialect == "postgresql" else lanes.c.dossier_code
    statement = (
        select(lanes.c.id, lanes.c.fence)
        .where(member_of(lanes.c.id, "ids", session.dialect), lanes.c.state == LaneState.LEASED.value)
        .order_by(lanes.c.target, by_bytes)
        .with_for_update()
    )
    rows = await session.rows(statement, {"ids": members(list(fences), session.dialect)})
    return {row.id for row in rows if fences[row.id] == row.fence}


async def settle(session: WriteSession, settlements: Sequence[Settlement], now: datetime) -> None:
    """Write what became of messages. The caller has made sure that their lanes are ``still_ours``."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for s in settlements:
        key = (s.state, s.tried, s.reason, s.code, s.message, s.field, s.failure_class, s.doubtful_since)
        groups.setdefault(key, []).append(s.message_id)
    for (state, tried, reason, code, message, field, failure, doubtful_since), ids in groups.items():
        final = state not in PENDING_STATES
        statement = (
            update(messages)
            .where(member_of(messages.c.id, "ids", session.dialect))
            .values(
                state=state.value,
                attempts=messages.c.attempts + int(tried),
                reason=reason,
                answer_code=code,
                answer_message=message,
                answer_field=field,
                failure_class=failure,
                doubtful_since=doubtful_since,
                settled_at=now if final else None,
            )
        )
        await session.execute(statement, {"ids": members(ids, session.dialect)})


async def learn(session: WriteSession, lane_ids: Sequence[int]) -> None:
    """The nation has acknowledged the dossiers of these lanes; written as soon as it is known, not only at the end."""
    if lane_ids:
        statement = update(lanes).where(member_of(lanes.c.id, "ids", session.dialect)).values(known=True)
        await session.execute(statement, {"ids": members(lane_ids, session.dialect)})


async def keep_attempts(session: WriteSession, call_rows: Sequence[Row], attempt_rows: Sequence[Row]) -> None:
    """Write what went over the wire; also when the lane was lost meanwhile, since it did go."""
    if call_rows:
        await session.execute(insert(calls), call_rows)
    if attempt_rows:
        await session.execute(insert(attempts), attempt_rows)


async def release(session: WriteSession, releases: Sequence[Release]) -> None:
    """Let lanes go. The caller has made sure that they are ``still_ours``."""
    if not releases:
        return
    ids = [release.lane_id for release in releases]
    owed = _pending(session)
    snapshot_waits = and_(owed.c.kind == "dossier", owed.c.state == DeliveryState.WAITING.value)
    by_lane = select(owed.c.lane_id, func.max(case((snapshot_waits, 1), else_=0))).group_by(owed.c.lane_id)
    pending = dict(map(tuple, await session.rows(by_lane, {"lanes": members(ids, session.dialect)})))
    rows = []
    for r in releases:
        state = LaneState.READY if r.lane_id in pending else LaneState.IDLE
        if r.lane_id in pending and r.next_at is not None:
            state = LaneState.SCHEDULED
        # A snapshot that came while the lane was out is the answer to the refused one, as in ``put``.
        hold = None if r.hold is HoldReason.REFUSED and pending.get(r.lane_id) else r.hold
        if hold is not None:
            state = LaneState.HELD
        rows.append(
            {
                "b_id": r.lane_id,
                "b_state": state.value,
                "b_hold": hold.value if hold else None,
                "b_known": r.known,
                # With nothing left to send there is nothing that fails.
                "b_attempts": 0 if state is LaneState.IDLE else r.attempts,
                "b_since": None if state is LaneState.IDLE else r.failing_since,
                "b_next": r.next_at if state is LaneState.SCHEDULED else None,
                "b_failure": r.failure_class,
            }
        )
    await session.execute(_LET_GO, rows)
    answered = [r.lane_id for r in releases if r.hold is HoldReason.DEAD and pending.get(r.lane_id)]
    if answered:
        dead_snapshots = update(messages).where(
            member_of(messages.c.lane_id, "ids", session.dialect),
            messages.c.kind == "dossier",
            messages.c.state == DeliveryState.DEAD.value,
        )
        overtaken = dead_snapshots.values(state=DeliveryState.SUPERSEDED.value)
        await session.execute(overtaken, {"ids": members(answered, session.dialect)})
        await _free(session, answered)


_LET_GO = (
    update(lanes)
    .where(lanes.c.id == bindparam("b_id"))
    .values(
        state=bindparam("b_state"),
        hold_reason=bindparam("b_hold"),
        known=bindparam("b_known"),
        attempts=bindparam("b_attempts"),
        failing_since=bindparam("b_since"),
        next_at=bindparam("b_next"),
        failure_class=bindparam("b_failure"),
        lease_until=None,
        worker=None,
    )
)


async def told_already(session: ReadSession, dossier_code: str, target: str, payload_hash: str) -> bool:
    """Whether the newest snapshot promised of a dossier is this very one, and it has not come to nothing."""
    statement = (
        select(messages.c.payload_hash, messages.c.state)
        .where(messages.c.dossier_code == dossier_code, messages.c.kind == "dossier", messages.c.target == target)
        .order_by(messages.c.id.desc())
        .limit(1)
    )
    newest = await session.one_or_none(statement)
    alive = {*(state.value for state in PENDING_STATES), DeliveryState.DELIVERED.value}
    return newest is not None and newest.payload_hash == payload_hash and newest.state in alive
