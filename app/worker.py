"""The delivery process: rounds side by side for every target, and the small tick beside them.

Stops gracefully: calls under way are finished and written down, the rest is put back.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from app import VERSION
from app.config import Settings, told
from app.domain.delivery import PORTAL, Destination
from app.errors import LienThongError
from app.usecases import disk_guard, idle_accounts, log_guard, self_check, timestamping, uploads, webhooks
from app.usecases.check_store import Rechecks
from app.usecases.configuration import keep_noting
from app.usecases.context import Context
from app.usecases.deliver import deliver
from app.usecases.prune_log import NotPruned, prune
from app.usecases.publish import publish, tell_dead_links
from app.usecases.self_check import Checker
from app.usecases.sequence_log import sequence
from app.usecases.timestamping import Stamping
from app.usecases.upkeep import tick, watch
from app.usecases.witnessing import ask_witnesses
from app.wiring import process_name

_log = structlog.get_logger(__name__)
_TICK_SECONDS = 1.0
_WATCH_SECONDS = 15.0
_LOOK_SECONDS = 5.0
_SEQUENCE_SECONDS = 1.0
_WITNESS_SECONDS = 5.0
_CHECK_SECONDS = 10.0
_ACCOUNTS_SECONDS = 3600.0
_LOG_CHECK_SECONDS = 5.0
# One small block a turn: whoever lets entries go has no haste.
_PRUNE_SECONDS = 10.0
_STORE_TROUBLE_SECONDS = 2.0


async def run(context: Context, settings: Settings, stopping: asyncio.Event) -> None:
    """Deliver until ``stopping`` is set."""
    name = process_name()
    _log.info("worker_started", worker=name)
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_noting(context, f"worker:{name}"[:100], VERSION, told(settings), stopping))
        group.create_task(_repeat(partial(_upkeep, context), stopping, _TICK_SECONDS))
        # Each by itself: one that cannot look must not keep the others' alarms from people.
        for look in (watch, log_guard.watch, timestamping.watch, self_check.watch, disk_guard.watch):
            group.create_task(_repeat(partial(_watch, look, context), stopping, _WATCH_SECONDS))
        for _ in range(settings.worker_rounds):
            round_ = partial(deliver, context, PORTAL, name, stopping)
            group.create_task(_repeat(round_, stopping, settings.worker_poll_seconds))
        group.create_task(_repeat(partial(publish, context, name), stopping, settings.worker_poll_seconds))
        group.create_task(_repeat(partial(sequence, context, name), stopping, _SEQUENCE_SECONDS))
        group.create_task(_repeat(partial(ask_witnesses, context, name), stopping, _WITNESS_SECONDS))
        group.create_task(_repeat(partial(idle_accounts.look, context), stopping, _ACCOUNTS_SECONDS))
        group.create_task(_repeat(Stamping(context, name).look, stopping, _WITNESS_SECONDS))
        group.create_task(_repeat(partial(_check_log, Checker(context, name)), stopping, _LOG_CHECK_SECONDS))
        group.create_task(_repeat(partial(_prune, context), stopping, _PRUNE_SECONDS))
        check = partial(_check_store, context, Rechecks(context, saved_seconds=2 * _CHECK_SECONDS), stopping)
        group.create_task(_repeat(check, stopping, _CHECK_SECONDS))
        group.create_task(_webhooks(context, settings, name, stopping, group))
    _log.info("worker_stopped", worker=name)


async def _upkeep(context: Context) -> int:
    done = await tick(context)
    if done.rescued:
        _log.warning("lanes_rescued", lanes=done.rescued)
    return int(done.any)


async def _watch(look: Callable[[Context], Awaitable[object]], context: Context) -> int:
    await look(context)
    return 0


async def _check_log(checker: Checker) -> int:
    # Its budget is one of time: what it may not read now it may not read at once either.
    await checker.look()
    return 0


async def _prune(context: Context) -> int:
    """Never at once again: what removes must not crowd out what delivers."""
    if context.retention.archive_dir is not None:
        try:
            block = await prune(context)
        except NotPruned as error:
            # Nothing is lost by waiting; whoever reads the log is told in one line each time.
            _log.error("log_not_pruned", reason=str(error))
            return 0
        if block is not None:
            _log.info("log_pruned", run=block.run.id, archived=block.archived, kept=block.kept, archive=block.name)
    return 0


async def _check_store(context: Context, rechecks: Rechecks, stopping: asyncio.Event) -> int:
    await uploads.sweep(context)
    # A dead link may also end by being withdrawn.
    await tell_dead_links(context)
    await rechecks.look(stopping)
    return 0


async def _webhooks(
    context: Context, settings: Settings, name: str, stopping: asyncio.Event, group: asyncio.TaskGroup
) -> None:
    """One loop an endpoint, so that one that hangs keeps nobody else waiting; looks for new ones now and then."""
    loops: dict[Destination, asyncio.Event] = {}

    async def look() -> int:
        living = set(await webhooks.destinations(context))
        for gone in loops.keys() - living:
            loops.pop(gone).set()
        for new in sorted(living - loops.keys()):
            loops[new] = ending = asyncio.Event()
            round_ = partial(deliver, context, new, name, stopping)
            group.create_task(_repeat(round_, stopping, settings.worker_poll_seconds, ending))
        return 0

    await _repeat(look, stopping, _LOOK_SECONDS)


async def _repeat(
    work: Callable[[], Awaitable[int]],
    stopping: asyncio.Event,
    pause_seconds: float,
    ending: asyncio.Event | None = None,
) -> None:
    """Do it again at once while there is work, after a pause when there is none, later when the store is in trouble."""
    while not (stopping.is_set() or (ending and ending.is_set())):
        try:
            pause = 0.0 if await work() else pause_seconds
        except LienThongError as error:
            _log.exception("store_trouble", error=str(error))
            pause = _STORE_TROUBLE_SECONDS
        except Exception:  # noqa: BLE001 - the edge of the process: one bad round must not stop all the others
            _log.exception("round_failed")
            pause = _STORE_TROUBLE_SECONDS
        try:
            await asyncio.wait_for(stopping.wait(), timeout=pause or 0.001)
        except TimeoutError:
            continue


def stop_on_signals(stopping: asyncio.Event) -> None:
    """Set ``stopping`` on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, stopping.set)
