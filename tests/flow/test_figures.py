"""Figures: what Prometheus is served is what the wire took and what the rows say."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete, func, insert, select

from app.domain.breaker import BreakerPolicy, GateState
from app.domain.delivery import PORTAL, LaneState, Target
from app.domain.retry import Schedules
from app.store.session import Database, WriteSession
from app.store.tables import gates, holds, lanes
from app.usecases.context import Context, DeliveryPolicy
from app.usecases.deliver import deliver
from app.usecases.upkeep import tick
from connectors.base import Exchange, Sent, Timing, TryLater
from connectors.http import HttpSettings, build_client
from connectors.portal import PortalConnector
from connectors.testing import InMemoryConnector
from tests.contract.support import portal_settings
from tests.factories import NOW, ManualClock
from tests.mock.support import running
from tests.worlds import SCHEDULE, context_of, door, dossier, drain, hand_over

PHASES = ("queue", "connect", "first_byte", "total")
BREAKER = BreakerPolicy(calls_min=1, waits_seconds=(5.0,), trial_seconds=100.0)
POLICY = DeliveryPolicy(Schedules(SCHEDULE), lanes_per_claim=1, lease_seconds=100.0, call_seconds=40.0)

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector()


@pytest_asyncio.fixture
async def context(clocked_database: Database, nation: InMemoryConnector) -> AsyncIterator[Context]:
    yield context_of(clocked_database, nation, replace(POLICY, breaker=BREAKER))


@pytest_asyncio.fixture
async def operator(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with door(context) as client:
        yield client


async def served(client: httpx.AsyncClient) -> Figures:
    """Every figure at ``/metrics``, by name and labels."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def figure(figures: Figures, name: str, **labels: str) -> float:
    return figures.get((f"lienthong_{name}", tuple(sorted(labels.items()))), 0.0)


def phase_samples(figures: Figures, part: str = "count") -> dict[str, float]:
    return {phase: figure(figures, f"call_phase_seconds_{part}", target="portal", phase=phase) for phase in PHASES}


