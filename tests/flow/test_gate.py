"""An outage: the gate opens for all workers, spends nobody's tries, lets one try, and ramps up."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from app.domain.breaker import BreakerPolicy, GateState
from app.domain.delivery import PORTAL
from app.domain.events import EventKind
from app.domain.failures import FailureClass
from app.domain.retry import Schedule, Schedules
from app.store import gates, views
from app.store.session import Database
from app.store.views import DeliveryFilter
from app.usecases import events, holds
from app.usecases.context import Context, DeliveryPolicy
from app.usecases.deliver import deliver
from app.usecases.upkeep import tick, watch
from connectors.base import Capacity, TryLater
from connectors.testing import InMemoryConnector
from tests.factories import ManualClock
from tests.worlds import CALLER, SCHEDULE, code, context_of, dossier, drain, hand_over

BREAKER = BreakerPolicy(window_seconds=60.0, calls_min=3, waits_seconds=(5.0, 20.0), trial_seconds=100.0)
DOUBT_SECONDS = 3600.0
DOUBT = Schedule((10.0, 60.0), attempts_max=50, age_max_seconds=DOUBT_SECONDS, jitter_share=0.0)
POLICY = DeliveryPolicy(
    Schedules(SCHEDULE, {FailureClass.UNKNOWN: DOUBT}),
    lanes_per_claim=10,
    calls_in_flight=1,
    lease_seconds=100.0,
    call_seconds=40.0,
    breaker=BREAKER,
)
AWAY = TryLater("http_503", "HTTP 503")


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector(capacity=Capacity(1, 1))


@pytest_asyncio.fixture
async def context(clocked_database: Database, nation: InMemoryConnector) -> AsyncIterator[Context]:
    yield context_of(clocked_database, nation, POLICY)


async def state(context: Context) -> GateState | None:
    async with context.database.read() as session:
        gate = await gates.load(session, PORTAL.key)
    return gate.state if gate else None


async def rows(context: Context) -> list[dict[str, Any]]:
    async with context.database.read() as session:
        return await views.deliveries(session, DeliveryFilter(limit=500))


async def outage(context: Context, nation: InMemoryConnector, dossiers: int = 20) -> None:
    await hand_over(context, *[dossier(n) for n in range(1, dossiers + 1)])
    nation.script(AWAY, times=10_000)
    await drain(context)


async def test_an_outage_opens_the_gate_and_spends_no_tries(context: Context, nation: InMemoryConnector) -> None:
    await outage(context, nation)
    assert len(nation.calls) == 3, "a round stops after three failures in a row"
    assert await state(context) is GateState.OPEN
    found = await rows(context)
    assert sorted(row["attempts"] for row in found) == [0] * 17 + [1] * 3
    assert {row["state"] for row in found} == {"waiting"}
    assert {row["situation"] for row in found} == {"outage"}


async def test_a_day_away_is_nobodys_end_however_few_there_are_to_try_it(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await outage(context, nation, dossiers=3)
    for _ in range(24):
        clock.advance(1800)
        await tick(context)
        await drain(context)
    assert len(nation.calls) > 3 * SCHEDULE.attempts_max, "each was the trial more often than it may fail"
    assert {row["state"] for row in await rows(context)} == {"waiting"}
    nation.scripts.clear()
    for _ in range(8):
        clock.advance(25)
        await tick(context)
        await drain(context)
    assert {row["state"] for row in await rows(context)} == {"delivered"}


async def test_a_doubt_that_an_outage_outlasts_goes_to_a_person_and_is_asked_when_the_far_side_is_back(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    doubtful = {code(n) for n in (1, 2, 3)}
    await hand_over(context, *[dossier(n) for n in (1, 2, 3)])
    nation.lose_answer(times=3)
    await drain(context)
    nation.fail_probe(AWAY, times=10_000)
    await outage(context, nation, dossiers=9)

    for _ in range(4):
        clock.advance(DOUBT_SECONDS / 4 + 1)
        await tick(context)
        await drain(context)
        await watch(context)
    for row in await rows(context):
        asked = (row["state"], row["reason"], row["situation"])
        assert (asked == ("unknown", "probe_spent", "undecided_unreachable")) is (row["dossier_code"] in doubtful)
    told = await events.page(context, CALLER, before_id=None, limit=99, kind=EventKind.PERSON_ASKED)
    assert {row["dossier_code"] for row in told} == doubtful
    nation.scripts.clear()
    nation.probe_scripts.clear()
    for _ in range(8):
        clock.advance(25)
        await tick(context)
        await deliver(context, PORTAL, "w")
        # Their doubt is old, but nobody is asked again before they have had their turn.
        await watch(context)
    await drain(context)
    assert {row["state"] for row in await rows(context)} == {"delivered"}
    assert len(nation.ledger) == 9, "found, and not sent again"
    await watch(context)
    told = await events.page(context, CALLER, before_id=None, limit=99, kind=EventKind.PERSON_ASKED)
    assert (len(told), [row["ended_at"] for row in told].count(None)) == (3, 0)


async def test_a_doubt_goes_to_a_person_also_while_its_destination_is_held(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier(1))
    nation.lose_answer()
    await drain(context)
    await holds.hold(context, CALLER, PORTAL.key, None, None, "Cổng bảo trì", "c")
    clock.advance(DOUBT_SECONDS - 1)
    await watch(context)
    assert {row["situation"] for row in await rows(context)} == {"operator_hold"}
    clock.advance(2)
    await watch(context)
    (row,) = await rows(context)
    assert (row["situation"], len(nation.calls)) == ("undecided_unreachable", 1)


async def test_what_failed_together_does_not_come_back_together(context: Context, nation: InMemoryConnector) -> None:
    draws = itertools.cycle([0.1, 0.9])
    jittery = Schedule((100.0,), attempts_max=5, age_max_seconds=86400.0, jitter_share=0.5)
    policy = replace(POLICY, schedules=Schedules(jittery), failing_calls_max=9)
    spread = replace(context, draw=lambda: next(draws), policies={PORTAL.target: policy})
    await hand_over(spread, dossier(1), dossier(2))
    nation.script(AWAY, times=2)
    await deliver(spread, PORTAL, "w")
    assert len({row["next_at"] for row in await rows(spread)}) == 2


async def test_another_worker_sees_the_open_gate_too(context: Context, nation: InMemoryConnector) -> None:
    await outage(context, nation)
    other = context_of(context.database, nation, POLICY)
    assert await deliver(other, PORTAL, "w-2") == 0
    assert len(nation.calls) == 3


async def test_one_lane_tries_when_the_wait_is_over_and_a_failure_waits_longer(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await outage(context, nation)
    clock.advance(6)
    await drain(context)
    assert len(nation.calls) == 4
    assert await state(context) is GateState.OPEN
    clock.advance(6)
    await drain(context)
    assert len(nation.calls) == 4, "the second wait is 20 s"
    clock.advance(15)
    await drain(context)
    assert len(nation.calls) == 5


async def test_after_an_outage_it_comes_back_step_by_step_and_everything_arrives(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await outage(context, nation)
    nation.scripts.clear()
    sent = [len(nation.ledger)]
    for _ in range(12):
        clock.advance(6)
        await tick(context)
        await deliver(context, PORTAL, "w-1")
        sent.append(len(nation.ledger))
    grants = [after - before for before, after in itertools.pairwise(sent) if after > before]
    assert grants[:4] == [1, 2, 4, 8]
    assert sent[-1] == 20
    assert {row["state"] for row in await rows(context)} == {"delivered"}


async def test_what_failed_first_need_not_wait_out_its_schedule_when_the_far_side_is_back(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await outage(context, nation, dossiers=3)
    # All three are scheduled now; nothing is ready that could be the trial.
    for _ in range(4):
        clock.advance(25)
        await tick(context)
        await drain(context)
    nation.scripts.clear()
    for _ in range(4):
        clock.advance(25)
        await tick(context)
        await drain(context)
    assert {row["state"] for row in await rows(context)} == {"delivered"}


async def test_a_refusal_is_an_answer_and_opens_nothing(context: Context, nation: InMemoryConnector) -> None:
    nation.refuse(lambda _: True, code="3", message="MaHoSo: sai")
    await hand_over(context, *[dossier(n) for n in range(1, 8)])
    await drain(context)
    assert await state(context) in {None, GateState.CLOSED}
    assert {row["state"] for row in await rows(context)} == {"rejected"}


async def test_a_trial_that_finds_nothing_to_do_is_not_used_up(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await outage(context, nation, dossiers=3)
    clock.advance(6)
    assert await deliver(context, PORTAL, "w-1") == 0, "all three wait for their own time"
    assert await state(context) is GateState.OPEN
    await tick(context)
    nation.scripts.clear()
    assert await deliver(context, PORTAL, "w-1") == 1
    assert await state(context) is GateState.RAMP


async def test_the_measured_rate_is_kept_for_the_forecast(context: Context) -> None:
    await hand_over(context, *[dossier(n) for n in range(1, 6)])
    await drain(context)
    async with context.database.read() as session:
        (standing,) = await gates.standings(session)
    assert standing.delivered_rate is not None
    assert standing.delivered_rate > 0


async def test_the_page_says_since_when_the_portal_is_away(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await outage(context, nation)
    began = clock.now()
    for _ in range(3):
        clock.advance(25)
        await tick(context)
        await drain(context)
    async with context.database.read() as session:
        (found,) = await views.outages(session)
    assert (found["target"], found["since"], found["held"]) == ("portal", began, False)
