"""A receiver of webhooks on a free port, as a developer of one-stop software would write it with the public library."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answers to one message."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    hangs: bool = False
    cuts: bool = False


@dataclass(slots=True)
class Receiver:
    """Every request that came, in order; ``script`` holds the next answers, after which all is well."""

    port: int = 0
    requests: list[tuple[dict[str, str], str]] = field(default_factory=list)
    script: deque[Reply] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        """The ``webhook-id`` of each request."""
        return [headers["webhook-id"] for headers, _ in self.requests]

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """The payloads, each checked with the library; raises when a signature or a time is wrong."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.requests]

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Answer one message."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((headers, (await request.read()).decode()))
        self.arrived.set()
        reply = self.script.popleft() if self.script else Reply()
        if reply.hangs:
            await self.let_go.wait()
        if reply.cuts and request.transport is not None:
            request.transport.abort()
        return web.Response(status=reply.status, headers=dict(reply.headers), text=reply.body or None)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens as long as the block."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        receiver.let_go.set()
        await runner.cleanup()
