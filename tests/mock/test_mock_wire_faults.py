"""Faults that only a real socket shows: refusals, resets, halves, drips, and silence."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.bounds import AMPLE_SECONDS, BRIEF_SECONDS
from tests.mock.support import FORWARD, PROVIDER, Portal, a_code, a_dossier, come_to_fire, running

BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
PUSH = {"service": "DongBoHoSoMC"}


@pytest_asyncio.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Portal]:
    async with running(tmp_path / "m.sqlite3") as mock, mock.client() as client:
        portal = Portal(client)
        await portal.log_in()
        yield portal


async def held(portal: Portal) -> list[str]:
    """The codes in the ledger."""
    return [line["dossier"] for line in await portal.ledger()]


async def come_to_hold(portal: Portal, code: str) -> None:
    """Wait until it is in the ledger."""
    async with asyncio.timeout(AMPLE_SECONDS):
        while code not in await held(portal):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)


async def leaves_in_silence(portal: Portal, serial: int, wait_seconds: float) -> bool:
    """Send an insert, and leave so long after the mock has begun with it; whether no answer came before.

    Every insert so far has had a fault.
    """
    url, headers = f"{FORWARD}/integration", {"dstcode": PROVIDER}
    call = asyncio.ensure_future(portal.client.post(url, content=push(portal, serial), headers=headers))
    await come_to_fire(portal.client, serial)
    await asyncio.wait([call], timeout=wait_seconds)
    call.cancel()
    await asyncio.wait([call])
    return call.cancelled()


async def raw(portal: Portal, body: bytes, *, end: bytes | None = None) -> tuple[bytes, BaseException | None]:
    """What the socket gives until its end or error."""
    url = portal.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = (
        f"POST {FORWARD}/integration HTTP/1.1\r\nHost: x\r\ndstcode: {PROVIDER}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + (body if end is None else end))
    got = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(65536), AMPLE_SECONDS):
            got += chunk
    except OSError as error:
        return got, error
    else:
        return got, None
    finally:
        writer.close()


def push(portal: Portal, serial: int = 1) -> bytes:
    """The body of an insert."""
    body = {"session": portal.session, "madonvi": "H15", **PUSH, "isUpdating": "False", "data": [a_dossier(serial)]}
    return json.dumps(body).encode()


@pytest.mark.asyncio
@pytest.mark.parametrize("narrow", [{}, PUSH])
async def test_nobody_listens_for_a_while_and_then_on_the_same_port(wire: Portal, narrow: dict[str, str]) -> None:
    url = wire.client.base_url
    started = time.monotonic()
    await wire.arm(system="portal", kind="connection_refused", delay_ms=700, **narrow)
    if narrow:
        with pytest.raises(BROKEN):
            await wire.insert(a_dossier())
    refused, listens = 0, False
    async with asyncio.timeout(AMPLE_SECONDS):
        while not listens:
            try:
                _, writer = await asyncio.open_connection(url.host, url.port)
            except ConnectionRefusedError:
                refused += 1
            else:
                writer.close()
                listens = refused > 0  # the admin answer goes out before the door is shut
            await asyncio.sleep(0.02)
    assert time.monotonic() - started >= 0.7
    assert (await wire.insert(a_dossier()))["error_code"] == "0"
    assert (await wire.client.get("/__admin/fired")).json()["by_kind"] == {"connection_refused": 1}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "applied"),
    [
        ({"kind": "reset_before"}, False),
        ({"kind": "reset_before", **PUSH}, False),
        ({"kind": "reset_during"}, False),
        ({"kind": "reset_after"}, True),
    ],
)
async def test_a_reset_is_one_on_the_wire(wire: Portal, fault: dict[str, str], *, applied: bool) -> None:
    await wire.arm(system="portal", **fault)
    got, error = await raw(wire, push(wire))
    assert got == b""
    assert isinstance(error, ConnectionResetError)
    assert bool(await held(wire)) is applied


@pytest.mark.asyncio
async def test_a_reset_comes_before_and_during_the_body(wire: Portal) -> None:
    body = push(wire)
    await wire.arm(system="portal", kind="reset_before")
    assert isinstance((await raw(wire, body, end=b""))[1], ConnectionResetError)
    await wire.arm(system="portal", kind="reset_during")
    assert isinstance((await raw(wire, body, end=body[:100]))[1], ConnectionResetError)
    assert await held(wire) == []


@pytest.mark.asyncio
async def test_a_lost_answer_ends_without_a_byte_and_is_applied(wire: Portal) -> None:
    await wire.arm(system="portal", kind="lost_answer")
    got, _ = await raw(wire, push(wire))
    assert got == b""
    assert len(await held(wire)) == 1


@pytest.mark.asyncio
async def test_half_an_answer_then_a_reset(wire: Portal) -> None:
    await wire.arm(system="portal", kind="reset_during", applied=True)
    got, error = await raw(wire, push(wire))
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
    assert len(body) == length // 2
    assert isinstance(error, ConnectionResetError)
    assert len(await held(wire)) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("narrow", [{}, PUSH])
@pytest.mark.parametrize("applied", [True, False])
async def test_a_slow_accept_takes_a_call_whose_client_has_gone_only_when_told(
    wire: Portal, narrow: dict[str, str], *, applied: bool
) -> None:
    # Long enough to leave before it is over: on a busy machine the shortest may not be.
    for serial, delay_seconds in enumerate((0.6, 6.0, 30.0), 1):
        delay_ms = round(delay_seconds * 1000)
        await wire.arm(system="portal", kind="slow_accept", delay_ms=delay_ms, applied=applied, **narrow)
        started = time.monotonic()
        if await leaves_in_silence(wire, serial, 0.1):
            break
    at_first = await held(wire)
    # A look that comes after the delay says nothing of it.
    assert a_code(serial) not in at_first or time.monotonic() - started >= delay_seconds
    if applied:
        await come_to_hold(wire, a_code(serial))
        assert time.monotonic() - started >= delay_seconds
    else:
        await asyncio.sleep(delay_seconds + 0.2)  # that nothing comes can only be seen by waiting
        assert a_code(serial) not in await held(wire)
    assert (await wire.insert(a_dossier(9)))["error_code"] == "0"


@pytest.mark.asyncio
async def test_a_slow_accept_answers_who_waits(wire: Portal) -> None:
    await wire.arm(system="portal", kind="slow_accept", delay_ms=300)
    started = time.monotonic()
    assert (await wire.insert(a_dossier()))["error_code"] == "0"
    assert time.monotonic() - started >= 0.3
    (call,) = (await wire.client.get("/__admin/calls?limit=1")).json()["calls"]
    assert call["fault"] == "slow_accept"


@pytest.mark.asyncio
@pytest.mark.parametrize("applied", [True, False])
async def test_silence_before_or_after_the_call_was_applied(wire: Portal, *, applied: bool) -> None:
    await wire.arm(system="portal", kind="hang", applied=applied)
    assert await leaves_in_silence(wire, 1, BRIEF_SECONDS)
    if applied:
        await come_to_hold(wire, a_code(1))
    else:
        assert await held(wire) == []
