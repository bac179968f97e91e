"""Within one round: what was not sent stops what follows it; what the far side stumbles over comes to stand alone."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.breaker import BreakerPolicy
from app.domain.delivery import PORTAL
from app.domain.failures import FailureClass
from app.domain.retry import Schedule, Schedules
from app.store import views
from app.store.session import Database
from app.store.tables import messages
from app.store.views import DeliveryFilter
from app.usecases.context import Context, DeliveryPolicy
from app.usecases.deliver import deliver
from app.usecases.upkeep import tick
from connectors.base import Accepted, Capacity, Exchange, Kind, Parcel, Sent, TryLater, Unknown
from connectors.testing import InMemoryConnector
from tests.factories import ManualClock
from tests.worlds import SCHEDULE, code, context_of, dossier, drain, hand_over, step

AWAY = TryLater("not_sent", "connection refused")
PATIENT = replace(SCHEDULE, attempts_max=30)
DOUBT = Schedule((10.0,), attempts_max=20, age_max_seconds=86400.0, jitter_share=0.0)


async def states(context: Context) -> dict[str, tuple[str, str | None]]:
    async with context.database.read() as session:
        found = await views.deliveries(session, DeliveryFilter(limit=500))
    return {f"{int(row['dossier_code'][-4:])}/{row['ref']}": (row["state"], row["situation"]) for row in found}


class Uneven(InMemoryConnector):
    """Its first call is answered well, but only after ``bad`` others have failed beside it."""

    def __init__(self, capacity: Capacity, bad: int, kind: Kind) -> None:
        super().__init__(capacity)
        self._left, self._kind = bad, kind
        self._slow: asyncio.Event | None = None

    async def send(self, parcels: Sequence[Parcel]) -> Sent:
        if parcels[0].kind is self._kind:
            if self._slow is None:
                self._slow = asyncio.Event()
                await self._slow.wait()
            elif self._left:
                self._left -= 1
                self.script(AWAY, dossier=parcels[0].dossier_code)
                sent = await super().send(parcels)
                if not self._left:
                    self._slow.set()
                return sent
        return await super().send(parcels)


@pytest.mark.parametrize(
    ("capacity", "kind"), [(Capacity(1, 100), Kind.DOSSIER), (Capacity(50, 2), Kind.STEP)], ids=["snapshots", "steps"]
)
async def test_nothing_is_sent_past_what_a_round_left_out(
    clocked_database: Database, clock: ManualClock, capacity: Capacity, kind: Kind
) -> None:
    nation = Uneven(capacity, 3, kind)
    policy = DeliveryPolicy(Schedules(PATIENT), lease_seconds=100.0, call_seconds=40.0, calls_in_flight=4)
    context = context_of(clocked_database, nation, policy)
    for number in range(1, 13):
        await hand_over(context, dossier(number), *[step(number, place) for place in range(1, 5)])
    await deliver(context, PORTAL, "w")
    for _ in range(6):
        clock.advance(61)
        await tick(context)
        await drain(context)
    assert {state for state, _ in (await states(context)).values()} == {"delivered"}
    for number in range(1, 13):
        told = [entry for entry in nation.ledger if entry.dossier == code(number)]
        assert [entry.kind for entry in told] == ["insert", *["step"] * 4]
        assert [place for place in range(1, 5) if f"Bước {place}" in told[place].payload] == [1, 2, 3, 4]


async def test_a_doubt_has_its_own_time_whatever_failed_before_it(
    clocked_database: Database, clock: ManualClock
) -> None:
    nation = InMemoryConnector()
    ordinary = replace(PATIENT, age_max_seconds=14 * 86400.0)
    policy = DeliveryPolicy(
        Schedules(ordinary, {FailureClass.UNKNOWN: DOUBT}), lease_seconds=100.0, call_seconds=40.0, settle_seconds=120.0
    )
    context = context_of(clocked_database, nation, policy)
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, step())
    nation.script(AWAY)
    await drain(context)
    nation.apply_late()
    clock.advance(2 * 86400)
    await tick(context)
    await drain(context)
    assert (await states(context))["1/s1"] == ("unknown", "doubt_ask"), "a person is not asked a moment after"
    clock.advance(11)
    await tick(context)
    await drain(context)
    assert (await states(context))["1/s1"][1] == "doubt_wait"
    nation.release_late()
    clock.advance(130)
    await tick(context)
    await drain(context)
    assert (await states(context))["1/s1"][0] == "delivered"
    assert len(nation.steps(code())) == 1


@pytest.mark.parametrize("attempts_max", [1, 2])
async def test_when_a_doubt_goes_to_a_person_it_is_still_known_since_when(
    clocked_database: Database, clock: ManualClock, attempts_max: int
) -> None:
    nation = InMemoryConnector()
    short = replace(DOUBT, attempts_max=attempts_max)
    policy = DeliveryPolicy(
        Schedules(PATIENT, {FailureClass.UNKNOWN: short}), lease_seconds=100.0, call_seconds=40.0, settle_seconds=120.0
    )
    context = context_of(clocked_database, nation, policy)
    await hand_over(context, dossier())
    nation.lose_answer()
    nation.probe_down = True
    await drain(context)
    async with context.database.read() as session:
        (before,) = await session.rows(select(messages.c.doubtful_since))
    clock.advance(11)
    await tick(context)
    await drain(context)
    assert (await states(context))["1/1"][1] == "undecided_unreachable"
    async with context.database.read() as session:
        (after,) = await session.rows(select(messages.c.doubtful_since))
    assert before.doubtful_since is not None
    assert after == before


class Picky(InMemoryConnector):
    """Answers as ``judge`` says and applies what it accepts."""

    def __init__(self, judge: Callable[[Sequence[Parcel]], Sent | None]) -> None:
        super().__init__()
        self._verdict_of = judge

    async def send(self, parcels: Sequence[Parcel]) -> Sent:
        said = self._verdict_of(parcels)
        if said is None:
            return await super().send(parcels)
        taken = [p for p, outcome in zip(parcels, said.outcomes, strict=True) if isinstance(outcome, Accepted)]
        if taken:
            await super().send(taken)
        return said


@pytest.mark.parametrize("first", [Unknown("unknown_code", "77"), TryLater("http_503", "busy")], ids=["new", "later"])
async def test_a_step_taken_behind_one_that_was_not_puts_the_order_before_a_person(
    clocked_database: Database, clock: ManualClock, first: Unknown | TryLater
) -> None:
    asked: list[int] = []

    def judge(parcels: Sequence[Parcel]) -> Sent | None:
        if parcels[0].kind is not Kind.STEP or len(parcels) < 2 or asked:
            return None
        asked.append(1)
        return Sent((first, Accepted()), Exchange("service"))

    nation = Picky(judge)
    policy = DeliveryPolicy(Schedules(PATIENT), lease_seconds=100.0, call_seconds=40.0)
    context = context_of(clocked_database, nation, policy)
    await hand_over(context, dossier(), step(place=1), step(place=2))
    await drain(context)
    for _ in range(4):
        clock.advance(61)
        await tick(context)
        await drain(context)
    assert await states(context) == {
        "1/1": ("delivered", "delivered"),
        "1/s1": ("unknown", "undecided_order"),
        "1/s2": ("delivered", "delivered"),
    }
    assert len(nation.steps(code())) == 1


async def test_a_record_that_breaks_every_call_it_travels_in_comes_to_travel_alone(
    clocked_database: Database, clock: ManualClock
) -> None:
    def judge(parcels: Sequence[Parcel]) -> Sent | None:
        if any(p.dossier_code == code(3) for p in parcels):
            return Sent((Unknown("http_500", "HTTP 500"),) * len(parcels), Exchange("service"))
        return None

    nation = Picky(judge)
    policy = DeliveryPolicy(Schedules(PATIENT), lease_seconds=100.0, call_seconds=40.0)
    context = context_of(clocked_database, nation, policy)
    await hand_over(context, *[dossier(n) for n in range(1, 33)])
    for _ in range(9):
        await drain(context)
        clock.advance(61)
        await tick(context)
    found: dict[str, Any] = {key: state for key, (state, _) in (await states(context)).items()}
    assert found.pop("3/1") == "unknown"
    assert set(found.values()) == {"delivered"}
    assert len(nation.ledger) == 31


async def test_an_array_that_is_too_large_for_the_far_side_is_halved_and_opens_no_gate(
    clocked_database: Database,
) -> None:
    def judge(parcels: Sequence[Parcel]) -> Sent | None:
        if len(parcels) > 5:
            too_large = TryLater("adapter_refused", "HTTP 413")
            return Sent((too_large,) * len(parcels), Exchange("service"), array_refused=True)
        return None

    nation = Picky(judge)
    policy = DeliveryPolicy(
        Schedules(PATIENT),
        lanes_per_claim=400,
        lease_seconds=100.0,
        call_seconds=40.0,
        breaker=BreakerPolicy(calls_min=2),
    )
    context = context_of(clocked_database, nation, policy)
    await hand_over(context, *[dossier(n) for n in range(1, 201)])
    await drain(context)
    assert {state for state, _ in (await states(context)).values()} == {"delivered"}
    assert len(nation.ledger) == 200
