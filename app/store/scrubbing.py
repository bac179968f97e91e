"""No remnant of a destroyed key in the database's own files: outside of any transaction, as both engines demand."""

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

_TABLE = "subject_keys"
_WAIT_MILLISECONDS = 2000
_log = structlog.get_logger(__name__)


async def sqlite(engine: AsyncEngine) -> bool:
    """Take the write-ahead log over into the file and cut it off."""
    async with engine.connect() as connection:
        # The driver's own, since SQLAlchemy would begin a transaction first.
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101 - an open connection has one
        (before,) = await (await driver.execute("PRAGMA busy_timeout")).fetchone()
        await driver.execute(f"PRAGMA busy_timeout={_WAIT_MILLISECONDS}")
        # Busy: a reader still looks at an older state, for which the log is needed.
        busy, *_ = await (await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")).fetchone()
        await driver.execute(f"PRAGMA busy_timeout={before}")
    return not busy


async def postgresql(engine: AsyncEngine) -> bool:
    """Write the table anew; refused for who does not own it, and given up when others hold it for long."""
    async with engine.connect() as connection:
        own = await connection.execution_options(isolation_level="AUTOCOMMIT")
        filenode = f"SELECT pg_relation_filenode('{_TABLE}')"
        before = (await own.exec_driver_sql(filenode)).scalar_one()
        await own.exec_driver_sql(f"SET lock_timeout = {_WAIT_MILLISECONDS}")
        try:
            await own.exec_driver_sql(f"VACUUM (FULL) {_TABLE}")
        except DBAPIError as error:
            _log.warning("not_scrubbed", error=type(error.orig).__name__)
        finally:
            await own.exec_driver_sql("RESET lock_timeout")
        # Who may not do it is only warned.
        return bool((await own.exec_driver_sql(filenode)).scalar_one() != before)
