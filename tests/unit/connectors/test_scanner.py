"""The scanner's connector against a small clamd written from its manual page: only its own "OK" is clean."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Health
from connectors.scanner import (
    ClamdScanner,
    Clean,
    Infected,
    ScannerSettings,
    ScanOutcome,
    TooLargeToScan,
    Unavailable,
    _read,
)
from connectors.testing_documents import EICAR, FakeScanner
from tests.bounds import AMPLE_SECONDS
from tests.unit.connectors.test_http import closed_port

AMPLE = {"connect_seconds": AMPLE_SECONDS, "total_seconds": AMPLE_SECONDS}
BAD = b"an innocent beginning, then " + EICAR
LIMIT = b"INSTREAM size limit exceeded. ERROR\0"


@dataclass
class Clamd:
    """clamd as clamd(8) tells of it: commands that end in NUL, chunks with a length of four bytes before each."""

    address: str = ""
    stream_max: int = 10_000_000
    streams: list[bytes] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    #: Answers a stream instead of its own verdict.
    verdict: bytes | None = None
    #: What a connection meets instead of clamd.
    manners: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None = None

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.manners is not None:
                await self.manners(reader, writer)
            else:
                await self._obey(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = await reader.readuntil(b"\0")
        if command == b"zPING\0":
            writer.write(b"PONG\0")
        elif command == b"zINSTREAM\0":
            writer.write(await self._stream(reader))
        else:
            writer.write(b"UNKNOWN COMMAND\0")

    async def _stream(self, reader: asyncio.StreamReader) -> bytes:
        data = b""
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            if len(data) + length > self.stream_max:
                return LIMIT
            data += await reader.readexactly(length)
            self.chunks.append(length)
        self.streams.append(data)
        if self.verdict is not None:
            return self.verdict
        return b"stream: Eicar-Signature FOUND\0" if EICAR in data else b"stream: OK\0"


@asynccontextmanager
async def listening(path: Path | None = None) -> AsyncIterator[Clamd]:
    """A clamd on a free port, or on a Unix socket."""
    clamd, tasks = Clamd(), set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        tasks.add(task)
        await clamd.meet(reader, writer)

    if path is None:
        server = await asyncio.start_server(meet, "127.0.0.1", 0)
        clamd.address = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server = await asyncio.start_unix_server(meet, path)
        clamd.address = f"unix://{path}"
    try:
        yield clamd
    finally:
        server.close()
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*[task for task in tasks if task is not None], return_exceptions=True)


def scanner(clamd: Clamd, **changes: float | None) -> ClamdScanner:
    return ClamdScanner(ScannerSettings(clamd.address, **{**AMPLE, **changes}))  # type: ignore[arg-type]


async def scan(clamd: Clamd, content: bytes, **changes: float | None) -> ScanOutcome:
    return await scanner(clamd, **changes).scan(io.BytesIO(content))


@pytest.mark.parametrize("by_path", [False, True])
async def test_a_clean_file_and_a_bad_one_over_both_kinds_of_socket(tmp_path: Path, *, by_path: bool) -> None:
    async with listening(tmp_path / "clamd.sock" if by_path else None) as clamd:
        assert await scan(clamd, b"innocent") == Clean()
        assert await scan(clamd, BAD) == Infected("Eicar-Signature")
        assert await scan(clamd, b"") == Clean()
        assert clamd.streams == [b"innocent", BAD, b""]


async def test_a_file_goes_whole_from_its_start_in_bounded_chunks() -> None:
    content = bytes(range(256)) * 5000
    file = io.BytesIO(content)
    file.seek(700)
    async with listening() as clamd:
        assert await scanner(clamd, chunk_bytes=100_000).scan(file) == Clean()
        assert clamd.streams == [content]
        assert max(clamd.chunks) == 100_000
        assert len(clamd.chunks) == 13


async def test_many_files_at_once_each_have_their_own_verdict() -> None:
    async with listening() as clamd:
        ours = scanner(clamd)
        files = [io.BytesIO(BAD if number % 3 == 0 else b"%d" % number) for number in range(30)]
        found = await asyncio.gather(*[ours.scan(file) for file in files])
    assert [isinstance(outcome, Infected) for outcome in found] == [number % 3 == 0 for number in range(30)]


async def test_a_stream_over_the_scanners_limit_is_neither_clean_nor_infected() -> None:
    async with listening() as clamd:
        clamd.stream_max = 1000
        found = await scan(clamd, b"x" * 1001)
        assert found == TooLargeToScan("INSTREAM size limit exceeded. ERROR")
        assert await scan(clamd, b"x" * 1000) == Clean()


async def test_a_limit_that_is_known_is_kept_without_asking() -> None:
    async with listening() as clamd:
        assert isinstance(await scan(clamd, b"x" * 1001, stream_bytes_max=1000), TooLargeToScan)
        assert clamd.chunks == []
        assert await scan(clamd, b"x" * 1000, stream_bytes_max=1000) == Clean()


async def test_the_answer_to_a_long_stream_is_heard_while_the_rest_is_still_to_be_sent() -> None:
    """The scanner hangs up in the middle: the reason must not be lost in the broken pipe."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100_000)
        writer.write(LIMIT)
        await writer.drain()
        # Until the client notices and goes away; what it sends more is not read.
        await writer.wait_closed()

    async with listening() as clamd:
        clamd.manners = refuse
        file = _Endless()
        found = await scanner(clamd).scan(file)
    assert isinstance(found, TooLargeToScan)
    assert file.given < 100_000_000


