"""Traces go through the outbox with and without OpenTelemetry."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app import tracing
from app.config import load_settings

DOOR = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.configure(None, process="test", exporter=exporter)
    yield exporter
    tracing.configure(None, process="test")


@pytest.mark.parametrize(
    "header",
    [None, "", "00-1-2-01", DOOR.upper(), DOOR + "x", DOOR.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32)],
)
def test_what_is_no_traceparent_goes_no_further(header: str | None) -> None:
    with tracing.span("door", parent=header) as own:
        assert own is None
        assert tracing.TRACEPARENT.get() is None


def test_without_a_collector_what_came_in_is_carried_through() -> None:
    with tracing.span("door", parent=DOOR) as own:
        assert own == DOOR == tracing.TRACEPARENT.get()
    assert tracing.TRACEPARENT.get() is None


def test_a_span_is_a_child_of_what_came_in(spans: InMemorySpanExporter) -> None:
    with tracing.span("door", parent=DOOR, attributes={"n": 1}) as own:
        assert own is not None
        assert own != DOOR
    (span,) = spans.get_finished_spans()
    assert span.parent is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (DOOR[3:35], DOOR[36:52])
    assert own[3:35] == DOOR[3:35]


def test_a_call_is_linked_to_every_request_that_brought_its_records(spans: InMemorySpanExporter) -> None:
    other = DOOR.replace("b7ad6b7169203331", "00f067aa0ba902b7")
    with tracing.span("deliver", links=[DOOR, other, None, DOOR]):
        pass
    (span,) = spans.get_finished_spans()
    assert {f"{link.context.span_id:016x}" for link in span.links} == {"b7ad6b7169203331", "00f067aa0ba902b7"}


def test_traces_are_off_unless_an_endpoint_is_set() -> None:
    assert load_settings().traces_endpoint is None
