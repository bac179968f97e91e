"""Uploads in several goes (tus 1.0.0): what was taken is durable, and goes on where it stopped."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from app.store.session import Database
from app.usecases.uploads import sweep
from tests.api.test_door import problem
from tests.factories import ManualClock
from tests.papers_world import World, door, give, make, metadata, paper, sha256_of
from tests.worlds import code, dossier, hand_over

CONTENT = paper("0123456789" * 50)
DOCUMENTS = f"/v1/dossiers/{code()}/documents"
TYPE = "application/offset+octet-stream"
Receive = Callable[[], Awaitable[dict[str, Any]]]


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    world = make(clocked_database, tmp_path, bytes_max=20_000)
    await hand_over(world.context, dossier(1), dossier(2))
    return world


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with door(world.context) as client:
        yield client


async def begin(client: httpx.AsyncClient, size_bytes: int = len(CONTENT)) -> str:
    answer = await client.post("/v1/uploads", headers={"Upload-Length": str(size_bytes)})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == answer.json()["address"]
    assert answer.headers["upload-offset"] == "0"
    return answer.headers["location"]


async def patch(client: httpx.AsyncClient, address: str, offset: int, content: bytes) -> httpx.Response:
    headers = {"Upload-Offset": str(offset), "Content-Type": TYPE}
    return await client.patch(address, content=content, headers=headers)


async def offset_of(client: httpx.AsyncClient, address: str) -> int:
    answer = await client.head(address)
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["tus-resumable"] == "1.0.0"
    return int(answer.headers["upload-offset"])


def id_of(address: str) -> str:
    return address.rsplit("/", 1)[1]


async def finish(client: httpx.AsyncClient, address: str, number: int = 1, **changes: Any) -> httpx.Response:
    said = metadata(upload_id=id_of(address), file_name="lon.pdf", **changes)
    return await client.post(f"/v1/dossiers/{code(number)}/documents", json=said)


def parts_in(world: World) -> list[str]:
    return [path.name for path in (world.root / "parts").rglob("*") if path.is_file()]


async def sending(client: httpx.AsyncClient, address: str, offset: int, receive: Receive) -> int:
    """A PATCH whose body comes from ``receive`` (ASGI); the status of the answer."""
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    answers: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message)

    token = client.headers["authorization"]
    headers = {"authorization": token, "upload-offset": str(offset), "content-type": TYPE}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PATCH",
        "scheme": "http",
        "path": address,
        "raw_path": address.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("door.test", 80),
    }
    await transport.app(scope, receive, send)
    status: int = next(message["status"] for message in answers if message["type"] == "http.response.start")
    return status


def body_of(*chunks: bytes, end: bool) -> Receive:
    """A body in chunks, to its end or cut off."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    last = {"type": "http.request", "body": b"", "more_body": False} if end else {"type": "http.disconnect"}

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else last

    return receive


class Sender:
    """One that sends some bytes and then waits for ``go``."""

    def __init__(self, chunk: bytes, *, end: bool) -> None:
        self.waits, self.go = asyncio.Event(), asyncio.Event()
        self._rest = body_of(end=end)
        self._chunk: bytes | None = chunk

    async def receive(self) -> dict[str, Any]:
        if self._chunk is not None:
            chunk, self._chunk = self._chunk, None
            return {"type": "http.request", "body": chunk, "more_body": True}
        self.waits.set()
        await self.go.wait()
        return await self._rest()


