"""Store and engine through arbitrary interleavings of everything that can happen to them, against a model.

The model knows what the door acknowledged. The nation is the shipped fake, told what goes wrong. After every step:
nothing stands there twice, nothing out of order. At the end, with the faults gone: everything acknowledged is there.
"""

import asyncio
import json
import os
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.domain.breaker import BreakerPolicy
from app.domain.delivery import PORTAL, Decision
from app.domain.failures import FailureClass
from app.domain.retry import Schedule, Schedules
from app.store import views
from app.store.session import Database
from app.store.views import DeliveryFilter
from app.usecases import decide, holds
from app.usecases.context import Caller, Context, DeliveryPolicy
from app.usecases.deliver import deliver
from app.usecases.operate import retry
from app.usecases.upkeep import tick
from connectors.base import Capacity, TryLater, Unknown
from connectors.testing import InMemoryConnector
from tests.factories import ManualClock
from tests.stateful.databases import Databases
from tests.worlds import code, context_of, dossier, hand_over, step

T = TypeVar("T")
DOSSIERS = 2
# More for a thorough look: LIENTHONG_TEST_EXAMPLES=2000.
EXAMPLES = int(os.environ.get("LIENTHONG_TEST_EXAMPLES", "25"))
SETTLE_SECONDS, LEASE_SECONDS = 30.0, 60.0
OPERATOR = Caller("operator", "H15", frozenset({"operate"}))
# Short budgets, so that giving up is reached within one example.
SHORT = Schedule((5.0, 20.0), attempts_max=4, age_max_seconds=3600.0, jitter_share=0.0)
POLICY = DeliveryPolicy(
    Schedules(SHORT, {FailureClass.UNKNOWN: SHORT}),
    lanes_per_claim=10,
    steps_per_lane=3,
    lease_seconds=LEASE_SECONDS,
    call_seconds=5.0,
    settle_seconds=SETTLE_SECONDS,
    flush_messages=1,
    breaker=BreakerPolicy(window_seconds=30.0, calls_min=3, waits_seconds=(5.0, 20.0), trial_seconds=LEASE_SECONDS),
)
numbers = st.integers(min_value=1, max_value=DOSSIERS)
# A dossier's number, and how many steps of it (0: a newer snapshot).
News = tuple[int, int]
news = st.tuples(numbers, st.integers(min_value=0, max_value=3))
workers = st.sampled_from(["w-1", "w-2"])
faults = st.sampled_from(["late", "lost", "half", "silent", "busy"])


