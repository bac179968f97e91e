"""The age of the log: how long ago the oldest entry was written that no signed checkpoint covers; and what it stops.

Past half the limit people are told; past the limit nothing is exchanged until a checkpoint covers what happened.
"""

from dataclasses import dataclass
from datetime import datetime

from app import observability
from app.domain import stamping
from app.domain.events import EventKind, Phase
from app.errors import AuditUnavailable
from app.store import checkpoints, log_stamps, translog
from app.store import events as event_store
from app.store.checkpoints import Signed
from app.store.log_stamps import Stamp
from app.store.readable import UnreadableRow
from app.store.session import ReadSession, Row, SystemClock, WriteSession
from app.usecases import events
from app.usecases.context import Context, LogPolicy

SUBJECT = "log"
LOOK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class LogView:
    """How the log stands. ``age_seconds`` is None where nobody signs; the leader is who sequenced last."""

    size: int
    unsequenced: int
    checkpoint: Signed | None
    cosigners: tuple[str, ...]
    age_seconds: float | None
    leader: str | None
    leader_until: datetime | None
    stamp: Stamp | None
    overdue_seconds: float | None
    now: datetime


async def require(context: Context) -> None:
    """Let an exchange begin only while the log is covered. Costs nothing but a comparison between two looks.

    Raises:
        AuditUnavailable: what happened is not covered by a signature for too long, or nobody can tell.
    """
    try:
        covered = await is_covered(context)
    except UnreadableRow as error:
        message = "the newest checkpoint of the audit log cannot be read, so nothing is exchanged"
        raise AuditUnavailable(message) from error
    if covered:
        return
    limit = context.log.age_max_seconds
    message = f"no signed checkpoint has covered the audit log for more than {limit:.0f} s, so nothing is exchanged"
    if context.log_look.age_seconds <= limit:
        limit = context.log.stamps.limit_seconds
        message = f"a time-stamp of the audit log is overdue for more than {limit:.0f} s, so nothing is exchanged"
    raise AuditUnavailable(message)


async def is_covered(context: Context) -> bool:
    """Whether the age is within its limit, by a look that is at most 10 seconds old; always where nobody signs.

    Where time-stamps have a limit, that too.
    """
    if context.log.signer is None:
        return True
    look = context.log_look
    now = (context.database.clock or SystemClock()).now()
    if look.at is None or not 0 <= (now - look.at).total_seconds() < LOOK_SECONDS:
        async with context.database.read() as session:
            look.age_seconds = await age_seconds(session)
            look.overdue_seconds = await overdue_seconds(context, session)
        look.at = now
    return not stops(context.log, look.age_seconds, look.overdue_seconds)


def stops(policy: LogPolicy, age: float, overdue: float) -> bool:
    """Whether nothing may be exchanged, at this age of the log and with a time-stamp overdue for so long (seconds)."""
    return age > policy.age_max_seconds or 0 < policy.stamps.limit_seconds < overdue


async def overdue_seconds(context: Context, session: ReadSession) -> float:
    """How long the next time-stamp is overdue; 0 where none is asked for."""
    if context.stamper is None:
        return 0.0
    since = await log_stamps.waits_since(session)
    return stamping.overdue_seconds(since, await session.now(), context.log.stamps.seconds)


async def age_seconds(session: ReadSession) -> float:
    """How old the oldest entry is that no checkpoint covers; 0: all are covered.

    What was there before anything was ever signed counts from the first checkpoint on.
    """
    newest, head = await checkpoints.newest(session), await translog.head(session)
    at = await translog.oldest_uncovered_at(session, newest.size if newest else 0, head.last_id)
    if at is None:
        return 0.0
    began = await checkpoints.first_at(session)
    since = at if began is None else max(at, began)
    return max((await session.now() - since).total_seconds(), 0.0)


async def view(context: Context) -> LogView:
    """How the log stands now."""
    async with context.database.read() as session:
        head, lease = await translog.head(session), await translog.lease(session)
        newest = await checkpoints.newest(session)
        return LogView(
            size=head.size,
            unsequenced=await translog.unsequenced(session, head.last_id),
            checkpoint=newest,
            cosigners=tuple(who for who, _ in await checkpoints.cosignatures(session, newest.id)) if newest else (),
            age_seconds=None if context.log.signer is None else await age_seconds(session),
            leader=lease.holder if lease else None,
            leader_until=lease.until if lease else None,
            stamp=await log_stamps.newest(session),
            overdue_seconds=None if context.stamper is None else await overdue_seconds(context, session),
            now=await session.now(),
        )


async def watch(context: Context) -> None:
    """Tell people when the log gets late, and when it is covered again."""
    if context.log.signer is None:
        return
    async with context.database.read() as session:
        age = await age_seconds(session)
    detail: Row = {"age_seconds": round(age), "limit_seconds": round(context.log.age_max_seconds)}
    await keep_told(context, EventKind.LOG_LATE, detail, holds=age > context.log.age_max_seconds / 2)


async def keep_told(context: Context, kind: EventKind, detail: Row, *, holds: bool) -> bool:
    """Begin or end an event about the log, where it is not told so already; whether it was. Writes nothing else."""
    async with context.database.read() as session:
        was = await event_store.is_open(session, kind, SUBJECT)
    if holds is was:
        return False
    return await context.database.run(lambda session: tell(session, kind, detail, started=holds))


async def tell(session: WriteSession, kind: EventKind, detail: Row, *, started: bool) -> bool:
    """Begin or end an event about the log; False: told already."""
    phase = Phase.STARTED if started else Phase.ENDED
    now = await session.now()
    return await events.tell_transition(session, kind, phase, subject=SUBJECT, target=SUBJECT, detail=detail, now=now)


async def measure(context: Context) -> None:
    """Bring the log's gauges up to date from rows."""
    async with context.database.read() as session:
        head, newest = await translog.head(session), await checkpoints.newest(session)
        age = 0.0 if context.log.signer is None else await age_seconds(session)
        observability.LOG_STAMP_OVERDUE_SECONDS.set(await overdue_seconds(context, session))
    observability.LOG_ENTRIES.labels("sequenced").set(head.size)
    observability.LOG_ENTRIES.labels("signed").set(newest.size if newest else 0)
    observability.LOG_AGE_SECONDS.set(age)