async def test_a_file_may_come_in_several_goes(world: World, client: httpx.AsyncClient) -> None:
    address = await begin(client)
    shown = (await client.get(address)).json()
    assert (shown["offset"], shown["size_bytes"]) == (0, len(CONTENT))
    for start, end in ((0, 100), (100, 101), (101, len(CONTENT))):
        assert await offset_of(client, address) == start
        sent = await patch(client, address, start, CONTENT[start:end])
        assert (sent.status_code, sent.headers["upload-offset"]) == (204, str(end))
    head = await client.head(address)
    assert head.headers["upload-length"] == str(len(CONTENT))
    assert head.headers["upload-expires"] == "Fri, 03 Jul 2026 02:00:00 GMT"
    assert head.headers["cache-control"] == "no-store"
    assert world.objects() == []
    kept = await finish(client, address, sha256=sha256_of(CONTENT))
    assert kept.status_code == 201, kept.text
    assert kept.json()["file_name"] == "lon.pdf"
    assert (await client.get(f"{kept.json()['address']}/file")).content == CONTENT
    assert parts_in(world) == []
    problem(await client.get(address), 404, "unknown-upload")


async def test_a_sender_who_did_not_hear_the_answer_asks_again(world: World, client: httpx.AsyncClient) -> None:
    address = await begin(client)
    await patch(client, address, 0, CONTENT)
    first = await finish(client, address)
    again = await finish(client, address)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    problem(await finish(client, address, title="Khác"), 409, "document-known")
    problem(await finish(client, address, 2), 409, "document-known")
    assert len(await world.rows("SELECT id FROM documents")) == 1


async def test_an_upload_that_ends_as_a_file_that_is_held_is_let_go_of(world: World, client: httpx.AsyncClient) -> None:
    kept = await give(client, metadata(file_name="lon.pdf"), CONTENT)
    address = await begin(client)
    await patch(client, address, 0, CONTENT)
    answer = await finish(client, address)
    assert (answer.status_code, answer.json()["id"]) == (200, kept["id"])
    assert parts_in(world) == []


async def test_a_refused_file_leaves_its_upload_to_be_finished_otherwise(
    world: World, client: httpx.AsyncClient
) -> None:
    address = await begin(client)
    await patch(client, address, 0, CONTENT)
    problem(await finish(client, address, sha256="0" * 64), 422, "invalid-record")
    problem(await finish(client, address, code="KQ.G15.000033"), 422, "unknown-code")
    assert world.objects() == []
    assert (await finish(client, address)).status_code == 201


async def test_what_is_not_complete_becomes_no_document(world: World, client: httpx.AsyncClient) -> None:
    address = await begin(client)
    for offset in (0, 100):
        body = problem(await finish(client, address), 409, "upload-incomplete")
        assert body["offset"] == offset
        await patch(client, address, offset, CONTENT[offset : offset + 100])
    assert await world.rows("SELECT * FROM documents") == []
    problem(await client.post(DOCUMENTS, json=metadata(upload_id="0" * 32)), 404, "unknown-upload")
    problem(await client.post(DOCUMENTS, json=metadata()), 422, "invalid-record")


async def test_a_wrong_offset_is_told_the_right_one(client: httpx.AsyncClient) -> None:
    address = await begin(client)
    await patch(client, address, 0, CONTENT[:100])
    for wrong in (0, 99, 101, len(CONTENT) + 1):
        body = problem(await patch(client, address, wrong, CONTENT[wrong:]), 409, "upload-conflict")
        assert body["offset"] == 100
    assert await offset_of(client, address) == 100
    assert (await patch(client, address, 100, CONTENT[100:])).status_code == 204


async def test_what_came_before_the_sender_was_cut_off_is_kept(client: httpx.AsyncClient) -> None:
    address = await begin(client)
    assert await sending(client, address, 0, body_of(CONTENT[:60], CONTENT[60:130], end=False)) == 400
    assert await offset_of(client, address) == 130
    assert await sending(client, address, 130, body_of(CONTENT[130:], end=True)) == 204
    kept = await finish(client, address)
    assert kept.json()["sha256"] == sha256_of(CONTENT)


async def test_of_two_senders_at_once_one_is_told_to_wait(client: httpx.AsyncClient) -> None:
    address = await begin(client)
    first = Sender(CONTENT, end=True)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(sending(client, address, 0, first.receive))
        await first.waits.wait()
        second = await patch(client, address, 0, CONTENT)
        problem(second, 409, "upload-conflict")
        assert int(second.headers["retry-after"]) > 0
        first.go.set()
    assert task.result() == 204
    assert await offset_of(client, address) == len(CONTENT)


