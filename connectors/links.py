"""The prober of published links: asks the public address as the portal would, and believes only the very file.

The portal takes addresses only, and what it is told it keeps: a link that leads nowhere stays on the portal until
somebody looks. So each is asked for from outside before it is sent. No redirect is followed, since nobody knows
whether the portal follows any.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import httpx

from connectors.http import TOO_LATE, HttpSettings, NoAnswer, NotSent, Reply, get

#: What the prober calls itself, so that whoever counts accesses can leave its trials out.
PROBE_AGENT = "LienThong-probe"
_WHOLE, _PART = 200, 206
_HEADERS = {"Range": "bytes=0-0", "Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": PROBE_AGENT}
_RANGE = re.compile(r"bytes 0-0/(\d{1,18})", re.ASCII)
_REASONS = {"read_timeout": "timeout", "total_timeout": "timeout", "too_large": "wrong_size"}


@dataclass(frozen=True, slots=True)
class Live:
    """The address gives the file. ``whole`` says that it had to be read whole, as the server knows no ranges."""

    elapsed_seconds: float
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Dead:
    """The address does not give the file.

    ``reason`` is for machines: ``http_<status>``, ``bad_address``, ``no_connection`` (name, port or certificate),
    ``timeout``, ``connection_lost``, ``bad_range``, ``wrong_size``, ``no_etag``, ``wrong_file``. ``detail`` is for
    people.
    """

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NotProbed:
    """The time to send (``connectors.deadline``) was over, so nothing was asked: nothing is known of the link."""


LinkState = Live | Dead | NotProbed


class Prober(Protocol):
    """Whoever can tell whether a published link lives."""

    async def probe(self, url: str, sha256: str, size_bytes: int) -> LinkState:
        """Ask for the file of that content behind an address. Never raises for what the far side did."""

    async def aclose(self) -> None:
        """Let go of connections."""


@dataclass(slots=True)
class LinkProber:
    """Probes with GET for the first byte; a server that knows no ranges is read whole and hashed.

    ``settings.total_seconds`` bounds either way; ``answer_bytes_max`` is not looked at, since the size is known.
    """

    client: httpx.AsyncClient
    settings: HttpSettings = field(
        default_factory=lambda: HttpSettings(connect_seconds=3.0, read_seconds=15.0, total_seconds=30.0, tries_max=2)
    )

    async def probe(self, url: str, sha256: str, size_bytes: int) -> LinkState:
        """As in ``Prober``: 206 with ``Content-Range: bytes 0-0/<size>`` and ``ETag: "<sha256>"``, or the whole file.

        ``sha256`` is 64 lower-case hexadecimal digits.
        """
        if not _is_web_address(url):
            return Dead("bad_address", "not an http or https address")
        sink = _FileSink(size_bytes)
        http = replace(self.settings, answer_bytes_max=size_bytes)
        try:
            result = await get(self.client, http, url, headers=_HEADERS, sink=sink)
        except UnicodeError as error:
            # Python's resolver cannot even write some names in the form that a name server is asked in.
            return Dead("no_connection", str(error))
        match result:
            case NotSent(reason, message):
                return NotProbed() if reason == TOO_LATE else Dead(reason, message)
            case NoAnswer(reason, message):
                return Dead(_REASONS.get(reason, reason), message)
            case Reply():
                return sink.judge(result, sha256)

    async def aclose(self) -> None:
        """Close connections."""
        await self.client.aclose()


def _is_web_address(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        return False
    return parsed.scheme in {"http", "https"} and bool(parsed.host) and not parsed.userinfo


class _FileSink:
    """Reads one byte, or the whole file into its hash; nothing of any other answer."""

    def __init__(self, size_bytes: int) -> None:
        self._wanted_bytes = size_bytes
        self._bytes = 0
        self._hash = hashlib.sha256()

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        if status == _PART:
            return _total(headers) == self._wanted_bytes
        claimed = headers.get("content-length")
        return status == _WHOLE and claimed in {None, str(self._wanted_bytes)}

    def take(self, piece: bytes) -> None:
        self._bytes += len(piece)
        self._hash.update(piece)

    def judge(self, reply: Reply, sha256: str) -> Live | Dead:
        if reply.status == _PART:
            return self._judge_part(reply, sha256)
        if reply.status != _WHOLE:
            return Dead(f"http_{reply.status}", f"HTTP {reply.status}")
        if self._bytes != self._wanted_bytes:
            claimed = reply.headers.get("content-length", self._bytes)
            return Dead("wrong_size", f"{claimed} bytes instead of {self._wanted_bytes}")
        if self._hash.hexdigest() != sha256:
            return Dead("wrong_file", f"sha256 {self._hash.hexdigest()}")
        return Live(reply.elapsed_seconds, whole=True)

    def _judge_part(self, reply: Reply, sha256: str) -> Live | Dead:
        total, tag = _total(reply.headers), reply.headers.get("etag")
        if total is None:
            return Dead("bad_range", f"Content-Range: {reply.headers.get('content-range', '')[:100]}")
        if total != self._wanted_bytes:
            return Dead("wrong_size", f"{total} bytes instead of {self._wanted_bytes}")
        if self._bytes != 1:
            return Dead("bad_range", f"{self._bytes} bytes instead of the one asked for")
        if tag is None:
            return Dead("no_etag", "a part without the ETag of its file")
        if tag != f'"{sha256}"':
            return Dead("wrong_file", f"ETag {tag[:100]}")
        return Live(reply.elapsed_seconds)


def _total(headers: Mapping[str, str]) -> int | None:
    """The whole length that a part of one byte tells."""
    found = _RANGE.fullmatch(headers.get("content-range", ""))
    return int(found[1]) if found else None
