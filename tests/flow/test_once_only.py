"""The gate before a citizen is asked: what is held blocks, what was silent is told so, and all of it is on record."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import insert

from app.domain.once_only import Decision
from app.store import once_only
from app.store.once_only_tables import anomalies, officer_locks
from app.store.session import Database, WriteSession
from app.usecases.context import OncePolicy
from connectors.national_store import HeldFile, HeldPaper, PapersAnswer, PapersQuestion, StoreOutcome
from connectors.population import FieldValue, PersonOutcome, PersonQuestion, Place, RecordAnswer
from connectors.testing_documents import FakeNationalStore
from connectors.testing_population import InMemoryPopulation
from schemas.persons import PersonField
from tests.api.test_door import problem
from tests.factories import NOW, ManualClock
from tests.papers_world import NUMBER, OWNER, PROCEDURE, RESULT, World, door, keep, make, metadata, paper
from tests.worlds import FROM_TEST, code, dossier, hand_over

# Of procedure 1.000110: any paper, a paper of residence, one that sector law wants, one that the applicant declares.
PAPER, OTHER_PAPER, RESIDENCE = "000.00.00.G15-KQ003321", "000.00.00.G15-KQ003320", "000.00.00.G15-KQ003864"
IDENTITY, BY_LAW, DECLARED = "000.00.00.G15-KQ004946", "000.00.00.G15-KQ004389", "000.00.00.G15-KQ003316"
NAME, BIRTH = "H'Bia Niê", "1990-05-02"
PERSON = {"full_name": NAME, "birth_date": BIRTH}
ASKER = {"requester_name": "Trần Thị Mẫu", "requester_number": "003085000001"}
STREET = "12 đường Hoa Sim"
RECORD: dict[PersonField, FieldValue] = {
    PersonField.NUMBER: NUMBER,
    PersonField.FULL_NAME: NAME,
    PersonField.BIRTH_DATE: BIRTH,
    PersonField.PERMANENT_ADDRESS: Place("66", None, "24133", STREET, "VN"),
}
HELD = HeldPaper(RESULT, "Giấy khai sinh (bản sao)", "77/2020", "UBND xã Mẫu", (HeldFile("ks.pdf", "/tep/1"),))
NATIONAL = paper("from the nation")


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    world = make(clocked_database, tmp_path)
    population = InMemoryPopulation()
    population.hold(RECORD)
    world.context = replace(world.context, population=population)
    await hand_over(world.context, dossier(1), dossier(2))
    return world


@pytest.fixture
def population(world: World) -> InMemoryPopulation:
    assert isinstance(world.context.population, InMemoryPopulation)
    return world.context.population


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with door(world.context) as client:
        yield client


def of(component: str, **more: Any) -> dict[str, Any]:
    return {"component_code": component} | more


def field(name: str, **more: Any) -> dict[str, Any]:
    return {"field": name} | more


async def ask(client: httpx.AsyncClient, *items: dict[str, Any], **changes: Any) -> httpx.Response:
    question = {
        "procedure": PROCEDURE,
        "dossier": code(),
        "unit": "H15.50",
        "officer": "cb.hotich.01",
        "purpose": "Tiếp nhận hồ sơ khai sinh",
        "subject": OWNER,
        "items": items,
    }
    asked = {name: value for name, value in (question | changes).items() if value is not None}
    return await client.post("/v1/once-only/check", json=asked)


async def checked(client: httpx.AsyncClient, *items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = await ask(client, *items, **changes)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert (await client.get(told["address"])).json() == told
    assert [part["allowed"] for part in told["items"]] == [part["decision"] != "HAVE_VALID" for part in told["items"]]
    return told


async def decided(client: httpx.AsyncClient, *items: dict[str, Any], **changes: Any) -> list[tuple[str, str | None]]:
    told = await checked(client, *items, **changes)
    return [(part["decision"], part["source"]) for part in told["items"]]


async def entries(world: World) -> list[Any]:
    return await world.rows("SELECT * FROM audit WHERE kind = 'once_only' ORDER BY id")


async def test_a_result_that_is_held_here_blocks_and_is_taken_instead(
    world: World, client: httpx.AsyncClient, population: InMemoryPopulation
) -> None:
    held = await keep(world, metadata(), paper("r"), 2)
    told = await checked(client, of(PAPER, result_codes=[RESULT]), of(OTHER_PAPER))
    first, second = told["items"]
    assert (first["decision"], first["source"], second["decision"]) == (
        "HAVE_VALID",
        "provincial_store",
        "NOT_IN_SOURCE",
    )
    assert (first["pointer"]["document"], first["pointer"]["candidate"]) == (held["id"], 0)
    assert first["pointer"]["address"] == held["address"]
    assert told["sources"] == {
        "provincial_store": "held",
        "earlier_dossier": "not_held",
        "national_store": "not_needed",
        "population": "not_needed",
    }
    assert (world.store.questions, population.questions) == ([], [])
    # Nothing left the house, so there is one entry, in the one transaction of the check.
    (entry,) = await entries(world)
    assert (entry.outcome, entry.dossier_code, entry.unit_code) == ("answered", code(), "H15.50")
    assert entry.actor.startswith("cb.hotich.01 (test-")
    assert json.loads(entry.detail) == {
        "items": [PAPER, OTHER_PAPER],
        "check": told["id"],
        "decisions": ["HAVE_VALID", "NOT_IN_SOURCE"],
        **FROM_TEST,
    }
    assert NUMBER not in str(tuple(entry))

    body = {name: first["pointer"][name] for name in ("lookup_id", "candidate")}
    taken = await client.post(
        f"/v1/dossiers/{code()}/documents/reuse", json=body | {"component_code": PAPER, "officer": "cb.hotich.01"}
    )
    assert taken.status_code == 201, taken.text
    assert taken.json()["origin"] == held["id"]
    assert (await client.get("/v1/sync/summary")).json()["scans"] == {"lookups": 1, "scans_avoided": 1, "share": 1.0}


async def test_a_paper_of_an_earlier_dossier_blocks_but_not_one_of_this_nor_a_declaration(
    world: World, client: httpx.AsyncClient
) -> None:
    await keep(world, metadata("component", code=OTHER_PAPER), paper("mine"), 1)
    await keep(world, metadata("component", code=DECLARED), paper("declared"), 2)
    earlier = await keep(world, metadata("component", code=PAPER), paper("c"), 2)
    items = (of(PAPER), of(OTHER_PAPER), of(DECLARED), {"component_name": "Giấy tờ khác"})
    assert await decided(client, *items) == [
        ("HAVE_VALID", "earlier_dossier"),
        ("NOT_IN_SOURCE", None),
        ("NOT_IN_SOURCE", None),
        ("NOT_IN_SOURCE", None),
    ]
    # Before there is a dossier: where it lies, and no look-up that nobody could use.
    told = await checked(client, of(PAPER), dossier=None)
    pointer = told["items"][0]["pointer"]
    assert (pointer["document"], pointer["lookup_id"]) == (earlier["id"], None)
    assert len(await world.rows("SELECT id FROM lookups")) == 1


async def test_what_does_not_hold_any_more_or_is_not_trusted_does_not_block(
    world: World, client: httpx.AsyncClient, clock: ManualClock
) -> None:
    await keep(world, metadata(number_symbol="1"), paper("1", "UNSIGNED"), 2)
    await keep(world, metadata(number_symbol="3", owner=OWNER | {"number": "003190999999"}), paper("3"), 2)
    revoked = await keep(world, metadata(number_symbol="4"), paper("4"), 2)
    await client.post(f"{revoked['address']}/revoke", json={"reason": "sai"})
    asked = of(PAPER, result_codes=[RESULT])
    assert await decided(client, asked, **ASKER) == [("NOT_IN_SOURCE", None)]
    last_day = metadata(number_symbol="5", issued_on="2026-01-01", valid_until="2026-07-01")
    await keep(world, last_day, paper("5"), 2)
    assert await decided(client, asked, **ASKER) == [("HAVE_VALID", "provincial_store")]
    clock.advance(15 * 3600)
    assert await decided(client, asked, **ASKER) == [("NOT_IN_SOURCE", None)]


async def test_a_paper_of_residence_closes_itself_when_the_database_answers(
    world: World, client: httpx.AsyncClient, population: InMemoryPopulation
) -> None:
    told = await checked(client, of(RESIDENCE), field("permanent_address"), field("ethnicity"), **PERSON)
    residence, address, ethnicity = told["items"]
    assert [(part["decision"], part["source"]) for part in (residence, address)] == [("HAVE_VALID", "population")] * 2
    assert residence["citation"].startswith("NĐ 104/2022/NĐ-CP Điều 14")
    # The database holds no ethnic group of this person.
    assert (ethnicity["decision"], ethnicity["pointer"]) == ("NOT_IN_SOURCE", None)
    # One question, for what is needed and no more.
    ((question, wanted),) = population.read_questions
    assert wanted == {PersonField.PERMANENT_ADDRESS, PersonField.ETHNICITY}
    assert (question.number, question.officer, question.procedure_code) == (NUMBER, "cb.hotich.01", PROCEDURE)
    assert residence["pointer"]["query_id"] == address["pointer"]["query_id"]
    assert [row.outcome for row in await entries(world)] == ["asked", "answered"]

    # What a living answer of this dossier holds is not asked anew, and feeds no other dossier.
    again = await checked(client, of(RESIDENCE), of(IDENTITY))
    assert [part["pointer"]["query_id"] for part in again["items"]] == [residence["pointer"]["query_id"]] * 2
    assert len(population.questions) == 1
    problem(await ask(client, of(RESIDENCE), dossier=code(2)), 422, "facts-missing")
    kept = [
        tuple(row)
        for table in ("audit", "once_only_checks", "once_only_decisions", "person_queries", "lookups")
        for row in await world.rows(f"SELECT * FROM {table}")  # noqa: S608 - our own names
    ]
    assert STREET not in str(kept)
    assert NUMBER not in str(kept)


async def test_where_yes_or_no_tells_it_the_record_is_not_read(
    client: httpx.AsyncClient, population: InMemoryPopulation
) -> None:
    assert await decided(client, of(IDENTITY), **PERSON) == [("HAVE_VALID", "population")]
    assert (len(population.verified), population.read_questions) == (1, [])


async def test_what_the_population_database_says_is_told_apart(
    client: httpx.AsyncClient, population: InMemoryPopulation
) -> None:
    told = await checked(client, of(RESIDENCE), full_name="Người Khác", birth_date=BIRTH)
    assert (told["items"][0]["decision"], told["sources"]["population"]) == ("NOT_IN_SOURCE", "not_held")
    for outcome in (PersonOutcome.DENIED, PersonOutcome.QUOTA, PersonOutcome.UNAVAILABLE, PersonOutcome.BAD_REPLY):
        population.script(outcome)
        told = await checked(client, of(RESIDENCE), of(PAPER), **PERSON)
        silent, other = told["items"]
        assert (silent["decision"], silent["source"], silent["pointer"]) == ("SOURCE_DOWN", "population", None)
        assert silent["incident"].startswith(("event:", "query:"))
        assert (other["decision"], told["sources"]["population"]) == ("NOT_IN_SOURCE", "silent")
    # A field that this procedure may not see is no source for it: nobody is asked, nothing is refused.
    asked = len(population.questions)
    told = await checked(client, field("marital_status"), **PERSON)
    assert (told["items"][0]["decision"], told["sources"]["population"]) == ("NOT_IN_SOURCE", "not_connected")
    assert len(population.questions) == asked


async def test_when_our_own_quota_is_spent_the_source_is_down_and_the_refused_question_says_so(
    world: World,
) -> None:
    world.context = replace(world.context, once=OncePolicy(officer_calls_per_day=1))
    async with door(world.context) as client:
        await checked(client, of(RESIDENCE), **PERSON)
        told = await checked(client, of(RESIDENCE), dossier=code(2), **PERSON)
    (spent,) = await world.rows("SELECT id FROM person_queries WHERE outcome = 'person-quota-spent'")
    assert (told["items"][0]["decision"], told["items"][0]["incident"]) == ("SOURCE_DOWN", f"query:{spent.id}")


async def test_a_locked_officer_gets_no_decision(world: World, client: httpx.AsyncClient) -> None:
    async def lock(session: WriteSession) -> None:
        seen = {"rule": "off_hours", "officer": "cb.hotich.01", "unit_code": "H15.50", "first_at": NOW, "last_at": NOW}
        bounds = {"id": 1, "times": 9, "threshold": 3, "window_seconds": 60, "locked": True}
        await session.execute(insert(anomalies), seen | bounds)
        await session.execute(insert(officer_locks), {"officer": "cb.hotich.01", "anomaly_id": 1, "since": NOW})

    await world.context.database.run(lock)
    problem(await ask(client, of(RESIDENCE), **PERSON), 403, "officer-locked")
    assert await world.rows("SELECT id FROM once_only_checks") == []
    # What lies here needs no question about a person.
    assert await decided(client, of(PAPER)) == [("NOT_IN_SOURCE", None)]


async def test_without_outside_sources_the_gate_says_so(clocked_database: Database, tmp_path: Path) -> None:
    world = make(clocked_database, tmp_path, national=False)
    await hand_over(world.context, dossier(1))
    async with door(world.context) as client:
        told = await checked(client, of(RESIDENCE), of(PAPER, result_codes=[RESULT]), field("gender"))
    assert {part["decision"] for part in told["items"]} == {"NOT_IN_SOURCE"}
    assert told["sources"] == {
        "provincial_store": "not_held",
        "earlier_dossier": "not_held",
        "national_store": "not_connected",
        "population": "not_connected",
    }


async def test_a_paper_of_the_national_store_blocks_and_is_taken_from_there(
    world: World, client: httpx.AsyncClient
) -> None:
    world.store.hold(NUMBER, HELD, {"/tep/1": NATIONAL})
    items = (of(PAPER, result_codes=[RESULT]), of(OTHER_PAPER, result_codes=["KQ.G15.000032"]))
    told = await checked(client, *items, **ASKER)
    assert [(part["decision"], part["source"]) for part in told["items"]] == [
        ("HAVE_VALID", "national_store"),
        ("NOT_IN_SOURCE", None),
    ]
    (question,) = world.store.questions
    assert question.wanted == ((RESULT, None), ("KQ.G15.000032", None))
    pointer = told["items"][0]["pointer"]
    body = {"lookup_id": pointer["lookup_id"], "candidate": pointer["candidate"], "officer": "cb.hotich.01"}
    taken = await client.post(f"/v1/dossiers/{code()}/documents/reuse", json=body | {"component_code": PAPER})
    assert (taken.status_code, taken.json()["source"]) == (201, "national_store")
    (row,) = await world.rows("SELECT provincial, national, national_outcome, used_at FROM lookups")
    assert (row.provincial, row.national, row.national_outcome, row.used_at is not None) == (0, 1, "found", True)
    # A paper of the tax office's organisations is not there, and what is held here is not asked for.
    company = {"kind": "tax_number", "number": "0100109106"}
    assert await decided(client, items[1], subject=company) == [("NOT_IN_SOURCE", None)]
    await keep(world, metadata(), paper("r"), 2)
    assert await decided(client, items[0], **ASKER) == [("HAVE_VALID", "provincial_store")]
    assert len(world.store.questions) == 1


async def test_a_paper_that_the_nation_cannot_describe_is_not_told_as_not_held(
    world: World, client: httpx.AsyncClient
) -> None:
    endless = HeldPaper("KQ.G15.000032", "x" * 3000, "78/2020", "UBND xã Mẫu", (HeldFile("ks.pdf", "/tep/2"),))
    world.store.hold(NUMBER, HELD, {"/tep/1": NATIONAL})
    world.store.hold(NUMBER, endless, {"/tep/2": NATIONAL})
    items = (of(PAPER, result_codes=[RESULT]), of(OTHER_PAPER, result_codes=[endless.result_code]))
    held, silent = (await checked(client, *items, **ASKER))["items"]
    assert (held["decision"], silent["decision"]) == ("HAVE_VALID", "SOURCE_DOWN")
    assert silent["incident"].startswith("event:")


async def test_a_silent_national_store_is_an_incident_until_it_answers(world: World, client: httpx.AsyncClient) -> None:
    asked = of(PAPER, result_codes=[RESULT])
    world.store.script(StoreOutcome.UNAVAILABLE)
    world.store.script(StoreOutcome.DENIED)
    incidents = [(await checked(client, asked, **ASKER))["items"][0] for _ in range(2)]
    assert {part["decision"] for part in incidents} == {"SOURCE_DOWN"}
    (event,) = (await client.get("/v1/events", params={"kind": "source_silent"})).json()["items"]
    assert {part["incident"] for part in incidents} == {f"event:{event['id']}"}
    assert (event["subject"], event["ended_at"]) == ("national_store", None)
    assert await decided(client, asked, **ASKER) == [("NOT_IN_SOURCE", None)]
    (event,) = (await client.get("/v1/events", params={"kind": "source_silent"})).json()["items"]
    assert event["ended_at"] is not None


class Never(FakeNationalStore):
    """A national store that does not answer."""

    async def papers(self, question: PapersQuestion) -> PapersAnswer:
        self.questions.append(question)
        await asyncio.Event().wait()
        raise AssertionError


class NeverTold(InMemoryPopulation):
    """A population database that does not answer."""

    async def read(self, question: PersonQuestion, wanted: frozenset[PersonField]) -> RecordAnswer:
        self.read_questions.append((question, wanted))
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize("both", [True, False])
async def test_what_has_not_answered_within_the_one_budget_is_silent_and_stops_nobody(
    world: World, population: InMemoryPopulation, *, both: bool
) -> None:
    assert world.context.files is not None
    files = replace(world.context.files, national_store=Never())
    slow = NeverTold() if both else population
    context = replace(world.context, once=OncePolicy(seconds=0.05), files=files, population=slow)
    async with door(context) as client:
        told = await checked(client, of(RESIDENCE), of(PAPER, result_codes=[RESULT]), **PERSON, **ASKER)
    residence, other = told["items"]
    assert (other["decision"], other["source"]) == ("SOURCE_DOWN", "national_store")
    assert other["incident"].startswith("event:")
    assert residence["decision"] == ("SOURCE_DOWN" if both else "HAVE_VALID")
    assert (residence["incident"] is not None) is both


async def test_what_a_source_needs_is_named_all_at_once_and_nobody_is_asked(
    world: World, client: httpx.AsyncClient, population: InMemoryPopulation
) -> None:
    items = (of(RESIDENCE), of(PAPER, result_codes=[RESULT]))
    body = problem(await ask(client, *items, dossier=None), 422, "facts-missing")
    assert [fault["pointer"] for fault in body["errors"]] == [  # type: ignore[attr-defined]
        "/birth_date",
        "/dossier",
        "/full_name",
        "/requester_name",
        "/requester_number",
    ]
    body = problem(await ask(client, *items, full_name=NAME, national=False, **ASKER), 422, "facts-missing")
    # Not to want a source asked is no way around it.
    assert [fault["pointer"] for fault in body["errors"]] == ["/birth_date", "/national"]  # type: ignore[attr-defined]
    assert (population.questions, world.store.questions, await entries(world)) == ([], [], [])
    assert await world.rows("SELECT id FROM once_only_checks") == []


async def test_where_sector_law_wants_the_paper_no_source_is_asked(
    world: World, client: httpx.AsyncClient, population: InMemoryPopulation
) -> None:
    await keep(world, metadata("component", code=BY_LAW), paper("c"), 2)
    told = await checked(client, of(BY_LAW, result_codes=[RESULT]), **PERSON, **ASKER)
    (item,) = told["items"]
    assert (item["decision"], item["source"], item["pointer"]) == ("SECTOR_LAW", None, None)
    assert item["citation"].startswith("Luật Hộ tịch 60/2014/QH13 Điều 16")
    assert set(told["sources"].values()) == {"not_needed"}
    assert (population.questions, world.store.questions) == ([], [])


async def test_grounds_count_against_what_is_held_and_say_why(world: World, client: httpx.AsyncClient) -> None:
    held = await keep(world, metadata("component", code=PAPER), paper("c"), 2)
    for grounds, decision in (("update", "UPDATE"), ("verify", "VERIFY")):
        told = await checked(client, of(PAPER, grounds=grounds, reason="Có giấy mới"))
        (item,) = told["items"]
        assert (item["decision"], item["reason"], item["discrepancy"]) == (decision, "Có giấy mới", None)
        assert (item["pointer"]["document"], item["pointer"]["lookup_id"]) == (held["id"], None)
    told = await checked(client, of(OTHER_PAPER, grounds="inaccurate", reason="Sai tên"))
    assert (told["items"][0]["decision"], told["items"][0]["discrepancy"]) == ("NOT_IN_SOURCE", None)
    assert await world.rows("SELECT id FROM discrepancies") == []


async def test_what_is_wrong_is_reported_to_its_source_once_until_it_has_answered(
    world: World, client: httpx.AsyncClient, clock: ManualClock
) -> None:
    await keep(world, metadata("component", code=PAPER), paper("c"), 2)
    wrong = of(PAPER, grounds="inaccurate", reason="Sai ngày sinh của con")
    both = await asyncio.gather(*[checked(client, wrong) for _ in range(2)])
    assert {told["items"][0]["decision"] for told in both} == {"INACCURATE"}
    (reported,) = {told["items"][0]["discrepancy"] for told in both}
    (shown,) = (await client.get("/v1/discrepancies", params={"source": "earlier_dossier"})).json()["items"]
    assert (shown["id"], shown["item"], shown["reason"], shown["overdue"]) == (reported, PAPER, wrong["reason"], False)
    # Seven working days from Wednesday 1 July 2026, to the end of office hours.
    assert shown["due_at"].startswith("2026-07-10T10:00:00")
    (event,) = (await client.get("/v1/events", params={"kind": "discrepancy"})).json()["items"]
    assert (event["subject"], event["target"], event["ended_at"]) == (reported, "earlier_dossier", None)
    assert wrong["reason"] not in json.dumps(event, ensure_ascii=False)
    assert (await client.get("/v1/discrepancies", params={"source": "population"})).json()["items"] == []
    clock.advance(timedelta(days=10).total_seconds())
    (shown,) = (await client.get("/v1/discrepancies", params={"open": True})).json()["items"]
    assert shown["overdue"]

    address = f"/v1/discrepancies/{reported}/answer"
    answered = (await client.post(address, json={"answer": "Đã chỉnh lý"})).json()
    assert (answered["answer"], answered["overdue"], answered["answered_at"] is not None) == (
        "Đã chỉnh lý",
        False,
        True,
    )
    assert (await client.post(address, json={"answer": "Đã chỉnh lý"})).json() == answered
    problem(await client.post(address, json={"answer": "Khác"}), 404, "unknown-discrepancy")
    problem(await client.post(f"/v1/discrepancies/{'0' * 32}/answer", json={"answer": "x"}), 404, "unknown-discrepancy")
    (event,) = (await client.get("/v1/events", params={"kind": "discrepancy"})).json()["items"]
    assert event["ended_at"] is not None
    assert (await client.get("/v1/discrepancies", params={"open": True})).json()["items"] == []
    # Wrong again is another one.
    assert (await checked(client, wrong))["items"][0]["discrepancy"] != reported


async def test_what_cannot_be_checked_is_refused_with_every_fault(world: World, client: httpx.AsyncClient) -> None:
    refused = dossier(5, status="refused", refused_at="2026-07-01T10:00:00+07:00", note="Thiếu giấy tờ")
    await hand_over(world.context, refused, dossier(6, procedure={"code": "1.001193"}))
    problem(await ask(client, of(PAPER), dossier=code(9)), 404, "unknown-dossier")
    problem(await ask(client, of(PAPER), dossier=code(5)), 409, "dossier-not-open")
    body = problem(await ask(client, of(PAPER), dossier=code(6)), 422, "unknown-code")
    assert body["errors"][0]["pointer"] == "/procedure"  # type: ignore[index]
    strange = (of(PAPER), of("000.00.00.G01-KQ002430", result_codes=[RESULT, "KQ.X"]))
    body = problem(await ask(client, *strange, unit="H99"), 422, "unknown-code")
    assert [fault["pointer"] for fault in body["errors"]] == [  # type: ignore[attr-defined]
        "/unit",
        "/items/1/component_code",
        "/items/1/result_codes/1",
    ]
    body = problem(await ask(client, of(PAPER), procedure="1.999999"), 422, "unknown-code")
    # A listed paper is not slipped past its sources by its name.
    name = world.context.catalogue.components[PROCEDURE][RESIDENCE]
    body = problem(await ask(client, {"component_name": name.upper()}, **PERSON), 422, "unknown-code")
    assert body["errors"][0]["pointer"] == "/items/0/component_name"  # type: ignore[index]
    assert RESIDENCE in body["errors"][0]["detail"]  # type: ignore[index]
    problem(await ask(client, of(PAPER), of(PAPER)), 422, "invalid-record")
    problem(await client.get(f"/v1/once-only/checks/{'0' * 32}"), 404, "unknown-check")
    assert await world.rows("SELECT id FROM once_only_checks") == []


async def test_what_the_person_has_told_in_an_earlier_dossier_is_not_asked_again(
    world: World, client: httpx.AsyncClient
) -> None:
    applicant = {"kind": "citizen", "full_name": NAME, "identities": [OWNER]}
    told = dossier(3, applicant=applicant | {"phone": "0900000000"})
    await hand_over(world.context, told, dossier(4, applicant=applicant))
    answer = await checked(client, field("phone"), field("email"), field("favourite_colour"))
    phone, email, other = answer["items"]
    assert (phone["decision"], phone["source"]) == ("HAVE_VALID", "earlier_dossier")
    assert (phone["pointer"]["dossier"], phone["pointer"]["address"]) == (code(3), f"/v1/dossiers/{code(3)}")
    assert (email["decision"], other["decision"]) == ("NOT_IN_SOURCE", "NOT_IN_SOURCE")
    # A dossier is no earlier one of itself.
    assert await decided(client, field("phone"), dossier=code(3)) == [("NOT_IN_SOURCE", None)]
    assert "0900000000" not in str(await world.rows("SELECT * FROM once_only_decisions"))


def request_row(number: int, paper_code: str, **changes: Any) -> dict[str, Any]:
    why = {"decision_id": None, "redundant": True, "why": "no_decision"}
    named = {"dossier_code": code(number), "paper": paper_code, "component_code": paper_code, "name": "Giấy"}
    about = {"unit_code": "H15.50", "procedure_code": PROCEDURE, "officer": None, "asked_at": NOW, "at": NOW}
    return named | about | why | changes


async def test_redundant_requests_are_listed_and_figures_come_from_rows(
    world: World, client: httpx.AsyncClient
) -> None:
    await keep(world, metadata("component", code=PAPER), paper("c"), 2)
    held = (await checked(client, of(PAPER), of(OTHER_PAPER)))["items"]
    await checked(client, of(PAPER), unit="H15.10")
    await checked(client, of(PAPER), dossier=None)
    good = {"redundant": False, "why": None, "decision_id": held[1]["decision_id"]}
    rows = [
        request_row(1, OTHER_PAPER, **good),
        request_row(2, RESIDENCE),
        request_row(2, IDENTITY, unit_code="H15.10"),
        request_row(2, DECLARED, at=NOW + timedelta(hours=1), why="expired"),
    ]

    async def add(session: WriteSession) -> None:
        await once_only.add_requests(session, rows)
        await once_only.add_requests(session, rows[:2])

    await world.context.database.run(add)
    address, seen = "/v1/once-only/redundant?limit=2", []
    while address:
        page = (await client.get(address)).json()
        seen += [(item["component_code"], item["why"]) for item in page["items"]]
        address = page["next"]
    assert seen == [(DECLARED, "expired"), (IDENTITY, "no_decision"), (RESIDENCE, "no_decision")]
    listed = (await client.get("/v1/once-only/redundant", params={"unit": "H15.10"})).json()["items"]
    assert [(item["component_code"], item["unit"]) for item in listed] == [(IDENTITY, "H15.10")]
    assert len((await client.get("/v1/once-only/redundant", params={"unit": "H15"})).json()["items"]) == 3
    until = {"until": (NOW + timedelta(hours=1)).isoformat()}
    assert len((await client.get("/v1/once-only/redundant", params=until)).json()["items"]) == 2

    told = (await client.get("/v1/once-only/summary")).json()
    assert (told["checks"], told["requests"], told["redundant"], told["compliance"]) == (3, 4, 3, 0.25)
    assert told["decisions"] == dict.fromkeys(Decision, 0) | {"HAVE_VALID": 3, "NOT_IN_SOURCE": 1}
    # Checked twice, it is one paper that was not asked for; without a dossier nobody knows what became of it.
    assert (told["papers_not_asked"], told["source_down_share"], told["population"]) == (1, 0.0, {})
    assert [(unit["unit"], unit["redundant"]) for unit in told["units"]] == [("H15.50", 2), ("H15.10", 1)]
    below = (await client.get("/v1/once-only/summary", params={"unit": "H15.10"})).json()
    assert (below["checks"], below["requests"], below["compliance"]) == (1, 1, 0.0)
    before = (await client.get("/v1/once-only/summary", params={"until": NOW.isoformat()})).json()
    assert (before["checks"], before["requests"], before["compliance"]) == (0, 0, 1.0)
    problem(await client.get("/v1/once-only/summary", params={"since": "2026-07-01T00:00:00"}), 422, "invalid-record")

    # Whoever asks for it all the same did ask.
    async def ask_all_the_same(session: WriteSession) -> None:
        await once_only.add_requests(
            session, [request_row(1, PAPER, decision_id=held[0]["decision_id"], why="blocked")]
        )

    await world.context.database.run(ask_all_the_same)
    told = (await client.get("/v1/once-only/summary")).json()
    assert (told["papers_not_asked"], told["redundant"]) == (0, 4)
