"""How fast the log is read again in the background, and what share of a core that takes at the default budget."""

import time
from dataclasses import replace
from pathlib import Path

from app.store import log_check
from app.usecases.context import Context
from app.usecases.self_check import Checker
from app.wiring import close_context
from benchmarks import stage, translog

ENTRIES = 30_000
_DEFAULT_ROWS_PER_SECOND, _ROUND_SECONDS, _ROUNDS = 200, 5.0, 20


async def _read_again(url: str) -> tuple[float, float]:
    """Rows a second with no budget in the way; and the share of a core at the default one, in rounds of five seconds.

    The share is of this process's own CPU, whatever else the machine does: a round's rows, its look and its write.
    """
    context = stage.signing_context(url, stage.NOWHERE)
    try:
        await stage.fill_log(context.database, ENTRIES)
        await translog.drain(context)
        fast = replace(context, log=replace(context.log, check_rows_per_second=10**6))
        checker = Checker(fast, "bench")
        started, read = time.perf_counter(), 0
        while read < ENTRIES:
            read += await checker.look()
        rate = read / (time.perf_counter() - started)
        return rate, await _share(context)
    finally:
        await close_context(context)


async def _share(context: Context) -> float:
    seconds = 0.0
    checker = Checker(context, "bench", now=lambda: seconds)
    # As if the pass before had ended an hour ago.
    await context.database.run(log_check.begin_anew)
    await checker.look()
    before = time.process_time()
    for _ in range(_ROUNDS):
        seconds += _ROUND_SECONDS
        assert await checker.look() == _DEFAULT_ROWS_PER_SECOND * _ROUND_SECONDS
    return (time.process_time() - before) / (_ROUNDS * _ROUND_SECONDS)


async def measure(server: str, folder: Path) -> dict[str, float]:
    """Both engines."""
    figures: dict[str, float] = {}
    for engine in ("sqlite", "postgresql"):
        url = stage.new_sqlite(folder, "log_check") if engine == "sqlite" else stage.new_database(server, "log_check")
        rate, share = await _read_again(url)
        figures[f"log_check_rows_per_second_{engine}"] = rate
        figures[f"log_check_share_of_a_core_{engine}"] = share
    return figures
