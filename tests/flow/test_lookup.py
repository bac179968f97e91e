"""Look before you scan: what is held here or in the national store is offered, taken, and told as reused."""

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import pytest_asyncio

from app.store.session import Database
from app.texts import TEXTS
from app.vault import LocalVault
from connectors.national_store import HeldFile, HeldPaper, PapersQuestion, StoreChannel, StoreOutcome
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
    keep,
    make,
    metadata,
    paper,
    path_of,
    sha256_of,
)
from tests.worlds import FROM_TEST, code, dossier, hand_over

ASKER = {"requester_name": "Trần Thị Mẫu", "requester_number": "003085000001"}
OTHER = {"kind": "personal_number", "number": "003190999999"}
NATIONAL = paper("from the nation")
HELD = HeldPaper(
    RESULT,
    "Giấy khai sinh (bản sao)",
    "77/2020",
    "UBND xã Mẫu",
    (HeldFile("ks.pdf", "/tep/1"), HeldFile("ks2.pdf", "/tep/2")),
)


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    world = make(clocked_database, tmp_path, bytes_max=5000)
    await hand_over(world.context, dossier(1), dossier(2))
    return world


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with door(world.context) as client:
        yield client


async def asked(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    question = {"dossier": code(), "unit": "H15.50", "officer": "cb.hotich.01", "owner": OWNER}
    return await client.post(
        "/v1/documents/lookup", json=question | {"component_code": COMPONENT, "result_codes": [RESULT]} | changes
    )


async def found(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await asked(client, **changes)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["held"] is bool(told["candidates"])
    return told


async def offered(client: httpx.AsyncClient, **changes: Any) -> list[str]:
    return [candidate["document"] for candidate in (await found(client, **changes))["candidates"]]


async def reuse(
    client: httpx.AsyncClient, lookup: dict[str, Any], candidate: int = 0, number: int = 1, part: str | None = COMPONENT
) -> httpx.Response:
    body = {"lookup_id": lookup["id"], "candidate": candidate, "component_code": part, "officer": "cb.hotich.01"}
    return await client.post(f"/v1/dossiers/{code(number)}/documents/reuse", json=body)


async def told(world: World, number: int = 1) -> list[dict[str, Any]]:
    """The components of the newest promise, without what is another test's matter."""
    await world.publish()
    marks = ("MaThanhPhanHoSo", "DuocSoHoa", "DuocTaiSuDung", "DuocLayTuKhoDMQG", "MaKetQuaThayThe")
    return [{name: part[name] for name in marks if name in part} for part in (await world.newest(number))["TaiLieuNop"]]


async def test_the_result_of_an_earlier_dossier_is_offered_and_reused(world: World, client: httpx.AsyncClient) -> None:
    earlier = await keep(world, metadata(), paper("r"), 2)
    lookup = await found(client)
    (candidate,) = lookup["candidates"]
    assert (candidate["held_in"], candidate["document"], candidate["verdict"]) == (
        "provincial_store",
        earlier["id"],
        "VALID",
    )
    assert lookup["meaning"]["en"] == TEXTS["lookup.held"].en
    taken = await reuse(client, lookup)
    assert taken.status_code == 201, taken.text
    kept = taken.json()
    assert {name: kept[name] for name in ("role", "code", "source", "origin", "lookup_id", "sha256", "title")} == {
        "role": "component",
        "code": COMPONENT,
        "source": "provincial_store",
        "origin": earlier["id"],
        "lookup_id": lookup["id"],
        "sha256": sha256_of(paper("r")),
        "title": "Giấy khai sinh",
    }
    assert world.objects() == [sha256_of(paper("r"))]
    assert await told(world) == [
        {
            "MaThanhPhanHoSo": COMPONENT,
            "DuocSoHoa": "1",
            "DuocTaiSuDung": "2",
            "DuocLayTuKhoDMQG": "0",
            "MaKetQuaThayThe": RESULT,
        }
    ]
    assert (await client.get(path_of(kept))).content == paper("r")
    again = await reuse(client, lookup)
    assert (again.status_code, again.json()["id"]) == (200, kept["id"])
    assert len(await world.rows("SELECT id FROM documents")) == 2


async def test_an_earlier_component_is_told_as_reused_and_a_copy_of_a_copy_as_what_it_was_first(
    world: World, client: httpx.AsyncClient, clock: ManualClock
) -> None:
    component = await keep(world, metadata("component"), paper("c"), 2)
    lookup = await found(client, result_codes=[])
    assert [c["document"] for c in lookup["candidates"]] == [component["id"]]
    assert (await reuse(client, lookup)).status_code == 201
    (mark,) = await told(world)
    assert (mark["DuocTaiSuDung"], mark["DuocLayTuKhoDMQG"], "MaKetQuaThayThe" in mark) == ("1", "0", False)

    clock.advance(1)
    result = await keep(world, metadata(), paper("r"), 2)
    await hand_over(world.context, dossier(3), dossier(4))
    first = await reuse(client, await found(client, dossier=code(3), component_code=None), number=3)
    assert first.json()["origin"] == result["id"]
    await client.post(f"{result['address']}/revoke", json={"reason": "sai"})
    clock.advance(1)
    copies = await found(client, dossier=code(4), result_codes=[])
    place = [c["document"] for c in copies["candidates"]].index(first.json()["id"])
    assert (await reuse(client, copies, place, 4)).status_code == 201
    (mark,) = await told(world, 4)
    assert (mark["DuocTaiSuDung"], mark["MaKetQuaThayThe"]) == ("2", RESULT)


async def test_what_does_not_hold_any_more_or_is_anothers_is_not_offered(
    world: World, client: httpx.AsyncClient, clock: ManualClock
) -> None:
    good = await keep(world, metadata(number_symbol="1"), paper("1"), 2)
    ends = await keep(
        world, metadata(number_symbol="2", issued_on="2026-01-01", valid_until="2026-07-01"), paper("2"), 2
    )
    revoked = await keep(world, metadata(number_symbol="3"), paper("3"), 2)
    await keep(world, metadata(number_symbol="4", owner=OTHER), paper("4"), 2)
    await keep(world, metadata("component", code=OTHER_COMPONENT), paper("5"), 2)
    await client.post(f"{revoked['address']}/revoke", json={"reason": "sai"})
    assert sorted(await offered(client)) == sorted([good["id"], ends["id"]])
    assert await offered(client, number_symbol="2") == [ends["id"]]
    assert await offered(client, number_symbol="9") == []
    assert await offered(client, result_codes=["KQ.G15.000032"]) == []
    # The last day ends with the day of Viet Nam: 17:00 in UTC.
    clock.advance(15 * 3600 - 1)
    assert len(await offered(client)) == 2
    clock.advance(1)
    assert await offered(client) == [good["id"]]


async def test_one_paper_in_several_dossiers_is_offered_once_as_it_came_first(
    world: World, client: httpx.AsyncClient, clock: ManualClock
) -> None:
    first = await keep(world, metadata(), paper("r"), 2)
    clock.advance(1)
    await hand_over(world.context, dossier(3))
    await keep(world, metadata(), paper("r"), 3)
    clock.advance(1)
    newer = await keep(world, metadata(number_symbol="2"), paper("s"), 3)
    assert await offered(client) == [newer["id"], first["id"]]


async def test_the_nation_is_asked_as_the_law_wants_and_every_answer_is_told_apart(
    world: World, client: httpx.AsyncClient
) -> None:
    lookup = await found(client, **ASKER, number_symbol="77/2020")
    assert (lookup["held"], lookup["national_outcome"]) == (False, "nothing_held")
    assert lookup["meaning"]["en"] == TEXTS["lookup.not_held"].en
    (question,) = world.store.questions
    assert question == PapersQuestion(
        owner_number=NUMBER,
        requester_name=ASKER["requester_name"],
        requester_number=ASKER["requester_number"],
        channel=StoreChannel.OFFICER,
        procedure_code="1.000110",
        wanted=((RESULT, "77/2020"),),
    )
    for outcome in (StoreOutcome.DENIED, StoreOutcome.UNAVAILABLE, StoreOutcome.BAD_REPLY):
        world.store.script(outcome)
        silent = await found(client, **ASKER)
        assert (silent["held"], silent["national_outcome"]) == (False, outcome.value.lower())
        assert silent["meaning"]["en"] == TEXTS["lookup.unsure"].en
    # What is held here is held, whatever the nation says.
    await keep(world, metadata(), paper("r"), 2)
    world.store.script(StoreOutcome.UNAVAILABLE)
    here = await found(client, **ASKER)
    assert (here["held"], here["national_outcome"]) == (True, "unavailable")
    assert here["meaning"]["en"] == TEXTS["lookup.held"].en
    rows = await world.rows("SELECT national_outcome, provincial, national FROM lookups ORDER BY id")
    assert sorted(tuple(row) for row in rows) == sorted(
        [(name, 0, 0) for name in ("nothing_held", "denied", "unavailable", "bad_reply")] + [("unavailable", 1, 0)]
    )


async def test_the_nation_is_not_asked_without_need_or_right(world: World, client: httpx.AsyncClient) -> None:
    changes: dict[str, Any]
    for changes in (
        {},
        {"requester_name": "Trần Thị Mẫu"},
        ASKER | {"national": False},
        ASKER | {"result_codes": []},
        ASKER | {"owner": {"kind": "tax_number", "number": "0100109106"}},
    ):
        lookup = await found(client, **changes)
        assert (lookup["held"], lookup["national_outcome"]) == (False, "not_asked")
    assert world.store.questions == []


async def test_without_a_national_store_only_the_province_is_asked(clocked_database: Database, tmp_path: Path) -> None:
    world = make(clocked_database, tmp_path, national=False)
    await hand_over(world.context, dossier(1))
    async with door(world.context) as client:
        assert (await found(client, **ASKER))["national_outcome"] == "not_asked"


async def test_a_paper_of_the_national_store_goes_through_the_same_examination(
    world: World, client: httpx.AsyncClient
) -> None:
    world.store.hold(NUMBER, HELD, {"/tep/1": NATIONAL, "/tep/2": paper("other")})
    lookup = await found(client, **ASKER)
    assert lookup["national_outcome"] == "found"
    assert [(c["held_in"], c["document"], c["code"], c["title"]) for c in lookup["candidates"]] == [
        ("national_store", None, RESULT, HELD.name)
    ] * 2
    examined = world.quick.examined
    taken = await reuse(client, lookup)
    assert taken.status_code == 201, taken.text
    kept = taken.json()
    assert world.quick.examined == examined + 1
    assert world.store.fetched == [("UBND xã Mẫu", "/tep/1")]
    assert (kept["source"], kept["sha256"], kept["file_name"], kept["number_symbol"]) == (
        "national_store",
        sha256_of(NATIONAL),
        "ks.pdf",
        "77/2020",
    )
    assert await told(world) == [
        {
            "MaThanhPhanHoSo": COMPONENT,
            "DuocSoHoa": "1",
            "DuocTaiSuDung": "2",
            "DuocLayTuKhoDMQG": "1",
            "MaKetQuaThayThe": RESULT,
        }
    ]
    assert (await reuse(client, lookup)).json()["id"] == kept["id"]
    # Another file of the same answer is another paper: one look-up saves one scan.
    body = problem(await reuse(client, lookup, 1), 409, "lookup-used")
    assert body["document"] == kept["id"]
    assert world.store.fetched == [("UBND xã Mẫu", "/tep/1")]


async def test_a_bad_file_of_the_national_store_is_refused_by_name(world: World, client: httpx.AsyncClient) -> None:
    world.store.hold(NUMBER, HELD, {"/tep/1": b"REFUSE polyglot", "/tep/2": paper("x" * 5000)})
    lookup = await found(client, **ASKER)
    problem(await reuse(client, lookup, 0), 422, "file-polyglot")
    for outcome in (StoreOutcome.UNAVAILABLE, StoreOutcome.DENIED, StoreOutcome.NOTHING_HELD):
        world.store.script(outcome)
        silent = await reuse(client, lookup, 0)
        body = problem(silent, 503, "national-store-silent")
        assert body["outcome"] == outcome.value
        assert int(silent.headers["retry-after"]) > 0
    # More than a file may have: that is no answer either.
    problem(await reuse(client, lookup, 1), 503, "national-store-silent")
    assert world.objects() == []
    assert await world.rows("SELECT * FROM documents") == []
    assert (await client.get("/v1/documents/store")).json()["scans_avoided"] == 0


async def test_what_cannot_be_looked_for_is_refused_before_anybody_is_asked(
    world: World, client: httpx.AsyncClient
) -> None:
    refused = dossier(5, status="refused", refused_at="2026-07-01T10:00:00+07:00", note="Thiếu giấy tờ")
    await hand_over(world.context, refused)
    problem(await asked(client, **ASKER, dossier=code(9)), 404, "unknown-dossier")
    problem(await asked(client, **ASKER, dossier=code(5)), 409, "dossier-not-open")
    problem(await asked(client, **ASKER, unit="H99"), 422, "unknown-code")
    problem(await asked(client, **ASKER, component_code="000.00.00.G01-KQ002430"), 422, "unknown-code")
    body = problem(await asked(client, **ASKER, result_codes=[RESULT, "KQ.X"]), 422, "unknown-code")
    assert body["errors"][0]["pointer"] == "/result_codes/1"  # type: ignore[index]
    problem(await asked(client, **ASKER, component_code=None, result_codes=[]), 422, "invalid-record")
    problem(await asked(client, **ASKER, officer="hai người"), 422, "invalid-record")
    assert world.store.questions == []
    assert await world.rows("SELECT * FROM lookups") == []


async def test_a_look_up_is_used_once_and_for_its_own_dossier(world: World, client: httpx.AsyncClient) -> None:
    await keep(world, metadata(), paper("r"), 2)
    await keep(world, metadata(number_symbol="2"), paper("s"), 2)
    lookup = await found(client)
    problem(await reuse(client, lookup, number=2), 409, "lookup-used")
    problem(await reuse(client, lookup, 2), 404, "unknown-lookup")
    problem(await reuse(client, {"id": "0" * 32}), 404, "unknown-lookup")
    problem(await reuse(client, lookup, part="000.00.00.G01-KQ002430"), 422, "unknown-code")
    assert (await reuse(client, lookup, 0)).status_code == 201
    problem(await reuse(client, lookup, 1), 409, "lookup-used")
    problem(await reuse(client, lookup, 0, part=OTHER_COMPONENT), 409, "lookup-used")
    assert len(await world.rows("SELECT id FROM documents WHERE role = 'component'")) == 1


async def test_two_who_take_from_one_look_up_at_once_save_one_scan(world: World, client: httpx.AsyncClient) -> None:
    await keep(world, metadata(), paper("r"), 2)
    await keep(world, metadata(number_symbol="2"), paper("s"), 2)
    lookup = await found(client)
    answers = await asyncio.gather(*[reuse(client, lookup, place % 2) for place in range(4)])
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    (row,) = await world.rows("SELECT origin_id FROM documents WHERE lookup_id = :l", l=lookup["id"])
    place = [candidate["document"] for candidate in lookup["candidates"]].index(row.origin_id)
    assert (await reuse(client, lookup, place)).status_code == 200
    assert (await client.get("/v1/documents/store")).json()["scans_avoided"] == 1


async def test_what_was_withdrawn_or_harmed_since_the_look_up_is_not_taken(
    world: World, client: httpx.AsyncClient
) -> None:
    kept = await keep(world, metadata(), paper("r"), 2)
    harmed = await keep(world, metadata(number_symbol="2"), paper("s"), 2)
    lookup = await found(client)
    places = [candidate["document"] for candidate in lookup["candidates"]]
    await client.post(f"{kept['address']}/revoke", json={"reason": "sai"})
    problem(await reuse(client, lookup, places.index(kept["id"])), 409, "not-changeable")
    world.damage(harmed["sha256"])
    problem(await reuse(client, lookup, places.index(harmed["id"])), 503, "file-store-silent")
    assert await world.rows("SELECT * FROM documents WHERE role = 'component'") == []


async def test_what_was_asked_and_saved_is_counted_and_on_record(world: World, client: httpx.AsyncClient) -> None:
    summary = (await client.get("/v1/sync/summary")).json()["scans"]
    assert summary == {"lookups": 0, "scans_avoided": 0, "share": None}
    await keep(world, metadata(), paper("r"), 2)
    lookups = [await found(client) for _ in range(3)] + [await found(client, owner=OTHER)]
    await reuse(client, lookups[0])
    await reuse(client, lookups[0])
    summary = (await client.get("/v1/sync/summary")).json()["scans"]
    assert summary == {"lookups": 4, "scans_avoided": 1, "share": 0.25}
    store = (await client.get("/v1/documents/store")).json()
    assert (store["lookups"], store["scans_avoided"]) == (4, 1)
    entries = await world.rows("SELECT * FROM audit WHERE kind = 'document_lookup' ORDER BY id")
    assert [row.outcome for row in entries] == ["asked", "answered"] * 4 + ["taking", "taken"]
    assert {row.dossier_code for row in entries} == {code()}
    assert all(row.actor.startswith("cb.hotich.01 (test-") for row in entries)
    assert NUMBER not in str([tuple(row) for row in entries])
    (row,) = await world.rows("SELECT * FROM lookups WHERE used_at IS NOT NULL")
    assert (row.officer, row.unit_code, row.provincial) == ("cb.hotich.01", "H15.50", 1)


async def test_when_the_scan_is_handed_over_all_the_same_nothing_counts_as_saved(
    world: World, client: httpx.AsyncClient
) -> None:
    await found(client)
    await give(client, metadata("component"), paper("c"))
    assert (await client.get("/v1/documents/store")).json()["scans_avoided"] == 0
    (mark,) = await told(world)
    assert mark["DuocTaiSuDung"] == "0"


async def test_who_took_a_paper_is_on_record_though_many_share_the_token(
    world: World, client: httpx.AsyncClient
) -> None:
    world.store.hold(NUMBER, HELD, {"/tep/1": NATIONAL, "/tep/2": paper("other")})
    lookup = await found(client, **ASKER)
    body = {"lookup_id": lookup["id"], "candidate": 0, "component_code": COMPONENT, "officer": "cb.tiepnhan.07"}
    world.store.script(StoreOutcome.UNAVAILABLE)
    address = f"/v1/dossiers/{code()}/documents/reuse"
    problem(await client.post(address, json=body), 503, "national-store-silent")
    kept = (await client.post(address, json=body, headers={"X-Correlation-Id": "c-taken"})).json()
    assert (await client.post(address, json=body)).json()["id"] == kept["id"]

    entries = await world.rows("SELECT * FROM audit WHERE dossier_code = :d ORDER BY id", d=code())
    taking = [row for row in entries if row.kind == "document_lookup" and row.outcome in {"taking", "taken"}]
    # It is on record before anybody is asked for the file, and says afterwards what came of it.
    assert [row.outcome for row in taking] == ["taking", "taking", "taken"]
    assert {(row.actor.partition(" (")[0], row.subject_ref) for row in taking} == {("cb.tiepnhan.07", kept["subject"])}
    said = {"lookup": lookup["id"], "candidate": 0, "component": COMPONENT} | FROM_TEST
    assert json.loads(taking[0].detail) == said | {"held_in": "national_store"}
    assert json.loads(taking[2].detail) == said | {"document": kept["id"]}
    (written,) = [row for row in entries if row.kind == "document" and row.outcome == "kept"]
    assert {written.correlation_id, taking[1].correlation_id, taking[2].correlation_id} == {written.correlation_id}
    # What a token hands over is still known by its name.
    assert written.actor == f"cb.tiepnhan.07 ({kept['handed_over_by']})"
    assert kept["handed_over_by"].startswith("test-")


LONG = "Ủ"


async def test_words_as_long_as_can_be_are_kept_and_a_file_name_is_shortened_to_its_ending(
    world: World, client: httpx.AsyncClient
) -> None:
    files = (
        HeldFile(LONG * 300 + ".pdf", "/1"),
        HeldFile("x." + LONG * 300, "/2"),
        HeldFile(LONG * 251 + ".pdf", "/3"),
    )
    longest = HeldPaper(RESULT, LONG * 2000, LONG * 100, LONG * 500, files)
    world.store.hold(NUMBER, longest, {file.path: paper(file.path) for file in files})
    for place, name in enumerate((LONG * 251 + ".pdf", "x." + LONG * 253, LONG * 251 + ".pdf")):
        lookup = await found(client, **ASKER, component_code=None)
        assert len(lookup["candidates"]) == 3
        taken = await reuse(client, lookup, place)
        assert taken.status_code == 201, taken.text
        kept = taken.json()
        assert (kept["title"], kept["number_symbol"], kept["issuing_body"]) == (LONG * 2000, LONG * 100, LONG * 500)
        assert kept["file_name"] == name
        assert len(name) == 255


async def test_a_paper_that_cannot_be_kept_as_it_is_described_is_not_offered_and_counted(
    world: World, client: httpx.AsyncClient
) -> None:
    for place, changes in enumerate(
        ({"name": LONG * 2001}, {"number_symbol": LONG * 101}, {"issuing_body": LONG * 501})
    ):
        file = HeldFile("ks.pdf", f"/{place}")
        world.store.hold(NUMBER, replace(HELD, files=(file,), **changes), {file.path: NATIONAL})
    none = await found(client, **ASKER)
    # The nation holds something: nobody is told that it does not.
    assert (none["held"], none["national_outcome"]) == (False, "bad_reply")
    assert none["meaning"]["en"] == TEXTS["lookup.unsure"].en
    world.store.hold(NUMBER, HELD, {"/tep/1": NATIONAL, "/tep/2": paper("other")})
    some = await found(client, **ASKER)
    assert (some["national_outcome"], [c["number_symbol"] for c in some["candidates"]]) == ("found", ["77/2020"] * 2)
    rows = await world.rows("SELECT detail FROM audit WHERE outcome = 'answered' ORDER BY id")
    assert [(json.loads(row.detail)["candidates"], json.loads(row.detail)["dropped"]) for row in rows] == [
        (0, 3),
        (2, 3),
    ]
    # What is offered can be taken.
    assert (await reuse(client, some)).status_code == 201


class Watched(LocalVault):
    """A folder whose files remember which threads read them."""

    readers: set[int]

    async def fetch(self, sha256: str) -> BinaryIO:
        """As in ``Vault``."""
        file, readers = await super().fetch(sha256), self.readers

        class Reader(io.BufferedReader):
            def read(self, size: int | None = -1, /) -> bytes:
                readers.add(threading.get_ident())
                return super().read(size)

        assert isinstance(file, io.BufferedReader)
        return Reader(file.detach())


async def test_a_large_paper_is_copied_without_holding_up_the_loop(clocked_database: Database, tmp_path: Path) -> None:
    vault = Watched(tmp_path)
    vault.readers = set()
    world = make(clocked_database, tmp_path, vault=vault)
    await hand_over(world.context, dossier(1), dossier(2))
    content = paper("x" * 3_000_000)
    await keep(world, metadata(), content, 2)
    async with door(world.context) as client:
        taken = await reuse(client, await found(client))
        assert (taken.status_code, taken.json()["sha256"]) == (201, sha256_of(content))
    assert vault.readers
    assert threading.get_ident() not in vault.readers
