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
from app.store.readable import UnreadableRow
from app.store.session import ReadSession, Row, WriteSession
from app.store.translog import Gap, Head
from app.tlog import LeafRefused
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
    """What there is to do, as one look found it. ``fence`` is None: we do not lead yet.

    ``rows`` can be read, ``bad`` are the numbers of those that cannot. ``oldest``, ``horizon`` and ``given`` are
    PostgreSQL's.
    """

    head: Head
    fence: int | None
    now: datetime
    rows: Sequence[Row]
    bad: Sequence[int]
    gaps: Sequence[Gap]
    tiles: dict[TileKey, bytes]
    oldest: int | None
    horizon: int | None
    given: int | None
    # There may be more in the gaps than was read.
    more_late: bool


@dataclass(frozen=True, slots=True)
class _Growth:
    """What is to be written, and the numbers of the entries that have to stay outside."""

    leaves: Sequence[tuple[int, bytes]]
    grown: Grown
    gone: Sequence[Gap]
    new: Sequence[Gap]
    bad: Sequence[int]


async def sequence(context: Context, worker: str, batch: int = BATCH) -> int:
    """Take the next entries into the tree and sign it when that is due; 1 when there is more to do at once, else 0.

    An entry that cannot be brought in is passed over and told at once, by its number; what is honest goes on, and the
    age of the log counts from then until a person has dealt with it.
    """
    head = Head(0, 0)
    try:
        async with context.database.read() as session:
            head = await translog.head(session)
            seen = await _look(context, session, worker, head, batch)
    except UnreadableRow as error:
        # Not an entry, which is told apart, but the newest checkpoint.
        await _tell_broken(context, head, "unreadable", error)
        return 0
    if seen is None:
        return 0
    try:
        growth = await asyncio.to_thread(_growth, seen)
        made = await _write_all(context, worker, seen, growth)
    except _Overtaken:
        return 0
    except (TileMissing, ValueError) as error:
        # The edge of the tree is not there, or not as wide as the leaves say.
        await _tell_broken(context, head, "tile_missing", error)
        await _tell_bad(context, seen.bad)
        return 0
    await _tell_bad(context, growth.bad)
    observability.LOG_SEQUENCED.inc(len(growth.leaves))
    if made is not None:
        await asyncio.to_thread(log_signing.remember, context.log, made.note)
        _log.info("log_signed", size=made.checkpoint.size)
    return int(len(seen.rows) >= batch)


async def _write_all(context: Context, worker: str, seen: _Seen, growth: _Growth) -> log_signing.Made | None:
    due = growth.leaves or growth.gone or await _is_due(context, growth.grown.size)
    if not due:
        # Only what cannot be brought in is left.
        return None
    fence = seen.fence or await _lead(context, worker)
    return await context.database.run(lambda session: _write(context, session, worker, fence, seen, growth))


async def _is_due(context: Context, size: int) -> bool:
    async with context.database.read() as session:
        return log_signing.is_due(context.log, await checkpoints.newest(session), size, await session.now())


async def _look(context: Context, session: ReadSession, worker: str, head: Head, batch: int) -> _Seen | None:
    """What there is to do for us; None: nothing, or another leads."""
    now, lease = await session.now(), await translog.lease(session)
    if lease is not None and lease.holder != worker and lease.until > now:
        return None
    gaps = await translog.gaps(session)
    # Before the gaps are looked into: what ends in between is looked for once more.
    _, oldest = await translog.horizons(session) if gaps else (None, None)
    given = await translog.given_out(session) if gaps else None
    found = await translog.late_ids(session, batch) if gaps else []
    # Gaps that somebody has laid over each other, or over what is still to come, bring nothing in twice.
    late_ids = [number for number in dict.fromkeys(found) if number <= head.last_id]
    late, bad = await _readable(session, late_ids)
    fresh, bad_fresh = await _fresh(session, head, batch - len(late_ids))
    bad += bad_fresh
    # After the entries were read: whoever may still fill a gap was given its number before.
    horizon, _ = await translog.horizons(session) if fresh else (None, None)
    newest = await checkpoints.newest(session)
    size = head.size + len(late) + len(fresh)
    gone, _ = _gaps_after(gaps, late_ids, now, oldest, given)
    if not (late or fresh or bad or gone or log_signing.is_due(context.log, newest, size, now)):
        return None
    tiles = await translog.tiles(session, tiles_for_growth(head.size))
    fence = lease.fence if lease is not None and lease.holder == worker else None
    more_late = len(found) == batch
    return _Seen(head, fence, now, [*late, *fresh], bad, gaps, tiles, oldest, horizon, given, more_late)


async def _fresh(session: ReadSession, head: Head, limit: int) -> tuple[list[Row], list[int]]:
    try:
        return await translog.fresh(session, head.last_id, limit), []
    except UnreadableRow:
        return await _readable(session, await translog.fresh_ids(session, head.last_id, limit))


