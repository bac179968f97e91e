"""The one way out: an httpx client on a transport of our choice, and answers as values.

What matters to a register is whether bytes left the house. ``NotSent`` is only ever said when a connection was
never had, or when the time to send (``connectors.deadline``) was over before the first byte; everything else without
a whole answer is ``NoAnswer``.
"""

import asyncio
import functools
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Literal, Protocol
from urllib.parse import urlsplit

import aiohttp
import httpx
import tenacity
from httpx_aiohttp import AiohttpTransport

from connectors.base import Timing
from connectors.deadline import SEND_BEFORE
from connectors.wiretimes import MARKS, Marks, TooLate, trace_config

TOO_LATE = "too_late_to_send"
_NO_TIMES = Timing()


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Time-outs and tries of one call, in seconds; ``tries_max`` counts only calls of which nothing was sent."""

    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    write_seconds: float = 30.0
    pool_seconds: float = 5.0
    total_seconds: float = 60.0
    tries_max: int = 3
    tries_seconds: float = 10.0
    max_connections: int = 20
    answer_bytes_max: int = 4 * 1024 * 1024
    transport: Literal["aiohttp", "httpx"] = "aiohttp"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer was read. ``headers`` has lower-case names; ``to`` is the host that was called, with its port."""

    status: int
    headers: Mapping[str, str]
    text: str
    elapsed_seconds: float
    timing: Timing = _NO_TIMES
    to: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """No connection was had, or had too late: nothing left the house."""

    reason: str
    message: str
    elapsed_seconds: float
    timing: Timing = _NO_TIMES
    to: str = ""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Bytes may have left the house and no whole answer came back."""

    reason: str
    message: str
    elapsed_seconds: float
    timing: Timing = _NO_TIMES
    to: str = ""


Delivery = Reply | NotSent | NoAnswer


class Sink(Protocol):
    """Where the body of an answer goes piece by piece, so that a long one is never held whole."""

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """The head is there (lower-case names); whether the body is wanted. Without it the connection is closed."""

    def take(self, piece: bytes) -> None:
        """The next piece, decoded as ``Content-Encoding`` says."""


@dataclass(frozen=True, slots=True)
class _Call:
    method: Literal["POST", "GET"]
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, str] | None
    content: bytes | None = None
    sink: Sink | None = None


def build_client(settings: HttpSettings) -> httpx.AsyncClient:
    """A client whose certificates are always checked, which follows no redirect and keeps no cookie."""
    limits = httpx.Limits(max_connections=settings.max_connections, max_keepalive_connections=settings.max_connections)
    timeout = httpx.Timeout(
        connect=settings.connect_seconds,
        read=settings.read_seconds,
        write=settings.write_seconds,
        pool=settings.pool_seconds,
    )
    context = _authorities()
    # Without ``verify`` the transport would read a list of its own, which nothing uses.
    transport: httpx.AsyncBaseTransport = (
        AiohttpTransport(verify=context, limits=limits, client=lambda: _session(limits, context))
        if settings.transport == "aiohttp"
        else httpx.AsyncHTTPTransport(verify=context, limits=limits)
    )
    # One cookie with a letter outside ASCII, kept, would make httpx raise on every later call.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        transport=transport, timeout=timeout, follow_redirects=False, trust_env=False, cookies=cookies
    )


@functools.cache
def _authorities() -> ssl.SSLContext:
    """Whom this machine trusts; read once a process, and not by each of its clients."""
    return ssl.create_default_context()


def _session(limits: httpx.Limits, context: ssl.SSLContext) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=limits.max_connections or 0, keepalive_timeout=limits.keepalive_expiry, ssl=context
    )
    jar = aiohttp.DummyCookieJar()
    return aiohttp.ClientSession(connector=connector, cookie_jar=jar, trace_configs=[trace_config()])


async def post(
    client: httpx.AsyncClient,
    settings: HttpSettings,
    url: str,
    *,
    content: bytes,
    headers: Mapping[str, str],
    params: Mapping[str, str] | None = None,
    sink: Sink | None = None,
    send_before: float | None = None,
) -> Delivery:
    """Post once; again, within the bounds, only while no connection is had. A ``sink`` has the body, as for ``get``.

    ``send_before`` is the monotonic time after which nothing is put on the wire any more: a process that was stopped
    and goes on later has lost its lease, and what it held is another's. Without it ``SEND_BEFORE`` holds.
    """
    call = _Call("POST", url, headers, params, content, sink)
    return await _persist(settings, send_before, call.url, lambda started: _once(client, settings, call, started))


async def get(
    client: httpx.AsyncClient,
    settings: HttpSettings,
    url: str,
    *,
    headers: Mapping[str, str],
    params: Mapping[str, str] | None = None,
    sink: Sink | None = None,
    send_before: float | None = None,
) -> Delivery:
    """Get once; again, within the bounds, only while no connection is had. ``send_before`` as in ``post``.

    With a ``sink`` the body goes there, ``answer_bytes_max`` still bounding it, and ``Reply.text`` stays empty.
    """
    call = _Call("GET", url, headers, params, sink=sink)
    return await _persist(settings, send_before, call.url, lambda started: _once(client, settings, call, started))


def place_of(url: str) -> str:
    """Host and port of an address, as far as it names them; nothing of its path, which may be a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = parts.hostname or ""
    return f"{host}:{port}" if port else host


