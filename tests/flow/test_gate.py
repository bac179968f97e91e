"""An outage: the gate opens for all workers, spends nobody's tries, lets one try, and ramps up."""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.domain.breaker import BreakerPolicy, GateState
from app.domain.delivery import PORTAL
from app.domain.retry import Schedules
from app.store import gates, views
from app.store.session import Database
from app.store.views import DeliveryFilter
from app.usecases.context import Context, DeliveryPolicy
from app.usecases.deliver import deliver
from app.usecases.upkeep import tick
from connectors.base import Capacity, TryLater
from connectors.testing import InMemoryConnector
from tests.factories import ManualClock
from tests.worlds import SCHEDULE, context_of, dossier, drain, hand_over

BREAKER = BreakerPolicy(window_seconds=60.0, calls_min=3, waits_seconds=(5.0, 20.0), trial_seconds=100.0)
POLICY = DeliveryPolicy(
    Schedules(SCHEDULE), lanes_per_claim=10, calls_in_flight=1, lease_seconds=100.0, call_seconds=10.0, breaker=BREAKER
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
