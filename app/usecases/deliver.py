"""Deliver: claim lanes, send with no session open, record by compare-and-set on the fence.

A round takes some lanes to one target: first it asks about what is doubtful, then sends snapshots, then steps
in order. Arrays that the far side refuses are halved until the guilty item stands alone.
"""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from app import observability, tracing
from app.domain.breaker import GateState
from app.domain.delivery import DeliveryState, Destination, Target
from app.store import audit, gates, holds, outbox
from app.store.outbox import ClaimedLane, Except, LoadedMessage
from app.store.session import WriteSession
from app.usecases import bookkeeping, log_guard
from app.usecases.context import Context
from app.usecases.round import CallNote, ProbeCall, Round
from app.usecases.trip import ProbeNote, Trip, by_lane
from connectors.base import Accepted, Exchange, Kind, Knowledge, Parcel, Probed, Rejected, Sent, TryLater, Unknown
from connectors.deadline import SEND_BEFORE

_log = structlog.get_logger(__name__)
_IDS_LOGGED = 20
_HALVINGS_MAX = 7


class _NothingToDo(Exception):
    """Nothing was claimed, so a grant of the gate must not be used up."""


async def deliver(
    context: Context, destination: Destination, worker: str, stopping: asyncio.Event | None = None
) -> int:
    """Run one round for a destination; how many lanes were taken (0: nothing is ready, or nothing may go)."""
    if not await log_guard.is_covered(context):
        return 0
    stopping = stopping or asyncio.Event()
    # Before the claim: what passes until the database has answered shortens what we believe the lease to be.
    started = time.monotonic()

    async def work(session: WriteSession) -> Round:
        now = await session.now()
        claimed, trial = await _claim(session, context, destination, worker, now)
        if not claimed:
            raise _NothingToDo
        per_lane = context.policies[destination.target].steps_per_lane
        loaded = await outbox.load(session, [lane.id for lane in claimed], per_lane=per_lane)
        trip = Trip.of(claimed, loaded)
        await outbox.mark(session, trip.superseded, DeliveryState.SUPERSEDED, now)
        await outbox.mark(session, trip.under_way(), DeliveryState.SENDING, now)
        round_ = Round(context, destination, worker, trip, now, stopping, started, trial)
        await audit.append(session, await bookkeeping.intents(session, round_), now)
        return round_

    try:
        round_ = await context.database.run(work)
    except _NothingToDo:
        return 0
    trip = round_.trip
    trip.bury_spent(round_.policy.schedules)
    bound = SEND_BEFORE.set(round_.send_before)
    try:
        with observability.round_timer(destination.target.value):
            await _probe_doubtful(round_)
            await _send_all(round_, trip.snapshots(), round_.connector.capacity.of(Kind.DOSSIER))
            trip.block_orphans()
            await _send_steps(round_)
    finally:
        SEND_BEFORE.reset(bound)
    await _finish(round_)
    return len(trip.lanes)


async def _claim(
    session: WriteSession, context: Context, destination: Destination, worker: str, now: datetime
) -> tuple[list[ClaimedLane], bool]:
    """The lanes of a round, and whether it is the trial of a gate."""
    policy, key = context.policies[destination.target], destination.key
    held = await holds.active(session, key)
    if holds.blocks_destination(held):
        return [], False
    limit, trial = policy.lanes_per_claim, False
    if policy.breaker is not None:
        admission = await gates.admit(session, key, policy.breaker, limit, now)
        limit, trial = admission.lanes, admission.state is GateState.TRIAL
    if not limit:
        return [], trial
    claimed = await outbox.claim(
        session,
        key,
        limit=limit,
        now=now,
        lease_seconds=policy.lease_seconds,
        worker=worker,
        but=Except(*holds.filters(held)) if held else None,
    )
    return claimed, trial


async def _send_steps(round_: Round) -> None:
    kind = Kind.EVENT if round_.destination.target is Target.WEBHOOK else Kind.STEP
    capacity = round_.connector.capacity.of(kind)
    while wave := round_.trip.next_steps(capacity):
        await _send_all(round_, wave, capacity)
        if not round_.may_send():
            return