async def _persist(
    settings: HttpSettings, send_before: float | None, url: str, try_once: Callable[[float], Awaitable[Delivery]]
) -> Delivery:
    started, to = time.monotonic(), place_of(url)
    limits = [limit for limit in (send_before, SEND_BEFORE.get()) if limit is not None]
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_result(lambda result: isinstance(result, NotSent) and result.reason != TOO_LATE),
        stop=tenacity.stop_after_attempt(settings.tries_max) | tenacity.stop_after_delay(settings.tries_seconds),
        wait=tenacity.wait_random_exponential(multiplier=0.1, max=1.0),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )

    async def once() -> Delivery:
        marks = Marks(min(limits, default=None))
        token = MARKS.set(marks)
        try:
            result = await try_once(started)
        except TooLate:
            result = _too_late(started)
        finally:
            MARKS.reset(token)
        if marks.too_late and isinstance(result, NotSent | NoAnswer):
            result = _too_late(started)
        return replace(result, timing=marks.timing(), to=to)

    result: Delivery = await retrying(once)
    return result


def _too_late(started: float) -> NotSent:
    return NotSent(TOO_LATE, "the time to send was over before the first byte", time.monotonic() - started)


async def _once(client: httpx.AsyncClient, settings: HttpSettings, call: _Call, started: float) -> Delivery:
    try:
        async with asyncio.timeout(settings.total_seconds):
            # The transport of aiohttp looks once more just before it writes; another has only this look.
            MARKS.get(Marks()).check()
            async with client.stream(
                call.method, call.url, content=call.content, headers=dict(call.headers), params=call.params
            ) as response:
                names = {name.lower(): value for name, value in response.headers.items()}
                body = await _read(response, settings.answer_bytes_max, call.sink, names)
    except TimeoutError as error:
        return NoAnswer("total_timeout", str(error) or "no whole answer in time", time.monotonic() - started)
    except (httpx.HTTPError, aiohttp.ClientError) as error:
        # httpx-aiohttp lets some of aiohttp's errors through, as for an answer that is no HTTP.
        return _fault(error, time.monotonic() - started)
    elapsed = time.monotonic() - started
    if body is None:
        return NoAnswer("too_large", f"the answer is longer than {settings.answer_bytes_max} bytes", elapsed)
    # A NUL is in no answer that means something, and no PostgreSQL text can hold it.
    text = body.decode("utf-8-sig", errors="replace").replace("\0", "\ufffd")
    return Reply(response.status_code, names, text, elapsed)


async def _read(response: httpx.Response, limit: int, sink: Sink | None, headers: Mapping[str, str]) -> bytes | None:
    """The body, or nothing of it when a sink has it; None when it is longer than ``limit``."""
    if sink is not None and not sink.begin(response.status_code, headers):
        return b""
    body, length = bytearray(), 0
    async for chunk in response.aiter_bytes():
        length += len(chunk)
        if length > limit:
            return None
        if sink is None:
            body += chunk
        else:
            sink.take(chunk)
    return bytes(body)


def _fault(error: httpx.HTTPError | aiohttp.ClientError, elapsed: float) -> Delivery:
    """Tell whether a connection was had.

    httpx-aiohttp names a connection that was cut a connect time-out, so the cause underneath decides, and only
    what is sure counts as not sent.
    """
    cause, message = error.__cause__, f"{type(error).__name__}: {error}"
    if isinstance(cause, aiohttp.ClientError):
        never_connected = isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
        timed_out = isinstance(cause, TimeoutError)
    else:
        never_connected = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        timed_out = isinstance(error, httpx.TimeoutException)
    if never_connected:
        return NotSent("no_connection", message, elapsed)
    if isinstance(error, httpx.UnsupportedProtocol):
        return NotSent("bad_address", message, elapsed)
    return NoAnswer("read_timeout" if timed_out else "connection_lost", message, elapsed)
