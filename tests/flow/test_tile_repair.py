"""Tiles are made anew from leaves that were signed, and from no others."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
import pytest_asyncio
from sqlalchemy import text

from app.store.session import Database, WriteSession
from app.usecases import tile_repair, verify_log
from app.usecases.context import Caller, Context
from app.usecases.sequence_log import sequence
from app.usecases.tile_repair import NotRepaired
from app.usecases.verify_log import Wanted
from tamper.kinds import disarm
from tests.factories import ManualClock
from tests.logging_world import ORIGIN, agreed, execute, open_events, sequence_all, signing, write

T = TypeVar("T")
OPERATOR = Caller("cli:operator", "H15", frozenset())


@pytest_asyncio.fixture
async def context(clocked_database: Database, clock: ManualClock) -> Context:
    """600 entries signed, 100 above them in the tree."""
    context = signing(clocked_database)
    await write(clocked_database, 600)
    await sequence_all(context)
    await write(clocked_database, 100)
    await sequence_all(context)
    clock.advance(60)
    return context


async def tiles(context: Context) -> list[tuple[int, int, bytes]]:
    async with context.database.read() as session:
        rows = await session.rows(text('SELECT level, "index", hashes FROM log_tiles ORDER BY level, "index"'))
    return [(row[0], row[1], bytes(row[2])) for row in rows]


async def outcomes(context: Context) -> list[str]:
    async with context.database.read() as session:
        rows = await session.rows(text("SELECT outcome FROM audit WHERE kind = 'operation' ORDER BY id"))
    return [row[0] for row in rows]


_TWISTED = "CAST(substr(hashes, 33, 32) || substr(hashes, 1, 32) || substr(hashes, 65) AS {})"
_HARM = {
    "all lost": "DELETE FROM log_tiles",
    "the edge lost": 'DELETE FROM log_tiles WHERE "index" = 2',
    "a full one twisted": f'UPDATE log_tiles SET hashes = {_TWISTED} WHERE level = 0 AND "index" = 0',  # noqa: S608
    "cut short": "UPDATE log_tiles SET hashes = substr(hashes, 1, 64)",
}


@pytest.mark.parametrize("harm", _HARM)
async def test_what_was_lost_stands_again_to_the_letter(context: Context, harm: str) -> None:
    before = await tiles(context)
    await execute(context.database, _HARM[harm].format("BLOB" if context.database.is_sqlite else "bytea"))
    left = await tiles(context)
    harmed = sum(1 for tile in before if tile not in left)
    done = await tile_repair.repair(context, OPERATOR, "c-1")
    assert (done.tiles, done.size) == (harmed, 700)
    assert await tiles(context) == before
    # Nothing is left to do, and the log goes on.
    assert (await tile_repair.repair(context, OPERATOR, "c-2")).tiles == 0
    assert await outcomes(context) == ["tiles_repaired", "tiles_repaired"]
    await sequence_all(context)
    assert await agreed(context.database) == 702
    assert await open_events(context.database) == []
    assert (await verify_log.verify(context, Wanted(context.log.verifiers, ORIGIN))).finding is None


_OTHER = "SELECT leaf_hash FROM log_leaves WHERE seq = 8"
_LIES = {
    "a leaf changed": f"UPDATE log_leaves SET leaf_hash = ({_OTHER}) WHERE seq = 7",  # noqa: S608
    "a leaf gone": "DELETE FROM log_leaves WHERE seq = 300",
    "leaves cut off": "DELETE FROM log_leaves WHERE seq >= 500",
    "an unsigned row changed": "UPDATE audit SET actor = 'nobody' WHERE id = 650",
    "the checkpoint forged": "UPDATE log_checkpoints SET note = replace(note, '600', '601')",
    "nothing signed": "DELETE FROM log_checkpoints",
}


@pytest.mark.parametrize("lie", _LIES)
async def test_from_leaves_that_were_not_signed_nothing_is_made(context: Context, lie: str) -> None:
    await context.database.run(disarm)
    await execute(context.database, _LIES[lie], 'DELETE FROM log_tiles WHERE "index" = 0')
    before = await tiles(context)
    with pytest.raises(NotRepaired):
        await tile_repair.repair(context, OPERATOR, "c-1")
    assert await tiles(context) == before
    assert await outcomes(context) == ["tiles_not_repaired"]


async def test_a_leader_that_reckoned_on_damaged_tiles_is_overtaken(context: Context, clock: ManualClock) -> None:
    class Slow(Database):
        """Tiles are mended between the leader's look and its write."""

        async def run(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
            await tile_repair.repair(context, OPERATOR, "c-1")
            return await super().run(work)

    await write(context.database, 5)
    edge = 'UPDATE log_tiles SET hashes = {} WHERE level = 0 AND "index" = 2'
    binary = "BLOB" if context.database.is_sqlite else "bytea"
    await execute(context.database, edge.format(_TWISTED.format(binary)))
    slow = Slow(context.database.url, clock=clock)
    assert await sequence(signing(slow), "w-1") == 0
    await slow.aclose()
    await sequence_all(context)
    assert await agreed(context.database) == 706
