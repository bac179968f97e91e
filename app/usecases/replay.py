"""Send a selection again: look first, then oldest first and no faster than asked, worked off by any worker."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.domain.audit import AuditEntry, AuditKind
from app.domain.replay import SAME_PRESS_SECONDS, Fate, ReplayState, Selection, grant, key_of
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import KeyReused, UnknownReplay
from app.store import audit, keeping, replays
from app.store.replays import Replay, Share
from app.store.session import ReadSession, Row, WriteSession
from app.usecases import reach
from app.usecases.context import Caller, Context
from connectors.masking import mask

_SHOWN_FIRST = 20
# One transaction holds the lanes of so many deliveries at most; a worker's tick does so many transactions at most.
_BATCH, _TURNS = 100, 10


@dataclass(frozen=True, slots=True)
class Preview:
    """What a replay would do: counted, and the first ones with their masked payload.

    ``selection`` has an end now, so that asking for it later means the same records; ``key`` is its replay's key.
    """

    selection: Selection
    key: str
    shares: list[Share]
    first: list[Row] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many the selection holds."""
        return sum(share.count for share in self.shares)

    def by(self, part: Callable[[Share], str]) -> dict[str, int]:
        """How many the selection holds, by one of its parts."""
        counts: Counter[str] = Counter()
        for share in self.shares:
            counts[part(share)] += share.count
        return dict(counts)

    @property
    def cannot_go(self) -> dict[str, int]:
        """How many will be passed over, by why; the words of ``Fate``."""
        fates = self.by(lambda share: share.fate.value)
        return {fate: count for fate, count in fates.items() if fate != Fate.OK.value}


@dataclass(frozen=True, slots=True)
class Progress:
    """A replay and how far it is. ``elsewhere``: those that somebody else moved before their turn came."""

    replay: Replay
    remaining: int

    @property
    def elsewhere(self) -> int:
        """Sent again with an older one of their dossier, or moved by hand, before their turn came."""
        if self.replay.state == ReplayState.STOPPED.value:
            return 0
        return max(0, self.replay.total - self.replay.revived - self.replay.skipped - self.remaining)


async def preview(context: Context, caller: Caller, selection: Selection, correlation_id: str) -> Preview:
    """Count what would be sent again and show the first of it; sends nothing. The look is on record."""
    selection = _reached(context, caller, selection)
    async with context.database.read() as session:
        fixed = selection.fixed(await session.now())
        found = await replays.shares(session, fixed)
        first = await replays.first(session, fixed, _SHOWN_FIRST)
    masked = [row | {"payload": mask(row["payload"])} for row in first]
    seen = Preview(fixed, fixed.hash(), found, masked)

    async def note(session: WriteSession) -> None:
        detail: dict[str, object] = {"selection": json.loads(fixed.text()), "total": seen.total}
        entry = _entry(caller.name, caller.agency, correlation_id, "replay:dry run", detail)
        await audit.append(session, [entry], await session.now())

    await context.database.run(note)
    return seen


async def start(
    context: Context,
    caller: Caller,
    selection: Selection,
    per_second: int,
    reason: str,
    given_key: str | None,
    correlation_id: str,
) -> tuple[Replay, bool]:
    """Begin to send a selection again; gives the replay and whether it is new.

    The same key, or without one the same selection pressed again while it runs or within a minute, is the same
    replay.

    Raises:
        KeyReused: the key was given to another selection.
    """
    selection = _reached(context, caller, selection)

    async def work(session: WriteSession) -> tuple[Replay, bool]:
        await replays.lock_press(session)
        now = await session.now()
        fixed = selection.fixed(now)
        key = key_of(caller.name, given_key) if given_key else fixed.hash()
        held = await _pressed_before(session, caller, selection, key, given=given_key is not None, now=now)
        if held is not None:
            entry = _entry_of(held, caller.name, caller.agency, correlation_id, "replay:begun already")
            await audit.append(session, [entry], now)
            return held, False
        total, until_id = await replays.extent(session, fixed)
        row: Row = {"key": key, "selection": fixed.text(), "note": reason, "per_second": per_second}
        row |= {"asked_by": caller.name, "agency": caller.agency, "correlation_id": correlation_id}
        row |= {"created_at": now, "until_id": until_id, "total": total}
        begun = await replays.open_one(session, row)
        entry = _entry_of(begun, caller.name, caller.agency, correlation_id, "replay:begun")
        await audit.append(session, [entry], now)
        return begun, True

    return await context.database.run(work)


def _reached(context: Context, caller: Caller, selection: Selection) -> Selection:
    """The part of a selection that is the caller's, as long as it is worked off."""
    return replace(selection, units=tuple(sorted(reach.units_of(context, caller) or ())))


