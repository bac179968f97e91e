"""Bring audit entries into the tree: one leader, batches, and leaves, tiles and checkpoint in one transaction.

Nothing here is on the way of a fact: entries are read as they were committed, the tree grows beside them, and the
only write is one short transaction that is void when somebody else has begun to lead. A leader that is killed leaves
nothing half done; another takes over when the lease has ended.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from app import observability
from app.domain.events import EventKind
from app.domain.merkle import Grown, TileKey, TileMissing, grow, leaf_hash, tiles_for_growth
from app.store import checkpoints, translog
from app.store.session import ReadSession, Row, WriteSession
from app.store.translog import Gap, Head
from app.usecases import log_guard, log_signing
from app.usecases.context import Context
from app.usecases.log_leaf import leaf_for

BATCH = 5000
LEASE_SECONDS = 30.0
#: No transaction lives this long; where the database can tell which ones do, it is asked as well.
SETTLED_SECONDS = 900.0
_log = structlog.get_logger(__name__)


class _Overtaken(Exception):
    """Somebody else leads, or has written since we looked: nothing of ours may be kept."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What there is to do, as one look found it. ``fence`` is None: we do not lead yet."""

    head: Head
    fence: int | None
    rows: Sequence[Row]
    tiles: dict[TileKey, bytes]
    gone: Sequence[Gap]
    new: Sequence[Gap]


async def sequence(context: Context, worker: str, batch: int = BATCH) -> int:
    """Take the next entries into the tree and sign it when that is due; 1 when there is more to do at once, else 0."""
    async with context.database.read() as session:
        seen = await _look(context, session, worker, batch)
    if seen is None:
        return 0
    try:
        fence = seen.fence or await _lead(context, worker)
        leaves, grown = await asyncio.to_thread(_grown, seen)
        made = await context.database.run(lambda session: _write(context, session, worker, fence, seen, leaves, grown))
    except _Overtaken:
        return 0
    except (TileMissing, ValueError) as error:
        await _tell_broken(context, seen.head, error)
        return 0
    observability.LOG_SEQUENCED.inc(len(leaves))
    if made is not None:
        await asyncio.to_thread(log_signing.remember, context.log, made.note)
        _log.info("log_signed", size=made.checkpoint.size)
    return int(len(seen.rows) >= batch)


async def _look(context: Context, session: ReadSession, worker: str, batch: int) -> _Seen | None:
    """What there is to do for us; None: nothing, or another leads."""
    now, lease = await session.now(), await translog.lease(session)
    if lease is not None and lease.holder != worker and lease.until > now:
        return None
    head, gaps = await translog.head(session), await translog.gaps(session)
    # Before the gaps are looked into: what ends in between is looked for once more.
    _, oldest = await translog.horizons(session) if gaps else (None, None)
    late = await translog.late(session, batch) if gaps else []
    fresh = await translog.fresh(session, head.last_id, batch - len(late))
    gone, new = _gaps_after(gaps, [row["id"] for row in late], now, oldest)
    if len(late) == batch:
        # There may be more; what looks empty is not judged.
        gone = [gap for gap in gone if any(gap.first_id <= row["id"] <= gap.last_id for row in late)]
    passed = _gaps_of([row["id"] for row in fresh], head.last_id, now, None)
    if passed:
        # After the entries were read: whoever may still fill a gap was given its number before.
        horizon, _ = await translog.horizons(session)
        new += [replace(gap, horizon=horizon) for gap in passed]
    newest = await checkpoints.newest(session)
    size = head.size + len(late) + len(fresh)
    if not (late or fresh or gone or log_signing.is_due(context.log, newest, size, now)):
        return None
    tiles = await translog.tiles(session, tiles_for_growth(head.size))
    fence = lease.fence if lease is not None and lease.holder == worker else None
    return _Seen(head, fence, [*late, *fresh], tiles, gone, new)


async def _lead(context: Context, worker: str) -> int:
    async def work(session: WriteSession) -> int | None:
        now = await session.now()
        return await translog.take_lease(session, worker, now, now + timedelta(seconds=LEASE_SECONDS))

    fence = await context.database.run(work)
    if fence is None:
        raise _Overtaken
    _log.info("log_lead", worker=worker, fence=fence)
    return fence


def _grown(seen: _Seen) -> tuple[list[tuple[int, bytes]], Grown]:
    leaves = [(row["id"], leaf_hash(leaf_for(row))) for row in seen.rows]
    return leaves, grow(seen.head.size, seen.tiles, (leaf for _, leaf in leaves))


async def _write(
    context: Context,
    session: WriteSession,
    worker: str,
    fence: int,
    seen: _Seen,
    leaves: Sequence[tuple[int, bytes]],
    grown: Grown,
) -> log_signing.Made | None:
    now = await session.now()
    # The row stays locked to the end: until then nobody else begins to lead.
    if not await translog.hold_lease(session, worker, fence, now + timedelta(seconds=LEASE_SECONDS)):
        raise _Overtaken
    if await translog.head(session) != seen.head:
        raise _Overtaken
    await translog.put_leaves(session, seen.head.size, leaves)
    await translog.put_tiles(session, grown.tiles)
    await translog.replace_gaps(session, seen.gone, seen.new)
    return await log_signing.sign_if_due(context, session, grown.size, now)


async def _tell_broken(context: Context, head: Head, error: Exception) -> None:
    """The edge of the tree is not there or not as wide as the leaves say: nothing can grow on it."""
    detail: dict[str, object] = {"reason": "tile_missing", "size": head.size}
    if await context.database.run(lambda session: log_guard.tell(session, EventKind.LOG_BROKEN, detail, started=True)):
        _log.error("log_cannot_grow", size=head.size, error=str(error))


def _gaps_of(ids: Iterable[int], after_id: int, seen_at: datetime, horizon: int | None) -> list[Gap]:
    """The numbers that are passed over on the way through ``ids``, which rise and lie above ``after_id``."""
    found = []
    for number in ids:
        if number > after_id + 1:
            found.append(Gap(after_id + 1, number - 1, seen_at, horizon))
        after_id = number
    return found


def _gaps_after(
    gaps: Sequence[Gap], filled: Sequence[int], now: datetime, oldest: int | None
) -> tuple[list[Gap], list[Gap]]:
    """Gaps to let go of, and what is left of those that were filled in part."""
    gone, new = [], []
    for gap in gaps:
        here = [number for number in filled if gap.first_id <= number <= gap.last_id]
        if here:
            gone.append(gap)
            rest = _gaps_of([*here, gap.last_id + 1], gap.first_id - 1, gap.seen_at, gap.horizon)
            new += rest
        elif _is_settled(gap, now, oldest):
            gone.append(gap)
    return gone, new


def _is_settled(gap: Gap, now: datetime, oldest: int | None) -> bool:
    """Whether nothing can come any more: every transaction that ran when it was passed has ended."""
    ended = gap.horizon is None or oldest is None or oldest >= gap.horizon
    return ended and (now - gap.seen_at).total_seconds() >= SETTLED_SECONDS
