"""One trip of claimed lanes to a target: what is still to go, what came of it, how each lane is left.

Holds no connection and no session; ``deliver`` drives it and writes down what it collected.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.delivery import DeliveryState, HoldReason, may_move
from app.domain.failures import FailureClass, class_of
from app.domain.retry import GiveUp, Schedules, count, decide
from app.store.outbox import ClaimedLane, LoadedMessage, Release, Settlement
from connectors.base import Accepted, Held, Kind, Knowledge, Outcome, Parcel, Rejected, TryLater, Unknown

_UNASKED = frozenset({DeliveryState.WAITING, DeliveryState.SENDING})
_FINE = frozenset({DeliveryState.DELIVERED, DeliveryState.SUPERSEDED})


@dataclass(slots=True)
class LaneTrip:
    """One lane on a trip. ``stopped`` means that nothing more of it may be sent on this trip."""

    lane: ClaimedLane
    known: bool
    snapshot: LoadedMessage | None = None
    doubtful: list[LoadedMessage] = field(default_factory=list)
    steps: deque[LoadedMessage] = field(default_factory=deque)
    stopped: bool = False
    answered: bool = False
    failure: TryLater | Unknown | None = None
    failed_message: LoadedMessage | None = None
    doubtful_since: datetime | None = None
    in_doubt: bool = False
    wait_until: datetime | None = None
    hold: HoldReason | None = None
    orphan: LoadedMessage | None = None

    def stop(
        self,
        failure: TryLater | Unknown | None = None,
        message: LoadedMessage | None = None,
        doubtful_since: datetime | None = None,
    ) -> None:
        """Send nothing more of this lane on this trip."""
        self.stopped = True
        # The first that failed stands for all behind it: what is given up first must be the oldest.
        if failure is not None and self.failure is None:
            self.failure, self.failed_message, self.doubtful_since = failure, message, doubtful_since

    @property
    def failure_class(self) -> FailureClass | None:
        """Class of what stopped it; while it is in doubt whether the nation has a record, that is what counts."""
        if self.failure is None:
            return FailureClass.UNKNOWN if self.wait_until else None
        found = class_of(self.failure.reason)
        return FailureClass.UNKNOWN if self.in_doubt and found is not FailureClass.CONTRACT else found


@dataclass(frozen=True, slots=True)
class AttemptNote:
    """One message in one call, and what came of it."""

    message: LoadedMessage
    call_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ProbeNote:
    """One message in one probe, and what the nation said about it."""

    message: LoadedMessage
    call_id: str
    knowledge: Knowledge


@dataclass(slots=True)
class Trip:
    """All lanes of one claim."""

    lanes: dict[int, LaneTrip]
    loaded: dict[int, LoadedMessage]
    superseded: list[int] = field(default_factory=list)
    settlements: dict[int, Settlement] = field(default_factory=dict)
    notes: list[AttemptNote] = field(default_factory=list)
    probed: list[ProbeNote] = field(default_factory=list)
    written: set[int] = field(default_factory=set)

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

    def parcel(self, message: LoadedMessage, destination: str) -> Parcel:
        """The message as the connector takes it."""
        return Parcel(
            message.id,
            Kind(message.kind),
            message.dossier_code,
            message.payload,
            self.lanes[message.lane_id].known,
            message.correlation_id,
            destination,
            message.created_at,
            message.trace_context,
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
            steps = lane.steps and lane.steps[0].kind == Kind.STEP.value
            if steps and not lane.known and not lane.stopped and lane.snapshot is None:
                lane.hold = lane.hold or HoldReason.REFUSED
                lane.orphan = lane.steps[0]
                lane.stop()

    def note(self, message: LoadedMessage, outcome: Outcome, call_id: str, at: datetime) -> None:
        """Take down what came of one message in a call that ended at ``at``, and what it means for its lane."""
        lane = self.lanes[message.lane_id]
        self.notes.append(AttemptNote(message, call_id, outcome))
        match outcome:
            case Accepted(code, text) if self._behind_open(message, lane):
                self._leave_order_open(message, lane, code, text)
            case Accepted(code, text):
                self.settle(message, DeliveryState.DELIVERED, "accepted", code, text)
                lane.answered = True
                lane.known = lane.known or message.kind == Kind.DOSSIER.value
            case Rejected(code, text, named):
                self.settle(message, DeliveryState.REJECTED, "refused", code, text, named)
                lane.answered = True
                if message.kind == Kind.DOSSIER.value and not lane.known:
                    lane.hold = HoldReason.REFUSED
                    lane.stop()
            case TryLater(reason, text):
                self.settle(message, DeliveryState.WAITING, reason, None, text)
                lane.stop(outcome, message)
            case Unknown(reason, text):
                # The far side has answered and is done with it, though what it says means nothing to us.
                since = None if reason == "unknown_code" else at
                self.settle(message, DeliveryState.UNKNOWN, reason, None, text, doubtful_since=since)
                lane.in_doubt = True
                lane.stop(outcome, message, since)
            case Held(reason):
                self.settle(message, DeliveryState.WAITING, reason, tried=False)
                lane.stop()

    def doubt(self, message: LoadedMessage, failure: TryLater | None = None) -> None:
        """Whether the nation has it cannot be told now: it must not be sent before that is known."""
        reason = failure.reason if failure else "probe_postponed"
        text = failure.message if failure else None
        # A record that is asked about after a refused array was never in doubt before: it is from now on.
        since = message.doubtful_since if message.state is DeliveryState.UNKNOWN else None
        self.settle(message, DeliveryState.UNKNOWN, reason, None, text, tried=False, doubtful_since=since)
        lane = self.lanes[message.lane_id]
        lane.in_doubt = True
        lane.stop(failure, message, since)

    @staticmethod
    def _behind_open(message: LoadedMessage, lane: LaneTrip) -> bool:
        """Whether a step was taken while an earlier one that went in the same call was not."""
        first = lane.failed_message
        return first is not None and message.kind == first.kind == Kind.STEP.value and first.id < message.id

    def _leave_order_open(self, message: LoadedMessage, lane: LaneTrip, code: str, text: str) -> None:
        """All of them are looked up together, so that the earlier one is not sent after the later one."""
        for settled in list(self.settlements.values()):
            before = self.loaded[settled.message_id]
            earlier = settled.lane_id == message.lane_id and before.kind == Kind.STEP.value and before.id < message.id
            if earlier and settled.state is DeliveryState.WAITING:
                self.settle(before, DeliveryState.UNKNOWN, settled.reason, settled.code, settled.message)
        since = message.doubtful_since
        self.settle(message, DeliveryState.UNKNOWN, "probe_postponed", code, text, doubtful_since=since)
        lane.in_doubt = True

    def wait(self, message: LoadedMessage, until: datetime) -> None:
        """The nation lacks it, but may still be at work on the call that was given up: ask again, then send."""
        self.settle(
            message,
            DeliveryState.UNKNOWN,
            "may_still_come",
            tried=False,
            doubtful_since=message.doubtful_since,
        )
        lane = self.lanes[message.lane_id]
        lane.wait_until = max(until, lane.wait_until or until)
        lane.stop()

    def undecided(self, message: LoadedMessage, reason: str) -> None:
        """The nation was asked and its answer allows neither sending nor leaving it: a person decides."""
        self.settle(message, DeliveryState.UNKNOWN, reason, tried=False, doubtful_since=message.doubtful_since)
        lane = self.lanes[message.lane_id]
        lane.hold = HoldReason.UNDECIDED
        lane.stop()

    def bury_spent(self, schedules: Schedules) -> None:
        """A lane whose workers died again and again is not tried once more: a person must look.

        What is in doubt stays in doubt and is put before a person with both sides; what never left is given up.
        """
        for lane in self.lanes.values():
            if lane.lane.attempts < schedules.attempts_max:
                continue
            if lane.doubtful:
                self.undecided(lane.doubtful[0], "probe_spent")
                continue
            pending = [*filter(None, [lane.snapshot]), *lane.steps]
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
        doubtful_since: datetime | None = None,
    ) -> None:
        """Take down what became of a message; a move that the table does not have is a bug of ours."""
        # All that was loaded is marked as being sent, but for what was in doubt.
        before = DeliveryState.UNKNOWN if message.state is DeliveryState.UNKNOWN else DeliveryState.SENDING
        if state is not before and not may_move(before, state):
            impossible = f"delivery {message.id} cannot go from {before.value} to {state.value}"
            raise AssertionError(impossible)
        failed = reason is not None and state not in _FINE
        self.settlements[message.id] = Settlement(
            message.id,
            message.lane_id,
            state,
            tried,
            reason,
            code,
            (text or None) and str(text)[:1000],
            named,
            class_of(reason).value if failed else None,
            doubtful_since,
        )

    def close(
        self, schedules: Schedules, now: datetime, draw: Callable[[], float], *, trial: bool = False
    ) -> list[Release]:
        """Say how each lane is left, and put back what did not go.

        ``draw`` is asked for each lane, so that what failed together does not come back together. A ``trial`` that
        fails tells of the way and not of the lane: it never spends its last try, though its age counts on.
        """
        releases = [self._release(lane, schedules, now, draw(), trial=trial) for lane in self.lanes.values()]
        for message in self.loaded.values():
            told = message.id in self.settlements or message.id in self.written
            if not told and message.state is DeliveryState.WAITING:
                self.settle(message, DeliveryState.WAITING, tried=False)
        for message_id in self.superseded:
            self.settlements.pop(message_id, None)
        return releases

    def _release(self, trip: LaneTrip, schedules: Schedules, now: datetime, draw: float, *, trial: bool) -> Release:
        lane, failure_class = trip.lane, trip.failure_class
        if trip.failure is None or failure_class is None:
            # What was only put back has not come to a better end: its tries and its age count on.
            attempts, since = (0, None) if trip.answered else (lane.attempts, lane.failing_since)
            shown = failure_class.value if failure_class else None
            return Release(lane.id, lane.fence, trip.known, attempts, since, trip.wait_until, trip.hold, shown)
        schedule = schedules.of(failure_class)
        attempts = 1 if trip.answered else count(schedule, lane.attempts, trial=trial)
        since = now if trip.answered else (lane.failing_since or now)
        # A doubt has a budget of its own, which begins with it, whatever failed before in this lane.
        fresh = trip.in_doubt and trip.failed_message is not None and trip.failed_message.state in _UNASKED
        retry_after = trip.failure.retry_after_seconds if isinstance(trip.failure, TryLater) else None
        verdict = decide(
            schedule,
            attempts=min(attempts, max(schedule.attempts_max - 1, 1)) if fresh else attempts,
            failing_since=now if fresh else max(trip.doubtful_since or since, since),
            now=now,
            draw=draw,
            retry_after_seconds=retry_after,
        )
        if isinstance(verdict, GiveUp):
            trip.hold = self._give_up(trip, verdict)
            return Release(lane.id, lane.fence, trip.known, attempts, since, None, trip.hold, failure_class.value)
        at = max(verdict.at, trip.wait_until) if trip.wait_until else verdict.at
        return Release(lane.id, lane.fence, trip.known, attempts, since, at, trip.hold, failure_class.value)

    def _give_up(self, trip: LaneTrip, verdict: GiveUp) -> HoldReason:
        """The budget is spent. What is in doubt stays in doubt, and a person is asked; the rest is dead."""
        message, failure = trip.failed_message, trip.failure
        if message is not None and failure is not None:
            if trip.in_doubt:
                self.settle(
                    message,
                    DeliveryState.UNKNOWN,
                    "probe_spent",
                    None,
                    f"{verdict.reason}: {failure.reason}",
                    tried=False,
                    doubtful_since=trip.doubtful_since,
                )
                return HoldReason.UNDECIDED
            self.settle(message, DeliveryState.DEAD, failure.reason, None, verdict.reason)
        return HoldReason.DEAD


def by_lane(batch: Iterable[LoadedMessage]) -> list[list[LoadedMessage]]:
    """Messages of one lane together, in order."""
    lanes: dict[int, list[LoadedMessage]] = {}
    for message in batch:
        lanes.setdefault(message.lane_id, []).append(message)
    return list(lanes.values())
