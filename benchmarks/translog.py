"""How fast audit entries come into the signed tree, and what that costs the door while it goes on beside it.

``python -m benchmarks.translog DATABASE_URL`` sequences until it is ended: the process of the worker, alone.
"""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from app.store import translog
from app.store.session import WriteSession
from app.usecases.context import Context
from app.usecases.sequence_log import sequence
from app.wiring import close_context
from benchmarks import stage

ENTRIES = 100_000
ROUNDS, DOSSIERS, STEPS_EACH = 4, 500, 4
_SERIES_FIRST = 10


async def drain(context: Context) -> None:
    """Bring all that there is into the tree."""
    while await sequence(context, "bench"):
        pass


async def _integrated(url: str) -> float:
    """Entries a second that wait for nothing: read, hashed, in the tree, signed, durable."""
    context = stage.signing_context(url, stage.NOWHERE)
    try:
        await stage.fill_log(context.database, ENTRIES)
        started = time.perf_counter()
        await drain(context)
        elapsed = time.perf_counter() - started
        async with context.database.read() as session:
            head = await translog.head(session)
        assert head.size == ENTRIES, head
        return ENTRIES / elapsed
    finally:
        await close_context(context)


@contextlib.contextmanager
def _sequencer(url: str) -> Iterator[Callable[[], float]]:
    """Its processor time since it was ready."""
    process = subprocess.Popen(  # noqa: S603 - this module
        [sys.executable, "-m", "benchmarks.translog", url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == stage.READY
        loaded = stage.process_cpu_seconds(process.pid)
        yield lambda: stage.process_cpu_seconds(process.pid) - loaded
    finally:
        process.terminate()
        process.wait(timeout=30)


async def _taken_per_second(context: Context, series: int) -> float:
    dossiers = stage.dossiers_of(series, DOSSIERS)
    steps = stage.steps_of(series, DOSSIERS, STEPS_EACH)
    started = time.perf_counter()
    await stage.hand_over(context, dossiers)
    await stage.hand_over(context, steps)
    return (len(dossiers) + len(steps)) / (time.perf_counter() - started)


async def _paired(url: str, server: str | None) -> tuple[float, float]:
    """Records a second at the door with sequencing beside it, over those without; by the wall, by processor time."""
    context = stage.context_for(url, stage.NOWHERE)
    walls, cpus = [], []
    try:
        await _taken_per_second(context, _SERIES_FIRST)
        for turn in range(ROUNDS):
            rates: dict[bool, float] = {}
            spent: dict[bool, float] = {}
            # By turns, so that neither always meets the fuller database.
            for beside in (bool(turn % 2), not turn % 2):
                await drain(context)
                # The lease of the drain must not keep the other process waiting.
                await context.database.run(_end_lease)
                series = _SERIES_FIRST + 1 + 2 * turn + beside
                before = stage.cpu_seconds(server)
                with _sequencer(url) if beside else contextlib.nullcontext(_nothing) as cpu_beside:
                    rates[beside] = await _taken_per_second(context, series)
                    extra = cpu_beside()
                await context.database.run(_end_lease)
                if beside:
                    # What was left at the end is part of the price too.
                    await drain(context)
                spent[beside] = stage.cpu_seconds(server) - before + extra
            walls.append(rates[True] / rates[False])
            cpus.append(spent[False] / spent[True])
    finally:
        await close_context(context)
    return statistics.median(walls), statistics.median(cpus)


def _nothing() -> float:
    return 0.0


async def _end_lease(session: WriteSession) -> None:
    lease, now = await translog.lease(session), await session.now()
    if lease is not None:
        await translog.hold_lease(session, lease.holder, lease.fence, now)


async def measure(server: str, folder: Path) -> dict[str, float]:
    """Both engines."""
    figures: dict[str, float] = {}
    for engine in ("sqlite", "postgresql"):
        urls = [
            stage.new_sqlite(folder, f"translog_{name}")
            if engine == "sqlite"
            else stage.new_database(server, f"translog_{name}")
            for name in ("alone", "beside")
        ]
        figures[f"translog_entries_per_second_{engine}"] = await _integrated(urls[0])
        wall, cpu = await _paired(urls[1], server if engine == "postgresql" else None)
        figures[f"translog_intake_with_vs_without_{engine}"] = wall
        figures[f"translog_intake_cpu_with_vs_without_{engine}"] = cpu
    return figures


async def _run_beside(url: str) -> None:
    context = stage.signing_context(url, stage.NOWHERE)
    print(stage.READY, flush=True)
    while True:
        if not await sequence(context, "beside"):
            await asyncio.sleep(1.0)


if __name__ == "__main__":
    asyncio.run(_run_beside(sys.argv[1]))
