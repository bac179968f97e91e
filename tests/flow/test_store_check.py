"""The store is read again in the background: all of it, within the budget, each object by one worker, in its turn."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest_asyncio

from app.store import blobs, documents
from app.store.session import Database, WriteSession
from app.usecases.check_store import Rechecks, recheck
from app.vault import LocalVault, ObjectDamaged, ObjectMissing, VaultUnavailable
from tests.factories import NOW, ManualClock, digest
from tests.papers_world import World, make

HOUR = 3600
SIZE = 10
DAMAGED, GONE = digest("file 3"), digest("file 5")


class Shelf(LocalVault):
    """A vault that says of every object what it was told to say, and remembers what was asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.checked: list[str] = []
        self.harmed: set[str] = set()
        self.before: Callable[[str], None] = lambda _: None

    async def check(self, sha256: str) -> int:
        self.before(sha256)
        self.checked.append(sha256)
        await asyncio.sleep(0)
        if sha256 in self.harmed:
            raise ObjectMissing(sha256) if sha256 == GONE else ObjectDamaged(sha256, "0" * 64)
        return SIZE


@dataclass
class Shop:
    """A world and its shelf."""

    world: World
    shelf: Shelf

    async def fill(self, count: int) -> None:
        async def work(session: WriteSession) -> None:
            for number in range(count):
                await documents.promise_blob(session, digest(f"file {number}"), SIZE, NOW)
                await documents.keep_blob(session, digest(f"file {number}"))

        await self.world.context.database.run(work)

    def budget(self, bytes_per_second: float) -> None:
        object.__setattr__(self.world.context.papers, "check_bytes_per_second", bytes_per_second)

    async def oldest(self) -> datetime | None:
        async with self.world.context.database.read() as session:
            return (await blobs.figures(session))[1]

    async def open_events(self) -> list[tuple[str, str]]:
        rows = await self.world.rows("SELECT kind, detail FROM events WHERE ended_at IS NULL")
        return [(row.kind, row.detail) for row in rows]


@pytest_asyncio.fixture
async def shop(clocked_database: Database, tmp_path: Path, clock: ManualClock) -> Shop:
    shelf = Shelf(tmp_path)
    clock.advance(HOUR)
    return Shop(make(clocked_database, tmp_path, vault=shelf), shelf)


async def test_one_look_reads_as_many_objects_as_the_budget_holds(shop: Shop, clock: ManualClock) -> None:
    await shop.fill(230)
    assert await recheck(shop.world.context, 60) == 2300
    assert sorted(shop.shelf.checked) == sorted({digest(f"file {number}") for number in range(230)})
    assert await shop.oldest() == clock.now()
    # Nothing is read again within the hour.
    assert await recheck(shop.world.context, 60) == 0


async def test_workers_side_by_side_read_each_object_once(shop: Shop) -> None:
    await shop.fill(230)
    read = await asyncio.gather(*[recheck(shop.world.context, 60) for _ in range(3)])
    assert sum(read) == 2300
    assert len(shop.shelf.checked) == len(set(shop.shelf.checked)) == 230


async def test_what_is_found_damaged_is_told_once_and_read_first_until_it_is_whole(
    shop: Shop, clock: ManualClock
) -> None:
    await shop.fill(30)
    shop.shelf.harmed = {DAMAGED, GONE}
    await recheck(shop.world.context, 60)
    assert await shop.open_events() == [("file_damaged", '{"files": 2}')]
    faults = await shop.world.rows("SELECT sha256, fault FROM blobs WHERE state = 'damaged'")
    assert {row.sha256 for row in faults} == {DAMAGED, GONE}
    assert all(row.fault for row in faults)
    clock.advance(HOUR)
    shop.shelf.checked.clear()
    shop.shelf.harmed = {GONE}
    await recheck(shop.world.context, 60)
    assert set(shop.shelf.checked[:2]) == {DAMAGED, GONE}
    assert [kind for kind, _ in await shop.open_events()] == ["file_damaged"]

    async def mend(session: WriteSession) -> None:
        await documents.keep_blob(session, GONE)

    # Put anew by a hand-over: the event ends at the next look, whether or not anything is due then.
    await shop.world.context.database.run(mend)
    assert await recheck(shop.world.context, 60) == 0
    assert await shop.open_events() == []


async def test_what_was_not_read_is_as_old_as_it_was(shop: Shop, clock: ManualClock) -> None:
    await shop.fill(30)

    def out_of_reach(_: str) -> None:
        if len(shop.shelf.checked) == 12:
            message = "no such bucket"
            raise VaultUnavailable(message)

    shop.shelf.before = out_of_reach
    assert await recheck(shop.world.context, 60) == 120
    assert await shop.oldest() == NOW
    clock.advance(1)
    shop.shelf.before = lambda _: None
    assert await recheck(shop.world.context, 60) == 180
    assert sorted(shop.shelf.checked) == sorted({digest(f"file {number}") for number in range(30)})


async def test_a_worker_that_stops_reads_no_further_and_gives_back_what_it_has_claimed(shop: Shop) -> None:
    await shop.fill(30)
    stopping = asyncio.Event()
    shop.shelf.before = lambda _: stopping.set() if len(shop.shelf.checked) == 4 else None
    assert await recheck(shop.world.context, 60, stopping) == 50
    assert await shop.oldest() == NOW
    assert await recheck(shop.world.context, 60, stopping) == 0
    assert await recheck(shop.world.context, 60) == 250


async def test_what_one_look_reads_beyond_its_budget_the_next_ones_go_without(shop: Shop) -> None:
    await shop.fill(60)
    shop.budget(0.1)
    seconds = 1000.0
    looks = Rechecks(shop.world.context, saved_seconds=200.0, now=lambda: seconds)
    # Two hundred seconds allow for two objects.
    assert await looks.look() == 20
    assert await looks.look() == 0
    seconds += 50
    # What is begun is read to its end: fifty seconds are owed then.
    assert await looks.look() == 10
    seconds += 50
    assert await looks.look() == 0
    seconds += 60
    assert await looks.look() == 10
    # However long nobody looked, no more than 200 seconds are made up for.
    seconds += 10_000
    assert await looks.look() == 20
    shop.budget(0)
    seconds += 100
    assert await looks.look() == 0
