"""Outbox verbs as one call each, every one in a transaction of its own, as processes run them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from app.domain.delivery import DeliveryState, HoldReason, LaneState, Target
from app.store import keeping, outbox
from app.store.outbox import ClaimedLane, LoadedMessage, NewMessage, Release, Settlement
from app.store.session import Database, Row, WriteSession
from app.store.tables import lanes, messages
from tests.factories import NOW, dossier_code


async def put(database: Database, *news: NewMessage, at: datetime = NOW) -> None:
    """Promise messages."""

    async def work(session: WriteSession) -> None:
        await outbox.put(session, news, at)

    await database.run(work)


async def claim(
    database: Database, *, limit: int = 100, at: datetime = NOW, lease_seconds: float = 60, worker: str = "w-1"
) -> list[ClaimedLane]:
    """Take lanes of the portal."""

    async def work(session: WriteSession) -> list[ClaimedLane]:
        return await outbox.claim(
            session, Target.PORTAL, limit=limit, now=at, lease_seconds=lease_seconds, worker=worker
        )

    return await database.run(work)


async def load(database: Database, *claimed: ClaimedLane, per_lane: int = 100) -> list[LoadedMessage]:
    """What is pending in claimed lanes."""

    async def work(session: WriteSession) -> list[LoadedMessage]:
        return await outbox.load(session, [lane.id for lane in claimed], per_lane=per_lane)

    return await database.run(work)


async def mark(database: Database, ids: Sequence[int], state: DeliveryState) -> None:
    """Set the state of messages."""

    async def work(session: WriteSession) -> None:
        await outbox.mark(session, ids, state, NOW)

    await database.run(work)


async def finish(
    database: Database, settlements: Sequence[Settlement], releases: Sequence[Release], *, at: datetime = NOW
) -> set[int]:
    """Write the end of a round as a worker does: only for lanes that are still its own; gives those."""

    async def work(session: WriteSession) -> set[int]:
        ours = await outbox.still_ours(session, {release.lane_id: release.fence for release in releases})
        await outbox.settle(session, [s for s in settlements if s.lane_id in ours], at)
        await outbox.release(session, [release for release in releases if release.lane_id in ours])
        return ours

    return await database.run(work)


async def end_as(
    database: Database, lane: ClaimedLane, state: DeliveryState, *, hold: HoldReason | None = None, known: bool = False
) -> None:
    """Give every pending message of a lane the same end, and let the lane go."""
    found = await load(database, lane)
    settlements = [Settlement(m.id, lane.id, state, tried=True, reason="test") for m in found]
    ours = await finish(database, settlements, [Release(lane.id, lane.fence, known, hold=hold)])
    assert ours == {lane.id}


async def rescue(database: Database, at: datetime, limit: int = 100) -> int:
    """Take lanes back from workers that are gone."""

    async def work(session: WriteSession) -> int:
        return await keeping.rescue(session, at, limit)

    return await database.run(work)


async def promote(database: Database, at: datetime, limit: int = 100) -> int:
    """Wake lanes whose time has come."""

    async def work(session: WriteSession) -> int:
        return await keeping.promote(session, at, limit)

    return await database.run(work)


async def revive(database: Database, message_id: int) -> str:
    """Ask to send a delivery again."""

    async def work(session: WriteSession) -> str:
        return await keeping.revive(session, message_id)

    return await database.run(work)


async def lane_of(database: Database, code: str | None = None) -> Row:
    """The row of a dossier's lane."""
    async with database.read() as session:
        row = await session.one_or_none(select(lanes).where(lanes.c.dossier_code == (code or dossier_code())))
    assert row is not None
    return dict(row._mapping)


async def message_rows(database: Database) -> list[Row]:
    """All messages, in the order they were promised."""
    async with database.read() as session:
        return [dict(row._mapping) for row in await session.rows(select(messages).order_by(messages.c.id))]


async def states(database: Database) -> list[tuple[str, str]]:
    """``(ref, state)`` of all messages, in the order they were promised."""
    return [(row["ref"], row["state"]) for row in await message_rows(database)]


async def hold(database: Database, lane: ClaimedLane, reason: HoldReason) -> None:
    """Hold a lane as a person does, whatever it was doing."""

    async def work(session: WriteSession) -> None:
        held = {"state": LaneState.HELD.value, "hold_reason": reason.value, "lease_until": None, "worker": None}
        await session.execute(update(lanes).where(lanes.c.id == lane.id).values(**held))

    await database.run(work)


async def insert_rows(database: Database, *rows_of: tuple[object, Sequence[Row]]) -> None:
    """Write rows into tables, in one transaction: ``(table, rows)`` each."""

    async def work(session: WriteSession) -> None:
        for table, rows in rows_of:
            await session.execute(insert(table), rows)  # type: ignore[arg-type]

    await database.run(work)
