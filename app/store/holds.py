"""What operators hold: a whole destination, one procedure, one unit, or one procedure at one unit.

A claim leaves held lanes alone (``filters``). The sweep moves them out of the line besides, so that a claim need not
walk past them, and back when nobody holds them any more. Held work waits; none of it is dropped.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, false, func, insert, literal_column, or_, select, text, update

from app.domain.delivery import HoldReason, LaneState
from app.store.session import ReadSession, Row, WriteSession
from app.store.tables import holds, lanes

# How many held lanes a sweep looks at for each that it may move: most may still be held by another hold.
_LOOKS_PER_MOVE = 5
# Written out, not bound: an index over a part of the rows is recognised by its words.
_READY = lanes.c.state == literal_column("'ready'")
_HELD = lanes.c.state == literal_column("'held'")


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold; without a procedure and a unit it is on the whole destination. ``target`` is the key."""

    id: int
    target: str
    procedure_code: str | None
    unit_code: str | None
    reason: str
    held_by: str
    held_at: datetime
    released_by: str | None = None
    released_at: datetime | None = None
    release_note: str | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing at all goes to the destination."""
        return self.procedure_code is None and self.unit_code is None


async def place(
    session: WriteSession,
    key: str,
    *,
    procedure: str | None,
    unit: str | None,
    reason: str,
    held_by: str,
    now: datetime,
) -> tuple[Hold, bool]:
    """Hold; gives the hold and whether it is new. What is held with the same scope already is held once."""
    if session.dialect == "postgresql":
        # Two operators press at once: the second waits, and finds the first one's hold.
        await session.rows(select(func.pg_advisory_xact_lock(func.hashtext(f"hold:{key}"))))
    for hold in await active(session, key):
        if (hold.procedure_code, hold.unit_code) == (procedure, unit):
            return hold, False
    row: Row = {"target": key, "procedure_code": procedure, "unit_code": unit}
    row |= {"reason": reason, "held_by": held_by, "held_at": now}
    made = await session.execute(insert(holds).values(row).returning(holds))
    return _hold(made.one()), True


async def lift(session: WriteSession, hold_id: int, *, released_by: str, note: str, now: datetime) -> Hold | None:
    """End a hold; None when there is no such hold or it has ended (``find`` tells which)."""
    statement = (
        update(holds)
        .where(holds.c.id == hold_id, holds.c.released_at.is_(None))
        .values(released_by=released_by, released_at=now, release_note=note)
        .returning(holds)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else _hold(row)


async def find(session: ReadSession, hold_id: int) -> Hold | None:
    """A hold, active or ended."""
    row = await session.one_or_none(select(holds).where(holds.c.id == hold_id))
    return None if row is None else _hold(row)


async def active(session: ReadSession, key: str | None = None) -> list[Hold]:
    """What is held now, oldest first; of one destination or of all."""
    statement = select(holds).where(text("holds.released_at IS NULL")).order_by(holds.c.id)
    if key is not None:
        statement = statement.where(holds.c.target == key)
    return [_hold(row) for row in await session.rows(statement)]


def blocks_destination(held: Sequence[Hold]) -> bool:
    """Whether one of the holds is on the whole destination: then nothing is claimed there."""
    return any(hold.whole for hold in held)


def filters(held: Sequence[Hold]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Procedures, units, and pairs of both that a claim must leave alone; each once, in order."""
    procedures = {h.procedure_code for h in held if h.procedure_code is not None and h.unit_code is None}
    units = {h.unit_code for h in held if h.unit_code is not None and h.procedure_code is None}
    pairs = {(h.procedure_code, h.unit_code) for h in held if h.procedure_code is not None and h.unit_code is not None}
    return tuple(sorted(procedures)), tuple(sorted(units)), tuple(sorted(pairs))


