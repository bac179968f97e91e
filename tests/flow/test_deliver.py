"""The engine on the shipped fake: in order, once, whatever the far side answers."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from app.domain.delivery import PORTAL, DeliveryState
from app.domain.retry import Schedules
from app.errors import NotRetriable
from app.store import views
from app.store.outbox import ClaimedLane, LoadedMessage
from app.store.session import Database
from app.store.views import DeliveryFilter
from app.usecases.context import Context, DeliveryPolicy
from app.usecases.deliver import deliver
from app.usecases.operate import retry
from app.usecases.trip import Trip
from app.usecases.upkeep import tick
from connectors.base import Capacity, Rejected, TryLater, Unknown
from connectors.testing import InMemoryConnector
from tests.factories import NOW, ManualClock
from tests.worlds import CALLER, SCHEDULE, code, context_of, dossier, drain, hand_over, step


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector()


@pytest_asyncio.fixture
async def context(clocked_database: Database, nation: InMemoryConnector) -> AsyncIterator[Context]:
    yield context_of(clocked_database, nation)


async def states(context: Context) -> dict[str, str]:
    """State of every delivery by its dossier number and reference, e.g. ``1/s1``."""
    async with context.database.read() as session:
        rows = await views.deliveries(session, DeliveryFilter(limit=500))
    return {f"{int(row['dossier_code'][-4:])}/{row['ref']}": row["state"] for row in rows}


async def lane(context: Context, number: int = 1) -> dict[str, object]:
    async with context.database.read() as session:
        (row,) = await views.lanes_of(session, code(number))
    return row


def told(nation: InMemoryConnector) -> list[tuple[str, str]]:
    return [(entry.kind, entry.dossier) for entry in nation.ledger]


def steps_told(nation: InMemoryConnector, number: int = 1) -> list[str]:

    return [
        json.loads(entry.payload)["NoiDungXuLy"]
        for entry in nation.ledger
        if entry.kind == "step" and entry.dossier == code(number)
    ]


async def test_a_dossier_goes_before_its_steps_and_the_steps_in_order(
    context: Context, nation: InMemoryConnector
) -> None:
    await hand_over(context, dossier(), *[step(place=n) for n in range(1, 6)])
    await drain(context)
    assert told(nation) == [("insert", code()), *[("step", code())] * 5]
    assert steps_told(nation) == [f"Bước {n}" for n in range(1, 6)]
    assert set((await states(context)).values()) == {"delivered"}
    assert (await lane(context))["state"] == "idle"


async def test_only_the_newest_snapshot_goes(context: Context, nation: InMemoryConnector) -> None:
    for revision in range(1, 5):
        await hand_over(context, dossier(revision=revision, summary=f"Bản {revision}"))
    await drain(context)
    assert told(nation) == [("insert", code())]
    assert '"Bản 4"' in nation.ledger[0].payload
    assert await states(context) == {"1/1": "superseded", "1/2": "superseded", "1/3": "superseded", "1/4": "delivered"}


async def test_what_the_nation_knows_is_updated(context: Context, nation: InMemoryConnector) -> None:
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, dossier(revision=2, status="processing"))
    await drain(context)
    assert told(nation) == [("insert", code()), ("update", code())]


async def test_arrays_carry_many_and_the_guilty_one_stands_alone(context: Context, nation: InMemoryConnector) -> None:
    await hand_over(context, *[dossier(n) for n in range(1, 9)])
    nation.refuse(code(5), code="6", message="MaTTHC: không có", field="MaTTHC")
    await drain(context)
    found = await states(context)
    assert found.pop("5/1") == "rejected"
    assert set(found.values()) == {"delivered"}
    assert sorted(entry.dossier for entry in nation.ledger) == [code(n) for n in range(1, 9) if n != 5]
    assert len(nation.calls[0]) == 8


async def test_a_refused_step_is_passed_over_and_the_later_ones_go_on(
    context: Context, nation: InMemoryConnector
) -> None:
    await hand_over(context, dossier(), *[step(place=n) for n in range(1, 5)])
    nation.refuse(lambda parcel: "Bước 2" in parcel.payload, code="-3", message="NguoiXuLy: quá dài", field="NguoiXuLy")
    await drain(context)
    assert await states(context) == {
        "1/1": "delivered", "1/s1": "delivered", "1/s2": "rejected", "1/s3": "delivered", "1/s4": "delivered",
    }  # fmt: skip
    assert steps_told(nation) == ["Bước 1", "Bước 3", "Bước 4"]


async def test_steps_of_a_refused_dossier_wait_for_a_better_snapshot(
    context: Context, nation: InMemoryConnector
) -> None:
    nation.refuse(code(), code="-3", message="TrichYeuHoSo: quá dài", field="TrichYeuHoSo")
    await hand_over(context, dossier(), step())
    await drain(context)
    assert await states(context) == {"1/1": "rejected", "1/s1": "waiting"}
    held = await lane(context)
    assert (held["state"], held["hold_reason"]) == ("held", "refused")
    assert nation.ledger == []
    nation.refusals.clear()
    await hand_over(context, dossier(revision=2, summary="Ngắn"))
    await drain(context)
    assert await states(context) == {"1/1": "superseded", "1/2": "delivered", "1/s1": "delivered"}


async def test_try_later_waits_by_the_schedule_and_keeps_the_order(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    nation.script(TryLater("http_503", "HTTP 503"), times=2)
    await hand_over(context, dossier(), step())
    await drain(context)
    assert await states(context) == {"1/1": "waiting", "1/s1": "waiting"}
    waiting = await lane(context)
    assert (waiting["state"], waiting["attempts"]) == ("scheduled", 1)
    assert waiting["next_at"] - clock.now() == timedelta(seconds=10)  # type: ignore[operator]
    assert await drain(context) == 0
    clock.advance(10)
    assert (await tick(context)).promoted == 1
    await drain(context)
    assert (await lane(context))["attempts"] == 2
    clock.advance(60)
    await tick(context)
    await drain(context)
    assert told(nation) == [("insert", code()), ("step", code())]
    assert (await lane(context))["attempts"] == 0


async def test_the_far_side_may_ask_for_a_longer_wait(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    nation.script(TryLater("http_429", "HTTP 429", retry_after_seconds=300))
    await hand_over(context, dossier())
    await drain(context)
    assert (await lane(context))["next_at"] - clock.now() == timedelta(seconds=300)  # type: ignore[operator]


async def test_a_spent_budget_is_a_persons_matter(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    nation.script(TryLater("http_503", "HTTP 503"), times=99)
    await hand_over(context, dossier(), step())
    for _ in range(SCHEDULE.attempts_max):
        await drain(context)
        clock.advance(60)
        await tick(context)
    assert await states(context) == {"1/1": "dead", "1/s1": "waiting"}
    assert (await lane(context))["hold_reason"] == "dead"
    nation.scripts.clear()
    await retry(context, CALLER, 1, "c")
    await drain(context)
    assert await states(context) == {"1/1": "delivered", "1/s1": "delivered"}
    assert told(nation) == [("insert", code()), ("step", code())]


async def test_a_bug_of_ours_is_not_retried(context: Context, nation: InMemoryConnector) -> None:
    nation.raise_bug()
    await hand_over(context, dossier(), step())
    await drain(context)
    assert await states(context) == {"1/1": "dead", "1/s1": "waiting"}
    assert (await lane(context))["hold_reason"] == "dead"


@pytest.mark.parametrize("times", [1, 3])
async def test_a_lost_answer_is_asked_about_and_nothing_is_sent_twice(
    context: Context, nation: InMemoryConnector, clock: ManualClock, times: int
) -> None:
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, *[step(place=n) for n in range(1, 5)])
    nation.lose_answer(times)
    for _ in range(times + 2):
        await drain(context)
        clock.advance(60)
        await tick(context)
    assert steps_told(nation) == [f"Bước {n}" for n in range(1, 5)]
    assert set((await states(context)).values()) == {"delivered"}


async def test_unknown_that_was_never_taken_is_sent(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    nation.script(Unknown("read_timeout", "no answer"))
    await hand_over(context, dossier(), step())
    await drain(context)
    assert await states(context) == {"1/1": "unknown", "1/s1": "waiting"}
    clock.advance(10)
    await tick(context)
    await drain(context)
    assert told(nation) == [("insert", code()), ("step", code())]


async def test_a_newer_snapshot_while_the_older_is_unknown(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    nation.lose_answer(1)
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, dossier(revision=2, status="processing"))
    clock.advance(10)
    await tick(context)
    await drain(context)
    assert told(nation) == [("insert", code()), ("update", code())]
    assert await states(context) == {"1/1": "delivered", "1/2": "delivered"}


async def test_a_refused_array_of_steps_is_asked_about_before_halves_are_sent(
    context: Context, nation: InMemoryConnector
) -> None:
    await hand_over(context, dossier(1), dossier(2))
    await drain(context)
    await hand_over(context, *[step(n, place) for n in (1, 2) for place in (1, 2, 3)])
    nation.script(Rejected("-1", "taken in part, and not told"), partly=True)
    await drain(context)
    assert steps_told(nation, 1) == steps_told(nation, 2) == ["Bước 1", "Bước 2", "Bước 3"]


async def test_a_worker_that_dies_leaves_its_lanes_to_others(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier(), step())
    nation.pause()
    late = asyncio.create_task(deliver(context, PORTAL, "late"))
    await nation.waiting.wait()
    clock.advance(101)
    assert (await tick(context)).rescued == 1
    assert (await states(context))["1/1"] == "unknown"
    nation.resume()
    await drain(context, "other")
    assert told(nation) == [("insert", code()), ("step", code())]
    found = await states(context)
    await late
    assert await states(context) == found == {"1/1": "delivered", "1/s1": "delivered"}
    assert (await lane(context))["state"] == "idle"


async def test_lanes_whose_workers_die_again_and_again_are_a_persons_matter(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier())
    for _ in range(SCHEDULE.attempts_max):
        nation.pause()
        dying = asyncio.create_task(deliver(context, PORTAL, "dying"))
        await nation.waiting.wait()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        nation.resume()
        clock.advance(101)
        await tick(context)
    await drain(context)
    assert await states(context) == {"1/1": "unknown"}, "what it had in its hands may be with the nation"
    assert (await lane(context))["hold_reason"] == "undecided"


async def test_stopping_puts_back_what_was_not_sent(clocked_database: Database) -> None:
    nation = InMemoryConnector(capacity=Capacity(1, 1))
    context = context_of(clocked_database, nation)
    await hand_over(context, *[dossier(n) for n in range(1, 20)])
    stopping = asyncio.Event()
    nation.pause()
    under_way = asyncio.create_task(deliver(context, PORTAL, "w", stopping))
    await nation.waiting.wait()
    stopping.set()
    nation.resume()
    await under_way
    found = list((await states(context)).values())
    assert 0 < found.count("delivered") < 19
    assert set(found) == {"delivered", "waiting"}
    await drain(context)
    assert len(nation.ledger) == 19


async def test_many_workers_on_one_database_tell_everything_once(database: Database) -> None:
    nation = InMemoryConnector(capacity=Capacity(3, 4))
    policy = DeliveryPolicy(
        Schedules(SCHEDULE), lanes_per_claim=3, steps_per_lane=3, lease_seconds=100.0, call_seconds=40.0
    )
    contexts = [context_of(database, nation, policy) for _ in range(4)]
    await hand_over(contexts[0], *[dossier(n) for n in range(1, 31)])
    await hand_over(contexts[0], *[step(n, place) for n in range(1, 31) for place in range(1, 6)])
    await asyncio.gather(*[drain(context, f"w-{n}") for n, context in enumerate(contexts)])
    await drain(contexts[0])
    assert len(nation.ledger) == 180
    for number in range(1, 31):
        assert steps_told(nation, number) == [f"Bước {n}" for n in range(1, 6)]


async def test_records_that_arrive_while_a_lane_is_under_way_are_not_forgotten(
    context: Context, nation: InMemoryConnector
) -> None:
    await hand_over(context, dossier())
    nation.pause()
    under_way = asyncio.create_task(deliver(context, PORTAL, "w"))
    await nation.waiting.wait()
    await hand_over(context, step(), dossier(revision=2, status="processing"))
    nation.resume()
    await under_way
    await drain(context)
    assert told(nation) == [("insert", code()), ("update", code()), ("step", code())]


async def test_a_delivered_record_is_not_sent_again(context: Context, nation: InMemoryConnector) -> None:
    await hand_over(context, dossier())
    await drain(context)
    with pytest.raises(NotRetriable):
        await retry(context, CALLER, 1, "c")
    assert len(nation.ledger) == 1


async def test_a_refused_step_cannot_overtake_a_later_one(context: Context, nation: InMemoryConnector) -> None:
    await hand_over(context, dossier(), step(place=1), step(place=2))
    nation.refuse(lambda parcel: "Bước 1" in parcel.payload, code="-3", message="NoiDungXuLy: sai")
    await drain(context)
    with pytest.raises(NotRetriable, match="later step"):
        await retry(context, CALLER, 2, "c")


async def test_a_retry_pressed_twice_sends_once(context: Context, nation: InMemoryConnector) -> None:
    nation.refuse(code(), code="6", message="MaTTHC: chưa có")
    await hand_over(context, dossier())
    await drain(context)
    nation.refusals.clear()
    await retry(context, CALLER, 1, "c")
    await retry(context, CALLER, 1, "c")
    await drain(context)
    assert told(nation) == [("insert", code())]


async def test_the_urgent_go_first(context: Context, nation: InMemoryConnector) -> None:
    await hand_over(
        context,
        dossier(1, due_at="2026-07-09T17:00:00+07:00", status="processing"),
        dossier(2, due_at="2026-07-02T17:00:00+07:00", status="processing"),
        dossier(3, due_at="2026-07-05T17:00:00+07:00", status="processing"),
    )
    policy = DeliveryPolicy(Schedules(SCHEDULE), lanes_per_claim=1, lease_seconds=100.0, call_seconds=40.0)
    await drain(context_of(context.database, nation, policy))
    assert [entry.dossier for entry in nation.ledger] == [code(2), code(3), code(1)]


async def test_a_newer_snapshot_frees_a_lane_that_a_dead_one_held(context: Context, nation: InMemoryConnector) -> None:
    nation.raise_bug()
    await hand_over(context, dossier(), step())
    await drain(context)
    assert (await lane(context))["hold_reason"] == "dead"
    await hand_over(context, dossier(revision=2, summary="Mới"))
    await drain(context)
    assert await states(context) == {"1/1": "superseded", "1/2": "delivered", "1/s1": "delivered"}


async def test_a_dead_step_holds_its_lane_though_a_newer_snapshot_comes(
    context: Context, nation: InMemoryConnector
) -> None:
    await hand_over(context, dossier())
    await drain(context)
    nation.raise_bug()
    await hand_over(context, step(place=1))
    await drain(context)
    await hand_over(context, step(place=2), dossier(revision=2, status="processing"))
    await drain(context)
    assert (await lane(context))["hold_reason"] == "dead"
    assert await states(context) == {"1/1": "delivered", "1/2": "waiting", "1/s1": "dead", "1/s2": "waiting"}
    with pytest.raises(NotRetriable, match="earlier record"):
        await retry(context, CALLER, 3, "c")
    await retry(context, CALLER, 2, "c")
    await drain(context)
    assert steps_told(nation) == ["Bước 1", "Bước 2"]


async def test_a_call_that_does_not_end_is_unknown_before_the_lease_ends(
    clocked_database: Database, clock: ManualClock
) -> None:
    nation = InMemoryConnector()
    policy = DeliveryPolicy(Schedules(SCHEDULE), lease_seconds=100.0, call_seconds=0.05)
    context = context_of(clocked_database, nation, policy)
    await hand_over(context, dossier())
    nation.pause()
    await deliver(context, PORTAL, "w")
    assert await states(context) == {"1/1": "unknown"}
    nation.resume()
    clock.advance(10)
    patient = context_of(clocked_database, nation)
    await tick(patient)
    await drain(patient)
    assert told(nation) == [("insert", code())]


async def test_of_a_call_that_is_given_up_the_oldest_step_dies_and_the_order_holds(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, *[step(place=n) for n in range(1, 5)])
    nation.script(TryLater("http_503", "HTTP 503"), times=99)
    for _ in range(SCHEDULE.attempts_max):
        await drain(context)
        clock.advance(60)
        await tick(context)
    assert (await states(context))["1/s1"] == "dead"
    nation.scripts.clear()
    await retry(context, CALLER, 2, "c")
    await drain(context)
    assert steps_told(nation) == [f"Bước {n}" for n in range(1, 5)]


async def test_what_a_bug_buried_goes_again_in_order(context: Context, nation: InMemoryConnector) -> None:
    await hand_over(context, dossier())
    await drain(context)
    # The array of three, its half of two, and the first alone.
    nation.raise_bug(3)
    await hand_over(context, *[step(place=n) for n in range(1, 4)])
    await drain(context)
    await hand_over(context, step(place=4))
    assert await states(context) == {
        "1/1": "delivered",
        "1/s1": "dead",
        "1/s2": "waiting",
        "1/s3": "waiting",
        "1/s4": "waiting",
    }
    await retry(context, CALLER, 2, "c")
    await drain(context)
    assert steps_told(nation) == [f"Bước {n}" for n in range(1, 5)]


async def test_a_bug_on_one_dossier_does_not_bury_those_that_travel_with_it(
    context: Context, nation: InMemoryConnector
) -> None:
    await hand_over(context, *[dossier(n) for n in range(1, 5)])
    nation.raise_bug(3)
    await drain(context)
    assert sorted((await states(context)).values()) == ["dead", "delivered", "delivered", "delivered"]
    assert len(told(nation)) == 3


async def test_a_refused_step_is_not_sent_while_a_later_one_is_under_way(
    context: Context, nation: InMemoryConnector
) -> None:
    await hand_over(context, dossier(), step(place=1))
    nation.refuse(lambda parcel: "Bước 1" in parcel.payload, code="-3", message="NoiDungXuLy: sai")
    await drain(context)
    nation.refusals.clear()
    await hand_over(context, step(place=2))
    nation.pause()
    under_way = asyncio.create_task(deliver(context, PORTAL, "w"))
    await nation.waiting.wait()
    with pytest.raises(NotRetriable, match="later step"):
        await retry(context, CALLER, 2, "c")
    nation.resume()
    await under_way
    assert steps_told(nation) == ["Bước 2"]


async def test_a_snapshot_that_comes_while_the_older_one_dies_goes_on(
    context: Context, nation: InMemoryConnector
) -> None:
    await hand_over(context, dossier())
    nation.raise_bug()
    nation.pause()
    under_way = asyncio.create_task(deliver(context, PORTAL, "w"))
    await nation.waiting.wait()
    await hand_over(context, dossier(revision=2, status="processing"))
    nation.resume()
    await under_way
    await drain(context)
    assert await states(context) == {"1/1": "superseded", "1/2": "delivered"}


async def test_what_the_nation_lacked_may_be_refused_in_the_same_round(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    nation.script(Unknown("read_timeout", "no answer"))
    await hand_over(context, dossier())
    await drain(context)
    nation.refuse(code(), code="6", message="MaTTHC: không có")
    clock.advance(10)
    await tick(context)
    await drain(context)
    assert await states(context) == {"1/1": "rejected"}


def test_a_move_that_the_table_lacks_is_never_taken_down() -> None:
    lane = ClaimedLane(1, code(), 1, known=True, attempts=0, failing_since=None)
    message = LoadedMessage(1, 1, "step", code(), "p", "u", "s1", "{}", "h", DeliveryState.UNKNOWN, "c", NOW)
    trip = Trip.of([lane], [message])
    with pytest.raises(AssertionError, match="cannot go from unknown to sending"):
        trip.settle(message, DeliveryState.SENDING)


async def test_a_crash_after_what_was_written_down_half_way_leaves_the_dossier_known(
    clocked_database: Database, nation: InMemoryConnector, clock: ManualClock
) -> None:
    policy = DeliveryPolicy(Schedules(SCHEDULE), lease_seconds=100.0, call_seconds=40.0, flush_messages=1)
    context = context_of(clocked_database, nation, policy)
    await hand_over(context, dossier(), step(place=1))

    def crash() -> float:
        message = "the worker dies before it lets the lane go"
        raise OSError(message)

    with pytest.raises(OSError, match="dies"):
        await deliver(replace(context, draw=crash), PORTAL, "dying")
    assert set((await states(context)).values()) == {"delivered"}
    await hand_over(context, step(place=2))
    clock.advance(101)
    await tick(context)
    await drain(context)
    assert set((await states(context)).values()) == {"delivered"}
    assert steps_told(nation) == ["Bước 1", "Bước 2"]
