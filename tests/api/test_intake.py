"""NDJSON in, an answer for every line out; a bad line stops nobody and memory does not grow."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from app.store.session import Database
from app.usecases.intake import take_stream
from tests.worlds import CALLER, code, context_of, door, dossier_body, step_body


def line(**record: object) -> str:
    return json.dumps(record, ensure_ascii=False)


def dossier_line(number: int, **changes: object) -> str:
    return line(type="dossier", code=code(number), **dossier_body(**changes))


def step_line(number: int, place: int = 1) -> str:
    return line(type="step", dossier=code(number), **step_body(place))


async def send(client: httpx.AsyncClient, *lines: str) -> list[dict[str, object]]:
    response = await client.post("/v1/intake", content="\n".join(lines).encode())
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(answer) for answer in response.text.splitlines()]


async def test_every_line_is_answered_in_its_place(database: Database) -> None:
    async with door(context_of(database)) as client:
        answers = await send(
            client,
            dossier_line(1),
            step_line(1),
            "",
            '{"type": "dossier", ',
            line(type="letter"),
            dossier_line(2, procedure={"code": "1.999999"}),
            step_line(3),
            dossier_line(2),
        )
        assert [answer["line"] for answer in answers] == [1, 2, 4, 5, 6, 7, 8]
        assert [answer["taken"] for answer in answers] == [True, True, False, False, False, False, True]
        slugs = [str(answer["problem"]["type"]).rpartition("/")[2] for answer in answers if not answer["taken"]]  # type: ignore[index]
        assert slugs == ["unreadable-line", "invalid-record", "unknown-code", "unknown-dossier"]
        assert answers[0]["receipt"]["dossier"] == code(1)  # type: ignore[index]


async def test_a_stream_sent_again_gets_the_same_answers(database: Database) -> None:
    async with door(context_of(database)) as client:
        lines = [dossier_line(1), step_line(1), dossier_line(2)]
        assert await send(client, *lines) == await send(client, *lines)
        assert (await client.get("/v1/sync/summary")).json()["received"] == {"dossiers": 2, "steps": 1}


async def test_many_snapshots_of_one_dossier_in_one_stream_leave_the_newest(database: Database) -> None:
    async with door(context_of(database)) as client:
        await send(client, *[dossier_line(1, revision=n, summary=f"Bản {n}") for n in range(1, 6)])
        items = (await client.get("/v1/deliveries")).json()["items"]
        assert [item["state"] for item in items] == ["waiting", *["superseded"] * 4]
        assert (await client.get(f"/v1/dossiers/{code(1)}")).json()["revision"] == 5


async def test_a_line_that_is_too_long_is_refused_and_the_next_is_taken(database: Database) -> None:
    async with door(context_of(database), record_bytes_max=10_000) as client:
        answers = await send(client, dossier_line(1, summary="x" * 30_000), dossier_line(2), "y" * 50_000)
        assert [answer["taken"] for answer in answers] == [False, True, False]
        assert answers[0]["problem"]["status"] == 413  # type: ignore[index]


@pytest.mark.parametrize("cut", [1, 7, 100, 5000])
async def test_lines_are_found_however_the_stream_is_cut(database: Database, cut: int) -> None:
    body = "\n".join([dossier_line(1), step_line(1), dossier_line(2)]).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), cut):
            yield body[start : start + cut]

    stream = take_stream(context_of(database), CALLER, chunks(), "c", line_bytes_max=100_000, lines_per_commit=2)
    batches = [[answer.line for answer in answers] async for answers in stream]
    assert batches == [[1, 2], [3]]


async def test_what_was_answered_is_durable_though_the_stream_breaks(database: Database) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield (dossier_line(1) + "\n" + dossier_line(2) + "\n").encode()
        message = "the caller went away"
        raise ConnectionError(message)

    context = context_of(database)
    stream = aiter(take_stream(context, CALLER, chunks(), "c", line_bytes_max=100_000, lines_per_commit=1))
    assert [answer.line for answer in await anext(stream)] == [1]
    assert [answer.line for answer in await anext(stream)] == [2]
    with pytest.raises(ConnectionError):
        await anext(stream)
    async with door(context) as client:
        assert (await client.get("/v1/sync/summary")).json()["received"]["dossiers"] == 2


async def test_memory_does_not_grow_with_the_stream(database: Database) -> None:
    held = 0

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(400):
            yield (step_line(9, number % 50 + 1) + "\n").encode()

    stream = take_stream(context_of(database), CALLER, chunks(), "c", line_bytes_max=100_000, lines_per_commit=20)
    async for answers in stream:
        held = max(held, len(answers))
    assert held == 20
