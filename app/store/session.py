"""Engines and transactions. The only ``commit`` of the project stands here, and rollback is the default.

Code below receives a session and never commits: one request or one engine step is one transaction.
A ``ReadSession`` cannot write (the database refuses), and a store function that writes asks for a
``WriteSession``, so that a page that writes is a type error.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from sqlite3 import Connection as SqliteConnection
from typing import Any, Protocol, TypeVar

import structlog
import tenacity
from sqlalchemy import BigInteger, ColumnElement, CursorResult, Executable, bindparam, event, func, select
from sqlalchemy import String as SqlString
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.errors import StoreBusy
from app.sealing import MasterKeys
from app.store import scrubbing

T = TypeVar("T")
Row = dict[str, Any]
_log = structlog.get_logger(__name__)

# PostgreSQL: serialization failure, deadlock, lock not available. Class 23 races end well on the second look.
_PASSING_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
_TRIES = 6


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """An aware time."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Current time in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ReadSession:
    """A transaction that may only read."""

    connection: AsyncConnection
    clock: Clock | None
    # What wraps the keys that personal values are encrypted under; None: no such value is kept.
    keys: MasterKeys | None = field(default=None, repr=False)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.connection.dialect.name

    async def now(self) -> datetime:
        """The one clock all processes share: the injected one, else PostgreSQL's, else this machine's."""
        if self.clock is not None:
            return self.clock.now()
        if self.dialect == "postgresql":
            at: datetime = (await self.connection.execute(select(func.clock_timestamp()))).scalar_one()
            return at.astimezone(UTC)
        return datetime.now(UTC)

    async def rows(self, statement: Executable, parameters: Row | None = None) -> Sequence[Any]:
        """All rows of a statement."""
        return (await self.connection.execute(statement, parameters)).all()

    async def one_or_none(self, statement: Executable, parameters: Row | None = None) -> Any | None:  # noqa: ANN401 - a row
        """The row of a statement, or None."""
        return (await self.connection.execute(statement, parameters)).one_or_none()


@dataclass(frozen=True, slots=True)
class WriteSession(ReadSession):
    """A transaction that may write; committed once, by ``Database.run``."""

    async def execute(self, statement: Executable, parameters: Row | Sequence[Row] | None = None) -> CursorResult[Any]:
        """Run a writing statement; a sequence of parameters runs it for each."""
        return await self.connection.execute(statement, parameters)


def member_of(column: ColumnElement[Any], name: str, dialect: str) -> ColumnElement[bool]:
    """``column`` is among the values bound to ``name`` (see ``members``); one statement text for any count."""
    if dialect == "postgresql":
        kind = BigInteger() if isinstance(column.type, BigInteger) else SqlString()
        return column == func.any(bindparam(name, type_=ARRAY(kind)))
    values = func.json_each(bindparam(name)).table_valued("value")
    return column.in_(select(values.c.value))


def members(values: Sequence[int] | Sequence[str], dialect: str) -> object:
    """The values for a ``member_of``."""
    if dialect == "postgresql":
        return list(values)
    return json.dumps(list(values))