class _Endless(io.RawIOBase, BinaryIO):
    """A file of a size that no test could send."""

    def __init__(self) -> None:
        super().__init__()
        self.given = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        return 10**12 if whence else offset

    def read(self, size: int = -1) -> bytes:
        self.given += size
        return b"x" * size


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"stream: Can't allocate memory ERROR\0", Unavailable("scanner_error", "stream: Can't allocate memory ERROR")),
        (b"COMMAND READ TIMED OUT\0", Unavailable("bad_reply", "COMMAND READ TIMED OUT")),
        (b"stream: ok\0", Unavailable("bad_reply", "stream: ok")),
        (b"OK\0", Unavailable("bad_reply", "OK")),
        (b"\0", Unavailable("bad_reply", "")),
        (b"stream: OK", Unavailable("connection_lost", "stream: OK")),
        (b"", Unavailable("connection_lost", "")),
        (b"x" * 10_000 + b"\0", Unavailable("bad_reply", "an answer without end")),
        (b"stream: Win.Test FOUND OK\0", Unavailable("bad_reply", "stream: Win.Test FOUND OK")),
        (b"stream: A \xff\x1b[31m FOUND\0", Infected("A ??[31m")),
        (b"stream: " + b"N" * 3000 + b" FOUND\0", Infected("N" * 200)),
    ],
)
async def test_what_is_no_verdict_is_never_clean(answer: bytes, expected: ScanOutcome) -> None:
    async with listening() as clamd:
        clamd.verdict = answer
        assert await scan(clamd, b"innocent") == expected


async def test_a_verdict_before_the_end_of_the_file_is_not_believed() -> None:
    async def hasty(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"stream: OK\0")
        await writer.drain()
        await writer.wait_closed()

    async with listening() as clamd:
        clamd.manners = hasty
        found = await scanner(clamd).scan(_Endless())
    assert found == Unavailable("bad_reply", "a verdict before the end of the file")


async def test_a_cut_connection_a_silence_and_nobody_home_have_their_names() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.transport.abort()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening() as clamd:
        clamd.manners = cut
        found = await scan(clamd, b"x" * 1_000_000)
        assert isinstance(found, Unavailable)
        assert found.reason == "connection_lost"
        clamd.manners = silent
        found = await scan(clamd, b"innocent", total_seconds=0.2)
        assert found == Unavailable("timeout", "no answer within 0.2 s")
    for address in (f"tcp://127.0.0.1:{closed_port()}", "tcp://nowhere.invalid:3310", "unix:///nowhere/clamd.sock"):
        found = await ClamdScanner(ScannerSettings(address)).scan(io.BytesIO(b"x"))
        assert isinstance(found, Unavailable)
        assert found.reason == "no_connection"


async def test_a_socket_that_breaks_while_the_file_goes_out_is_a_lost_connection() -> None:
    gone = asyncio.Event()

    async def go_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        gone.set()

    class Slow(_Endless):
        """Its next piece comes when the scanner has gone."""

        def read(self, size: int = -1) -> bytes:
            asyncio.run_coroutine_threadsafe(gone.wait(), loop).result(AMPLE_SECONDS)
            return super().read(min(size, 1000)) if self.given < 5_000_000 else b""

    loop = asyncio.get_running_loop()
    async with listening() as clamd:
        clamd.manners = go_away
        found = await scanner(clamd).scan(Slow())
    assert isinstance(found, Unavailable)
    assert found.reason == "connection_lost"


async def test_a_file_that_cannot_be_read_is_our_own_fault() -> None:
    class Torn(_Endless):
        def read(self, size: int = -1) -> bytes:
            message = f"cannot read {size} bytes"
            raise OSError(message)

    async with listening() as clamd:
        with pytest.raises(OSError, match="cannot read"):
            await scanner(clamd).scan(Torn())


async def test_whether_it_is_there_is_asked_with_ping() -> None:
    async with listening() as clamd:
        assert await scanner(clamd).check() == Health(reachable=True, detail="PONG")
    nobody = await scanner(clamd).check()
    assert not nobody.reachable
    assert nobody.detail.startswith("no_connection: ")


@pytest.mark.parametrize(
    "address",
    ["", "127.0.0.1:3310", "tcp://host", "tcp://:3310", "tcp://h:1/x", "unix://clamd.sock", "http://h:1", "unix://"],
)
def test_another_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="tcp://host:port or unix:///path"):
        ScannerSettings(address)


@given(st.text(max_size=60) | st.text("stream: OKFUNDER\n ", max_size=30))
def test_only_one_text_in_the_world_is_clean(answer: str) -> None:
    assert isinstance(_read(answer), Clean) is (answer == "stream: OK")


async def test_the_fake_finds_what_clamd_finds() -> None:
    fake = FakeScanner()
    assert await fake.scan(io.BytesIO(BAD)) == Infected("Eicar-Signature")
    assert await fake.scan(io.BytesIO(b"innocent")) == Clean()
    fake.outcomes.append(Unavailable("timeout"))
    assert await fake.scan(io.BytesIO(b"innocent")) == Unavailable("timeout")
    assert (fake.scans, (await fake.check()).reachable) == (3, True)
