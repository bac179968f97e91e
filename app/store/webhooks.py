"""Registered webhooks: who wants to be told of what, and where."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, insert, literal, or_, select, update
from sqlalchemy.exc import DBAPIError

from app.domain.delivery import DeliveryState, Destination, LaneState, Target
from app.errors import StoreBusy
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import dossiers, lanes, messages
from app.store.watch_tables import webhooks

_STANDING = [LaneState.READY.value, LaneState.SCHEDULED.value, LaneState.HELD.value]


@dataclass(frozen=True, slots=True)
class Webhook:
    """One endpoint without its secret. ``kinds`` are the types it wants; ``ended_at`` is set when it is no more."""

    id: int
    owner: str
    agency: str
    url: str
    kinds: frozenset[str]
    system_events: bool
    created_at: datetime
    ended_at: datetime | None

    @property
    def key(self) -> str:
        """Its key as a destination."""
        return Destination(Target.WEBHOOK, self.id).key


_COLUMNS = [column for column in webhooks.c if column.name != "secret"]


async def add(session: WriteSession, row: Row) -> int:
    """Write an endpoint and give its id; ``kinds`` is a list of types."""
    values = row | {"kinds": json.dumps(sorted(row["kinds"]))}
    found: int = (await session.execute(insert(webhooks).values(values).returning(webhooks.c.id))).scalar_one()
    return found


async def living(session: ReadSession, owner: str | None = None) -> list[Webhook]:
    """All living endpoints, or those of one owner, oldest first."""
    statement = select(*_COLUMNS).where(webhooks.c.ended_at.is_(None)).order_by(webhooks.c.id)
    if owner is not None:
        statement = statement.where(webhooks.c.owner == owner)
    return [_webhook(row) for row in await session.rows(statement)]


async def find(session: ReadSession, endpoint_id: int) -> Webhook | None:
    """One endpoint, also an ended one."""
    row = await session.one_or_none(select(*_COLUMNS).where(webhooks.c.id == endpoint_id))
    return None if row is None else _webhook(row)


async def address(session: ReadSession, endpoint_id: int) -> tuple[str, str] | None:
    """Url and secret of a living endpoint; None when there is none.

    Raises:
        StoreBusy: the database did not answer; says nothing about the endpoint.
    """
    statement = select(webhooks.c.url, webhooks.c.secret).where(
        webhooks.c.id == endpoint_id, webhooks.c.ended_at.is_(None)
    )
    try:
        row = await session.one_or_none(statement)
    except DBAPIError as error:
        message = "the database did not tell an endpoint's address"
        raise StoreBusy(message) from error
    return None if row is None else (row.url, row.secret)


async def end(session: WriteSession, endpoint_id: int, *, by: str, note: str, now: datetime) -> int | None:
    """End a living endpoint and cancel what waits for it; how many messages that were. None: none of that id lives.

    What a worker has under way is left to the worker: it learns that the endpoint is gone when it sends the next.
    """
    ended = await session.execute(
        update(webhooks).where(webhooks.c.id == endpoint_id, webhooks.c.ended_at.is_(None)).values(ended_at=now)
    )
    if not ended.rowcount:
        return None
    key = Destination(Target.WEBHOOK, endpoint_id).key
    # The lanes first, as everybody who writes what came of messages does: then no worker can be half-way.
    standing = (
        update(lanes)
        .where(lanes.c.target == key, lanes.c.state.in_(_STANDING))
        .values(state=LaneState.IDLE.value, hold_reason=None, next_at=None, attempts=0, failing_since=None)
        .returning(lanes.c.id)
    )
    lane_ids = [row.id for row in await session.execute(standing)]
    waiting = (
        update(messages)
        .where(
            member_of(messages.c.lane_id, "lanes", session.dialect),
            messages.c.state.in_([DeliveryState.WAITING.value, DeliveryState.UNKNOWN.value]),
        )
        .values(state=DeliveryState.CANCELLED.value, settled_at=now, decided_by=by, decision_note=note)
    )
    return (await session.execute(waiting, {"lanes": members(lane_ids, session.dialect)})).rowcount


async def destinations(session: ReadSession) -> list[Destination]:
    """Where news may have to go now: living endpoints, and ended ones for which something became ready afterwards."""
    left = select(lanes.c.id).where(
        lanes.c.target == literal(f"{Target.WEBHOOK.value}:") + cast(webhooks.c.id, String),
        lanes.c.state == LaneState.READY.value,
    )
    statement = select(webhooks.c.id).where(or_(webhooks.c.ended_at.is_(None), left.exists()))
    return [Destination(Target.WEBHOOK, row.id) for row in await session.rows(statement.order_by(webhooks.c.id))]


async def owners(session: ReadSession, codes: list[str]) -> dict[str, str]:
    """Who handed each dossier over last, by dossier code."""
    statement = select(dossiers.c.code, dossiers.c.source).where(member_of(dossiers.c.code, "codes", session.dialect))
    rows = await session.rows(statement, {"codes": members(codes, session.dialect)})
    return {row.code: row.source for row in rows}


def _webhook(row: Any) -> Webhook:  # noqa: ANN401 - a row
    return Webhook(**(dict(row._mapping) | {"kinds": frozenset(json.loads(row.kinds))}))  # noqa: SLF001 - public name
