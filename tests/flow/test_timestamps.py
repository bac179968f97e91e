"""Checkpoints are time-stamped now and then, by who leads; and what was stamped can be checked by anybody."""

import io
import shutil
import subprocess
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.domain import stamping
from app.domain.log_check import Lie
from app.errors import AuditUnavailable
from app.store import log_stamps
from app.store.session import Database
from app.usecases import export_log, log_guard, timestamping, verify_log
from app.usecases.context import Caller, Context, StampPolicy
from app.usecases.export_log import About
from app.usecases.timestamping import Stamping
from app.usecases.verify_log import Checked, Wanted
from connectors.http import build_client
from connectors.timestamp import HTTP, TimestampConnector
from tamper.run import ask_bundle, unpack
from tests.factories import ManualClock
from tests.logging_world import ORIGIN, SIGNER, execute, newest, open_events, policy, sequence_all, write
from tests.stamping import REPLY, Answer, Desk, authority, desk
from tests.worlds import context_of, door

SIX_HOURS = 21600.0
LIMIT = 4 * 3600.0


@pytest.fixture
def open_desk(clock: ManualClock) -> Iterator[Desk]:
    with desk(lambda query: (200, REPLY, authority().reply(query, clock.now()))) as made:
        yield made


@pytest_asyncio.fixture
async def context(clocked_database: Database, open_desk: Desk) -> AsyncIterator[Context]:
    roots = (authority().root,)
    stamper = TimestampConnector(build_client(HTTP), HTTP, open_desk.url, roots)
    log = policy(stamps=StampPolicy(roots, SIX_HOURS, LIMIT), age_max_seconds=10**9)
    yield context_of(clocked_database, log=log, stamper=stamper)
    await stamper.aclose()


async def grow(context: Context, clock: ManualClock, seconds: float = 60) -> None:
    """One more checkpoint, by the worker w-1."""
    clock.advance(seconds)
    await write(context.database, 3)
    await sequence_all(context)


async def stamps(context: Context) -> list[log_stamps.Stamp]:
    async with context.database.read() as session:
        return [stamp for _, stamp in await log_stamps.page(session, 0, 100)]


async def check(context: Context) -> Checked:
    wanted = Wanted(context.log.verifiers, ORIGIN, stamp_roots=context.log.stamps.roots)
    return await verify_log.verify(context, wanted)


async def test_the_leader_has_the_newest_checkpoint_stamped_at_its_own_rate(
    context: Context, clock: ManualClock, open_desk: Desk
) -> None:
    leader, other = Stamping(context, "w-1"), Stamping(context, "w-2")
    await leader.look()
    assert open_desk.queries == []
    await grow(context, clock)
    await other.look()
    for _ in range(2):
        await leader.look()
    assert len(open_desk.queries) == 1
    await grow(context, clock)
    await leader.look()
    assert len(open_desk.queries) == 1
    await grow(context, clock, SIX_HOURS)
    await leader.look()
    found = await stamps(context)
    last = await newest(context.database)
    assert last is not None
    assert [stamp.size for stamp in found] == [3, last.size]
    assert found[1].stamped_at == clock.now().replace(microsecond=0)
    async with door(context, ["read"]) as client:
        told = (await client.get("/v1/log")).json()
    assert (told["timestamp"]["size"], told["timestamp"]["authority"]) == (last.size, open_desk.url)
    assert (told["timestamp"]["age_seconds"], told["timestamp_overdue_seconds"]) == (0, 0)
    # Nothing new was signed: there is nothing to stamp, and nothing overdue, however long.
    clock.advance(10 * SIX_HOURS)
    await leader.look()
    await timestamping.watch(context)
    assert len(open_desk.queries) == 2
    assert await open_events(context.database) == []


@pytest.mark.parametrize("change", ["UPDATE log_timestamps SET at = at", "DELETE FROM log_timestamps"])
async def test_the_database_refuses_to_change_a_stamp(context: Context, clock: ManualClock, change: str) -> None:
    await grow(context, clock)
    await Stamping(context, "w-1").look()
    with pytest.raises(DBAPIError, match="append-only"):
        await execute(context.database, change)