async def _pressed_before(
    session: WriteSession, caller: Caller, selection: Selection, key: str, *, given: bool, now: datetime
) -> Replay | None:
    held = await replays.by_key(session, key)
    if held is not None:
        if not selection.asks_for(Selection.of(held.selection)):
            message = f"this key was given to another selection (replay {held.id})"
            raise KeyReused(message)
        return held
    if given or selection.until is not None:
        return None
    for replay in await replays.recent(session, caller.name, now - timedelta(seconds=SAME_PRESS_SECONDS)):
        if replay.state != ReplayState.STOPPED.value and selection.asks_for(Selection.of(replay.selection)):
            return replay
    return None


async def stop(context: Context, caller: Caller, replay_id: int, correlation_id: str) -> Progress:
    """Send nothing more of a replay; what has gone has gone. Pressed twice, it stops once.

    Raises:
        UnknownReplay: there is none.
    """

    async def work(session: WriteSession) -> Progress:
        now = await session.now()
        stopped = await replays.end(session, replay_id, ReplayState.STOPPED, now)
        found = stopped or await _found(session, replay_id)
        outcome = "replay:stopped" if stopped else "replay:ended already"
        await audit.append(session, [_entry_of(found, caller.name, caller.agency, correlation_id, outcome)], now)
        return await _progress(session, found)

    return await context.database.run(work)


async def one(context: Context, replay_id: int) -> Progress:
    """A replay and how far it is.

    Raises:
        UnknownReplay: there is none.
    """
    async with context.database.read() as session:
        return await _progress(session, await _found(session, replay_id))


async def listing(context: Context, caller: Caller, before_id: int | None, limit: int) -> list[Progress]:
    """Replays, newest first, below a key; whoever is of some units only sees its own."""
    asked_by = None if caller.reach.is_whole else caller.name
    async with context.database.read() as session:
        found = await replays.listing(session, before_id, limit, asked_by)
        return [await _progress(session, one) for one in found]


async def work_off(context: Context) -> int:
    """Send the share of each running replay that has come due; how many deliveries were sent again.

    Each batch moves the cursor in the transaction that sends it, so that a lost worker loses and repeats nothing,
    and no two workers are at one replay.
    """
    async with context.database.read() as session:
        ids = await replays.running(session)
    revived = 0
    for replay_id in ids:
        for _ in range(_TURNS):
            turn = await _turn(context, replay_id)
            revived += turn.revived
            if not turn.more:
                break
    return revived


@dataclass(frozen=True, slots=True)
class _Turn:
    revived: int = 0
    more: bool = False


async def _turn(context: Context, replay_id: int) -> _Turn:
    async def work(session: WriteSession) -> _Turn:
        replay = await replays.take(session, replay_id)
        if replay is None:
            return _Turn()
        now = await session.now()
        due = grant(replay.per_second, replay.last_run_at, now, _BATCH)
        if not due.count:
            return _Turn()
        ids = await replays.batch(session, replay, Selection.of(replay.selection), due.count)
        verdicts = [await keeping.revive(session, message_id) for message_id in ids]
        revived = verdicts.count(Fate.OK.value)
        last_id = ids[-1] if ids else replay.last_id
        moved = await replays.advance(
            session, replay, last_id=last_id, revived=revived, skipped=len(ids) - revived, run_at=due.run_at
        )
        if len(ids) < due.count:
            await replays.end(session, replay.id, ReplayState.DONE, now)
            entry = _entry_of(moved, replay.asked_by, replay.agency, replay.correlation_id, "replay:done")
            await audit.append(session, [entry], now)
        return _Turn(revived, more=len(ids) == due.count)

    return await context.database.run(work)


async def _found(session: ReadSession, replay_id: int) -> Replay:
    found = await replays.find(session, replay_id)
    if found is None:
        message = f"replay {replay_id} does not exist"
        raise UnknownReplay(message)
    return found


async def _progress(session: ReadSession, replay: Replay) -> Progress:
    if replay.state == ReplayState.DONE.value:
        return Progress(replay, 0)
    return Progress(replay, await replays.remaining(session, replay, Selection.of(replay.selection)))


def _entry_of(replay: Replay, actor: str, agency: str, correlation_id: str, outcome: str) -> AuditEntry:
    """The note stands with the replay itself; the log names it."""
    detail: dict[str, object] = {"replay": replay.id, "selection": json.loads(replay.selection)}
    detail |= {"total": replay.total, "revived": replay.revived, "skipped": replay.skipped}
    return _entry(actor, agency, correlation_id, outcome, detail)


def _entry(actor: str, agency: str, correlation_id: str, outcome: str, detail: dict[str, object]) -> AuditEntry:
    if len(detail_ids := _ids(detail)) > _SHOWN_FIRST:
        # Kept small: how many there are, and the replay keeps which.
        detail = detail | {"selection": {"ids": len(detail_ids)}}
    return AuditEntry(
        kind=AuditKind.OPERATION,
        outcome=outcome,
        actor=actor,
        agency=agency,
        purpose=Purpose.OPERATION.value,
        legal_basis=LEGAL_BASIS[Purpose.OPERATION],
        correlation_id=correlation_id,
        detail=detail,
    )


def _ids(detail: dict[str, object]) -> list[int]:
    selection = detail["selection"]
    return selection.get("ids", []) if isinstance(selection, dict) else []
