"""Time-stamps by RFC 3161: ask an authority to stamp bytes, and believe only a reply that leads to a known root.

Over HTTP as RFC 3161, 3.4 has it: ``application/timestamp-query`` and ``-reply``. Nothing of what is stamped leaves the
house but its SHA-512.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from connectors.http import HttpSettings, NoAnswer, NotSent, post

HTTP: Final = HttpSettings(
    connect_seconds=5.0, read_seconds=15.0, total_seconds=20.0, tries_max=2, max_connections=2, answer_bytes_max=65536
)
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


class BadRoots(Exception):
    """Roots that cannot be read; names the file."""


class BadTimestamp(Exception):
    """A reply that is no time-stamp of these bytes by an authority that is trusted; says why."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A reply (DER) that was verified, and the time in it."""

    reply: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class NotStamped:
    """There is none. ``reason``: ``no_connection``, ``http_503`` and the like, ``not_a_reply``, ``not_believed``."""

    reason: str
    message: str


class _Body:
    """Takes the body of a reply that claims to be one."""

    def __init__(self) -> None:
        self.data = bytearray()

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        return status == HTTPStatus.OK and kind == _REPLY

    def take(self, piece: bytes) -> None:
        self.data += piece


class TimestampConnector:
    """Asks one authority."""

    def __init__(self, client: httpx.AsyncClient, http: HttpSettings, url: str, roots: Sequence[Certificate]) -> None:
        """Work over a client that it closes. A reply must lead to one of ``roots``."""
        self._client = client
        self._http = http
        self._url = url
        self._roots = tuple(roots)
        # As it is shown and kept: without a password that the address may hold, and without a query.
        parts = urlsplit(url)
        self.authority = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:255]

    async def stamp(self, message: bytes) -> Stamped | NotStamped:
        """Have bytes stamped: with a nonce, and the authority's certificate asked for."""
        request = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA512).build()
        body = _Body()
        headers = {"Content-Type": _QUERY, "Accept": _REPLY}
        answer = await post(self._client, self._http, self._url, content=request.as_bytes(), headers=headers, sink=body)
        if isinstance(answer, NotSent | NoAnswer):
            return NotStamped(answer.reason, answer.message)
        if answer.status != HTTPStatus.OK:
            return NotStamped(f"http_{answer.status}", f"HTTP {answer.status}")
        if not body.data:
            return NotStamped("not_a_reply", f"Content-Type {answer.headers.get('content-type', '')[:100]!r}, or empty")
        reply = bytes(body.data)
        try:
            return Stamped(reply, verify_reply(reply, message, self._roots, request.nonce))
        except BadTimestamp as error:
            return NotStamped("not_believed", str(error))

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()


def verify_reply(reply: bytes, message: bytes, roots: Sequence[Certificate], nonce: int | None = None) -> datetime:
    """The time at which an authority saw these bytes.

    Its certificate must lead to one of ``roots`` and have been valid at that time; later it may expire.

    Raises:
        BadTimestamp: it is no reply, granted nothing, is about other bytes or another nonce, or is not to be trusted.
    """
    try:
        read = decode_timestamp_response(reply)
        VerifierBuilder(roots=list(roots), nonce=nonce).build().verify_message(read, message)
        return read.tst_info.gen_time.astimezone(UTC)
    except (ValueError, VerificationError) as error:
        # The library says ValueError for whatever cannot be read, a refusal without a token included.
        raise BadTimestamp(str(error)) from error


def load_roots(files: Sequence[Path]) -> tuple[Certificate, ...]:
    """All certificates in PEM files.

    Raises:
        BadRoots: a file is not there, or holds no certificate.
    """
    found: list[Certificate] = []
    for file in files:
        try:
            found += load_pem_x509_certificates(file.read_bytes())
        except OSError as error:
            message = f"{file}: {error.strerror}"
            raise BadRoots(message) from error
        except ValueError as error:
            message = f"{file}: no PEM certificates"
            raise BadRoots(message) from error
    return tuple(dict.fromkeys(found))
