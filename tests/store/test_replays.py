"""A selection in the database: what it holds, what becomes of each, and that the forecast is what happens."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.domain.delivery import DeliveryState, HoldReason, LaneState
from app.domain.replay import Fate, ReplayState, Selection
from app.store import replays
from app.store.session import Database, Row, WriteSession
from app.store.tables import lanes, messages
from tests.factories import NOW, dossier_code, snapshot_message, step_message
from tests.store.lanework import message_rows, put, revive

D = DeliveryState
ALL = Selection()
LATER = NOW + timedelta(hours=1)


async def set_states(database: Database, states: dict[str, DeliveryState], **more: object) -> None:
    """Give messages, named by dossier and ref, a state; refused and dead ones were settled at ``NOW``."""

    async def work(session: WriteSession) -> None:
        for name, state in states.items():
            code, _, ref = name.partition(" ")
            final = state in {D.REJECTED, D.DEAD, D.DELIVERED}
            values = {"state": state.value, "settled_at": NOW if final else None} | more
            await session.execute(
                update(messages).where(messages.c.dossier_code == code, messages.c.ref == ref).values(**values)
            )

    await database.run(work)


async def hold_dead(database: Database, code: str) -> None:
    async def work(session: WriteSession) -> None:
        held = {"state": LaneState.HELD.value, "hold_reason": HoldReason.DEAD.value}
        await session.execute(update(lanes).where(lanes.c.dossier_code == code).values(**held))

    await database.run(work)


async def world(database: Database) -> None:
    """Four dossiers: refused steps with and without a later one gone, dead steps, a refused and a dead snapshot."""
    a, b, c, d = (dossier_code(n) for n in range(1, 5))
    await put(database, *[step_message(a, step_id=s) for s in ("s1", "s2", "s3")])
    await put(database, *[step_message(b, step_id=s) for s in ("s1", "s2", "s3")])
    await put(database, snapshot_message(c, unit_code="H15.17"), step_message(c, unit_code="H15.17"))
    await put(database, snapshot_message(d, procedure_code="1.9"))
    await set_states(database, {f"{a} s1": D.REJECTED, f"{a} s2": D.DELIVERED, f"{a} s3": D.REJECTED})
    await set_states(database, {f"{b} s1": D.DEAD, f"{b} s2": D.DEAD, f"{b} s3": D.WAITING}, failure_class="temporary")
    await set_states(database, {f"{c} 1": D.REJECTED}, reason="refused", settled_at=LATER)
    await set_states(database, {f"{d} 1": D.DEAD}, target="webhook:7")
    await hold_dead(database, b)
    await hold_dead(database, d)


async def fates(database: Database, selection: Selection) -> list[tuple[str, str, str]]:
    async with database.read() as session:
        rows = await replays.first(session, selection, 50)
        counted = await replays.shares(session, selection)
        count, last = await replays.extent(session, selection)
    assert sum(share.count for share in counted) == len(rows) == count
    assert last == (rows[-1]["id"] if rows else 0)
    for fate in Fate:
        assert sum(s.count for s in counted if s.fate is fate) == sum(row["fate"] == fate for row in rows)
    return [(row["dossier_code"][-1], row["ref"], row["fate"]) for row in rows]


async def test_what_a_selection_holds_and_what_becomes_of_it(database: Database) -> None:
    await world(database)
    assert await fates(database, ALL) == [
        ("1", "s1", "overtaken"),
        ("1", "s3", "ok"),
        ("2", "s1", "ok"),
        ("2", "s2", "ok"),
        ("3", "1", "ok"),
        ("4", "1", "ok"),
    ]


@pytest.mark.parametrize(
    ("selection", "refs"),
    [
        (Selection(states=(D.DEAD,)), ["2 s1", "2 s2", "4 1"]),
        (Selection(target="webhook:7"), ["4 1"]),
        (Selection(unit="H15.17"), ["3 1"]),
        (Selection(procedure="1.9"), ["4 1"]),
        (Selection(failure_class="temporary"), ["2 s1", "2 s2"]),
        (Selection(reason="refused"), ["3 1"]),
        (Selection(since=LATER), ["3 1"]),
        (Selection(until=LATER, states=(D.REJECTED,)), ["1 s1", "1 s3"]),
        (Selection(unit="H99"), []),
    ],
)
async def test_a_selection_by_facts(database: Database, selection: Selection, refs: list[str]) -> None:
    await world(database)
    assert [f"{code} {ref}" for code, ref, _ in await fates(database, selection)] == refs


async def test_the_forecast_of_named_deliveries_is_what_happens(database: Database) -> None:
    await world(database)
    ids = tuple(row["id"] for row in await message_rows(database))
    for chosen in (ids[4:5], ids[5:6], ids):
        found = await fates(database, Selection(ids=chosen))
        verdicts = [await revive(database, message_id) for message_id in chosen]
        assert verdicts == [fate for _, _, fate in found]


def replay_row(**more: object) -> Row:
    row: Row = {"key": "k", "selection": "{}", "note": "why", "per_second": 5, "asked_by": "an", "agency": "H15"}
    return row | {"correlation_id": "c", "created_at": NOW, "until_id": 100, "total": 3} | more


async def test_only_one_works_on_a_replay_and_an_ended_one_is_not_taken(database: Database) -> None:
    async def begin(session: WriteSession) -> tuple[int, int]:
        full = await replays.open_one(session, replay_row())
        empty = await replays.open_one(session, replay_row(key="e", total=0))
        assert (full.state, empty.state, empty.ended_at) == ("running", "done", NOW)
        return full.id, empty.id

    full, empty = await database.run(begin)
    async with database.read() as session:
        assert await replays.running(session) == [full]

    async def take(session: WriteSession) -> bool:
        taken = await replays.take(session, full)
        assert taken is not None
        if not database.is_sqlite:  # there, writers stand in line anyway
            assert await Database.run(database, lambda other: replays.take(other, full)) is None
        moved = await replays.advance(session, taken, last_id=9, revived=2, skipped=1, run_at=LATER)
        assert (moved.last_id, moved.revived, moved.skipped, moved.last_run_at) == (9, 2, 1, LATER)
        ended = await replays.end(session, full, ReplayState.DONE, LATER)
        assert ended is not None
        assert await replays.end(session, full, ReplayState.STOPPED, LATER) is None
        return await replays.take(session, full) is None and await replays.take(session, empty) is None

    assert await database.run(take)
