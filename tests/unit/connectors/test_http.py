"""``connectors.http`` on real sockets: whether bytes left the house is told right on both transports.

httpx-aiohttp gives a connection that was cut the name ``ConnectTimeout``. Believing the name would send again what
may have been taken, so the cause underneath decides.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import aiohttp
import httpx
import pytest

from connectors.http import Delivery, HttpSettings, NoAnswer, NotSent, Reply, build_client, post
from tests.bounds import AMPLE_SECONDS

Transport = Literal["aiohttp", "httpx"]
TRANSPORTS: tuple[Transport, ...] = ("aiohttp", "httpx")
Handler = Callable[["Visit"], Awaitable[None]]
BODY = '{"tên":"Đào"}'.encode()


@dataclass
class Visit:
    """One connection, on the server's side."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: "Server"

    async def read_request(self) -> None:
        """Read a whole request, head and body, and remember it."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        self.server.requests.append(head + await self.reader.readexactly(int(fields[b"content-length"])))
        self.server.asked.set()

    async def answer(self, body: bytes, *, claimed: int | None = None, head: bytes = b"") -> None:
        """HTTP 200; ``claimed`` is a length other than the true one."""
        length = str(len(body) if claimed is None else claimed).encode()
        self.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n" + head + b"\r\n" + body)
        await self.writer.drain()

    def reset(self) -> None:
        """Break the connection: the other side gets RST."""
        linger_zero = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
        self.writer.transport.abort()


@dataclass
class Server:
    """Where it listens, and what it was sent; ``asked`` is set when a whole request was read."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    visits: int = 0


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Server]:
    """A server on a free port that treats each connection by ``handler``."""
    tasks: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.visits += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handler(Visit(reader, writer, server))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    listener = await asyncio.start_server(meet, "127.0.0.1", 0)
    server = Server(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


def bounded(transport: Transport, **changes: Any) -> HttpSettings:
    """Time-outs that no busy machine reaches, for a test to shorten the one that is to run out."""
    usual = HttpSettings(
        connect_seconds=AMPLE_SECONDS,
        read_seconds=AMPLE_SECONDS,
        write_seconds=AMPLE_SECONDS,
        pool_seconds=AMPLE_SECONDS,
        total_seconds=AMPLE_SECONDS,
        tries_seconds=AMPLE_SECONDS,
        transport=transport,
    )
    return replace(usual, **changes)


async def send(client: httpx.AsyncClient, settings: HttpSettings, url: str) -> Delivery:
    return await post(client, settings, url, content=BODY, headers={"X-Test": "1"}, params={"a": "b c"})


@asynccontextmanager
async def calling(settings: HttpSettings) -> AsyncIterator[Callable[[str], Awaitable[Delivery]]]:
    """A function that posts with a client of its own."""
    client = build_client(settings)

    async def call(url: str) -> Delivery:
        return await send(client, settings, url)

    try:
        yield call
    finally:
        await client.aclose()


async def deliver(handler: Handler, settings: HttpSettings, *, arrives: bool = False) -> tuple[Delivery, Server]:
    """Post once to a server of the given manners; ``arrives``: it has read the request, maybe when nobody waits."""
    async with serving(handler) as server, calling(settings) as call:
        result = await call(server.url)
        if arrives:
            async with asyncio.timeout(AMPLE_SECONDS):
                await server.asked.wait()
        return result, server


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


pytestmark = pytest.mark.parametrize("transport", TRANSPORTS)


async def test_a_good_answer(transport: Transport) -> None:
    async def handler(visit: Visit) -> None:
        await visit.read_request()
        await visit.answer(b"\xef\xbb\xbf" + '{"x":"Đã nhận"}'.encode(), head=b"Retry-After: 3\r\nX-Odd: Y\r\n")

    started = time.monotonic()
    result, server = await deliver(handler, bounded(transport))
    assert isinstance(result, Reply)
    assert (result.status, result.text) == (200, '{"x":"Đã nhận"}')
    assert (result.headers["retry-after"], result.headers["x-odd"]) == ("3", "Y")
    assert 0 < result.elapsed_seconds <= time.monotonic() - started
    (request,) = server.requests
    assert request.startswith(b"POST /?a=b") and request.endswith(BODY)  # noqa: PT018 - one request line
    assert b"x-test: 1\r\n" in request.lower()


@pytest.mark.parametrize("place", ["/elsewhere", "http://["])
async def test_redirects_are_not_followed(transport: Transport, place: str) -> None:
    async def handler(visit: Visit) -> None:
        await visit.read_request()
        visit.writer.write(f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode())
        await visit.writer.drain()

    result, server = await deliver(handler, bounded(transport))
    assert isinstance(result, Reply)
    assert (result.status, len(server.requests)) == (302, 1)


def count_tries(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, second: asyncio.Event) -> list[str]:
    """The tries of a client as they begin; ``second`` is set when the first is over."""
    tries: list[str] = []
    stream = client.stream

    def counted(method: str, url: str, **more: Any) -> object:
        tries.append(method)
        if len(tries) > 1:
            second.set()
        return stream(method, url, **more)

    monkeypatch.setattr(client, "stream", counted)
    return tries


async def test_a_refused_port_is_tried_thrice_and_nothing_was_sent(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = bounded(transport)
    async with build_client(settings) as client:
        tries = count_tries(client, monkeypatch, asyncio.Event())
        result = await send(client, settings, f"http://127.0.0.1:{closed_port()}")
    assert isinstance(result, NotSent)
    assert result.reason == "no_connection"
    assert len(tries) == settings.tries_max == 3
    assert result.elapsed_seconds < settings.tries_seconds


async def test_tries_end_when_their_time_is_up(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = bounded(transport, tries_max=10**6, tries_seconds=0.3)
    async with build_client(settings) as client:
        tries = count_tries(client, monkeypatch, asyncio.Event())
        result = await send(client, settings, f"http://127.0.0.1:{closed_port()}")
    assert isinstance(result, NotSent)
    assert 1 <= len(tries) < 1000
    assert result.elapsed_seconds < AMPLE_SECONDS


async def test_a_connection_can_be_had_on_a_later_try(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, port, second = bounded(transport, tries_max=1000), closed_port(), asyncio.Event()
    server = Server(f"http://127.0.0.1:{port}")

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(reader, writer, server)
        await visit.read_request()
        await visit.answer(b"late")
        writer.close()

    async with build_client(settings) as client:
        tries = count_tries(client, monkeypatch, second)
        under_way = asyncio.ensure_future(send(client, settings, server.url))
        await second.wait()
        async with await asyncio.start_server(meet, "127.0.0.1", port):
            result = await under_way
    assert isinstance(result, Reply)
    assert (result.text, len(server.requests), len(tries) > 1) == ("late", 1, True)


async def test_a_name_that_is_nowhere_is_not_sent(transport: Transport) -> None:
    async with calling(bounded(transport, tries_max=1)) as call:
        result = await call("http://nowhere.invalid/")
    assert isinstance(result, NotSent)
    assert result.reason == "no_connection"


async def test_a_foreign_scheme_is_a_bad_address(transport: Transport) -> None:
    async with calling(bounded(transport, tries_max=1)) as call:
        result = await call("ftp://127.0.0.1/")
    assert isinstance(result, NotSent)
    assert result.reason == "bad_address"


async def _reset_at_once(visit: Visit) -> None:
    await visit.read_request()
    visit.reset()


async def _reset_after_half_of_the_request(visit: Visit) -> None:
    await visit.reader.readexactly(20)
    visit.reset()


async def _close_without_a_word(visit: Visit) -> None:
    await visit.read_request()


async def _close_in_the_head(visit: Visit) -> None:
    await visit.read_request()
    visit.writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    await visit.writer.drain()


async def _close_in_the_body(visit: Visit) -> None:
    await visit.read_request()
    await visit.answer(b'{"error_code":"0","mess', claimed=400)


async def _reset_in_the_body(visit: Visit) -> None:
    await visit.read_request()
    await visit.answer(b'{"error_code":"0","mess', claimed=400)
    visit.reset()


async def _close_in_a_chunk(visit: Visit) -> None:
    await visit.read_request()
    visit.writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc")
    await visit.writer.drain()


async def _speak_gibberish(visit: Visit) -> None:
    await visit.read_request()
    visit.writer.write(b"\x16\x03\x01 no HTTP at all\r\n\r\n")
    await visit.writer.drain()


async def _lie_about_the_encoding(visit: Visit) -> None:
    await visit.read_request()
    await visit.answer(b"no gzip", head=b"Content-Encoding: gzip\r\n")


async def _send_an_endless_head(visit: Visit) -> None:
    await visit.read_request()
    visit.writer.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n")
    await visit.writer.drain()


@pytest.mark.parametrize(
    "handler",
    [
        _lie_about_the_encoding,
        _send_an_endless_head,
        _reset_at_once,
        _reset_after_half_of_the_request,
        _close_without_a_word,
        _close_in_the_head,
        _close_in_the_body,
        _reset_in_the_body,
        _close_in_a_chunk,
        _speak_gibberish,
    ],
)
async def test_a_cut_answer_is_no_answer_and_is_not_sent_again(transport: Transport, handler: Handler) -> None:
    result, server = await deliver(handler, bounded(transport))
    assert isinstance(result, NoAnswer), result
    assert result.reason == "connection_lost"
    assert result.message
    assert server.visits == 1


async def test_silence_is_no_answer(transport: Transport) -> None:
    async def handler(visit: Visit) -> None:
        await visit.read_request()
        await visit.reader.read()

    result, server = await deliver(handler, bounded(transport, read_seconds=0.2), arrives=True)
    assert isinstance(result, NoAnswer)
    assert result.reason == "read_timeout"
    assert len(server.requests) == 1
    assert 0.2 <= result.elapsed_seconds < AMPLE_SECONDS


async def test_silence_in_the_body_is_no_answer(transport: Transport) -> None:
    async def handler(visit: Visit) -> None:
        await visit.read_request()
        await visit.answer(b"{", claimed=10)
        await visit.reader.read()

    result, server = await deliver(handler, bounded(transport, read_seconds=0.2), arrives=True)
    assert isinstance(result, NoAnswer)
    assert result.reason == "read_timeout"
    assert len(server.requests) == 1


async def test_a_drip_ends_at_the_total(transport: Transport) -> None:
    async def handler(visit: Visit) -> None:
        await visit.read_request()
        await visit.answer(b"", claimed=10**6)
        while True:
            visit.writer.write(b".")
            await visit.writer.drain()
            await asyncio.sleep(0.02)

    # This time also runs while the connection is made: it must be long enough for the request to arrive.
    for total_seconds in (0.4, 4.0, 40.0):
        result, server = await deliver(handler, bounded(transport, total_seconds=total_seconds))
        if server.requests:
            break
    assert isinstance(result, NoAnswer)
    assert result.reason == "total_timeout"
    assert result.elapsed_seconds >= total_seconds
    assert len(server.requests) == 1


async def test_an_endless_answer_is_not_kept(transport: Transport) -> None:
    async def handler(visit: Visit) -> None:
        await visit.read_request()
        await visit.answer(b"x" * 5000)

    for limit, expected in ((4999, NoAnswer), (5000, Reply)):
        result, _ = await deliver(handler, bounded(transport, answer_bytes_max=limit))
        assert type(result) is expected
        if isinstance(result, NoAnswer):
            assert (result.reason, "4999" in result.message) == ("too_large", True)


async def test_a_kept_connection_that_the_server_closes_meanwhile_is_opened_anew(transport: Transport) -> None:
    closed = asyncio.Event()

    async def handler(visit: Visit) -> None:
        await visit.read_request()
        await visit.answer(str(visit.server.visits).encode())
        if visit.server.visits == 1:
            visit.writer.close()
            await visit.writer.wait_closed()
            closed.set()

    async with serving(handler) as server, calling(bounded(transport)) as call:
        first = await call(server.url)
        await closed.wait()
        second = await call(server.url)
    assert isinstance(first, Reply)
    # Either the client has noticed and opened another, or it has written into the dead one: then it may not say
    # that nothing was sent.
    assert isinstance(second, Reply | NoAnswer), second
    assert len(server.requests) == (2 if isinstance(second, Reply) else 1)


async def test_a_kept_connection_that_breaks_on_the_second_request_is_in_doubt(transport: Transport) -> None:
    async def handler(visit: Visit) -> None:
        await visit.read_request()
        await visit.answer(b"one")
        await visit.read_request()
        visit.reset()

    async with serving(handler) as server, calling(bounded(transport)) as call:
        first, second = await call(server.url), await call(server.url)
    assert isinstance(first, Reply)
    assert isinstance(second, NoAnswer), second
    assert second.reason == "connection_lost"
    # It reached the far side once: neither the transport nor we have sent it again.
    assert (server.visits, len(server.requests)) == (1, 2)


async def test_a_full_pool_is_not_sent(transport: Transport) -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def handler(visit: Visit) -> None:
        await visit.read_request()
        arrived.set()
        await release.wait()
        await visit.answer(b"done")

    settings = bounded(transport, max_connections=1, tries_max=1)
    async with serving(handler) as server, build_client(settings) as client:
        first = asyncio.ensure_future(send(client, settings, server.url))
        await arrived.wait()
        # Only now: with aiohttp, making a connection counts as waiting for one.
        client.timeout = httpx.Timeout(AMPLE_SECONDS, pool=0.2)
        second = await send(client, settings, server.url)
        release.set()
        assert isinstance(await first, Reply)
    assert isinstance(second, NotSent), second
    assert len(server.requests) == 1


async def test_a_certificate_nobody_vouches_for_is_refused_before_anything_is_sent(transport: Transport) -> None:
    async def handler(visit: Visit) -> None:
        await visit.reader.read(100)

    async with serving(handler) as server, calling(bounded(transport, tries_max=1)) as call:
        result = await call(server.url.replace("http:", "https:"))
    assert isinstance(result, NotSent | NoAnswer)
    assert server.requests == []


async def test_the_names_that_httpx_aiohttp_gives(transport: Transport) -> None:
    """The trap. When a name changes here, ``_fault`` wants another look."""
    names = {}
    client = build_client(bounded(transport))
    for handler in (_close_without_a_word, _reset_at_once, _close_in_the_body, _speak_gibberish):
        async with serving(handler) as server:
            with pytest.raises((httpx.HTTPError, aiohttp.ClientError)) as caught:
                await client.post(server.url, content=BODY)
        names[handler.__name__] = (type(caught.value).__name__, type(caught.value.__cause__).__name__)
    await client.aclose()
    assert names == (
        {
            "_close_without_a_word": ("ConnectTimeout", "ServerDisconnectedError"),
            "_reset_at_once": ("ConnectTimeout", "ClientOSError"),
            "_close_in_the_body": ("ReadError", "ClientPayloadError"),
            "_speak_gibberish": ("ClientResponseError", "HttpProcessingError"),
        }
        if transport == "aiohttp"
        else {
            "_close_without_a_word": ("RemoteProtocolError", "RemoteProtocolError"),
            "_reset_at_once": ("ReadError", "ReadError"),
            "_close_in_the_body": ("RemoteProtocolError", "RemoteProtocolError"),
            "_speak_gibberish": ("RemoteProtocolError", "RemoteProtocolError"),
        }
    )
