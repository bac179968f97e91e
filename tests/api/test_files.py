"""A document by its address: the very bytes, whole or in part, or why not; each access on record."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import httpx
import pytest_asyncio

from app import observability
from app.store.session import Database
from app.usecases.check_store import recheck
from app.vault import LocalVault
from connectors.links import PROBE_AGENT, LinkProber, Live
from tests.api.test_door import problem
from tests.factories import ManualClock
from tests.flow.test_audit import close_log, open_log
from tests.papers_world import NUMBER, PUBLIC, World, door, give, make, metadata, paper, path_of, post
from tests.worlds import dossier, hand_over

CONTENT = paper("0123456789" * 10)
NOBODY = {"Authorization": ""}


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    world = make(clocked_database, tmp_path)
    await hand_over(world.context, dossier())
    return world


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with door(world.context) as client:
        yield client


async def outcomes(world: World) -> list[str]:
    rows = await world.rows("SELECT outcome FROM audit WHERE purpose = 'document_link' ORDER BY id")
    return [row.outcome for row in rows]


async def test_a_link_gives_the_very_file_to_whoever_has_it(client: httpx.AsyncClient) -> None:
    kept = await give(client, metadata(file_name='Giấy "khai sinh" 100%.pdf'), CONTENT)
    got = await client.get(path_of(kept), headers=NOBODY)
    assert got.status_code == 200
    assert got.content == CONTENT
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-length"] == str(len(CONTENT))
    assert got.headers["etag"] == f'"{kept["sha256"]}"'
    assert got.headers["accept-ranges"] == "bytes"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "noindex" in got.headers["x-robots-tag"]
    assert got.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert "no-cache" in got.headers["cache-control"]
    name = "Gi%E1%BA%A5y%20%22khai%20sinh%22%20100%25.pdf"
    plain = "Gi_y _khai sinh_ 100_.pdf"
    assert got.headers["content-disposition"] == f"inline; filename=\"{plain}\"; filename*=UTF-8''{name}"
    head = await client.head(path_of(kept), headers=NOBODY)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(CONTENT))
    assert head.headers["etag"] == got.headers["etag"]


async def test_a_file_that_a_browser_would_run_is_handed_out_to_be_saved(client: httpx.AsyncClient) -> None:
    kept = await give(client, metadata(), b"<xml>giay</xml>", name="a.xml")
    got = await client.get(path_of(kept))
    assert got.headers["content-type"].startswith("application/xml")
    assert got.headers["content-disposition"].startswith("attachment;")


_RANGES = {
    "bytes=0-0": slice(0, 1),
    "bytes=3-12": slice(3, 13),
    "bytes=100-": slice(100, None),
    "bytes=100-99999": slice(100, None),
    "bytes=-7": slice(-7, None),
    "bytes=-99999": slice(None),
}


async def test_a_range_of_it_is_a_range_of_it(client: httpx.AsyncClient) -> None:
    kept = await give(client, metadata(), CONTENT)
    for asked, part in _RANGES.items():
        got = await client.get(path_of(kept), headers={"Range": asked})
        start, end, _ = part.indices(len(CONTENT))
        assert (got.status_code, got.content) == (206, CONTENT[part]), asked
        assert got.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
        assert got.headers["content-length"] == str(end - start)
        head = await client.head(path_of(kept), headers={"Range": asked})
        assert (head.status_code, head.headers["content-range"]) == (206, got.headers["content-range"])


async def test_conditions_and_ranges_that_cannot_be_had(client: httpx.AsyncClient) -> None:
    kept = await give(client, metadata(), CONTENT)
    tag = f'"{kept["sha256"]}"'
    beyond = await client.get(path_of(kept), headers={"Range": f"bytes={len(CONTENT)}-"})
    assert (beyond.status_code, beyond.content) == (416, b"")
    assert beyond.headers["content-range"] == f"bytes */{len(CONTENT)}"
    for asked in ("bytes=0-1,5-9", "items=0-1", "bytes=9-3"):
        whole = await client.get(path_of(kept), headers={"Range": asked})
        assert (whole.status_code, whole.content) == (200, CONTENT)
    same = await client.get(path_of(kept), headers={"If-None-Match": f'"x", {tag}', "Range": "bytes=0-1"})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == tag
    other = await client.get(path_of(kept), headers={"If-None-Match": '"x"', "Range": "bytes=0-1"})
    assert other.status_code == 206
    still = await client.get(path_of(kept), headers={"If-Range": tag, "Range": "bytes=0-1"})
    assert (still.status_code, still.content) == (206, CONTENT[:2])
    changed = await client.get(path_of(kept), headers={"If-Range": '"x"', "Range": "bytes=0-1"})
    assert (changed.status_code, changed.content) == (200, CONTENT)


async def test_what_gives_no_byte_of_the_file_reads_none_and_is_on_record_all_the_same(
    world: World, client: httpx.AsyncClient
) -> None:
    kept = await give(client, metadata(), CONTENT)
    sha256 = kept["sha256"]
    (world.root / "objects" / sha256[:2] / sha256[2:4] / sha256).unlink()
    same = await client.get(path_of(kept), headers={"If-None-Match": f'"{sha256}"'})
    head = await client.head(path_of(kept))
    beyond = await client.get(path_of(kept), headers={"Range": "bytes=9999-"})
    assert [same.status_code, head.status_code, beyond.status_code] == [304, 200, 416]
    assert head.headers["content-type"] == "application/pdf"
    problem(await client.get(path_of(kept)), 503, "file-store-silent")
    assert await outcomes(world) == ["given"] * 3 + ["file-store-silent"]
    await close_log(world.context.database)
    assert (await client.head(path_of(kept))).status_code == 503


async def test_each_access_is_on_record_and_counted(world: World, client: httpx.AsyncClient) -> None:
    kept = await give(client, metadata(), CONTENT)
    for method, headers in (
        ("GET", {}),
        ("GET", {"Range": "bytes=0-3"}),
        ("HEAD", {}),
        ("GET", {"Range": "bytes=999-"}),
    ):
        await client.request(method, path_of(kept), headers=headers)
    shown = (await client.get(kept["address"])).json()["link"]
    assert shown["fetches"] == 4
    assert shown["last_fetched_at"]
    assert await outcomes(world) == ["given"] * 4
    rows = await world.rows("SELECT * FROM audit WHERE purpose = 'document_link' ORDER BY id")
    assert {(row.kind, row.subject_ref, row.payload_hash) for row in rows} == {
        ("document_read", kept["subject"], kept["sha256"])
    }
    assert all(row.actor.startswith("link:") for row in rows)
    assert [str(row.detail).count("bytes=") for row in rows] == [0, 1, 0, 1]
    assert NUMBER not in str(rows)
    await client.post(f"{kept['address']}/revoke", json={"reason": "sai"})
    await client.get(path_of(kept))
    assert await outcomes(world) == ["given"] * 4 + ["link-gone"]
    assert (await client.get(kept["address"])).json()["link"]["fetches"] == 4


async def test_our_own_trials_are_on_record_and_not_counted(world: World, client: httpx.AsyncClient) -> None:
    kept = await give(client, metadata(), CONTENT)
    ours = {"User-Agent": PROBE_AGENT}
    found = await LinkProber(client).probe(f"{client.base_url}{path_of(kept)}", kept["sha256"], len(CONTENT))
    assert isinstance(found, Live)
    shown = (await client.get(kept["address"])).json()["link"]
    assert (shown["fetches"], shown["last_fetched_at"]) == (0, None)
    await client.get(path_of(kept), headers={"User-Agent": f"{PROBE_AGENT}/2"})
    assert (await client.get(kept["address"])).json()["link"]["fetches"] == 1
    assert await outcomes(world) == ["probed", "given"]
    # What the visitor calls itself opens nothing.
    await client.post(f"{kept['address']}/revoke", json={"reason": "sai"})
    problem(await client.get(path_of(kept), headers=ours), 410, "link-gone")
    assert await outcomes(world) == ["probed", "given", "link-gone"]


async def test_addresses_that_nobody_made_lead_nowhere_and_do_not_fill_the_log(
    world: World, client: httpx.AsyncClient, clock: ManualClock
) -> None:
    kept = await give(client, metadata(), CONTENT)
    path = path_of(kept)
    guess = path[:-1] + ("A" if path[-1] != "A" else "B")
    before = unknown_links()

    async def guessing() -> None:
        for asked in (guess, f"{guess}/bundle", "/files/short", f"/files/{'x' * 65}", "/files/%C3%A9" + "x" * 30):
            problem(await client.get(asked, headers=NOBODY), 404, "unknown-link")

    async def refused() -> list[tuple[str, str, int]]:
        rows = await world.rows("SELECT * FROM audit WHERE kind = 'refused' ORDER BY id")
        return [(row.outcome, row.actor, json.loads(row.detail)["times"]) for row in rows]

    await guessing()
    assert await refused() == [("unknown-link", "anonymous", 1)]
    clock.advance(59)
    await guessing()
    assert len(await refused()) == 1
    clock.advance(1)
    await guessing()
    # All that came meanwhile, and the one that is told of now.
    assert await refused() == [("unknown-link", "anonymous", 1), ("unknown-link", "anonymous", 10)]
    assert unknown_links() - before == 15
    log = str([tuple(row) for row in await world.rows("SELECT * FROM audit")])
    assert path.rsplit("/", 1)[1] not in log
    assert guess.rsplit("/", 1)[1] not in log


async def test_unknown_addresses_that_could_not_be_put_on_record_are_told_of_later(
    world: World, client: httpx.AsyncClient
) -> None:
    guess = "/files/" + "x" * 43
    await close_log(world.context.database)
    for _ in range(2):
        problem(await client.get(guess), 503, "audit-unavailable")
    await open_log(world.context.database)
    problem(await client.get(guess), 404, "unknown-link")
    (row,) = await world.rows("SELECT detail FROM audit WHERE outcome = 'unknown-link'")
    assert json.loads(row.detail)["times"] == 3


def unknown_links() -> float:
    return observability.REGISTRY.get_sample_value("lienthong_unknown_links_total") or 0.0


async def test_only_so_many_files_are_read_at_once_and_so_many_bundles_built(
    clocked_database: Database, tmp_path: Path
) -> None:
    vault = Turnstile(tmp_path)
    world = make(clocked_database, tmp_path, vault=vault)
    await hand_over(world.context, dossier())
    async with door(world.context) as client:
        kept = await give(client, metadata(), CONTENT)
        vault.shut.clear()
        for path, asked, at_once in ((path_of(kept), 12, 8), (f"{path_of(kept)}/bundle", 5, 2)):
            vault.most = 0
            waiting = [asyncio.create_task(client.get(path)) for _ in range(asked)]
            await vault.holding(at_once)
            # Whoever reads nothing is not kept waiting.
            assert (await client.head(path_of(kept))).status_code == 200
            vault.shut.set()
            assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [200] * asked
            assert vault.most == at_once
            vault.shut.clear()


class Turnstile(LocalVault):
    """A vault whose files are read only while it is not shut, and that counts who reads at once."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.shut, self.changed = asyncio.Event(), asyncio.Condition()
        self.shut.set()
        self.inside = self.most = 0

    async def fetch(self, sha256: str) -> BinaryIO:
        async with self.changed:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.changed.notify_all()
        await self.shut.wait()
        self.inside -= 1
        return await super().fetch(sha256)

    async def holding(self, count: int) -> None:
        """Wait until so many are inside."""
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(lambda: self.inside >= count)


