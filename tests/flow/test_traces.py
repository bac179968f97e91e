"""The ``traceparent`` of a request goes with its records: door, row, parcel; with and without OpenTelemetry."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import select

from app import tracing
from app.store.session import Database
from app.store.tables import messages
from app.usecases.context import Context
from connectors.testing import InMemoryConnector
from tests.worlds import code, context_of, door, dossier_body, drain, step_body

ONE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector()


@pytest.fixture
def context(database: Database, nation: InMemoryConnector) -> Context:
    return context_of(database, nation)


@pytest_asyncio.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with door(context) as client:
        yield client


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.configure(None, process="test", exporter=exporter)
    yield exporter
    tracing.configure(None, process="test")


async def put(client: httpx.AsyncClient, number: int, traceparent: str | None) -> None:
    headers = {} if traceparent is None else {"traceparent": traceparent}
    answer = await client.put(f"/v1/dossiers/{code(number)}", json=dossier_body(), headers=headers)
    assert answer.status_code == 202, answer.text


async def stored(context: Context) -> dict[str, str | None]:
    """What stands in the rows, by dossier and record."""
    wanted = select(messages.c.dossier_code, messages.c.ref, messages.c.trace_context)
    async with context.database.read() as session:
        return {f"{row.dossier_code}/{row.ref}": row.trace_context for row in await session.rows(wanted)}


def carried(nation: InMemoryConnector) -> dict[str, str | None]:
    return {parcel.dossier_code: parcel.trace_context for call in nation.calls for parcel in call}


async def test_each_record_is_stored_and_delivered_under_the_trace_of_its_own_request(
    client: httpx.AsyncClient, context: Context, nation: InMemoryConnector
) -> None:
    await put(client, 1, ONE)
    await put(client, 2, OTHER)
    await put(client, 3, None)
    await put(client, 4, "00-not-a-trace-01")
    assert await stored(context) == {f"{code(1)}/1": ONE, f"{code(2)}/1": OTHER, f"{code(3)}/1": None} | {
        f"{code(4)}/1": None
    }
    await drain(context)
    assert len(nation.calls) == 1, "they travel together, and keep their own traces"
    assert carried(nation) == {code(1): ONE, code(2): OTHER, code(3): None, code(4): None}


async def test_steps_and_streams_have_a_trace_too(client: httpx.AsyncClient, context: Context) -> None:
    await put(client, 1, ONE)
    answer = await client.post(f"/v1/dossiers/{code()}/steps", json=step_body(), headers={"traceparent": OTHER})
    assert answer.status_code == 202, answer.text
    line = httpx.Response(200, json={"type": "dossier", "code": code(2), **dossier_body()}).content
    stream = {"Content-Type": "application/x-ndjson", "traceparent": OTHER}
    answer = await client.post("/v1/intake", content=line + b"\n", headers=stream)
    assert answer.status_code == 200, answer.text
    assert await stored(context) == {f"{code(1)}/1": ONE, f"{code(1)}/s1": OTHER, f"{code(2)}/1": OTHER}


async def test_with_spans_the_row_names_the_door_and_the_parcel_names_the_call(
    client: httpx.AsyncClient, context: Context, nation: InMemoryConnector, spans: InMemorySpanExporter
) -> None:
    await put(client, 1, ONE)
    (at_the_door,) = (await stored(context)).values()
    await drain(context)
    by_name = {span.name: span for span in spans.get_finished_spans()}
    came_in, went_out = by_name["door"], by_name["deliver"]
    ids = [(f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}") for span in (came_in, went_out)]
    assert [trace for trace, _ in ids] == [ONE[3:35]] * 2, "one trace from the one-stop software to the nation"
    assert came_in.parent is not None
    assert f"{came_in.parent.span_id:016x}" == ONE[36:52]
    assert at_the_door == f"00-{'-'.join(ids[0])}-01"
    assert went_out.parent is not None
    assert went_out.parent.span_id == came_in.context.span_id
    assert carried(nation) == {code(1): f"00-{'-'.join(ids[1])}-01"}
