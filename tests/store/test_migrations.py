"""Migrations build what the code declares, once, whoever runs them; and the audit log only grows."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from app.store import audit, migrate
from app.store.backup_tables import backups
from app.store.client_tables import clients
from app.store.disclosure_tables import disclosure_delays
from app.store.document_tables import blobs
from app.store.log_tables import log_leaves
from app.store.once_only_tables import prefills
from app.store.retention_tables import retention_runs
from app.store.session import Database, WriteSession, sync_url
from app.store.subject_tables import subject_keys
from app.store.tables import metadata
from app.store.watch_tables import sightings
from tests.factories import NOW, audit_entry

# The other tables join the same metadata when their modules are loaded.
_LOADED = {backups, blobs, clients, disclosure_delays, log_leaves, prefills, retention_runs, sightings, subject_keys}
assert {table.name for table in _LOADED} <= set(metadata.tables)
_COLUMNS = """
    SELECT table_name, ordinal_position, column_name, data_type, character_maximum_length, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public'
"""
_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
_SQLITE_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(sync_url(url), poolclass=NullPool)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _catalogue(connection: Connection) -> set[tuple[str, ...]]:
    """What the engine itself says of its tables, as text: partial indexes with their conditions too."""
    if connection.dialect.name == "postgresql":
        queries = (_COLUMNS, _CONSTRAINTS, _INDEXES)
        return {tuple(map(str, row)) for query in queries for row in connection.execute(text(query))}
    seen = {tuple(map(str, row)) for row in connection.execute(text(_SQLITE_INDEXES))}
    looker = inspect(connection)
    for table in looker.get_table_names():
        seen |= {(table, "column", str(n), str(column)) for n, column in enumerate(looker.get_columns(table))}
        seen |= {(table, "unique", str(unique)) for unique in looker.get_unique_constraints(table)}
        seen |= {(table, "foreign key", str(key)) for key in looker.get_foreign_keys(table)}
        seen |= {(table, "primary key", str(looker.get_pk_constraint(table)))}
    return seen


def test_models_equal_migrations(database_url: str) -> None:
    with _connected(database_url) as connection:
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_both_ways_to_build_the_schema_end_in_the_same_catalogue(database_url: str) -> None:
    with _connected(database_url) as connection:
        connection.execute(text("DROP TABLE alembic_version"))
        migrated = _catalogue(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert migrated == _catalogue(connection)
    for name in ("ix_lanes_ready", "ix_lanes_scheduled", "ix_lanes_leased", "ix_messages_pending"):
        assert any(name in row[0] and "WHERE" in row[-1] for row in migrated)


def test_an_absent_database_stands_nowhere_and_looking_does_not_make_it(empty_database_url: str) -> None:
    assert migrate.current(empty_database_url) is None
    assert migrate.current(empty_database_url) is None


def test_upgrading_twice_is_harmless(empty_database_url: str) -> None:
    for _ in range(2):
        migrate.upgrade(empty_database_url)
        assert migrate.current(empty_database_url) == migrate.head()


def test_processes_that_start_at_once_do_not_migrate_twice(empty_database_url: str) -> None:
    # Forked off a server that has the code loaded already, so that they really start at once.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([migrate.__name__])
    processes = [context.Process(target=migrate.upgrade, args=(empty_database_url,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    assert migrate.current(empty_database_url) == migrate.head()


@pytest.mark.parametrize(
    ("change", "current"),
    [
        ("UPDATE alembic_version SET version_num = version_num", True),
        ("UPDATE alembic_version SET version_num = 'older'", False),
        ("DELETE FROM alembic_version", False),
        ("DROP TABLE alembic_version", False),
    ],
)
async def test_a_process_can_tell_whether_the_schema_is_its_own(
    database: Database, database_url: str, change: str, *, current: bool
) -> None:
    with _connected(database_url) as connection:
        connection.execute(text(change))
    async with database.read() as session:
        assert await migrate.is_current(session) is current


async def _append(database: Database) -> None:
    async def work(session: WriteSession) -> None:
        await audit.append(session, [audit_entry(), audit_entry(outcome="same")], NOW)

    await database.run(work)


async def _log(database: Database) -> list[str]:
    async with database.read() as session:
        return [row["outcome"] for row in await audit.page(session, before_id=None, limit=10, equal={})]


async def _refused(database: Database, statement: str) -> None:
    async def work(session: WriteSession) -> None:
        await session.execute(text(statement))

    with pytest.raises(DBAPIError, match=r"audit is append-only: (UPDATE|DELETE|TRUNCATE|REPLACE) refused"):
        await database.run(work)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET outcome = 'x'", "UPDATE audit SET outcome = outcome WHERE id = 1", "DELETE FROM audit"],
)
async def test_the_database_refuses_to_change_the_log(database: Database, statement: str) -> None:
    await _append(database)
    await _refused(database, statement)
    assert await _log(database) == ["same", "new"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("first", ["SELECT 1", "SET LOCAL session_replication_role = replica"])
async def test_postgresql_refuses_to_empty_the_log_even_to_a_replica(database: Database, first: str) -> None:
    await _append(database)

    async def work(session: WriteSession) -> None:
        await session.execute(text(first))
        await session.execute(text("TRUNCATE audit"))

    with pytest.raises(DBAPIError, match="TRUNCATE refused"):
        await database.run(work)
    assert await _log(database) == ["same", "new"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_refuses_to_replace_an_entry(database: Database) -> None:
    await _append(database)
    names = ", ".join(column.name for column in metadata.tables["audit"].c)
    await _refused(database, f"INSERT OR REPLACE INTO audit ({names}) SELECT {names} FROM audit WHERE id = 1")  # noqa: S608
    assert await _log(database) == ["same", "new"]
