"""Sessions of people: the hash of what their cookie holds, since when, and when last used."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from app.store.account_tables import account_sessions, accounts
from app.store.session import ReadSession, WriteSession

_C = account_sessions.c
_LIVE = _C.ended_at.is_(None)


async def add(session: WriteSession, account_id: int, secret_hash: str, at: datetime) -> None:
    """Begin a session."""
    row = {"account_id": account_id, "secret_hash": secret_hash, "began_at": at, "seen_at": at}
    await session.execute(insert(account_sessions), row)


async def living(session: ReadSession, secret_hash: str) -> Any | None:  # noqa: ANN401 - a row
    """A session that was not ended, of an account that is not disabled; with the account."""
    mine = (_C.id.label("session_id"), _C.began_at, _C.seen_at)
    statement = (
        select(accounts, *mine)
        .join(account_sessions, _C.account_id == accounts.c.id)
        .where(_C.secret_hash == secret_hash, _LIVE, accounts.c.disabled_at.is_(None))
    )
    return await session.one_or_none(statement)


async def seen(session: WriteSession, session_id: int, at: datetime) -> None:
    """Note that a session was used."""
    await session.execute(update(account_sessions).where(_C.id == session_id, _LIVE).values(seen_at=at))


async def renew(session: WriteSession, session_id: int, secret_hash: str) -> bool:
    """Give a session another id, so that the old cookie opens nothing; False when it has ended."""
    done = await session.execute(
        update(account_sessions).where(_C.id == session_id, _LIVE).values(secret_hash=secret_hash)
    )
    return done.rowcount == 1


async def end(session: WriteSession, session_id: int, at: datetime, by: str) -> bool:
    """End a session; False when it had ended."""
    done = await session.execute(
        update(account_sessions).where(_C.id == session_id, _LIVE).values(ended_at=at, ended_by=by)
    )
    return done.rowcount == 1


async def end_all(session: WriteSession, account_id: int, at: datetime, by: str, *, but: int | None = None) -> int:
    """End the sessions of an account, all or all but one; how many."""
    wanted = [_C.account_id == account_id, _LIVE]
    if but is not None:
        wanted.append(_C.id != but)
    done = await session.execute(update(account_sessions).where(*wanted).values(ended_at=at, ended_by=by))
    return done.rowcount


async def over(session: WriteSession, seen_before: datetime, began_before: datetime, limit: int) -> Sequence[Any]:
    """Sessions that have ended by themselves and are not marked so yet, with the name and agency of their account."""
    statement = (
        select(_C.id, _C.began_at, _C.seen_at, accounts.c.name, accounts.c.agency)
        .join(accounts, _C.account_id == accounts.c.id)
        .where(_LIVE, or_(_C.seen_at <= seen_before, _C.began_at <= began_before))
        .order_by(_C.id)
        .limit(limit)
    )
    return (await session.execute(statement)).all()


async def forget(session: WriteSession, ended_before: datetime) -> int:
    """Remove sessions that ended long ago; the log keeps what happened in them."""
    done = await session.execute(delete(account_sessions).where(_C.ended_at < ended_before))
    return done.rowcount
