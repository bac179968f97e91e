"""What stands before every route: headers, rates, and bounds on how much at once and how slowly."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from app.api.bounds import Bounds
from app.main import create_app
from app.rates import Rates
from app.store.session import Database
from tests.worlds import context_of, door, settings

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PATHS = (
    "/", "/docs", "/openapi.json", "/health/live", "/health/ready", "/metrics", "/static/lienthong.css", "/nothing",
    "/v1/nothing", "/v1/deliveries", "/v1/dossiers/x", "/log/checkpoint", "/oauth/token",
    "/files/nobody-made-this-address",
)  # fmt: skip
CACHED = {"/static/lienthong.css"}


@on_sqlite
@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8080", "https://lienthong.example"])
async def test_every_answer_has_the_headers(database: Database, public_url: str) -> None:
    async with door(context_of(database), public_url=public_url) as client:
        for path in PATHS:
            for authorization in (client.headers["authorization"], ""):
                headers = (await client.get(path, headers={"Authorization": authorization})).headers
                policy = headers["content-security-policy"]
                assert "default-src 'none'" in policy, path
                assert "frame-ancestors 'none'" in policy, path
                assert "unsafe" not in policy, path
                assert headers["x-content-type-options"] == "nosniff", path
                assert headers["referrer-policy"] == "no-referrer", path
                assert "camera=()" in headers["permissions-policy"], path
                assert headers["cross-origin-opener-policy"] == "same-origin", path
                assert headers["cross-origin-resource-policy"] == "same-origin", path
                assert ("strict-transport-security" in headers) == public_url.startswith("https"), path
                assert (headers["cache-control"] == "no-store") == (path not in CACHED), path
                doubled = {name for name, _ in headers.multi_items() if len(headers.get_list(name)) > 1}
                assert not doubled, path


@on_sqlite
async def test_a_fault_has_the_headers_too(database: Database) -> None:
    app = create_app(settings(), context_of(database))

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test") as client:
        answer = await client.get("/broken")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def limited(answer: httpx.Response) -> bool:
    if answer.status_code != 429:
        return False
    assert answer.json()["type"] == "/problems/rate-limited"
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["x-correlation-id"]
    return True


@on_sqlite
async def test_a_caller_is_counted_by_name_and_put_on_record_once(database: Database) -> None:
    async with door(context_of(database), caller_requests_per_minute=4) as client:
        answers = [await client.get("/v1/audit?kind=refused") for _ in range(4)]
        assert {answer.status_code for answer in answers} == {200}
        assert all(limited(answer) for answer in [await client.put("/v1/dossiers/x") for _ in range(3)])
        # Others are not slowed down, and what a load balancer asks is not counted.
        assert (await client.get("/v1/deliveries", headers={"Authorization": "Bearer lt_guess"})).status_code == 401
        assert (await client.get("/health/ready")).status_code == 200
    async with door(context_of(database), ["admin"]) as auditor:
        items = (await auditor.get("/v1/audit?kind=refused")).json()["items"]
    told = [(item["outcome"], item["actor"]) for item in items if item["outcome"] == "rate-limited"]
    assert [outcome for outcome, _ in told] == ["rate-limited"]
    assert told[0][1].startswith("test-")


@on_sqlite
async def test_who_is_not_known_is_counted_by_address(database: Database) -> None:
    guess = {"Authorization": "Bearer lt_guess"}
    async with door(context_of(database), address_requests_per_minute=3) as client:
        assert [(await client.get("/v1/deliveries", headers=guess)).status_code for _ in range(2)] == [401, 401]
        assert (await client.get("/docs", headers=guess)).status_code == 200
        for path in ("/v1/deliveries", "/docs", "/files/nobody-made-this-address", "/oauth/token", "/nothing"):
            assert limited(await client.get(path, headers=guess)), path
            assert limited(await client.get(path, headers={"Authorization": ""})), path
        # Who has a token goes on, from the same address.
        assert (await client.get("/v1/deliveries")).status_code == 200


@on_sqlite
async def test_too_many_at_once_are_turned_away(database: Database) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"type":"dossier"'
        begun.set()
        await go_on.wait()
        yield b"}\n"

    async with door(context_of(database), requests_in_flight=1) as client:
        first = asyncio.create_task(client.post("/v1/intake", content=slowly()))
        await begun.wait()
        answer = await client.get("/v1/deliveries")
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/door-full")
        assert answer.headers["retry-after"] == "1"
        assert (await client.get("/health/live")).status_code == 200
        go_on.set()
        assert (await first).status_code == 200
        assert (await client.get("/v1/deliveries")).status_code == 200


@on_sqlite
@pytest.mark.parametrize("asked", ["PUT /v1/dossiers/x", "POST /v1/intake", "POST /oauth/token"])
async def test_a_body_that_does_not_come_is_not_waited_for(database: Database, asked: str) -> None:
    never = asyncio.Event()

    async def hanging() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    method, path = asked.split()
    async with door(context_of(database), body_seconds=0.05) as client:
        headers = {"Content-Type": "application/json"}
        answer = await client.request(method, path, content=hanging(), headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (408, "/problems/body-too-slow")
        assert answer.headers["connection"] == "close"


async def test_after_its_body_a_request_may_take_its_time() -> None:
    told: list[str] = []

    async def slow_app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while told[-1:] != ["http.disconnect"]:
            told.append((await receive())["type"])

    come: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]
    messages = iter(come)

    async def receive() -> Message:
        message = next(messages)
        if message["type"] == "http.disconnect":
            await asyncio.sleep(0.03)
        return message

    async def send(_message: Message) -> None: ...

    bounds = Bounds(slow_app, rates=Rates(0, 0), in_flight_max=1, body_seconds=0.01)
    await bounds({"type": "http", "path": "/v1/x"}, receive, send)
    assert told == ["http.request", "http.disconnect"]
