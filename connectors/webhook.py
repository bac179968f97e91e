"""Registered webhooks as a far side: one message a call, signed as Standard Webhooks wants it.

Source: the Standard Webhooks specification 1.0 (headers ``webhook-id``, ``webhook-timestamp``, ``webhook-signature``;
2xx is success, 410 ends the endpoint, no redirects, 15 to 30 s a call). The id of a message is the same at every
try, so a receiver drops what it has seen already: after a lost answer it simply goes again, and nothing is in doubt.
"""

import asyncio
import ipaddress
import re
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

import httpx
from standardwebhooks import Webhook

from connectors.base import (
    Accepted,
    Capacity,
    Exchange,
    Form,
    Health,
    Knowledge,
    Outcome,
    Parcel,
    Probed,
    Rejected,
    Route,
    Sent,
    TryLater,
)
from connectors.http import HttpSettings, NoAnswer, NotSent, Reply, post
from connectors.masking import mask

HTTP = HttpSettings(
    connect_seconds=5.0,
    read_seconds=15.0,
    write_seconds=15.0,
    total_seconds=15.0,
    tries_max=1,
    max_connections=64,
    answer_bytes_max=65536,
)
_SERVICE = "webhook"
_ANSWER_KEPT = 500
_WAIT_SECONDS_MAX = 86400.0
_OK, _REDIRECTS, _CLIENT_ERRORS, _SERVER_ERRORS, _GONE = 200, 300, 400, 500, 410
_BUSY = frozenset({408, 425, 429})
_ASKS_TO_WAIT = frozenset({429, 503})

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
# Where clouds tell a machine its secrets; the link-local one is refused as such.
_METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(text) for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})
_NOT_THERE = "news is not sent there"
_NOT_HERE = "this machine itself is not a receiver"
_LOOKS_NUMERIC = re.compile(r"^(.*\.)?(\d+|0x[0-9a-f]*)\.?$")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a registered webhook listens, and the secret it shares with us (``whsec_`` and base64)."""

    url: str
    secret: str = field(repr=False)


class EndpointBook(Protocol):
    """Knows the living endpoints."""

    async def find(self, endpoint_id: int) -> Endpoint | None:
        """The endpoint; None when it is gone.

        Raises:
            BookUnavailable: nobody can tell now.
        """


class BookUnavailable(Exception):
    """The book of endpoints cannot be read now; says nothing about any endpoint."""


# Threads of their own: names that nobody answers for must not take those with which the nation's is looked up.
_RESOLVERS = ThreadPoolExecutor(2, thread_name_prefix="webhook-names")
_RESOLVE_SECONDS = 3.0
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """Addresses of a host; none when it has no name or nobody answers."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().run_in_executor(_RESOLVERS, ask)
    except (OSError, UnicodeError, TimeoutError):
        return ()
    return [str(entry[4][0]) for entry in found]


def url_fault(url: str, *, plain_http: bool) -> str | None:
    """Why news may not go to an address; None when it may.

    ``https`` anywhere but to this machine and to where clouds keep secrets; with ``plain_http`` also to this machine,
    and ``http`` to it or a private address, given as a number or as ``localhost``.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip(".").lower(), parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in {"https", "http"} or not host or port == 0 or parts.fragment:
        return "it must begin with https:// and name a host, and it must not have a fragment"
    if parts.username is not None or parts.password is not None:
        return "it must not carry a name or password; the signature shows who sends"
    if parts.scheme == "http" and not (plain_http and _is_near(host)):
        return "it must begin with https://"
    return _host_fault(host, loopback=plain_http)


def _host_fault(host: str, *, loopback: bool) -> str | None:
    address = _address(host)
    if address is not None:
        return address_fault(address, loopback=loopback)
    if _LOOKS_NUMERIC.match(host):
        return "a number as host must be a plain IP address"
    if host in _METADATA_NAMES:
        return _NOT_THERE
    return None if loopback or not _is_localhost(host) else _NOT_HERE


def _is_near(host: str) -> bool:
    address = _address(host)
    return _is_localhost(host) if address is None else address.is_loopback or address.is_private


def _is_localhost(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def address_fault(address: _Ip, *, loopback: bool) -> str | None:
    """Why news may not go to an IP address; None when it may."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    special = address.is_link_local or address.is_multicast or address.is_unspecified
    if special or address in _METADATA_ADDRESSES or str(address) == "255.255.255.255":
        return _NOT_THERE
    return _NOT_HERE if address.is_loopback and not loopback else None


def _address(host: str) -> _Ip | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def message_id(parcel: Parcel) -> str:
    """The ``webhook-id``: the same at every try, and another one for another message, also after a restore."""
    made = "0" if parcel.created_at is None else str(round(parcel.created_at.timestamp() * 1_000_000))
    return f"msg_{parcel.message_id}_{made}"


