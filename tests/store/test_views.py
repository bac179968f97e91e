"""Figures equal a hand count, and pages walk everything exactly once."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, update

from app.domain.delivery import DeliveryState, HoldReason, LaneState
from app.store import views
from app.store.session import Database, Row, WriteSession
from app.store.tables import attempts, calls, dossiers, lanes, messages, steps
from app.store.views import DeliveryFilter
from tests.factories import (
    NOW,
    attempt_row,
    call_row,
    dossier_code,
    dossier_row,
    snapshot_message,
    step_message,
    step_row,
)
from tests.store.lanework import claim, end_as, insert_rows, message_rows, put

A, B, C, D, E = (dossier_code(n) for n in range(1, 6))
LAND, BIRTH = "1.000001", "1.000002"
HILL, COAST = "H15.16", "H15.17"


async def _world(database: Database) -> None:
    """Five dossiers: A known with a refused step, B refused, C dead, D and E waiting for long and for short."""
    places = {A: (LAND, HILL), B: (LAND, COAST), C: (BIRTH, HILL), D: (BIRTH, COAST), E: (LAND, HILL)}
    rows = [dossier_row(code, procedure_code=p, unit_code=u) for code, (p, u) in places.items()]
    held_steps = [step_row(A, step_id="a-1"), step_row(A, step_id="a-2"), step_row(E, step_id="e-1")]
    await insert_rows(database, (dossiers, rows), (steps, held_steps))

    async def promise(code: str, age: timedelta, *step_ids: str, due_days: int = 5) -> None:
        procedure, unit = places[code]
        due = NOW + timedelta(days=due_days)
        news = [snapshot_message(code, procedure_code=procedure, unit_code=unit, due_at=due)] + [
            step_message(code, step_id=step_id, procedure_code=procedure, unit_code=unit, due_at=due)
            for step_id in step_ids
        ]
        await put(database, *news, at=NOW - age)

    await promise(A, timedelta(hours=5), "a-1", "a-2", due_days=9)
    await promise(B, timedelta(hours=4), due_days=8)
    await promise(C, timedelta(hours=3), due_days=7)
    for lane in await claim(database):
        state, hold = {
            A: (DeliveryState.DELIVERED, None),
            B: (DeliveryState.REJECTED, HoldReason.REFUSED),
            C: (DeliveryState.DEAD, HoldReason.DEAD),
        }[lane.dossier_code]
        await end_as(database, lane, state, hold=hold, known=lane.dossier_code == A)
    await promise(D, timedelta(days=10), due_days=6)
    await promise(E, timedelta(minutes=59), "e-1", due_days=5)

    async def answers(session: WriteSession) -> None:
        answer = {"answer_code": "-4", "answer_field": "MaDonVi", "answer_message": "không đúng"}
        await session.execute(update(messages).where(messages.c.dossier_code == B).values(**answer))
        other = {"state": "rejected", "answer_code": "-9", "answer_message": "bước lạ"}
        await session.execute(update(messages).where(messages.c.ref == "a-2").values(**other))
        await session.execute(update(lanes).where(lanes.c.dossier_code == D).values(attempts=2))

    await database.run(answers)


async def test_the_summary_equals_a_hand_count(database: Database) -> None:
    await _world(database)
    async with database.read() as session:
        found = await views.summary(session, NOW)
    zero = {state.value: 0 for state in DeliveryState}
    assert found["at"] == NOW
    assert found["received"] == {"dossiers": 5, "steps": 3}
    assert found["known_to_the_nation"] == {"dossiers": 1, "steps": 1}
    assert found["deliveries"] == {
        "dossier": zero | {"delivered": 1, "rejected": 1, "dead": 1, "waiting": 2},
        "step": zero | {"delivered": 1, "rejected": 1, "waiting": 1},
    }
    assert found["waiting_by_age"] == {"under_1_hour": 2, "under_1_day": 0, "under_3_days": 0, "older": 1}
    by_key = {(r["code"], r["field"]): (r["target"], r["count"], r["example"]) for r in found["refused_by_reason"]}
    assert by_key == {("-4", "MaDonVi"): ("portal", 1, "không đúng"), ("-9", None): ("portal", 1, "bước lạ")}
    assert found["by_unit"] == [
        {"code": HILL, "received": 3, "known": 1, "waiting": 2, "refused": 1, "dead": 1},
        {"code": COAST, "received": 2, "known": 0, "waiting": 1, "refused": 1, "dead": 0},
    ]
    assert found["by_procedure"] == [
        {"code": LAND, "received": 3, "known": 1, "waiting": 2, "refused": 2, "dead": 0},
        {"code": BIRTH, "received": 2, "known": 0, "waiting": 1, "refused": 0, "dead": 1},
    ]


async def test_the_summary_of_nothing_is_zero_everywhere(database: Database) -> None:
    async with database.read() as session:
        found = await views.summary(session, NOW)
    assert found["received"] == found["known_to_the_nation"] == {"dossiers": 0, "steps": 0}
    assert set(found["waiting_by_age"].values()) == {0}
    assert found["refused_by_reason"] == found["by_unit"] == found["by_procedure"] == []


@pytest.mark.parametrize(
    ("age", "name"),
    [
        (timedelta(minutes=59), "under_1_hour"),
        (timedelta(hours=1), "under_1_day"),
        (timedelta(hours=24), "under_3_days"),
        (timedelta(hours=72), "older"),
    ],
)
async def test_ages_meet_at_their_edges(database: Database, age: timedelta, name: str) -> None:
    await put(database, snapshot_message(), at=NOW - age)
    async with database.read() as session:
        found = (await views.summary(session, NOW))["waiting_by_age"]
    assert {key: n for key, n in found.items() if n} == {name: 1}


async def _walk(database: Database, limit: int, **equal: str) -> list[int]:
    seen: list[int] = []
    before: int | None = None
    while True:
        async with database.read() as session:
            page = await views.deliveries(session, DeliveryFilter(before_id=before, limit=limit, **equal))  # type: ignore[arg-type]
        if not page:
            return seen
        assert len(page) <= limit
        seen += [row["id"] for row in page]
        before = seen[-1]


@pytest.mark.parametrize("limit", [1, 3, 8, 50])
async def test_pages_walk_everything_exactly_once(database: Database, limit: int) -> None:
    await _world(database)
    every = [row["id"] for row in await message_rows(database)]
    assert await _walk(database, limit) == every[::-1]


async def test_pages_stay_true_while_messages_come_in(database: Database) -> None:
    await _world(database)
    every = [row["id"] for row in await message_rows(database)]
    async with database.read() as session:
        first = [row["id"] for row in await views.deliveries(session, DeliveryFilter(limit=3))]
    await put(database, step_message(A, step_id="new"))
    async with database.read() as session:
        rest = await views.deliveries(session, DeliveryFilter(before_id=first[-1]))
    assert first + [row["id"] for row in rest] == every[::-1]


async def test_deliveries_are_filtered_by_every_part(database: Database) -> None:
    await _world(database)

    async def refs(wanted: DeliveryFilter) -> list[tuple[str, str]]:
        async with database.read() as session:
            return [(row["dossier_code"], row["ref"]) for row in await views.deliveries(session, wanted)]

    assert await refs(DeliveryFilter(state="rejected")) == [(B, "1"), (A, "a-2")]
    assert await refs(DeliveryFilter(dossier_code=A)) == [(A, "a-2"), (A, "a-1"), (A, "1")]
    assert await refs(DeliveryFilter(procedure_code=BIRTH)) == [(D, "1"), (C, "1")]
    assert await refs(DeliveryFilter(unit_code=COAST, state="waiting")) == [(D, "1")]
    assert await refs(DeliveryFilter(target="elsewhere")) == []
    assert len(await refs(DeliveryFilter(target="portal"))) == 8
    since, until = NOW - timedelta(hours=4), NOW - timedelta(minutes=59)
    assert await refs(DeliveryFilter(since=since, until=until)) == [(C, "1"), (B, "1")]


async def test_a_delivery_shows_its_lane_and_every_try_in_order(database: Database) -> None:
    await _world(database)
    [message] = [row for row in await message_rows(database) if row["dossier_code"] == D]
    tries = [
        attempt_row(message["id"], call_id="x", outcome="trylater"),
        attempt_row(message["id"], call_id="gone", outcome="unknown"),
    ]
    await insert_rows(database, (calls, [call_row("x", http_status=503)]), (attempts, tries))
    async with database.read() as session:
        found = await views.delivery(session, message["id"])
        assert await views.delivery(session, 10_000) is None
    assert found is not None
    assert (found["lane_state"], found["hold_reason"], found["known"]) == ("ready", None, False)
    assert [(t["outcome"], t["call_id"], t["http_status"]) for t in found["tries"]] == [
        ("trylater", "x", 503),
        ("unknown", "gone", None),
    ]


async def test_a_dossier_shows_its_deliveries_and_lanes(database: Database) -> None:
    await _world(database)
    async with database.read() as session:
        found = await views.dossier_deliveries(session, A)
        bounded = await views.dossier_deliveries(session, A, limit=2)
        standing = await views.lanes_of(session, B)
        nothing = await views.lanes_of(session, dossier_code(99))
    assert [row["ref"] for row in found] == ["1", "a-1", "a-2"]
    assert [row["ref"] for row in bounded] == ["1", "a-1"]
    assert [(row["target"], row["state"], row["hold_reason"]) for row in standing] == [("portal", "held", "refused")]
    assert nothing == []


async def test_what_is_stuck_is_shown_most_urgent_first(database: Database) -> None:
    await _world(database)
    async with database.read() as session:
        found = await views.attention(session, limit=50)
        first = await views.attention(session, limit=1)
    # E only waits; D has failed before, and moves by itself: what needs a person comes first.
    assert [(row["dossier_code"], row["ref"]) for row in found] == [(C, "1"), (B, "1"), (A, "a-2"), (D, "1")]
    assert [row["dossier_code"] for row in first] == [C]


async def test_gauges_count_lanes_and_deliveries_and_find_the_oldest(database: Database) -> None:
    await _world(database)
    async with database.read() as session:
        lane_rows, message_counts, oldest = await views.gauges(session)

    def by_state(rows: list[Row]) -> dict[str, int]:
        assert {row["target"] for row in rows} == {"portal"}
        return {row["state"]: row["count"] for row in rows}

    assert by_state(lane_rows) == {"idle": 1, "held": 2, "ready": 2}
    assert by_state(message_counts) == {"delivered": 2, "rejected": 2, "dead": 1, "waiting": 3}
    expected: list[dict[str, str | datetime]] = [{"target": "portal", "at": NOW - timedelta(days=10)}]
    assert oldest == expected


async def test_a_lane_without_messages_is_counted_once(database: Database) -> None:
    row = {"target": "portal", "dossier_code": A, "state": LaneState.IDLE.value, "due_at": NOW}

    async def work(session: WriteSession) -> None:
        await session.execute(insert(lanes), row)

    await database.run(work)
    async with database.read() as session:
        lane_rows, message_counts, oldest = await views.gauges(session)
    assert (lane_rows, message_counts, oldest) == ([{"target": "portal", "state": "idle", "count": 1}], [], [])
