"""A selection is sent again: shown first, oldest first, no faster than asked, once however often it is pressed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from app.domain.replay import Selection
from app.errors import KeyReused, UnknownReplay
from app.store import audit, replays, views
from app.store.session import Database, WriteSession
from app.store.tables import lanes
from app.store.views import DeliveryFilter
from app.usecases import replay
from app.usecases.context import Caller, Context
from app.usecases.replay import Progress
from connectors.base import Parcel, Rejected
from connectors.testing import InMemoryConnector, Refusal
from tests.factories import ManualClock
from tests.worlds import code, context_of, dossier, drain, hand_over, step

OPERATOR = Caller("van-hanh", "H15", frozenset({"operate"}))
ALL = Selection()
NO = Rejected("5", "thủ tục đang đóng", "MaTTHC")


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector()


@pytest_asyncio.fixture
async def context(clocked_database: Database, nation: InMemoryConnector) -> AsyncIterator[Context]:
    yield context_of(clocked_database, nation)


async def refuse(context: Context, nation: InMemoryConnector, dossiers: int) -> None:
    """Hand dossiers over that the nation refuses, and let it have them from now on."""
    await hand_over(context, *[dossier(n) for n in range(1, dossiers + 1)])
    nation.refusals.append(Refusal(lambda _parcel: True, NO))
    await drain(context)
    nation.refusals.clear()
    assert set(await states(context)) == {"rejected"}


async def states(context: Context) -> list[str]:
    async with context.database.read() as session:
        rows = await views.deliveries(session, DeliveryFilter(limit=500))
    return [row["state"] for row in reversed(rows)]


async def begin(
    context: Context, selection: Selection = ALL, per_second: int = 2, key: str | None = None
) -> tuple[int, bool]:
    begun, new = await replay.start(context, OPERATOR, selection, per_second, "mở lại", key, "c-replay")
    return begun.id, new


async def progress(context: Context, replay_id: int) -> tuple[str, int, int, int, int]:
    found: Progress = await replay.one(context, replay_id)
    row = found.replay
    return row.state, row.revived, row.skipped, found.elsewhere, found.remaining


async def entries(context: Context) -> list[tuple[str, dict[str, Any]]]:
    async with context.database.read() as session:
        rows = await audit.page(session, before_id=None, limit=100, equal={"kind": "operation"})
    return [(row["outcome"], row["detail"]) for row in reversed(rows)]


async def test_a_dry_run_shows_what_would_go_and_sends_nothing(context: Context, nation: InMemoryConnector) -> None:
    await refuse(context, nation, 25)
    seen = await replay.preview(context, OPERATOR, ALL, "c-dry")
    assert seen.total == 25
    assert seen.cannot_go == {}
    assert seen.by(lambda share: share.state) == {"rejected": 25}
    assert seen.by(lambda share: share.procedure) == {"1.000110": 25}
    assert [row["dossier_code"] for row in seen.first] == [code(n) for n in range(1, 21)]
    assert all("H'Bia" not in row["payload"] and "003190123456" not in row["payload"] for row in seen.first)
    assert all(len(row["payload_hash"]) == 64 and row["payload"].startswith("{") for row in seen.first)
    assert set(await states(context)) == {"rejected"}
    assert await replay.work_off(context) == 0
    ((outcome, detail),) = await entries(context)
    assert (outcome, detail["total"]) == ("replay:dry run", 25)
    begun, new = await replay.start(context, OPERATOR, seen.selection, 5, "x", None, "c")
    assert new
    assert (begun.key, begun.total) == (seen.key, 25)


async def test_it_goes_oldest_first_at_the_asked_rate_and_arrives(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await refuse(context, nation, 7)
    number, _ = await begin(context, per_second=2)
    assert await replay.work_off(context) == 2
    assert await states(context) == ["unknown"] * 2 + ["rejected"] * 5
    assert await replay.work_off(context) == 0, "no time has gone by"
    clock.advance(1.0)
    assert await replay.work_off(context) == 2
    assert await progress(context, number) == ("running", 4, 0, 0, 3)
    await drain(context)
    assert await states(context) == ["delivered"] * 4 + ["rejected"] * 3
    clock.advance(3600.0)
    assert await replay.work_off(context) == 3
    assert await progress(context, number) == ("done", 7, 0, 0, 0)
    await drain(context)
    assert sorted(taken.dossier for taken in nation.ledger) == [code(n) for n in range(1, 8)]
    outcomes = await entries(context)
    assert [outcome for outcome, _ in outcomes] == ["replay:begun", "replay:done"]
    assert outcomes[-1][1] | {"revived": 7, "skipped": 0, "total": 7} == outcomes[-1][1]


async def test_pressed_twice_it_is_one_replay(context: Context, nation: InMemoryConnector, clock: ManualClock) -> None:
    await refuse(context, nation, 3)
    first, new = await begin(context)
    assert new
    assert await begin(context) == (first, False)
    (one, one_new), (two, two_new) = await asyncio.gather(begin(context, key="k-1"), begin(context, key="k-1"))
    assert one == two != first
    assert {one_new, two_new} == {True, False}
    with pytest.raises(KeyReused):
        await begin(context, Selection(unit="H15.50"), key="k-1")
    clock.advance(5.0)
    assert await replay.work_off(context) == 3
    clock.advance(1.0)
    assert await replay.work_off(context) == 0, "between them, the two replays sent each once"
    await drain(context)
    assert len(nation.ledger) == 3
    assert not (await begin(context))[1], "within a minute it is the same press, though it is done"
    clock.advance(61.0)
    assert (await begin(context))[1], "later it is a new wish"


async def test_what_is_refused_after_the_press_is_not_part_of_it(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await refuse(context, nation, 2)
    number, _ = await begin(context, per_second=1)
    assert await replay.work_off(context) == 1
    clock.advance(0.5)
    nation.refusals.append(Refusal(lambda _parcel: True, NO))
    await drain(context)
    await hand_over(context, dossier(3))
    await drain(context)
    clock.advance(100.0)
    assert await replay.work_off(context) == 1
    assert await progress(context, number) == ("done", 2, 0, 0, 0)
    assert await states(context) == ["rejected", "unknown", "rejected"]


async def test_what_cannot_go_is_passed_over_and_told(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    def fits(parcel: Parcel) -> bool:
        return '"Bước 1"' in parcel.payload

    nation.refusals.append(Refusal(fits, NO))
    await hand_over(context, dossier(), step(1, 1), step(1, 2), dossier(2), step(2, 1))
    await drain(context)
    nation.refusals.clear()
    assert await states(context) == ["delivered", "rejected", "delivered", "delivered", "rejected"]
    seen = await replay.preview(context, OPERATOR, ALL, "c")
    assert (seen.total, seen.cannot_go) == (2, {"overtaken": 1})
    number, _ = await begin(context)
    clock.advance(1.0)
    assert await replay.work_off(context) == 1
    await drain(context)
    clock.advance(1.0)
    await replay.work_off(context)
    assert await progress(context, number) == ("done", 1, 1, 0, 0)
    assert await states(context) == ["delivered", "rejected", "delivered", "delivered", "delivered"]


async def test_one_that_is_stopped_sends_no_more(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await refuse(context, nation, 4)
    number, _ = await begin(context, per_second=1)
    assert await replay.work_off(context) == 1
    stopped = await replay.stop(context, OPERATOR, number, "c")
    assert (stopped.replay.state, stopped.remaining) == ("stopped", 3)
    clock.advance(100.0)
    assert await replay.work_off(context) == 0
    assert (await replay.stop(context, OPERATOR, number, "c")).replay == stopped.replay
    assert await states(context) == ["unknown"] + ["rejected"] * 3
    assert [outcome for outcome, _ in await entries(context)][1:] == ["replay:stopped", "replay:ended already"]
    with pytest.raises(UnknownReplay):
        await replay.stop(context, OPERATOR, number + 1, "c")
    fresh, new = await begin(context)
    assert new
    assert [p.replay.id for p in await replay.listing(context, OPERATOR, None, 10)] == [fresh, number]
    assert [p.replay.id for p in await replay.listing(context, OPERATOR, fresh, 10)] == [number]


async def test_named_deliveries_take_over_from_their_schedule(context: Context, nation: InMemoryConnector) -> None:
    await hand_over(context, dossier(1), dossier(2))
    nation.lose_answer()
    await drain(context)
    async with context.database.read() as session:
        rows = await session.rows(select(lanes.c.state))
        ids = tuple(row["id"] for row in await views.deliveries(session, DeliveryFilter()))
    assert {row.state for row in rows} == {"scheduled"}
    number, _ = await begin(context, Selection(ids=ids), per_second=5)
    assert await replay.work_off(context) == 2
    assert await progress(context, number) == ("done", 2, 0, 0, 0)
    await drain(context)
    assert await states(context) == ["delivered", "delivered"]
    assert len(nation.ledger) == 2, "asked about first, never sent blindly"


async def test_a_worker_that_dies_loses_and_repeats_nothing(
    context: Context, nation: InMemoryConnector, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await refuse(context, nation, 4)
    number, _ = await begin(context, per_second=4)
    true_advance = replays.advance

    async def dies(session: WriteSession, *args: object, **more: object) -> None:
        del session, args, more
        message = "power cut"
        raise KeyboardInterrupt(message)

    with monkeypatch.context() as patch:
        patch.setattr(replays, "advance", dies)
        with pytest.raises(KeyboardInterrupt):
            await replay.work_off(context)
    assert replays.advance is true_advance
    assert set(await states(context)) == {"rejected"}
    assert await progress(context, number) == ("running", 0, 0, 0, 4)
    assert sum(await asyncio.gather(*[replay.work_off(context) for _ in range(3)])) == 4
    clock.advance(1.0)
    await replay.work_off(context)
    await drain(context)
    assert await progress(context, number) == ("done", 4, 0, 0, 0)
    assert sorted(taken.dossier for taken in nation.ledger) == [code(n) for n in range(1, 5)]


async def test_those_that_moved_otherwise_are_told_apart(
    context: Context, nation: InMemoryConnector, clock: ManualClock
) -> None:
    await refuse(context, nation, 3)
    number, _ = await begin(context, per_second=1)
    await replay.work_off(context)
    await hand_over(context, dossier(3, revision=2))
    clock.advance(50.0)
    await replay.work_off(context)
    assert await progress(context, number) == ("done", 2, 0, 1, 0)


async def test_an_empty_selection_has_ended_at_once(context: Context) -> None:
    number, new = await begin(context, Selection(unit="H15.99"))
    assert new
    assert await progress(context, number) == ("done", 0, 0, 0, 0)
