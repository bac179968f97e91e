"""Have the newest checkpoint time-stamped by an authority outside, now and then; and say when that has failed for long.

A stamp proves to who trusts neither us nor our witnesses that the log stood so at a time. The reply is kept as it
came. No exchange waits for it, unless a limit is set.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.domain import stamping
from app.domain.events import EventKind
from app.store import checkpoints, log_stamps, translog
from app.store.checkpoints import Signed
from app.store.session import Row, WriteSession
from app.usecases import log_guard
from app.usecases.context import Context
from connectors.timestamp import NotStamped, TimestampConnector

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Stamping:
    """The looks of one worker: asks where it leads and it is time, and waits longer the more often that fails.

    ``now`` gives seconds that only grow.
    """

    context: Context
    worker: str
    now: Callable[[], float] = time.monotonic
    failures: int = 0
    _not_before: float = float("-inf")

    async def look(self) -> int:
        """Have the newest checkpoint stamped when that is due; always 0: there is never more to do at once."""
        stamper = self.context.stamper
        if stamper is None or self.now() < self._not_before:
            return 0
        wanted = await _due(self.context, self.worker)
        if wanted is None:
            return 0
        fault = await _stamp(self.context, stamper, wanted)
        if fault is None:
            self.failures = 0
            return 0
        self.failures += 1
        wait = stamping.wait_seconds(self.failures)
        self._not_before = self.now() + wait
        _log.warning("log_not_stamped", reason=fault.reason, error=fault.message, again_in_seconds=wait)
        return 0


async def _due(context: Context, worker: str) -> Signed | None:
    """The checkpoint to be stamped now, by us; None: none, or another leads."""
    async with context.database.read() as session:
        lease = await translog.lease(session)
        if lease is None or lease.holder != worker:
            return None
        newest, stamp = await checkpoints.newest(session), await log_stamps.newest(session)
        now = await session.now()
    if newest is None or (stamp is not None and stamp.checkpoint_id >= newest.id):
        return None
    return newest if stamping.is_due(stamp.at if stamp else None, now, context.log.stamps.seconds) else None


async def _stamp(context: Context, stamper: TimestampConnector, checkpoint: Signed) -> NotStamped | None:
    """Ask and keep the reply; what went wrong, or None."""
    answer = await stamper.stamp(checkpoint.note.encode())
    if isinstance(answer, NotStamped):
        return answer

    async def work(session: WriteSession) -> datetime | None:
        now = await session.now()
        if not stamping.clocks_agree(answer.at, now):
            return now
        await log_stamps.put(session, checkpoint.id, (answer.at, stamper.authority, answer.reply), now)
        return None

    other = await context.database.run(work)
    if other is not None:
        return NotStamped("clock", f"the authority says {answer.at.isoformat()}, we say {other.isoformat()}")
    _log.info("log_stamped", size=checkpoint.size, at=answer.at.isoformat())
    return None


async def watch(context: Context) -> None:
    """Tell people when a checkpoint has waited for a time-stamp for too long, and when that is over."""
    if context.stamper is None:
        return
    async with context.database.read() as session:
        overdue = await log_guard.overdue_seconds(context, session)
    detail: Row = {"overdue_seconds": round(overdue), "authority": context.stamper.authority}
    await log_guard.keep_told(context, EventKind.LOG_UNSTAMPED, detail, holds=stamping.is_late(overdue))