async def _send_all(round_: Round, batch: Sequence[LoadedMessage], capacity: int) -> None:
    """Pack messages into calls, a lane never split over two, and send the calls side by side."""
    lots = _pack(
        batch,
        lambda m: round_.connector.envelope(_parcel(round_, m)),
        lambda m: _share(capacity, round_.trip.lanes[m.lane_id].lane.attempts),
    )
    await _side_by_side([partial(_send_lot, round_, lot) for lot in lots], round_.policy.calls_in_flight)
    if len(round_.trip.notes) >= round_.policy.flush_messages:
        await _flush(round_)


def _parcel(round_: Round, message: LoadedMessage) -> Parcel:
    """The message as the connector takes it, under the trace of the call or else of the request that brought it."""
    parcel = round_.trip.parcel(message, round_.key)
    return replace(parcel, trace_context=tracing.TRACEPARENT.get() or message.trace_context)


async def _side_by_side(jobs: Sequence[Callable[[], Awaitable[None]]], width: int) -> None:
    queue = iter(jobs)

    async def drain() -> None:
        for job in queue:
            await job()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(width, len(jobs))):
            group.create_task(drain())


def _share(capacity: int, attempts: int) -> int:
    """How many records a call may carry: fewer the more often they failed.

    At last one that the far side stumbles over without a word stands alone, and holds up no other.
    """
    return max(capacity >> min(max(attempts - 1, 0), _HALVINGS_MAX), 1)


def _pack(
    batch: Sequence[LoadedMessage], envelope: Callable[[LoadedMessage], str], share: Callable[[LoadedMessage], int]
) -> list[list[LoadedMessage]]:
    lots: list[list[LoadedMessage]] = []
    open_lots: dict[tuple[str, int], list[LoadedMessage]] = {}
    by_lane: dict[int, list[LoadedMessage]] = {}
    for message in batch:
        by_lane.setdefault(message.lane_id, []).append(message)
    for group in by_lane.values():
        key = envelope(group[0]), share(group[0])
        lot = open_lots.get(key)
        if lot is None or len(lot) + len(group) > key[1]:
            lot = open_lots[key] = []
            lots.append(lot)
        lot.extend(group)
    return lots


async def _send_lot(round_: Round, lot: Sequence[LoadedMessage], *, half: bool = False) -> None:
    """Send one call; halve a refused array until the guilty item stands alone, and let the others through."""
    batch = round_.trip.alive(lot)
    if not batch or not round_.may_send():
        return
    call_id = uuid.uuid4().hex
    at = round_.now()
    attributes: dict[str, str | int] = {"lienthong.target": round_.key, "lienthong.call": call_id}
    links = [message.trace_context for message in batch]
    try:
        with tracing.span("deliver", parent=links[0] if len(batch) == 1 else None, links=links, attributes=attributes):
            async with asyncio.timeout(round_.policy.call_seconds):
                sent = await round_.connector.send([_parcel(round_, message) for message in batch])
    except TimeoutError:
        # Logging in anew and turning an insert into an update are calls too; together they must fit the lease.
        sent = _out_of_time(len(batch), round_.policy.call_seconds)
    except Exception as error:  # noqa: BLE001 - the edge to a connector: a bug of ours, never retried
        _log.exception("connector_bug", target=round_.key, call=call_id)
        if len(batch) > 1:
            # One record that our own code cannot carry must not bury those that happened to travel with it.
            await _halve(round_, batch, ask=True)
        else:
            round_.trip.bury(batch, "bug", f"{type(error).__name__}: {error}")
        return
    for exchange in sent.earlier:
        round_.calls.append(CallNote(uuid.uuid4().hex, at, len(batch), exchange))
    round_.calls.append(CallNote(call_id, at, len(batch), sent.exchange))
    # A far side that refuses an array for its size or form is there.
    answered = sent.array_refused or any(isinstance(outcome, Accepted | Rejected) for outcome in sent.outcomes)
    round_.tell(Accepted() if answered else sent.outcomes[0])
    outcomes = {type(outcome).__name__.lower() for outcome in sent.outcomes}
    _log_call(round_, batch, round_.calls[-1], "mixed" if len(outcomes) > 1 else outcomes.pop())
    if sent.array_refused and len(batch) > 1:
        await _halve(round_, batch, ask=not half or any(isinstance(outcome, Unknown) for outcome in sent.outcomes))
        return
    ended = round_.now()
    for message, outcome in zip(batch, sent.outcomes, strict=True):
        round_.trip.note(message, outcome, call_id, ended)


