"""Events: one row a transition, open until it ends. What is open already cannot begin a second time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, and_, case, cast, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.delivery import DeliveryState, HoldReason, LaneState, Target
from app.domain.events import DELIVERY_EVENTS, EVENT_NEWS, PROVINCE_EVENTS, EventKind, subject_of
from app.store.reach import Units, of_dossiers
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import lanes, messages
from app.store.watch_tables import events

_OPEN = text("ended_at IS NULL")
_WEBHOOKS = f"{Target.WEBHOOK.value}:"
_PREFIX = len(subject_of(0))
_WAITS = (DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Settled:
    """A delivery whose event is over: it is no longer in the state that the event is about."""

    event_id: int
    kind: EventKind
    message_id: int
    destination: str
    message_kind: str
    dossier_code: str
    procedure_code: str
    unit_code: str
    ref: str
    state: DeliveryState
    correlation_id: str


async def start(
    session: WriteSession,
    kind: EventKind,
    *,
    subject: str,
    target: str,
    dossier_code: str | None,
    detail: dict[str, object],
    now: datetime,
) -> int | None:
    """Begin an event and give its id; None when it is open already: it has been told.

    A kind that has no end is over at once, so each of it is told.
    """
    over = now if EVENT_NEWS[kind][1] is None else None
    row: Row = {"kind": kind.value, "subject": subject, "target": target, "dossier_code": dossier_code}
    row |= {"started_at": now, "ended_at": over, "detail": json.dumps(detail, ensure_ascii=False)}
    statement = (postgresql if session.dialect == "postgresql" else sqlite).insert(events).values(row)
    once = statement.on_conflict_do_nothing(index_elements=["kind", "subject"], index_where=_OPEN)
    found: int | None = (await session.execute(once.returning(events.c.id))).scalar_one_or_none()
    return found


async def end(session: WriteSession, kind: EventKind, subject: str, now: datetime) -> int | None:
    """End an open event and give its id; None when none is open: somebody has told its end, or it never began."""
    statement = (
        update(events)
        .where(events.c.kind == kind.value, events.c.subject == subject, events.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    found: int | None = (await session.execute(statement.returning(events.c.id))).scalar_one_or_none()
    return found


async def end_all_of(session: WriteSession, target: str, now: datetime) -> None:
    """End whatever is open about a destination that is no more."""
    await session.execute(
        update(events).where(events.c.target == target, events.c.ended_at.is_(None)).values(ended_at=now)
    )


async def is_open(session: ReadSession, kind: EventKind, subject: str) -> bool:
    """Whether an event has begun and not ended."""
    return await open_id(session, kind, subject) is not None


async def open_id(session: ReadSession, kind: EventKind, subject: str) -> int | None:
    """The id of an event that has begun and not ended; None: there is none."""
    wanted = (events.c.kind == kind.value, events.c.subject == subject, events.c.ended_at.is_(None))
    row = await session.one_or_none(select(events.c.id).where(*wanted))
    return None if row is None else int(row.id)


async def settled(session: ReadSession, limit: int) -> list[Settled]:
    """Open events about deliveries that have moved on since, whoever moved them; oldest first."""
    about_delivery = events.c.kind.in_([kind.value for kind in DELIVERY_EVENTS])
    # Guarded, since no database promises to filter before it computes, and other subjects hold no number.
    message_id = case((about_delivery, cast(func.substr(events.c.subject, _PREFIX), BigInteger)))
    stays = or_(
        and_(events.c.kind == EventKind.REFUSED.value, messages.c.state == DeliveryState.REJECTED.value),
        and_(events.c.kind == EventKind.DEAD_LETTER.value, messages.c.state == DeliveryState.DEAD.value),
        and_(
            events.c.kind == EventKind.PERSON_ASKED.value,
            messages.c.state == DeliveryState.UNKNOWN.value,
            lanes.c.state == LaneState.HELD.value,
            lanes.c.hold_reason == HoldReason.UNDECIDED.value,
        ),
        # A step that waits for a dossier that nothing is to bring to the nation.
        and_(
            events.c.kind == EventKind.PERSON_ASKED.value,
            messages.c.state == DeliveryState.WAITING.value,
            lanes.c.state == LaneState.HELD.value,
            lanes.c.hold_reason == HoldReason.REFUSED.value,
        ),
    )
    columns = (
        events.c.id.label("event_id"),
        events.c.kind,
        messages.c.id.label("message_id"),
        messages.c.target.label("destination"),
        messages.c.kind.label("message_kind"),
        messages.c.dossier_code,
        messages.c.procedure_code,
        messages.c.unit_code,
        messages.c.ref,
        messages.c.state,
        messages.c.correlation_id,
    )
    statement = (
        select(*columns)
        .join(messages, messages.c.id == message_id)
        .join(lanes, lanes.c.id == messages.c.lane_id)
        .where(_OPEN, about_delivery, ~func.coalesce(stays, False))
        .order_by(events.c.id)
        .limit(limit)
    )
    return [
        Settled(**(dict(row._mapping) | {"kind": EventKind(row.kind), "state": DeliveryState(row.state)}))  # noqa: SLF001
        for row in await session.rows(statement)
    ]


async def standings(session: ReadSession, message_ids: Sequence[int]) -> list[Row]:
    """What an outcome tells of deliveries, by id; ``hold_reason`` is that of their lanes."""
    names = ("id", "target", "kind", "dossier_code", "procedure_code", "unit_code", "ref", "state", "correlation_id")
    more = ("failure_class", "reason", "answer_code", "answer_field")
    statement = (
        select(*[messages.c[name] for name in (*names, *more)], lanes.c.hold_reason)
        .join(lanes, lanes.c.id == messages.c.lane_id)
        .where(member_of(messages.c.id, "ids", session.dialect))
        .order_by(messages.c.id)
    )
    rows = await session.rows(statement, {"ids": members(message_ids, session.dialect)})
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - public name


async def oldest_moving(session: ReadSession, target: str) -> datetime | None:
    """Since when the oldest record waits that is owed to a destination and that nobody holds; None: none does."""
    found: list[datetime] = []
    for state in _WAITS:
        # By id in one state: the index gives the oldest first, and the walk ends at the first lane that may move.
        statement = (
            select(messages.c.created_at)
            .join(lanes, lanes.c.id == messages.c.lane_id)
            .where(messages.c.state == state.value, messages.c.target == target, lanes.c.state != LaneState.HELD.value)
            .order_by(messages.c.id)
            .limit(1)
        )
        found.extend(row.created_at for row in await session.rows(statement))
    return min(found, default=None)


async def page(
    session: ReadSession,
    *,
    before_id: int | None,
    limit: int,
    open_only: bool = False,
    kind: EventKind | None = None,
    target: str | None = None,
    dossier_code: str | None = None,
    units: Units = None,
) -> list[Row]:
    """Events, newest first, below a key: those of dossiers in reach, and the national systems' for everybody."""
    conditions: list[Any] = [_OPEN] if open_only else []
    if before_id is not None:
        conditions.append(events.c.id < before_id)
    if units is not None:
        of_all = (
            events.c.dossier_code.is_(None),
            events.c.kind.in_([kind.value for kind in PROVINCE_EVENTS]),
            ~events.c.target.startswith(_WEBHOOKS),
        )
        conditions.append(or_(and_(*of_all), *of_dossiers(events.c.dossier_code, units)))
    wanted = {"kind": kind.value if kind else None, "target": target, "dossier_code": dossier_code}
    conditions.extend(events.c[name] == value for name, value in wanted.items() if value is not None)
    statement = select(events).where(and_(True, *conditions)).order_by(events.c.id.desc()).limit(limit)  # noqa: FBT003 - SQL
    rows: Sequence[Any] = await session.rows(statement)
    return [dict(row._mapping) | {"detail": json.loads(row.detail)} for row in rows]  # noqa: SLF001 - public name
