"""Bring a database to the schema this code was written for, and tell whether it is there."""

from functools import cache
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from app.store.session import ReadSession, sync_url

# Alembic finds the package by name, from wherever the gateway is installed.
_SCRIPTS = "migrations:."
# Alembic keeps the migration under way in a global; processes are kept apart by ``migrations/env.py``.
_ALONE = Lock()


def _config(url: str | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate to the newest schema, or to that of ``revision``; harmless when already there, or when others do it too.

    Blocks until done, for minutes on a large database. For SQLite, the folder of the file is made.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is out of reach, or a lock was not had in time; the step that
            failed left nothing behind.
    """
    file = _sqlite_file(url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    with _ALONE:
        command.upgrade(_config(url), revision)


@cache
def head() -> str:
    """The newest revision that this code knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        message = "the installation holds no migrations"
        raise RuntimeError(message)
    return revision


def current(url: str) -> str | None:
    """The revision a database stands at; None for an empty or absent one.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is out of reach.
    """
    file = _sqlite_file(url)
    if file is not None and not file.exists():
        return None  # looking must not make the file
    engine = create_engine(sync_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return _revision(connection)
    finally:
        engine.dispose()


async def is_current(session: ReadSession) -> bool:
    """Whether the schema is the one this code was written for."""
    return await session.connection.run_sync(_revision) == head()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _sqlite_file(url: str) -> Path | None:
    parsed = make_url(sync_url(url))
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        return None
    return Path(str(parsed.database))
