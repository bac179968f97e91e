"""Deliver: claim lanes, send with no session open, record by compare-and-set on the fence.

A round takes some lanes to one target: first it asks about what is doubtful, then sends snapshots, then steps
in order. Arrays that the far side refuses are halved until the guilty item stands alone.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from app import observability
from app.domain.delivery import DeliveryState, Target
from app.store import audit, outbox
from app.store.outbox import LoadedMessage
from app.store.session import WriteSession
from app.usecases import bookkeeping
from app.usecases.context import Context
from app.usecases.round import CallNote, Round
from app.usecases.trip import Trip, by_lane
from connectors.base import Accepted, Exchange, Kind, Knowledge, Probed, Sent, TryLater, Unknown

_log = structlog.get_logger(__name__)
_FLUSH_MESSAGES = 400


async def deliver(context: Context, target: Target, worker: str, stopping: asyncio.Event | None = None) -> int:
    """Run one round for a target; how many lanes were taken (0: nothing is ready)."""
    stopping = stopping or asyncio.Event()
    policy = context.policies[target]

    async def work(session: WriteSession) -> Round | None:
        now = await session.now()
        claimed = await outbox.claim(
            session, target, limit=policy.lanes_per_claim, now=now, lease_seconds=policy.lease_seconds, worker=worker
        )
        if not claimed:
            return None
        loaded = await outbox.load(session, [lane.id for lane in claimed], per_lane=policy.steps_per_lane)
        trip = Trip.of(claimed, loaded)
        await outbox.mark(session, trip.superseded, DeliveryState.SUPERSEDED, now)
        await outbox.mark(session, trip.under_way(), DeliveryState.SENDING, now)
        round_ = Round(context, target, worker, trip, now, stopping)
        await audit.append(session, bookkeeping.intents(round_), now)
        return round_

    round_ = await context.database.run(work)
    if round_ is None:
        return 0
    trip = round_.trip
    trip.bury_spent(policy.schedule)
    with observability.round_timer(target.value):
        await _probe_doubtful(round_)
        await _send_all(round_, trip.snapshots(), round_.connector.capacity.of(Kind.DOSSIER))
        trip.block_orphans()
        await _send_steps(round_)
    await _finish(round_)
    return len(trip.lanes)


async def _send_steps(round_: Round) -> None:
    capacity = round_.connector.capacity.of(Kind.STEP)
    while wave := round_.trip.next_steps(capacity):
        await _send_all(round_, wave, capacity)
        if not round_.may_send():
            return


async def _send_all(round_: Round, batch: Sequence[LoadedMessage], capacity: int) -> None:
    """Pack messages into calls, a lane never split over two, and send the calls side by side."""
    lots = _pack(batch, capacity, lambda m: round_.connector.envelope(round_.trip.parcel(m)))
    await _side_by_side([partial(_send_lot, round_, lot) for lot in lots], round_.policy.calls_in_flight)
    if len(round_.trip.notes) >= _FLUSH_MESSAGES:
        await _flush(round_)


async def _side_by_side(jobs: Sequence[Callable[[], Awaitable[None]]], width: int) -> None:
    queue = iter(jobs)

    async def drain() -> None:
        for job in queue:
            await job()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(width, len(jobs))):
            group.create_task(drain())


def _pack(
    batch: Sequence[LoadedMessage], capacity: int, envelope: Callable[[LoadedMessage], str]
) -> list[list[LoadedMessage]]:
    lots: list[list[LoadedMessage]] = []
    open_lots: dict[str, list[LoadedMessage]] = {}
    by_lane: dict[int, list[LoadedMessage]] = {}
    for message in batch:
        by_lane.setdefault(message.lane_id, []).append(message)
    for group in by_lane.values():
        key = envelope(group[0])
        lot = open_lots.get(key)
        if lot is None or len(lot) + len(group) > capacity:
            lot = open_lots[key] = []
            lots.append(lot)
        lot.extend(group)
    return lots


async def _send_lot(round_: Round, lot: Sequence[LoadedMessage]) -> None:
    """Send one call; halve a refused array until the guilty item stands alone, and let the others through."""
    batch = round_.trip.alive(lot)
    if not batch or not round_.may_send():
        return
    call_id = uuid.uuid4().hex
    at = round_.now()
    try:
        async with asyncio.timeout(round_.policy.call_seconds):
            sent = await round_.connector.send([round_.trip.parcel(message) for message in batch])
    except TimeoutError:
        # Logging in anew and turning an insert into an update are calls too; together they must fit the lease.
        sent = _out_of_time(len(batch), round_.policy.call_seconds)
    except Exception as error:  # noqa: BLE001 - the edge to a connector: a bug of ours, never retried
        _log.exception("connector_bug", target=round_.target.value, call=call_id)
        round_.trip.bury(batch, "bug", f"{type(error).__name__}: {error}")
        return
    round_.calls.append(CallNote(call_id, at, len(batch), sent.exchange))
    if sent.array_refused and len(batch) > 1:
        await _halve(round_, batch)
        return
    for message, outcome in zip(batch, sent.outcomes, strict=True):
        round_.trip.note(message, outcome, call_id)


def _out_of_time(count: int, seconds: float) -> Sent:
    outcome = Unknown("call_timeout", f"no answer within {seconds:g} s, all tries included")
    return Sent((outcome,) * count, Exchange("send", elapsed_seconds=seconds))


async def _halve(round_: Round, batch: list[LoadedMessage]) -> None:
    if batch[0].kind == Kind.STEP.value:
        # No source tells whether a refused array was taken in part, and a step sent twice stands there twice.
        await _side_by_side(
            [partial(_probe_lane, round_, lane) for lane in by_lane(batch)], round_.policy.calls_in_flight
        )
        batch = round_.trip.alive(batch)
    middle = (len(batch) + 1) // 2
    await _send_lot(round_, batch[:middle])
    await _send_lot(round_, batch[middle:])


async def _probe_doubtful(round_: Round) -> None:
    doubtful = [lane.doubtful for lane in round_.trip.lanes.values() if lane.doubtful]
    await _side_by_side([partial(_resolve_doubt, round_, lane) for lane in doubtful], round_.policy.calls_in_flight)


async def _resolve_doubt(round_: Round, doubtful: list[LoadedMessage]) -> None:
    lane = round_.trip.lanes[doubtful[0].lane_id]
    await _probe_lane(round_, doubtful)
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
    doubted = [m for m in left if m.kind == Kind.STEP.value]
    lane.steps = deque(sorted([*doubted, *lane.steps], key=lambda m: m.id))


async def _probe_lane(round_: Round, asked: list[LoadedMessage]) -> None:
    """Ask what the nation holds of one lane; what it holds is delivered, what it lacks stays to be sent."""
    lane = round_.trip.lanes[asked[0].lane_id]
    if not round_.may_send():
        for message in asked:
            round_.trip.doubt(message)
        return
    call_id, at = uuid.uuid4().hex, round_.now()
    try:
        async with asyncio.timeout(round_.policy.call_seconds):
            probed = await round_.connector.probe(lane.lane.dossier_code, [round_.trip.parcel(m) for m in asked])
    except TimeoutError:
        for message in asked:
            round_.trip.doubt(message, TryLater("call_timeout", "the nation was asked and did not answer in time"))
        return
    except Exception as error:  # noqa: BLE001 - the edge to a connector: a bug of ours, never retried
        _log.exception("connector_bug", target=round_.target.value, call=call_id)
        round_.trip.bury(asked, "bug", f"{type(error).__name__}: {error}")
        return
    note = CallNote(call_id, at, 0, probed.exchange)
    round_.calls.append(note)
    round_.probes.append((lane.lane.dossier_code, note, ",".join(k.value for k in probed.knowledge)))
    lane.known = lane.known if probed.dossier_known is None else probed.dossier_known
    _take_knowledge(round_, asked, probed, call_id)


def _take_knowledge(round_: Round, asked: list[LoadedMessage], probed: Probed, call_id: str) -> None:
    for message, knowledge in zip(asked, probed.knowledge, strict=True):
        if knowledge is Knowledge.HOLDS:
            round_.trip.note(message, Accepted("probe", "the nation holds it"), call_id)
        elif knowledge is Knowledge.CANNOT_TELL:
            failure = probed.failure or TryLater("probe_cannot_tell", "the nation's answer allows no verdict")
            round_.trip.doubt(message, failure)


async def _finish(round_: Round) -> None:
    trip, schedule, draw = round_.trip, round_.policy.schedule, round_.context.draw()
    fences = _fences(trip)

    async def work(session: WriteSession) -> int:
        ours = await outbox.still_ours(session, fences)
        releases = trip.close(schedule, await session.now(), draw)
        await bookkeeping.write(session, round_, ours)
        await outbox.release(session, [release for release in releases if release.lane_id in ours])
        return len(fences) - len(ours)

    lost = await round_.context.database.run(work)
    if lost:
        _log.warning("lanes_lost", target=round_.target.value, worker=round_.worker, lanes=lost)
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
    for message_id in trip.settlements:
        trip.loaded.pop(message_id, None)
    trip.settlements, trip.notes = {}, []
    round_.calls, round_.probes = [], []