async def test_without_a_record_of_it_nothing_is_given(world: World, client: httpx.AsyncClient) -> None:
    kept = await give(client, metadata(), CONTENT)
    await close_log(world.context.database)
    got = await client.get(path_of(kept))
    problem(got, 503, "audit-unavailable")
    problem(await client.get(f"{kept['address']}/file"), 503, "audit-unavailable")


async def test_a_withdrawn_document_says_so_to_machines_and_to_people(
    client: httpx.AsyncClient, clock: ManualClock
) -> None:
    kept = await give(client, metadata(), CONTENT)
    clock.advance(60)
    await client.post(f"{kept['address']}/revoke", json={"reason": "Cấp <b>sai</b> thẩm quyền"})
    body = problem(await client.get(path_of(kept), headers=NOBODY), 410, "link-gone")
    assert (body["standing"], body["reason"], body["replaced_by"]) == ("revoked", "Cấp <b>sai</b> thẩm quyền", None)
    assert str(body["since"]).startswith("2026-07-01T02:01:00")
    page = await client.get(path_of(kept), headers=NOBODY | {"Accept": "text/html,application/xhtml+xml"})
    assert page.status_code == 410
    assert page.headers["content-type"].startswith("text/html")
    assert "Giấy tờ này đã bị thu hồi." in page.text
    assert "This document was withdrawn." in page.text
    assert "Cấp &lt;b&gt;sai&lt;/b&gt; thẩm quyền" in page.text
    # Told on the clock of Viet Nam.
    assert "09:01 01/07/2026" in page.text
    assert "noindex" in page.headers["x-robots-tag"]
    assert CONTENT not in page.content


