"""Links that live: nothing is told to the nation before it was seen to work, and what dies later is tried again."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from app.config import load_settings
from app.errors import ConfigurationError
from app.reference import Catalogue
from app.store.session import Database
from app.usecases import change_document
from app.usecases.context import Context
from app.usecases.publish import publish, recheck_seconds
from connectors.links import Dead, LinkState, Live, NotProbed
from connectors.testing import InMemoryConnector
from tests.factories import ManualClock
from tests.papers_world import PROCEDURE, World, keep, make, metadata, paper, sha256_of
from tests.worlds import CALLER, CATALOGUE, dossier, drain, hand_over

DEAD = Dead("http_404", "HTTP 404")
DAY = 86_400


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    world = make(clocked_database, tmp_path, connector=InMemoryConnector())
    await hand_over(world.context, dossier(1), dossier(2, procedure={"code": "1.000689"}))
    return world


async def kept(world: World, *said: dict[str, Any], number: int = 1) -> list[dict[str, Any]]:
    """Hand papers over, each with a file of its own."""
    return [await keep(world, one, paper(f"{number} {place}"), number) for place, one in enumerate(said)]


async def link_of(world: World, document: dict[str, Any]) -> Any:
    (row,) = await world.rows("SELECT * FROM links WHERE document_id = :d", d=document["id"])
    return row


async def open_events(world: World) -> list[str]:
    return [row.kind for row in await world.rows("SELECT kind FROM events WHERE ended_at IS NULL")]


def urls(message: dict[str, Any]) -> list[str]:
    papers = [entry["DuongDanTaiTepTin"] for entry in message["TaiLieuNop"]]
    return papers + [entry["DuongDanTepTinKetQua"] for entry in message["DanhSachGiayToKetQua"]]


async def test_the_nation_hears_of_a_link_only_once_it_was_seen_to_work(world: World) -> None:
    (result, component) = await kept(world, metadata(), metadata("component"))
    assert urls(await world.newest()) == []
    assert world.prober.probed == []
    assert await world.publish() == 2
    assert sorted(world.prober.probed) == sorted(
        (document["link"]["url"], document["sha256"], document["size_bytes"]) for document in (result, component)
    )
    message = await world.newest()
    assert urls(message) == [component["link"]["url"], result["link"]["url"]]
    assert message["HoSoCoThanhPhanSoHoa"] == "1"
    # One promise for both, not one for each.
    assert await world.promises() == 2
    published = await world.rows("SELECT payload_hash FROM audit WHERE outcome = 'published'")
    assert {row.payload_hash for row in published} == {result["sha256"], component["sha256"]}
    # Nothing is due now, and nobody is told twice.
    assert await world.publish() == 0
    assert await world.promises() == 2
    assert (await link_of(world, result)).state == "live"


async def test_what_is_promised_goes_out_and_the_newest_promise_stands(world: World) -> None:
    await kept(world, metadata())
    await world.publish()
    await drain(world.context)
    states = await world.rows("SELECT ref, state FROM messages WHERE dossier_code LIKE '%-0001' ORDER BY id")
    assert [(row.ref, row.state) for row in states] == [("1", "superseded"), ("1.1", "delivered")]


async def test_a_link_that_does_not_open_is_tried_by_the_schedule_and_people_are_told(
    world: World, clock: ManualClock
) -> None:
    (result,) = await kept(world, metadata())
    world.prober.states[result["link"]["url"]] = DEAD
    for failures, wait in enumerate((10, 60, 300, 1800, 3600, 3600), 1):
        assert await world.publish() == 1
        link = await link_of(world, result)
        assert (link.state, link.failures, link.reason, link.detail) == ("dead", failures, "http_404", "HTTP 404")
        assert open_events_expected(failures) == await open_events(world)
        clock.advance(wait - 1)
        assert await world.publish() == 0
        clock.advance(1)
    assert urls(await world.newest()) == []
    del world.prober.states[result["link"]["url"]]
    assert await world.publish() == 1
    assert urls(await world.newest()) == [result["link"]["url"]]
    assert await open_events(world) == []
    link = await link_of(world, result)
    assert (link.state, link.failures, link.reason, link.detail) == ("live", 0, None, None)
    (event,) = await world.rows("SELECT * FROM events")
    assert (event.kind, event.ended_at is not None) == ("link_dead", True)


def open_events_expected(failures: int) -> list[str]:
    """People are told at the third failure in a row, once."""
    return ["link_dead"] if failures >= 3 else []


async def test_a_link_that_dies_later_stays_told(world: World, clock: ManualClock) -> None:
    (result,) = await kept(world, metadata())
    await world.publish()
    world.prober.states[result["link"]["url"]] = DEAD
    clock.advance(86_399)
    assert await world.publish() == 0
    clock.advance(1)
    assert await world.publish() == 1
    assert (await link_of(world, result)).state == "dead"
    assert await world.promises() == 2
    await hand_over(world.context, dossier(1, revision=2, summary="Đổi"))
    assert urls(await world.newest()) == [result["link"]["url"]]
    # Alive again it is no news to the nation.
    del world.prober.states[result["link"]["url"]]
    clock.advance(10)
    await world.publish()
    assert await world.promises() == 3


async def test_of_a_link_that_was_not_asked_for_nothing_is_said(world: World, clock: ManualClock) -> None:
    (result,) = await kept(world, metadata())
    world.prober.states[result["link"]["url"]] = NotProbed()
    assert await world.publish() == 1
    link = await link_of(world, result)
    assert (link.state, link.failures, link.probed_at) == ("new", 0, None)
    del world.prober.states[result["link"]["url"]]
    clock.advance(359)
    assert await world.publish() == 0
    clock.advance(1)
    assert await world.publish() == 1
    assert urls(await world.newest()) == [result["link"]["url"]]


async def test_a_link_that_goes_on_working_is_let_alone_longer_each_time_up_to_30_days(
    world: World, clock: ManualClock
) -> None:
    (result,) = await kept(world, metadata())
    await world.publish()
    for days in (1, 2, 4, 8, 16, 30, 30):
        clock.advance(days * DAY - 1)
        assert await world.publish() == 0, days
        clock.advance(1)
        assert await world.publish() == 1, days
    # One that died begins anew.
    world.prober.states[result["link"]["url"]] = DEAD
    clock.advance(30 * DAY)
    assert await world.publish() == 1
    del world.prober.states[result["link"]["url"]]
    clock.advance(10)
    assert await world.publish() == 1
    clock.advance(DAY)
    assert await world.publish() == 1
    assert (await link_of(world, result)).successes == 2
    assert await world.promises() == 2


@given(
    st.floats(min_value=1e-3, max_value=1e9, allow_nan=False),
    st.integers(min_value=0, max_value=10**9),
)
def test_the_wait_never_shrinks_is_at_least_the_first_and_at_most_30_days_or_the_first(
    first: float, successes: int
) -> None:
    wait = recheck_seconds(first, successes)
    assert first <= wait <= max(first, 30 * DAY)
    assert wait <= recheck_seconds(first, successes + 1)
    assert recheck_seconds(first, 0) == first
    assert wait in {first, 30 * DAY} or recheck_seconds(first, successes + 1) in {2 * wait, 30 * DAY}


async def test_a_worker_that_comes_late_with_what_another_told_tells_it_no_second_time(
    world: World, clock: ManualClock
) -> None:
    (result,) = await kept(world, metadata())
    files = world.context.files
    assert files is not None
    late = Overtaken(world, clock)
    assert await publish(replace(world.context, files=replace(files, prober=late)), "late") == 1
    assert world.prober.probed == [(result["link"]["url"], result["sha256"], result["size_bytes"])]
    assert await world.promises() == 2
    assert len(await world.rows("SELECT id FROM audit WHERE outcome = 'published'")) == 1
    assert (await link_of(world, result)).state == "live"


async def test_workers_side_by_side_try_each_link_once(world: World) -> None:
    await kept(world, *[metadata("component", code=None, title=f"Giấy {n}") for n in range(12)])
    tried = await asyncio.gather(*[publish(world.context, f"w-{n}") for n in range(4)])
    assert sum(tried) == 12
    assert len({url for url, _, _ in world.prober.probed}) == len(world.prober.probed) == 12
    assert len(urls(await world.newest())) == 12


class Overtaken:
    """A prober that takes longer than the lease, so that another worker tries and tells of the same link meanwhile."""

    def __init__(self, world: World, clock: ManualClock) -> None:
        self.world, self.clock = world, clock

    async def probe(self, url: str, sha256: str, size_bytes: int) -> LinkState:
        del url, sha256, size_bytes
        assert await self.world.publish() == 0
        self.clock.advance(360)
        assert await self.world.publish() == 1
        return Live(0.0)

    async def aclose(self) -> None:
        """Hold nothing open."""


class Meanwhile:
    """A prober during whose look the document is withdrawn."""

    def __init__(self, world: World, document: dict[str, Any], state: LinkState) -> None:
        self.world, self.document, self.state = world, document, state

    async def probe(self, url: str, sha256: str, size_bytes: int) -> LinkState:
        assert (url, sha256, size_bytes) == (self.document["link"]["url"], self.document["sha256"], size_bytes)
        await change_document.revoke(self.world.context, CALLER, self.document["id"], "sai", "c-1")
        return self.state

    async def aclose(self) -> None:
        """Hold nothing open."""


async def test_what_was_withdrawn_while_it_was_tried_stays_withdrawn(world: World) -> None:
    states: tuple[LinkState, ...] = (Live(0.0), DEAD)
    for place, state in enumerate(states):
        (document,) = await kept(world, metadata(number_symbol=f"{place}/2026"), number=1 + place)
        files = world.context.files
        assert files is not None
        context = replace(world.context, files=replace(files, prober=Meanwhile(world, document, state)))
        assert await publish(context, "w-1") == 1
        link = await link_of(world, document)
        assert (link.state, link.next_probe_at, link.published_at) == ("withdrawn", None, None)
        assert urls(await world.newest(1 + place)) == []


async def test_what_replaces_a_told_document_and_does_not_open_does_not_keep_the_old_one_told(
    world: World, clock: ManualClock
) -> None:
    (old,) = await kept(world, metadata())
    await world.publish()
    new = await keep(world, metadata(supersedes=old["id"], supersede_reason="bản mới"), paper("new"))
    world.prober.states[new["link"]["url"]] = DEAD
    await world.publish()
    assert urls(await world.newest()) == []
    assert await world.promises() == 3
    # Said once, however long the new one takes.
    clock.advance(10)
    await world.publish()
    assert await world.promises() == 3
    del world.prober.states[new["link"]["url"]]
    clock.advance(60)
    await world.publish()
    assert urls(await world.newest()) == [new["link"]["url"]]


def without_the_procedure(world: World) -> Context:
    """Where the procedure of the first dossier has left the code lists."""
    procedures = {code: facts for code, facts in CATALOGUE.procedures.items() if code != PROCEDURE}
    lacking: Catalogue = replace(CATALOGUE, procedures=procedures)
    return replace(world.context, catalogue=lacking)


async def test_a_dossier_that_cannot_be_told_any_more_is_tried_again_told_of_and_holds_nobody_else_up(
    world: World, clock: ManualClock
) -> None:
    (stuck,) = await kept(world, metadata("component"))
    (other,) = await kept(world, metadata(), number=2)
    lacking = without_the_procedure(world)
    for failures, wait in enumerate((10, 60, 300), 1):
        assert await publish(lacking, "w-1") == (2 if failures == 1 else 1)
        link = await link_of(world, stuck)
        assert (link.state, link.reason, link.failures, link.published_at) == ("dead", "not_promisable", failures, None)
        assert await open_events(world) == open_events_expected(failures)
        clock.advance(wait)
    assert urls(await world.newest(2)) == [other["link"]["url"]]
    assert urls(await world.newest(1)) == []
    published = await world.rows("SELECT payload_hash FROM audit WHERE outcome = 'published'")
    assert [row.payload_hash for row in published] == [other["sha256"]]
    assert await world.publish() == 1
    assert urls(await world.newest(1)) == [stuck["link"]["url"]]
    assert await open_events(world) == []
    assert (await link_of(world, stuck)).reason is None


async def test_that_a_told_document_speaks_no_more_is_tried_again_until_the_nation_can_be_told(
    world: World, clock: ManualClock
) -> None:
    (old,) = await kept(world, metadata())
    await world.publish()
    new = await keep(world, metadata(supersedes=old["id"], supersede_reason="bản mới"), paper("new"))
    world.prober.states[new["link"]["url"]] = DEAD
    told = await world.promises()
    await publish(without_the_procedure(world), "w-1")
    assert await world.promises() == told
    clock.advance(10)
    await world.publish()
    assert urls(await world.newest()) == []
    assert await world.promises() == told + 1
    link = await link_of(world, new)
    assert (link.state, link.reason, link.failures) == ("dead", "http_404", 2)
    clock.advance(60)
    assert await world.publish() == 1
    assert await world.promises() == told + 1


def test_a_schedule_of_no_waits_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match="link_retry_seconds"):
        load_settings(link_retry_seconds=())


async def test_the_files_in_the_store_are_those_that_were_told(world: World) -> None:
    await kept(world, metadata(), metadata("component"))
    await world.publish()
    assert world.objects() == sorted(sha for _, sha, _ in world.prober.probed)
    assert world.objects() == sorted(sha256_of(paper(f"1 {place}")) for place in range(2))
