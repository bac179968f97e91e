"""What the database can say of its own protection: triggers that refuse, what its role may do, who hears alarms."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, text

from app.store.account_tables import accounts
from app.store.session import ReadSession
from app.store.watch_tables import webhooks

_APPEND_ONLY: Final = ("audit", "log_leaves", "log_checkpoints", "log_cosignatures")
_SQLITE_TRIGGERS: Final = ("{}_refuses_update", "{}_refuses_delete", "{}_refuses_replace")
_POSTGRESQL_TRIGGERS: Final = ("{}_append_only", "{}_never_emptied")
# A: also where ordinary triggers sleep. Whoever owns a table, or is a superuser, can take its triggers away.
_ACTIVE: Final = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'"
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
    if session.dialect == "postgresql":
        there = {row[0] for row in await session.rows(text(_ACTIVE))}
        wanted: tuple[str, ...] = _POSTGRESQL_TRIGGERS
    else:
        there = {row[0] for row in await session.rows(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))}
        wanted = _SQLITE_TRIGGERS
    return tuple(table for table in _APPEND_ONLY if not {name.format(table) for name in wanted} <= there)


async def powers(session: ReadSession) -> tuple[str, ...]:
    """What this role may do that an application need not; empty on SQLite, where there are no roles."""
    if session.dialect != "postgresql":
        return ()
    row = await session.one_or_none(text(_POWERS))
    return tuple(power for power in (row or ()) if power)


@dataclass(frozen=True, slots=True)
class Counted:
    """Accounts that may log in, those of them that lack a second factor they need, and those idle for too long."""

    living: int
    without_factor: int
    stale: int


async def people(session: ReadSession, with_factor: Collection[str], idle_since: datetime) -> Counted:
    """Count the accounts of people."""
    columns = (accounts.c.roles, accounts.c.totp_sealed.is_(None).label("bare"), accounts.c.active_at)
    rows = await session.rows(select(*columns).where(accounts.c.disabled_at.is_(None)))
    bare = [row for row in rows if row.bare and not set(row.roles.split()).isdisjoint(with_factor)]
    return Counted(len(rows), len(bare), sum(row.active_at < idle_since for row in rows))


async def receivers_of_alarms(session: ReadSession) -> int:
    """Webhooks that are told of events of the system."""
    told = select(func.count()).select_from(webhooks)
    rows = await session.rows(told.where(webhooks.c.system_events, webhooks.c.ended_at.is_(None)))
    return int(rows[0][0])
