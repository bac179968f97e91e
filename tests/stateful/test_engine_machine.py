"""Store and engine through arbitrary interleavings of everything that can happen to them, against a model.

The model knows what the door acknowledged and what people took back. The nation is the shipped fake, told what goes
wrong and what to refuse. After every step: nothing stands there twice, nothing out of order, nothing is left out that
was not refused or taken back. At the end, with the faults gone: everything is there that may still go.
"""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar, get_args

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

from app.domain.delivery import PORTAL, Decision, DeliveryState
from app.domain.replay import REPLAYABLE, Selection
from app.errors import NotDecidable, NotRetriable
from app.store import views
from app.store.replays import Replay
from app.store.session import Database
from app.store.views import DeliveryFilter
from app.usecases import decide, holds, replay
from app.usecases.context import Caller, Context
from app.usecases.decide import cancel
from app.usecases.deliver import deliver
from app.usecases.operate import retry
from app.usecases.upkeep import tick
from connectors.base import TryLater, Unknown
from connectors.testing import ArrayPolicy
from tests.factories import ManualClock
from tests.stateful.databases import Databases
from tests.stateful.model import LEASE_SECONDS, POLICY, SETTLE_SECONDS, Model, Nation, Record, gone, settle_calls
from tests.worlds import context_of, dossier, hand_over, step

T = TypeVar("T")
# More for a thorough look: LIENTHONG_TEST_EXAMPLES=2000.
EXAMPLES = int(os.environ.get("LIENTHONG_TEST_EXAMPLES", "20"))
OPERATOR = Caller("operator", "H15", frozenset({"operate"}))
numbers = st.integers(min_value=1, max_value=2)
# A dossier's number, and how many steps of it (0: a newer snapshot).
News = tuple[int, int]
news = st.tuples(numbers, st.integers(min_value=0, max_value=3))
workers = st.sampled_from(["w-1", "w-2"])
faults = st.sampled_from(["late", "lost", "half", "silent", "busy"])
policies = st.sampled_from(get_args(ArrayPolicy))
# What an operator asks to be sent again: all in some states, or (none) deliveries by their ids.
States = tuple[DeliveryState, ...]
choices: st.SearchStrategy[States] = st.sampled_from([REPLAYABLE, (DeliveryState.REJECTED,), (DeliveryState.DEAD,), ()])
NAMED = ("rejected", "dead", "waiting", "unknown")