def _log_call(round_: Round, batch: Sequence[LoadedMessage], call: CallNote, outcome: str) -> None:
    """One line a call or look-up; the ids are those under which the records came through the door."""
    _log.info(
        "call",
        target=round_.key,
        call=call.id,
        service=call.exchange.service,
        parcels=len(batch),
        outcome=outcome,
        elapsed_ms=round(call.exchange.elapsed_seconds * 1000),
        correlation_ids=sorted({message.correlation_id for message in batch})[:_IDS_LOGGED],
    )


def _out_of_time(count: int, seconds: float) -> Sent:
    outcome = Unknown("call_timeout", f"no answer within {seconds:g} s, all tries included")
    return Sent((outcome,) * count, Exchange("send", elapsed_seconds=seconds))


async def _halve(round_: Round, batch: list[LoadedMessage], *, ask: bool) -> None:
    """No source tells whether a refused array is taken in part, so the nation is asked before any of it goes again.

    Of dossiers once is enough: what it took out of the whole array is known then, and an update that is repeated
    does no harm. A step that is repeated stands there twice, so of steps it is asked for every part.
    """
    if ask or batch[0].kind == Kind.STEP.value:
        await _side_by_side(
            [partial(_probe_lane, round_, lane) for lane in by_lane(batch)], round_.policy.calls_in_flight
        )
        batch = round_.trip.alive(batch)
    middle = (len(batch) + 1) // 2
    await _send_lot(round_, batch[:middle], half=True)
    await _send_lot(round_, batch[middle:], half=True)


async def _probe_doubtful(round_: Round) -> None:
    doubtful = [lane.doubtful for lane in round_.trip.lanes.values() if lane.doubtful and not lane.stopped]
    await _side_by_side([partial(_resolve_doubt, round_, lane) for lane in doubtful], round_.policy.calls_in_flight)


async def _resolve_doubt(round_: Round, doubtful: list[LoadedMessage]) -> None:
    lane = round_.trip.lanes[doubtful[0].lane_id]
    await _probe_lane(round_, doubtful, in_doubt=True)
    if lane.stopped:
        return
    left = [message for message in doubtful if message.id not in round_.trip.settlements]
    for message in (m for m in left if m.kind == Kind.DOSSIER.value):
        if lane.snapshot is None or lane.snapshot.id < message.id:
            if lane.snapshot is not None:
                round_.trip.settle(lane.snapshot, DeliveryState.SUPERSEDED, tried=False)
            lane.snapshot = message
        else:
            round_.trip.settle(message, DeliveryState.SUPERSEDED, tried=False)
    doubted = [m for m in left if m.kind != Kind.DOSSIER.value]
    lane.steps = deque(sorted([*doubted, *lane.steps], key=lambda m: m.id))


async def _probe_lane(round_: Round, asked: list[LoadedMessage], *, in_doubt: bool = False) -> None:
    """Ask what the nation holds of one lane; what it holds is delivered, what it lacks stays to be sent."""
    lane = round_.trip.lanes[asked[0].lane_id]
    if not round_.may_send():
        for message in asked:
            round_.trip.doubt(message)
        return
    call_id, at = uuid.uuid4().hex, round_.now()
    try:
        async with asyncio.timeout(round_.policy.call_seconds):
            probed = await round_.connector.probe(lane.lane.dossier_code, [_parcel(round_, m) for m in asked])
    except TimeoutError:
        failure = TryLater("call_timeout", "the nation was asked and did not answer in time")
        round_.tell(failure)
        for message in asked:
            round_.trip.doubt(message, failure)
        return
    except Exception as error:  # noqa: BLE001 - the edge to a connector: a bug of ours, never retried
        _log.exception("connector_bug", target=round_.key, call=call_id)
        round_.trip.bury(asked, "bug", f"{type(error).__name__}: {error}")
        return
    note = CallNote(call_id, at, 0, probed.exchange)
    round_.calls.append(note)
    _log_call(round_, asked, note, "unsure" if probed.failure else "told")
    round_.tell(probed.failure or Accepted())
    round_.probes.append(ProbeCall(asked[0], note, ",".join(k.value for k in probed.knowledge)))
    _take_knowledge(round_, asked, probed, note, in_doubt=in_doubt)


