"""One trip of claimed lanes to a target: what is still to go, what came of it, how each lane is left.

Holds no connection and no session; ``deliver`` drives it and writes down what it collected.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.delivery import DeliveryState, HoldReason, may_move
from app.domain.retry import GiveUp, Schedule, decide
from app.store.outbox import ClaimedLane, LoadedMessage, Release, Settlement
from connectors.base import Accepted, Held, Kind, Outcome, Parcel, Rejected, TryLater, Unknown


@dataclass(slots=True)
class LaneTrip:
    """One lane on a trip. ``stopped`` means that nothing more of it may be sent on this trip."""

    lane: ClaimedLane
    known: bool
    snapshot: LoadedMessage | None = None
    doubtful: list[LoadedMessage] = field(default_factory=list)
    steps: deque[LoadedMessage] = field(default_factory=deque)
    stopped: bool = False
    progressed: bool = False
    failure: TryLater | Unknown | None = None
    failed_message: LoadedMessage | None = None
    hold: HoldReason | None = None

    def stop(self, failure: TryLater | Unknown | None = None, message: LoadedMessage | None = None) -> None:
        """Send nothing more of this lane on this trip."""
        self.stopped = True
        # The first that failed stands for all behind it: what is given up first must be the oldest.
        if failure is not None and self.failure is None:
            self.failure, self.failed_message = failure, message


@dataclass(frozen=True, slots=True)
class AttemptNote:
    """One message in one call, and what came of it."""

    message: LoadedMessage
    call_id: str
    outcome: Outcome


@dataclass(slots=True)
class Trip:
    """All lanes of one claim."""

    lanes: dict[int, LaneTrip]
    loaded: dict[int, LoadedMessage]
    superseded: list[int] = field(default_factory=list)
    settlements: dict[int, Settlement] = field(default_factory=dict)
    notes: list[AttemptNote] = field(default_factory=list)

    @classmethod
    def of(cls, claimed: Sequence[ClaimedLane], loaded: Sequence[LoadedMessage]) -> "Trip":
        """Sort messages into their lanes; of several waiting snapshots only the newest goes."""
        trip = cls({lane.id: LaneTrip(lane, lane.known) for lane in claimed}, {m.id: m for m in loaded})
        for message in loaded:
            lane = trip.lanes[message.lane_id]
            if message.state is DeliveryState.UNKNOWN:
                lane.doubtful.append(message)
            elif message.kind == Kind.DOSSIER.value:
                if lane.snapshot is not None:
                    trip.superseded.append(lane.snapshot.id)
                lane.snapshot = message
            else:
                lane.steps.append(message)
        return trip

    def under_way(self) -> list[int]:
        """Ids of the messages that are being sent from now on."""
        overtaken = set(self.superseded)
        return [m.id for m in self.loaded.values() if m.state is DeliveryState.WAITING and m.id not in overtaken]

    def parcel(self, message: LoadedMessage) -> Parcel:
        """The message as the connector takes it."""
        return Parcel(
            message.id,
            Kind(message.kind),
            message.dossier_code,
            message.payload,
            self.lanes[message.lane_id].known,
            message.correlation_id,
        )

    def snapshots(self) -> list[LoadedMessage]:
        """Snapshots that may go now."""
        return [lane.snapshot for lane in self.lanes.values() if lane.snapshot is not None and not lane.stopped]

    def next_steps(self, per_lane: int) -> list[LoadedMessage]:
        """The next steps of each lane that may go, a lane's steps together and in order."""
        wave: list[LoadedMessage] = []
        for lane in self.lanes.values():
            if not lane.stopped:
                wave.extend(lane.steps.popleft() for _ in range(min(per_lane, len(lane.steps))))
        return wave

    def alive(self, batch: Iterable[LoadedMessage]) -> list[LoadedMessage]:
        """Of a batch, what may still go: not settled meanwhile, its lane not stopped."""
        return [m for m in batch if m.id not in self.settlements and not self.lanes[m.lane_id].stopped]

    def block_orphans(self) -> None:
        """Steps of a dossier that the nation refused cannot go: their lane waits for a better snapshot."""
        for lane in self.lanes.values():
            if lane.steps and not lane.known and not lane.stopped and lane.snapshot is None:
                lane.hold = lane.hold or HoldReason.REFUSED
                lane.stop()

    def note(self, message: LoadedMessage, outcome: Outcome, call_id: str) -> None:
        """Take down what came of one message, and what it means for its lane."""
        lane = self.lanes[message.lane_id]
        self.notes.append(AttemptNote(message, call_id, outcome))
        match outcome:
            case Accepted(code, text):
                self.settle(message, DeliveryState.DELIVERED, "accepted", code, text)
                lane.progressed = True
                lane.known = lane.known or message.kind == Kind.DOSSIER.value
            case Rejected(code, text, named):
                self.settle(message, DeliveryState.REJECTED, "refused", code, text, named)
                if message.kind == Kind.DOSSIER.value and not lane.known:
                    lane.hold = HoldReason.REFUSED
                    lane.stop()
            case TryLater(reason, text):
                self.settle(message, DeliveryState.WAITING, reason, None, text)
                lane.stop(outcome, message)
            case Unknown(reason, text):
                self.settle(message, DeliveryState.UNKNOWN, reason, None, text)
                lane.stop(outcome, message)
            case Held(reason):
                self.settle(message, DeliveryState.WAITING, reason, tried=False)
                lane.stop()

    def doubt(self, message: LoadedMessage, failure: TryLater | None = None) -> None:
        """Whether the nation has it cannot be told now: it must not be sent before that is known."""
        reason = failure.reason if failure else "probe_postponed"
        self.settle(message, DeliveryState.UNKNOWN, reason, None, failure.message if failure else None, tried=False)
        self.lanes[message.lane_id].stop(failure, message)

    def bury_spent(self, schedule: Schedule) -> None:
        """A lane whose workers died again and again is not tried once more: a person must look."""
        for lane in self.lanes.values():
            if lane.lane.attempts >= schedule.attempts_max:
                pending = [*lane.doubtful, *filter(None, [lane.snapshot]), *lane.steps]
                self.bury(pending[:1], "budget_spent", f"{lane.lane.attempts} rounds failed")

    def bury(self, batch: Iterable[LoadedMessage], reason: str, text: str) -> None:
        """A bug of ours: no second try, a person must look."""
        for message in batch:
            self.settle(message, DeliveryState.DEAD, reason, None, text)
            lane = self.lanes[message.lane_id]
            lane.hold = HoldReason.DEAD
            lane.stop()

    def settle(
        self,
        message: LoadedMessage,
        state: DeliveryState,
        reason: str | None = None,
        code: str | None = None,
        text: str | None = None,
        named: str | None = None,
        *,
        tried: bool = True,
    ) -> None:
        """Take down what became of a message; a move that the table does not have is a bug of ours."""
        # All that was loaded is marked as being sent, but for what was in doubt.
        before = DeliveryState.UNKNOWN if message.state is DeliveryState.UNKNOWN else DeliveryState.SENDING
        if state is not before and not may_move(before, state):
            impossible = f"delivery {message.id} cannot go from {before.value} to {state.value}"
            raise AssertionError(impossible)
        self.settlements[message.id] = Settlement(
            message.id, message.lane_id, state, tried, reason, code, (text or None) and str(text)[:1000], named
        )

    def close(self, schedule: Schedule, now: datetime, draw: float) -> list[Release]:
        """Say how each lane is left, and put back what did not go."""
        releases = [self._release(lane, schedule, now, draw) for lane in self.lanes.values()]
        for message in self.loaded.values():
            if message.id not in self.settlements and message.state is DeliveryState.WAITING:
                self.settle(message, DeliveryState.WAITING, tried=False)
        for message_id in self.superseded:
            self.settlements.pop(message_id, None)
        return releases

    def _release(self, trip: LaneTrip, schedule: Schedule, now: datetime, draw: float) -> Release:
        lane = trip.lane
        if trip.failure is None:
            return Release(lane.id, lane.fence, trip.known, hold=trip.hold)
        attempts = 1 if trip.progressed else lane.attempts + 1
        since = now if trip.progressed else (lane.failing_since or now)
        retry_after = trip.failure.retry_after_seconds if isinstance(trip.failure, TryLater) else None
        verdict = decide(
            schedule, attempts=attempts, failing_since=since, now=now, draw=draw, retry_after_seconds=retry_after
        )
        if isinstance(verdict, GiveUp):
            if trip.failed_message is not None:
                self.settle(trip.failed_message, DeliveryState.DEAD, trip.failure.reason, None, verdict.reason)
            return Release(lane.id, lane.fence, trip.known, attempts, since, hold=HoldReason.DEAD)
        return Release(lane.id, lane.fence, trip.known, attempts, since, verdict.at)


def by_lane(batch: Iterable[LoadedMessage]) -> list[list[LoadedMessage]]:
    """Messages of one lane together, in order."""
    lanes: dict[int, list[LoadedMessage]] = {}
    for message in batch:
        lanes.setdefault(message.lane_id, []).append(message)
    return list(lanes.values())