class EngineMachine(RuleBasedStateMachine):
    """One province, one nation, two workers that may be killed or paused, one operator."""

    databases: Databases

    def __init__(self) -> None:
        """An empty database and a nation that holds nothing."""
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock()
        self.database: Database = self.run(self.databases.fresh(self.clock))
        self.nation = Nation()
        self.model = Model(self.nation)
        self.context: Context = context_of(self.database, self.nation, POLICY)
        self.paused: asyncio.Task[int] | None = None
        self.stopping = asyncio.Event()
        self.late_since: datetime | None = None
        self.holds: list[int] = []
        self.pressed: set[str] = set()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run on the machine's own loop."""
        return self.loop.run_until_complete(work)

    @initialize(start=st.sampled_from(["new", "known", "dossier", "step"]), policy=policies)
    def first(self, start: str, policy: ArrayPolicy) -> None:
        """Something to deliver; the nation may know it already, or refuse the dossier or its last step."""
        self.nation.policy = policy
        self.hand_over_dossier(1)
        if start in {"dossier", "step"}:
            self.hand_over_steps(1, 2)
            self.nation.refuse_for_now(1, start, 2 if start == "step" else None)
        if start != "new":
            self.deliver("w-1")

    # What the one-stop software does.

    @rule(number=numbers)
    def hand_over_dossier(self, number: int) -> None:
        """A new dossier, or a newer snapshot."""
        revision = self.model.revisions.get(number, 0) + 1
        self.run(hand_over(self.context, dossier(number, revision=revision, summary=f"Bản {revision}")))
        self.model.revisions[number] = revision

    @rule(number=numbers, count=st.integers(min_value=1, max_value=4))
    def hand_over_steps(self, number: int, count: int) -> None:
        """Progress steps; the same ones once more change nothing."""
        if number not in self.model.revisions:
            return
        first = self.model.steps.get(number, 0) + 1
        self.run(hand_over(self.context, *[step(number, place) for place in range(first, first + count)]))
        self.model.steps[number] = first + count - 1
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
        if count == 0 or number not in self.model.revisions:
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

    @precondition(lambda self: self.paused is None)
    @rule(news=news, which=st.sampled_from(["snapshot", "next", "last", "last"]), worker=workers)
    def refuse(self, news: News, which: str, worker: str) -> None:
        """For a while the nation says no: to a dossier's snapshots, to the step that it waits for, or to the last."""
        self._bring(news)
        number, places = news[0], self.nation.steps_of(news[0])
        waited_for = max(places, default=0) + 1
        place = {"next": waited_for, "last": max(waited_for, self.model.steps.get(number, 0))}.get(which)
        self.nation.refuse_for_now(number, "step" if place else "dossier", place)
        self.deliver(worker)

    @precondition(lambda self: self.nation.refusals)
    @rule()
    def refuse_no_more(self) -> None:
        """What it said no to, it would take now."""
        self.nation.refusals.clear()

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
                self.run(settle_calls())
            task.cancel()
            self.run(gone(task))
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
            self.run(settle_calls())
            self.time_passes(int(LEASE_SECONDS) + 1)
        self.nation.resume()
        self.run(gone(task))

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
            with suppress(NotRetriable):
                self.run(retry(self.context, OPERATOR, row["id"], "c-retry"))

    @precondition(lambda self: self.nation.refused)
    @rule(states=choices, keyed=st.booleans(), per_second=st.sampled_from([1, 50]), mended=st.booleans())
    def send_a_selection_again(self, states: States, keyed: bool, per_second: int, mended: bool) -> None:  # noqa: FBT001 - Hypothesis draws it
        """An operator looks what would go again, and presses twice; a slow one is worked off as time passes."""
        if mended:
            self.nation.refusals.clear()
        ids = () if states else tuple(row["id"] for state in NAMED for row in self._rows(state))
        wanted = Selection(ids=ids, states=states or REPLAYABLE, target=None if ids else PORTAL.key)
        seen = self.run(replay.preview(self.context, OPERATOR, wanted, "c-replay"))
        alone = all(
            one.replay.state != "running" for one in self.run(replay.listing(self.context, OPERATOR, None, 100))
        )
        given = f"press-{len(self.pressed)}" if keyed else None
        first, new = self._press(seen.selection, per_second, given)
        # Without a key of its own it is the selection that tells; the same one may have been asked for before.
        assert new == (first.key not in self.pressed)
        assert keyed or first.key == seen.key
        again, anew = self._press(seen.selection, per_second, given)
        assert (again.id, anew) == (first.id, False)
        self.pressed.add(first.key)
        assert not new or first.total == seen.total
        if new and alone and per_second > seen.total:
            assert self.run(replay.work_off(self.context)) == seen.total - sum(seen.cannot_go.values())

    def _press(self, selection: Selection, per_second: int, key: str | None) -> tuple[Replay, bool]:
        return self.run(replay.start(self.context, OPERATOR, selection, per_second, "gửi lại", key, "c-replay"))

    @rule(state=st.sampled_from(["waiting", "rejected"]), which=st.integers(min_value=0, max_value=7))
    def take_back(self, state: str, which: int) -> None:
        """An operator takes back what has not gone; the steps that could not go without it, if need be, too."""
        rows = self._rows(state)
        if not rows:
            return
        row = rows[which % len(rows)]
        for with_steps in (False, True):
            try:
                self.run(cancel(self.context, OPERATOR, row["id"], "nhập nhầm", "c-cancel", with_steps=with_steps))
            except NotDecidable as error:
                if error.members["why"] != "steps_behind":
                    return
            else:
                self.model.take_back(Record.of_row(row), with_steps=with_steps)
                return

    @rule()
    def decide(self) -> None:
        """An operator looks at both sides and decides what nobody could find out."""
        self.nation_catches_up()
        for row in self._rows("unknown"):
            if row["hold_reason"] != "undecided" or not row["situation"].startswith("undecided_"):
                continue
            record = Record.of_row(row)
            verdict = Decision.DELIVERED if self.nation.has(record) else Decision.SEND
            if verdict is Decision.SEND and record.kind == "step" and self.model.passed_over(record):
                # Refused, and nobody heard it: sent now, it would come after what follows it.
                verdict = Decision.CANCEL
                self.model.take_back(record, with_steps=False)
            self.run(decide.decide(self.context, OPERATOR, row["id"], verdict, "đã đối chiếu", "c-decide"))

    def _rows(self, state: str | None = None) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            async with self.database.read() as session:
                return list(reversed(await views.deliveries(session, DeliveryFilter(state=state, limit=500))))

        return self.run(read())

    # What must hold whatever happens.

    @invariant()
    def nothing_twice_and_nothing_out_of_order(self) -> None:
        """Steps rise, with no gap that has no reason; snapshots never go back."""
        self.model.check()

    def teardown(self) -> None:
        """The faults are gone, people have done their part: then everything acknowledged is with the nation."""
        try:
            if self.paused is not None:
                self.wake(late=False)
            self.nation.scripts.clear()
            self.nation.probe_scripts.clear()
            self.nation.refusals.clear()
            if self.holds:
                self.resume()
            for number in self.model.wants_snapshot():
                self.hand_over_dossier(number)
            for _ in range(60):
                self.time_passes(40)
                self._press(Selection(), 50, f"end-{self.clock.now()}")
                self.run(tick(self.context))
                self.decide()
                while self.run(deliver(self.context, PORTAL, "w-1")):
                    pass
                if self.model.is_whole() and not self._open():
                    break
            self.model.check_end(self._rows())
        finally:
            self.run(self.databases.done(self.database))
            self.loop.close()

    def _open(self) -> list[dict[str, Any]]:
        return [row for state in ("waiting", "sending", "unknown", "dead") for row in self._rows(state)]


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
