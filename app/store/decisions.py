"""What a person decides about one delivery: the delivery and its lane, locked, and how both are left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from app.domain.decisions import LaneFacts, LaneLeft, Standing
from app.domain.delivery import PENDING_STATES, DeliveryState, HoldReason, LaneState
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import attempts, calls, lanes, messages

_OPEN = sorted(s.value for s in (*PENDING_STATES, DeliveryState.DEAD))
_PROBED = ("probe_holds", "probe_lacks", "probe_unsure")
_COLUMNS = (
    "id", "lane_id", "target", "kind", "dossier_code", "procedure_code", "unit_code", "ref", "payload",
    "payload_hash", "state", "attempts", "reason", "answer_code", "answer_message", "answer_field",
    "correlation_id", "created_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subject:
    """One delivery with the lane that it travels in. ``row`` is the delivery as it stands in its table."""

    row: Row
    state: DeliveryState
    lane_state: LaneState
    hold: HoldReason | None
    known: bool

    @property
    def standing(self) -> Standing:
        """The delivery, as far as another one may take its place."""
        return Standing(self.row["id"], self.row["lane_id"], self.row["kind"], self.state)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One delivery of the same lane that is not settled for good."""

    id: int
    kind: str
    state: DeliveryState
    ref: str
    correlation_id: str


async def read(session: ReadSession, message_id: int) -> Subject | None:
    """A delivery and its lane; None when there is none."""
    columns = (lanes.c.state.label("lane_state"), lanes.c.hold_reason, lanes.c.known)
    statement = (
        select(*[messages.c[name] for name in _COLUMNS], *columns)
        .join(lanes, lanes.c.id == messages.c.lane_id)
        .where(messages.c.id == message_id)
    )
    row = await session.one_or_none(statement)
    if row is None:
        return None
    return Subject(
        {name: getattr(row, name) for name in _COLUMNS},
        DeliveryState(row.state),
        LaneState(row.lane_state),
        HoldReason(row.hold_reason) if row.hold_reason else None,
        row.known,
    )


async def lock(session: WriteSession, message_id: int) -> Subject | None:
    """A delivery as it stands, its lane locked: no worker can take it before our commit; None when there is none."""
    lane_id = select(messages.c.lane_id).where(messages.c.id == message_id).scalar_subquery()
    await session.rows(select(lanes.c.id).where(lanes.c.id == lane_id).with_for_update())
    # Read again: what was true before the lock was ours may not be true any more.
    return await read(session, message_id)


async def neighbours(session: ReadSession, subject: Subject) -> list[Neighbour]:
    """What is not settled for good in the lane of a delivery, itself included, in order."""
    statement = (
        select(*[messages.c[name] for name in Neighbour.__slots__])
        .where(
            messages.c.dossier_code == subject.row["dossier_code"],
            messages.c.lane_id == subject.row["lane_id"],
            # Wrapped, so that the few messages of the dossier are looked at and not all in that state.
            func.coalesce(messages.c.state, "").in_(_OPEN),
        )
        .order_by(messages.c.id)
    )
    rows = await session.rows(statement)
    return [Neighbour(row.id, row.kind, DeliveryState(row.state), row.ref, row.correlation_id) for row in rows]


async def settle(
    session: WriteSession,
    message_ids: Sequence[int],
    state: DeliveryState,
    *,
    by: str | None,
    note: str,
    now: datetime,
) -> None:
    """Write what a person decided. What is to be sent is in doubt no more, whatever was known of it before."""
    final = state not in PENDING_STATES
    values: Row = {"state": state.value, "decided_by": by, "decision_note": note, "settled_at": now if final else None}
    if state is DeliveryState.DELIVERED or not final:
        values |= {"reason": None, "failure_class": None, "doubtful_since": None}
    statement = update(messages).where(member_of(messages.c.id, "ids", session.dialect)).values(**values)
    await session.execute(statement, {"ids": members(message_ids, session.dialect)})


def facts_of(subject: Subject, left: Sequence[Neighbour], *, first_gone: bool) -> LaneFacts:
    """The lane of a delivery as it is with what is ``left`` in it."""
    pending = [n for n in left if n.state in PENDING_STATES]
    return LaneFacts(
        state=subject.lane_state,
        hold=subject.hold,
        pending=len(pending),
        doubtful=sum(n.state is DeliveryState.UNKNOWN for n in pending),
        dead=sum(n.state is DeliveryState.DEAD for n in left),
        snapshot_waits=any(n.kind == "dossier" for n in pending),
        first_gone=first_gone,
    )


async def leave(session: WriteSession, lane_id: int, left: LaneLeft) -> None:
    """Leave a lane that ``lock`` has locked."""
    values: Row = {"state": left.state.value, "hold_reason": left.hold.value if left.hold else None}
    if left.anew:
        values |= {"attempts": 0, "failing_since": None, "failure_class": None, "next_at": None}
    await session.execute(update(lanes).where(lanes.c.id == lane_id).values(**values))


async def make_known(session: WriteSession, lane_id: int) -> None:
    """The nation has the dossier, a person says: what follows is an update."""
    await session.execute(update(lanes).where(lanes.c.id == lane_id).values(known=True))


async def promised(session: ReadSession, subject: Subject, limit: int = 1000) -> list[Row]:
    """The steps of a lane in the order they were promised, without those that were taken back."""
    gone = [DeliveryState.CANCELLED.value, DeliveryState.SUPERSEDED.value]
    columns = ("id", "ref", "kind", "state", "payload", "correlation_id")
    statement = (
        select(*[messages.c[name] for name in columns])
        .where(
            messages.c.dossier_code == subject.row["dossier_code"],
            messages.c.lane_id == subject.row["lane_id"],
            messages.c.kind == "step",
            messages.c.state.not_in(gone),
        )
        .order_by(messages.c.id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in await session.rows(statement)]  # noqa: SLF001 - SQLAlchemy's public name


async def last_probe(session: ReadSession, message_id: int) -> Row | None:
    """When the nation was asked about a delivery last and answered, and its masked answer; None: never."""
    statement = (
        select(calls.c.at, calls.c.answer, attempts.c.outcome)
        .join(calls, calls.c.id == attempts.c.call_id)
        .where(attempts.c.message_id == message_id, attempts.c.outcome.in_(_PROBED), calls.c.answer != "")
        .order_by(attempts.c.id.desc())
        .limit(1)
    )
    row: Any = await session.one_or_none(statement)
    return dict(row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name
