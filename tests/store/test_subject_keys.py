"""Personal values on both databases: beside their entry or not at all, under keys that live, and only ever added."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from app.domain.audit import Personal
from app.domain.commitments import Commitments
from app.sealing import MasterKey, MasterKeys, unseal
from app.store import audit, audit_values, documents, subject_keys
from app.store.session import Database, Row, WriteSession
from app.store.subject_tables import audit_values as values_table
from app.store.subject_tables import subject_keys as keys_table
from tests.factories import NOW, audit_entry

MASTERS = MasterKeys.of(MasterKey.generate())
ME, OTHER = ("a" * 32, "b" * 32)
VALUES = {"number": "003190123456", "full_name": "H'Bia Niê"}


@pytest_asyncio.fixture
async def keyed(database: Database) -> AsyncIterator[Database]:
    """A database with a master key and two subjects."""
    database.keys = MASTERS

    async def work(session: WriteSession) -> None:
        for place, subject in enumerate((ME, OTHER)):
            await documents.subject(session, "personal_number", f"00319000000{place}", subject, NOW)

    await database.run(work)
    yield database


async def write(database: Database, *subjects: str | None) -> list[Row]:
    """Entries about these subjects; their rows."""

    async def work(session: WriteSession) -> None:
        entries = [
            audit_entry(outcome=f"o-{place}", personal=Personal(subject, VALUES) if subject else None)
            for place, subject in enumerate(subjects)
        ]
        await audit.append(session, entries, NOW)

    await database.run(work)
    async with database.read() as session:
        rows = await audit.page(session, before_id=None, limit=len(subjects), equal={})
    return rows[::-1]


async def keys_of(database: Database) -> list[subject_keys.KeyRow]:
    async with database.read() as session:
        rows = await session.rows(select(keys_table).order_by(keys_table.c.created_at, keys_table.c.id))
        return list((await subject_keys.find(session, [row.id for row in rows])).values())


async def opened(database: Database, row: Row) -> dict[str, str]:
    committed = Commitments.parse(row["commitments"])
    async with database.read() as session:
        [key] = (await subject_keys.find(session, [committed.key_id])).values()
        held = (await audit_values.find(session, [row["id"]]))[row["id"]]
    secret = subject_keys.opened(MASTERS, key)
    assert secret is not None
    openings = unseal(secret, row["id"], row["commitments"], held.sealed)
    assert all(openings[name].fits(name, value) for name, value in committed.values.items())
    return {name: opening.value for name, opening in openings.items()}


async def test_each_entry_of_a_batch_has_its_own_values_beside_it(keyed: Database) -> None:
    rows = await write(keyed, None, ME, OTHER, None, ME)
    assert [row["outcome"] for row in rows] == [f"o-{place}" for place in range(5)]
    assert [row["commitments"] is None for row in rows] == [True, False, False, True, False]
    for place in (1, 2, 4):
        assert await opened(keyed, rows[place]) == VALUES
    texts = [Commitments.parse(rows[place]["commitments"]) for place in (1, 2, 4)]
    assert texts[0].key_id == texts[2].key_id != texts[1].key_id
    # The same value twice is two commitments: each has a salt of its own.
    assert len({value for committed in texts for value in committed.values.values()}) == 6
    again = await write(keyed, ME)
    assert Commitments.parse(again[0]["commitments"]).key_id == texts[0].key_id


async def test_without_a_master_key_nothing_is_committed_to_and_nothing_kept(keyed: Database) -> None:
    keyed.keys = None
    [row] = await write(keyed, ME)
    assert row["commitments"] is None
    async with keyed.read() as session:
        assert not await session.rows(select(values_table))
        assert not await session.rows(select(keys_table))


async def test_what_is_rolled_back_leaves_neither_entry_nor_value_nor_key(keyed: Database) -> None:
    async def work(session: WriteSession) -> None:
        await audit.append(session, [audit_entry(personal=Personal(ME, VALUES))], NOW)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await keyed.run(work)
    async with keyed.read() as session:
        for table in (keys_table, values_table):
            assert not await session.rows(select(table))


async def test_who_comes_again_after_an_erasure_gets_another_key(keyed: Database) -> None:
    [before] = await write(keyed, ME)
    gone = await keyed.run(lambda session: subject_keys.destroy(session, ME, NOW))
    assert gone == [Commitments.parse(before["commitments"]).key_id]
    assert await keyed.run(lambda session: subject_keys.destroy(session, ME, NOW)) == []
    [after] = await write(keyed, ME)
    assert await opened(keyed, after) == VALUES
    assert [(key.id, key.wrapped is None) for key in await keys_of(keyed) if key.wrapped is None] == [(gone[0], True)]


async def test_a_key_that_was_changed_stops_nobody(keyed: Database) -> None:
    await write(keyed, ME)
    await keyed.run(lambda session: session.execute(update(keys_table).values(wrapped=b"x" * 60)))
    [row] = await write(keyed, ME)
    assert await opened(keyed, row) == VALUES


async def test_many_at_once_about_one_person_wait_for_nobody(keyed: Database) -> None:
    rows = [row for found in await asyncio.gather(*(write(keyed, ME, OTHER) for _ in range(6))) for row in found]
    async with keyed.read() as session:
        held = await session.rows(select(values_table))
        found = await subject_keys.find(session, [row.key_id for row in held])
    assert len(held) == len(rows) == 12
    assert {key.subject_id for key in found.values()} == {ME, OTHER}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_values SET key_id = 'x'",
        "DELETE FROM audit_values",
        "DELETE FROM subject_keys",
        "UPDATE subject_keys SET wrapped = NULL",
    ],
)
async def test_the_database_itself_refuses_to_change_them(keyed: Database, statement: str) -> None:
    await write(keyed, ME)
    with pytest.raises(DBAPIError):
        await keyed.run(lambda session: session.execute(text(statement)))


async def test_values_go_with_their_entry_and_never_before(keyed: Database) -> None:
    gone, stays = await write(keyed, ME, OTHER)
    lifted = {
        "sqlite": "DROP TRIGGER audit_refuses_delete",
        "postgresql": "ALTER TABLE audit DISABLE TRIGGER audit_goes_archived",
    }

    async def work(session: WriteSession) -> None:
        # As where it was archived: the database lets the entry go.
        await session.execute(text(lifted[session.dialect]))
        await session.execute(text(f"DELETE FROM audit WHERE id = {gone['id']}"))  # noqa: S608 - a number

    await keyed.run(work)
    async with keyed.read() as session:
        assert [row.audit_id for row in await session.rows(select(values_table))] == [stays["id"]]
