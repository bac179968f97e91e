"""The age of the log: how long ago the oldest entry was written that no signed checkpoint covers; and what it stops.

Past half the limit people are told; past the limit nothing is exchanged until a checkpoint covers what happened.
"""

from dataclasses import dataclass
from datetime import datetime

from app import observability
from app.domain.events import EventKind, Phase
from app.errors import AuditUnavailable
from app.store import checkpoints, translog
from app.store import events as event_store
from app.store.checkpoints import Signed
from app.store.session import ReadSession, Row, SystemClock, WriteSession
from app.usecases import events
from app.usecases.context import Context

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


async def require(context: Context) -> None:
    """Let an exchange begin only while the log is covered. Costs nothing but a comparison between two looks.

    Raises:
        AuditUnavailable: what happened is not covered by a signature for too long.
    """
    if not await is_covered(context):
        limit = context.log.age_max_seconds
        message = f"no signed checkpoint has covered the audit log for more than {limit:.0f} s, so nothing is exchanged"
        raise AuditUnavailable(message)


async def is_covered(context: Context) -> bool:
    """Whether the age is within its limit, by a look that is at most 10 seconds old; always where nobody signs."""
    if context.log.signer is None:
        return True
    look = context.log_look
    now = (context.database.clock or SystemClock()).now()
    if look.at is None or not 0 <= (now - look.at).total_seconds() < LOOK_SECONDS:
        async with context.database.read() as session:
            look.age_seconds = await age_seconds(session)
        look.at = now
    return look.age_seconds <= context.log.age_max_seconds


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
        )


async def watch(context: Context) -> None:
    """Tell people when the log gets late, and when it is covered again."""
    if context.log.signer is None:
        return
    async with context.database.read() as session:
        age = await age_seconds(session)
        was = await event_store.is_open(session, EventKind.LOG_LATE, SUBJECT)
    late = age > context.log.age_max_seconds / 2
    if late is not was:
        detail: Row = {"age_seconds": round(age), "limit_seconds": round(context.log.age_max_seconds)}
        await context.database.run(lambda session: tell(session, EventKind.LOG_LATE, detail, started=late))


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
    observability.LOG_ENTRIES.labels("sequenced").set(head.size)
    observability.LOG_ENTRIES.labels("signed").set(newest.size if newest else 0)
    observability.LOG_AGE_SECONDS.set(age)
