"""The rows of the transparency log: what only grows, who leads, and entries that come late."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.store import translog
from app.store.session import Database, WriteSession
from tests.factories import NOW, ManualClock
from tests.logging_world import execute, leaves, sequence_all, signing, write

_CHANGES = [
    ("log_leaves", "UPDATE log_leaves SET audit_id = 99 WHERE seq = 1"),
    ("log_leaves", "DELETE FROM log_leaves"),
    ("log_checkpoints", "UPDATE log_checkpoints SET size = 1"),
    ("log_checkpoints", "DELETE FROM log_checkpoints"),
    ("log_cosignatures", "DELETE FROM log_cosignatures"),
]


@pytest.mark.parametrize(("table", "statement"), _CHANGES)
async def test_the_database_refuses_to_change_what_only_grows(
    clocked_database: Database, table: str, statement: str
) -> None:
    await write(clocked_database, 3)
    await sequence_all(signing(clocked_database))
    cosigned = (
        "INSERT INTO log_cosignatures (checkpoint_id, witness, at, line) SELECT id, 'w', at, 'x' FROM log_checkpoints"
    )
    await execute(clocked_database, cosigned)
    with pytest.raises(DBAPIError, match=f"{table} is append-only"):
        await execute(clocked_database, statement)
    assert await leaves(clocked_database) == [1, 2, 3]


@pytest.mark.parametrize("table", ["log_leaves", "log_checkpoints"])
async def test_nobody_empties_or_replaces_it(clocked_database: Database, table: str) -> None:
    await write(clocked_database, 2)
    await sequence_all(signing(clocked_database))
    statement = f"TRUNCATE {table} CASCADE"
    if clocked_database.is_sqlite:
        statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608 - a table of ours
    with pytest.raises(DBAPIError, match="append-only"):
        await execute(clocked_database, statement)


async def test_one_leads_until_its_lease_ends_and_the_fence_tells_the_old_one(clocked_database: Database) -> None:
    later = NOW + timedelta(seconds=30)

    async def take(holder: str, now_seconds: float) -> int | None:
        now = NOW + timedelta(seconds=now_seconds)
        return await clocked_database.run(
            lambda session: translog.take_lease(session, holder, now, now + timedelta(seconds=30))
        )

    async def hold(holder: str, fence: int) -> bool:
        return await clocked_database.run(lambda session: translog.hold_lease(session, holder, fence, later))

    assert await take("a", 0) == 1
    assert await take("b", 29) is None
    assert await hold("a", 1)
    assert await take("b", 31) == 2
    assert not await hold("a", 1)
    assert await hold("b", 2)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_an_entry_that_commits_after_one_with_a_higher_number_is_taken(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = signing(clocked_database)
    await write(clocked_database, 2)

    async def slow(session: WriteSession) -> None:
        """Takes number 3 and ends only after 4 and 5 are in the tree, a quarter of an hour later."""
        await session.execute(text(_INSERT))
        await write(clocked_database, 2)
        await sequence_all(context)
        assert await leaves(clocked_database) == [1, 2, 4, 5]
        clock.advance(1000)
        await sequence_all(context)

    await clocked_database.run(slow)
    await sequence_all(context)
    assert await leaves(clocked_database) == [1, 2, 4, 5, 3]


_INSERT = (
    "INSERT INTO audit (at, kind, outcome, actor, agency, provider, purpose, legal_basis, correlation_id, detail)"
    " VALUES (now(), 'received', 'late', 'x', 'x', 'x', 'x', 'x', 'x', '{}')"
)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_numbers_of_what_was_rolled_back_are_forgotten_in_the_end(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = signing(clocked_database)

    async def failing(session: WriteSession) -> None:
        for _ in range(3):
            await session.execute(text(_INSERT))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await clocked_database.run(failing)
    await write(clocked_database, 1)
    await sequence_all(context)
    assert await _gaps(clocked_database) == [(1, 3)]
    clock.advance(901)
    await sequence_all(context)
    assert await _gaps(clocked_database) == []
    assert await leaves(clocked_database) == [4]


async def _gaps(database: Database) -> list[tuple[int, int]]:
    async with database.read() as session:
        return [(gap.first_id, gap.last_id) for gap in await translog.gaps(session)]


async def test_a_gap_may_be_filled_in_part_and_in_any_order(clocked_database: Database) -> None:
    context = signing(clocked_database)
    columns = "at, kind, outcome, actor, agency, provider, purpose, legal_basis, correlation_id, detail"

    async def appears(number: int) -> None:
        statement = f"INSERT INTO audit (id, {columns}) SELECT {number}, {columns} FROM audit LIMIT 1"  # noqa: S608 - ours
        await execute(clocked_database, statement)

    await write(clocked_database, 1)
    await appears(10)
    await sequence_all(context)
    assert await _gaps(clocked_database) == [(2, 9)]
    await appears(5)
    await appears(4)
    await sequence_all(context, batch=1)
    assert await _gaps(clocked_database) == [(2, 3), (6, 9)]
    assert await leaves(clocked_database) == [1, 10, 4, 5]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_gaps_cost_no_walk_through_the_log_and_may_be_many(clocked_database: Database) -> None:
    columns = "at, kind, outcome, actor, agency, provider, purpose, legal_basis, correlation_id, detail"
    await write(clocked_database, 1)
    await execute(
        clocked_database,
        # 70,000 are more than a statement takes parameters.
        f"INSERT INTO audit ({columns}) SELECT {columns} FROM audit, generate_series(1, 20000)",  # noqa: S608 - ours
        "INSERT INTO log_gaps SELECT n * 2 + 100001, n * 2 + 100001, now(), 1 FROM generate_series(0, 69999) n",
    )
    await execute(clocked_database, "ANALYZE audit", "SELECT pg_stat_reset()")
    async with clocked_database.read() as session:
        assert await translog.late_ids(session, 5000) == []
        assert await translog.oldest_uncovered_at(session, 0, 20001) is None
        assert await translog.unsequenced(session, 20001) == 0
        gaps = await translog.gaps(session)
        await session.rows(text("SELECT pg_stat_force_next_flush()"))
    await clocked_database.run(lambda session: translog.replace_gaps(session, gaps, []))
    assert await _gaps(clocked_database) == []
    read = "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'audit'"
    async with clocked_database.read() as session:
        row = await session.one_or_none(text(read))
    assert row is not None
    assert row[0] < 1000
