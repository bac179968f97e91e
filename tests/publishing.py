"""An outsider's file server on a free port: ranges and ETags as RFC 9110 has them, and the ways in which links die."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Published:
    """A file and how it is given.

    ``ranges`` False: always whole. ``headers`` come on top of the true ones, and None takes one out. ``claimed`` is
    the whole length that a part tells. ``hangs`` gives nothing, ``cuts`` half of the body.
    """

    content: bytes = b""
    status: int | None = None
    ranges: bool = True
    claimed: int | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    hangs: bool = False
    cuts: bool = False

    @property
    def sha256(self) -> str:
        """The hash of the content."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(slots=True)
class Publisher:
    """What is published under which name, and how often each was asked for."""

    port: int = 0
    files: dict[str, Published] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    ranges: list[str | None] = field(default_factory=list)
    at_once: int = 0
    at_once_max: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, name: str, file: Published) -> str:
        """Give a file a name; its address."""
        self.files[name] = file
        return self.url(name)

    def url(self, name: str) -> str:
        """The address of a name, published or not."""
        return f"http://127.0.0.1:{self.port}/files/{name}"

    async def give(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        name = request.match_info["name"]
        self.asked[name] += 1
        self.ranges.append(request.headers.get("Range"))
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        try:
            # Others get a turn, so that the count of those at once means something.
            await asyncio.sleep(0)
            return await self._answer(request, self.files.get(name))
        finally:
            self.at_once -= 1

    async def _answer(self, request: web.Request, file: Published | None) -> web.StreamResponse:
        if file is None:
            return web.Response(status=404, text="nothing here")
        if file.hangs:
            await self.let_go.wait()
        is_part = file.ranges and request.headers.get("Range") == "bytes=0-0"
        total = len(file.content) if file.claimed is None else file.claimed
        headers: dict[str, str | None] = {"ETag": f'"{file.sha256}"', "Content-Type": "application/pdf"}
        if is_part:
            headers["Content-Range"] = f"bytes 0-0/{total}"
        headers |= file.headers
        status = file.status or (206 if is_part else 200)
        body = file.content[:1] if is_part else file.content
        response = web.StreamResponse(
            status=status, headers={key: value for key, value in headers.items() if value is not None}
        )
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: len(body) // 2] if file.cuts else body)
        if file.cuts and request.transport is not None:
            request.transport.abort()
        return response


@asynccontextmanager
async def publishing() -> AsyncIterator[Publisher]:
    """A server that listens as long as the block."""
    publisher = Publisher()
    app = web.Application()
    app.router.add_get("/files/{name}", publisher.give)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    publisher.port = runner.addresses[0][1]
    try:
        yield publisher
    finally:
        publisher.let_go.set()
        await runner.cleanup()
