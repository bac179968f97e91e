"""A picture of the whole database at one moment, as files, and its way back into an empty one. Call it in a thread.

SQLite: the online backup of the engine itself, in one step; writers go on beside it. PostgreSQL: every table by COPY
in one repeatable-read transaction, so that nothing of a client's programs is needed and one format is tried by every
drill; it goes back into a schema that our own migrations have made.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from alembic.runtime.migration import MigrationContext
from psycopg import sql
from sqlalchemy import Connection, Engine, create_engine, func, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from app.errors import LienThongError
from app.store import migrate
from app.store.blobs import DAMAGED, KEPT
from app.store.document_tables import blobs
from app.store.log_tables import log_checkpoints, log_leaves
from app.store.session import sync_url

SQLITE_FILE: Final = "lienthong.sqlite3"
_INDEX: Final = "tables.json"
_VERSION_TABLE: Final = "alembic_version"
_BLOCK_BYTES: Final = 2**20


class SnapshotFailed(LienThongError):
    """The picture could not be taken, or not be put back; says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the picture shows. ``objects`` are hashes and sizes in bytes of the files it speaks of."""

    engine: str
    revision: str
    at: datetime
    tables: Mapping[str, int]
    log_size: int
    checkpoint: str | None
    objects: tuple[tuple[str, int], ...]


def take(url: str, folder: Path) -> Taken:
    """Write a picture of the database into ``folder``, which is there and empty.

    Raises:
        SnapshotFailed: the database is out of reach, or has no schema of ours.
    """
    try:
        if _is_sqlite(url):
            return _take_sqlite(url, folder / SQLITE_FILE)
        with _connected(url, isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
            # The first statement fixes what this transaction sees.
            at: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
            _copy_out(connection, folder)
            return _facts(connection, at.astimezone(UTC))
    except (DBAPIError, sqlite3.Error, OSError) as error:
        message = f"no picture of the database could be taken: {_words(error)}"
        raise SnapshotFailed(message) from error


def put_back(url: str, folder: Path, revision: str) -> None:
    """Fill an empty database from a picture, and bring it to the newest schema.

    Raises:
        SnapshotFailed: the picture does not fit; what is there then is of no use.
    """
    try:
        if _is_sqlite(url):
            _put_back_sqlite(url, folder / SQLITE_FILE)
        else:
            migrate.upgrade(url, revision)
            with _connected(url) as connection:
                _copy_in(connection, folder)
        migrate.upgrade(url)
    except (DBAPIError, sqlite3.Error, OSError, ValueError, KeyError) as error:
        message = f"the picture could not be put back: {_words(error)}"
        raise SnapshotFailed(message) from error


def is_empty(url: str) -> bool:
    """Whether there is nothing that a restore could overwrite.

    Raises:
        SnapshotFailed: the database is out of reach.
    """
    if _is_sqlite(url):
        file = _file(url)
        return not any(file.with_name(file.name + ending).exists() for ending in ("", "-wal", "-journal"))
    try:
        with _connected(url) as connection:
            return not inspect(connection).get_table_names()
    except DBAPIError as error:
        message = f"the database cannot be reached: {_words(error)}"
        raise SnapshotFailed(message) from error


@contextmanager
def scratch_database(url: str, name: str) -> Iterator[str]:
    """A new, empty database on the same server for as long as the block; PostgreSQL only.

    Raises:
        SnapshotFailed: this role may not make databases.
    """
    engine = create_engine(sync_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    quoted = engine.dialect.identifier_preparer.quote(name)
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {quoted}"))
    except DBAPIError as error:
        message = f"no database for the drill could be made: {_words(error)}; name an empty one with --database-url"
        raise SnapshotFailed(message) from error
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {quoted} WITH (FORCE)"))
        engine.dispose()


def _is_sqlite(url: str) -> bool:
    return sync_url(url).startswith("sqlite")


def _file(url: str) -> Path:
    return Path(str(make_url(sync_url(url)).database))


def _words(error: Exception) -> str:
    """The engine's own words without statement and parameters, which may be personal."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]


