"""A dead destination with 100,000 waiting lanes beside a living one; then the dead one comes back and drains.

The dead one is a webhook on a port of this machine. Somebody listened there for a while, so the system knows how
fast it goes; then nobody does, and its gate is opened by the calls that fail. The living one is the portal (the mock,
in its own process). Rounds with and without the backlog take turns, so that a busy machine slows both. In the end
somebody listens on the same port again: what the system forecasts before anything goes there is compared with what
happened to the same backlog. Its first 20,000 lanes are enough, or as many as go in four minutes.
"""

import asyncio
import contextlib
import math
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, text

from app import worker
from app.config import Settings
from app.domain.breaker import GateState
from app.domain.delivery import PORTAL, Destination, Target
from app.store.overview import DestinationView
from app.store.session import WriteSession
from app.store.tables import messages
from app.usecases.context import Context
from app.usecases.deliver import deliver
from app.usecases.holds import target_overview
from app.usecases.upkeep import tick
from app.wiring import build_context, close_context
from benchmarks import stage

# An even number of turns: each side goes first as often as the other.
DEAD_LANES, STEPS_EACH, DOSSIERS, TURNS = 100_000, 5, 600, 8
LEARNED, DRAINED = 3_000, 20_000
# On a slow machine what was drained in this time is compared, against the forecast for as many.
_DRAIN_SECONDS_MAX = 240.0
DEAD = Destination(Target.WEBHOOK, 1)
# As it ships but for the longest waits of the gate: nobody wants to sit out five minutes of them.
_GATE_WAITS = (5.0, 15.0, 30.0)
_LOOK_SECONDS = 1.0

_FILL_LANES = """
    INSERT INTO lanes (target, dossier_code, state, known, fence, attempts, due_at)
    SELECT :target, :day || lpad(CAST(n AS text), 6, '0'), :lane_state, false, 0, 0,
           now() - interval '1 day' + n * interval '1 millisecond'
    FROM generate_series(1, :count) AS n
"""
_FILL_MESSAGES = """
    INSERT INTO messages (lane_id, target, kind, dossier_code, procedure_code, unit_code, ref, payload, payload_hash,
                          state, attempts, correlation_id, created_at, settled_at)
    SELECT id, target, 'event', dossier_code, '-', '-', '1', '{"type":"bench","timestamp":"-","data":{}}', 'x',
           CAST(:state AS text), 0, 'bench', now(), CASE WHEN CAST(:state AS text) = 'delivered' THEN now() END
    FROM lanes WHERE target = :target AND state = :lane_state
"""
_FILL_WEBHOOK = """
    INSERT INTO webhooks (id, owner, agency, url, secret, kinds, system_events, created_at)
    VALUES (1, 'bench', 'H15', :url, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLasw', '[]', false, now())
"""


async def measure(server: str, folder: Path) -> dict[str, float]:
    """Learn the rate of the one that will be dead, let it die, deliver beside it, let it come back."""
    port = stage.free_port()
    with stage.mock_portal(folder) as adapter_url:
        wanted = stage.settings(
            stage.new_database(server, "outage_dead"),
            adapter_url,
            webhook_plain_http=True,
            breaker_waits_seconds=_GATE_WAITS,
        )
        calm = stage.context_for(stage.new_database(server, "outage_calm"), adapter_url)
        troubled = build_context(wanted)
        try:
            for context in (calm, troubled):
                await _sql(context, _FILL_WEBHOOK, url=f"http://127.0.0.1:{port}/hook")
            with stage.webhook_receiver(port):
                figures = {"outage_learned_per_second": await _learn_the_rate(troubled, wanted)}
            figures["outage_gate_open_after_seconds"] = await _let_it_die(troubled, wanted)
            # As many rows on the other side, so that nothing differs but whether they wait.
            await _fill(calm, "H15.50-250102-", DEAD_LANES + LEARNED, waiting=False)
            figures |= await _beside_a_dead_one(calm, troubled)
            with stage.webhook_receiver(port):
                figures |= await _recovery(troubled, wanted)
        finally:
            await close_context(calm)
            await close_context(troubled)
    return figures


async def _learn_the_rate(context: Context, settings: Settings) -> float:
    """Ordinary work of a worker, so that the system knows how fast it goes; how fast it went."""
    await _fill(context, "H15.50-250101-", LEARNED)
    await _work_until_delivered(context, settings, LEARNED)
    return (LEARNED - 1) / (await _settled(context, LEARNED) - await _settled(context, 1)).total_seconds()


async def _let_it_die(context: Context, settings: Settings) -> float:
    """The backlog, and a worker whose calls fail until the gate opens; after how many seconds it did."""
    await _fill(context, "H15.50-250102-", DEAD_LANES)

    async def opened() -> bool:
        return (await _view(context)).gate.state is GateState.OPEN

    started = time.perf_counter()
    await _work_until(context, settings, opened)
    return time.perf_counter() - started