def grown(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {phase: after[phase] - before[phase] for phase in PHASES}


class Timed(InMemoryConnector):
    """A nation whose calls say where their time went."""

    timing = Timing(0.5, 0.25, 2.0)

    async def send(self, parcels: Any) -> Sent:
        sent = await super().send(parcels)
        return replace(sent, exchange=Exchange("DongBoHoSoMC", 200, elapsed_seconds=4.0, timing=self.timing))


async def test_each_phase_of_a_call_is_counted_once_with_its_own_time(clocked_database: Database) -> None:
    nation = Timed()
    context = context_of(clocked_database, nation, POLICY)
    async with door(context) as client:
        before = await served(client)
        await hand_over(context, dossier())
        await drain(context)
        after = await served(client)
        assert grown(phase_samples(before), phase_samples(after)) == dict.fromkeys(PHASES, 1)
        sums = grown(phase_samples(before, "sum"), phase_samples(after, "sum"))
        assert sums == pytest.approx({"queue": 0.5, "connect": 0.25, "first_byte": 2.0, "total": 4.0})

        # What did not come that far has no time; that it took none would be a lie.
        nation.timing = Timing(0.5, None, None)
        await hand_over(context, dossier(2))
        await drain(context)
        last = await served(client)
        assert grown(phase_samples(after), phase_samples(last)) == {
            "queue": 1,
            "connect": 0,
            "first_byte": 0,
            "total": 1,
        }


async def test_a_delivery_over_a_real_wire_has_a_time_for_every_phase(database: Database, tmp_path: Path) -> None:
    http = HttpSettings(read_seconds=20.0, total_seconds=30.0)
    async with running(tmp_path / "mock.sqlite3") as mock:
        connector = PortalConnector(portal_settings(mock.url), build_client(http), http)
        context = replace(context_of(database, policy=POLICY), connectors={Target.PORTAL: connector})
        async with door(context) as client:
            before = await served(client)
            await hand_over(context, dossier())
            await drain(context)
            after = await served(client)
        await connector.aclose()
    assert all(count >= 1 for count in grown(phase_samples(before), phase_samples(after)).values())
    sums = grown(phase_samples(before, "sum"), phase_samples(after, "sum"))
    assert sums["first_byte"] > 0
    assert sums["total"] >= sums["first_byte"]


async def lanes_by_state(context: Context) -> dict[str, int]:
    statement = select(lanes.c.state, func.count().label("lanes")).group_by(lanes.c.state)
    async with context.database.read() as session:
        found: dict[str, int] = {row.state: row.lanes for row in await session.rows(statement)}
    return {state.value: found.get(state.value, 0) for state in LaneState}


def lanes_served(figures: Figures) -> dict[str, float]:
    return {state.value: figure(figures, "lanes", target="portal", state=state.value) for state in LaneState}


def gate_served(figures: Figures) -> list[str]:
    return [s.value for s in GateState if figure(figures, "breaker_state", target="portal", state=s.value) == 1]


async def gate_row(context: Context) -> list[str]:
    async with context.database.read() as session:
        return [row.state for row in await session.rows(select(gates.c.state).where(gates.c.target == PORTAL.key))]


async def test_the_lanes_served_are_the_lanes_in_every_state(
    operator: httpx.AsyncClient, context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier(1))
    await drain(context)
    nation.script(TryLater("not_sent"))
    await hand_over(context, dossier(2))
    await drain(context)
    clock.advance(6)
    await hand_over(context, dossier(3), dossier(4), dossier(5))
    nation.pause()
    under_way = asyncio.create_task(deliver(context, PORTAL, "w"))
    await nation.waiting.wait()
    rows = await lanes_by_state(context)
    assert rows == {"idle": 1, "scheduled": 1, "leased": 1, "ready": 2, "held": 0}
    assert lanes_served(await served(operator)) == rows
    nation.resume()
    await under_way
    why = {"unit": "H15.50", "reason": "Cổng nhận sai mã đơn vị"}
    placed = await operator.post("/v1/targets/portal/holds", json=why)
    assert placed.status_code == 201, placed.text
    await tick(context)
    rows = await lanes_by_state(context)
    assert rows["held"] > 0
    assert lanes_served(await served(operator)) == rows


async def test_the_gate_served_is_the_gate_in_every_state(
    operator: httpx.AsyncClient, context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    seen: list[str] = gate_served(await served(operator))
    nation.script(TryLater("http_503", "HTTP 503"))
    await hand_over(context, dossier(1))
    await drain(context)
    seen += gate_served(await served(operator))
    assert await gate_row(context) == [seen[-1]]
    clock.advance(11)
    await tick(context)
    nation.pause()
    trial = asyncio.create_task(deliver(context, PORTAL, "w"))
    await nation.waiting.wait()
    seen += gate_served(await served(operator))
    assert await gate_row(context) == [seen[-1]]
    nation.resume()
    await trial
    seen += gate_served(await served(operator))
    assert await gate_row(context) == [seen[-1]]
    assert seen == ["closed", "open", "trial", "ramp"], "one at a time"


async def test_holds_are_counted_while_they_stand(operator: httpx.AsyncClient, context: Context) -> None:
    made = []
    for scope in ({}, {"unit": "H15.50"}):
        placed = await operator.post("/v1/targets/portal/holds", json={"reason": "Cổng báo bảo trì", **scope})
        made.append(placed.json()["id"])
    assert figure(await served(operator), "holds", target="portal") == 2
    ended = await operator.post(f"/v1/holds/{made[0]}/resume", json={"note": "Cổng đã mở"})
    assert ended.status_code == 200, ended.text
    async with context.database.read() as session:
        standing = await session.rows(select(holds.c.id).where(holds.c.released_at.is_(None)))
    assert figure(await served(operator), "holds", target="portal") == len(standing) == 1


async def test_of_a_destination_that_was_only_held_nothing_is_left(
    operator: httpx.AsyncClient, context: Context
) -> None:
    labels = (("target", "webhook:7"),)

    async def put(session: WriteSession) -> None:
        row = {"target": "webhook:7", "reason": "r", "held_by": "w", "held_at": NOW}
        await session.execute(insert(holds).values(row))

    await context.database.run(put)
    assert (await served(operator))["lienthong_holds", labels] == 1
    await context.database.run(lambda session: session.execute(delete(holds)))
    assert ("lienthong_holds", labels) not in await served(operator)


async def test_the_oldest_that_waits_is_as_old_as_its_row_and_nothing_is_when_nothing_waits(
    operator: httpx.AsyncClient, context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier(1))
    clock.advance(600)
    await hand_over(context, dossier(2))
    clock.advance(60)
    assert figure(await served(operator), "oldest_waiting_seconds", target="portal") == 660
    nation.refuse("H15.50-260701-0001", code="5", message="đóng")
    await deliver(context, PORTAL, "w")
    assert figure(await served(operator), "oldest_waiting_seconds", target="portal") == 60, "refused is settled"
    await drain(context)
    assert figure(await served(operator), "oldest_waiting_seconds", target="portal") == 0