class Database:
    """One database: a writing and a reading side, and the retry of transactions that lost a race."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        keys: MasterKeys | None = None,
        pool_size: int = 10,
        busy_seconds: float = 30.0,
    ) -> None:
        """Prepare the engines; nothing is connected yet. ``url`` is ``sqlite:///…`` or ``postgresql://…``."""
        self.url = async_url(url)
        self.clock = clock
        self.keys = keys
        self._busy_seconds = busy_seconds
        self.is_sqlite = self.url.startswith("sqlite")
        self._writer = self._engine(read_only=False, pool_size=1 if self.is_sqlite else pool_size)
        self._reader = self._engine(read_only=True, pool_size=pool_size)

    def _engine(self, *, read_only: bool, pool_size: int) -> AsyncEngine:
        if not self.is_sqlite:
            options = {"postgresql_readonly": True} if read_only else {}
            return create_async_engine(
                self.url,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=self._busy_seconds,
                pool_pre_ping=True,
                # What is bound to a statement is personal, and errors go to the log.
                hide_parameters=True,
                execution_options=options,
            )
        engine = create_async_engine(
            self.url,
            # One writing connection a process: writers queue here in order instead of racing for the file lock.
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=self._busy_seconds,
            connect_args={"timeout": self._busy_seconds},
            hide_parameters=True,
        )
        _tune_sqlite(engine, read_only=read_only)
        return engine

    async def run(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
        """Run ``work`` in one transaction and commit it; again from the start when it lost a race.

        Raises:
            StoreBusy: the database stayed locked or out of reach; nothing was written.
        """
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_lost_a_race),
            # A file that stayed locked all that time is not waited for again; one that refused at once is.
            stop=tenacity.stop_after_attempt(_TRIES) | tenacity.stop_after_delay(self._busy_seconds),
            wait=tenacity.wait_random_exponential(multiplier=0.01, max=0.5),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    return await self._once(work)
        except (OperationalError, PoolTimeoutError) as error:
            message = "the database did not take the transaction"
            raise StoreBusy(message) from error
        message = "the retry loop ended without an answer"  # pragma: no cover - tenacity reraises
        raise AssertionError(message)  # pragma: no cover

    async def _once(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
        async with self._writer.connect() as connection:
            result = await work(WriteSession(connection, self.clock, self.keys))
            await connection.commit()
            return result

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """A reading transaction; never committed.

        Raises:
            StoreBusy: the database is out of reach.
        """
        try:
            connection = await self._reader.connect()
        except (OperationalError, PoolTimeoutError, OSError) as error:
            message = "the database is out of reach"
            raise StoreBusy(message) from error
        try:
            yield ReadSession(connection, self.clock, self.keys)
        finally:
            await connection.close()

    async def scrub(self) -> bool:
        """See that no page of the database holds what was overwritten in ``subject_keys``; whether that was done.

        SQLite overwrites in place (``secure_delete``); what its write-ahead log still holds is taken over and cut off.
        PostgreSQL keeps the old version of a row in its page: the table is written anew, and the old file let go.
        Backups, and on PostgreSQL the archive of its log, are out of reach. Waits at most some seconds for others.
        """
        return await (scrubbing.sqlite(self._writer) if self.is_sqlite else scrubbing.postgresql(self._writer))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._writer.dispose()
        await self._reader.dispose()


def async_url(url: str) -> str:
    """Name the async driver in a database URL: psycopg for PostgreSQL, aiosqlite for SQLite."""
    parsed = make_url(url)
    driver = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite+aiosqlite"}
    return parsed.set(drivername=driver[parsed.drivername.split("+")[0]]).render_as_string(hide_password=False)


def sync_url(url: str) -> str:
    """The same database for the synchronous driver that migrations use."""
    parsed = make_url(async_url(url))
    driver = parsed.drivername.replace("sqlite+aiosqlite", "sqlite")
    return parsed.set(drivername=driver).render_as_string(hide_password=False)


def _lost_a_race(error: BaseException) -> bool:
    if isinstance(error, IntegrityError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
        return True
    return getattr(error.orig, "sqlstate", None) in _PASSING_SQLSTATES or error.connection_invalidated


def _tune_sqlite(engine: AsyncEngine, *, read_only: bool) -> None:
    def connect(connection: SqliteConnection, _record: object) -> None:
        # The driver must not begin transactions by itself: ours begin IMMEDIATE, so that a reader that
        # turns writer cannot fail at once, without waiting, as deferred ones do.
        connection.isolation_level = None
        cursor = connection.cursor()
        # A file keeps its mode. Two that change it at once are told "locked" without a wait; readers leave it alone.
        mode = "query_only=ON" if read_only else "journal_mode=WAL"
        # What is overwritten or deleted leaves no remnant in its page: a key that was destroyed must be gone.
        for pragma in (mode, "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begin(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's Connection
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", connect)
    event.listen(engine.sync_engine, "begin", begin)
