"""The virus scanner: clamd's INSTREAM over TCP or a Unix socket (clamd(8), docs.clamav.net/manual/Usage).

One connection a file. clamd hangs up on a stream that is longer than its ``StreamMaxLength`` while the rest is still
on its way, so its answer is listened for from the beginning and not only after the end.

A file above clamd's own ``MaxFileSize`` or ``MaxScanSize`` is told ``OK`` without being looked into, unless
``AlertExceedsMax`` is on: the operator sets those above the largest upload.
"""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from connectors.base import Health

_INSTREAM, _PING = b"zINSTREAM\0", b"zPING\0"
_END = (0).to_bytes(4, "big")
_ANSWER_BYTES_MAX = 4096
_NAME_CHARACTERS_MAX = 200
_FOUND = re.compile(r"stream: (.+) FOUND", re.DOTALL)
_CLEAN, _LIMIT = "stream: OK", "INSTREAM size limit exceeded"
_PLAIN = re.compile(r"[^ -~]")


@dataclass(frozen=True, slots=True)
class ScannerSettings:
    """Where clamd listens: ``tcp://host:port`` or ``unix:///path``; times in seconds.

    ``stream_bytes_max`` is clamd's ``StreamMaxLength`` when it is known: a longer file is not even sent.

    Raises:
        ValueError: the address is neither.
    """

    address: str
    connect_seconds: float = 3.0
    total_seconds: float = 60.0
    chunk_bytes: int = 256 * 1024
    stream_bytes_max: int | None = None

    def __post_init__(self) -> None:
        """Look at the address."""
        parts = urlsplit(self.address)
        is_tcp = parts.scheme == "tcp" and parts.hostname and parts.port and not parts.path.strip("/")
        is_unix = parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/")
        if not is_tcp and not is_unix:
            message = "the scanner's address is tcp://host:port or unix:///path"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Clean:
    """Nothing was found."""


@dataclass(frozen=True, slots=True)
class Infected:
    """The scanner's name of what it found, at most 200 printable characters."""

    name: str


@dataclass(frozen=True, slots=True)
class TooLargeToScan:
    """The file is longer than the scanner takes: it was not looked at."""

    detail: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No verdict: ``no_connection``, ``timeout``, ``connection_lost``, ``scanner_error`` or ``bad_reply``."""

    reason: str
    detail: str = ""


ScanOutcome = Clean | Infected | TooLargeToScan | Unavailable


class Scanner(Protocol):
    """Whoever looks into files before they are taken."""

    async def scan(self, file: BinaryIO) -> ScanOutcome:
        """Look into a file, read from its start. Never raises for what the scanner did.

        Where the file stands afterwards is not promised.
        """

    async def check(self) -> Health:
        """Is the scanner there?"""


@dataclass(frozen=True, slots=True)
class ClamdScanner:
    """A clamd; safe to share between tasks, each call has a connection of its own."""

    settings: ScannerSettings

    async def scan(self, file: BinaryIO) -> ScanOutcome:
        """As in ``Scanner``.

        Raises:
            OSError: the file itself cannot be read.
        """
        limit = self.settings.stream_bytes_max
        size_bytes = await asyncio.to_thread(_rewound, file)
        if limit is not None and size_bytes > limit:
            return TooLargeToScan(f"{size_bytes} bytes, and the scanner takes {limit}")
        answer = await self._ask(_INSTREAM, file)
        return _read(answer) if isinstance(answer, str) else answer

    async def check(self) -> Health:
        """As in ``Scanner``: PING."""
        answer = await self._ask(_PING, None)
        if isinstance(answer, Unavailable):
            return Health(reachable=False, detail=f"{answer.reason}: {answer.detail}")
        return Health(reachable=answer == "PONG", detail=_shown(answer))

    async def _ask(self, command: bytes, file: BinaryIO | None) -> str | Unavailable:
        try:
            async with asyncio.timeout(self.settings.total_seconds):
                try:
                    async with asyncio.timeout(self.settings.connect_seconds):
                        reader, writer = await self._connect()
                except (OSError, TimeoutError) as error:
                    return Unavailable("no_connection", str(error) or "no connection in time")
                return await self._converse(reader, writer, command, file)
        except TimeoutError:
            return Unavailable("timeout", f"no answer within {self.settings.total_seconds:g} s")

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self.settings.address)
        if parts.scheme == "unix":
            return await asyncio.open_unix_connection(parts.path, limit=_ANSWER_BYTES_MAX)
        return await asyncio.open_connection(parts.hostname, parts.port, limit=_ANSWER_BYTES_MAX)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: bytes, file: BinaryIO | None
    ) -> str | Unavailable:
        listening = asyncio.ensure_future(_listen(reader))
        whole = False
        try:
            # That it hung up while we were sending says less than what it said before.
            with suppress(ConnectionError):
                await _send(writer, command)
                whole = file is None or await self._stream(writer, file, listening)
            answer = await listening
        finally:
            listening.cancel()
            writer.transport.abort()
        if answer == _CLEAN and not whole:
            return Unavailable("bad_reply", "a verdict before the end of the file")
        return answer

    async def _stream(
        self, writer: asyncio.StreamWriter, file: BinaryIO, listening: "asyncio.Future[str | Unavailable]"
    ) -> bool:
        """Send the file; False when there was an answer before its end."""
        while chunk := await asyncio.to_thread(file.read, self.settings.chunk_bytes):
            if listening.done():
                return False
            await _send(writer, len(chunk).to_bytes(4, "big") + chunk)
        if listening.done():
            return False
        await _send(writer, _END)
        return True


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    try:
        writer.write(data)
        await writer.drain()
    except OSError as error:
        # One kind of error for the socket, so that one of the file is not taken for it.
        raise ConnectionError(str(error)) from error


def _rewound(file: BinaryIO) -> int:
    """Set a file to its start; its length in bytes."""
    size_bytes = file.seek(0, 2)
    file.seek(0)
    return size_bytes


async def _listen(reader: asyncio.StreamReader) -> str | Unavailable:
    try:
        answer = await reader.readuntil(b"\0")
    except asyncio.IncompleteReadError as error:
        return Unavailable("connection_lost", _shown(error.partial.decode(errors="replace")))
    except asyncio.LimitOverrunError:
        return Unavailable("bad_reply", "an answer without end")
    except OSError as error:
        return Unavailable("connection_lost", str(error))
    return answer[:-1].decode(errors="replace").strip()


def _read(answer: str) -> ScanOutcome:
    if answer == _CLEAN:
        return Clean()
    found = _FOUND.fullmatch(answer)
    if found:
        return Infected(_shown(found[1]))
    if answer.startswith(_LIMIT):
        return TooLargeToScan(_shown(answer))
    reason = "scanner_error" if answer.endswith("ERROR") else "bad_reply"
    return Unavailable(reason, _shown(answer))


def _shown(text: str) -> str:
    return _PLAIN.sub("?", text)[:_NAME_CHARACTERS_MAX]