async def test_a_replaced_document_leads_to_the_one_that_stands_in_the_end(client: httpx.AsyncClient) -> None:
    first = await give(client, metadata(), paper("1"))
    second = await give(client, metadata(supersedes=first["id"], supersede_reason="bản 2"), paper("2"))
    third = await give(client, metadata(supersedes=second["id"], supersede_reason="bản 3"), paper("3"))
    for old, why in ((first, "bản 2"), (second, "bản 3")):
        body = problem(await client.get(path_of(old), headers=NOBODY), 410, "link-gone")
        assert (body["standing"], body["reason"], body["replaced_by"]) == ("superseded", why, third["link"]["url"])
        page = await client.get(path_of(old), headers={"Accept": "text/html"})
        assert f'href="{third["link"]["url"]}"' in page.text
    assert (await client.get(third["link"]["url"].removeprefix(PUBLIC))).content == paper("3")
    await client.post(f"{third['address']}/revoke", json={"reason": "thu hồi"})
    body = problem(await client.get(path_of(first)), 410, "link-gone")
    assert (body["standing"], body["replaced_by"]) == ("superseded", None)
    page = await client.get(path_of(first), headers={"Accept": "text/html"})
    assert "href=" not in page.text.partition("<main")[2]


async def test_a_damaged_file_is_never_given_and_is_told_of_and_mended(
    world: World, client: httpx.AsyncClient, clock: ManualClock
) -> None:
    kept = await give(client, metadata(), CONTENT)
    other = await give(client, metadata("component"), paper("other"))
    world.damage(kept["sha256"])
    for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": '"another"'}):
        got = await client.get(path_of(kept), headers=headers)
        problem(got, 503, "file-store-silent")
        assert CONTENT[:20] not in got.content
    problem(await client.get(f"{kept['address']}/file"), 503, "file-store-silent")
    problem(await client.post(f"{kept['address']}/judge"), 503, "file-store-silent")
    assert await outcomes(world) == ["file-store-silent"] * 3
    assert (await client.get(path_of(other))).status_code == 200

    # Nothing is read again within the hour.
    assert await recheck(world.context, 10) == 0
    clock.advance(3601)
    assert await recheck(world.context, 10) == len(CONTENT) + len(paper("other"))
    shown = (await client.get("/v1/documents/store")).json()
    assert (shown["objects"], shown["damaged"]) == (2, 1)
    (event,) = (await client.get("/v1/events")).json()["items"]
    assert (event["kind"], event["ended_at"]) == ("file_damaged", None)

    assert (await post(client, metadata(), CONTENT)).json()["id"] == kept["id"]
    assert (await client.get("/v1/documents/store")).json()["damaged"] == 0
    assert (await client.get(path_of(kept))).content == CONTENT
    clock.advance(3601)
    await recheck(world.context, 10)
    (event,) = (await client.get("/v1/events")).json()["items"]
    assert event["ended_at"] is not None


