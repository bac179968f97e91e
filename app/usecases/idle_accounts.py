"""The daily look at people's accounts: who was away for too long is disabled, sessions that are over are closed."""

from datetime import datetime, timedelta

from app.store import account_sessions, accounts, audit
from app.store.session import WriteSession
from app.usecases.context import Context
from app.usecases.people import account_entry
from app.usecases.sessions import note_over

_PER_LOOK = 200
_KEPT = timedelta(days=30)
_BY = "lienthong"


async def look(context: Context) -> int:
    """Do a block of what is due; how many accounts were disabled and sessions closed. Again until it is 0.

    The last administrator is disabled like everybody else: the command line makes and enables accounts too.
    """
    policy = context.people

    async def work(session: WriteSession) -> int:
        now = await session.now()
        due = await accounts.idle(session, now - policy.idle, _PER_LOOK)
        entries = []
        for row in due:
            reason = f"not used for {policy.idle.days} days"
            await accounts.change(session, row.id, disabled_at=now, disabled_reason=reason)
            await account_sessions.end_all(session, row.id, now, "disabled")
            detail = {"account": row.name, "reason": reason, "active_at": row.active_at.isoformat()}
            entries.append(account_entry(_BY, row.agency, "disabled", "idle-accounts", detail))
        await audit.append(session, entries, now)
        return len(due) + await _close(context, session, now)

    return await context.database.run(work)


async def _close(context: Context, session: WriteSession, now: datetime) -> int:
    limits = context.people.sessions
    done = 0
    for row in await account_sessions.over(session, now - limits.idle, now - limits.longest, _PER_LOOK):
        why = limits.over(row.began_at, row.seen_at, now)
        done += await note_over(session, row.id, row.name, row.agency, why or "idle")
    await account_sessions.forget(session, now - _KEPT)
    return done
