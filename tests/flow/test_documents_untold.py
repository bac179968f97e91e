"""What the nation is not told, and that what is done here is done all the same."""

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from app.domain.documents import SignerKind
from app.store.session import Database
from app.usecases.context import PaperPolicy
from app.usecases.papers import marks
from tests.papers_world import RESULT, QuickExaminer, World, door, keep, make, metadata, paper, path_of
from tests.worlds import code, dossier, hand_over


async def published(database: Database, folder: Path, content: bytes, **more: Any) -> tuple[World, dict[str, Any]]:
    """A dossier with one result, whose link was seen to work."""
    world = make(database, folder, **more)
    await hand_over(world.context, dossier())
    kept = await keep(world, metadata(), content)
    await world.publish()
    return world, kept


async def told_results(world: World) -> list[str]:
    """Ids of the results in the newest promise."""
    rows = await world.rows(
        "SELECT payload FROM messages WHERE kind = 'dossier' AND target = 'portal' ORDER BY id DESC LIMIT 1"
    )
    return [entry["GiayToId"] for entry in json.loads(rows[0][0])["DanhSachGiayToKetQua"]]


@pytest.mark.parametrize(
    ("verdict", "is_told"),
    [
        ("VALID", True),
        ("INCOMPLETE", True),
        ("UNSIGNED", True),
        ("UNTRUSTED", True),
        ("EXPIRED", True),
        ("MODIFIED", False),
        ("REVOKED", False),
    ],
)
async def test_a_result_that_was_changed_or_signed_by_a_revoked_hand_is_not_told(
    clocked_database: Database, tmp_path: Path, verdict: str, *, is_told: bool
) -> None:
    world, kept = await published(clocked_database, tmp_path, paper("a", verdict))
    assert await told_results(world) == ([kept["id"]] if is_told else [])


async def test_a_verdict_that_changes_what_may_be_told_is_told(clocked_database: Database, tmp_path: Path) -> None:
    examiner = QuickExaminer()
    world, kept = await published(clocked_database, tmp_path, paper(), examiner=examiner)
    async with door(world.context) as client:
        before = await world.promises()
        await client.post(f"{kept['address']}/judge")
        assert await world.promises() == before
        examiner.changed["VALID"] = "REVOKED"
        await client.post(f"{kept['address']}/judge")
        assert await told_results(world) == []
        examiner.changed.clear()
        await client.post(f"{kept['address']}/judge")
        assert await told_results(world) == [kept["id"]]


@pytest.mark.parametrize(
    ("address", "body", "standing"),
    [
        ("revoke", {"reason": "Cấp sai"}, "revoked"),
        ("correct", {"reason": "Nhầm số", "number_symbol": "9/2026"}, "active"),
    ],
)
async def test_what_is_withdrawn_is_withdrawn_also_when_a_code_has_left_the_catalogue(
    clocked_database: Database, tmp_path: Path, address: str, body: dict[str, str], standing: str
) -> None:
    world, kept = await published(clocked_database, tmp_path, paper())
    before = await world.promises()
    poorer = replace(world.context.catalogue, procedures=MappingProxyType({}))
    async with door(replace(world.context, catalogue=poorer)) as client:
        answer = await client.post(f"{kept['address']}/{address}", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["standing"] == standing
        assert answer.json()["link"]["reason"] == "not_promisable"
        assert (await client.get(path_of(kept))).status_code == (410 if standing == "revoked" else 200)
    assert await world.promises() == before
    (detail,) = [
        json.loads(row.detail)
        for row in await world.rows("SELECT * FROM audit WHERE kind = 'document'")
        if row.outcome in {"revoked", "corrected"}
    ]
    assert detail["untold"] == "not_promisable"


async def test_a_revocation_names_the_copies_that_were_taken(clocked_database: Database, tmp_path: Path) -> None:
    world, kept = await published(clocked_database, tmp_path, paper())
    await hand_over(world.context, dossier(2))
    async with door(world.context) as client:
        asked = {
            "dossier": code(2),
            "unit": "H15.50",
            "officer": "cb.01",
            "owner": metadata()["owner"],
            "result_codes": [RESULT],
        }
        found = (await client.post("/v1/documents/lookup", json=asked)).json()
        taken = {"lookup_id": found["id"], "candidate": 0, "officer": "cb.01"}
        copy = (await client.post(f"/v1/dossiers/{code(2)}/documents/reuse", json=taken)).json()
        answer = (await client.post(f"{kept['address']}/revoke", json={"reason": "Cấp sai"})).json()
    assert answer["copies"] == [copy["id"]]


def test_settings_for_one_result_leave_the_others_as_the_law_has_them() -> None:
    policy = PaperPolicy(signers={"KQ.G15.000031": frozenset({SignerKind.AGENCY})})
    assert policy.wanted("KQ.G15.000031") == {SignerKind.AGENCY}
    assert policy.wanted("KQ.G15.000032") == policy.wanted(None) == {SignerKind.PERSON, SignerKind.AGENCY}


async def test_marks_are_those_of_the_rows(clocked_database: Database, tmp_path: Path) -> None:
    world, kept = await published(clocked_database, tmp_path, paper())

    async def work(session: Any) -> list[str]:
        return [mark.document_id for mark in (await marks(world.context, session, code())).results]

    assert await clocked_database.run(work) == [kept["id"]]


async def test_a_paper_that_is_not_told_brings_no_second_word_about_the_dossier(
    clocked_database: Database, tmp_path: Path
) -> None:
    world = make(clocked_database, tmp_path)
    await hand_over(world.context, dossier())
    assert await world.promises() == 1
    await keep(world, metadata(), paper("a", "MODIFIED"))
    await world.publish()
    assert await world.promises() == 1
    await keep(world, metadata(number_symbol="2/2026"), paper("b"))
    await world.publish()
    assert await world.promises() == 2
