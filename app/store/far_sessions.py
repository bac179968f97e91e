"""The session with a national system, one row a destination: logged in once for all workers of all processes.

Every rule stands in the condition of one UPDATE, so that of any number of callers one gets leave to log in. Times
are the database's; what a caller is told is a number of seconds, so that its own clock does not matter.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.store.session import ReadSession, WriteSession
from app.store.tables import far_sessions

_MESSAGE_MAX, _REASON_MAX = 1000, 40


@dataclass(frozen=True, slots=True)
class Standing:
    """What is kept of a destination; the seconds count from now by the database, and are never below 0."""

    token: str | None = field(repr=False)
    generation: int
    ends_seconds: float
    login_seconds: float
    failed_seconds: float
    failure_reason: str | None
    failure_message: str | None


async def load(session: ReadSession, target: str, now: datetime) -> Standing | None:
    """What is kept; None when nobody ever asked for a session."""
    row = await session.one_or_none(select(far_sessions).where(far_sessions.c.target == target))
    if row is None:
        return None
    return Standing(
        row.token,
        row.generation,
        _left(row.ends_at, now),
        _left(row.login_until, now),
        _left(row.failed_until, now),
        row.failure_reason,
        row.failure_message,
    )


async def begin_login(
    session: WriteSession, target: str, *, by: str, not_this: str | None, lease_seconds: float, now: datetime
) -> bool:
    """Take leave to log in under the name ``by``; False when another has it, a login has just failed, or one lives.

    ``not_this`` is a session that was refused: should it still be the one that is kept, it counts as ended.
    """
    insert = postgresql.insert if session.dialect == "postgresql" else sqlite.insert
    await session.execute(insert(far_sessions).values(target=target, generation=0).on_conflict_do_nothing())
    columns = far_sessions.c
    ended = or_(columns.token.is_(None), columns.ends_at <= now, columns.token == not_this)
    statement = (
        update(far_sessions)
        .where(
            columns.target == target,
            ended,
            or_(columns.login_until.is_(None), columns.login_until <= now),
            or_(columns.failed_until.is_(None), columns.failed_until <= now),
        )
        .values(login_by=by, login_until=now + timedelta(seconds=lease_seconds))
    )
    return (await session.execute(statement)).rowcount == 1


async def end_login(session: WriteSession, target: str, *, by: str, token: str, seconds: float, now: datetime) -> bool:
    """Keep what a login brought; False when the leave had run out and another took it: then nothing is kept."""
    columns = far_sessions.c
    statement = (
        update(far_sessions)
        .where(columns.target == target, columns.login_by == by)
        .values(
            token=token,
            generation=columns.generation + 1,
            ends_at=now + timedelta(seconds=seconds),
            **_NO_LOGIN,
            failed_until=None,
            failure_reason=None,
            failure_message=None,
        )
    )
    return (await session.execute(statement)).rowcount == 1


async def fail_login(
    session: WriteSession, target: str, *, by: str, reason: str, message: str, seconds: float, now: datetime
) -> None:
    """Give the leave back, and let nobody try again for ``seconds``."""
    await session.execute(
        update(far_sessions)
        .where(far_sessions.c.target == target, far_sessions.c.login_by == by)
        .values(
            **_NO_LOGIN,
            failed_until=now + timedelta(seconds=seconds),
            failure_reason=reason[:_REASON_MAX],
            failure_message=message[:_MESSAGE_MAX],
        )
    )


_NO_LOGIN: dict[str, None] = {"login_by": None, "login_until": None}


def _left(until: datetime | None, now: datetime) -> float:
    return 0.0 if until is None else max(0.0, (until - now).total_seconds())
