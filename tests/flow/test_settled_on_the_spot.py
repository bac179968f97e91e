"""A dossier that is settled while the citizen waits, where results are enforced: the stated way in, and only that."""

from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from app.domain.documents import GateMode
from app.store.session import Database
from app.texts import TEXTS
from app.usecases import gate
from tests.api.test_door import problem
from tests.papers_world import RESULT, World, door, give, make, metadata, paper, post
from tests.worlds import CALLER, code, dossier_body, drain

DONE = {"status": "done", "finished_at": "2026-07-01T08:30:00+07:00"}
RETURNED = DONE | {"status": "returned", "returned_at": "2026-07-01T08:35:00+07:00"}
PROCESSING = {"status": "processing"}


async def enforcing(database: Database, root: Path, **policy: Any) -> World:
    world = make(database, root, **policy)
    await gate.switch(world.context, CALLER, "H15.50", GateMode.ENFORCE, "thử", "c-1")
    return world


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    return await enforcing(clocked_database, tmp_path)


async def put(client: httpx.AsyncClient, revision: int, **changes: Any) -> httpx.Response:
    return await client.put(f"/v1/dossiers/{code()}", json=dossier_body(revision=revision, **changes))


async def test_done_then_the_result_then_returned(world: World) -> None:
    async with door(world.context) as client:
        refusal = problem(await put(client, 1, **RETURNED), 409, "result-missing")
        # The refusal says what to do, in both languages; so does that of the file that came too early.
        advice = TEXTS["advice.result-missing"]
        assert (refusal["advice"], refusal["advice_en"]) == (advice.vi, advice.en)
        assert all("revision 1" in words and "revision 2" in words for words in (advice.vi, advice.en))
        early = problem(await post(client, metadata(), paper()), 404, "unknown-dossier")
        assert early["advice_en"] == TEXTS["advice.unknown-dossier"].en
        assert "documents" in str(early["advice_en"])

        taken = await put(client, 1, **DONE)
        assert taken.status_code == 202, taken.text
        # Not by the status alone.
        problem(await put(client, 2, **RETURNED), 409, "result-missing")
        kept = await give(client, metadata(), paper())
        await world.publish()
        returned = await put(client, 2, **RETURNED)
        assert returned.status_code == 202, returned.text

    message = await world.newest()
    assert message["TrangThaiHoSo"] == "10"
    assert [(told["GiayToId"], told["MaGiayToKetQua"]) for told in message["DanhSachGiayToKetQua"]] == [
        (kept["id"], RESULT)
    ]
    # The nation hears of it once: of what still waited, the newest goes.
    await drain(world.context)
    states = await world.rows("SELECT ref, state FROM messages WHERE target = 'portal' ORDER BY id")
    assert [(row.ref, row.state) for row in states][-1] == ("2", "delivered")
    assert {row.state for row in states[:-1]} == {"superseded"}


async def test_a_file_that_will_not_do_keeps_the_dossier_where_it_is(world: World) -> None:
    async with door(world.context) as client:
        assert (await put(client, 1, **DONE)).status_code == 202
        await give(client, metadata(), paper("r", "INCOMPLETE"))
        problem(await put(client, 2, **RETURNED), 409, "result-missing")
        assert (await client.get(f"/v1/dossiers/{code()}")).json()["status"] == "done"
        # A refused revision was never taken: the same one counts when the right result is there.
        await give(client, metadata(number_symbol="2"), paper("good"))
        assert (await put(client, 2, **RETURNED)).status_code == 202


async def test_where_done_needs_a_result_too_it_begins_as_processing(
    clocked_database: Database, tmp_path: Path
) -> None:
    statuses = frozenset({"done", "returned"})
    world = await enforcing(clocked_database, tmp_path, gate_statuses=statuses)
    async with door(world.context) as client:
        for early in (RETURNED, DONE):
            problem(await put(client, 1, **early), 409, "result-missing")
        assert (await put(client, 1, **PROCESSING)).status_code == 202
        problem(await put(client, 2, **DONE), 409, "result-missing")
        await give(client, metadata(), paper())
        assert (await put(client, 2, **DONE)).status_code == 202
        assert (await put(client, 3, **RETURNED)).status_code == 202
    assert (await world.newest())["TrangThaiHoSo"] == "10"
