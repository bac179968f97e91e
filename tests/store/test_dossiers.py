"""Facts are read back as they were written, and found by what could collide with them."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.domain.dossier import DossierStatus, Snapshot, StepTail
from app.store import dossiers
from app.store.dossiers import HeldDossier, HeldSteps
from app.store.session import Database, Row, WriteSession
from tests.factories import NOW, PROCEDURE, UNIT, digest, dossier_code, dossier_row, step_row


async def _insert(database: Database, rows: list[Row], step_rows: list[Row] | None = None) -> None:
    async def work(session: WriteSession) -> None:
        await dossiers.insert_dossiers(session, rows)
        await dossiers.insert_steps(session, step_rows or [])

    await database.run(work)


async def _load(database: Database, *codes: str) -> dict[str, HeldDossier]:
    async with database.read() as session:
        return await dossiers.load(session, codes)


async def test_a_dossier_is_held_as_written(database: Database) -> None:
    row = dossier_row()
    await _insert(database, [row])
    held = await _load(database, dossier_code(), dossier_code(9))
    assert held == {
        dossier_code(): HeldDossier(
            Snapshot(1, DossierStatus.RECEIVED, row["content_hash"]), None, PROCEDURE, UNIT, row["due_at"], NOW, NOW
        )
    }
    async with database.read() as session:
        facts = await dossiers.facts(session, dossier_code())
        assert facts is not None
        assert facts | row == facts
        assert await dossiers.facts(session, dossier_code(9)) is None


async def test_nothing_asked_nothing_found(database: Database) -> None:
    await _insert(database, [])
    assert await _load(database) == {}
    async with database.read() as session:
        assert await dossiers.load_steps(session, [], []) == HeldSteps({}, {})


async def test_a_newer_revision_overwrites_all_but_the_first_day(database: Database) -> None:
    await _insert(database, [dossier_row(dossier_code(n)) for n in (1, 2, 3)])
    later = NOW + timedelta(days=1)
    newer = [
        dossier_row(dossier_code(n), revision=2, status="processing", due_at=None)
        | {"created_at": later, "updated_at": later}
        for n in (3, 1)
    ]

    async def work(session: WriteSession) -> None:
        await dossiers.update_dossiers(session, newer)
        await dossiers.update_dossiers(session, [])

    await database.run(work)
    held = await _load(database, *(dossier_code(n) for n in (1, 2, 3)))
    assert [held[dossier_code(n)].snapshot.revision for n in (1, 2, 3)] == [2, 1, 2]
    assert held[dossier_code(1)].snapshot.content_hash == newer[1]["content_hash"]
    assert held[dossier_code(1)].due_at is None
    async with database.read() as session:
        facts = await dossiers.facts(session, dossier_code(1))
    assert facts is not None
    assert (facts["created_at"], facts["updated_at"]) == (NOW, later)


async def test_the_last_step_is_remembered(database: Database) -> None:
    await _insert(database, [dossier_row(dossier_code(n)) for n in (1, 2)])
    tail = StepTail(DossierStatus.PROCESSING, NOW + timedelta(hours=3))

    async def work(session: WriteSession) -> None:
        await dossiers.set_tails(session, {dossier_code(2): tail})
        await dossiers.set_tails(session, {})

    await database.run(work)
    held = await _load(database, dossier_code(1), dossier_code(2))
    assert (held[dossier_code(1)].tail, held[dossier_code(2)].tail) == (None, tail)


async def test_steps_are_found_by_id_and_by_words_within_their_dossier(database: Database) -> None:
    one, two = dossier_code(1), dossier_code(2)
    held = step_row(one, step_id="s-1")
    # The same id and the same words in another dossier are another step.
    twin = held | {"dossier_code": two}
    await _insert(database, [dossier_row(one), dossier_row(two)], [held, twin])
    async with database.read() as session:
        found = await dossiers.load_steps(session, [(one, "s-1"), (one, "s-2")], [(one, held["wire_hash"])])
        assert set(found.by_id) == {(one, "s-1")}
        step, created_at = found.by_id[one, "s-1"]
        assert (step.step_id, step.content_hash, step.wire_hash) == ("s-1", held["content_hash"], held["wire_hash"])
        assert (step.status, step.processed_at, created_at) == (DossierStatus.PROCESSING, NOW, NOW)
        assert found.by_wire == {(one, held["wire_hash"]): "s-1"}
        new = await dossiers.load_steps(session, [(one, "s-3")], [(one, digest("other words"))])
        assert new == HeldSteps({}, {})
        assert await dossiers.count_steps(session, one) == 1
        assert await dossiers.count_steps(session, dossier_code(9)) == 0


async def test_the_tables_refuse_doubles_and_orphans(database: Database) -> None:
    await _insert(database, [dossier_row()], [step_row()])
    for rows, step_rows in (
        ([dossier_row()], []),
        ([], [step_row()]),
        ([], [step_row() | {"step_id": "other"}]),  # alike in every word
        ([], [step_row(dossier_code(9))]),
    ):
        with pytest.raises(IntegrityError):
            await _insert(database, rows, step_rows)


async def test_two_that_hand_over_the_same_dossier_stand_in_line(database: Database) -> None:
    codes = [dossier_code(n) for n in range(5)]
    inside: list[str] = []

    async def hand_over(order: list[str], who: str) -> None:
        async def work(session: WriteSession) -> None:
            await dossiers.lock(session, order)
            held = await dossiers.load(session, order)
            inside.append(who)
            new = [code for code in order if code not in held]
            await dossiers.insert_dossiers(session, [dossier_row(code) for code in new])

        await database.run(work)

    async with asyncio.timeout(20):
        await asyncio.gather(*(hand_over(codes if n % 2 else codes[::-1], str(n)) for n in range(6)))
    # Each looked once: whoever came second saw the first one's work, so nobody lost a race.
    assert sorted(inside) == [str(n) for n in range(6)]
    assert sorted(await _load(database, *codes)) == codes


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_locks_are_taken_in_the_order_of_the_codes(database: Database) -> None:
    codes = [dossier_code(n) for n in range(5)]
    has_locked, may_end = asyncio.Event(), asyncio.Event()

    async def holder(session: WriteSession) -> None:
        await dossiers.lock(session, [codes[3]])
        has_locked.set()
        await may_end.wait()

    async def everything(session: WriteSession) -> None:
        await dossiers.lock(session, codes[::-1])

    async def granted_to_the_waiting() -> int | None:
        """How many locks the one who waits for another has already; None while nobody waits."""
        waiting = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        query = f"SELECT granted FROM pg_locks WHERE locktype = 'advisory' AND pid IN ({waiting})"  # noqa: S608
        async with database.read() as session:
            rows = await session.rows(text(query))
        return sum(row.granted for row in rows) if rows else None

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(database.run(holder))
        await has_locked.wait()
        group.create_task(database.run(everything))
        while (granted := await granted_to_the_waiting()) is None:
            pass
        may_end.set()
    assert granted == 3