async def test_who_fails_is_asked_less_and_less_and_people_are_told_and_a_limit_stops_exchanges(
    context: Context, clock: ManualClock, open_desk: Desk
) -> None:
    seconds = 0.0
    leader = Stamping(context, "w-1", now=lambda: seconds)
    good = open_desk.answer

    def away(_query: bytes) -> Answer:
        return 503, "text/plain", b"later"

    open_desk.answer = away
    await grow(context, clock)
    for wait in (*stamping.WAITS_SECONDS, stamping.WAITS_SECONDS[-1]):
        before = len(open_desk.queries)
        await leader.look()
        seconds += wait - 1
        await leader.look()
        assert len(open_desk.queries) == before + 1
        seconds += 1
    clock.advance(SIX_HOURS + stamping.LATE_SECONDS)
    await timestamping.watch(context)
    assert await open_events(context.database) == []
    clock.advance(1)
    await timestamping.watch(context)
    assert await open_events(context.database) == ["log_unstamped"]
    await log_guard.require(context)
    clock.advance(LIMIT)
    with pytest.raises(AuditUnavailable, match="time-stamp"):
        await log_guard.require(context)
    # Without a limit it stops nothing.
    unlimited = replace(context.log, stamps=replace(context.log.stamps, limit_seconds=0.0))
    await log_guard.require(replace(context, log=unlimited))
    open_desk.answer = good
    await leader.look()
    await timestamping.watch(context)
    clock.advance(log_guard.LOOK_SECONDS)
    await log_guard.require(context)
    assert await open_events(context.database) == []
    assert leader.failures == 0


async def test_an_authority_whose_clock_is_not_ours_proves_nothing(
    context: Context, clock: ManualClock, open_desk: Desk
) -> None:
    await grow(context, clock)
    leader = Stamping(context, "w-1")
    at = clock.now()
    clock.advance(stamping.CLOCK_SECONDS + 1)
    open_desk.answer = lambda query: (200, REPLY, authority().reply(query, at))
    await leader.look()
    assert (await stamps(context), leader.failures) == ([], 1)


async def test_a_false_stamp_is_named_by_verify(context: Context, clock: ManualClock) -> None:
    leader = Stamping(context, "w-1")
    for _ in range(2):
        await grow(context, clock, SIX_HOURS)
        await leader.look()
    checked = await check(context)
    assert (checked.finding, checked.stamps.count) == (None, 2)
    # Whose root is not known proves nothing, and is not looked at when no root is known at all.
    assert (await verify_log.verify(context, Wanted(context.log.verifiers, ORIGIN))).stamps.count == 0
    strange = await verify_log.verify(
        context, Wanted(context.log.verifiers, ORIGIN, stamp_roots=(authority("another").root,))
    )
    assert strange.finding is not None
    # A true stamp, of another checkpoint.
    if context.database.is_sqlite:
        await execute(context.database, "DROP TRIGGER log_timestamps_refuses_update")
    else:
        await execute(context.database, "ALTER TABLE log_timestamps DISABLE TRIGGER USER")
    await execute(
        context.database,
        "UPDATE log_timestamps SET reply = (SELECT reply FROM log_timestamps WHERE id = 1) WHERE id = 2",
    )
    finding = (await check(context)).finding
    assert finding is not None
    assert finding.lie is Lie.FALSE_TIMESTAMP
    assert "time-stamp 2 is false" in finding.words


async def test_a_bundle_holds_the_newest_stamp_and_an_outsider_checks_it(
    context: Context, clock: ManualClock, tmp_path: Path
) -> None:
    await grow(context, clock)
    await Stamping(context, "w-1").look()
    await grow(context, clock)
    out = io.BytesIO()
    outsider = Caller("outsider", "H15", frozenset())
    await export_log.export(context, outsider, About.DOSSIER, "d-1", out, correlation_id="c-1")
    (tmp_path / "bundle.zip").write_bytes(out.getvalue())
    with zipfile.ZipFile(out) as bundle:
        assert {"timestamp.tsr", "timestamped.txt", "consistency.txt"} <= set(bundle.namelist())
    folder = tmp_path / "bundle"
    unpack(tmp_path / "bundle.zip", folder)
    # What was stamped is the beginning of what the bundle speaks of.
    assert ask_bundle(folder, folder / "timestamped.txt", SIGNER.verifier.vkey)[0] == 0
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine")
    command = [openssl, "ts", "-verify", "-in", "timestamp.tsr", "-CAfile", str(authority().write_root(tmp_path))]
    # The certificates of this test are of their own year.
    command += ["-attime", str(int(clock.now().timestamp())), "-data"]
    for data, good in (("timestamped.txt", True), ("checkpoint.txt", False)):
        done = subprocess.run([*command, data], cwd=folder, capture_output=True, text=True, check=False)  # noqa: ASYNC221, S603 - a test
        assert (done.returncode == 0, "Verification: OK" in done.stdout + done.stderr) == (good, good), done.stderr


async def test_what_was_stamped_is_kept_as_it_came(context: Context, clock: ManualClock) -> None:
    await grow(context, clock)
    await Stamping(context, "w-1").look()
    async with context.database.read() as session:
        (row,) = await session.rows(text("SELECT reply FROM log_timestamps"))
    (stamp,) = await stamps(context)
    assert bytes(row.reply) == stamp.reply
