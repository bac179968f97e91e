"""What the log costs delivery: steps drained with the sequencer beside, as in the worker, and with it paused, in turns.

Two figures a database, each the median of pairs, as a share of what it is without the log: steps a second by the
clock on the wall, and steps a second of processor time, the database server's included and every entry brought in.
The second one hardly minds what else the machine does.
"""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.domain.delivery import PORTAL
from app.store import translog
from app.usecases.context import Context
from app.usecases.deliver import deliver
from app.usecases.sequence_log import sequence
from app.wiring import close_context
from benchmarks import stage

TURNS, DOSSIERS, STEPS_EACH, ROUNDS = 4, 400, 20, 2
_NAME = "bench"
_SERIES_FIRST = 1
# As the worker does.
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Cost:
    wall_seconds: float
    cpu_seconds: float


async def _until_dry(context: Context) -> None:
    while await deliver(context, PORTAL, _NAME):
        pass


async def _integrate(context: Context) -> None:
    while await sequence(context, _NAME):
        pass


async def _keep_integrating(context: Context, enough: asyncio.Event) -> None:
    while not enough.is_set():
        if not await sequence(context, _NAME):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), _PAUSE_SECONDS)


@contextlib.asynccontextmanager
async def _beside(context: Context) -> AsyncIterator[None]:
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_keep_integrating(context, enough))
        yield
        enough.set()


async def _drained(context: Context, server: str | None, series: int, *, beside: bool) -> _Cost:
    """One drain of steps of dossiers that the portal knows; nothing of the log waits when it begins."""
    await stage.hand_over(context, stage.dossiers_of(series, DOSSIERS))
    await stage.side_by_side(ROUNDS, partial(_until_dry, context))
    await stage.hand_over(context, stage.steps_of(series, DOSSIERS, STEPS_EACH))
    await _integrate(context)
    cpu, started = stage.cpu_seconds(server), time.perf_counter()
    async with _beside(context) if beside else contextlib.nullcontext():
        await stage.side_by_side(ROUNDS, partial(_until_dry, context))
        wall = time.perf_counter() - started
    if beside:
        # What was left at the end of the drain is part of the price too.
        await _integrate(context)
    return _Cost(wall, stage.cpu_seconds(server) - cpu)


async def _paired(url: str, adapter_url: str, server: str | None) -> tuple[float, float]:
    """Shares of the rates without the log: by the wall, and by processor time."""
    context = stage.signing_context(url, adapter_url)
    walls, cpus = [], []
    try:
        await _drained(context, server, _SERIES_FIRST, beside=True)
        for turn in range(TURNS):
            costs: dict[bool, _Cost] = {}
            # By turns, so that neither always meets the fuller database.
            for beside in (bool(turn % 2), not turn % 2):
                series = _SERIES_FIRST + 1 + 2 * turn + beside
                costs[beside] = await _drained(context, server, series, beside=beside)
            walls.append(costs[False].wall_seconds / costs[True].wall_seconds)
            cpus.append(costs[False].cpu_seconds / costs[True].cpu_seconds)
        await _integrate(context)
        async with context.database.read() as session:
            head = await translog.head(session)
            assert await translog.unsequenced(session, head.last_id) == 0
        assert head.size > 2 * TURNS * DOSSIERS * STEPS_EACH, head
    finally:
        await close_context(context)
    return statistics.median(walls), statistics.median(cpus)


async def measure(server: str, folder: Path) -> dict[str, float]:
    """Both engines, each against a portal of its own."""
    figures: dict[str, float] = {}
    for engine in ("sqlite", "postgresql"):
        within = folder / f"log_delivery_{engine}"
        within.mkdir()
        shared = engine == "postgresql"
        url = stage.new_database(server, "log_delivery") if shared else stage.new_sqlite(within, "gateway")
        with stage.mock_portal(within) as adapter_url:
            wall, cpu = await _paired(url, adapter_url, server if shared else None)
        figures[f"translog_delivery_with_vs_without_{engine}"] = wall
        figures[f"translog_delivery_cpu_with_vs_without_{engine}"] = cpu
    return figures
