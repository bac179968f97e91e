"""Traces: the W3C ``traceparent`` of a request goes with its records through the outbox to the nation's adapter.

Without OpenTelemetry (the extra ``otel``) the header that came in is carried through as it is. With it, and with
``LIENTHONG_TRACES_ENDPOINT`` set, the door and every call to a far side are spans; a call is linked to the requests
that brought the records it carries.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from app.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Link, Tracer

#: The ``traceparent`` under which the present work is done; None when nobody traces it.
TRACEPARENT: ContextVar[str | None] = ContextVar("traceparent", default=None)

# https://www.w3.org/TR/trace-context/ version 00; an all-zero id means nothing.
_FORM = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_state: dict[str, "Tracer"] = {}


def valid(traceparent: str | None) -> str | None:
    """The header's value when it has the W3C form, else None: nothing else may be stored or passed on."""
    return traceparent if traceparent and _FORM.fullmatch(traceparent) else None


def configure(endpoint: str | None, *, process: str, exporter: "SpanExporter | None" = None) -> None:
    """Send spans to an OTLP/HTTP endpoint (or to ``exporter``); without either, only carry what comes in.

    Raises:
        ConfigurationError: an endpoint is set and the extra ``otel`` is not installed.
    """
    _state.clear()
    if endpoint is None and exporter is None:
        return
    try:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor  # noqa: PLC0415

        provider = TracerProvider(resource=Resource.create({"service.name": f"lienthong-{process}"}))
        if exporter is not None:
            provider.add_span_processor(SimpleSpanProcessor(exporter))
        else:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    except ImportError as error:
        message = "LIENTHONG_TRACES_ENDPOINT: traces need the extra 'otel' (opentelemetry-sdk and its OTLP exporter)"
        raise ConfigurationError(message) from error
    _state["tracer"] = provider.get_tracer("lienthong")


@contextmanager
def span(
    name: str,
    *,
    parent: str | None = None,
    links: Iterable[str | None] = (),
    attributes: Mapping[str, str | int] | None = None,
) -> Iterator[str | None]:
    """Do the work inside under a span; gives its ``traceparent``, or ``parent`` as it came when nobody traces.

    ``links`` are the ``traceparent`` values of other requests whose work is done here too.
    """
    tracer = _state.get("tracer")
    if tracer is None:
        mark = TRACEPARENT.set(valid(parent))
        try:
            yield valid(parent)
        finally:
            TRACEPARENT.reset(mark)
        return
    context = _context(parent)
    linked = [link for link in map(_link, sorted({link for link in links if link})) if link is not None]
    with tracer.start_as_current_span(name, context=context, links=linked, attributes=dict(attributes or {})) as found:
        ids = found.get_span_context()
        own = f"00-{ids.trace_id:032x}-{ids.span_id:016x}-{ids.trace_flags:02x}"
        mark = TRACEPARENT.set(own)
        try:
            yield own
        finally:
            TRACEPARENT.reset(mark)


def note(name: str, value: str) -> None:
    """Add to the span under which the present work is done, when somebody traces it."""
    if "tracer" in _state:
        from opentelemetry.trace import get_current_span  # noqa: PLC0415 - an extra

        get_current_span().set_attribute(name, value)


def _context(parent: str | None):  # type: ignore[no-untyped-def]  # noqa: ANN202 - an extra's type
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - an extra

    return TraceContextTextMapPropagator().extract({"traceparent": valid(parent) or ""})


def _link(traceparent: str) -> "Link | None":
    from opentelemetry.trace import Link, get_current_span  # noqa: PLC0415 - an extra

    found = get_current_span(_context(traceparent)).get_span_context()
    return Link(found) if found.is_valid else None