async def test_a_sender_who_was_given_up_spoils_nothing_of_the_next_ones(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    for end, status in ((False, 400), (True, 409)):
        address = await begin(client)
        late = Sender(CONTENT[:50], end=end)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(sending(client, address, 0, late.receive))
            await late.waits.wait()
            clock.advance(301)
            assert (await patch(client, address, 0, CONTENT[:200])).status_code == 204
            assert (await patch(client, address, 200, CONTENT[200:])).status_code == 204
            late.go.set()
        assert task.result() == status
        assert await offset_of(client, address) == len(CONTENT)
        answer = await finish(client, address, number_symbol=f"{status}/2026")
        assert answer.json()["sha256"] == sha256_of(CONTENT)
        await client.post(f"{answer.json()['address']}/revoke", json={"reason": "thử"})


async def test_more_than_was_announced_is_refused_and_not_kept(world: World, client: httpx.AsyncClient) -> None:
    address = await begin(client)
    problem(await patch(client, address, 0, CONTENT + b"x"), 413, "too-large")
    assert await offset_of(client, address) == 0
    assert parts_in(world) == []
    problem(await client.post("/v1/uploads", headers={"Upload-Length": "20001"}), 413, "too-large")
    for size in ("0", "-1", "x", str(2**60)):
        problem(await client.post("/v1/uploads", headers={"Upload-Length": size}), 422, "invalid-record")
    problem(await client.post("/v1/uploads"), 422, "invalid-record")


async def test_bytes_of_another_type_are_refused(client: httpx.AsyncClient) -> None:
    address = await begin(client)
    headers = {"Upload-Offset": "0", "Content-Type": "application/pdf"}
    problem(await client.patch(address, content=b"x", headers=headers), 422, "invalid-record")
    problem(await client.patch(address, content=b"x", headers={"Content-Type": TYPE}), 422, "invalid-record")


async def test_an_upload_can_be_given_up(world: World, client: httpx.AsyncClient) -> None:
    address = await begin(client)
    await patch(client, address, 0, CONTENT[:100])
    assert len(parts_in(world)) == 1
    assert (await client.delete(address)).status_code == 204
    assert parts_in(world) == []
    problem(await client.delete(address), 404, "unknown-upload")
    problem(await patch(client, address, 100, CONTENT[100:]), 404, "unknown-upload")
    problem(await finish(client, address), 404, "unknown-upload")


async def test_an_upload_is_its_own_callers_only(world: World, client: httpx.AsyncClient) -> None:
    address = await begin(client)
    async with door(world.context, ["intake"]) as other:
        problem(await other.get(address), 404, "unknown-upload")
        assert (await other.head(address)).status_code == 404
        problem(await patch(other, address, 0, CONTENT), 404, "unknown-upload")
        problem(await other.delete(address), 404, "unknown-upload")
        await patch(client, address, 0, CONTENT)
        problem(await finish(other, address), 404, "unknown-upload")
        assert (await finish(client, address)).status_code == 201
        # Not even what became of it is told.
        problem(await finish(other, address), 404, "unknown-upload")


async def test_what_nobody_went_on_with_is_swept(world: World, client: httpx.AsyncClient, clock: ManualClock) -> None:
    old = await begin(client)
    await patch(client, old, 0, CONTENT[:100])
    clock.advance(86_400)
    young = await begin(client)
    await patch(client, young, 0, CONTENT[:50])
    assert await sweep(world.context) == 0
    clock.advance(86_400)
    problem(await client.get(old), 404, "unknown-upload")
    assert await sweep(world.context) == 1
    assert await sweep(world.context) == 0
    assert len(parts_in(world)) == 1
    assert await offset_of(client, young) == 50
    assert [row.state for row in await world.rows("SELECT state FROM uploads ORDER BY created_at")] == [
        "dropped",
        "open",
    ]
