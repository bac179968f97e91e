"""The small tick beside delivery: lanes whose time has come, lanes of workers that are gone, holds, trials, replays."""

from dataclasses import dataclass

from app.domain.breaker import GateState
from app.store import gates, holds, keeping
from app.store.session import WriteSession
from app.usecases import events, replay
from app.usecases.context import Context

_LANES_PER_TICK = 1000


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
    """The slower look: is anything waiting for too long?"""
    await events.check_backlog(context, context.backlog_age_seconds)
