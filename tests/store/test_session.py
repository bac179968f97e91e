"""A transaction is kept whole, committed once, and run again only when it lost a race."""

import asyncio
import sqlite3
import threading
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.errors import StoreBusy
from app.store import tokens
from app.store.session import Database, SystemClock, WriteSession, async_url, sync_url
from app.store.tables import tokens as table
from tests.factories import ManualClock, token_row

_ONLY_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
_ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def _names(database: Database) -> list[str]:
    async with database.read() as session:
        return [row["name"] for row in await tokens.listing(session)]


def _adding(name: str) -> Callable[[WriteSession], Awaitable[None]]:
    async def work(session: WriteSession) -> None:
        await tokens.add(session, token_row(name))

    return work


async def test_what_ends_well_is_kept_and_its_answer_given(database: Database) -> None:
    async def work(session: WriteSession) -> str:
        await tokens.add(session, token_row("kept"))
        return "answer"

    assert await database.run(work) == "answer"
    assert await _names(database) == ["kept"]


async def test_an_exception_leaves_nothing(database: Database) -> None:
    async def work(session: WriteSession) -> None:
        await tokens.add(session, token_row("lost"))
        message = "after the write"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="after the write"):
        await database.run(work)
    assert await _names(database) == []


async def test_a_cancelled_task_leaves_nothing_and_blocks_nobody(database: Database) -> None:
    has_written = asyncio.Event()

    async def work(session: WriteSession) -> None:
        await tokens.add(session, token_row("lost"))
        has_written.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(database.run(work))
    await has_written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(20):
        await database.run(_adding("next"))
    assert await _names(database) == ["next"]


async def test_a_reading_session_cannot_write(database: Database) -> None:
    async with database.read() as session:
        with pytest.raises(DBAPIError, match=r"(?i)read-?only"):
            await session.connection.execute(insert(table), token_row())
    async with database.read() as session:
        with pytest.raises(DBAPIError, match=r"(?i)read-?only"):
            await session.connection.execute(text("CREATE TABLE sneaked (id INTEGER)"))
    assert await _names(database) == []


async def test_a_reader_does_not_see_what_is_not_committed(database: Database) -> None:
    has_written, may_end = asyncio.Event(), asyncio.Event()

    async def work(session: WriteSession) -> None:
        await tokens.add(session, token_row("later"))
        has_written.set()
        await may_end.wait()

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(database.run(work))
        await has_written.wait()
        assert await _names(database) == []
        may_end.set()
    assert await _names(database) == ["later"]


async def test_a_name_taken_meanwhile_is_looked_at_again_from_the_start(database: Database) -> None:
    await database.run(_adding("taken"))
    tries: list[int] = []

    async def work(session: WriteSession) -> None:
        tries.append(len(tries))
        await tokens.add(session, token_row(f"try-{len(tries)}"))
        await tokens.add(session, token_row("taken" if len(tries) == 1 else "free"))

    await database.run(work)
    assert await _names(database) == ["taken", "try-2", "free"]


async def test_a_race_that_is_always_lost_ends(database: Database) -> None:
    await database.run(_adding("taken"))
    tries: list[int] = []

    async def work(session: WriteSession) -> None:
        tries.append(len(tries))
        await tokens.add(session, token_row("taken"))

    with pytest.raises(IntegrityError):
        await database.run(work)
    assert 1 < len(tries) < 10


async def test_a_bug_is_not_run_again(database: Database) -> None:
    tries: list[int] = []

    async def work(session: WriteSession) -> None:
        tries.append(len(tries))
        await session.execute(text("SELECT nothing FROM nowhere"))

    with pytest.raises((DBAPIError, StoreBusy)):
        await database.run(work)
    assert len(tries) == 1


@_ONLY_POSTGRESQL
async def test_two_that_wait_for_each_other_both_end_well(database: Database) -> None:
    for name in ("a", "b"):
        await database.run(_adding(name))
    both = asyncio.Barrier(2)
    tries: list[str] = []

    async def touch(session: WriteSession, name: str) -> None:
        await session.execute(update(table).where(table.c.name == name).values(scopes=table.c.scopes + "+"))

    def crosswise(first: str, second: str) -> Callable[[WriteSession], Awaitable[None]]:
        async def work(session: WriteSession) -> None:
            tries.append(first)
            await touch(session, first)
            if len(tries) <= 2:
                await both.wait()
            await touch(session, second)

        return work

    async with asyncio.timeout(20):
        await asyncio.gather(database.run(crosswise("a", "b")), database.run(crosswise("b", "a")))
    assert len(tries) == 3
    async with database.read() as session:
        assert [row["scopes"] for row in await tokens.listing(session)] == ["intake++", "intake++"]


