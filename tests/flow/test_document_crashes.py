"""Whatever dies on the way: no object without a row, no document without its object, and the same again succeeds."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from app.errors import AuditUnavailable
from app.store.session import Database
from app.usecases.check_store import Report, report
from app.vault import LeftoverKind, LocalVault, Scratch
from tests.api.test_door import problem
from tests.factories import NOW, ManualClock
from tests.flow.test_audit import close_log, open_log
from tests.papers_world import World, door, keep, make, metadata, paper, post, sha256_of
from tests.worlds import dossier, hand_over

HOUR = 3600
SHA = sha256_of(paper())


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    world = make(clocked_database, tmp_path)
    await hand_over(world.context, dossier())
    return world


async def states(world: World) -> list[tuple[str, str]]:
    return [tuple(row) for row in await world.rows("SELECT sha256, state FROM blobs ORDER BY sha256")]


async def test_what_dies_between_store_and_row_leaves_no_document_and_succeeds_again(
    world: World, clock: ManualClock
) -> None:
    async with door(world.context) as client:
        await close_log(world.context.database)
        problem(await post(client, metadata(), paper()), 503, "audit-unavailable")
        # The object lies there, announced; nothing speaks of it.
        assert world.objects() == [SHA]
        assert await states(world) == [(SHA, "promised")]
        for table in ("documents", "links", "judgements"):
            assert await world.rows(f"SELECT * FROM {table}") == [], table  # noqa: S608 - names of tables
        clock.advance(HOUR - 1)
        young = await report(world.context)
        assert (young.agrees, young.unreferenced) == (True, ())
        clock.advance(1)
        settled = await report(world.context)
        assert (settled.agrees, settled.unreferenced, settled.promised_only) == (True, (SHA,), ())
        await open_log(world.context.database)
        shown = (await client.get("/v1/documents/store")).json()
        assert (shown["objects"], shown["promised"]) == (0, 1)
        assert (await post(client, metadata(), paper())).status_code == 201
    assert await states(world) == [(SHA, "kept")]
    assert await report(world.context) == Report(objects=1, rows=1)


class Dying(LocalVault):
    """A vault whose process dies over the first object."""

    dies = True

    async def put(self, scratch: Scratch) -> bool:
        if self.dies:
            message = "killed"
            raise RuntimeError(message)
        return await super().put(scratch)


async def test_what_dies_before_the_object_is_written_leaves_a_promise_only(
    clocked_database: Database, tmp_path: Path, clock: ManualClock
) -> None:
    vault = Dying(tmp_path)
    world = make(clocked_database, tmp_path, vault=vault)
    await hand_over(world.context, dossier())
    with pytest.raises(RuntimeError, match="killed"):
        await keep(world, metadata(), paper())
    clock.advance(HOUR)
    found = await report(world.context)
    assert (found.agrees, found.objects, found.promised_only) == (True, 0, (SHA,))
    vault.dies = False
    await keep(world, metadata(), paper())
    assert await report(world.context) == Report(objects=1, rows=1)


async def test_an_announced_object_that_is_held_by_a_document_stays_kept(world: World) -> None:
    await keep(world, metadata(), paper())
    await hand_over(world.context, dossier(2))
    await close_log(world.context.database)
    with pytest.raises(AuditUnavailable):
        await keep(world, metadata(), paper(), 2)
    await open_log(world.context.database)
    assert await states(world) == [(SHA, "kept")]


async def test_the_report_names_what_is_amiss_and_deletes_nothing(world: World, clock: ManualClock) -> None:
    kept = {words: (await keep(world, metadata(number_symbol=words), paper(words)))["sha256"] for words in "abc"}

    def path_of(sha256: str) -> Path:
        return world.root / "objects" / sha256[:2] / sha256[2:4] / sha256

    path_of(kept["a"]).unlink()
    short = path_of(kept["b"])
    short.chmod(0o640)
    short.write_bytes(b"x")
    with world.vault.scratch() as scratch:
        await scratch.write(b"nobody announced this")
        await world.vault.put(scratch)
        stray = scratch.sha256
    stranger = world.root / "readme.txt"
    stranger.write_bytes(b"x")
    for path in (path_of(stray), stranger):
        os.utime(path, times=(NOW.timestamp(), NOW.timestamp()))
    assert (await report(world.context)).orphans == ()
    clock.advance(HOUR)
    found = await report(world.context)
    assert not found.agrees
    assert (found.objects, found.rows) == (3, 3)
    assert found.dangling == (kept["a"],)
    assert found.wrong_size == (kept["b"],)
    assert found.orphans == (stray,)
    assert [(left.path, left.kind) for left in found.leftovers] == [("readme.txt", LeftoverKind.STRANGER)]
    assert path_of(stray).exists()
    assert stranger.exists()
    # Somebody who is in a hurry may look at the young ones too.
    assert (await report(world.context, settled_seconds=0)).orphans == (stray,)


async def test_parts_of_an_upload_are_leftovers_only_when_they_are_old(world: World, clock: ManualClock) -> None:
    with world.vault.scratch() as scratch:
        await scratch.write(b"a part")
        await world.vault.put_part("upload-0001", 0, scratch)
    (part,) = [path for path in (world.root / "parts").rglob("*") if path.is_file()]
    at = (NOW + timedelta(hours=1)).timestamp()
    os.utime(part, times=(at, at))
    clock.advance(2 * HOUR - 1)
    assert (await report(world.context)).leftovers == ()
    clock.advance(1)
    assert [left.kind for left in (await report(world.context)).leftovers] == [LeftoverKind.PART]
