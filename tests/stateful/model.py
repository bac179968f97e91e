"""What the machine knows without asking the engine: what was acknowledged, taken back and refused, and what may be."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.domain.breaker import BreakerPolicy
from app.domain.failures import FailureClass
from app.domain.retry import Schedule, Schedules
from app.usecases.context import DeliveryPolicy
from connectors.base import Capacity, Kind, Parcel
from connectors.testing import InMemoryConnector
from tests.worlds import code

SETTLE_SECONDS, LEASE_SECONDS = 30.0, 60.0
# Short budgets, so that giving up is reached within one example.
SHORT = Schedule((5.0, 20.0), attempts_max=4, age_max_seconds=3600.0, jitter_share=0.0)
POLICY = DeliveryPolicy(
    Schedules(SHORT, {FailureClass.UNKNOWN: SHORT}),
    lanes_per_claim=10,
    steps_per_lane=3,
    lease_seconds=LEASE_SECONDS,
    call_seconds=25.0,
    settle_seconds=SETTLE_SECONDS,
    flush_messages=1,
    breaker=BreakerPolicy(window_seconds=30.0, calls_min=3, waits_seconds=(5.0, 20.0), trial_seconds=LEASE_SECONDS),
)


class Record(NamedTuple):
    """One record: a dossier's number, the kind, and which revision or step of it."""

    number: int
    kind: str
    place: int

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> "Record":
        """The record that a delivery carries."""
        return cls(int(row["dossier_code"][-4:]), row["kind"], int(row["ref"].removeprefix("s")))

    @classmethod
    def of_payload(cls, number: int, kind: str, payload: str) -> "Record":
        """The record that stands on the wire; its place is the second word of its text."""
        name = "NoiDungXuLy" if kind == Kind.STEP.value else "TrichYeuHoSo"
        return cls(number, kind, int(json.loads(payload)[name].split()[1]))


class Nation(InMemoryConnector):
    """The shipped fake, which also remembers what it has said no to."""

    def __init__(self) -> None:
        """Take small arrays, so that few records make several."""
        super().__init__(Capacity(2, 3))
        self.refused: set[Record] = set()

    def refuse_for_now(self, number: int, kind: str, place: int | None) -> None:
        """Say no to one step, or to every snapshot of a dossier, until the refusals are lifted."""

        def fits(parcel: Parcel) -> bool:
            if (parcel.dossier_code, parcel.kind.value) != (code(number), kind):
                return False
            record = Record.of_payload(number, kind, parcel.payload)
            if place not in {None, record.place}:
                return False
            # Asked for each parcel that it judges, so this is what it said, whether or not anybody heard.
            self.refused.add(record)
            return True

        self.refuse(fits, code="9", message="NoiDung: chưa hợp lệ", field="NoiDung")

    def steps_of(self, number: int) -> list[int]:
        """Places of the steps that stand in the ledger, in its order."""
        return [Record.of_payload(number, "step", text).place for text in self.steps(code(number))]

    def revisions_of(self, number: int) -> list[int]:
        """Revisions that were taken, in the ledger's order."""
        told = [entry for entry in self.ledger if entry.kind != "step" and entry.dossier == code(number)]
        return [Record.of_payload(number, "dossier", entry.payload).place for entry in told]

    def has(self, record: Record) -> bool:
        """Whether it holds a record now; of a dossier it holds the newest snapshot only."""
        if record.kind == Kind.STEP.value:
            return record.place in self.steps_of(record.number)
        return self.revisions_of(record.number)[-1:] == [record.place]