@_ONLY_POSTGRESQL
@pytest.mark.parametrize(
    ("begin", "look"),
    [
        ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", select(table).with_for_update()),
        ("SELECT 1", select(table).with_for_update(nowait=True)),
    ],
)
async def test_a_passing_conflict_is_run_again(database: Database, begin: str, look: object) -> None:
    await database.run(_adding("a"))
    tries: list[int] = []
    has_locked, may_end = asyncio.Event(), asyncio.Event()

    async def holder(session: WriteSession) -> None:
        await session.execute(update(table).values(scopes="changed"))
        has_locked.set()
        await may_end.wait()

    async def work(session: WriteSession) -> str:
        tries.append(len(tries))
        await session.execute(text(begin))
        await session.rows(text("SELECT count(*) FROM tokens"))  # a snapshot, where the level keeps one
        if len(tries) == 1:
            nowait = "ISOLATION" not in begin
            return await _first_try(session, nowait=nowait)
        may_end.set()
        await held
        return str((await session.rows(look))[0].scopes)  # type: ignore[arg-type]

    async def _first_try(session: WriteSession, *, nowait: bool) -> str:
        if not nowait:
            may_end.set()
            await held
        return str((await session.rows(look))[0].scopes)  # type: ignore[arg-type]

    held = asyncio.create_task(database.run(holder))
    await has_locked.wait()
    async with asyncio.timeout(20):
        assert await database.run(work) == "changed"
    assert len(tries) == 2


@_ONLY_POSTGRESQL
async def test_a_cut_connection_is_replaced(database: Database) -> None:
    tries: list[int] = []

    async def work(session: WriteSession) -> None:
        tries.append(len(tries))
        await tokens.add(session, token_row("a"))
        if len(tries) == 1:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    await database.run(work)
    assert len(tries) == 2
    assert await _names(database) == ["a"]


@_ONLY_SQLITE
async def test_a_file_that_another_process_keeps_locked_is_busy(database_url: str) -> None:
    database = Database(database_url, busy_seconds=0.05)
    other = sqlite3.connect(str(make_url(database_url).database), isolation_level=None)
    try:
        assert await _names(database) == []  # the file is in its final journal mode before it gets locked
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            await database.run(_adding("a"))
        other.execute("ROLLBACK")
        await database.run(_adding("a"))
        assert await _names(database) == ["a"]
    finally:
        other.close()
        await database.aclose()


async def test_a_new_file_that_another_process_writes_to_at_that_moment_is_tried_again(tmp_path: Path) -> None:
    file = tmp_path / "new.sqlite3"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE thing (name TEXT)")
    other.execute("BEGIN IMMEDIATE")
    database = Database(f"sqlite:///{file}")
    tries: list[object] = []

    def on_connect(_connection: object, record: object) -> None:
        tries.append(record)
        if len(tries) == 2:
            other.execute("ROLLBACK")

    async def add(session: WriteSession) -> None:
        await session.execute(text("INSERT INTO thing VALUES ('a')"))

    event.listen(database._writer.sync_engine, "connect", on_connect, insert=True)
    try:
        # SQLite does not wait when the journal mode is changed beside a writer: it says "locked" at once.
        await database.run(add)
        assert len(tries) == 2
        async with database.read() as session:
            assert (await session.rows(text("SELECT name FROM thing"))) == [("a",)]
    finally:
        other.close()
        await database.aclose()


async def test_a_writing_side_that_is_used_up_is_busy(database_url: str) -> None:
    database = Database(database_url, pool_size=1, busy_seconds=0.05)
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def work(session: WriteSession) -> None:
        await session.rows(select(table))
        has_begun.set()
        await may_end.wait()

    try:
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            group.create_task(database.run(work))
            await has_begun.wait()
            with pytest.raises(StoreBusy):
                await database.run(_adding("a"))
            may_end.set()
        assert await _names(database) == []
    finally:
        await database.aclose()


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.sqlite3", "postgresql://nobody@/none?host=/nowhere"])
async def test_a_database_out_of_reach_is_busy(url: str) -> None:
    database = Database(url, busy_seconds=0.05)
    with pytest.raises(StoreBusy):
        await database.run(_adding("a"))
    with pytest.raises(StoreBusy):
        await _names(database)
    await database.aclose()
    # aiosqlite's thread of a connection that failed reports its end to the loop: the loop must still be there.
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, 10)


async def test_the_injected_clock_is_the_clock(clocked_database: Database, clock: ManualClock) -> None:
    at = clock.advance(3600)
    async with clocked_database.read() as session:
        assert await session.now() == at


async def test_without_an_injected_clock_the_time_is_real_and_in_utc(database: Database) -> None:
    async with database.read() as session:
        at = await session.now()
    assert at.tzinfo is UTC
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)
    assert SystemClock().now().tzinfo is UTC


@pytest.mark.parametrize(
    ("url", "asynchronous", "synchronous"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db", "sqlite:///a.db"),
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p%40@h/d", "postgresql+psycopg://u:p%40@h/d", "postgresql+psycopg://u:p%40@h/d"),
        ("postgresql+asyncpg://h/d", "postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
    ],
)
def test_urls_name_the_drivers(url: str, asynchronous: str, synchronous: str) -> None:
    assert async_url(url) == asynchronous
    assert sync_url(url) == synchronous
    assert async_url(synchronous) == asynchronous


async def test_an_error_of_the_database_does_not_quote_what_was_bound(database: Database) -> None:
    number = str(3190123456).zfill(12)

    async def work(session: WriteSession) -> None:
        await session.execute(text("INSERT INTO nowhere VALUES (:number)"), {"number": number})

    with pytest.raises((DBAPIError, StoreBusy)) as caught:
        await database.run(work)
    told = "".join(traceback.format_exception(caught.value))
    assert "nowhere" in told
    assert number not in told
