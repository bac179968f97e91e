"""What the database says of its own protection: every refusal that a migration has made is looked for."""

from sqlalchemy import text

from app.store import standing
from app.store.session import Database
from tests.logging_world import execute

# What takes values along with an entry that goes refuses nothing.
REFUSES_NOTHING = {"audit_takes_values_along"}


async def _triggers(database: Database) -> list[tuple[str, str, str]]:
    """Table, name and text of each trigger."""
    statement = (
        "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"
        if database.is_sqlite
        else "SELECT tgrelid::regclass::text, tgname, '' FROM pg_trigger WHERE NOT tgisinternal"
    )
    async with database.read() as session:
        return [(row[0], row[1], row[2]) for row in await session.rows(text(statement))]


async def test_a_table_that_lacks_any_of_its_refusals_is_named(database: Database) -> None:
    async def told() -> tuple[str, ...]:
        async with database.read() as session:
            return await standing.unprotected(session)

    assert await told() == ()
    found = [each for each in await _triggers(database) if each[1] not in REFUSES_NOTHING]
    assert {"audit", "subject_keys", "log_archived", "log_timestamps"} <= {table for table, _, _ in found}
    for table, name, sql in found:
        away, back = (
            (f"DROP TRIGGER {name}", sql)
            if database.is_sqlite
            # An ordinary trigger sleeps in a session that plays a replica.
            else (f"ALTER TABLE {table} ENABLE TRIGGER {name}", f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        )
        await execute(database, away)
        assert await told() == (table,), name
        await execute(database, back)
    assert await told() == ()