async def test_a_file_that_is_gone_is_told_of_too(world: World, client: httpx.AsyncClient, clock: ManualClock) -> None:
    kept = await give(client, metadata(), CONTENT)
    sha256 = kept["sha256"]
    (world.root / "objects" / sha256[:2] / sha256[2:4] / sha256).unlink()
    problem(await client.get(path_of(kept)), 503, "file-store-silent")
    clock.advance(3601)
    await recheck(world.context, 10)
    assert (await client.get("/v1/documents/store")).json()["damaged"] == 1


async def test_the_check_reads_no_more_than_its_budget_and_what_was_read_longest_ago_first(
    world: World, client: httpx.AsyncClient, clock: ManualClock
) -> None:
    sizes = []
    for place in range(4):
        content = paper(str(place) * 100)
        sizes.append(len(content))
        await give(client, metadata("component", code=None, title=f"Giấy {place}"), content)
        clock.advance(1)
    clock.advance(3601)
    object.__setattr__(world.context.papers, "check_bytes_per_second", 5)
    # What was begun within the budget is read to its end.
    assert [await recheck(world.context, 30) for _ in range(3)] == [2 * sizes[0], 2 * sizes[0], 0]
    store = (await client.get("/v1/documents/store")).json()
    assert store["oldest_check_at"]
    object.__setattr__(world.context.papers, "check_bytes_per_second", 0)
    clock.advance(3601)
    assert await recheck(world.context, 10) == 0
