"""The mock fetches every link that it was given, from outside, and tells what it found."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from mock_national.app import create_app
from mock_national.settings import Settings
from tests.bounds import AMPLE_SECONDS
from tests.mock.support import Clock, Portal, a_code, a_dossier, a_paper, in_process
from tests.publishing import Published, Publisher, publishing
from tests.unit.connectors.test_http import Visit, closed_port, serving

COMPONENT, RESULT = Published(b"component " * 500), Published(b"%PDF result " * 700)


@dataclass
class World:
    """A mock, a province that pushes to it, and the province's files."""

    client: httpx.AsyncClient
    portal: Portal
    publisher: Publisher

    async def fetch(self, **body: object) -> dict[str, int]:
        """Let the mock fetch."""
        response = await self.client.post("/__admin/links/fetch", json=body)
        assert response.status_code == 200, response.text
        found: dict[str, int] = response.json()
        return found

    async def links(self) -> list[dict[str, Any]]:
        """What the mock knows of its links."""
        response = await self.client.get("/__admin/links")
        assert response.headers["content-type"].startswith("application/x-ndjson")
        return [json.loads(line) for line in response.text.splitlines()]

    async def push(self, serial: int, *results: str, update: bool = False, components: tuple[str, ...] = ()) -> None:
        """A dossier with links."""
        item = a_dossier(
            serial,
            TaiLieuNop=[a_paper(DuongDanTaiTepTin=url) for url in components],
            DanhSachGiayToKetQua=[
                {"TenGiayTo": "Giấy", "DuongDanTepTinKetQua": url, "MaGiayToKetQua": "KQ.G15.000031"} for url in results
            ],
        )
        answer = await (self.portal.update(item) if update else self.portal.insert(item))
        assert answer["error_code"] == "0", answer


@pytest_asyncio.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    patient = replace(settings, link_seconds=AMPLE_SECONDS, link_bytes_max=100_000)
    async with publishing() as publisher, in_process(create_app(patient)) as client:
        portal = Portal(client)
        await portal.log_in()
        yield World(client, portal, publisher)


async def test_every_link_is_fetched_once_and_the_very_bytes_are_told(world: World, clock: Clock) -> None:
    component, result = world.publisher.publish("c", COMPONENT), world.publisher.publish("r", RESULT)
    await world.push(1, result, components=(component,))
    await world.push(2)
    assert {link["fetched_at"] for link in await world.links()} == {None}
    assert await world.fetch() == {"held": 2, "fetched": 2, "failed": 0, "left": 0}
    assert await world.fetch() == {"held": 2, "fetched": 0, "failed": 0, "left": 0}
    assert world.publisher.asked == {"c": 1, "r": 1}
    assert world.publisher.ranges == [None, None]
    first, second = await world.links()
    assert first == {
        "dossier": a_code(1),
        "kind": "component",
        "code": "",
        "url": component,
        "fetched_at": "2026-05-28T20:26:40.000Z",
        "status": 200,
        "size": len(COMPONENT.content),
        "sha256": hashlib.sha256(COMPONENT.content).hexdigest(),
        "content_type": "application/pdf",
        "error": "",
    }
    assert (second["kind"], second["code"], second["sha256"]) == ("result", "KQ.G15.000031", RESULT.sha256)
    assert clock.now == 1_780_000_000


async def test_what_cannot_be_had_has_its_name_and_is_not_counted_as_fetched(world: World) -> None:
    publisher = world.publisher
    publisher.publish("long", Published(b"x" * 100_001))
    publisher.publish("moved", Published(b"", status=302, headers={"Location": publisher.url("long")}))
    publisher.publish("cut", Published(b"x" * 5000, cuts=True))
    urls = {
        publisher.url("gone"): (404, "", hashlib.sha256(b"nothing here").hexdigest()),
        publisher.url("moved"): (302, "", hashlib.sha256(b"").hexdigest()),
        publisher.url("long"): (200, "too_large", None),
        publisher.url("cut"): (200, "broken", None),
        f"http://127.0.0.1:{closed_port()}/x": (None, "no_connection", None),
        "http://nowhere.invalid/x": (None, "no_connection", None),
        f"http://{'a' * 70}.invalid/x": (None, "no_connection", None),
        "http://h:port/x": (None, "bad_address", None),
    }
    await world.push(1, *urls)
    assert await world.fetch() == {"held": 8, "fetched": 0, "failed": 8, "left": 0}
    assert {link["url"]: (link["status"], link["error"], link["sha256"]) for link in await world.links()} == urls
    assert publisher.asked["long"] == 1


