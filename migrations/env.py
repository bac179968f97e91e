"""How migrations run: one process at a time, bounded waits, and whole steps or nothing.

``app.store.migrate`` gives the URL in ``config.attributes``; a developer gives it with ``alembic -x url=...``.
"""

from sqlite3 import Connection as SqliteConnection

from alembic import context
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import NullPool

from app.store import (  # noqa: F401 - all belong to one metadata
    account_tables,
    client_tables,
    disclosure_tables,
    document_tables,
    log_tables,
    once_only_tables,
    subject_tables,
    watch_tables,
)
from app.store.session import sync_url
from app.store.tables import metadata

# Any number will do, as long as nobody else in the database locks it; dossiers lock hashes of 64 bits.
_MIGRATION_LOCK = 7_224_278_118_367_001
# Longer than a step takes on a province's tables; a process that waits for another's migration waits as long.
_STATEMENT_SECONDS = 600
# A step that cannot get its lock soon must not queue in front of everybody else's reads and writes.
_LOCK_SECONDS = 5
_SQLITE_BUSY_SECONDS = 60.0


def _run(url: str) -> None:
    sqlite = url.startswith("sqlite")
    options = {"timeout": _SQLITE_BUSY_SECONDS} if sqlite else {}
    engine = create_engine(url, poolclass=NullPool, connect_args=options)
    try:
        if sqlite:
            _begin_immediately(engine)
            # The whole history is one transaction: it takes the file's only lock before it looks where it stands.
            with engine.begin() as connection:
                _migrate(connection)
        else:
            with engine.connect() as connection:
                _guard(connection)
                _migrate(connection)
    finally:
        engine.dispose()


def _guard(connection: Connection) -> None:
    """Wait for other migrators, then bound every later wait. The lock ends with the connection."""
    connection.execute(text(f"SET statement_timeout = '{_STATEMENT_SECONDS}s'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
    connection.execute(text(f"SET lock_timeout = '{_LOCK_SECONDS}s'"))
    # Alembic must find no open transaction, or it would leave committing to us and make all steps one.
    connection.commit()


def _begin_immediately(engine: Engine) -> None:
    def connect(connection: SqliteConnection, _record: object) -> None:
        # The driver would commit before DDL; with it out of the way, DDL rolls back like everything else.
        connection.isolation_level = None

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_server_default=True,
        # SQLite cannot alter a table in place: new steps are written as batches there.
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


_run(sync_url(context.config.attributes.get("url") or context.get_x_argument(as_dictionary=True)["url"]))
