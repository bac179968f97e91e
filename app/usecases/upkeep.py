"""The small tick beside delivery: lanes whose time has come, lanes of workers that are gone, holds, trials, replays."""

from dataclasses import dataclass
from datetime import timedelta

from app.domain.breaker import GateState
from app.domain.delivery import NATIONAL, Destination
from app.domain.failures import FailureClass
from app.store import gates, holds, keeping
from app.store.session import WriteSession
from app.usecases import events, replay
from app.usecases.broken_questions import settle_broken
from app.usecases.context import Context

_LANES_PER_TICK = 1000


_OVERDUE_PER_LOOK = 200


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick did, in lanes; ``replayed`` in deliveries."""

    promoted: int
    rescued: int
    swept: int
    replayed: int

    @property
    def any(self) -> bool:
        """Whether there may be more to do at once."""
        return bool(self.promoted or self.rescued or self.swept)


async def tick(context: Context) -> Tick:
    """Promote due lanes, rescue lost ones, sweep what is held, let one go where a closed gate wants a trial."""

    async def work(session: WriteSession) -> tuple[int, int, int]:
        now = await session.now()
        rescued = await keeping.rescue(session, now, _LANES_PER_TICK)
        promoted = await keeping.promote(session, now, _LANES_PER_TICK)
        swept = await holds.sweep(session, now, _LANES_PER_TICK)
        for key, gate in await gates.listing(session):
            if gate.state in {GateState.OPEN, GateState.TRIAL} and gate.retry_at is not None and gate.retry_at <= now:
                promoted += await keeping.wake_one(session, key)
        return promoted, rescued, swept

    promoted, rescued, swept = await context.database.run(work)
    return Tick(promoted, rescued, swept, await replay.work_off(context))


async def watch(context: Context) -> None:
    """The slower look: is anything in doubt or waiting for too long?"""
    await _ask_people(context)
    await events.check_backlog(context, context.backlog_age_seconds)
    await settle_broken(context)


async def _ask_people(context: Context) -> None:
    """Put before a person what could not be asked about for longer than its schedule allows, also in an outage."""

    async def work(session: WriteSession) -> None:
        now = await session.now()
        for key in NATIONAL:
            schedules = context.policies[Destination.of(key).target].schedules
            age = timedelta(seconds=schedules.of(FailureClass.UNKNOWN).age_max_seconds)
            late = await keeping.overdue_doubts(session, key, now - age, _OVERDUE_PER_LOOK)
            await events.tell_settled(session, late, now)

    await context.database.run(work)
