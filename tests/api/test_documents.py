"""Documents at the door: what is taken, what is refused by name, and that nothing half-done stays."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.domain.documents import FileFault
from app.papers import BenchBroken
from app.store.session import Database
from app.texts import TEXTS
from app.vault import LocalVault, Scratch, VaultUnavailable
from connectors.scanner import TooLargeToScan, Unavailable
from schemas.documents import DocumentIn
from tests.api.test_door import problem
from tests.papers_world import (
    NUMBER,
    RESULT,
    World,
    chunks_of,
    door,
    form,
    give,
    make,
    metadata,
    paper,
    post,
    sha256_of,
)
from tests.worlds import CATALOGUE, code, dossier, hand_over

DOCUMENTS = f"/v1/dossiers/{code()}/documents"
EICAR = b"%PDF-1.7\nVALID\nEICAR-STANDARD-ANTIVIRUS-TEST-FILE\n"


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    world = make(clocked_database, tmp_path, scanned=True, bytes_max=20_000)
    await hand_over(world.context, dossier(1), dossier(2), dossier(3, procedure={"code": "1.000689"}))
    return world


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with door(world.context) as client:
        yield client


async def nothing_kept(world: World) -> None:
    """No object, no announced one, no document, no owner but those of dossiers, no link."""
    assert world.objects() == []
    for table in ("blobs", "documents", "links", "judgements"):
        assert await world.rows(f"SELECT * FROM {table}") == [], table  # noqa: S608 - names of tables
    assert await world.rows("SELECT * FROM subjects WHERE id NOT IN (SELECT subject_id FROM dossiers)") == []


async def test_a_document_is_kept_with_all_that_is_said_of_it(world: World, client: httpx.AsyncClient) -> None:
    said = metadata(valid_until="2030-01-01", file_name="khai sinh.pdf")
    kept = await give(client, said, paper(), name="ignored.pdf")
    assert {name: kept[name] for name in said if name != "owner"} == {n: said[n] for n in said if n != "owner"}
    assert kept["sha256"] == sha256_of(paper())
    assert (kept["size_bytes"], kept["media_type"], kept["pages"]) == (len(paper()), "application/pdf", 1)
    assert (kept["verdict"], kept["standing"], kept["version"]) == ("VALID", "active", 1)
    assert kept["link"]["state"] == "new"
    assert NUMBER not in json.dumps(kept)
    detail = (await client.get(kept["address"])).json()
    assert [judged["verdict"] for judged in detail["judgements"]] == ["VALID"]
    assert detail["judgements"][0]["judged_by"] == {"fingerprint": "f" * 64, "wanted": ["agency", "person"]}
    assert [s["signer_kind"] for s in detail["judgements"][0]["signatures"]] == ["person", "agency"]
    assert detail["judgements"][0]["signatures"][0]["signed_at"].endswith("+07:00")
    assert detail["changes"] == []
    assert world.objects() == [kept["sha256"]]
    file = await client.get(f"{kept['address']}/file")
    assert file.content == paper()
    assert file.headers["content-disposition"].startswith("attachment;")
    assert file.headers["etag"] == f'"{kept["sha256"]}"'


async def test_the_same_file_with_the_same_facts_gets_the_same_answer(world: World, client: httpx.AsyncClient) -> None:
    first = await give(client, metadata(), paper())
    again = await post(client, metadata(), paper())
    assert again.status_code == 200
    assert again.json() == first
    assert len(await world.rows("SELECT id FROM documents")) == 1
    assert [kind for (kind,) in await world.rows("SELECT outcome FROM audit WHERE kind = 'document'")] == ["kept"]


async def test_the_same_file_with_other_facts_is_refused(client: httpx.AsyncClient) -> None:
    first = await give(client, metadata(), paper())
    body = problem(await post(client, metadata(title="Giấy khác"), paper()), 409, "document-known")
    assert body["document"] == first["id"]


async def test_another_file_of_the_same_paper_must_say_that_it_replaces(
    world: World, client: httpx.AsyncClient
) -> None:
    first = await give(client, metadata(), paper("a"))
    body = problem(await post(client, metadata(), paper("b")), 409, "document-known")
    assert body["document"] == first["id"]
    # Of another dossier too: the same paper of the same person is one paper, and a look-up offers it.
    problem(await post(client, metadata(), paper("b"), 2), 409, "document-known")
    assert world.objects() == [first["sha256"]]
    replacing = metadata(supersedes=first["id"], supersede_reason="Bản quét rõ hơn")
    second = await give(client, replacing, paper("b"))
    old = (await client.get(first["address"])).json()
    assert (old["standing"], old["replaced_by"]) == ("superseded", second["id"])
    assert old["link"]["state"] == "withdrawn"
    assert [(c["kind"], c["reason"]) for c in old["changes"]] == [("superseded", "Bản quét rõ hơn")]
    assert (await post(client, replacing, paper("b"))).json()["id"] == second["id"]
    assert world.objects() == sorted([sha256_of(paper("a")), sha256_of(paper("b"))])


async def test_a_paper_that_no_look_up_offers_stands_in_nobody_elses_way(client: httpx.AsyncClient) -> None:
    await give(client, metadata(), paper("a", "UNTRUSTED"))
    problem(await post(client, metadata(), paper("b")), 409, "document-known")
    await give(client, metadata(), paper("b"), 2)
    of_the_year = {"number_symbol": "9/2026", "issued_on": "2026-01-02"}
    await give(client, metadata(**of_the_year, valid_until="2026-02-01"), paper("c"))
    await give(client, metadata(**of_the_year, valid_until="2036-02-01"), paper("d"), 2)


async def test_a_retry_does_not_undo_a_withdrawal(world: World, client: httpx.AsyncClient) -> None:
    kept = await give(client, metadata(), paper())
    await client.post(f"{kept['address']}/revoke", json={"reason": "sai"})
    body = problem(await post(client, metadata(), paper()), 409, "not-changeable")
    assert body["document"] == kept["id"]
    assert len(await world.rows("SELECT id FROM documents")) == 1
    # What is said anew on purpose is another hand-over.
    again = await give(client, metadata(number_symbol="216/2026"), paper())
    assert again["link"]["url"] != kept["link"]["url"]


async def test_nothing_of_a_refused_file_is_kept(world: World, client: httpx.AsyncClient) -> None:
    first = await give(client, metadata(), paper("a"))
    problem(await post(client, metadata(), paper("b")), 409, "document-known")
    lost = metadata(number_symbol="7/2026", supersedes="0" * 32, supersede_reason="thay")
    problem(await post(client, lost, paper("c")), 409, "not-changeable")
    assert world.objects() == [first["sha256"]]
    assert [sha256 for (sha256,) in await world.rows("SELECT sha256 FROM blobs")] == [first["sha256"]]


@pytest.mark.parametrize("role", ["result", "component"])
def test_every_code_of_the_catalogue_may_be_handed_over(role: str) -> None:
    codes = set(CATALOGUE.results) if role == "result" else {c for p in CATALOGUE.components.values() for c in p}
    assert any(" " in code or not code.isascii() for code in codes)
    for code_ in codes:
        assert DocumentIn.model_validate_json(json.dumps(metadata(role, code=code_))).code == code_


async def test_another_number_issuer_day_or_owner_makes_another_paper(client: httpx.AsyncClient) -> None:
    await give(client, metadata(), paper("a"))
    others: tuple[dict[str, Any], ...] = (
        {"number_symbol": "216/2026"},
        {"issuing_body": "UBND phường Tân Lập"},
        {"issued_on": "2026-07-01"},
        {"owner": {"kind": "personal_number", "number": "003190999999"}},
    )
    for place, changes in enumerate(others):
        await give(client, metadata(**changes), paper(str(place)))


async def test_the_same_file_in_two_dossiers_lies_in_the_store_once(world: World, client: httpx.AsyncClient) -> None:
    first, second = await give(client, metadata(), paper()), await give(client, metadata(), paper(), 2)
    assert first["id"] != second["id"]
    assert first["link"]["url"] != second["link"]["url"]
    assert world.objects() == [sha256_of(paper())]


async def test_what_is_to_be_replaced_must_speak_and_belong_to_the_dossier(
    world: World, client: httpx.AsyncClient
) -> None:
    elsewhere = await give(client, metadata(number_symbol="9/2026"), paper("x"), 2)
    component = await give(client, metadata("component"), paper("y"))
    revoked = await give(client, metadata(number_symbol="8/2026"), paper("z"))
    await client.post(f"{revoked['address']}/revoke", json={"reason": "sai"})
    for named in (elsewhere["id"], component["id"], revoked["id"], "0" * 32):
        said = metadata(supersedes=named, supersede_reason="thay")
        body = problem(await post(client, said, paper("b")), 409, "not-changeable")
        assert body["errors"][0]["pointer"] == "/supersedes"  # type: ignore[index]
    # The whole transaction was taken back, and says so in no row.
    assert await world.rows("SELECT id FROM documents WHERE sha256 = :s", s=sha256_of(paper("b"))) == []


async def test_an_unknown_dossier_is_told_before_the_body_is_judged(world: World, client: httpx.AsyncClient) -> None:
    for content in (b"", b"--x--", paper(), b"REFUSE bomb"):
        problem(await client.post(f"/v1/dossiers/{code(9)}/documents", content=content), 404, "unknown-dossier")
        problem(await post(client, {"role": "letter"}, content, 9), 404, "unknown-dossier")
    await nothing_kept(world)


async def test_a_code_must_be_of_the_procedures_own_list(world: World, client: httpx.AsyncClient) -> None:
    for said in (
        metadata(code="KQ.G15.000033"),
        metadata(code="KQ.G99.000000"),
        metadata("component", code="000.00.00.G01-KQ002430"),
        metadata("component", code=RESULT),
    ):
        body = problem(await post(client, said, paper()), 422, "unknown-code")
        assert body["errors"][0]["pointer"] == "/code"  # type: ignore[index]
    await nothing_kept(world)
    # Another procedure lists it.
    await give(client, metadata(code="KQ.G15.000033"), paper(), 3)


async def test_a_paper_beyond_the_list_comes_without_a_code(client: httpx.AsyncClient) -> None:
    kept = await give(client, metadata("component", code=None), paper())
    assert kept["code"] is None


async def test_every_fault_of_a_file_has_its_name_and_its_words(world: World, client: httpx.AsyncClient) -> None:
    for fault in FileFault:
        slug = f"file-{fault.value.replace('_', '-')}"
        content = EICAR if fault is FileFault.INFECTED else f"REFUSE {fault.value}".encode()
        body = problem(await post(client, metadata(), content), 422, slug)
        assert body["fault"] == fault.value
        assert (body["advice"], body["advice_en"]) == (TEXTS[f"advice.{slug}"].vi, TEXTS[f"advice.{slug}"].en)
        assert body["advice"] not in {TEXTS["advice.file-refused"].vi, body["advice_en"]}
        assert body["errors"][0]["pointer"] == "/file"  # type: ignore[index]
    await nothing_kept(world)
    outcomes = [outcome for (outcome,) in await world.rows("SELECT outcome FROM audit WHERE kind = 'refused'")]
    assert sorted(outcomes) == sorted(f"file-{fault.value.replace('_', '-')}" for fault in FileFault)


_TOO_LITTLE: list[tuple[dict[str, Any], str]] = [
    ({"code": None}, "code"),
    ({"number_symbol": None}, "number_symbol"),
    ({"issuing_body": None}, "issuing_body"),
    ({"issued_on": None}, "issued_on"),
    ({"scope": None}, "scope"),
    ({"source": "scanned"}, "digitised_by"),
    ({"valid_until": "2026-07-01"}, "valid_until"),
    ({"supersede_reason": "thay"}, "supersede_reason"),
    ({"supersedes": "0" * 32}, "supersede_reason"),
    ({"owner": None}, "owner"),
    ({"source": "national_store"}, "source"),
    ({"file_name": "../a.pdf"}, "file_name"),
    ({"upload_id": "0" * 32}, "upload_id"),
    ({"surprise": 1}, "surprise"),
]


async def test_metadata_that_say_too_little_or_too_much_are_refused(world: World, client: httpx.AsyncClient) -> None:
    for changes, named in _TOO_LITTLE:
        body = problem(await post(client, metadata(**changes), paper()), 422, "invalid-record")
        assert named in str(body["errors"]), changes
    await nothing_kept(world)


async def test_a_body_that_is_no_such_form_is_refused(world: World, client: httpx.AsyncClient) -> None:
    meta, file = form(metadata(), paper())
    for files in ([file, meta], [meta], [file], [meta, meta, file], [meta, file, file]):
        problem(await client.post(DOCUMENTS, files=files), 400, "unreadable-line")
    request = client.build_request("POST", DOCUMENTS, files=[meta, file])
    body, headers = request.read(), {"content-type": request.headers["content-type"]}
    for cut in (0, 10, len(body) // 2, len(body) - 5):
        problem(await client.post(DOCUMENTS, content=body[:cut], headers=headers), 400, "unreadable-line")
    problem(await client.post(DOCUMENTS, content=b"{", headers={"content-type": "application/json"}), 400,
            "unreadable-line")  # fmt: skip
    problem(await client.post(DOCUMENTS, content=body), 400, "unreadable-line")
    long = {"content-type": f"multipart/form-data; boundary={'x' * 300}"}
    problem(await client.post(DOCUMENTS, content=body, headers=long), 400, "unreadable-line")
    await nothing_kept(world)


async def test_a_form_may_come_in_chunks_of_no_known_length(client: httpx.AsyncClient) -> None:
    request = client.build_request("POST", DOCUMENTS, files=form(metadata(), paper()))
    headers = {"content-type": request.headers["content-type"]}
    answer = await client.post(DOCUMENTS, content=chunks_of(request.read(), 7), headers=headers)
    assert answer.status_code == 201, answer.text


async def test_metadata_and_files_have_bounds_of_their_own(world: World, client: httpx.AsyncClient) -> None:
    problem(await post(client, metadata(title="x" * 70_000), paper()), 413, "too-large")
    body = problem(await post(client, metadata(), paper("x" * 20_001)), 413, "too-large")
    assert body["errors"][0]["pointer"] == "/file"  # type: ignore[index]
    large = json.dumps(metadata(title="x" * 70_000))
    problem(await client.post(DOCUMENTS, content=large, headers={"content-type": "application/json"}), 413, "too-large")
    await nothing_kept(world)


async def test_a_file_that_came_otherwise_than_its_sender_says_is_refused(
    world: World, client: httpx.AsyncClient
) -> None:
    body = problem(await post(client, metadata(sha256="0" * 64), paper()), 422, "invalid-record")
    assert body["errors"][0]["pointer"] == "/sha256"  # type: ignore[index]
    assert sha256_of(paper()) in str(body["detail"])
    await nothing_kept(world)
    await give(client, metadata(sha256=sha256_of(paper())), paper())


async def test_no_file_is_taken_that_the_scanner_did_not_look_into(world: World, client: httpx.AsyncClient) -> None:
    problem(await post(client, metadata(), EICAR), 422, "file-infected")
    world.scanner.outcomes.append(TooLargeToScan("20000 bytes"))
    problem(await post(client, metadata(), paper()), 422, "file-too-large")
    world.scanner.outcomes.append(Unavailable("timeout"))
    silent = await post(client, metadata(), paper())
    problem(silent, 503, "scanner-silent")
    assert int(silent.headers["retry-after"]) > 0
    await nothing_kept(world)
    await give(client, metadata(), paper())
    assert world.scanner.scans == 4


async def test_a_file_that_nobody_can_look_into_now_is_asked_for_again(world: World, client: httpx.AsyncClient) -> None:
    world.quick.error = BenchBroken("an examiner does not start")
    silent = await post(client, metadata(), paper())
    problem(silent, 503, "file-store-silent")
    assert int(silent.headers["retry-after"]) > 0
    await nothing_kept(world)


class FullDisk(LocalVault):
    """A vault that takes nothing."""

    async def put(self, scratch: Scratch) -> bool:
        assert scratch.size_bytes
        message = "put of an object: No space left on device"
        raise VaultUnavailable(message)


async def test_a_vault_that_takes_nothing_is_told_and_nothing_is_kept(
    clocked_database: Database, tmp_path: Path
) -> None:
    world = make(clocked_database, tmp_path, vault=FullDisk(tmp_path))
    await hand_over(world.context, dossier())
    async with door(world.context) as client:
        problem(await post(client, metadata(), paper()), 503, "file-store-silent")
        assert world.objects() == []
        assert await world.rows("SELECT * FROM documents") == []
        assert await world.rows("SELECT state FROM blobs") == [("promised",)]
        store = (await client.get("/v1/documents/store")).json()
        assert (store["objects"], store["promised"]) == (0, 1)


async def test_a_process_without_a_store_says_so(clocked_database: Database, tmp_path: Path) -> None:
    world = make(clocked_database, tmp_path)
    object.__setattr__(world.context, "files", None)
    await hand_over(world.context, dossier())
    async with door(world.context) as client:
        problem(await post(client, metadata(), paper()), 503, "file-store-silent")
        problem(await client.post("/v1/uploads", headers={"Upload-Length": "5"}), 503, "file-store-silent")
