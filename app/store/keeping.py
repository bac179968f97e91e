"""Keep lanes moving: wake those whose time has come, take back those of lost workers, send one again by hand."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update

from app.domain.delivery import PENDING_STATES, RETRIABLE_STATES, DeliveryState, HoldReason, LaneState
from app.domain.failures import FailureClass
from app.store.session import Row, WriteSession, member_of, members
from app.store.tables import lanes, messages

PROBE_SPENT = "probe_spent"
_LEFT_OPEN = ("out_of_order", "nation_lost_it")
_HEALED_BY_RETURN = [f.value for f in (FailureClass.TEMPORARY, FailureClass.TECHNICAL, FailureClass.UNKNOWN)]


async def promote(session: WriteSession, now: datetime, limit: int) -> int:
    """Make scheduled lanes ready whose time has come; how many."""
    due = (
        select(lanes.c.id)
        .where(lanes.c.state == LaneState.SCHEDULED.value, lanes.c.next_at <= now)
        .order_by(lanes.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    ready = update(lanes).where(lanes.c.id.in_(select(due.c.id))).values(state=LaneState.READY.value, next_at=None)
    # Counted by hand: SQLite's driver keeps no count for a statement that begins with WITH.
    return len((await session.execute(ready.returning(lanes.c.id))).all())


async def wake(session: WriteSession, target: str, now: datetime) -> int:
    """A destination is back: what waited because it was away need not wait out its schedule; how many lanes."""
    statement = (
        update(lanes)
        .where(
            lanes.c.state == LaneState.SCHEDULED.value,
            lanes.c.target == target,
            lanes.c.failure_class.in_(_HEALED_BY_RETURN),
        )
        .values(next_at=now)
        .returning(lanes.c.id)
    )
    return len((await session.execute(statement)).all())


async def overdue_doubts(session: WriteSession, target: str, since: datetime, limit: int) -> list[int]:
    """Hold for a person the lanes with a record in doubt since ``since`` or longer; gives the records in doubt.

    While a gate is shut or a destination is held no round comes to say so.
    """
    doubtful = (
        select(messages.c.lane_id)
        .join(lanes, lanes.c.id == messages.c.lane_id)
        .where(
            messages.c.target == target,
            messages.c.state == DeliveryState.UNKNOWN.value,
            # Both: a doubt has its own time, and what is asked about anew has its turn first.
            func.coalesce(messages.c.doubtful_since, lanes.c.failing_since) <= since,
            func.coalesce(lanes.c.failing_since, messages.c.doubtful_since) <= since,
        )
    )
    late = (
        select(lanes.c.id)
        .where(
            lanes.c.id.in_(doubtful),
            lanes.c.state.in_([LaneState.READY.value, LaneState.SCHEDULED.value]),
        )
        .order_by(lanes.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("late")
    )
    hold: Row = {"state": LaneState.HELD.value, "hold_reason": HoldReason.UNDECIDED.value, "next_at": None}
    hold |= {"failure_class": FailureClass.UNKNOWN.value}
    held = update(lanes).where(lanes.c.id.in_(select(late.c.id))).values(**hold).returning(lanes.c.id)
    ids = [row.id for row in await session.execute(held)]
    if not ids:
        return []
    spent: Row = {"reason": PROBE_SPENT, "failure_class": FailureClass.UNKNOWN.value}
    told = (
        update(messages)
        .where(member_of(messages.c.lane_id, "ids", session.dialect), messages.c.state == DeliveryState.UNKNOWN.value)
        .values(**spent)
        .returning(messages.c.id)
    )
    return sorted(row.id for row in await session.execute(told, {"ids": members(ids, session.dialect)}))


async def ask_again(session: WriteSession, target: str, now: datetime) -> int:
    """A destination is back: what a person was asked about because it could not be asked is asked; how many lanes.

    Its time begins anew, now. What its answers leave open (a broken order, a dossier it denies, a shape nobody knows)
    stays with the person.
    """
    open_still = select(messages.c.id).where(
        messages.c.lane_id == lanes.c.id,
        messages.c.state == DeliveryState.UNKNOWN.value,
        func.coalesce(messages.c.reason, "").in_(_LEFT_OPEN),
    )
    statement = (
        update(lanes)
        .where(
            lanes.c.target == target,
            lanes.c.state == LaneState.HELD.value,
            lanes.c.hold_reason == HoldReason.UNDECIDED.value,
            lanes.c.failure_class.in_(_HEALED_BY_RETURN),
            ~open_still.exists(),
        )
        .values(
            state=LaneState.READY.value,
            hold_reason=None,
            attempts=0,
            failing_since=now,
            failure_class=None,
            next_at=None,
        )
        .returning(lanes.c.id)
    )
    return len((await session.execute(statement)).all())


async def wake_one(session: WriteSession, target: str) -> int:
    """Let one waiting lane of a destination go first, to find out whether it is back; how many (0 or 1)."""
    ready = select(lanes.c.id).where(lanes.c.target == target, lanes.c.state == LaneState.READY.value)
    if await session.rows(ready.limit(1)):
        return 0
    first = (
        select(lanes.c.id)
        .where(lanes.c.state == LaneState.SCHEDULED.value, lanes.c.target == target)
        .order_by(lanes.c.next_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("first")
    )
    statement = (
        update(lanes).where(lanes.c.id.in_(select(first.c.id))).values(state=LaneState.READY.value, next_at=None)
    )
    return len((await session.execute(statement.returning(lanes.c.id))).all())


async def rescue(session: WriteSession, now: datetime, limit: int) -> int:
    """Take lanes back from workers whose lease has ended; how many.

    What they were sending is unknown now. The lost round counts as a failed one, so that a message that kills
    its worker cannot go on for ever.
    """
    lost = (
        select(lanes.c.id)
        .where(lanes.c.state == LaneState.LEASED.value, lanes.c.lease_until < now)
        .order_by(lanes.c.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("lost")
    )
    statement = (
        update(lanes)
        .where(lanes.c.id.in_(select(lost.c.id)))
        .values(
            state=LaneState.READY.value,
            fence=lanes.c.fence + 1,
            lease_until=None,
            worker=None,
            attempts=lanes.c.attempts + 1,
            failure_class=FailureClass.UNKNOWN.value,
            failing_since=func.coalesce(lanes.c.failing_since, bindparam("now", now, type_=lanes.c.next_at.type)),
        )
        .returning(lanes.c.id)
    )
    ids = [row.id for row in await session.execute(statement)]
    if ids:
        unknown = (
            update(messages)
            .where(member_of(messages.c.lane_id, "ids", session.dialect), messages.c.state == "sending")
            # From now on: what a paused worker had in its hands may have left the house until this moment.
            .values(
                state=DeliveryState.UNKNOWN.value,
                reason="worker_lost",
                failure_class=FailureClass.UNKNOWN.value,
                doubtful_since=now,
            )
        )
        await session.execute(unknown, {"ids": members(ids, session.dialect)})
    return len(ids)


async def revive(session: WriteSession, message_id: int) -> str:
    """Send a delivery again: at once if it only waits, anew if it was refused or dead.

    Gives ``ok``, or why not: ``missing``, ``settled`` (delivered, superseded or under way), or ``overtaken``
    (a later step of the dossier is with the nation already; sending this one now would break the order).
    """
    row = await session.one_or_none(select(messages).where(messages.c.id == message_id))
    if row is None:
        return "missing"
    lane = await session.one_or_none(select(lanes).where(lanes.c.id == row.lane_id).with_for_update())
    row = await session.one_or_none(select(messages).where(messages.c.id == message_id))
    if row is None or lane is None or DeliveryState(row.state) not in RETRIABLE_STATES:
        return "settled"
    final = DeliveryState(row.state) not in PENDING_STATES
    if final and await _overtaken(session, row):
        return "overtaken"
    if lane.hold_reason == HoldReason.DEAD.value and await _behind_dead(session, row):
        return "behind"
    if lane.hold_reason == HoldReason.DEAD.value:
        await _raise_the_dead(session, row.dossier_code, lane.id)
    if final:
        anew = update(messages).where(messages.c.id == message_id)
        # What was once sent without a readable answer is asked about first, never sent blindly.
        await session.execute(anew.values(state=DeliveryState.UNKNOWN.value, settled_at=None))
    if lane.state != LaneState.LEASED.value and lane.hold_reason != HoldReason.OPERATOR.value:
        values: Row = {"state": LaneState.READY.value, "hold_reason": None, "next_at": None}
        values |= {"attempts": 0, "failing_since": None, "failure_class": None}
        await session.execute(update(lanes).where(lanes.c.id == lane.id).values(**values))
    return "ok"


async def dossier_of(session: WriteSession, message_id: int) -> str | None:
    """Which dossier a delivery is about; None when there is no such delivery."""
    row = await session.one_or_none(select(messages.c.dossier_code).where(messages.c.id == message_id))
    return row.dossier_code if row else None


async def _raise_the_dead(session: WriteSession, dossier_code: str, lane_id: int) -> None:
    """A lane goes on with all that died in it, oldest first: what comes later must not overtake any of it."""
    dead = update(messages).where(
        messages.c.dossier_code == dossier_code,
        messages.c.lane_id == lane_id,
        func.coalesce(messages.c.state, "") == DeliveryState.DEAD.value,
    )
    await session.execute(dead.values(state=DeliveryState.UNKNOWN.value, settled_at=None))


async def _behind_dead(session: WriteSession, row: Any) -> bool:  # noqa: ANN401 - a row
    """Whether an older record of the lane is dead: this one would overtake it."""
    dead = select(messages.c.id).where(
        messages.c.dossier_code == row.dossier_code,
        messages.c.lane_id == row.lane_id,
        messages.c.id < row.id,
        func.coalesce(messages.c.state, "") == DeliveryState.DEAD.value,
    )
    return bool(await session.rows(dead.limit(1)))


async def _overtaken(session: WriteSession, row: Any) -> bool:  # noqa: ANN401 - a row
    """Whether sending this one now would come after what should follow it. News stands for itself."""
    if row.kind == "event":
        return False
    later = select(messages.c.id).where(
        messages.c.dossier_code == row.dossier_code,
        messages.c.lane_id == row.lane_id,
        messages.c.kind == row.kind,
        messages.c.id > row.id,
        # What a person cancelled never went.
        func.coalesce(messages.c.state, "") != DeliveryState.CANCELLED.value,
    )
    if row.kind == "step":
        gone = {DeliveryState.DELIVERED.value}
        if row.state == DeliveryState.REJECTED.value:
            # Its lane was not stopped, so what is under way may be with the nation already.
            gone |= {DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value}
        later = later.where(messages.c.state.in_(sorted(gone)))
    return bool(await session.rows(later.limit(1)))
