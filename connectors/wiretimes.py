"""What aiohttp tells of a call on its way: where the time went, and a last look at the clock before the first byte.

A worker that was stopped past its lease goes on exactly where it stood. The hook before the first write is the last
place at which our code runs, so it stands there and not before the call.
"""

import time
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp

from connectors.base import Timing


class TooLate(Exception):
    """The time to send was over before a byte was written."""


@dataclass(slots=True)
class Marks:
    """Times of one try, monotonic. ``send_before`` None: no bound. ``sent_at`` None: not a byte was written."""

    send_before: float | None = None
    queued_at: float | None = None
    connecting_at: float | None = None
    sent_at: float | None = None
    queue_seconds: float | None = None
    connect_seconds: float | None = None
    first_byte_seconds: float | None = None
    too_late: bool = False

    def check(self) -> None:
        """Look at the clock; once a byte is written there is no way back.

        Raises:
            TooLate: the time to send is over.
        """
        if self.send_before is not None and self.sent_at is None and time.monotonic() >= self.send_before:
            self.too_late = True
            raise TooLate

    def timing(self) -> Timing:
        """Where the time went, as far as it came."""
        return Timing(self.queue_seconds, self.connect_seconds, self.first_byte_seconds)


#: The marks of the try that runs in this task; absent outside ``connectors.http.post``.
MARKS: ContextVar[Marks] = ContextVar("wire_marks")


def trace_config() -> aiohttp.TraceConfig:
    """The hooks. Each finds its marks by the context, since httpx hands nothing down to aiohttp."""
    config = aiohttp.TraceConfig()
    config.on_connection_queued_start.append(_queued)
    config.on_connection_queued_end.append(_unqueued)
    config.on_connection_create_start.append(_connecting)
    config.on_connection_create_end.append(_connected)
    config.on_connection_reuseconn.append(_reused)
    config.on_request_headers_sent.append(_about_to_write)
    config.on_request_chunk_sent.append(_writing)
    config.on_request_end.append(_answered)
    return config


async def _queued(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:  # noqa: ANN401
    if marks := MARKS.get(None):
        marks.queued_at = time.monotonic()


async def _unqueued(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:  # noqa: ANN401
    marks = MARKS.get(None)
    if marks and marks.queued_at is not None:
        marks.queue_seconds = time.monotonic() - marks.queued_at


async def _connecting(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:  # noqa: ANN401
    if marks := MARKS.get(None):
        marks.connecting_at = time.monotonic()
        marks.queue_seconds = marks.queue_seconds or 0.0


async def _connected(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:  # noqa: ANN401
    marks = MARKS.get(None)
    if marks and marks.connecting_at is not None:
        marks.connect_seconds = time.monotonic() - marks.connecting_at


async def _reused(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:  # noqa: ANN401
    if marks := MARKS.get(None):
        marks.queue_seconds, marks.connect_seconds = marks.queue_seconds or 0.0, 0.0


async def _about_to_write(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:  # noqa: ANN401
    # The head is kept back until there is a piece of body to go with it; raising here closes the connection at once.
    if marks := MARKS.get(None):
        marks.check()


async def _writing(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:  # noqa: ANN401
    # Runs in the task that writes, after whatever else the loop had to do, directly before the socket.
    if marks := MARKS.get(None):
        marks.check()
        marks.sent_at = time.monotonic()


async def _answered(_session: aiohttp.ClientSession, _context: SimpleNamespace, _params: Any) -> None:  # noqa: ANN401
    marks = MARKS.get(None)
    if marks and marks.sent_at is not None:
        marks.first_byte_seconds = time.monotonic() - marks.sent_at