async def _readable(session: ReadSession, ids: Sequence[int]) -> tuple[list[Row], list[int]]:
    """The entries of these numbers, and the numbers of those that cannot be read, which are looked for by halves."""
    if not ids:
        return [], []
    try:
        return await translog.numbered(session, ids), []
    except UnreadableRow:
        if len(ids) == 1:
            return [], list(ids)
        middle = len(ids) // 2
        left, bad_left = await _readable(session, ids[:middle])
        right, bad_right = await _readable(session, ids[middle:])
        return [*left, *right], [*bad_left, *bad_right]


async def _lead(context: Context, worker: str) -> int:
    async def work(session: WriteSession) -> int | None:
        now = await session.now()
        return await translog.take_lease(session, worker, now, now + timedelta(seconds=LEASE_SECONDS))

    fence = await context.database.run(work)
    if fence is None:
        raise _Overtaken
    _log.info("log_lead", worker=worker, fence=fence)
    return fence


def _growth(seen: _Seen) -> _Growth:
    leaves, bad = [], list(seen.bad)
    for row in seen.rows:
        try:
            leaves.append((row["id"], leaf_hash(leaf_for(row))))
        except LeafRefused:
            bad.append(row["id"])
    taken = [number for number, _ in leaves]
    late = [number for number in taken if number <= seen.head.last_id]
    gone, new = _gaps_after(seen.gaps, late, seen.now, seen.oldest, seen.given)
    # What looks empty is not judged where there may be more, nor let go of where something lies that is not readable.
    gone = [
        gap
        for gap in gone
        if any(gap.first_id <= number <= gap.last_id for number in late)
        or not (seen.more_late or any(gap.first_id <= number <= gap.last_id for number in bad))
    ]
    passed = _gaps_of([number for number in taken if number > seen.head.last_id], seen.head.last_id, seen.now, None)
    new += [replace(gap, horizon=seen.horizon) for gap in passed]
    return _Growth(leaves, grow(seen.head.size, seen.tiles, (leaf for _, leaf in leaves)), gone, new, bad)


async def _write(
    context: Context, session: WriteSession, worker: str, fence: int, seen: _Seen, growth: _Growth
) -> log_signing.Made | None:
    now = await session.now()
    # The row stays locked to the end: until then nobody else begins to lead.
    if not await translog.hold_lease(session, worker, fence, now + timedelta(seconds=LEASE_SECONDS)):
        raise _Overtaken
    if await translog.head(session) != seen.head:
        raise _Overtaken
    await translog.put_leaves(session, seen.head.size, growth.leaves)
    await translog.put_tiles(session, growth.grown.tiles)
    await translog.replace_gaps(session, growth.gone, growth.new)
    return await log_signing.sign_if_due(context, session, growth.grown.size, now)


async def _tell_broken(context: Context, head: Head, reason: str, error: Exception) -> None:
    """Nothing can grow on what is there."""
    detail: Row = {"reason": reason, "size": head.size}
    if await log_guard.keep_told(context, EventKind.LOG_BROKEN, detail, holds=True):
        _log.error("log_cannot_grow", size=head.size, reason=reason, error=str(error))


async def _tell_bad(context: Context, bad: Sequence[int]) -> None:
    """Entries that stay outside of the tree: the first is named, until none is left."""
    detail: Row = {"entry": min(bad), "entries": len(bad)} if bad else {}
    if await log_guard.keep_told(context, EventKind.LOG_ENTRY_REFUSED, detail, holds=bool(bad)) and bad:
        _log.error("log_entry_refused", **detail)


def _gaps_of(ids: Iterable[int], after_id: int, seen_at: datetime, horizon: int | None) -> list[Gap]:
    """The numbers that are passed over on the way through ``ids``, which rise and lie above ``after_id``."""
    found = []
    for number in ids:
        if number > after_id + 1:
            found.append(Gap(after_id + 1, number - 1, seen_at, horizon))
        after_id = number
    return found


def _gaps_after(
    gaps: Sequence[Gap], filled: Sequence[int], now: datetime, oldest: int | None, given: int | None
) -> tuple[list[Gap], list[Gap]]:
    """Gaps to let go of, and what is left of those that were filled in part."""
    gone, new = [], []
    for gap in gaps:
        here = [number for number in filled if gap.first_id <= number <= gap.last_id]
        if here:
            gone.append(gap)
            rest = _gaps_of([*here, gap.last_id + 1], gap.first_id - 1, gap.seen_at, gap.horizon)
            new += rest
        elif _is_settled(gap, now, oldest, given):
            gone.append(gap)
    return gone, new


def _is_settled(gap: Gap, now: datetime, oldest: int | None, given: int | None) -> bool:
    """Whether nothing can come any more: every transaction that ran when it was passed has ended.

    Numbers that were never given out are still to come, where somebody has put an entry in far above all others.
    """
    if given is not None and gap.last_id > given:
        return False
    ended = gap.horizon is None or oldest is None or oldest >= gap.horizon
    return ended and (now - gap.seen_at).total_seconds() >= SETTLED_SECONDS
