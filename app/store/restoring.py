"""What a restored database must not believe: deliveries of the lost time, leases of workers of then, open log gaps."""

from datetime import datetime

from sqlalchemy import func, insert, select, update

from app.domain.delivery import NATIONAL, PENDING_STATES, DeliveryState, LaneState
from app.domain.failures import FailureClass
from app.store.account_tables import account_sessions
from app.store.backup_tables import restores
from app.store.log_tables import log_gaps
from app.store.session import ReadSession, Row, WriteSession
from app.store.tables import lanes, messages

RESTORED = "restored"


async def put(session: WriteSession, row: Row) -> None:
    """Keep that this database was put back from a backup."""
    await session.execute(insert(restores), row)


async def newest_at(session: ReadSession) -> datetime | None:
    """When this database was last put back from a backup; None: never."""
    row = await session.one_or_none(select(func.max(restores.c.at)))
    return row[0] if row else None


async def newest(session: ReadSession) -> Row | None:
    """The last restore."""
    row = await session.one_or_none(select(restores).order_by(restores.c.id.desc()).limit(1))
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - public name


async def doubt(session: WriteSession, now: datetime) -> int:
    """Let nothing that waits for the nation go before it was asked about; how many records.

    They may have been delivered in the time that was lost. News to receivers goes on: it carries an id that theirs
    know again.
    """
    waiting = update(messages).where(
        messages.c.target.in_(NATIONAL), messages.c.state.in_([state.value for state in PENDING_STATES])
    )
    found = await session.execute(
        waiting.values(
            state=DeliveryState.UNKNOWN.value,
            reason=RESTORED,
            failure_class=FailureClass.UNKNOWN.value,
            doubtful_since=now,
        )
    )
    awake: Row = {"state": LaneState.READY.value, "next_at": None, "lease_until": None, "worker": None}
    awake |= {"fence": lanes.c.fence + 1, "attempts": 0, "failing_since": None, "failure_class": None}
    asleep = [LaneState.LEASED.value, LaneState.SCHEDULED.value]
    await session.execute(update(lanes).where(lanes.c.state.in_(asleep)).values(**awake))
    sending = update(messages).where(messages.c.state == DeliveryState.SENDING.value)
    await session.execute(sending.values(state=DeliveryState.WAITING.value))
    return found.rowcount


async def end_sessions(session: WriteSession, now: datetime) -> None:
    """People log in anew: a session that was ended after the backup would live again."""
    living = update(account_sessions).where(account_sessions.c.ended_at.is_(None))
    await session.execute(living.values(ended_at=now, ended_by=RESTORED))


async def close_gaps(session: WriteSession) -> None:
    """The transactions that might have filled gaps of the log ended with the old server; so did its counting."""
    await session.execute(update(log_gaps).values(horizon=None))
