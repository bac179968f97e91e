"""Documents the whole way: what changes, what stays to be read, and that the nation is told what the rows say."""

import asyncio
from pathlib import Path
from typing import Any

import pytest_asyncio

from app.papers import Bench, Limits
from app.store.session import Database
from app.usecases import judging
from tests.api.test_door import problem
from tests.factories import ManualClock
from tests.papers_world import (
    PUBLIC,
    QuickExaminer,
    World,
    authority,
    door,
    give,
    keep,
    make,
    metadata,
    paper,
    post,
    samples,
)
from tests.worlds import CALLER, code, dossier, hand_over


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    world = make(clocked_database, tmp_path)
    await hand_over(world.context, dossier())
    return world


async def test_a_revoked_result_is_taken_back_from_the_nation(world: World, clock: ManualClock) -> None:
    result, component = await keep(world, metadata(), paper("r")), await keep(world, metadata("component"), paper("c"))
    await world.publish()
    clock.advance(5)
    async with door(world.context) as client:
        revoked = await client.post(f"{result['address']}/revoke", json={"reason": "Cấp sai"})
        assert revoked.json()["standing"] == "revoked"
        message = await world.newest()
        assert message["DanhSachGiayToKetQua"] == []
        assert [part["TepDinhKemId"] for part in message["TaiLieuNop"]] == [component["id"]]
        before = await world.promises()
        again = await client.post(f"{result['address']}/revoke", json={"reason": "lần nữa"})
        assert again.json() == revoked.json()
        assert await world.promises() == before
        for verb, body in (("correct", {"title": "x"}), ("supersede", {"by": component["id"]})):
            answer = await client.post(f"{result['address']}/{verb}", json=body | {"reason": "x"})
            problem(answer, 409, "not-changeable")


async def test_what_was_never_told_is_withdrawn_without_a_word_to_the_nation(world: World) -> None:
    result = await keep(world, metadata(), paper())
    before = await world.promises()
    async with door(world.context) as client:
        await client.post(f"{result['address']}/revoke", json={"reason": "sai"})
        assert await world.promises() == before


async def test_one_document_may_stand_for_another_of_its_dossier_and_role(world: World) -> None:
    await hand_over(world.context, dossier(2))
    old = await keep(world, metadata(), paper("1"))
    new = await keep(world, metadata(number_symbol="216/2026"), paper("2"))
    component = await keep(world, metadata("component"), paper("3"))
    elsewhere = await keep(world, metadata(number_symbol="217/2026"), paper("4"), 2)
    await world.publish()
    async with door(world.context) as client:
        for wrong in (component["id"], elsewhere["id"], old["id"], "0" * 32):
            body = {"by": wrong, "reason": "thay"}
            problem(await client.post(f"{old['address']}/supersede", json=body), 409, "not-changeable")
        body = {"by": new["id"], "reason": "cấp lại"}
        done = await client.post(f"{old['address']}/supersede", json=body)
        assert (done.json()["standing"], done.json()["replaced_by"]) == ("superseded", new["id"])
        assert (await client.post(f"{old['address']}/supersede", json=body)).json() == done.json()
        # Nobody can be replaced by what is replaced.
        ring = {"by": old["id"], "reason": "vòng"}
        problem(await client.post(f"{new['address']}/supersede", json=ring), 409, "not-changeable")
    assert [entry["GiayToId"] for entry in (await world.newest())["DanhSachGiayToKetQua"]] == [new["id"]]


async def test_corrected_facts_are_told_and_the_earlier_ones_can_still_be_read(
    world: World, clock: ManualClock
) -> None:
    result = await keep(world, metadata(), paper())
    await world.publish()
    async with door(world.context) as client:
        for title, valid_until in (("Giấy khai sinh (bản chính)", "2030-01-01"), ("Trích lục", None)):
            clock.advance(60)
            body = {"title": title, "valid_until": valid_until, "reason": f"Ghi nhầm: {title}"}
            answer = await client.post(f"{result['address']}/correct", json=body)
            assert answer.status_code == 200, answer.text
            assert (answer.json()["title"], answer.json()["valid_until"]) == (title, valid_until)
            assert (await world.newest())["DanhSachGiayToKetQua"][0]["TenGiayTo"] == title
        detail = (await client.get(result["address"])).json()
        assert detail["version"] == 3
        assert [(c["before"], c["after"]) for c in detail["changes"]] == [
            (
                {"title": "Giấy khai sinh", "valid_until": None},
                {"title": "Giấy khai sinh (bản chính)", "valid_until": "2030-01-01"},
            ),
            (
                {"title": "Giấy khai sinh (bản chính)", "valid_until": "2030-01-01"},
                {"title": "Trích lục", "valid_until": None},
            ),
        ]
        assert all(c["by"].startswith("test-") and c["reason"] and c["at"] for c in detail["changes"])
        promises = await world.promises()
        nothing = await client.post(f"{result['address']}/correct", json={"title": "Trích lục", "reason": "x"})
        assert nothing.json()["version"] == 3
        assert await world.promises() == promises