class EngineMachine(RuleBasedStateMachine):
    """One province, one nation, two workers that may be killed or paused, one operator."""

    databases: Databases

    def __init__(self) -> None:
        """An empty database and a nation that holds nothing."""
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock()
        self.database: Database = self.run(self.databases.fresh(self.clock))
        self.nation = InMemoryConnector(capacity=Capacity(2, 3))
        self.context: Context = context_of(self.database, self.nation, POLICY)
        self.revisions: dict[int, int] = {}
        self.steps: dict[int, int] = {}
        self.paused: asyncio.Task[int] | None = None
        self.stopping = asyncio.Event()
        self.late_since: datetime | None = None
        self.holds: list[int] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run on the machine's own loop."""
        return self.loop.run_until_complete(work)

    @initialize(known=st.booleans())
    def first(self, known: bool) -> None:  # noqa: FBT001 - Hypothesis draws it
        """Something to deliver; it may be with the nation already."""
        self.hand_over_dossier(1)
        if known:
            self.deliver("w-1")

    # What the one-stop software does.

    @rule(number=numbers)
    def hand_over_dossier(self, number: int) -> None:
        """A new dossier, or a newer snapshot."""
        revision = self.revisions.get(number, 0) + 1
        self.run(hand_over(self.context, dossier(number, revision=revision, summary=f"Bản {revision}")))
        self.revisions[number] = revision

    @rule(number=numbers, count=st.integers(min_value=1, max_value=4))
    def hand_over_steps(self, number: int, count: int) -> None:
        """Progress steps; the same ones once more change nothing."""
        if number not in self.revisions:
            return
        first = self.steps.get(number, 0) + 1
        self.run(hand_over(self.context, *[step(number, place) for place in range(first, first + count)]))
        self.steps[number] = first + count - 1
        self.run(hand_over(self.context, step(number, first)))

    # What goes wrong.

    @precondition(lambda self: self.paused is None)
    @rule(fault=faults, worker=workers, news=news)
    def deliver_under_a_fault(self, fault: str, worker: str, news: News) -> None:
        """A round whose first call goes wrong: no answer, half an array taken, taken but only later, or a no."""
        self._bring(news)
        self.nation.scripts.clear()
        self._arm(fault)
        self.deliver(worker)

    def _bring(self, news: News) -> None:
        """Without something to send, a fault has nothing to strike."""
        number, count = news
        if count == 0 or number not in self.revisions:
            self.hand_over_dossier(number)
        else:
            self.hand_over_steps(number, count)

    def _arm(self, fault: str) -> None:
        match fault:
            case "busy":
                self.nation.script(TryLater("http_503", "HTTP 503"))
            case "silent":
                self.nation.script(Unknown("read_timeout", "silence"))
            case "lost":
                self.nation.lose_answer()
            case "half":
                self.nation.script(Unknown("connection_lost", "cut"), partly=True)
            case _:
                self.nation.apply_late()

    @rule(times=st.integers(1, 3))
    def fail_probes(self, times: int) -> None:
        """The look-up will bring no knowledge."""
        self.nation.fail_probe(TryLater("http_503", "HTTP 503"), times)

    @precondition(lambda self: self.paused is None)
    @rule(worker=workers, taken=st.booleans(), news=news)
    def kill(self, worker: str, taken: bool, news: News) -> None:  # noqa: FBT001 - Hypothesis draws it
        """A worker is killed with its calls under way: they may or may not have been taken."""
        self._bring(news)
        self.run(self._begin(worker))
        if self.paused is not None:
            task, self.paused = self.paused, None
            if taken:
                self.nation.resume()
                self.run(_settle_calls())
            task.cancel()
            self.run(_gone(task))
        self.nation.resume()

    @precondition(lambda self: self.paused is None)
    @rule(worker=workers, news=news)
    def pause(self, worker: str, news: News) -> None:
        """A worker is stopped with its calls under way."""
        self._bring(news)
        self.run(self._begin(worker))

    @precondition(lambda self: self.paused is not None)
    @rule(late=st.booleans())
    def wake(self, late: bool) -> None:  # noqa: FBT001 - Hypothesis draws it
        """It goes on: in time, or after its lease has ended and somebody else may have its lanes."""
        task, self.paused = self.paused, None
        assert task is not None
        if late:
            # What it had in its hands was on its way before the lease ended, so the nation takes it at once. The
            # steady clock of the process, which no test moves, would keep it from beginning another call.
            self.stopping.set()
            self.nation.resume()
            self.run(_settle_calls())
            self.clock.advance(LEASE_SECONDS + 1)
            self.run(tick(self.context))
        self.nation.resume()
        self.run(_gone(task))

    async def _begin(self, worker: str) -> None:
        self.nation.pause()
        self.stopping = asyncio.Event()
        task = asyncio.create_task(deliver(self.context, PORTAL, worker, self.stopping))
        waiting = asyncio.create_task(self.nation.waiting.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if task.done():
            self.nation.resume()
        else:
            self.paused = task

    # What the engine and people do.

    @precondition(lambda self: self.paused is None)
    @rule(worker=workers)
    def deliver(self, worker: str) -> None:
        """A round."""
        self.run(deliver(self.context, PORTAL, worker))

    @rule(seconds=st.sampled_from([1, 6, 25, 40]))
    def time_passes(self, seconds: int) -> None:
        """What the nation was late with is taken before the settling time is over: that is what the time is for."""
        if self.late_since is not None and seconds + self._late_seconds() >= SETTLE_SECONDS:
            self.nation_catches_up()
        self.clock.advance(seconds)
        self.run(tick(self.context))

    @precondition(lambda self: self.paused is None)
    @rule(seconds=st.sampled_from([6, 25, 40]), worker=workers)
    def a_little_later(self, seconds: int, worker: str) -> None:
        """Time passes, and there is a round."""
        self.time_passes(seconds)
        self.deliver(worker)

    @precondition(lambda self: self.nation.late_calls)
    @rule()
    def nation_catches_up(self) -> None:
        """What it was late with is taken now."""
        self.nation.release_late()
        self.late_since = None

    def _late_seconds(self) -> float:
        assert self.late_since is not None
        return (self.clock.now() - self.late_since).total_seconds()

    @invariant()
    def remember_since_when_the_nation_is_late(self) -> None:
        """The oldest of what it has in its hands decides by when all of it must be taken."""
        if not self.nation.late_calls:
            self.late_since = None
        elif self.late_since is None:
            self.late_since = self.clock.now()

    @precondition(lambda self: not self.holds)
    @rule()
    def hold(self) -> None:
        """An operator holds the procedure."""
        found, _ = self.run(holds.hold(self.context, OPERATOR, PORTAL.key, "1.000110", None, "kiểm tra", "c-hold"))
        self.holds.append(found.id)

    @precondition(lambda self: self.holds)
    @rule()
    def resume(self) -> None:
        """And lets it go."""
        for hold_id in set(self.holds):
            self.run(holds.resume(self.context, OPERATOR, hold_id, "xong", "c-hold"))
        self.holds = []

    @precondition(lambda self: self._rows("dead"))
    @rule()
    def retry_what_is_dead(self) -> None:
        """An operator sends again what was given up."""
        for row in self._rows("dead"):
            try:
                self.run(retry(self.context, OPERATOR, row["id"], "c-retry"))
            except Exception as error:
                if type(error).__name__ != "NotRetriable":
                    raise

    @rule()
    def decide(self) -> None:
        """An operator looks at both sides and decides what nobody could find out."""
        self.nation_catches_up()
        for row in self._rows("unknown"):
            if row["hold_reason"] != "undecided" or not row["situation"].startswith("undecided_"):
                continue
            verdict = Decision.DELIVERED if self._nation_has(row) else Decision.SEND
            self.run(decide.decide(self.context, OPERATOR, row["id"], verdict, "đã đối chiếu", "c-decide"))

    def _rows(self, state: str) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            async with self.database.read() as session:
                return list(reversed(await views.deliveries(session, DeliveryFilter(state=state, limit=500))))

        return self.run(read())

    def _nation_has(self, row: dict[str, Any]) -> bool:
        number = int(row["dossier_code"][-4:])
        if row["kind"] == "dossier":
            return self._nation_revision(number) == int(row["ref"])
        return int(row["ref"][1:]) in self._nation_steps(number)

    # What must hold whatever happens.

    def _nation_steps(self, number: int) -> list[int]:
        return [int(json.loads(text)["NoiDungXuLy"].split()[1]) for text in self.nation.steps(code(number))]

    def _nation_revision(self, number: int) -> int | None:
        held = self.nation.held(code(number))
        return None if held is None else int(json.loads(held)["TrichYeuHoSo"].split()[1])

    @invariant()
    def nothing_twice_and_nothing_out_of_order(self) -> None:
        """Steps rise by one, from one on; snapshots never go back."""
        for number in range(1, DOSSIERS + 1):
            steps = self._nation_steps(number)
            assert steps == list(range(1, len(steps) + 1)), (number, steps)
            told = [e for e in self.nation.ledger if e.kind != "step" and e.dossier == code(number)]
            revisions = [int(json.loads(entry.payload)["TrichYeuHoSo"].split()[1]) for entry in told]
            assert revisions == sorted(revisions), (number, revisions)
            assert len(steps) <= self.steps.get(number, 0)

    def teardown(self) -> None:
        """The faults are gone, people have done their part: then everything acknowledged is with the nation."""
        try:
            if self.paused is not None:
                self.wake(late=False)
            self.nation.scripts.clear()
            self.nation.probe_scripts.clear()
            if self.holds:
                self.resume()
            for _ in range(60):
                self.time_passes(40)
                self.retry_what_is_dead()
                self.decide()
                while self.run(deliver(self.context, PORTAL, "w-1")):
                    pass
                if all(self._is_whole(number) for number in self.revisions) and not self._open():
                    break
            for number, revision in self.revisions.items():
                assert self._nation_revision(number) == revision, number
                assert self._nation_steps(number) == list(range(1, self.steps.get(number, 0) + 1)), number
            assert not self._open()
            self.nothing_twice_and_nothing_out_of_order()
        finally:
            self.run(self.databases.done(self.database))
            self.loop.close()

    def _is_whole(self, number: int) -> bool:
        return len(self._nation_steps(number)) == self.steps.get(number, 0)

    def _open(self) -> list[dict[str, Any]]:
        return [row for state in ("waiting", "sending", "unknown", "dead", "rejected") for row in self._rows(state)]


async def _gone(task: asyncio.Task[int]) -> None:
    """Wait until a task has ended, one way or the other."""
    await asyncio.wait({task})
    if not task.cancelled() and task.exception() is not None:
        raise task.exception()  # type: ignore[misc]


async def _settle_calls() -> None:
    """Let the calls that stood at the gate go through it, and no further than the loop's next few turns."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_nothing_is_lost_doubled_or_out_of_order_whatever_happens(databases: Databases) -> None:
    machine = type("Machine", (EngineMachine,), {"databases": databases})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