@dataclass(slots=True)
class Model:
    """What the door acknowledged and people took back, beside the nation that it must agree with.

    A step that the nation refuses is passed over: those behind it go on, and once one of them is there it can never
    go again, since it would come after what follows it (``docs/decisions/0007``). So order is strict, and a gap in
    it needs a refusal or somebody who took the step back.
    """

    nation: Nation
    revisions: dict[int, int] = field(default_factory=dict)
    steps: dict[int, int] = field(default_factory=dict)
    cancelled: set[Record] = field(default_factory=set)

    def take_back(self, record: Record, *, with_steps: bool) -> None:
        """Somebody cancelled it; ``with_steps``: the nation knows nothing of its dossier, so all its steps went too."""
        self.cancelled.add(record)
        if with_steps:
            self.cancelled.update(self._steps(record.number))

    def passed_over(self, record: Record) -> bool:
        """Whether it can never go any more, since a later one of its dossier went or stands for it."""
        if record.kind == Kind.STEP.value:
            return max(self.nation.steps_of(record.number), default=0) > record.place
        later = range(record.place + 1, self.revisions[record.number] + 1)
        return any(Record(record.number, record.kind, place) not in self.cancelled for place in later)

    def wants_snapshot(self) -> list[int]:
        """Dossiers whose newest snapshot somebody took back: only a corrected one can still make them whole."""
        return [n for n, revision in self.revisions.items() if Record(n, "dossier", revision) in self.cancelled]

    def check(self) -> None:
        """Nothing twice, nothing out of order, nothing left out without a reason, nothing that was taken back."""
        for number in self.revisions:
            places, revisions = self.nation.steps_of(number), self.nation.revisions_of(number)
            assert places == sorted(set(places)), (number, places)
            assert revisions == sorted(revisions), (number, revisions)
            assert max(places, default=0) <= self.steps.get(number, 0), (number, places)
            there = {Record(number, "step", place) for place in places}
            there |= {Record(number, "dossier", revision) for revision in revisions}
            assert not there & self.cancelled, (number, there & self.cancelled)
            left_out = {step for step in self._steps(number)[: max(places, default=0)] if step not in there}
            assert left_out <= self.nation.refused | self.cancelled, (number, left_out)

    def is_whole(self) -> bool:
        """Whether the nation has everything that it must have in the end."""
        return not any(self.missing(number) for number in self.revisions)

    def missing(self, number: int) -> list[Record]:
        """What the nation must have and has not: the newest snapshot, every step that may still go."""
        wanted = [Record(number, "dossier", self.revisions[number]), *self._steps(number)]
        found = [r for r in wanted if not self.nation.has(r) and r not in self.cancelled]
        return [r for r in found if r.kind != Kind.STEP.value or not self.passed_over(r)]

    def check_end(self, rows: Sequence[dict[str, Any]]) -> None:
        """Everything that must be there is there, and our own records say of each what is true."""
        self.check()
        for number in self.revisions:
            assert not self.missing(number), self.missing(number)
        states = {Record.of_row(row): row["state"] for row in rows}
        assert len(states) == len(rows) == sum(self.revisions.values()) + sum(self.steps.values())
        for record, state in states.items():
            assert (state == "cancelled") == (record in self.cancelled), (record, state)
            if state == "cancelled":
                continue
            if record.kind == Kind.STEP.value:
                assert state == ("delivered" if self.nation.has(record) else "rejected"), (record, state)
            elif record.place == self.revisions[record.number]:
                assert state == "delivered", (record, state)
            else:
                assert state in {"delivered", "superseded", "rejected"}, (record, state)
                assert state != "delivered" or record.place in self.nation.revisions_of(record.number), record

    def _steps(self, number: int) -> list[Record]:
        return [Record(number, "step", place) for place in range(1, self.steps.get(number, 0) + 1)]


async def gone(task: asyncio.Task[int]) -> None:
    """Wait until a task has ended, one way or the other."""
    await asyncio.wait({task})
    if not task.cancelled() and task.exception() is not None:
        raise task.exception()  # type: ignore[misc]


async def settle_calls() -> None:
    """Let the calls that stood at the gate go through it, and no further than the loop's next few turns."""
    for _ in range(5):
        await asyncio.sleep(0)
