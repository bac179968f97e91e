"""``connectors.http.get``: the same values as for ``post``, and a body that may go elsewhere."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from connectors.http import NoAnswer, NotSent, Reply, build_client, get
from tests.publishing import Published, publishing
from tests.unit.connectors.test_http import TRANSPORTS, Transport, Visit, bounded, closed_port, serving

pytestmark = pytest.mark.parametrize("transport", TRANSPORTS)


@dataclass
class Basin:
    """Takes what comes, if it is wanted."""

    wanted: bool = True
    statuses: list[int] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        assert all(name == name.lower() for name in headers)
        self.statuses.append(status)
        return self.wanted

    def take(self, piece: bytes) -> None:
        self.pieces.append(piece)


async def test_a_get_carries_headers_and_query_and_no_body(transport: Transport) -> None:
    requests: list[bytes] = []

    async def handler(visit: Visit) -> None:
        requests.append(await visit.reader.readuntil(b"\r\n\r\n"))
        await visit.answer("được".encode())

    settings = bounded(transport)
    async with serving(handler) as server, build_client(settings) as client:
        result = await get(client, settings, server.url, headers={"X-Test": "1"}, params={"a": "b"})
    assert isinstance(result, Reply)
    assert (result.status, result.text) == (200, "được")
    (request,) = requests
    assert request.startswith(b"GET /?a=b HTTP/1.1\r\n")
    assert b"x-test: 1\r\n" in request.lower()
    assert b"content-length" not in request.lower()


async def test_a_body_goes_to_its_sink_and_nowhere_else(transport: Transport) -> None:
    content = bytes(range(256)) * 2000
    settings = bounded(transport)
    async with publishing() as publisher, build_client(settings) as client:
        basin, unwanted = Basin(), Basin(wanted=False)
        url = publisher.publish("a", Published(content))
        result = await get(client, settings, url, headers={}, sink=basin)
        unread = await get(client, settings, url, headers={}, sink=unwanted)
        again = await get(client, settings, url, headers={})
    assert isinstance(result, Reply)
    assert (result.text, b"".join(basin.pieces), basin.statuses) == ("", content, [200])
    assert isinstance(unread, Reply)
    assert (unread.status, unread.text, unwanted.pieces, unwanted.statuses) == (200, "", [], [200])
    assert isinstance(again, Reply)
    assert again.text


@pytest.mark.parametrize("with_sink", [True, False])
async def test_a_body_is_bounded_with_and_without_a_sink(transport: Transport, *, with_sink: bool) -> None:
    async with publishing() as publisher:
        url = publisher.publish("a", Published(b"x" * 5000))
        for limit, expected in ((4999, NoAnswer), (5000, Reply)):
            settings = bounded(transport, answer_bytes_max=limit)
            async with build_client(settings) as client:
                sink = Basin() if with_sink else None
                assert type(await get(client, settings, url, headers={}, sink=sink)) is expected


async def test_nobody_home_is_not_sent_and_too_late_is_too_late(transport: Transport) -> None:
    settings = bounded(transport, tries_max=2)
    async with publishing() as publisher, build_client(settings) as client:
        nobody = await get(client, settings, f"http://127.0.0.1:{closed_port()}/", headers={})
        late = await get(client, settings, publisher.url("a"), headers={}, send_before=time.monotonic())
        assert isinstance(nobody, NotSent)
        assert nobody.reason == "no_connection"
        assert isinstance(late, NotSent)
        assert (late.reason, publisher.asked["a"]) == ("too_late_to_send", 0)
