"""Holds from the door to the nation: what is held stays here in its order, everything else goes, nothing is lost."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import insert, select

from app.domain.breaker import BreakerPolicy
from app.domain.delivery import PORTAL, Target
from app.domain.retry import Schedules
from app.errors import HoldEnded, UnknownCode, UnknownHold, UnknownTarget
from app.store import gates
from app.store.session import Database, Row, WriteSession
from app.store.tables import audit
from app.store.watch_tables import webhooks
from app.usecases import holds
from app.usecases.context import Caller, Context, DeliveryPolicy
from app.usecases.upkeep import tick
from connectors.testing import InMemoryConnector
from tests.factories import ManualClock
from tests.worlds import CATALOGUE, SCHEDULE, context_of, door, dossier, drain, hand_over, step

OPERATOR = Caller("an", "H15", frozenset({"operate"}))
WHY = "bảo trì"
OTHER_PROCEDURE = next(
    code for code, facts in CATALOGUE.procedures.items() if code != "1.000110" and facts.field_code is not None
)
OTHER_UNIT = next(code for code in CATALOGUE.units if code != "H15.50" and code.startswith("H15."))


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector()


@pytest_asyncio.fixture
async def context(clocked_database: Database, nation: InMemoryConnector) -> AsyncIterator[Context]:
    policy = DeliveryPolicy(Schedules(SCHEDULE), lease_seconds=100.0, call_seconds=40.0, breaker=BreakerPolicy())
    yield context_of(clocked_database, nation, policy)


async def hold(
    context: Context, procedure: str | None = None, unit: str | None = None, key: str = PORTAL.key
) -> tuple[Any, bool]:
    return await holds.hold(context, OPERATOR, key, procedure, unit, WHY, "c-hold")


def taken(nation: InMemoryConnector) -> list[tuple[str, str]]:
    """What the nation took, in order."""
    return [(line.kind, line.dossier) for line in nation.ledger]


async def operations(context: Context) -> list[Row]:
    async with context.database.read() as session:
        rows = await session.rows(select(audit).where(audit.c.kind == "operation").order_by(audit.c.id))
        return [dict(row._mapping) for row in rows]


async def portal(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/v1/targets")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["items"][0]
    assert found["key"] == "portal"
    return found


async def test_a_held_destination_gets_nothing_until_it_goes_on_and_then_everything(
    context: Context, nation: InMemoryConnector
) -> None:
    await hand_over(context, dossier(1), step(1, 1), step(1, 2), dossier(2))
    held, new = await hold(context)
    assert new
    assert await drain(context) == 0
    await tick(context)
    assert await drain(context) == 0
    assert nation.calls == []
    await holds.resume(context, OPERATOR, held.id, "xong", "c-resume")
    await tick(context)
    assert await drain(context) == 2
    of_first = [kind for kind, code in taken(nation) if code == dossier(1).code]
    assert of_first == ["insert", "step", "step"]
    assert ("insert", dossier(2).code) in taken(nation)


@pytest.mark.parametrize("scope", ["procedure", "unit", "pair"])
@pytest.mark.parametrize("ticked", [False, True], ids=["before a sweep", "after a sweep"])
async def test_what_is_held_waits_and_the_rest_goes(
    context: Context, nation: InMemoryConnector, scope: str, *, ticked: bool
) -> None:
    other = (
        dossier(2, receiving_unit=OTHER_UNIT)
        if scope == "unit"
        else dossier(2, procedure={"code": OTHER_PROCEDURE}, results=[], components=[])
    )
    await hand_over(context, dossier(1), step(1), other)
    procedure = None if scope == "unit" else "1.000110"
    unit = None if scope == "procedure" else "H15.50"
    held, _ = await hold(context, procedure, unit)
    if ticked:
        assert (await tick(context)).swept == 1
    await drain(context)
    assert taken(nation) == [("insert", other.code)]
    await holds.resume(context, OPERATOR, held.id, "", "c-resume")
    assert (await tick(context)).swept == int(ticked)
    await drain(context)
    assert taken(nation)[1:] == [("insert", dossier(1).code), ("step", dossier(1).code)]


async def test_what_comes_in_while_it_is_held_waits_too(context: Context, nation: InMemoryConnector) -> None:
    await hand_over(context, dossier(1))
    await drain(context)
    held, _ = await hold(context, "1.000110")
    await hand_over(context, step(1), dossier(1, revision=2), dossier(3))
    await tick(context)
    calls = len(nation.calls)
    await drain(context)
    assert len(nation.calls) == calls
    await holds.resume(context, OPERATOR, held.id, "", "c-resume")
    await tick(context)
    await drain(context)
    assert sorted(taken(nation)[1:]) == [
        ("insert", dossier(3).code),
        ("step", dossier(1).code),
        ("update", dossier(1).code),
    ]


async def test_each_operation_is_on_record_with_who_and_what(context: Context) -> None:
    held, _ = await hold(context, "1.000110", "H15.50")
    again, new = await hold(context, "1.000110", "H15.50")
    assert (again, new) == (held, False)
    await holds.resume(context, OPERATOR, held.id, "xong", "c-resume")
    with pytest.raises(HoldEnded, match="'an'"):
        await holds.resume(context, OPERATOR, held.id, "xong", "c-resume")
    entries = await operations(context)
    assert [entry["outcome"] for entry in entries] == ["hold:placed", "hold:held already", "resume:ok"]
    assert {(e["actor"], e["procedure_code"], e["unit_code"]) for e in entries} == {("an", "1.000110", "H15.50")}
    assert [entry["correlation_id"] for entry in entries] == ["c-hold", "c-hold", "c-resume"]


@pytest.mark.parametrize(
    "key",
    ["nowhere", "portal:1", "webhook", "webhook:7", "webhook:", "webhook:0x7", "webhook:٧", f"webhook:{2**63}", ""],
)
async def test_a_destination_that_is_not_in_use_cannot_be_held(context: Context, key: str) -> None:
    with pytest.raises(UnknownTarget):
        await hold(context, key=key)
    assert await holds.active(context) == []


async def test_a_code_that_no_table_holds_is_refused_since_it_would_hold_nothing(context: Context) -> None:
    with pytest.raises(UnknownCode) as refusal:
        await hold(context, "1.999999", "H15.999")
    assert [fault.pointer for fault in refusal.value.faults] == ["/procedure", "/unit"]
    assert await holds.active(context) == []


async def test_a_hold_that_never_was_cannot_end(context: Context) -> None:
    with pytest.raises(UnknownHold):
        await holds.resume(context, OPERATOR, 99, "", "c-resume")


async def test_a_living_webhook_is_a_destination_of_its_own(context: Context, nation: InMemoryConnector) -> None:
    both = {Target.PORTAL: context.policies[Target.PORTAL], Target.WEBHOOK: context.policies[Target.PORTAL]}
    world = Context(
        database=context.database,
        catalogue=context.catalogue,
        agency="H15",
        encoders=context.encoders,
        connectors={Target.PORTAL: nation},
        policies=both,
    )
    ids = await _webhooks(context.database)
    held, _ = await hold(world, key=f"webhook:{ids[0]}")
    with pytest.raises(UnknownTarget):
        await hold(world, key=f"webhook:{ids[1]}")
    keys = {view.key: view.held for view in await holds.target_overview(world)}
    assert keys == {"portal": False, held.target: True}
    await hand_over(context, dossier(1))
    await drain(context)
    assert taken(nation) == [("insert", dossier(1).code)]


async def _webhooks(database: Database) -> list[int]:
    async def work(session: WriteSession) -> list[int]:
        now = await session.now()
        base = {"owner": "o", "agency": "H15", "url": "http://a", "secret": "s", "kinds": "[]", "created_at": now}
        made = [
            (
                await session.execute(insert(webhooks).values(base | {"ended_at": end}).returning(webhooks.c.id))
            ).scalar_one()
            for end in (None, now)
        ]
        return [int(one) for one in made]

    return await database.run(work)


async def test_the_overview_tells_what_waits_how_fast_it_goes_and_when_it_will_be_done(
    context: Context, clock: ManualClock
) -> None:
    await hand_over(context, dossier(1), step(1), dossier(2))
    clock.advance(90)

    async def rate(session: WriteSession) -> None:
        await gates.note_rate(session, PORTAL.key, delivered=2, seconds=4.0, now=await session.now())

    async with door(context) as client:
        before = await portal(client)
        assert (before["gate"], before["waiting_dossiers"], before["waiting_messages"]) == ("closed", 2, 3)
        assert before["oldest_waiting_seconds"] == 90
        assert (before["delivered_per_second"], before["forecast_seconds"]) == (None, None)
        await context.database.run(rate)
        assert (await portal(client))["forecast_seconds"] == pytest.approx(6)
        await hold(context, unit=OTHER_UNIT)
        assert (await portal(client))["forecast_seconds"] == pytest.approx(6)
        await hold(context, unit="H15.50")
        await tick(context)
        part = await portal(client)
        assert (part["standing_messages"], part["forecast_seconds"], part["held"]) == (3, 0, False)
        await hold(context)
        whole = await portal(client)
        assert (whole["held"], whole["forecast_seconds"], len(whole["holds"])) == (True, None, 3)
        assert "tạm giữ" in whole["meaning"]["vi"]


async def test_the_overview_tells_why_a_gate_is_open_and_forecasts_nothing(context: Context) -> None:
    async def fail(session: WriteSession) -> None:
        now = await session.now()
        await gates.note_rate(session, PORTAL.key, delivered=2, seconds=4.0, now=now)
        policy = BreakerPolicy()
        await gates.record(
            session, PORTAL.key, policy, good=0, bad=9, now=now, reason="maintenance", message="đang bảo trì"
        )

    await hand_over(context, dossier(1))
    await context.database.run(fail)
    async with door(context) as client:
        found = await portal(client)
    assert (found["gate"], found["reason"], found["reason_message"]) == ("open", "maintenance", "đang bảo trì")
    assert found["reason_meaning"]["vi"]
    assert found["retry_at"] is not None
    assert found["forecast_seconds"] is None


async def test_what_a_drain_takes_counts_the_wait_of_the_gate_and_the_ramp(
    context: Context, clock: ManualClock
) -> None:
    async def fail(session: WriteSession) -> None:
        now = await session.now()
        await gates.note_rate(session, PORTAL.key, delivered=2, seconds=4.0, now=now)
        await gates.record(session, PORTAL.key, BreakerPolicy(), good=0, bad=9, now=now)

    await hand_over(context, *[dossier(n) for n in range(1, 4)])
    await context.database.run(fail)
    async with door(context) as client:
        # Five seconds until the trial, then three records of two seconds each.
        assert (await portal(client))["drain_seconds"] == pytest.approx(5 + 6)
        clock.advance(3)
        assert (await portal(client))["drain_seconds"] == pytest.approx(2 + 6)
        clock.advance(60)
        assert (await portal(client))["drain_seconds"] == pytest.approx(6)


async def test_holding_through_the_door(context: Context) -> None:
    async with door(context) as client:
        body = {"procedure": "1.000110", "reason": WHY}
        made = await client.post("/v1/targets/portal/holds", json=body)
        assert made.status_code == 201, made.text
        again = await client.post("/v1/targets/portal/holds", json=body)
        assert (again.status_code, again.json()) == (200, made.json())
        assert (await client.get("/v1/holds")).json()["items"] == [made.json()]
        assert (await portal(client))["holds"] == [made.json()]
        address = f"{made.json()['address']}/resume"
        ended = await client.post(address, json={"note": "xong"})
        assert (ended.status_code, ended.json()["release_note"]) == (200, "xong")
        assert ended.json()["released_by"].startswith("test-")
        assert (await client.get("/v1/holds")).json()["items"] == []
        twice = await client.post(address, json={})
        assert (twice.status_code, twice.json()["type"]) == (409, "/problems/hold-ended")


@pytest.mark.parametrize(
    ("address", "body", "status", "slug"),
    [
        ("/v1/targets/portal/holds", {}, 422, "invalid-record"),
        ("/v1/targets/portal/holds", {"reason": "  "}, 422, "invalid-record"),
        ("/v1/targets/portal/holds", {"reason": WHY, "surprise": 1}, 422, "invalid-record"),
        ("/v1/targets/portal/holds", {"reason": WHY, "unit": "H15.999"}, 422, "unknown-code"),
        ("/v1/targets/moon/holds", {"reason": WHY}, 404, "unknown-target"),
        ("/v1/targets/webhook:99999999999999999999/holds", {"reason": WHY}, 404, "unknown-target"),
        ("/v1/holds/99/resume", {}, 404, "unknown-hold"),
        ("/v1/holds/0/resume", {}, 422, "invalid-record"),
    ],
)
async def test_the_door_refuses_with_a_problem_and_holds_nothing(
    context: Context, address: str, body: dict[str, Any], status: int, slug: str
) -> None:
    async with door(context) as client:
        answer = await client.post(address, json=body)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}"), answer.text
        assert answer.json()["advice"]
        assert (await client.get("/v1/holds")).json()["items"] == []


async def test_looking_needs_read_and_holding_needs_operate(context: Context) -> None:
    async with door(context, {"read"}) as client:
        assert (await client.get("/v1/targets")).status_code == 200
        assert (await client.post("/v1/targets/portal/holds", json={"reason": WHY})).status_code == 403
        assert (await client.post("/v1/holds/1/resume", json={})).status_code == 403
    async with door(context, {"operate"}) as client:
        assert (await client.get("/v1/targets")).status_code == 403
        assert (await client.get("/v1/holds")).status_code == 403