def _take_knowledge(
    round_: Round, asked: list[LoadedMessage], probed: Probed, note: CallNote, *, in_doubt: bool
) -> None:
    """Compare step by step: what is held is delivered; what is lacking may be sent only when that is safe."""
    trip, lane = round_.trip, round_.trip.lanes[asked[0].lane_id]
    told = list(zip(asked, probed.knowledge, strict=True))
    last_held = max((m.id for m, k in told if k is Knowledge.HOLDS and m.kind == Kind.STEP.value), default=0)
    lost = in_doubt and probed.dossier_known is False and lane.known
    for message, knowledge in told:
        trip.probed.append(ProbeNote(message, note.id, knowledge))
        until = _may_come_until(round_, message)
        if knowledge is Knowledge.CANNOT_TELL:
            trip.doubt(message, probed.failure or TryLater("probe_cannot_tell", "its answer allows no verdict"))
        elif knowledge is Knowledge.HOLDS:
            settled = _settled_before(round_, message, told) if in_doubt else note.at
            if note.at < settled:
                trip.wait(message, settled)
            else:
                trip.note(message, Accepted("probe", "the nation holds it"), note.id, note.at)
        elif in_doubt and note.at < until:
            trip.wait(message, until)
        elif in_doubt and message.kind == Kind.DOSSIER.value and _has_newer(message, asked):
            # The newer one was sent after it, and may be there already: this one would overwrite it.
            trip.settle(message, DeliveryState.SUPERSEDED, tried=False)
        elif lost:
            # It acknowledged this dossier once and denies it now: sending on blindly could make a second history.
            trip.undecided(message, "nation_lost_it")
        elif in_doubt and message.kind == Kind.STEP.value and message.id < last_held:
            trip.undecided(message, "out_of_order")
    if probed.dossier_known is not None and not lane.wait_until:
        lane.known = probed.dossier_known


def _has_newer(message: LoadedMessage, asked: Sequence[LoadedMessage]) -> bool:
    return any(other.id > message.id and other.kind == message.kind for other in asked)


def _settled_before(round_: Round, message: LoadedMessage, told: Sequence[tuple[LoadedMessage, Knowledge]]) -> datetime:
    """Until when an older record of the same kind, lacking now, may still come.

    An older snapshot would then take the place of this one. And that a later step is held while an earlier one is
    lacking must still be seen when the earlier one can no longer come, or it would be sent after it.
    """
    older = [
        _may_come_until(round_, other)
        for other, knowledge in told
        if knowledge is Knowledge.LACKS and other.id < message.id and other.kind == message.kind
    ]
    return max(older, default=round_.claimed_at)


def _may_come_until(round_: Round, message: LoadedMessage) -> datetime:
    """Until when the far side may still take a record whose call was given up."""
    if message.doubtful_since is None:
        return round_.claimed_at
    return message.doubtful_since + timedelta(seconds=round_.policy.settle_seconds)


async def _finish(round_: Round) -> None:
    trip, schedules, draw = round_.trip, round_.policy.schedules, round_.context.draw
    fences = _fences(trip)

    async def work(session: WriteSession) -> int:
        ours = await outbox.still_ours(session, fences)
        now = await session.now()
        releases = trip.close(schedules, now, draw, trial=round_.trial)
        await bookkeeping.write(session, round_, ours)
        await outbox.release(session, [release for release in releases if release.lane_id in ours])
        await bookkeeping.report_to_gate(session, round_, now)
        return len(fences) - len(ours)

    lost = await round_.context.database.run(work)
    if lost:
        _log.warning("lanes_lost", target=round_.key, worker=round_.worker, lanes=lost)
    bookkeeping.count(round_)


def _fences(trip: Trip) -> dict[int, int]:
    return {lane_id: lane.lane.fence for lane_id, lane in trip.lanes.items()}


async def _flush(round_: Round) -> None:
    """Write down what is known so far, so that a crash leaves less in doubt."""
    fences = _fences(round_.trip)

    async def work(session: WriteSession) -> None:
        await bookkeeping.write(session, round_, await outbox.still_ours(session, fences))

    await round_.context.database.run(work)
    bookkeeping.count(round_)
    trip = round_.trip
    trip.written.update(trip.settlements)
    trip.settlements, trip.notes, trip.probed = {}, [], []
    round_.calls, round_.probes = [], []
