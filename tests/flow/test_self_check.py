"""The log is read again in the background: all of it, by one worker, within a budget, going on where it stood."""

import asyncio
import json
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from sqlalchemy import text, update

from app.domain.log_check import Lie
from app.domain.self_check import REST_SECONDS, STALL_SECONDS, Trouble
from app.store import log_check
from app.store.log_check import Kept
from app.store.log_tables import log_leaves
from app.store.session import Database, WriteSession
from app.store.tables import audit
from app.tlog import Signer, generate
from app.usecases import log_health, self_check
from app.usecases.context import Context
from app.usecases.self_check import BLOCK, Checker
from tamper.kinds import disarm
from tests.factories import ManualClock
from tests.logging_world import execute, open_events, policy, sequence_all, write
from tests.worlds import context_of, door

ROWS_PER_SECOND = 20
DAYS = 2.0


@dataclass
class Watch:
    """Seconds that only grow, for the budgets of workers."""

    seconds: float = 0.0

    def now(self) -> float:
        return self.seconds


@pytest_asyncio.fixture
async def context(clocked_database: Database, clock: ManualClock) -> Context:
    """A log of 350 entries under two checkpoints."""
    log = policy(check_rows_per_second=ROWS_PER_SECOND, check_days=DAYS, age_max_seconds=14400.0)
    context = context_of(clocked_database, log=log)
    for _ in range(2):
        await write(clocked_database, 175)
        await sequence_all(context)
        clock.advance(60)
    return context


async def kept(context: Context) -> Kept:
    async with context.database.read() as session:
        found = await log_check.kept(session)
    assert found is not None
    return found


async def whole(context: Context, clock: ManualClock, worker: str = "w-1") -> int:
    """Let a worker check until a pass has ended; how many rows it has read."""
    watch, read = Watch(), 0
    checker = Checker(context, worker, watch.now)
    for _ in range(100):
        read += await checker.look()
        if not (await kept(context)).standing.runs:
            return read
        watch.seconds += 5
        clock.advance(5)
    raise AssertionError


async def change(context: Context, *statements: object) -> None:
    async def work(session: WriteSession) -> None:
        await disarm(session)
        for statement in statements:
            await session.execute(statement)  # type: ignore[arg-type]

    await context.database.run(work)


async def test_it_reads_no_faster_than_its_budget_and_comes_to_the_end(context: Context, clock: ManualClock) -> None:
    watch = Watch()
    checker = Checker(context, "w-1", watch.now)
    # Ten seconds may be saved up.
    assert await checker.look() == 10 * ROWS_PER_SECOND
    standing = (await kept(context)).standing
    assert (standing.size, standing.until, round(standing.share, 3)) == (200, 350, 0.571)
    assert await checker.look() == 0
    watch.seconds += 2.5
    assert await checker.look() == 100
    # What a block took beyond the budget is owed.
    watch.seconds += 0.5
    assert await checker.look() == 0
    watch.seconds += 10_000
    clock.advance(5)
    assert await checker.look() == 50
    found = (await kept(context)).standing
    assert (found.whole_at, found.whole_size, found.share) == (clock.now(), 350, 1.0)
    # A short log is not read in circles.
    watch.seconds += 100
    clock.advance(REST_SECONDS - 1)
    assert await checker.look() == 0
    clock.advance(1)
    assert await checker.look() == 200


async def test_what_was_signed_under_an_earlier_name_is_no_forgery(context: Context, clock: ManualClock) -> None:
    """As after a restore that has lost entries: the log has a new name and a new key, and keeps what it had signed."""
    fresh = Signer.parse(generate("log.example/h15-2"))
    log = replace(
        context.log,
        origin=fresh.name,
        signer=fresh,
        verifiers=(fresh.verifier, *context.log.verifiers),
        earlier=(context.log.origin,),
    )
    renamed = replace(context, log=log)
    await write(context.database, 5)
    clock.advance(60)
    await sequence_all(renamed)
    await whole(renamed, clock)
    found = await kept(renamed)
    assert (found.finding, found.standing.whole_size) == (None, 355)


async def test_another_goes_on_where_one_stopped_and_never_both(context: Context, clock: ManualClock) -> None:
    first, second = Checker(context, "w-1", Watch().now), Checker(context, "w-2", Watch().now)
    assert await first.look() == 200
    clock.advance(self_check.LEASE_SECONDS - 1)
    assert await second.look() == 0
    clock.advance(1)
    assert await second.look() == 150
    assert (await kept(context)).standing.whole_size == 350
    # Both believe that they may lead: what the slower one read is not written down.
    clock.advance(REST_SECONDS)
    sides = [Checker(context, name, Watch().now) for name in ("w-3", "w-4")]
    await asyncio.gather(*[side.look() for side in sides])
    assert (await kept(context)).standing.size == 200


