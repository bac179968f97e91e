"""Holds in the database, and the sweep that moves lanes out of the line and back."""

import asyncio
from datetime import timedelta

from sqlalchemy import func, select, update

from app.domain.delivery import HoldReason, LaneState
from app.store import holds
from app.store.holds import Hold
from app.store.session import Database, Row, WriteSession
from app.store.tables import lanes
from tests.factories import NOW
from tests.store.lanework import insert_rows

KEY = "portal"
HELD = (LaneState.HELD.value, HoldReason.OPERATOR.value)
READY = (LaneState.READY.value, None)


def lane_row(number: int, *, procedure: str | None = "1.001", unit: str | None = "H15.1", **more: object) -> Row:
    return {
        "target": KEY,
        "dossier_code": f"D-{number:06d}",
        "state": LaneState.READY.value,
        "hold_reason": None,
        "due_at": NOW + timedelta(seconds=number),
        "procedure_code": procedure,
        "unit_code": unit,
    } | more


async def place(
    database: Database, procedure: str | None = None, unit: str | None = None, key: str = KEY
) -> tuple[Hold, bool]:
    async def work(session: WriteSession) -> tuple[Hold, bool]:
        return await holds.place(
            session, key, procedure=procedure, unit=unit, reason="maintenance", held_by="an", now=NOW
        )

    return await database.run(work)


async def lift(database: Database, hold_id: int) -> Hold | None:
    async def work(session: WriteSession) -> Hold | None:
        return await holds.lift(session, hold_id, released_by="binh", note="done", now=NOW + timedelta(hours=1))

    return await database.run(work)


async def sweep(database: Database, limit: int = 100, draw: float = 0.0) -> int:
    async def work(session: WriteSession) -> int:
        return await holds.sweep(session, NOW, limit, lambda: draw)

    return await database.run(work)


async def standings(database: Database) -> dict[int, tuple[str, str | None]]:
    async with database.read() as session:
        rows = await session.rows(select(lanes.c.dossier_code, lanes.c.state, lanes.c.hold_reason))
    return {int(row.dossier_code[2:]): (row.state, row.hold_reason) for row in rows}


async def held_count(database: Database) -> int:
    async with database.read() as session:
        (row,) = await session.rows(select(func.count()).where(lanes.c.state == LaneState.HELD.value))
    return int(row[0])


async def test_the_same_scope_is_held_once_and_another_scope_besides(database: Database) -> None:
    first, new = await place(database, "1.001")
    again, anew = await place(database, "1.001")
    assert (new, anew) == (True, False)
    assert first == again
    assert not first.whole
    other, new = await place(database, "1.001", "H15.1")
    assert new
    whole, new = await place(database)
    assert new
    assert whole.whole
    elsewhere, new = await place(database, key="webhook:7")
    assert new
    async with database.read() as session:
        assert await holds.active(session, KEY) == [first, other, whole]
        assert await holds.active(session) == [first, other, whole, elsewhere]


async def test_two_who_hold_at_once_make_one_hold(database: Database, database_url: str) -> None:
    side = Database(database_url)
    try:
        placed = await asyncio.gather(*(place(where, unit="H15.1") for _ in range(5) for where in (database, side)))
    finally:
        await side.aclose()
    assert len({hold.id for hold, _ in placed}) == 1
    assert sum(new for _, new in placed) == 1


async def test_a_hold_ends_once_and_may_be_placed_again(database: Database) -> None:
    first, _ = await place(database, unit="H15.1")
    ended = await lift(database, first.id)
    assert ended is not None
    assert (ended.released_by, ended.release_note, ended.released_at) == ("binh", "done", NOW + timedelta(hours=1))
    assert await lift(database, first.id) is None
    assert await lift(database, 999) is None
    async with database.read() as session:
        assert await holds.active(session) == []
        assert await holds.find(session, first.id) == ended
        assert await holds.find(session, 999) is None
    again, new = await place(database, unit="H15.1")
    assert new
    assert again.id != first.id


def test_filters_name_procedures_units_and_pairs_apart() -> None:
    def hold(procedure: str | None, unit: str | None) -> Hold:
        return Hold(1, KEY, procedure, unit, "r", "an", NOW)

    held = [hold("b", None), hold("a", None), hold(None, "u"), hold("c", "u"), hold("a", None)]
    assert holds.filters(held) == (("a", "b"), ("u",), (("c", "u"),))
    assert not holds.blocks_destination(held)
    assert holds.blocks_destination([*held, hold(None, None)])
    assert holds.filters([hold(None, None)]) == ((), (), ())


