"""The log grows beside the door, by one leader, whole or not at all; and it stops what it does not cover."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import text

from app.domain.delivery import PORTAL
from app.errors import AuditUnavailable
from app.store import translog
from app.store.session import Database, WriteSession
from app.tlog import Checkpoint, Signer, generate, open_checkpoint, sign
from app.usecases import log_guard
from app.usecases.ask_person import ask_person
from app.usecases.deliver import deliver
from app.usecases.person_case import PersonQuestionFacts
from app.usecases.sequence_log import SETTLED_SECONDS, sequence
from connectors.testing import InMemoryConnector
from tests.dying import Steps
from tests.dying_leader import SteppingDatabase
from tests.factories import ManualClock
from tests.logging_world import (
    ORIGIN,
    SIGNER,
    agreed,
    execute,
    leaves,
    newest,
    open_events,
    policy,
    sequence_all,
    signing,
    write,
)
from tests.worlds import CALLER, code, context_of, door, dossier, dossier_body, hand_over

T = TypeVar("T")
LIMIT_SECONDS = 14400.0


async def test_what_is_written_is_in_the_tree_and_signed(clocked_database: Database, clock: ManualClock) -> None:
    context = signing(clocked_database)
    for count in (1, 299, 700):
        await write(clocked_database, count)
        await sequence_all(context, batch=128)
        clock.advance(60)
    assert await leaves(clocked_database) == list(range(1, 1001))
    await write(clocked_database, 1)
    await sequence_all(context)
    assert await agreed(clocked_database) == 1001


async def test_it_is_signed_at_once_and_then_at_most_every_minute(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = signing(clocked_database)
    sizes = []
    for seconds in (0, 59, 1, 3600):
        clock.advance(seconds)
        await write(clocked_database, 1)
        await sequence_all(context)
        sizes.append(await agreed(clocked_database))
    assert sizes == [1, 1, 3, 4]
    clock.advance(3600)
    before = await newest(clocked_database)
    await sequence_all(context)
    assert await newest(clocked_database) == before


async def test_without_a_key_it_grows_and_is_not_signed_and_stops_nothing(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = context_of(clocked_database)
    await write(clocked_database, 3)
    await sequence_all(context)
    clock.advance(10 * LIMIT_SECONDS)
    await write(clocked_database, 1)
    await hand_over(context, dossier())
    assert await newest(clocked_database) is None
    assert (await log_guard.view(context)).age_seconds is None


async def test_an_entry_that_no_leaf_can_hold_stops_nobody(clocked_database: Database) -> None:
    await write(clocked_database, 1, detail={"faults": ["x" * 70_000], "share": 1.5})
    await write(clocked_database, 1)
    await sequence_all(signing(clocked_database))
    assert await agreed(clocked_database) == 2


class _Killed(BaseException):
    """The process is gone here."""


class _Steps(Steps):
    """As for a process that is really killed, within this one."""

    def step(self) -> None:
        self.taken += 1
        if self.taken == self._last:
            raise _Killed


async def test_a_leader_that_dies_at_any_step_leaves_the_log_whole(
    clocked_database: Database, clock: ManualClock
) -> None:
    dying = SteppingDatabase(clocked_database.url, clock=clock)
    died, step = 0, 0
    while died == step:
        step += 1
        clock.advance(60)
        await write(clocked_database, 300)
        dying.steps = _Steps(step)
        try:
            await sequence(signing(dying), f"w-{step}", 10_000)
        except _Killed:
            died += 1
        await agreed(clocked_database)
    assert step > 6
    clock.advance(60)
    await write(clocked_database, 1)
    await sequence_all(signing(clocked_database), "heir")
    assert await agreed(clocked_database) == step * 300 + 1
    await dying.aclose()


async def test_two_that_begin_at_once_never_both_write(clocked_database: Database, clock: ManualClock) -> None:
    other = Database(clocked_database.url, clock=clock)
    sides = {"a": signing(clocked_database), "b": signing(other)}
    for _ in range(8):
        await write(clocked_database, 50)
        # Neither waits for the lease of the other: both believe that they may lead.
        clock.advance(100)
        await asyncio.gather(*(sequence(context, name, 40) for name, context in sides.items()))
        await agreed(clocked_database)
    await other.aclose()
    clock.advance(100)
    await sequence_all(sides["a"], "a")
    assert await leaves(clocked_database) == list(range(1, 401))
    assert await agreed(clocked_database) == 400


async def test_who_was_overtaken_while_it_reckoned_keeps_nothing(
    clocked_database: Database, clock: ManualClock
) -> None:
    class Slow(Database):
        async def run(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
            # Stopped for a minute between the look and the write.
            clock.advance(60)
            await sequence_all(signing(clocked_database), "new")
            return await super().run(work)

    await write(clocked_database, 10)
    await sequence_all(signing(clocked_database), "old")
    await write(clocked_database, 10)
    slow = Slow(clocked_database.url, clock=clock)
    assert await sequence(signing(slow), "old") == 0
    await slow.aclose()
    assert await agreed(clocked_database) == 20
    async with clocked_database.read() as session:
        lease = await translog.lease(session)
    assert lease is not None
    assert (lease.holder, lease.fence) == ("new", 2)


async def _without_triggers(database: Database, *statements: str) -> None:
    """Write as somebody who owns the database."""
    tables, binary = ("audit", "log_leaves", "log_checkpoints"), "BLOB"
    if database.is_sqlite:
        off = [f"DROP TRIGGER {table}_refuses_{verb}" for table in tables for verb in ("update", "delete")]
    else:
        off, binary = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables], "bytea"
    await execute(database, *off, *(statement.format(binary) for statement in statements))


_TO_FIVE = "UPDATE log_tiles SET hashes = substr(hashes, 1, 160)"
_LEAVES, _CHECKPOINTS = "DELETE FROM log_leaves WHERE seq >= 5", "DELETE FROM log_checkpoints WHERE size > 5"
_SWAPPED = (
    "UPDATE log_tiles SET hashes = CAST(substr(hashes, 33, 32) || substr(hashes, 1, 32) || substr(hashes, 65) AS {})"
)
_ENTRIES = "DELETE FROM audit WHERE id > 5"
_LIES = {
    "rolled back, and all of it": (_LEAVES, _CHECKPOINTS, _TO_FIVE, _ENTRIES),
    "all but the checkpoints rolled back": (_LEAVES, _TO_FIVE, _ENTRIES),
    "leaves exchanged": (_SWAPPED,),
    "tiles lost": ("DELETE FROM log_tiles",),
    "checkpoints exchanged": ("UPDATE log_checkpoints SET root = (SELECT root FROM log_checkpoints WHERE size = 5)",),
}


@pytest.mark.parametrize("lie", _LIES)
async def test_what_does_not_continue_what_was_signed_is_not_signed(
    clocked_database: Database, clock: ManualClock, tmp_path: Path, lie: str
) -> None:
    context = signing(clocked_database, tmp_path / "log.signed")
    for _ in range(2):
        await write(clocked_database, 5)
        await sequence_all(context)
        clock.advance(60)
    await _without_triggers(clocked_database, *_LIES[lie])
    held = await newest(clocked_database)
    assert held is not None
    # Also when the tree has long grown past what was signed.
    for _ in range(3):
        await write(clocked_database, 7)
        await sequence_all(context)
        clock.advance(60)
    assert await newest(clocked_database) == held
    assert await open_events(clocked_database) == ["log_broken"]


async def test_a_forged_checkpoint_is_no_ground_to_sign_upon(clocked_database: Database, clock: ManualClock) -> None:
    context = signing(clocked_database)
    await write(clocked_database, 5)
    await sequence_all(context)
    forger = Signer.parse(generate(ORIGIN))
    forged = sign(Checkpoint(ORIGIN, 4, b"\1" * 32).to_text(), forger)
    await execute(
        clocked_database,
        f"INSERT INTO log_checkpoints (size, root, at, note) SELECT 4, root, at, '{forged}' FROM log_checkpoints",  # noqa: S608 - ours
    )
    clock.advance(60)
    await write(clocked_database, 1)
    await sequence_all(context)
    found = await newest(clocked_database)
    assert found is not None
    assert found.note == forged
    assert await open_events(clocked_database) == ["log_broken"]


async def test_once_a_person_has_decided_it_is_signed_again(
    clocked_database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    memory = tmp_path / "log.signed"
    foreign = sign(Checkpoint(ORIGIN, 100, b"\1" * 32).to_text(), SIGNER)
    memory.write_text(foreign, "utf-8")
    context = signing(clocked_database, memory)
    await write(clocked_database, 5)
    await sequence_all(context)
    assert await newest(clocked_database) is None
    memory.unlink()
    clock.advance(60)
    await sequence_all(context)
    assert await agreed(clocked_database) == 5
    assert await open_events(clocked_database) == []
    assert open_checkpoint(memory.read_text("utf-8"), [SIGNER.verifier], ORIGIN)[0].size == 5


async def test_past_the_limit_nothing_is_exchanged_and_then_it_goes_on_by_itself(
    clocked_database: Database, clock: ManualClock
) -> None:
    connector = InMemoryConnector()
    context = signing(clocked_database, connector=connector)
    async with door(context) as client:
        await hand_over(context, dossier(1))
        await sequence_all(context)
        clock.advance(61)
        await hand_over(context, dossier(2))
        # Nobody signs from here on.
        clock.advance(LIMIT_SECONDS / 2 + 1)
        await log_guard.watch(context)
        assert await open_events(clocked_database) == ["log_late"]
        assert (await client.put(f"/v1/dossiers/{code(3)}", json=dossier_body())).status_code == 202
        clock.advance(LIMIT_SECONDS / 2)
        refused = await client.put(f"/v1/dossiers/{code(4)}", json=dossier_body())
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/audit-unavailable")
        assert (await client.get("/v1/log")).json()["exchanges_stopped"]
        assert await deliver(context, PORTAL, "w-1") == 0
        assert not connector.calls
        with pytest.raises(AuditUnavailable):
            await ask_person(context, CALLER, _question(), None, "c-1")
        await sequence_all(context)
        clock.advance(log_guard.LOOK_SECONDS)
        assert (await client.put(f"/v1/dossiers/{code(4)}", json=dossier_body())).status_code == 202
        assert await deliver(context, PORTAL, "w-1") == 4
        await log_guard.watch(context)
    assert await open_events(clocked_database) == []


def _question() -> PersonQuestionFacts:
    return PersonQuestionFacts(
        dossier_code=code(1),
        officer="can-bo",
        unit="H15.50",
        purpose="Đăng ký khai sinh",
        number="003190123456",
        full_name="H'Bia Niê",
        birth_date="1990",
    )


async def test_what_was_there_before_the_first_signature_counts_from_it(
    clocked_database: Database, clock: ManualClock
) -> None:
    await write(clocked_database, 10)
    clock.advance(100 * LIMIT_SECONDS)
    context = signing(clocked_database)
    assert not await log_guard.is_covered(context)
    await sequence(context, "w-1", 4)
    clock.advance(log_guard.LOOK_SECONDS)
    assert await log_guard.is_covered(context)
    view = await log_guard.view(context)
    assert (view.size, view.unsequenced, view.age_seconds) == (4, 6, log_guard.LOOK_SECONDS)


async def test_between_two_looks_the_door_asks_nothing(clocked_database: Database) -> None:
    context = context_of(clocked_database, log=policy())
    await log_guard.require(context)
    await clocked_database.aclose()
    looked_at = context.log_look.at
    await log_guard.require(context)
    assert context.log_look.at == looked_at


def _harms(database: Database) -> dict[int, str]:
    """What no driver reads as a time or a text, or no leaf can hold, by the entry it stands in."""
    if database.is_sqlite:
        return {4: "at = 'yesterday'", 7: "actor = CAST(x'ff' AS TEXT)", 9: "outcome = x'00'"}
    return {4: "at = 'infinity'", 7: "detail = 'no JSON'", 9: "at = '0044-03-15 BC'"}


async def test_an_entry_that_cannot_be_read_is_named_at_once_and_keeps_nobody_else_out(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = signing(clocked_database)
    await write(clocked_database, 10)
    harms = _harms(clocked_database)
    await _without_triggers(
        clocked_database,
        *(f"UPDATE audit SET {harm} WHERE id = {number}" for number, harm in harms.items()),  # noqa: S608 - ours
    )
    await sequence_all(context)
    honest = [number for number in range(1, 11) if number not in harms]
    # One whose detail is no JSON is proved by the hash of what stands there.
    outside = [number for number in harms if not (number == 7 and not clocked_database.is_sqlite)]
    taken = [number for number in range(1, 11) if number not in outside]
    assert await leaves(clocked_database) == taken
    assert honest == [number for number in taken if number in honest]
    assert await open_events(clocked_database) == ["log_entry_refused"]
    detail = await _event_detail(clocked_database)
    assert detail == {"entry": 4, "entries": len(outside)}
    # What is honest is signed, also what comes later, and what cannot be read stays looked for, however long.
    for _ in range(2):
        clock.advance(1000)
        await write(clocked_database, 3)
        await sequence_all(context)
    found = await newest(clocked_database)
    assert found is not None
    assert found.size == len(taken) + 6
    assert await open_events(clocked_database) == ["log_entry_refused"]
    # It fails closed: the age counts from when it was passed over.
    view = await log_guard.view(context)
    assert (view.unsequenced, view.age_seconds) == (len(outside), 2000)
    clock.advance(LIMIT_SECONDS)
    with pytest.raises(AuditUnavailable):
        await log_guard.require(context)
    restored = ("at", "actor", "outcome")
    columns = ", ".join(f"{name} = (SELECT {name} FROM audit WHERE id = 1)" for name in restored)  # noqa: S608
    await execute(clocked_database, *(f"UPDATE audit SET {columns} WHERE id = {number}" for number in outside))  # noqa: S608
    await sequence_all(context)
    clock.advance(60)
    assert set(outside) < set(await leaves(clocked_database))
    assert await open_events(clocked_database) == []
    assert (await log_guard.view(context)).age_seconds == 0


async def _event_detail(database: Database) -> Any:
    async with database.read() as session:
        (row,) = await session.rows(text("SELECT detail FROM events WHERE ended_at IS NULL"))
    return json.loads(row.detail)


async def test_a_gap_that_somebody_laid_over_what_is_sequenced_brings_nothing_in_twice(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = signing(clocked_database)
    await write(clocked_database, 5)
    await sequence_all(context)
    for first in (1, 2):
        # Over what is sequenced, over what is still to come, and over each other.
        laid = f"INSERT INTO log_gaps SELECT {first}, 100, at, NULL FROM audit WHERE id = 1"  # noqa: S608 - ours
        await execute(clocked_database, laid)
    for _ in range(2):
        clock.advance(60)
        await write(clocked_database, 1)
        await sequence_all(context)
    assert await leaves(clocked_database) == list(range(1, 8))
    assert await agreed(clocked_database) == 7
    assert (await log_guard.view(context)).age_seconds == 0


async def test_a_checkpoint_whose_row_cannot_be_read_is_told_at_once(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = signing(clocked_database)
    await write(clocked_database, 5)
    await sequence_all(context)
    never = "'never'" if clocked_database.is_sqlite else "'infinity'"
    await _without_triggers(clocked_database, f"UPDATE log_checkpoints SET at = {never}")  # noqa: S608 - ours
    clock.advance(60)
    await write(clocked_database, 1)
    assert await sequence(context, "w-1") == 0
    assert await open_events(clocked_database) == ["log_broken"]
    with pytest.raises(AuditUnavailable):
        await log_guard.require(context)


async def test_an_entry_far_above_all_others_keeps_none_of_them_out(
    clocked_database: Database, clock: ManualClock
) -> None:
    """Numbers that were never given out are still to come, however long nobody has used one."""
    context = signing(clocked_database)
    await write(clocked_database, 5)
    columns = "at, kind, outcome, actor, agency, provider, purpose, legal_basis, correlation_id, detail"
    far = f"INSERT INTO audit (id, {columns}) SELECT 4000000000000000, {columns} FROM audit WHERE id = 1"  # noqa: S608 - ours
    await execute(clocked_database, far)
    await sequence_all(context)
    clock.advance(SETTLED_SECONDS + 1)
    await sequence_all(context)
    await write(clocked_database, 5)
    await sequence_all(context)
    clock.advance(60)
    await sequence_all(context)
    assert len(await leaves(clocked_database)) == await agreed(clocked_database) == 11
