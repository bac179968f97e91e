"""The picture of the database: one moment while others write, and its way back, from an older schema too."""

import asyncio
from pathlib import Path

import pytest

from app.store import audit, migrate, snapshot
from app.store.session import Database, WriteSession
from app.store.snapshot import SnapshotFailed
from tests.factories import audit_entry


async def test_a_picture_is_of_one_moment_while_others_write(database: Database, tmp_path: Path) -> None:
    stopping = asyncio.Event()

    async def pair(session: WriteSession) -> None:
        await audit.append(session, [audit_entry(), audit_entry()], await session.now())

    async def write() -> int:
        pairs = 0
        while not stopping.is_set():
            await database.run(pair)
            pairs += 1
        return pairs

    await database.run(pair)
    writer = asyncio.create_task(write())
    seen = []
    for number in range(3):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        seen.append((await asyncio.to_thread(snapshot.take, database.url, folder)).tables["audit"])
    stopping.set()
    assert await writer > 0
    assert [count % 2 for count in seen] == [0, 0, 0]
    assert seen == sorted(seen)


def test_a_picture_of_an_older_schema_is_put_back_and_brought_to_the_newest(
    empty_database_url: str, tmp_path: Path
) -> None:
    migrate.upgrade(empty_database_url, "0007")
    taken = snapshot.take(empty_database_url, tmp_path)
    assert (taken.revision, taken.log_size, taken.checkpoint) == ("0007", 0, None)
    assert not snapshot.is_empty(empty_database_url)
    if empty_database_url.startswith("sqlite"):
        url = f"sqlite:///{tmp_path / 'new' / 'db.sqlite3'}"
        assert snapshot.is_empty(url)
        snapshot.put_back(url, tmp_path, taken.revision)
        assert migrate.current(url) == migrate.head()
        return
    with snapshot.scratch_database(empty_database_url, f"new_{tmp_path.name[-20:]}") as url:
        assert snapshot.is_empty(url)
        snapshot.put_back(url, tmp_path, taken.revision)
        assert migrate.current(url) == migrate.head()
        # Into what is not empty nothing goes, whoever asks.
        with pytest.raises(SnapshotFailed):
            snapshot.put_back(url, tmp_path / "nothing", taken.revision)


def test_a_database_without_a_schema_has_no_picture(empty_database_url: str, tmp_path: Path) -> None:
    with pytest.raises(SnapshotFailed):
        snapshot.take(empty_database_url, tmp_path)