async def test_a_sweep_puts_aside_what_is_held_and_nothing_else(database: Database) -> None:
    rows = [
        lane_row(1, procedure="1.001"),
        lane_row(2, procedure="1.002"),
        lane_row(3, procedure="1.003", unit="H15.2"),
        lane_row(4, procedure="1.004", unit="H15.3"),
        lane_row(5, procedure="1.004", unit="H15.4"),
        lane_row(6, procedure=None, unit=None),
        lane_row(7, procedure="1.001", state=LaneState.LEASED.value),
        lane_row(8, procedure="1.001", state=LaneState.SCHEDULED.value),
        lane_row(9, procedure="1.001", state=LaneState.HELD.value, hold_reason=HoldReason.DEAD.value),
        lane_row(10, procedure="1.001", target="webhook:7"),
    ]
    await insert_rows(database, (lanes, rows))
    await place(database, "1.001")
    await place(database, unit="H15.2")
    await place(database, "1.004", "H15.3")
    assert await sweep(database) == 3
    found = await standings(database)
    assert {number for number, state in found.items() if state == HELD} == {1, 3, 4}
    assert found[2] == found[5] == found[6] == found[10] == READY
    assert found[7] == (LaneState.LEASED.value, None)
    assert found[8] == (LaneState.SCHEDULED.value, None)
    assert found[9] == (LaneState.HELD.value, HoldReason.DEAD.value)
    assert await sweep(database) == 0


async def test_a_sweep_puts_back_only_what_nobody_holds_any_more(database: Database) -> None:
    await insert_rows(database, (lanes, [lane_row(1, procedure="1.001", unit="H15.2"), lane_row(2), lane_row(3)]))
    by_procedure, _ = await place(database, "1.001")
    by_unit, _ = await place(database, unit="H15.2")
    assert await sweep(database) == 3
    await lift(database, by_procedure.id)
    assert await sweep(database) == 2
    assert await standings(database) == {1: HELD, 2: READY, 3: READY}
    await lift(database, by_unit.id)
    assert await sweep(database) == 1
    assert await standings(database) == {1: READY, 2: READY, 3: READY}


async def test_a_refused_or_dead_lane_is_never_put_back(database: Database) -> None:
    reasons = [HoldReason.DEAD, HoldReason.REFUSED, HoldReason.UNDECIDED]
    rows = [lane_row(n, state=LaneState.HELD.value, hold_reason=reason.value) for n, reason in enumerate(reasons)]
    await insert_rows(database, (lanes, rows))
    hold, _ = await place(database, "1.001")
    await sweep(database)
    await lift(database, hold.id)
    assert await sweep(database) == 0
    assert {reason for _, reason in (await standings(database)).values()} == {reason.value for reason in reasons}


async def test_a_whole_destination_is_left_as_it_is_and_moves_on_after(database: Database) -> None:
    await insert_rows(database, (lanes, [lane_row(1), lane_row(2, procedure="1.002")]))
    part, _ = await place(database, "1.001")
    await sweep(database)
    whole, _ = await place(database)
    await lift(database, part.id)
    assert await sweep(database) == 0
    assert await standings(database) == {1: HELD, 2: READY}
    await lift(database, whole.id)
    assert await sweep(database) == 1
    assert await standings(database) == {1: READY, 2: READY}


async def test_a_sweep_is_bounded_and_the_next_one_goes_on(database: Database) -> None:
    await insert_rows(database, (lanes, [lane_row(n) for n in range(25)]))
    hold, _ = await place(database, "1.001")
    assert [await sweep(database, limit=10) for _ in range(4)] == [10, 10, 5, 0]
    await lift(database, hold.id)
    assert [await sweep(database, limit=10) for _ in range(4)] == [10, 10, 5, 0]
    assert await held_count(database) == 0


async def test_a_sweep_finds_the_few_freed_ones_among_many_that_stay_held(database: Database) -> None:
    """Only a part is looked at each time, from another place; both ends and the middle are reached."""
    held = {"state": LaneState.HELD.value, "hold_reason": HoldReason.OPERATOR.value}
    freed = {0, 150, 299}
    rows = [lane_row(n, procedure="1.002" if n in freed else "1.001", **held) for n in range(300)]
    await insert_rows(database, (lanes, rows))
    await place(database, "1.001")
    found = 0
    for place_in_line in range(20):
        found += await sweep(database, limit=5, draw=place_in_line / 20)
    assert found == 3
    assert {number for number, state in (await standings(database)).items() if state == READY} == freed


async def test_a_lane_whose_facts_changed_goes_back(database: Database) -> None:
    await insert_rows(database, (lanes, [lane_row(1), lane_row(2)]))
    await place(database, "1.001")
    await sweep(database)

    async def moved_on(session: WriteSession) -> None:
        await session.execute(update(lanes).where(lanes.c.dossier_code == "D-000001").values(procedure_code="1.009"))

    await database.run(moved_on)
    assert await sweep(database) == 1
    assert await standings(database) == {1: READY, 2: HELD}


async def test_sweeps_and_an_end_at_once_leave_nothing_behind(database: Database, database_url: str) -> None:
    await insert_rows(database, (lanes, [lane_row(n) for n in range(60)]))
    hold, _ = await place(database, "1.001")
    side = Database(database_url)
    try:
        await asyncio.gather(
            *(sweep(where, limit=7) for _ in range(4) for where in (database, side)), lift(side, hold.id)
        )
        while await sweep(side):
            pass
    finally:
        await side.aclose()
    assert await held_count(database) == 0
