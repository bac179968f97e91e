"""Many files at once, and large ones: nothing is lost, memory stays flat, and a report meanwhile tells no tales.

The same at full size is measured by ``python -m benchmarks uploads``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.store.session import Database
from app.usecases import check_store
from app.vault import Entry, LocalVault
from tests import doors, uploading
from tests.doors import Door, Forked
from tests.nursery import nursery
from tests.papers_world import give, make, metadata, paper
from tests.uploading import Paper, Scanners, scan
from tests.worlds import code, dossier, hand_over
from tests.worlds import door as door_on

AT_ONCE, DOSSIERS = 40, 4
LARGE_PAGES, LARGE_BYTES, PIECES = 24, 50_000_000, 10
GROWTH_MAX_BYTES, CHILD_MAX_BYTES = 32_000_000, 256_000_000


@asynccontextmanager
async def house_at(folder: Path, database_url: str) -> AsyncIterator[tuple[Door, Scanners]]:
    """A door of a real process, and scanners that have handed the dossiers over."""
    async with (
        doors.door(Forked(nursery()), folder, database_url, {}) as (door, token),
        uploading.scanners(door, token, AT_ONCE) as house,
    ):
        await house.hand_over_dossiers(DOSSIERS)
        yield door, house


async def test_many_at_once_lose_nothing(database_url: str, tmp_path: Path) -> None:
    papers = [
        Paper(f"scan-{number}", scan(f"scan-{number}", width=827, height=1170), code(1 + number % DOSSIERS))
        for number in range(AT_ONCE)
    ]
    assert all(len(one.content) > 500_000 for one in papers)
    async with house_at(tmp_path, database_url) as (door, house):
        async with asyncio.TaskGroup() as group:
            for number, one in enumerate(papers):
                group.create_task(house.hand_over(one, pieces=3 * (number % 4 == 0)))
        assert house.trouble == {}, "a sender was turned away"
        assert await house.lost(papers) == []
        exit_code, report = door.report()
    assert exit_code == 0
    assert (report["objects"], report["leftovers"]) == (AT_ONCE, [])


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="what a process holds is read from /proc")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_file_of_50_mb_holds_memory_flat(database_url: str, tmp_path: Path) -> None:
    large, again = (Paper(seed, scan(seed, LARGE_PAGES), code()) for seed in ("large", "again"))
    assert len(large.content) > LARGE_BYTES
    async with house_at(tmp_path, database_url) as (door, house):
        # What is loaded for the first file has nothing to do with its size.
        first, second = (Paper(seed, scan(seed), code()) for seed in ("first", "second"))
        await growths_of(house, first, second)
        growths = await growths_of(house, large, again)
        children = [doors.peak_bytes(child) for child in doors.children_of(door.pid)]
        assert await house.lost([first, second, large, again]) == []
    assert max(growths.values()) < GROWTH_MAX_BYTES, growths
    assert 0 < max(children) < CHILD_MAX_BYTES, children


async def growths_of(house: Scanners, as_form: Paper, in_pieces: Paper) -> dict[str, int]:
    """By how many bytes the door's memory grows with each thing that is done with a file."""
    growths = {}

    async def measure(name: str, work: Callable[[], Awaitable[object]]) -> None:
        doors.forget_peak(house.door.pid)
        before = doors.held_bytes(house.door.pid)
        await work()
        growths[name] = doors.peak_bytes(house.door.pid) - before

    await measure("form", lambda: house.hand_over(as_form))
    await measure("pieces", lambda: house.hand_over(in_pieces, pieces=PIECES))
    kept = house.kept[as_form.sha256]
    link = kept["link"]["url"]
    for address in (f"{kept['address']}/file", f"{kept['address']}/bundle", link, f"{link}/bundle"):
        await measure(address, lambda address=address: house.read(address))  # type: ignore[misc]
    middle = len(as_form.content) // 2

    async def read_range() -> None:
        answer = await house.client.get(link, headers={"Range": f"bytes={middle}-{middle + 99}"})
        assert answer.content == as_form.content[middle : middle + 100]

    await measure("range", read_range)
    return growths


class Meanwhile(LocalVault):
    """A vault in which something happens while its objects are listed."""

    happening: Callable[[], Awaitable[object]]

    async def entries(self) -> AsyncIterator[Entry]:
        async for entry in super().entries():
            yield entry
        await self.happening()


async def test_a_report_does_not_miss_what_comes_in_meanwhile(database: Database, tmp_path: Path) -> None:
    vault = Meanwhile(tmp_path)
    world = make(database, tmp_path, vault=vault)
    await hand_over(world.context, dossier())
    async with door_on(world.context) as client:
        vault.happening = lambda: give(client, metadata("component"), paper("late"))
        report = await check_store.report(world.context, settled_seconds=0)
    assert report.agrees, report
    assert (report.objects, report.rows) == (0, 1)
