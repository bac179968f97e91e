"""Sent, and no readable answer: the nation is asked, step by step, and nothing goes again before that is safe."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
import structlog

from app.domain.delivery import PORTAL, Target
from app.domain.failures import FailureClass
from app.domain.retry import Schedule, Schedules
from app.store import audit, views
from app.store.session import Database
from app.store.views import DeliveryFilter
from app.usecases.context import Context, DeliveryPolicy
from app.usecases.deliver import deliver
from app.usecases.receive import receive
from app.usecases.upkeep import tick
from connectors.base import Exchange, Knowledge, Parcel, Probed, Sent, TryLater, Unknown
from connectors.testing import InMemoryConnector
from tests.factories import ManualClock
from tests.worlds import CALLER, SCHEDULE, code, context_of, dossier, drain, hand_over, step

SETTLE_SECONDS = 120.0
QUICK = Schedule((10.0,), attempts_max=3, age_max_seconds=86400.0, jitter_share=0.0)
POLICY = DeliveryPolicy(
    Schedules(SCHEDULE, {FailureClass.UNKNOWN: QUICK}),
    lease_seconds=100.0,
    call_seconds=40.0,
    settle_seconds=SETTLE_SECONDS,
)


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector()


@pytest_asyncio.fixture
async def context(clocked_database: Database, nation: InMemoryConnector) -> AsyncIterator[Context]:
    yield context_of(clocked_database, nation, POLICY)


async def rows(context: Context) -> dict[str, dict[str, Any]]:
    async with context.database.read() as session:
        found = await views.deliveries(session, DeliveryFilter(limit=500))
    return {f"{int(row['dossier_code'][-4:])}/{row['ref']}": row for row in found}


async def lane(context: Context) -> dict[str, Any]:
    async with context.database.read() as session:
        (row,) = await views.lanes_of(session, code())
    return row


async def go_on(context: Context, clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    await tick(context)
    await drain(context)


async def test_what_the_nation_lacks_is_not_sent_before_it_can_no_longer_come(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, step())
    nation.script(Unknown("read_timeout", "silence"))
    await drain(context)
    calls = len(nation.calls)
    await go_on(context, clock, 11)
    waiting = (await rows(context))["1/s1"]
    assert (waiting["state"], waiting["reason"], waiting["situation"]) == ("unknown", "may_still_come", "doubt_wait")
    assert len(nation.calls) == calls, "nothing was sent"
    assert (await lane(context))["attempts"] <= 1
    await go_on(context, clock, SETTLE_SECONDS)
    assert (await rows(context))["1/s1"]["state"] == "delivered"
    assert len(nation.steps(code())) == 1


async def test_a_step_taken_after_we_stopped_waiting_is_not_doubled(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, step())
    nation.apply_late()
    await drain(context)
    await go_on(context, clock, 11)
    nation.release_late()
    await go_on(context, clock, SETTLE_SECONDS)
    assert (await rows(context))["1/s1"]["state"] == "delivered"
    assert len(nation.steps(code())) == 1


async def test_a_late_snapshot_never_comes_after_a_newer_one(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier(summary="Bản 1"))
    nation.apply_late()
    await drain(context)
    await hand_over(context, dossier(revision=2, summary="Bản 2"))
    await go_on(context, clock, 11)
    nation.release_late()
    await go_on(context, clock, SETTLE_SECONDS)
    assert [("Bản 2" in entry.payload) for entry in nation.ledger] == [False, True]


class Forgetful(InMemoryConnector):
    """A nation whose look-up leaves out what a test wants it to."""

    def __init__(self) -> None:
        super().__init__()
        self.lacks: set[str] = set()
        self.denies = False

    async def probe(self, dossier_code: str, parcels: Any) -> Probed:
        found = await super().probe(dossier_code, parcels)
        if self.denies:
            return replace(found, knowledge=(Knowledge.LACKS,) * len(parcels), dossier_known=False)
        return replace(
            found,
            knowledge=tuple(
                Knowledge.LACKS if any(word in parcel.payload for word in self.lacks) else knowledge
                for parcel, knowledge in zip(parcels, found.knowledge, strict=True)
            ),
        )


async def test_an_earlier_step_that_is_missing_where_a_later_one_is_held_asks_a_person(
    clocked_database: Database, clock: ManualClock
) -> None:
    nation = Forgetful()
    context = context_of(clocked_database, nation, POLICY)
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, *[step(place=n) for n in (1, 2, 3)])
    nation.lose_answer()
    nation.lacks = {"Bước 2"}
    await drain(context)
    await go_on(context, clock, SETTLE_SECONDS + 1)
    found = await rows(context)
    assert [found[f"1/s{n}"]["state"] for n in (1, 2, 3)] == ["delivered", "unknown", "delivered"]
    assert found["1/s2"]["situation"] == "undecided_order"
    await hand_over(context, step(place=4))
    await go_on(context, clock, 86400)
    assert (await rows(context))["1/s4"]["situation"] == "behind_undecided"
    assert len(nation.steps(code())) == 3, "nothing was sent past it"


async def test_that_a_later_step_is_held_is_not_forgotten_while_the_earlier_one_may_still_come(
    clocked_database: Database, clock: ManualClock
) -> None:
    nation = Forgetful()
    context = context_of(clocked_database, nation, POLICY)
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, *[step(place=n) for n in (1, 2)])
    nation.lose_answer()
    nation.lacks = {"Bước 1"}
    await drain(context)
    await go_on(context, clock, 11)
    assert [(await rows(context))[f"1/s{n}"]["reason"] for n in (1, 2)] == ["may_still_come"] * 2
    await go_on(context, clock, SETTLE_SECONDS)
    found = await rows(context)
    assert (found["1/s1"]["situation"], found["1/s2"]["state"]) == ("undecided_order", "delivered")
    assert len(nation.steps(code())) == 2, "the earlier one was not sent after the later one"


async def test_tries_count_on_through_waits_and_end_with_the_last_record(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier())
    nation.script(Unknown("read_timeout", "silence"))
    await drain(context)
    assert (await lane(context))["attempts"] == 1
    await go_on(context, clock, 11)
    assert (await rows(context))["1/1"]["reason"] == "may_still_come"
    assert (await lane(context))["attempts"] == 1, "only put back: neither better nor worse"
    await go_on(context, clock, SETTLE_SECONDS)
    after = await lane(context)
    assert (after["state"], after["attempts"], after["failing_since"]) == ("idle", 0, None)


async def test_a_round_that_ends_before_anything_is_sent_keeps_the_count_of_tries(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier())
    nation.script(TryLater("http_503", "HTTP 503"))
    await drain(context)
    before = await lane(context)
    clock.advance(11)
    await tick(context)
    stopping = asyncio.Event()
    stopping.set()
    await deliver(context, PORTAL, "w", stopping)
    after = await lane(context)
    assert (after["attempts"], after["failing_since"]) == (1, before["failing_since"])
    assert len(nation.calls) == 1


async def test_a_dossier_that_the_nation_denies_after_it_had_acknowledged_it_asks_a_person(
    clocked_database: Database, clock: ManualClock
) -> None:
    nation = Forgetful()
    context = context_of(clocked_database, nation, POLICY)
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, step())
    nation.script(Unknown("read_timeout", "silence"))
    nation.denies = True
    await drain(context)
    await go_on(context, clock, SETTLE_SECONDS + 1)
    assert (await rows(context))["1/s1"]["situation"] == "undecided_lost"
    assert (await lane(context))["hold_reason"] == "undecided"


async def test_when_the_nation_cannot_be_asked_for_too_long_a_person_is(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier(), step())
    nation.lose_answer()
    nation.fail_probe(TryLater("http_503", "HTTP 503"), times=9)
    await drain(context)
    for _ in range(3):
        await go_on(context, clock, 11)
    found = await rows(context)
    assert (found["1/1"]["state"], found["1/1"]["reason"]) == ("unknown", "probe_spent")
    assert found["1/1"]["situation"] == "undecided_unreachable"
    assert found["1/s1"]["situation"] == "behind_undecided"
    calls = len(nation.calls)
    await go_on(context, clock, 86400)
    assert len(nation.calls) == calls, "never sent blindly"


async def test_an_answer_in_an_unknown_code_is_asked_about_at_once(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier())
    nation.script(Unknown("unknown_code", "77: Hệ thống bận"))
    await drain(context)
    assert (await rows(context))["1/1"]["failure_class"] == "contract"
    await go_on(context, clock, 11)
    assert (await rows(context))["1/1"]["state"] == "delivered"


async def test_an_unknown_code_again_and_again_asks_a_person_and_not_the_portal(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier())
    nation.script(Unknown("unknown_code", "77"), times=20)
    await drain(context)
    for _ in range(8):
        await go_on(context, clock, 61)
    assert (await rows(context))["1/1"]["situation"] == "undecided_unreachable"
    assert (await lane(context))["hold_reason"] == "undecided"


async def test_every_look_up_is_an_attempt_on_record(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier())
    nation.lose_answer()
    await drain(context)
    await go_on(context, clock, 11)
    async with context.database.read() as session:
        found = await views.delivery(session, 1)
    assert found is not None
    assert [attempt["outcome"] for attempt in found["tries"]] == ["unknown", "accepted", "probe_holds"]


class Strange(InMemoryConnector):
    """A nation that answers in a shape nobody knows, once."""

    async def send(self, parcels: Any) -> Sent:
        from connectors.base import Strange as Shape  # noqa: PLC0415 - the name is taken by this class

        sent = await super().send(parcels)
        return replace(sent, exchange=Exchange("DongBoHoSoMC", strange=Shape("html", "<html>***</html>")))


async def test_a_new_shape_of_answer_is_kept_once_with_an_example(clocked_database: Database) -> None:
    from app.store import sightings  # noqa: PLC0415

    context = context_of(clocked_database, Strange(), POLICY)
    await hand_over(context, *[dossier(n) for n in range(1, 4)])
    await drain(context)
    async with context.database.read() as session:
        (row,) = await sightings.listing(session)
    assert (row["target"], row["service"], row["shape"]) == ("portal", "DongBoHoSoMC", "html")
    assert row["example"] == "<html>***</html>"


async def test_a_parcel_says_where_it_goes_and_under_which_trace(context: Context, nation: InMemoryConnector) -> None:
    await hand_over(context, dossier())
    assert await deliver(context, PORTAL, "w") == 1
    parcel: Parcel = nation.calls[0][0]
    assert (parcel.destination, parcel.trace_context) == (Target.PORTAL.value, None)
    assert parcel.created_at is not None


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged at the level of a province; tests are silent otherwise."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    try:
        with structlog.testing.capture_logs() as lines:
            yield lines
    finally:
        structlog.configure(**before)


async def test_one_id_goes_from_the_door_through_every_call_and_look_up_in_log_and_audit(
    context: Context, nation: InMemoryConnector, clock: ManualClock, logged: list[Any]
) -> None:
    await receive(context, CALLER, [dossier()], "id-of-the-door")
    nation.lose_answer()
    await drain(context)
    await go_on(context, clock, SETTLE_SECONDS)
    received = next(line for line in logged if line["event"] == "received")
    assert (received["correlation_id"], received["records"], received["outcomes"]) == (
        "id-of-the-door",
        1,
        {"taken": 1},
    )
    calls = [line for line in logged if line["event"] == "call"]
    assert [line["outcome"] for line in calls] == ["unknown", "told"]
    assert [line["correlation_ids"] for line in calls] == [["id-of-the-door"]] * 2
    assert "Niê" not in str(logged)
    async with context.database.read() as session:
        entries = await audit.page(session, before_id=None, limit=50, equal={"dossier_code": code()})
    assert {entry["correlation_id"] for entry in entries} == {"id-of-the-door"}
    assert "probe" in {entry["kind"] for entry in entries}