async def test_gibberish_is_broken(world: World) -> None:
    async def gibberish(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        visit.writer.write(b"\x16\x03 no HTTP\r\n\r\n")
        await visit.writer.drain()

    async with serving(gibberish) as server:
        await world.push(1, server.url)
        assert (await world.fetch())["failed"] == 1
    assert [link["error"] for link in await world.links()] == ["broken"]


async def test_silence_ends_in_time(settings: Settings) -> None:
    app = create_app(replace(settings, link_seconds=0.2))
    async with publishing() as publisher, in_process(app) as client:
        portal = Portal(client)
        await portal.log_in()
        world = World(client, portal, publisher)
        await world.push(1, publisher.publish("h", Published(b"x", hangs=True)))
        assert (await world.fetch())["failed"] == 1
        assert [link["error"] for link in await world.links()] == ["timeout"]


async def test_a_dossier_that_is_sent_again_has_all_its_links_due_again(world: World) -> None:
    old, new = world.publisher.publish("old", RESULT), world.publisher.publish("new", RESULT)
    await world.push(1, old)
    await world.push(2, old)
    await world.fetch()
    await world.push(1, old, new, update=True)
    due = [link["url"] for link in await world.links() if link["fetched_at"] is None]
    assert due == [old, new]
    assert await world.fetch() == {"held": 3, "fetched": 2, "failed": 0, "left": 0}
    await world.push(1, new, update=True)
    assert [link["url"] for link in await world.links()] == [old, new]
    answer = await world.portal.steps(
        {"MaHoSo": a_code(1), "NguoiXuLy": "A", "ThoiDiemXuLy": "20260701090000", "NoiDungXuLy": "x", "TrangThai": "4"}
    )
    assert answer["error_code"] == "0"
    await world.fetch()
    assert (await world.fetch())["left"] == 0


async def test_a_round_can_be_limited_and_done_again(world: World) -> None:
    urls = [world.publisher.publish(f"r{number}", RESULT) for number in range(7)]
    for serial, url in enumerate(urls, 1):
        await world.push(serial, url)
    assert await world.fetch(limit=3) == {"held": 7, "fetched": 3, "failed": 0, "left": 4}
    assert [link["fetched_at"] is None for link in await world.links()] == [False] * 3 + [True] * 4
    assert await world.fetch(limit=0) == {"held": 7, "fetched": 0, "failed": 0, "left": 4}
    assert await world.fetch() == {"held": 7, "fetched": 4, "failed": 0, "left": 0}
    assert await world.fetch(again=True) == {"held": 7, "fetched": 7, "failed": 0, "left": 0}
    assert set(world.publisher.asked.values()) == {2}


async def test_no_more_are_fetched_at_once_than_wanted(world: World) -> None:
    urls = [world.publisher.publish(f"r{number}", RESULT) for number in range(40)]
    await world.push(1, *urls)
    assert (await world.fetch(concurrency=4))["fetched"] == 40
    assert 1 <= world.publisher.at_once_max <= 4


async def test_more_than_a_page_of_the_ledger_and_of_links_is_read(world: World) -> None:
    items = [
        a_dossier(
            serial,
            TaiLieuNop=[],
            DanhSachGiayToKetQua=[{"TenGiayTo": "x", "DuongDanTepTinKetQua": world.publisher.url("r")}],
        )
        for serial in range(1, 521)
    ]
    world.publisher.publish("r", RESULT)
    assert (await world.portal.insert(*items))["error_code"] == "0"
    assert len(await world.links()) == 520
    assert await world.fetch() == {"held": 520, "fetched": 520, "failed": 0, "left": 0}


async def test_a_deleted_component_is_no_link(world: World) -> None:
    papers = [
        a_paper(IsDeleted=value, DuongDanTaiTepTin=f"https://h15.example/{value}") for value in ("1", "0", "True")
    ]
    assert (await world.portal.insert(a_dossier(TaiLieuNop=papers, DanhSachGiayToKetQua=[])))["error_code"] == "0"
    assert [link["url"] for link in await world.links()] == ["https://h15.example/0"]


@pytest.mark.parametrize(
    "body", [{"limit": -1}, {"limit": "3"}, {"concurrency": 0}, {"concurrency": 65}, {"again": 1}, {"more": 1}, []]
)
async def test_a_wrong_round_is_refused(world: World, body: object) -> None:
    response = await world.client.post("/__admin/links/fetch", json=body)
    assert response.status_code == 400
    assert response.json()["error"]
    assert (await world.client.post("/__admin/links/fetch")).status_code == 200