async def _beside_a_dead_one(calm: Context, troubled: Context) -> dict[str, float]:
    """The portal's delivery with the dead backlog against without, in turns; the medians and their ratio."""
    alone, beside = [], []
    for turn in range(TURNS + 1):
        # Who goes first changes with each turn; the first turn warms everything up.
        rates: dict[bool, float] = {}
        for place, dead in enumerate((bool(turn % 2), not turn % 2)):
            series = 2 * turn + place + 1
            rates[dead] = await _rate(troubled if dead else calm, series)
        if turn:
            alone.append(rates[False])
            beside.append(rates[True])
        else:
            # Both planners know the tables as they are by now.
            await _analyze(calm)
            await _analyze(troubled)
    return {
        "outage_alone_per_second": statistics.median(alone),
        "outage_beside_dead_per_second": statistics.median(beside),
        "outage_beside_dead_vs_alone": statistics.median(b / a for a, b in zip(alone, beside, strict=True)),
    }


async def _rate(context: Context, series: int) -> float:
    """Messages a second to the portal while a worker's other loops run as they do in a worker process."""
    await stage.hand_over(
        context, [*stage.dossiers_of(series, DOSSIERS), *stage.steps_of(series, DOSSIERS, STEPS_EACH)]
    )
    done = asyncio.Event()

    async def others() -> None:
        while not done.is_set():
            await tick(context)
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
    assert await _count(context, PORTAL, delivered=False) == 0
    return DOSSIERS * (1 + STEPS_EACH) / elapsed


async def _recovery(context: Context, settings: Settings) -> dict[str, float]:
    """Somebody listens again: the forecast before anything is sent there, and what happened to that backlog."""
    view = await _view(context)
    before = await _count(context, DEAD, delivered=True)
    assert view.gate.state in {GateState.OPEN, GateState.TRIAL}, "the failures opened it"
    assert (before, view.waiting.lanes) == (LEARNED, DEAD_LANES), "nothing went while it was away"
    assert view.delivered_rate is not None
    assert view.drain_seconds is not None
    await _work_until_delivered(context, settings, before + DRAINED, seconds_max=_DRAIN_SECONDS_MAX)
    drained = min(await _count(context, DEAD, delivered=True) - before, DRAINED)
    part = replace(view, waiting=replace(view.waiting, lanes=drained, messages=drained)).drain_seconds
    assert part is not None
    # The rate is that after the ramp: the first tenth is left out.
    first, ramped = await _settled(context, before + 1), await _settled(context, before + drained // 10)
    last = await _settled(context, before + drained)
    happened = (last - view.at).total_seconds()
    return {
        "outage_rate_shown_before_per_second": view.delivered_rate,
        "outage_forecast_seconds_of_all": view.drain_seconds,
        "outage_drained_lanes": drained,
        "outage_drained_per_second": (drained - drained // 10) / (last - ramped).total_seconds(),
        "outage_wait_for_trial_seconds": (first - view.at).total_seconds(),
        "outage_forecast_seconds": part,
        "outage_happened_seconds": happened,
        "outage_happened_vs_forecast": happened / part,
    }


async def _work_until_delivered(
    context: Context, settings: Settings, wanted: int, *, seconds_max: float = math.inf
) -> None:
    """Work until so many were delivered to the webhook in all, or until the time is up."""
    end = time.monotonic() + seconds_max

    async def enough() -> bool:
        return time.monotonic() >= end or await _count(context, DEAD, delivered=True) >= wanted

    await _work_until(context, settings, enough)


async def _work_until(context: Context, settings: Settings, done: Callable[[], Awaitable[bool]]) -> None:
    """Run the loops of a worker process, and look now and then whether it is done."""
    stopping = asyncio.Event()

    async def look() -> None:
        while not await done():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), timeout=_LOOK_SECONDS)
        stopping.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run(context, settings, stopping))
        group.create_task(look())


async def _view(context: Context) -> DestinationView:
    """What ``GET /v1/targets`` shows of it."""
    return next(view for view in await target_overview(context) if view.key == DEAD.key)


async def _settled(context: Context, place: int) -> datetime:
    """When the delivery of that place, by time, was settled."""
    statement = select(messages.c.settled_at).where(
        messages.c.target == DEAD.key, messages.c.state == "delivered", messages.c.settled_at.is_not(None)
    )
    async with context.database.read() as session:
        rows = await session.rows(statement.order_by(messages.c.settled_at).offset(place - 1).limit(1))
    found = rows[0][0]
    assert isinstance(found, datetime)
    return found


async def _count(context: Context, destination: Destination, *, delivered: bool) -> int:
    """How many messages are delivered, or are still owed."""
    states = messages.c.state == "delivered" if delivered else messages.c.state.not_in(["delivered", "superseded"])
    async with context.database.read() as session:
        rows = await session.rows(
            select(func.count()).select_from(messages).where(messages.c.target == destination.key, states)
        )
    return int(rows[0][0])


async def _fill(context: Context, day: str, count: int, *, waiting: bool = True) -> None:
    """Lanes of one message each for the webhook, which waits or was delivered long since."""
    lane_state = "ready" if waiting else "idle"
    await _sql(context, _FILL_LANES, target=DEAD.key, day=day, count=count, lane_state=lane_state)
    state = "waiting" if waiting else "delivered"
    await _sql(context, _FILL_MESSAGES, target=DEAD.key, lane_state=lane_state, state=state)
    await _analyze(context)


async def _sql(context: Context, statement: str, **values: object) -> None:
    async def work(session: WriteSession) -> None:
        await session.execute(text(statement), values)

    await context.database.run(work)


async def _analyze(context: Context) -> None:
    async def work(session: WriteSession) -> None:
        await session.connection.exec_driver_sql("ANALYZE")

    await context.database.run(work)
