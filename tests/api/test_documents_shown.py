"""Documents at the door: who may do what, what is shown of them, and what stands on record."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
import structlog
from structlog.testing import capture_logs

from app.store.session import Database
from tests.api.test_door import problem
from tests.factories import ManualClock
from tests.papers_world import (
    COMPONENT,
    NUMBER,
    OTHER_COMPONENT,
    OWNER,
    RESULT,
    World,
    door,
    give,
    make,
    metadata,
    paper,
    path_of,
    post,
)
from tests.worlds import code, dossier, hand_over

DOCUMENTS = f"/v1/dossiers/{code()}/documents"


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    world = make(clocked_database, tmp_path)
    await hand_over(world.context, dossier())
    return world


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with door(world.context) as client:
        yield client


_CLOSED = {
    "read": [
        ("POST", DOCUMENTS),
        ("POST", f"{DOCUMENTS}/reuse"),
        ("POST", "/v1/documents/lookup"),
        ("POST", "/v1/uploads"),
        ("POST", "/v1/documents/{id}/revoke"),
        ("POST", "/v1/documents/{id}/correct"),
        ("POST", "/v1/documents/{id}/supersede"),
        ("POST", "/v1/documents/{id}/judge"),
        ("PUT", "/v1/units/H15.50/result-gate"),
    ],
    "intake": [
        ("POST", "/v1/documents/{id}/judge"),
        ("GET", "/v1/documents/store"),
        ("GET", "/v1/results/missing"),
        ("GET", "/v1/units/H15.50/result-gate"),
        ("PUT", "/v1/units/H15.50/result-gate"),
    ],
    "operate": [
        ("POST", DOCUMENTS),
        ("GET", DOCUMENTS),
        ("GET", "/v1/documents/{id}"),
        ("GET", "/v1/documents/{id}/file"),
        ("POST", "/v1/subjects"),
        ("PUT", "/v1/units/H15.50/result-gate"),
    ],
    "admin": [("POST", DOCUMENTS), ("POST", "/v1/documents/{id}/judge"), ("GET", "/v1/documents/{id}/file")],
}
_OPEN: dict[str, list[tuple[str, str, object]]] = {
    "read": [
        ("GET", DOCUMENTS, None),
        ("GET", "/v1/documents/{id}/file", None),
        ("GET", "/v1/documents/store", None),
        ("POST", "/v1/subjects", OWNER),
    ],
    "admin": [("PUT", "/v1/units/H15.50/result-gate", {"mode": "enforce", "reason": "xong"})],
    "operate": [
        ("POST", "/v1/documents/{id}/correct", {"reason": "sai", "title": "Giấy"}),
        ("POST", "/v1/documents/{id}/judge", None),
    ],
    "intake": [
        ("GET", DOCUMENTS, None),
        ("POST", "/v1/documents/{id}/correct", {"reason": "sai", "title": "Giấy tờ"}),
    ],
}


async def test_a_token_opens_only_its_own_doors(world: World, client: httpx.AsyncClient) -> None:
    kept = await give(client, metadata(), paper())
    for scope, doors in _CLOSED.items():
        async with door(world.context, [scope]) as narrow:
            for method, path in doors:
                problem(await narrow.request(method, path.format(id=kept["id"]), json={}), 403, "forbidden")
                nobody = {"Authorization": ""}
                problem(
                    await narrow.request(method, path.format(id=kept["id"]), headers=nobody), 401, "unauthenticated"
                )
            for method, path, body in _OPEN[scope]:
                answer = await narrow.request(method, path.format(id=kept["id"]), json=body)
                assert answer.status_code == 200, (scope, path, answer.text)


async def test_refusals_are_on_record_and_no_number_of_a_person_is_in_log_or_record(
    world: World, client: httpx.AsyncClient
) -> None:
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    try:
        with capture_logs() as logs:
            kept = await give(client, metadata(title=f"Giấy của {NUMBER}"), paper(), name=f"{NUMBER}.pdf")
            problem(await post(client, metadata(), paper("b")), 409, "document-known")
            wrong = metadata(owner={"kind": "personal_number", "number": f"{NUMBER}0"})
            problem(await post(client, wrong, paper()), 422, "invalid-record")
            other = metadata(number_symbol="9/2026")
            problem(await post(client, other, f"REFUSE bomb {NUMBER}".encode()), 422, "file-bomb")
            asked = {"dossier": code(), "unit": "H15.50", "officer": "cb.01", "owner": OWNER, "result_codes": [RESULT]}
            named = {"requester_name": "Trần Thị Mẫu", "requester_number": NUMBER}
            assert (await client.post("/v1/documents/lookup", json=asked | named)).status_code == 200
            problem(await client.post("/v1/documents/lookup", json=asked | {"unit": "H99"}), 422, "unknown-code")
            subject = (await client.post("/v1/subjects", json=OWNER)).json()
            assert (await client.get(subject["address"])).json()["items"][0]["id"] == kept["id"]
            problem(await client.post("/v1/subjects", json=OWNER | {"number": f"{NUMBER}1"}), 422, "invalid-record")
            await client.post(f"{kept['address']}/revoke", json={"reason": f"Sai chủ {NUMBER}"})
            assert (await client.get(path_of(kept))).status_code == 410
    finally:
        structlog.configure(wrapper_class=before)
    assert NUMBER not in str(logs)
    rows = await world.rows("SELECT * FROM audit")
    assert NUMBER not in str([tuple(row) for row in rows])
    refused = [row.outcome for row in rows if row.kind == "refused"]
    assert refused == ["document-known", "invalid-record", "file-bomb", "unknown-code", "invalid-record"]
    assert {row.subject_ref for row in rows if row.kind in {"document", "document_lookup"}} == {kept["subject"]}


async def test_what_a_record_claims_without_a_file_is_shown(world: World, client: httpx.AsyncClient) -> None:
    part = {"name": "Tờ khai", "component_code": COMPONENT, "digitised": True, "url": "https://noi.example/1"}
    other = {"name": "Giấy chứng sinh", "component_code": OTHER_COMPONENT, "reuse": "component"}
    result = {"name": "Giấy khai sinh", "result_code": RESULT, "url": "https://noi.example/2"}
    await hand_over(world.context, dossier(4, components=[part, other], results=[result]))
    address = f"/v1/dossiers/{code(4)}/documents"
    before = (await client.get(address)).json()
    assert before["items"] == []
    assert not before["e_result"]
    claims = [(c["pointer"], c["claim"]) for c in before["undocumented"]]
    assert claims == [
        ("/components/0/digitised", "digitised"),
        ("/components/1/reuse", "reused"),
        ("/results/0", "result"),
    ]
    assert all(c["meaning"]["vi"] and c["meaning"]["en"] for c in before["undocumented"])
    await give(client, metadata("component"), paper("c"), 4)
    await give(client, metadata("component", code=OTHER_COMPONENT), paper("d"), 4)
    await give(client, metadata(), paper("r"), 4)
    after = (await client.get(address)).json()
    # A scan of it bears no reuse out.
    assert [c["pointer"] for c in after["undocumented"]] == ["/components/1/reuse"]
    assert after["e_result"]
    problem(await client.get(f"/v1/dossiers/{code(9)}/documents"), 404, "unknown-dossier")


async def test_documents_and_people_that_nobody_knows_are_told(client: httpx.AsyncClient) -> None:
    unknown = "0" * 32
    problem(await client.get(f"/v1/documents/{unknown}"), 404, "unknown-document")
    problem(await client.get(f"/v1/documents/{unknown}/file"), 404, "unknown-document")
    problem(await client.post(f"/v1/documents/{unknown}/judge"), 404, "unknown-document")
    problem(await client.post(f"/v1/documents/{unknown}/revoke", json={"reason": "x"}), 404, "unknown-document")
    problem(await client.get(f"/v1/subjects/{unknown}/documents"), 404, "unknown-subject")
    problem(await client.get("/v1/documents/1"), 422, "invalid-record")


async def test_the_documents_of_an_owner_are_filtered_and_paged(
    world: World, client: httpx.AsyncClient, clock: ManualClock
) -> None:
    said = [
        metadata(number_symbol="1/2026", valid_until="2026-12-31"),
        metadata(number_symbol="2/2026", issued_on="2026-01-01", valid_until="2026-06-30"),
        metadata("component"),
        metadata("component", code=OTHER_COMPONENT),
        metadata(number_symbol="5/2026", owner={"kind": "personal_number", "number": "003190999999"}),
    ]
    kept = []
    for place, one in enumerate(said):
        clock.advance(1)
        kept.append((await give(client, one, paper(str(place))))["id"])
    await client.post(f"/v1/documents/{kept[3]}/revoke", json={"reason": "sai"})
    subject = (await client.post("/v1/subjects", json=OWNER)).json()
    assert subject == (await client.post("/v1/subjects", json=OWNER)).json()
    assert NUMBER not in subject["address"]

    async def listed(**query: str) -> list[int]:
        page = (await client.get(subject["address"], params=query)).json()
        return [kept.index(item["id"]) for item in page["items"]]

    assert await listed() == [3, 2, 1, 0]
    assert await listed(role="component") == [3, 2]
    assert await listed(type=RESULT) == [1, 0]
    assert await listed(standing="active") == [2, 1, 0]
    assert await listed(standing="revoked") == [3]
    assert await listed(valid_on="2026-06-30", role="result") == [1]
    assert await listed(valid_on="2026-07-02", role="result") == [0]
    assert await listed(valid_on="2027-01-01", role="result") == []
    seen: list[str] = []
    address = f"{subject['address']}?limit=3&standing=active"
    while address:
        page = (await client.get(address)).json()
        seen += [item["id"] for item in page["items"]]
        address = page["next"]
    assert seen == [kept[2], kept[1], kept[0]]
    problem(await client.get(subject["address"], params={"role": "letter"}), 422, "invalid-record")
    looks = await world.rows("SELECT outcome FROM audit WHERE kind = 'document_read' AND outcome = 'listed'")
    assert len(looks) >= 8