async def sweep(session: WriteSession, now: datetime, limit: int, draw: Callable[[], float] = random.random) -> int:
    """Move held lanes out of the line, and back into it those that nobody holds any more; how many.

    Each destination costs a look at ``limit`` ready lanes, those that a claim would come to first, and at ten times
    as many held ones around a place that ``draw`` (in [0, 1)) picks, where another hold is active; never at all of
    them. Lanes of a destination that
    is held as a whole stay as they are: nothing is claimed there.
    """
    del now
    # Locked against an end until our commit: a lane must not be put aside for a hold that has just ended.
    found = await session.rows(
        select(holds).where(text("holds.released_at IS NULL")).order_by(holds.c.id).with_for_update(read=True)
    )
    held: dict[str, list[Hold]] = {}
    for row in found:
        held.setdefault(row.target, []).append(_hold(row))
    moved = 0
    for (key,) in await session.rows(select(holds.c.target).distinct().order_by(holds.c.target)):
        mine = held.get(key, [])
        if blocks_destination(mine):
            continue
        if mine:
            moved += await _put_aside(session, key, mine, limit)
        moved += await _put_back(session, key, mine, limit, draw())
    return moved


async def _put_aside(session: WriteSession, key: str, held: Sequence[Hold], limit: int) -> int:
    line = (
        select(lanes.c.id, lanes.c.procedure_code, lanes.c.unit_code)
        .where(lanes.c.target == key, _READY)
        .order_by(lanes.c.due_at, lanes.c.id)
        .limit(limit)
        .subquery()
    )
    picked = select(line.c.id).where(_matches(line, held))
    values = {"state": LaneState.HELD.value, "hold_reason": HoldReason.OPERATOR.value}
    return await _move(session, picked, _READY, values)


async def _put_back(session: WriteSession, key: str, held: Sequence[Hold], limit: int, draw: float) -> int:
    mine = and_(lanes.c.target == key, lanes.c.hold_reason == HoldReason.OPERATOR.value, _HELD)
    looks = limit * _LOOKS_PER_MOVE if held else limit
    start = None
    if held:
        # Most of them may be held on, and no index tells which: look from another place each time.
        ends = [
            await session.one_or_none(select(lanes.c.id).where(mine).order_by(order).limit(1))
            for order in (lanes.c.id, lanes.c.id.desc())
        ]
        if ends[0] is None or ends[1] is None:
            return 0
        start = ends[0].id + int((ends[1].id - ends[0].id + 1) * draw)
    after = mine if start is None else and_(mine, lanes.c.id >= start)
    moved = await _put_back_from(session, after, lanes.c.id.asc(), held, looks, limit)
    if start is not None and moved < limit:
        before = and_(mine, lanes.c.id < start)
        moved += await _put_back_from(session, before, lanes.c.id.desc(), held, looks, limit - moved)
    return moved


async def _put_back_from(
    session: WriteSession,
    where: ColumnElement[bool],
    order: ColumnElement[int],
    held: Sequence[Hold],
    looks: int,
    limit: int,
) -> int:
    line = (
        select(lanes.c.id, lanes.c.procedure_code, lanes.c.unit_code)
        .where(where)
        .order_by(order)
        .limit(looks)
        .subquery()
    )
    picked = select(line.c.id).where(~_matches(line, held)).order_by(line.c.id).limit(limit)
    return await _move(session, picked, _HELD, {"state": LaneState.READY.value, "hold_reason": None})


async def _move(session: WriteSession, picked: Any, still: ColumnElement[bool], values: Row) -> int:  # noqa: ANN401 - a select
    """Move the picked lanes that are still as they were found and that nobody else works on."""
    locked = select(lanes.c.id).where(lanes.c.id.in_(picked), still).with_for_update(skip_locked=True).cte("locked")
    statement = update(lanes).where(lanes.c.id.in_(select(locked.c.id))).values(**values).returning(lanes.c.id)
    # Counted by hand: SQLite's driver keeps no count for a statement that begins with WITH.
    return len((await session.execute(statement)).all())


def _matches(line: Subquery, held: Sequence[Hold]) -> ColumnElement[bool]:
    # A lane without a procedure or unit (news that is about no dossier) is held by neither.
    procedure, unit = func.coalesce(line.c.procedure_code, ""), func.coalesce(line.c.unit_code, "")
    procedures, units, pairs = filters(held)
    return or_(
        false(),
        procedure.in_(procedures),
        unit.in_(units),
        *(and_(procedure == code, unit == office) for code, office in pairs),
    )


def _hold(row: Any) -> Hold:  # noqa: ANN401 - a row
    return Hold(**{name: getattr(row, name) for name in Hold.__slots__})