async def test_a_row_that_lies_is_told_and_the_rows_behind_it_are_read_all_the_same(
    context: Context, clock: ManualClock
) -> None:
    twisted = [update(audit).where(audit.c.id == number).values(actor="nobody") for number in (50, 120, 340)]
    await change(context, *twisted)
    assert await whole(context, clock) == 350
    found = await kept(context)
    assert (found.lies, found.standing.whole_size) == (3, 350)
    assert await open_events(context.database) == ["log_lie"]
    async with door(context, ["read"]) as client:
        told = (await client.get("/v1/log")).json()["check"]
    assert (told["lies"], told["finding"]["entry"], told["finding"]["lie"]) == (3, 50, "altered_byte")
    assert (await log_health.found(context))["log"] == {"ok": False, "detail": "log_lie"}
    # The event ends with the first whole pass that finds nothing.
    await change(context, text("UPDATE audit SET actor = (SELECT actor FROM audit WHERE id = 1)"))
    clock.advance(REST_SECONDS)
    await sequence_all(context)
    await whole(context, clock)
    assert ((await kept(context)).lies, await open_events(context.database)) == (0, [])
    assert (await log_health.found(context))["log"]["ok"]


async def test_what_does_not_fit_the_tree_ends_the_pass_and_the_next_begins_anew(
    context: Context, clock: ManualClock
) -> None:
    await execute(context.database, "UPDATE log_tiles SET hashes = substr(hashes, 1, 32) WHERE level = 0")
    await whole(context, clock)
    found = await kept(context)
    assert found.finding is not None
    assert json.loads(found.finding)["lie"] == Lie.BROKEN_TREE.value
    assert (found.standing.whole_at, found.progress) == (None, None)
    assert await open_events(context.database) == ["log_lie"]


async def test_a_log_that_shrinks_under_it_is_a_lie(context: Context, clock: ManualClock) -> None:
    assert await Checker(context, "w-1", Watch().now).look() == 200
    await change(context, log_leaves.delete().where(log_leaves.c.seq >= 150))
    clock.advance(self_check.LEASE_SECONDS)
    await whole(context, clock, "w-2")
    assert await open_events(context.database) == ["log_lie"]


async def test_an_entry_that_is_only_late_is_no_lie(context: Context, clock: ManualClock) -> None:
    await write(context.database, 5)
    clock.advance(context.log.age_max_seconds + 1)
    await whole(context, clock)
    assert (await kept(context)).finding is None
    # One that nobody will ever bring in is: it stands below what was sequenced, and in no gap.
    await sequence_all(context)
    await change(context, update(log_leaves).where(log_leaves.c.seq == 354).values(audit_id=9999))
    clock.advance(REST_SECONDS)
    await whole(context, clock)
    assert await open_events(context.database) == ["log_lie"]


async def test_one_that_stands_still_or_is_too_slow_is_told_by_others(context: Context, clock: ManualClock) -> None:
    # Nobody has ever checked, though there was something to check.
    clock.advance(STALL_SECONDS + 1)
    await self_check.watch(context)
    assert await open_events(context.database) == ["log_check_stopped"]
    assert "log_check_stopped" in (await log_health.found(context))["log"]["detail"]
    watch = Watch()
    checker = Checker(replace(context, log=replace(context.log, check_rows_per_second=BLOCK)), "w-1", watch.now)
    await checker.look()
    await self_check.watch(context)
    assert await open_events(context.database) == []
    # It moves, and does not come to the end.
    slow = await kept(context)
    clock.advance(DAYS * 86400)

    async def crawl(session: WriteSession) -> None:
        await log_check.keep(session, replace(slow, standing=replace(slow.standing, moved_at=clock.now())))

    await context.database.run(crawl)
    clock.advance(1)
    found = await self_check.view(context)
    assert found is not None
    assert found.trouble is Trouble.TOO_SLOW
    await whole(context, clock, "w-2")
    await self_check.watch(context)
    assert await open_events(context.database) == []
    # While it rests it does not stand still.
    clock.advance(REST_SECONDS + STALL_SECONDS)
    await self_check.watch(context)
    assert await open_events(context.database) == []
    clock.advance(1)
    await self_check.watch(context)
    assert await open_events(context.database) == ["log_check_stopped"]


@pytest.mark.parametrize("off", [{"check_rows_per_second": 0}, {"verifiers": ()}])
async def test_switched_off_or_without_a_key_nothing_is_read_or_told(
    context: Context, clock: ManualClock, off: dict[str, object]
) -> None:
    idle = replace(context, log=replace(context.log, **off))  # type: ignore[arg-type]
    clock.advance(10 * 86400)
    assert await Checker(idle, "w-1", Watch().now).look() == 0
    await self_check.watch(idle)
    assert (await self_check.view(idle), await open_events(context.database)) == (None, [])


async def test_a_state_that_somebody_wrote_makes_it_begin_anew(context: Context, clock: ManualClock) -> None:
    await Checker(context, "w-1", Watch().now).look()
    await execute(context.database, "UPDATE log_check SET progress = '{\"size\": 349}'")
    clock.advance(self_check.LEASE_SECONDS)
    assert await whole(context, clock, "w-2") == 350
