"""Events: one row a transition, told once however many see it, and over when its delivery has moved on."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.domain.delivery import PORTAL, DeliveryState, HoldReason, LaneState
from app.domain.events import DELIVERY_EVENTS, EventKind, subject_of
from app.store import events, outbox
from app.store.session import Database, ReadSession, WriteSession
from app.store.tables import lanes, messages
from tests.factories import NOW, dossier_code, snapshot_message

LATER = NOW + timedelta(minutes=5)
DOWN = EventKind.TARGET_DOWN


async def begin(database: Database, kind: EventKind = DOWN, subject: str = "portal") -> int | None:
    async def work(session: WriteSession) -> int | None:
        return await events.start(
            session, kind, subject=subject, target="portal", dossier_code=None, detail={"reason": "http_503"}, now=NOW
        )

    return await database.run(work)


async def finish(database: Database, kind: EventKind = DOWN, subject: str = "portal") -> int | None:
    return await database.run(lambda session: events.end(session, kind, subject, LATER))


async def test_an_event_begins_once_ends_once_and_may_begin_again(database: Database) -> None:
    first = await begin(database)
    assert first is not None
    assert await begin(database) is None
    assert await finish(database) == first
    assert await finish(database) is None
    second = await begin(database)
    assert second is not None
    assert second != first
    async with database.read() as session:
        rows = await events.page(session, before_id=None, limit=10)
    assert [(row["id"], row["started_at"], row["ended_at"]) for row in rows] == [
        (second, NOW, None),
        (first, NOW, LATER),
    ]
    assert rows[0]["detail"] == {"reason": "http_503"}


async def test_other_kinds_and_subjects_are_other_events(database: Database) -> None:
    assert await begin(database) is not None
    assert await begin(database, subject="webhook:7") is not None
    assert await begin(database, EventKind.BREAKER_OPEN) is not None


async def test_what_has_no_end_is_over_at_once_and_told_each_time(database: Database) -> None:
    assert await begin(database, EventKind.CONTRACT_NEW) is not None
    assert await begin(database, EventKind.CONTRACT_NEW) is not None
    async with database.read() as session:
        assert await events.page(session, before_id=None, limit=10, open_only=True) == []


async def test_of_many_who_see_it_at_the_same_time_one_tells_it(database: Database) -> None:
    begun = await asyncio.gather(*(begin(database) for _ in range(8)))
    assert len([one for one in begun if one is not None]) == 1
    ended = await asyncio.gather(*(finish(database) for _ in range(8)))
    assert len([one for one in ended if one is not None]) == 1


async def test_pages_are_keyed_and_filtered(database: Database) -> None:
    ids = [await begin(database, subject=f"webhook:{number}") for number in range(1, 6)]
    await finish(database, subject="webhook:5")
    async with database.read() as session:

        async def found(**wanted: object) -> list[int]:
            usual: dict[str, object] = {"before_id": None, "limit": 10}
            return [row["id"] for row in await events.page(session, **(usual | wanted))]  # type: ignore[arg-type]

        assert await found(limit=2) == [ids[4], ids[3]]
        assert await found(limit=2, before_id=ids[3]) == [ids[2], ids[1]]
        assert await found(open_only=True) == ids[3::-1]
        assert await found(kind=DOWN, target="portal") == ids[::-1]
        assert await found(kind=EventKind.REFUSED) == []
        assert await found(dossier_code=dossier_code()) == []


async def test_everything_open_about_a_destination_ends_with_it(database: Database) -> None:
    await begin(database)
    await begin(database, EventKind.BREAKER_OPEN)
    await database.run(lambda session: events.end_all_of(session, "portal", LATER))
    async with database.read() as session:
        assert not await events.is_open(session, DOWN, "portal")
        assert not await events.is_open(session, EventKind.BREAKER_OPEN, "portal")


async def promise(session: WriteSession, number: int = 1) -> int:
    await outbox.put(session, [snapshot_message(dossier_code(number))], NOW + timedelta(minutes=number))
    return int((await session.rows(messages.select().order_by(messages.c.id.desc()).limit(1)))[0].id)


async def put_state(session: WriteSession, number: int, state: DeliveryState, hold: HoldReason | None = None) -> None:
    code = dossier_code(number)
    await session.execute(update(messages).where(messages.c.dossier_code == code).values(state=state.value))
    lane_state = LaneState.HELD if hold else LaneState.READY
    await session.execute(
        update(lanes)
        .where(lanes.c.dossier_code == code)
        .values(state=lane_state.value, hold_reason=hold.value if hold else None)
    )


_D, _H = DeliveryState, HoldReason


@pytest.mark.parametrize(
    ("kind", "stays", "over"),
    [
        (EventKind.REFUSED, (_D.REJECTED, _H.REFUSED), (_D.SUPERSEDED, None)),
        (EventKind.REFUSED, (_D.REJECTED, None), (_D.UNKNOWN, None)),
        (EventKind.DEAD_LETTER, (_D.DEAD, _H.DEAD), (_D.CANCELLED, None)),
        (EventKind.PERSON_ASKED, (_D.UNKNOWN, _H.UNDECIDED), (_D.UNKNOWN, None)),
        (EventKind.PERSON_ASKED, (_D.UNKNOWN, _H.UNDECIDED), (_D.DELIVERED, None)),
    ],
)
async def test_an_event_about_a_delivery_is_over_when_the_delivery_has_moved_on(
    database: Database,
    kind: EventKind,
    stays: tuple[DeliveryState, HoldReason | None],
    over: tuple[DeliveryState, HoldReason | None],
) -> None:
    async def work(session: WriteSession) -> int:
        message_id = await promise(session)
        await put_state(session, 1, *stays)
        await events.start(
            session,
            kind,
            subject=subject_of(message_id),
            target="portal",
            dossier_code=dossier_code(),
            detail={},
            now=NOW,
        )
        return message_id

    message_id = await database.run(work)
    # Subjects that hold no number must not disturb the look.
    await begin(database)
    assert await settled_ids(database) == []
    await database.run(lambda session: put_state(session, 1, *over))
    assert await settled_ids(database) == [(kind, message_id, over[0])]
    await finish(database, kind, subject_of(message_id))
    assert await settled_ids(database) == []


async def settled_ids(database: Database) -> list[tuple[EventKind, int, DeliveryState]]:
    async with database.read() as session:
        return [(one.kind, one.message_id, one.state) for one in await events.settled(session, 100)]


def test_every_kind_about_a_delivery_is_looked_at() -> None:
    assert {EventKind.REFUSED, EventKind.DEAD_LETTER, EventKind.PERSON_ASKED} == set(DELIVERY_EVENTS)


async def test_the_oldest_that_may_move_is_not_one_that_is_held_or_settled(database: Database) -> None:
    async def oldest(session: ReadSession) -> object:
        return await events.oldest_moving(session, PORTAL.key)

    async def work(session: WriteSession) -> None:
        for number in (1, 2, 3, 4):
            await promise(session, number)
        await put_state(session, 1, DeliveryState.DELIVERED)
        await put_state(session, 2, DeliveryState.WAITING, HoldReason.OPERATOR)
        await put_state(session, 3, DeliveryState.UNKNOWN)

    assert await database.run(oldest) is None
    await database.run(work)
    assert await database.run(oldest) == NOW + timedelta(minutes=3)
    await database.run(lambda session: put_state(session, 3, DeliveryState.DELIVERED))
    assert await database.run(oldest) == NOW + timedelta(minutes=4)
