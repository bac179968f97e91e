"""A published link lives only when the very file stands behind it; everything else has its name."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from connectors.deadline import SEND_BEFORE
from connectors.http import build_client
from connectors.links import Dead, LinkProber, LinkState, Live, NotProbed
from connectors.testing_documents import FakeProber
from tests.publishing import Published, Publisher, publishing
from tests.unit.connectors.test_http import TRANSPORTS, Transport, Visit, bounded, closed_port, serving

CONTENT = b"%PDF-1.7 " + b"result " * 20_000
FILE = Published(CONTENT)
OTHER = "0" * 64


@pytest_asyncio.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with publishing() as found:
        yield found


@pytest_asyncio.fixture(params=TRANSPORTS)
async def prober(request: pytest.FixtureRequest) -> AsyncIterator[LinkProber]:
    transport: Transport = request.param
    settings = bounded(transport, tries_max=1)
    found = LinkProber(build_client(settings), settings)
    yield found
    await found.aclose()


async def look(prober: LinkProber, url: str, file: Published = FILE) -> LinkState:
    return await prober.probe(url, file.sha256, len(file.content))


async def test_a_link_with_the_file_behind_it_costs_one_byte(publisher: Publisher, prober: LinkProber) -> None:
    found = await look(prober, publisher.publish("a", FILE))
    assert isinstance(found, Live)
    assert not found.whole
    assert publisher.ranges == ["bytes=0-0"]


async def test_a_server_that_knows_no_ranges_is_read_whole(publisher: Publisher, prober: LinkProber) -> None:
    found = await look(prober, publisher.publish("a", replace(FILE, ranges=False, headers={"ETag": None})))
    assert isinstance(found, Live)
    assert found.whole


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (replace(FILE, status=404), "http_404"),
        (replace(FILE, status=410), "http_410"),
        (replace(FILE, status=403), "http_403"),
        (replace(FILE, status=500), "http_500"),
        (replace(FILE, status=204, content=b""), "http_204"),
        (replace(FILE, status=302, headers={"Location": "/files/b"}), "http_302"),
        (replace(FILE, claimed=len(CONTENT) - 1), "wrong_size"),
        (replace(FILE, headers={"ETag": f'"{OTHER}"'}), "wrong_file"),
        (replace(FILE, headers={"ETag": f'W/"{FILE.sha256}"'}), "wrong_file"),
        (replace(FILE, headers={"ETag": None}), "no_etag"),
        (replace(FILE, headers={"Content-Range": None}), "bad_range"),
        (replace(FILE, headers={"Content-Range": f"bytes 1-1/{len(CONTENT)}"}), "bad_range"),
        (replace(FILE, headers={"Content-Range": "bytes 0-0/*"}), "bad_range"),
        (replace(FILE, status=206, ranges=False, headers={"Content-Range": f"bytes 0-0/{len(CONTENT)}"}), "bad_range"),
        (replace(FILE, ranges=False, content=CONTENT[:-1]), "wrong_size"),
        (replace(FILE, ranges=False, content=CONTENT + b"."), "wrong_size"),
        (replace(FILE, ranges=False, content=CONTENT[:-1] + b"."), "wrong_file"),
        (replace(FILE, ranges=False, cuts=True), "connection_lost"),
    ],
)
async def test_every_other_answer_is_a_dead_link_with_a_name(
    publisher: Publisher, prober: LinkProber, file: Published, reason: str
) -> None:
    publisher.publish("b", FILE)
    found = await look(prober, publisher.publish("a", file))
    assert isinstance(found, Dead), found
    assert found.reason == reason
    assert found.detail
    assert publisher.asked["b"] == 0


async def test_a_long_error_page_is_not_read_and_not_taken_for_a_long_file(
    publisher: Publisher, prober: LinkProber
) -> None:
    small = Published(b"x")
    found = await look(prober, publisher.publish("a", Published(b"<html>" * 50_000, status=404)), small)
    assert found == Dead("http_404", "HTTP 404")


async def test_an_endless_file_is_given_up_at_the_size_that_it_should_have(prober: LinkProber) -> None:
    async def endless(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        visit.writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            visit.writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await visit.writer.drain()

    async with serving(endless) as server:
        found = await look(prober, server.url)
    assert isinstance(found, Dead)
    assert found.reason == "wrong_size"


async def test_silence_is_dead_in_time(publisher: Publisher, prober: LinkProber) -> None:
    prober.settings = replace(prober.settings, total_seconds=0.3)
    found = await look(prober, publisher.publish("a", replace(FILE, hangs=True)))
    assert isinstance(found, Dead)
    assert found.reason == "timeout"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://nowhere.invalid/files/a", "no_connection"),
        ("http://127.0.0.1:CLOSED/files/a", "no_connection"),
        (f"http://{'a' * 70}.invalid/", "no_connection"),
        ("http://a..invalid/", "no_connection"),
        ("http://[", "no_connection"),
        ("ftp://127.0.0.1/a", "bad_address"),
        ("file:///etc/hostname", "bad_address"),
        ("/files/a", "bad_address"),
        ("", "bad_address"),
        ("http://h:port/", "bad_address"),
        ("http://h\0/", "bad_address"),
        ("http:///files/a", "bad_address"),
        ("http://user:pw@127.0.0.1/files/a", "bad_address"),
    ],
)
async def test_what_is_no_address_or_nobody_home_is_dead(prober: LinkProber, url: str, reason: str) -> None:
    # The port is chosen here: the name of a test is the same in every process that collects it.
    found = await look(prober, url.replace("CLOSED", str(closed_port())))
    assert isinstance(found, Dead), found
    assert found.reason == reason


async def test_a_certificate_that_nobody_vouches_for_is_dead(publisher: Publisher, prober: LinkProber) -> None:
    found = await look(prober, publisher.publish("a", FILE).replace("http:", "https:"))
    assert isinstance(found, Dead)
    assert found.reason in {"no_connection", "connection_lost"}


async def test_what_was_not_asked_in_time_is_neither_live_nor_dead(publisher: Publisher, prober: LinkProber) -> None:
    url = publisher.publish("a", FILE)
    token = SEND_BEFORE.set(time.monotonic() - 1)
    try:
        assert await look(prober, url) == NotProbed()
    finally:
        SEND_BEFORE.reset(token)
    assert publisher.asked["a"] == 0
    assert isinstance(await look(prober, url), Live)


async def test_the_fake_finds_alive_what_it_is_not_told_otherwise() -> None:
    fake = FakeProber()
    fake.states["http://h/dead"] = Dead("http_404")
    kinds: list[Callable[[LinkState], bool]] = [lambda s: isinstance(s, Live), lambda s: s == Dead("http_404")]
    for url, fits in zip(("http://h/live", "http://h/dead"), kinds, strict=True):
        assert fits(await fake.probe(url, OTHER, 1))
    assert [url for url, _, _ in fake.probed] == ["http://h/live", "http://h/dead"]
    await fake.aclose()
    assert fake.closed
