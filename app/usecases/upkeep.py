"""The small tick beside delivery: lanes whose time has come, lanes of workers that are gone."""

from app.store import keeping
from app.store.session import WriteSession
from app.usecases.context import Context

_LANES_PER_TICK = 1000


async def tick(context: Context) -> tuple[int, int]:
    """Promote due lanes and rescue lost ones; how many of each."""

    async def work(session: WriteSession) -> tuple[int, int]:
        now = await session.now()
        rescued = await keeping.rescue(session, now, _LANES_PER_TICK)
        return await keeping.promote(session, now, _LANES_PER_TICK), rescued

    return await context.database.run(work)