_SENSELESS: list[tuple[dict[str, Any], int, str]] = [
    ({"reason": "x"}, 422, "nothing is to be changed"),
    ({"reason": "x", "title": None}, 422, "title"),
    ({"title": "x"}, 422, "reason"),
    ({"reason": "x", "sha256": "0" * 64}, 422, "sha256"),
    ({"reason": "x", "valid_until": "2020-01-01"}, 409, "valid_until lies before issued_on"),
    ({"reason": "x", "issued_on": None}, 409, "issued_on"),
    ({"reason": "x", "scope": None}, 409, "scope"),
    ({"reason": "x", "number_symbol": None}, 409, "number_symbol"),
]


async def test_a_correction_that_makes_no_sense_changes_nothing(world: World) -> None:
    result = await keep(world, metadata(), paper())
    async with door(world.context) as client:
        for body, status, named in _SENSELESS:
            slug = "invalid-record" if status == 422 else "not-changeable"
            answer = problem(await client.post(f"{result['address']}/correct", json=body), status, slug)
            assert named in str(answer["detail"])
        assert (await client.get(result["address"])).json()["version"] == 1


async def test_nothing_is_ever_deleted(world: World, clock: ManualClock) -> None:
    first = await keep(world, metadata(), paper("1"))
    async with door(world.context) as client:
        await client.post(f"{first['address']}/correct", json={"title": "Đã sửa", "reason": "nhầm"})
        world.quick.changed["VALID"] = "REVOKED"
        clock.advance(60)
        judged = (await client.post(f"{first['address']}/judge")).json()
        assert judged["verdict"] == "REVOKED"
        second = await give(client, metadata(supersedes=first["id"], supersede_reason="thay"), paper("2"))
        await client.post(f"{second['address']}/revoke", json={"reason": "thu hồi"})
        old, new = [(await client.get(d["address"])).json() for d in (first, second)]
        assert [c["kind"] for c in old["changes"]] == ["corrected", "superseded"]
        assert old["changes"][0]["before"] == {"title": "Giấy khai sinh"}
        assert [(j["verdict"], len(j["signatures"])) for j in old["judgements"]] == [("VALID", 2), ("REVOKED", 2)]
        assert [c["kind"] for c in new["changes"]] == ["revoked"]
        # A file that does not speak any more can be read by those who work here.
        assert (await client.get(f"{old['address']}/file")).content == paper("1")
        # And judged: what it was worth may matter later.
        assert (await client.post(f"{old['address']}/judge")).status_code == 200
        items = (await client.get(f"/v1/dossiers/{code()}/documents")).json()["items"]
        assert [item["id"] for item in items] == [first["id"], second["id"]]
    assert len(world.objects()) == 2


async def test_hand_overs_of_one_paper_at_once_make_one_document(world: World) -> None:
    async with door(world.context) as client:
        answers = await asyncio.gather(*[post(client, metadata(), paper()) for _ in range(8)])
        assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
        others = await asyncio.gather(*[post(client, metadata(number_symbol="9"), paper(str(n))) for n in range(6)])
        assert sorted(answer.status_code for answer in others) == [201] + [409] * 5
    assert len(await world.rows("SELECT id FROM documents")) == 2


async def test_a_real_result_is_examined_apart_and_judged_by_its_real_signatures(
    clocked_database: Database, tmp_path: Path
) -> None:
    # Outside of the loop: the samples are signed in a loop of their own.
    signed = await asyncio.to_thread(samples)
    async with Bench(1, Limits(), authority().write_trust(tmp_path / "trust")) as bench:
        world = make(clocked_database, tmp_path / "store", examiner=bench)
        await hand_over(world.context, dossier())
        kept = await keep(world, metadata(), signed["valid"])
        assert kept["verdict"] == "VALID"
        async with door(world.context) as client:
            (judged,) = (await client.get(kept["address"])).json()["judgements"]
            assert [(s["signer"], s["signer_kind"]) for s in judged["signatures"]] == [
                ("Trần Thị Hạnh", "person"),
                ("Ủy ban nhân dân tỉnh Sông Trăng", "agency"),
            ]
            assert (await client.post(f"{kept['address']}/judge")).json()["verdict"] == "VALID"
            problem(await post(client, metadata(number_symbol="2"), b"\0\1\2 no paper"), 422, "file-unknown-type")
            problem(await post(client, metadata(number_symbol="2"), signed["valid"][:-200]), 422, "file-truncated")
            got = await client.get(kept["link"]["url"].removeprefix(PUBLIC))
            assert got.content == signed["valid"]


async def test_a_picture_has_no_signature_that_could_be_judged(world: World) -> None:
    kept = await keep(world, metadata("component"), b"\x89PNG words")
    world.quick.error = AssertionError("nobody looks for signatures in a picture")
    row = await judging.judge(world.context, CALLER, kept["id"], "c-1")
    assert row["verdict"] == "UNSIGNED"
    assert isinstance(world.examiner, QuickExaminer)