@contextmanager
def _connected(url: str, **options: Any) -> Iterator[Connection]:  # noqa: ANN401 - SQLAlchemy's
    engine: Engine = create_engine(sync_url(url), poolclass=NullPool, hide_parameters=True)
    try:
        with engine.execution_options(**options).begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _take_sqlite(url: str, target: Path) -> Taken:
    source = _file(url)
    if not source.is_file():
        message = f"there is no database at {source}"
        raise SnapshotFailed(message)
    at = datetime.now(UTC)
    with closing(sqlite3.connect(source, timeout=60)) as live, closing(sqlite3.connect(target)) as copy:
        # All pages in one step: done in several, it would begin anew with each write of another process.
        live.backup(copy)
        # One file that is whole by itself.
        copy.execute("PRAGMA journal_mode=DELETE")
        (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            message = f"the copy of the database is damaged: {verdict}"
            raise SnapshotFailed(message)
    with _connected(f"sqlite:///{target}") as connection:
        return _facts(connection, at)


def _put_back_sqlite(url: str, source: Path) -> None:
    target = _file(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as kept, closing(sqlite3.connect(target)) as new:
        kept.backup(new)


def _facts(connection: Connection, at: datetime) -> Taken:
    revision = MigrationContext.configure(connection).get_current_revision()
    tables = inspect(connection).get_table_names()
    if revision is None or log_leaves.name not in tables:
        message = "the database holds no schema of ours"
        raise SnapshotFailed(message)
    quote = connection.dialect.identifier_preparer.quote
    counts = {
        name: int(connection.execute(text(f"SELECT count(*) FROM {quote(name)}")).scalar_one())  # noqa: S608 - quoted
        for name in sorted(tables)
        if name != _VERSION_TABLE
    }
    last = connection.execute(select(func.max(log_leaves.c.seq))).scalar_one()
    newest = select(log_checkpoints.c.note).order_by(log_checkpoints.c.id.desc()).limit(1)
    kept = select(blobs.c.sha256, blobs.c.size_bytes).where(blobs.c.state.in_((KEPT, DAMAGED))).order_by(blobs.c.sha256)
    return Taken(
        engine=connection.dialect.name,
        revision=revision,
        at=at,
        tables=counts,
        log_size=0 if last is None else last + 1,
        checkpoint=connection.execute(newest).scalar_one_or_none(),
        objects=tuple((row.sha256, row.size_bytes) for row in connection.execute(kept)),
    )


def _copy_out(connection: Connection, folder: Path) -> None:
    looker = inspect(connection)
    # What others point at comes first, so that it can go back in the same order.
    names = [name for name, _ in looker.get_sorted_table_and_fkc_names() if name and name != _VERSION_TABLE]
    index = []
    with _cursor(connection) as cursor:
        for place, name in enumerate(names):
            columns = [column["name"] for column in looker.get_columns(name)]
            file = f"{place:03d}-{name}.copy"
            with (folder / file).open("wb") as out, cursor.copy(_copy(name, columns, "TO STDOUT")) as copy:
                for block in copy:
                    out.write(block)
            index.append({"table": name, "columns": columns, "file": file})
    # After the rows: a number is given out before its row is seen, so none of theirs lies above.
    numbers = connection.execute(
        text("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()")
    )
    sequences = {row[0]: row[1] for row in numbers if row[1] is not None}
    (folder / _INDEX).write_text(json.dumps({"tables": index, "sequences": sequences}, indent=1), "utf-8")


def _copy_in(connection: Connection, folder: Path) -> None:
    told = json.loads((folder / _INDEX).read_text("utf-8"))
    with _cursor(connection) as cursor:
        for each in told["tables"]:
            copying = _copy(each["table"], each["columns"], "FROM STDIN")
            with (folder / each["file"]).open("rb") as rows, cursor.copy(copying) as copy:
                while block := rows.read(_BLOCK_BYTES):
                    copy.write(block)
    quote = connection.dialect.identifier_preparer.quote
    for name, value in told["sequences"].items():
        connection.execute(
            text("SELECT setval(CAST(:name AS regclass), :value)"), {"name": quote(name), "value": value}
        )


def _copy(table: str, columns: list[str], way: str) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) {}").format(sql.Identifier(table), names, sql.SQL(way))


@contextmanager
def _cursor(connection: Connection) -> Iterator[Any]:
    """The driver's own cursor within SQLAlchemy's transaction: COPY is the driver's."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        yield cursor
