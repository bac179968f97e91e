"""What the database can say of its own protection: triggers that refuse, what its role may do, who hears alarms."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, text

from app.store.account_tables import accounts
from app.store.session import ReadSession
from app.store.watch_tables import webhooks

_ON_SQLITE: Final = ("refuses_update", "refuses_delete", "refuses_replace")
_ON_POSTGRESQL: Final = ("append_only", "never_emptied")
_ONLY_GROW: Final = (
    "audit", "audit_values", "log_leaves", "log_checkpoints", "log_cosignatures", "log_timestamps", "log_archives",
    "log_archived", "log_archive_about", "retention_runs", "retention_decisions", "retention_holds",
    "retention_hold_ends",
)  # fmt: skip
# What must refuse, by table: also what lets entries go only where they were archived, and keeps keys of persons.
_REFUSALS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "sqlite": dict.fromkeys(_ONLY_GROW, _ON_SQLITE) | {"subject_keys": ("refuses_delete", "refuses_replace")},
    "postgresql": dict.fromkeys(_ONLY_GROW, _ON_POSTGRESQL)
    | {"audit": (*_ON_POSTGRESQL, "goes_archived"), "subject_keys": ("never_deleted", "never_emptied")},
}
# A: also where ordinary triggers sleep. Whoever owns a table, or is a superuser, can take its triggers away.
_ACTIVE: Final = {
    "sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND c.relnamespace = current_schema()::regnamespace
    """,
}
_POWERS: Final = """
    SELECT CASE WHEN r.rolsuper THEN 'superuser' END, CASE WHEN r.rolcreaterole THEN 'makes roles' END,
           CASE WHEN r.rolbypassrls THEN 'bypasses row security' END,
           CASE WHEN EXISTS (SELECT 1 FROM pg_class c WHERE c.relname = 'audit' AND c.relkind = 'r'
               AND c.relnamespace = current_schema()::regnamespace AND pg_has_role(current_user, c.relowner, 'USAGE'))
           THEN 'owns the log' END
    FROM pg_roles r WHERE r.rolname = current_user
"""


async def unprotected(session: ReadSession) -> tuple[str, ...]:
    """Tables of the log that the database itself does not keep from being changed."""
    there = {(row[0], row[1]) for row in await session.rows(text(_ACTIVE[session.dialect]))}
    return tuple(
        table
        for table, wanted in _REFUSALS[session.dialect].items()
        if not {(table, f"{table}_{name}") for name in wanted} <= there
    )


async def powers(session: ReadSession) -> tuple[str, ...]:
    """What this role may do that an application need not; empty on SQLite, where there are no roles."""
    if session.dialect != "postgresql":
        return ()
    row = await session.one_or_none(text(_POWERS))
    return tuple(power for power in (row or ()) if power)


@dataclass(frozen=True, slots=True)
class Counted:
    """Accounts that may log in, those of them that lack a second factor they need, and those idle for too long.

    ``invited`` have only a one-time password yet, which opens nothing but the choice of a password and a factor.
    """

    living: int
    invited: int
    without_factor: int
    stale: int


async def people(session: ReadSession, with_factor: Collection[str], idle_since: datetime) -> Counted:
    """Count the accounts of people."""
    bare = accounts.c.totp_sealed.is_(None).label("bare")
    columns = (accounts.c.roles, accounts.c.must_change, bare, accounts.c.active_at)
    rows = await session.rows(select(*columns).where(accounts.c.disabled_at.is_(None)))
    lacking = [row for row in rows if row.bare and not set(row.roles.split()).isdisjoint(with_factor)]
    invited = sum(row.must_change for row in lacking)
    return Counted(len(rows), invited, len(lacking) - invited, sum(row.active_at < idle_since for row in rows))


async def receivers_of_alarms(session: ReadSession) -> int:
    """Webhooks that are told of events of the system."""
    told = select(func.count()).select_from(webhooks)
    rows = await session.rows(told.where(webhooks.c.system_events, webhooks.c.ended_at.is_(None)))
    return int(rows[0][0])
