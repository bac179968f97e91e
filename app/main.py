"""The HTTP process: REST door, pages, health."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import VERSION, tracing
from app.api import (
    accounts,
    anomalies,
    audit,
    compliance,
    contracts,
    decisions,
    deliveries,
    disclosures,
    docs,
    document_changes,
    documents,
    dossiers,
    erasures,
    events,
    files,
    health,
    intake,
    oauth,
    once_only,
    openapi,
    persons,
    prefill,
    problems,
    replays,
    results,
    retention,
    rule_tables,
    sessions,
    subjects,
    targets,
    tlog,
    uploads,
    webhooks,
    witness,
)
from app.api.bounds import STREAMS, Bounds
from app.api.headers import SecurityHeaders
from app.api.origin import Origins
from app.config import Settings, told
from app.dashboard import entry, pages
from app.rates import Rates
from app.usecases.configuration import keep_noting
from app.usecases.context import Context
from app.usecases.health import Doctor
from app.wiring import build_context, close_context, process_name

_CORRELATION = re.compile(r"[A-Za-z0-9._-]{1,64}")


class BodyLimit:
    """Stop reading a body that is larger than one record may be; streams mind their own lines."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        """Wrap an application."""
        self.app = app
        self.limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is read."""
        if scope["type"] != "http" or STREAMS.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            part: MutableMapping[str, Any] = await receive()
            seen += len(part.get("body", b""))
            if seen > self.limit_bytes:
                # The framework turns whatever is raised here into a 400; the mark tells the renderer why.
                scope.setdefault("state", {})["too_large"] = self.limit_bytes
                message = "body too large"
                raise ValueError(message)
            return part

        await self.app(scope, counted, send)


class Traced:
    """Does each request under a span, or under the ``traceparent`` that came with it."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        parent = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        with tracing.span("door", parent=parent, attributes={"http.request.method": scope["method"]}):
            await self.app(scope, receive, send)
            # Never the address itself: it may name a person, or open a document.
            tracing.note("http.route", getattr(scope.get("route"), "path", ""))


class Door(FastAPI):
    """The application, with headers outside of everything, the framework's own answer to a fault too."""

    def build_middleware_stack(self) -> ASGIApp:
        """Build what a request goes through."""
        settings: Settings = self.state.settings
        return SecurityHeaders(super().build_middleware_stack(), https=settings.public_url.startswith("https://"))


def create_app(settings: Settings, context: Context | None = None) -> FastAPI:
    """The application; ``context`` is built from settings unless a test brings its own."""
    owned = context is None
    context = context or build_context(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stopping, process = asyncio.Event(), f"api:{process_name()}"
        noting = asyncio.create_task(keep_noting(context, process, VERSION, told(settings), stopping))
        yield
        stopping.set()
        await noting
        if owned:
            await close_context(context)

    app = Door(
        title="LienThong",
        version=VERSION,
        summary="Takes dossiers from the one-stop software and makes them known to the nation: once, in order",
        lifespan=lifespan,
        docs_url=None,
        # A redirect leads where the request's Host header says, by plain http behind a proxy, and tokens with it.
        redirect_slashes=False,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    app.state.context = context
    app.state.settings = settings
    app.state.doctor = Doctor(context)
    rates = Rates(settings.caller_requests_per_minute, settings.address_requests_per_minute, settings.logins_per_minute)
    app.state.rates = rates
    handing_over = (dossiers, intake, deliveries, persons, webhooks)
    papers = (documents, document_changes, uploads, subjects, results, files)
    asking_once = (once_only, prefill, anomalies, rule_tables)
    operating = (decisions, replays, targets, events, contracts, audit, health, compliance)
    logging = (tlog, witness, disclosures, erasures, retention)
    people = (sessions, accounts, entry)
    for module in (*handing_over, *papers, *asking_once, *operating, *logging, oauth, *people, docs, pages):
        # As they stand. To include_router each means to build it anew for this application, at its first request,
        # and to look for each request's route twice.
        app.router.routes.extend(module.router.routes)
    problems.install(app)
    openapi.describe(app)
    app.add_middleware(BodyLimit, limit_bytes=settings.record_bytes_max)
    app.add_middleware(
        Bounds, rates=rates, in_flight_max=settings.requests_in_flight, body_seconds=settings.body_seconds
    )
    app.add_middleware(Traced)
    app.add_middleware(Origins)
    app.add_middleware(
        CorrelationIdMiddleware,
        header_name="X-Correlation-ID",
        generator=lambda: uuid.uuid4().hex,
        validator=lambda value: bool(_CORRELATION.fullmatch(value)),
    )
    return app
