"""Several workers at once: each lane has one owner, and nobody waits for a lane that somebody else holds."""

import asyncio

from app.domain.delivery import DeliveryState, HoldReason, Target
from app.store import outbox
from app.store.outbox import ClaimedLane, Release, Settlement
from app.store.session import Database, WriteSession
from tests.factories import NOW, dossier_code, snapshot_message, step_message
from tests.store.lanework import claim, end_as, finish, lane_of, load, put, rescue

_LANES = 40


async def _claim_all(database: Database, worker: str) -> list[int]:
    taken: list[int] = []
    while claimed := await claim(database, limit=3, worker=worker):
        taken.extend(lane.id for lane in claimed)
    return taken


async def test_two_claimers_never_get_the_same_lane(database: Database) -> None:
    await put(database, *(snapshot_message(dossier_code(n)) for n in range(_LANES)))
    taken = await asyncio.gather(*(_claim_all(database, f"w-{n}") for n in range(4)))
    every = [lane for part in taken for lane in part]
    assert len(every) == len(set(every)) == _LANES


async def test_claims_of_two_processes_never_meet(database: Database, database_url: str) -> None:
    await put(database, *(snapshot_message(dossier_code(n)) for n in range(_LANES)))
    other = Database(database_url)
    try:
        taken = await asyncio.gather(_claim_all(database, "here"), _claim_all(other, "there"))
    finally:
        await other.aclose()
    assert len(taken[0]) + len(taken[1]) == len({*taken[0], *taken[1]}) == _LANES


async def test_a_claim_does_not_wait_for_lanes_that_another_is_taking(database: Database) -> None:
    await put(database, *(snapshot_message(dossier_code(n)) for n in range(4)))
    has_claimed, may_commit = asyncio.Event(), asyncio.Event()

    async def work(session: WriteSession) -> list[ClaimedLane]:
        found = await outbox.claim(session, Target.PORTAL, limit=2, now=NOW, lease_seconds=60, worker="slow")
        has_claimed.set()
        if not database.is_sqlite:  # SQLite has one writer: there the other claim stands in line
            await may_commit.wait()
        return found

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        slow = group.create_task(database.run(work))
        await has_claimed.wait()
        quick = {lane.id for lane in await claim(database)}
        may_commit.set()
    assert len(quick) == 2
    assert quick.isdisjoint(lane.id for lane in slow.result())


async def test_rescue_does_not_take_a_lane_twice(database: Database) -> None:
    await put(database, *(snapshot_message(dossier_code(n)) for n in range(10)))
    claimed = await claim(database, lease_seconds=-1)
    counts = await asyncio.gather(*(rescue(database, NOW) for _ in range(4)))
    assert sum(counts) == len(claimed) == 10
    for lane in claimed:
        assert (await lane_of(database, lane.dossier_code))["fence"] == lane.fence + 1


async def test_a_worker_and_a_rescuer_cannot_both_have_the_lane(database: Database) -> None:
    await put(database, *(snapshot_message(dossier_code(n)) for n in range(10)))
    claimed = await claim(database, lease_seconds=-1)
    loaded = {m.lane_id: m for m in await load(database, *claimed)}

    async def end(lane: ClaimedLane) -> bool:
        settlement = Settlement(loaded[lane.id].id, lane.id, DeliveryState.DELIVERED, tried=True)
        return lane.id in await finish(database, [settlement], [Release(lane.id, lane.fence, known=True)])

    *ended, rescued = await asyncio.gather(*(end(lane) for lane in claimed), rescue(database, NOW))
    assert sum(ended) + rescued == 10
    for lane, mine in zip(claimed, ended, strict=True):
        row = await lane_of(database, lane.dossier_code)
        assert (row["state"], row["known"]) == (("idle", True) if mine else ("ready", False))


async def test_promises_and_releases_at_the_same_time_leave_no_lane_asleep(database: Database) -> None:
    codes = [dossier_code(n) for n in range(8)]
    await put(database, *(snapshot_message(code) for code in codes))
    claimed = await claim(database)
    await asyncio.gather(
        *(end_as(database, lane, DeliveryState.DELIVERED, known=True) for lane in claimed),
        *(put(database, step_message(code)) for code in codes),
    )
    rows = [await lane_of(database, code) for code in codes]
    # A step may have come early enough to be settled with the snapshot; then the lane rests.
    for row in rows:
        assert row["state"] in {"ready", "idle"}
    ready = [row["id"] for row in rows if row["state"] == "ready"]
    again = await claim(database)
    assert sorted(lane.id for lane in again) == sorted(ready)
    pending = await load(database, *[ClaimedLane(row["id"], row["dossier_code"], 0, True, 0, None) for row in rows])  # noqa: FBT003
    assert {m.lane_id for m in pending} == set(ready)


async def test_a_snapshot_at_the_moment_of_refusal_is_never_stuck(database: Database) -> None:
    codes = [dossier_code(n) for n in range(8)]
    await put(database, *(snapshot_message(code) for code in codes))
    claimed = await claim(database)
    loaded = {m.lane_id: m for m in await load(database, *claimed)}

    async def refuse(lane: ClaimedLane) -> None:
        settlement = Settlement(loaded[lane.id].id, lane.id, DeliveryState.REJECTED, tried=True)
        release = Release(lane.id, lane.fence, known=False, hold=HoldReason.REFUSED)
        assert await finish(database, [settlement], [release]) == {lane.id}

    await asyncio.gather(
        *(refuse(lane) for lane in claimed), *(put(database, snapshot_message(code, revision=2)) for code in codes)
    )
    again = await claim(database)
    assert sorted(lane.id for lane in again) == sorted(lane.id for lane in claimed)
    assert [m.ref for m in await load(database, *again)] == ["2"] * 8


async def test_two_batches_with_the_same_dossiers_do_not_wait_for_each_other_for_ever(database: Database) -> None:
    codes = [dossier_code(n) for n in range(20)]

    async def promise(order: list[str], revision: int) -> None:
        await put(database, *(snapshot_message(code, revision=revision) for code in order))

    async with asyncio.timeout(30):
        await asyncio.gather(*(promise(codes if n % 2 else codes[::-1], n + 1) for n in range(6)))
    waiting = [m.dossier_code for m in await load(database, *await claim(database))]
    assert sorted(set(waiting)) == codes
