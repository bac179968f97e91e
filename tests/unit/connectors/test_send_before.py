"""Nothing leaves the house after its time, and where the time of a call went."""

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from connectors import wiretimes
from connectors.base import Timing
from connectors.deadline import SEND_BEFORE
from connectors.http import NotSent, Reply, build_client, post
from connectors.wiretimes import Marks, TooLate
from tests.bounds import AMPLE_SECONDS
from tests.unit.connectors.test_http import BODY, TRANSPORTS, Transport, Visit, bounded, calling, serving

ROOT = Path(__file__).parents[3]


async def _answer(visit: Visit) -> None:
    while True:
        await visit.read_request()
        await visit.answer(b"done")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_what_is_too_late_is_not_sent_and_not_tried_again(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, looks = bounded(transport), 0
    check = Marks.check

    def counted(marks: Marks) -> None:
        nonlocal looks
        looks += 1
        check(marks)

    monkeypatch.setattr(Marks, "check", counted)
    async with serving(_answer) as server, build_client(settings) as client:
        late = await post(client, settings, server.url, content=BODY, headers={}, send_before=time.monotonic())
        assert isinstance(late, NotSent)
        assert (late.reason, server.visits, server.requests) == ("too_late_to_send", 0, [])
        assert looks == 1, "a second try would have looked at the clock again"
        in_time = await post(client, settings, server.url, content=BODY, headers={}, send_before=time.monotonic() + 60)
        assert isinstance(in_time, Reply)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_the_earlier_of_two_bounds_counts(transport: Transport) -> None:
    settings = bounded(transport)
    async with serving(_answer) as server, build_client(settings) as client:
        token = SEND_BEFORE.set(time.monotonic() - 1)
        late = await post(client, settings, server.url, content=BODY, headers={}, send_before=time.monotonic() + 60)
        SEND_BEFORE.reset(token)
        assert isinstance(late, NotSent)
        assert late.reason == "too_late_to_send"
        assert isinstance(await post(client, settings, server.url, content=BODY, headers={}), Reply)
        assert len(server.requests) == 1


@pytest.mark.parametrize("looks", [1, 2])
async def test_the_last_look_is_just_before_the_first_byte(monkeypatch: pytest.MonkeyPatch, looks: int) -> None:
    """Time runs out after one look (before the call) or two (before the head): not a byte is written."""
    settings, seen = bounded("aiohttp"), 0
    check = Marks.check

    def checked(marks: Marks) -> None:
        nonlocal seen
        seen += 1
        if seen > looks:
            marks.send_before = 0.0
        check(marks)

    async with serving(_answer) as server, build_client(settings) as client:
        # A kept connection: there is no handshake in which time could be noticed.
        assert isinstance(await post(client, settings, server.url, content=BODY, headers={}), Reply)
        monkeypatch.setattr(Marks, "check", checked)
        late = await post(client, settings, server.url, content=BODY, headers={}, send_before=time.monotonic() + 60)
        assert isinstance(late, NotSent), late
        assert (late.reason, seen) == ("too_late_to_send", looks + 1)
        monkeypatch.undo()
        # The connection that was given up did harm to nobody.
        assert isinstance(await post(client, settings, server.url, content=BODY, headers={}), Reply)
    assert [request[:4] for request in server.requests] == [b"POST"] * 2


def test_a_byte_that_is_written_cannot_be_called_back() -> None:
    marks = Marks(send_before=time.monotonic() - 1, sent_at=time.monotonic() - 2)
    marks.check()
    assert not marks.too_late
    with pytest.raises(TooLate):
        Marks(send_before=time.monotonic() - 1).check()


ZOMBIE = """
import asyncio, sys, time
from connectors.deadline import SEND_BEFORE
from connectors.http import HttpSettings, build_client, post

async def main(url):
    settings = HttpSettings(max_connections=1, pool_seconds=30.0, tries_max=1)
    client = build_client(settings)
    first = asyncio.ensure_future(post(client, settings, url, content=b"first", headers={}))
    await asyncio.sleep(0.2)
    SEND_BEFORE.set(time.monotonic() + 0.6)
    second = asyncio.ensure_future(post(client, settings, url, content=b"second", headers={}))
    await asyncio.sleep(0.1)
    print("ready", flush=True)
    print((await first).status, flush=True)
    print((await second).reason, flush=True)
    await client.aclose()

asyncio.run(main(sys.argv[1]))
"""


async def test_a_process_that_was_stopped_past_its_lease_sends_nothing_when_it_goes_on() -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def handler(visit: Visit) -> None:
        await visit.read_request()
        arrived.set()
        await release.wait()
        await visit.answer(b"done")
        await visit.read_request()

    async with serving(handler) as server:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", ZOMBIE, server.url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        try:
            async with asyncio.timeout(AMPLE_SECONDS):
                assert await child.stdout.readline() == b"ready\n"
                await arrived.wait()
                os.kill(child.pid, signal.SIGSTOP)
                await asyncio.sleep(0.8)
                release.set()
                os.kill(child.pid, signal.SIGCONT)
                assert (await child.stdout.readline(), await child.stdout.readline()) == (
                    b"200\n",
                    b"too_late_to_send\n",
                )
                await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    assert [request.endswith(b"first") for request in server.requests] == [True]


async def test_the_time_of_a_call_is_told_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    arrived, queued, release = asyncio.Event(), asyncio.Event(), asyncio.Event()
    begin_to_wait = wiretimes._queued

    async def told(*given: Any) -> None:
        await begin_to_wait(*given)
        queued.set()

    async def handler(visit: Visit) -> None:
        await visit.read_request()
        arrived.set()
        await release.wait()
        await visit.answer(b"done")
        await visit.read_request()
        await asyncio.sleep(0.1)
        await visit.answer(b"done")

    monkeypatch.setattr(wiretimes, "_queued", told)
    async with serving(handler) as server, calling(bounded("aiohttp", max_connections=1)) as call:
        first = asyncio.ensure_future(call(server.url))
        await arrived.wait()
        second = asyncio.ensure_future(call(server.url))
        await queued.wait()
        await asyncio.sleep(0.2)
        release.set()
        one, two = (await first).timing, (await second).timing
    assert one.queue_seconds == 0.0
    assert one.connect_seconds is not None
    assert one.connect_seconds > 0
    assert one.first_byte_seconds is not None
    assert one.first_byte_seconds >= 0.2
    assert two.queue_seconds is not None
    assert two.queue_seconds >= 0.15
    assert two.connect_seconds == 0.0
    assert two.first_byte_seconds is not None
    assert two.first_byte_seconds >= 0.1
    assert two.queue_seconds + two.first_byte_seconds <= (await second).elapsed_seconds, "a part was counted twice"


async def test_of_a_call_that_found_no_connection_only_the_wait_is_told() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        async with calling(bounded("aiohttp", tries_max=1)) as call:
            result = await call(url)
    assert isinstance(result, NotSent)
    assert result.timing == Timing(0.0, None, None)


async def test_of_another_transport_the_parts_are_not_known() -> None:
    async with serving(_answer) as server, calling(bounded("httpx")) as call:
        assert (await call(server.url)).timing == Timing()


async def test_a_large_body_is_sent_whole() -> None:
    async def handler(visit: Visit) -> None:
        await visit.read_request()
        await visit.answer(b"done")

    settings = bounded("aiohttp")
    async with serving(handler) as server, build_client(settings) as client:
        content = b"x" * 900_000
        until = time.monotonic() + AMPLE_SECONDS
        result = await post(client, settings, server.url, content=content, headers={}, send_before=until)
    assert isinstance(result, Reply)
    assert server.requests[0].endswith(content)
