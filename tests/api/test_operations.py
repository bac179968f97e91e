"""The operator's doors: replays, decisions, both sides; what they take, refuse and answer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import update

from app.store.session import Database, WriteSession
from app.store.tables import lanes, messages
from app.usecases import replay
from app.usecases.context import Context
from connectors.base import Exchange, Rejected, Sent, Strange
from connectors.testing import InMemoryConnector, Refusal
from tests.worlds import code, context_of, door, dossier, drain, hand_over, step

NOTE = "Cổng đã mở lại thủ tục"


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector()


@pytest_asyncio.fixture
async def context(database: Database, nation: InMemoryConnector) -> AsyncIterator[Context]:
    context = context_of(database, nation)
    nation.refusals.append(Refusal(lambda _parcel: True, Rejected("5", "đóng", None)))
    await hand_over(context, dossier(1), dossier(2))
    await drain(context)
    nation.refusals.clear()
    yield context


@pytest_asyncio.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with door(context) as client:
        yield client


def problem(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["advice"] != body["advice_en"]
    return body


async def ids(client: httpx.AsyncClient) -> list[int]:
    items = (await client.get("/v1/deliveries")).json()["items"]
    return sorted(item["id"] for item in items)


async def test_look_then_send_then_follow_then_stop(client: httpx.AsyncClient, context: Context) -> None:
    asked: dict[str, Any] = {"selection": {"states": ["rejected"], "unit": "H15.50"}, "note": NOTE, "per_second": 1}
    dry = await client.post("/v1/replays", json=asked)
    assert dry.status_code == 200
    seen = dry.json()
    assert (seen["dry_run"], seen["total"], seen["by_unit"], seen["cannot_go"]) == (True, 2, {"H15.50": 2}, {})
    assert [(c["dossier"], c["fate"]) for c in seen["first"]] == [(code(1), "ok"), (code(2), "ok")]
    assert "H'Bia" not in dry.text
    assert (await client.get("/v1/replays")).json() == {"items": [], "next": None}

    asked |= {"selection": seen["selection"], "dry_run": False}
    begun = await client.post("/v1/replays", json=asked)
    again = await client.post("/v1/replays", json=asked)
    assert (begun.status_code, again.status_code) == (201, 200)
    assert begun.json() == again.json()
    body = begun.json()
    assert (body["state"], body["total"], body["sent_again"], body["remaining"]) == ("running", 2, 0, 2)
    assert body["selection"] == seen["selection"]
    assert await replay.work_off(context) == 1
    shown = (await client.get(body["address"])).json()
    assert (shown["sent_again"], shown["remaining"], shown["note"]) == (1, 1, NOTE)
    stopped = await client.post(f"{body['address']}/stop")
    assert stopped.json()["state"] == "stopped"
    page = (await client.get("/v1/replays", params={"limit": 1})).json()
    assert [item["id"] for item in page["items"]] == [body["id"]]
    assert (await client.get(page["next"])).json()["items"] == []


async def test_a_key_names_a_press(client: httpx.AsyncClient) -> None:
    asked: dict[str, Any] = {"selection": {"ids": await ids(client)}, "note": NOTE, "dry_run": False}
    key = {"Idempotency-Key": "press-1"}
    first = await client.post("/v1/replays", json=asked, headers=key)
    assert first.status_code == 201
    assert first.json()["selection"] == asked["selection"]
    assert (await client.post("/v1/replays", json=asked, headers=key)).json()["id"] == first.json()["id"]
    problem(await client.post("/v1/replays", json=asked | {"selection": {}}, headers=key), 409, "key-reused")
    problem(await client.post("/v1/replays", json=asked, headers={"Idempotency-Key": "a b"}), 422, "invalid-record")
    problem(await client.get("/v1/replays/99"), 404, "unknown-replay")
    problem(await client.post("/v1/replays/99/stop"), 404, "unknown-replay")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"selection": {}},
        {"selection": {}, "note": " "},
        {"selection": {"ids": [1], "unit": "H15.50"}, "note": NOTE},
        {"selection": {"states": []}, "note": NOTE},
        {"selection": {"states": ["waiting"]}, "note": NOTE},
        {"selection": {"since": "2026-07-01T00:00:00"}, "note": NOTE},
        {"selection": {"unit": "a\x00b"}, "note": NOTE},
        {"selection": {"target": "moon shot"}, "note": NOTE},
        {"selection": {"ids": [0]}, "note": NOTE},
        {"selection": {}, "note": NOTE, "per_second": 0},
        {"selection": {}, "note": NOTE, "per_second": 1001},
        {"selection": {}, "note": NOTE, "surprise": 1},
    ],
)
async def test_odd_wishes_are_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    problem(await client.post("/v1/replays", json=body | {"dry_run": False}), 422, "invalid-record")
    assert (await client.get("/v1/replays")).json()["items"] == []


async def test_cancel_supersede_and_decide_answer_with_the_delivery(
    client: httpx.AsyncClient, context: Context
) -> None:
    one, two = await ids(client)
    problem(await client.post(f"/v1/deliveries/{one}/cancel", json={}), 422, "invalid-record")
    done = (await client.post(f"/v1/deliveries/{one}/cancel", json={"reason": NOTE})).json()
    assert (done["state"], done["decision_note"], done["needs_person"]) == ("cancelled", NOTE, False)
    assert done["decided_by"].startswith("test-")
    again = await client.post(f"/v1/deliveries/{one}/cancel", json={"reason": NOTE})
    assert problem(again, 409, "not-decidable")["why"] == "settled"
    other = await client.post(f"/v1/deliveries/{two}/supersede", json={"by": one, "reason": NOTE})
    assert problem(other, 409, "not-decidable")["why"] == "other_dossier"
    await hand_over(context, step(2, 1))

    async def leave_undecided(session: WriteSession) -> None:
        await session.execute(update(messages).where(messages.c.id == two).values(state="unknown"))
        held = {"state": "held", "hold_reason": "undecided"}
        await session.execute(update(lanes).where(lanes.c.dossier_code == code(2)).values(**held))

    await context.database.run(leave_undecided)
    odd = await client.post(f"/v1/deliveries/{two}/decide", json={"decision": "perhaps", "reason": NOTE})
    problem(odd, 422, "invalid-record")
    wish = {"decision": "cancel", "reason": NOTE}
    assert problem(await client.post(f"/v1/deliveries/{two}/decide", json=wish), 409, "not-decidable")["why"] == (
        "steps_behind"
    )
    wish = {"decision": "delivered", "reason": NOTE}
    decided = (await client.post(f"/v1/deliveries/{two}/decide", json=wish)).json()
    assert (decided["state"], decided["situation"]) == ("delivered", "delivered_by_decision")
    problem(await client.post("/v1/deliveries/999/decide", json=wish), 404, "unknown-delivery")


async def test_both_sides_are_answered_and_the_look_is_on_record(client: httpx.AsyncClient, context: Context) -> None:
    one, _ = await ids(client)
    found = (await client.get(f"/v1/deliveries/{one}/sides")).json()
    assert (found["source"], found["knowledge"], found["theirs"]) == ("live", "lacks", None)
    assert found["ours"]["MaHoSo"] == code(1)
    assert found["ours"]["ChuHoSo"] == "***"
    await client.post(f"/v1/deliveries/{one}/retry")
    await drain(context)
    found = (await client.get(f"/v1/deliveries/{one}/sides")).json()
    assert (found["knowledge"], found["differences"], found["dossier_known"]) == ("holds", [], True)
    looks = (await client.get("/v1/audit", params={"kind": "operation"})).json()["items"]
    assert [entry["outcome"] for entry in looks] == ["sides", "retry:ok", "sides"]
    problem(await client.get("/v1/deliveries/999/sides"), 404, "unknown-delivery")


class Stranger(InMemoryConnector):
    """A nation that takes everything and answers in the shapes of ``exchanges``, the last of them for ever."""

    exchanges: tuple[Strange, ...] = (Strange("html", "<html>***</html>"), Strange("code 77", '{"error_code":"77"}'))

    async def send(self, parcels: Any) -> Sent:
        sent = await super().send(parcels)
        strange, *later = self.exchanges
        self.exchanges = tuple(later) or self.exchanges
        return replace(sent, exchange=Exchange("DongBoHoSoMC", strange=strange))


async def test_an_answer_of_a_new_shape_is_shown_once_with_its_example(database: Database) -> None:
    context = context_of(database, Stranger())
    async with door(context) as client:
        assert (await client.get("/v1/contracts")).json() == {"items": [], "next": None}
        for number in range(1, 4):
            await hand_over(context, dossier(number))
            await drain(context)
        page = (await client.get("/v1/contracts")).json()
        assert page["next"] is None
        newest, first = page["items"]
        assert (newest["target"], newest["service"], newest["shape"]) == ("portal", "DongBoHoSoMC", "code 77")
        assert (newest["count"], first["count"]) == (2, 1)
        assert newest["first_seen_at"] <= newest["last_seen_at"]
        assert (first["shape"], first["example"]) == ("html", "<html>***</html>")
        assert first["first_seen_at"] == first["last_seen_at"]

        half = (await client.get("/v1/contracts", params={"limit": 1})).json()
        assert half["items"] == [newest]
        rest = (await client.get(half["next"])).json()
        assert rest["items"] == [first]
        assert (await client.get(rest["next"])).json() == {"items": [], "next": None}
        problem(await client.get("/v1/contracts", params={"limit": 0}), 422, "invalid-record")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/contracts"),
        ("POST", "/v1/replays"),
        ("GET", "/v1/replays"),
        ("GET", "/v1/replays/1"),
        ("POST", "/v1/replays/1/stop"),
        ("POST", "/v1/deliveries/1/cancel"),
        ("POST", "/v1/deliveries/1/supersede"),
        ("POST", "/v1/deliveries/1/decide"),
        ("GET", "/v1/deliveries/1/sides"),
    ],
)
async def test_only_operators_come_in(context: Context, method: str, path: str) -> None:
    body = {"reason": NOTE, "by": 2, "decision": "send", "selection": {}, "note": NOTE} if method == "POST" else None
    async with door(context, ["read", "intake", "admin"]) as client:
        problem(await client.request(method, path, json=body), 403, "forbidden")
        problem(await client.request(method, path, json=body, headers={"Authorization": ""}), 401, "unauthenticated")