class WebhookConnector:
    """Sends news to registered webhooks. ``parcel.destination`` names the endpoint: ``webhook:7``."""

    def __init__(
        self,
        book: EndpointBook,
        client: httpx.AsyncClient,
        http: HttpSettings = HTTP,
        *,
        plain_http: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        resolver: Resolver = resolve,
    ) -> None:
        """Use ``client`` for every endpoint; ``now`` is what receivers compare with their own clocks."""
        self._book = book
        self._client = client
        self._http = http
        self._plain_http = plain_http
        self._now = now
        self._resolve = resolver

    @property
    def capacity(self) -> Capacity:
        """One message a call: the form knows no arrays."""
        return Capacity(1, 1, 1)

    def envelope(self, parcel: Parcel) -> str:
        """Every message travels alone."""
        return f"{parcel.destination}/{parcel.message_id}"

    async def send(self, parcels: Sequence[Parcel]) -> Sent:
        """Send the messages one after the other; the engine hands them over singly."""
        sent = [await self._send_one(parcel) for parcel in parcels]
        return Sent(
            tuple(outcome for outcome, _ in sent), sent[-1][1], earlier=tuple(exchange for _, exchange in sent[:-1])
        )

    async def probe(self, dossier_code: str, parcels: Sequence[Parcel]) -> Probed:
        """Nobody need be asked: a receiver knows a message by its id, so one in doubt may always go again."""
        del dossier_code
        return Probed((Knowledge.LACKS,) * len(parcels), Exchange(_SERVICE))

    async def check(self) -> Health:
        """There is no one far side whose absence would matter to the gateway."""
        return Health(reachable=True, detail="each endpoint stands for itself; see /v1/targets")

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def _send_one(self, parcel: Parcel) -> tuple[Outcome, Exchange]:
        nothing_sent = Exchange(_SERVICE, request=mask(parcel.payload))
        try:
            endpoint = await self._book.find(_endpoint_id(parcel.destination))
        except BookUnavailable as error:
            return TryLater("not_sent", str(error)), nothing_sent
        if endpoint is None:
            return Rejected("endpoint_gone", "this endpoint was removed"), nothing_sent
        fault = await self._fault(endpoint.url)
        if fault is not None:
            return TryLater("endpoint_refused", fault), nothing_sent
        started = time.monotonic()
        result = await post(
            self._client,
            self._http,
            endpoint.url,
            content=parcel.payload.encode(),
            headers=self._headers(parcel, endpoint.secret),
        )
        exchange = Exchange(
            _SERVICE,
            http_status=result.status if isinstance(result, Reply) else None,
            request=mask(parcel.payload),
            answer=mask(result.text, _ANSWER_KEPT) if isinstance(result, Reply) else "",
            elapsed_seconds=time.monotonic() - started,
            to=result.to,
            route=Route.DIRECT,
            form=Form.SYNC,
            payload_type="application/json",
        )
        return _outcome(result, self._now), exchange

    async def _fault(self, url: str) -> str | None:
        """Look again at the time of sending: a name may lead elsewhere by now than when it was registered."""
        fault = url_fault(url, plain_http=self._plain_http)
        if fault is not None:
            return fault
        parts = urlsplit(url)
        for found in await self._resolve(parts.hostname or "", parts.port or 443):
            address = _address(found)
            if address is not None and address_fault(address, loopback=self._plain_http) is not None:
                return f"the host leads to {found}, and news is not sent there"
        return None

    def _headers(self, parcel: Parcel, secret: str) -> dict[str, str]:
        at, name = self._now().astimezone(UTC), message_id(parcel)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "LienThong-Webhooks",
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(name, at, parcel.payload),
        }
        return headers | ({"traceparent": parcel.trace_context} if parcel.trace_context else {})


def _endpoint_id(destination: str) -> int:
    """The id in ``webhook:7``; a bug of ours when there is none."""
    return int(destination.partition(":")[2])


def _outcome(result: Reply | NotSent | NoAnswer, now: Callable[[], datetime]) -> Outcome:
    """What the answer means. A time-out and a lost answer are tried again: a repeat is dropped by its id."""
    if isinstance(result, NotSent):
        return TryLater("not_sent" if result.reason == "no_connection" else result.reason, result.message)
    if isinstance(result, NoAnswer):
        return TryLater("endpoint_away", f"{result.reason}: {result.message}")
    status, words = result.status, f"HTTP {result.status}"
    if _OK <= status < _REDIRECTS:
        return Accepted(str(status), words)
    if status == _GONE:
        return Rejected("http_410", "HTTP 410: the endpoint wants no more news")
    if _REDIRECTS <= status < _SERVER_ERRORS and status not in _BUSY:
        return TryLater("endpoint_refused", words)
    reason = f"http_{status}" if status in _ASKS_TO_WAIT else "endpoint_away"
    return TryLater(reason, words, _wait(result.headers.get("retry-after"), now))


def _wait(value: str | None, now: Callable[[], datetime]) -> float | None:
    """``Retry-After`` in seconds (RFC 9110 section 10.2.3), at most a day; None when there is none to read."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return min(_WAIT_SECONDS_MAX, float(value.strip()))
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(_WAIT_SECONDS_MAX, max(0.0, (at - now()).total_seconds()))
