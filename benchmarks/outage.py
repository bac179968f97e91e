"""A dead destination with 100,000 waiting lanes beside a living one, and how the dead one's backlog drains later.

The dead one is a webhook whose port nobody listens on; the living one is the portal (the mock, in its own process).
Rounds with and without the backlog take turns, so that a busy machine slows both. Then the portal itself is away
with a backlog of its own; what the system forecasts before it comes back is compared with what happened.
"""

import asyncio
import statistics
import time
from pathlib import Path

from sqlalchemy import func, select, text, update

from app.domain.delivery import PORTAL, Destination, Target
from app.store import overview
from app.store.session import WriteSession
from app.store.tables import gates, messages
from app.usecases.context import Context
from app.usecases.deliver import deliver
from app.usecases.upkeep import tick
from app.wiring import close_context
from benchmarks import stage

DEAD_LANES, STEPS_EACH, DOSSIERS, TURNS = 100_000, 5, 600, 5
BACKLOG = 20_000
DEAD = Destination(Target.WEBHOOK, 1)
# Nobody listens on the discard port of this machine.
_DEAD_URL = "http://127.0.0.1:9/"

_FILL_LANES = """
    INSERT INTO lanes (target, dossier_code, state, known, fence, attempts, due_at)
    SELECT :target, 'H15.50-250101-' || lpad(CAST(n AS text), 6, '0'), 'ready', false, 0, 0,
           now() - interval '1 day' + n * interval '1 millisecond'
    FROM generate_series(1, :count) AS n
"""
_FILL_MESSAGES = """
    INSERT INTO messages (lane_id, target, kind, dossier_code, procedure_code, unit_code, ref, payload, payload_hash,
                          state, attempts, correlation_id, created_at)
    SELECT id, target, 'event', dossier_code, '-', '-', '1', '{"type":"bench","timestamp":"-","data":{}}', 'x',
           'waiting', 0, 'bench', now()
    FROM lanes WHERE target = :target
"""
_FILL_WEBHOOK = """
    INSERT INTO webhooks (id, owner, agency, url, secret, kinds, system_events, created_at)
    VALUES (1, 'bench', 'H15', :url, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLasw', '[]', false, now())
"""


async def _fill_the_dead(context: Context) -> None:
    async def work(session: WriteSession) -> None:
        await session.execute(text(_FILL_WEBHOOK), {"url": _DEAD_URL})
        await session.execute(text(_FILL_LANES), {"target": DEAD.key, "count": DEAD_LANES})
        await session.execute(text(_FILL_MESSAGES), {"target": DEAD.key})

    await context.database.run(work)
    await _analyze(context)


async def _analyze(context: Context) -> None:
    async def work(session: WriteSession) -> None:
        await session.connection.exec_driver_sql("ANALYZE")

    await context.database.run(work)


async def _portal_pending(context: Context) -> int:
    async with context.database.read() as session:
        rows = await session.rows(
            select(func.count())
            .select_from(messages)
            .where(messages.c.target == PORTAL.key, messages.c.state.not_in(["delivered", "superseded"]))
        )
    return int(rows[0][0])


async def _rate(context: Context, series: int, *, with_dead: bool) -> float:
    """Messages a second to the portal while a worker's other loops run as they do in a worker process."""
    await stage.hand_over(
        context, [*stage.dossiers_of(series, DOSSIERS), *stage.steps_of(series, DOSSIERS, STEPS_EACH)]
    )
    done = asyncio.Event()

    async def others() -> None:
        while not done.is_set():
            await tick(context)
            if with_dead:
                await deliver(context, DEAD, "bench")
            try:
                await asyncio.wait_for(done.wait(), timeout=0.5)
            except TimeoutError:
                continue

    async def drain() -> None:
        while await deliver(context, PORTAL, "bench"):
            pass

    beside = asyncio.create_task(others())
    started = time.perf_counter()
    await stage.side_by_side(2, drain)
    elapsed = time.perf_counter() - started
    done.set()
    await beside
    assert await _portal_pending(context) == 0
    return DOSSIERS * (1 + STEPS_EACH) / elapsed


async def beside_a_dead_one(server: str, folder: Path) -> dict[str, float]:
    """The portal's delivery with the dead backlog against without, in turns; the medians and their ratio."""
    alone, beside = [], []
    with stage.mock_portal(folder) as adapter_url:
        calm = stage.context_for(stage.new_database(server, "outage_calm"), adapter_url)
        troubled = stage.context_for(stage.new_database(server, "outage_dead"), adapter_url)
        try:
            await _fill_the_dead(troubled)
            for turn in range(TURNS + 1):
                # Who goes first changes with each turn; the first turn warms everything up.
                rates: dict[bool, float] = {}
                for place, dead in enumerate((bool(turn % 2), not turn % 2)):
                    series = 2 * turn + place + 1
                    rates[dead] = await _rate(troubled if dead else calm, series, with_dead=dead)
                if turn:
                    alone.append(rates[False])
                    beside.append(rates[True])
        finally:
            await close_context(calm)
            await close_context(troubled)
    return {
        "outage_alone_per_second": statistics.median(alone),
        "outage_beside_dead_per_second": statistics.median(beside),
        "outage_beside_dead_vs_alone": statistics.median(b / a for a, b in zip(alone, beside, strict=True)),
    }


async def recovery(server: str, folder: Path) -> dict[str, float]:
    """The portal's own backlog after an outage: forecast before it comes back, and what happened."""
    with stage.mock_portal(folder) as adapter_url:
        context = stage.context_for(stage.new_database(server, "outage_recovery"), adapter_url)
        try:
            await _learn_the_rate(context)
            await stage.hand_over(context, stage.dossiers_of(31, BACKLOG))
            await _analyze(context)
            forecast = await _forecast(context)
            started = time.perf_counter()

            async def drain() -> None:
                while await _portal_pending(context):
                    await tick(context)
                    while await deliver(context, PORTAL, "bench"):
                        pass

            await stage.side_by_side(2, drain)
            happened = time.perf_counter() - started
        finally:
            await close_context(context)
    return {
        "outage_drained_per_second": BACKLOG / happened,
        "outage_forecast_seconds": forecast,
        "outage_happened_seconds": happened,
        "outage_forecast_vs_happened": forecast / happened,
    }


async def _learn_the_rate(context: Context) -> None:
    """Ordinary work, so that the system knows how fast it goes; and a portal that has been away since."""
    await stage.hand_over(context, stage.dossiers_of(30, 4000))

    async def drain() -> None:
        while await deliver(context, PORTAL, "bench"):
            pass

    await stage.side_by_side(2, drain)

    async def away(session: WriteSession) -> None:
        now = await session.now()
        values = {"state": "open", "trips": 1, "since": now, "retry_at": now}
        await session.execute(update(gates).where(gates.c.target == PORTAL.key).values(**values))

    await context.database.run(away)


async def _forecast(context: Context) -> float:
    async with context.database.read() as session:
        views = await overview.destinations(session, context.policies, await session.now())
    seconds = next(view.drain_seconds for view in views if view.key == PORTAL.key)
    assert seconds is not None
    return seconds


async def measure(server: str, folder: Path) -> dict[str, float]:
    """Both."""
    return await beside_a_dead_one(server, folder) | await recovery(server, folder)
