"""Forms filled from what the state knows: the citizen's own word, one question, and what becomes of the form."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import insert, text

from app.store.once_only_tables import anomalies, officer_locks
from app.store.session import Database, WriteSession
from app.texts import TEXTS
from app.usecases.context import Context, OncePolicy
from connectors.population import FieldValue, PersonOutcome, Place, Relative
from connectors.testing_population import InMemoryPopulation
from schemas.persons import PersonField
from tests.api.test_door import problem
from tests.factories import NOW, ManualClock
from tests.worlds import code, context_of, door, dossier, dossier_body, hand_over

NUMBER, NAME, BORN = "003190123456", "H'Bia Niê", "1990-05-02"
PROCEDURE, FORM = "1.010041", "CT01-XACNHAN-1"
DATA_AT = datetime(2026, 6, 30, 17, 0, tzinfo=UTC)
_F = PersonField
PERSON: dict[PersonField, FieldValue] = {
    _F.NUMBER: NUMBER,
    _F.FULL_NAME: NAME,
    _F.BIRTH_DATE: BORN,
    _F.GENDER: "female",
    _F.RELIGION: "02",
    _F.PERMANENT_ADDRESS: Place("66", None, "22015", "12 Lê Mẫu", "VN"),
    # A ward of before July 2025, which no list of ours has.
    _F.CURRENT_ADDRESS: Place("66", "643", "24118", "BUÔN MẪU 7, PHƯỜNG CŨ, TỈNH ĐẮK LẮK", "VN"),
    _F.HOUSEHOLD_HEAD: Relative("Y Bhăm Niê", "VN", "003060123456", None, "CH01"),
}
SEEN = frozenset(
    {_F.NUMBER, _F.FULL_NAME, _F.BIRTH_DATE, _F.GENDER, _F.PERMANENT_ADDRESS, _F.CURRENT_ADDRESS, _F.HOUSEHOLD_HEAD}
)


def applicant(**changes: Any) -> dict[str, Any]:
    """The applicant of a dossier."""
    body: dict[str, Any] = dossier_body()["applicant"]
    return body | {"full_name": NAME} | changes


def asked(**changes: Any) -> dict[str, Any]:
    """A form to be filled."""
    return {
        "form": FORM,
        "dossier": code(),
        "unit": "H15.50",
        "officer": "cb.01",
        "purpose": "Điền tờ khai cư trú",
        "subject": {"kind": "personal_number", "number": NUMBER},
        "full_name": NAME,
        "birth_date": BORN,
    } | changes


@dataclass
class World:
    """A gateway with a population database, the door to it, and an open dossier."""

    context: Context
    population: InMemoryPopulation
    client: httpx.AsyncClient

    async def fill(self, **changes: Any) -> dict[str, Any]:
        """Fill a form; its blanks by name."""
        answer = await self.client.post("/v1/prefill", json=asked(**changes))
        assert answer.status_code == 200, answer.text
        filled: dict[str, Any] = answer.json()
        filled["fields"] = {blank["field"]: blank for blank in filled["fields"]}
        return filled

    async def rows(self, statement: str) -> list[Any]:
        """Rows of a statement."""
        async with self.context.database.read() as session:
            return list(await session.rows(text(statement)))


@pytest_asyncio.fixture
async def world(clocked_database: Database) -> AsyncIterator[World]:
    population = InMemoryPopulation()
    population.hold(PERSON, DATA_AT)
    context = context_of(clocked_database, population=population)
    await hand_over(context, dossier(procedure={"code": PROCEDURE}, applicant=applicant(phone="0900 000 001")))
    async with door(context) as client:
        yield World(context, population, client)


async def test_each_blank_says_its_value_and_where_it_is_from(world: World) -> None:
    filled = await world.fill()
    ((question, wanted),) = world.population.read_questions
    assert (question.number, question.procedure_code, wanted) == (NUMBER, PROCEDURE, SEEN)
    assert filled["population"] == "MATCH"
    assert filled["rules_version"] == world.context.rules.version
    blanks = filled["fields"]
    assert {name: blank["value"] for name, blank in blanks.items() if blank["state"] == "filled"} == {
        "full_name": NAME,
        "birth_date": BORN,
        "gender": "female",
        "number": NUMBER,
        "phone": "0900 000 001",
        "permanent_address": "12 Lê Mẫu, Phường Tuy Hòa, Đắk Lắk",
        "current_address": "BUÔN MẪU 7, PHƯỜNG CŨ, TỈNH ĐẮK LẮK",
        "head_full_name": "Y Bhăm Niê",
        "head_relation": "CH01",
        "head_number": "003060123456",
    }
    ((query_id,),) = await world.rows("SELECT id FROM person_queries")
    gender = blanks["gender"]
    assert (gender["source"], gender["authority"], gender["reference"]) == ("population", "population", query_id)
    assert datetime.fromisoformat(gender["as_of"]) == DATA_AT
    assert gender["meaning"]["en"] == TEXTS["prefill.authority"].en
    phone = blanks["phone"]
    assert (phone["source"], phone["authority"], phone["reference"]) == ("dossier", "earlier_dossier", code())
    assert phone["meaning"]["en"] == TEXTS["prefill.other_source"].en
    assert (blanks["email"]["state"], blanks["email"]["meaning"]["en"]) == ("ask", TEXTS["prefill.not_held"].en)
    assert (blanks["request"]["state"], blanks["request"]["authority"]) == ("ask", "applicant")
    # What is neither asked nor held by anybody is no blank of the form any more.
    assert "occupation" not in blanks
    assert (filled["baseline"], filled["filled"], filled["to_ask"]) == (14, 10, 3)


async def test_no_value_is_kept_anywhere(world: World) -> None:
    await world.fill(declared={"email": "bia@example.test", "gender": "male"})
    kept = await world.rows("SELECT fields FROM prefills")
    said = await world.rows("SELECT kind, outcome, detail FROM audit WHERE dossier_code IS NOT NULL ORDER BY id")
    everything = json.dumps(
        [list(row) for row in [*kept, *said, *await world.rows("SELECT * FROM person_queries")]], default=str
    )
    for value in (NUMBER, NAME, "Niê", BORN, "female", "male", "Lê Mẫu", "CH01", "0900", "example.test"):
        assert value not in everything, value
    assert json.loads(kept[0][0])["gender"] == {
        "state": "conflict",
        "why": "conflict",
        "source": None,
        "authority": "population",
        "identifying": False,
    }
    # One entry before anything leaves, one behind the answer.
    kinds = [(kind, outcome) for kind, outcome, _ in said if kind != "received"]
    assert kinds == [
        ("prefill", "asked"), ("person_asked", "asked"), ("person_answered", "MATCH"), ("prefill", "filled"),
    ]  # fmt: skip


async def test_values_that_differ_are_shown_and_none_is_chosen(world: World) -> None:
    earlier = applicant(phone="+84 900 000 001", email="bia@example.test", full_name="H'Bia Niê Kđăm")
    await hand_over(world.context, dossier(2, applicant=earlier))
    declared = {
        "gender": "male",
        "birth_date": " 1990-05-02",
        "permanent_address": "12 lê mẫu, phường tuy hoà, Đắk Lắk",
    }
    blanks = (await world.fill(declared=declared))["fields"]
    name = blanks["full_name"]
    assert (name["state"], name["value"], name["source"]) == ("conflict", None, None)
    assert [(other["source"], other["value"], other["reference"] == code(2)) for other in name["others"]] == [
        ("population", NAME, False),
        ("dossier", NAME, False),
        ("earlier_dossier", "H'Bia Niê Kđăm", True),
    ]
    assert [(other["source"], other["value"]) for other in blanks["gender"]["others"]] == [
        ("population", "female"),
        ("declared", "male"),
    ]
    # Other writings of the same are no conflict; the authority's own is given.
    assert [blanks[name]["state"] for name in ("birth_date", "permanent_address", "phone")] == ["filled"] * 3
    assert blanks["birth_date"]["value"] == BORN
    assert (blanks["phone"]["value"], blanks["phone"]["source"]) == ("+84 900 000 001", "earlier_dossier")
    assert (blanks["email"]["source"], blanks["email"]["reference"]) == ("earlier_dossier", code(2))


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (PersonOutcome.UNAVAILABLE, "silent"),
        (PersonOutcome.BAD_REPLY, "silent"),
        (PersonOutcome.NOT_FOUND_OR_MISMATCH, "unconfirmed"),
    ],
)
async def test_without_an_answer_the_rest_is_filled(world: World, outcome: PersonOutcome, why: str) -> None:
    world.population.script(outcome)
    filled = await world.fill()
    assert filled["population"] == outcome.value
    blanks = filled["fields"]
    assert (blanks["gender"]["state"], blanks["gender"]["meaning"]["en"]) == ("ask", TEXTS[f"prefill.{why}"].en)
    assert blanks["phone"]["state"] == "filled"
    # Another source speaks for one that is silent, and not against one that denies.
    assert blanks["full_name"]["state"] == ("filled" if why == "silent" else "ask")
    assert blanks["full_name"]["source"] == ("dossier" if why == "silent" else None)


async def test_what_our_own_rules_refuse_leaves_the_rest(world: World) -> None:
    spent = replace(world.context, once=OncePolicy(officer_calls_per_day=1))
    async with door(spent, scopes=["intake"]) as client:
        assert (await client.post("/v1/prefill", json=asked())).json()["population"] == "MATCH"
        assert (await client.post("/v1/prefill", json=asked())).json()["population"] == "QUOTA"
    unlicensed = replace(world.context, person_procedures=frozenset({"1.000110"}))
    async with door(unlicensed, scopes=["read", "intake"]) as client:
        filled = (await client.post("/v1/prefill", json=asked())).json()
    assert filled["population"] == "not_asked"
    states = {blank["field"]: blank["meaning"]["en"] for blank in filled["fields"]}
    assert states["gender"] == TEXTS["prefill.not_asked"].en
    assert len(world.population.questions) == 1


async def test_a_desk_that_is_busy_for_a_second_asks_no_citizen(
    world: World, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds + 0.001)

    busy = replace(world.context, once=OncePolicy(unit_calls_per_second=1))
    async with door(busy, scopes=["intake"]) as client:
        await client.post("/v1/prefill", json=asked())
        monkeypatch.setattr("app.usecases.prefill.asyncio.sleep", wait)
        again = (await client.post("/v1/prefill", json=asked())).json()
    assert (again["population"], waits) == ("MATCH", [1])


async def test_what_the_procedure_may_not_see_is_not_asked_for(clocked_database: Database) -> None:
    population = InMemoryPopulation()
    population.hold(PERSON)
    context = context_of(clocked_database, population=population)
    # Births may not see a gender; the form of this procedure asks for one.
    rules = replace(
        context.rules, field_rules={key: rows for key, rows in context.rules.field_rules.items() if key == "*"}
    )
    await hand_over(context, dossier(procedure={"code": PROCEDURE}, applicant=applicant()))
    async with door(replace(context, rules=rules)) as client:
        blanks = (await client.post("/v1/prefill", json=asked(birth_date=BORN))).json()["fields"]
    ((_, wanted),) = population.read_questions
    assert wanted == {_F.NUMBER, _F.FULL_NAME, _F.BIRTH_DATE}
    gender = next(blank for blank in blanks if blank["field"] == "gender")
    assert (gender["state"], gender["meaning"]["en"]) == ("ask", TEXTS["prefill.not_allowed"].en)
    number = next(blank for blank in blanks if blank["field"] == "number")
    # Without a time of its data, an answer is as fresh as itself.
    assert datetime.fromisoformat(number["as_of"]) == clocked_database.clock.now()  # type: ignore[union-attr]


async def test_a_locked_officer_fills_nothing(world: World) -> None:
    async def lock(session: WriteSession) -> None:
        of_officer = {"officer": "cb.01", "since": NOW}
        row = {"rule": "many_subjects", "unit_code": "H15.50", "first_at": NOW, "last_at": NOW, "times": 9}
        row |= {"threshold": 9, "window_seconds": 60, "locked": True, "officer": "cb.01"}
        made = await session.execute(insert(anomalies).returning(anomalies.c.id), row)
        await session.execute(insert(officer_locks), of_officer | {"anomaly_id": made.scalar_one()})

    await world.context.database.run(lock)
    problem(await world.client.post("/v1/prefill", json=asked()), 403, "officer-locked")
    assert world.population.questions == []
    assert (await world.fill(officer="cb.02"))["population"] == "MATCH"


async def test_a_year_is_asked_for_only_when_the_officer_says_so(world: World) -> None:
    world.population.hold(PERSON | {_F.BIRTH_DATE: "1990"})
    filled = await world.fill()
    assert filled["population"] == "NOT_FOUND_OR_MISMATCH"
    again = await world.fill(year_only=True)
    assert again["fields"]["birth_date"]["value"] == "1990"
    assert [question.birth_date for question, _ in world.population.read_questions] == [BORN, "1990"]


async def test_a_form_is_filled_for_an_open_dossier_of_its_procedure_and_its_applicant(world: World) -> None:
    await hand_over(world.context, dossier(2, applicant=applicant()))
    refused = {"status": "refused", "refused_at": "2026-07-01T09:00:00+07:00", "note": "trùng"}
    closed = dossier(3, procedure={"code": PROCEDURE}, applicant=applicant(), **refused)
    await hand_over(world.context, closed)
    for changes, status, slug in (
        ({"dossier": code(9)}, 404, "unknown-dossier"),
        ({"dossier": code(3)}, 409, "dossier-not-open"),
        ({"dossier": code(2)}, 404, "unknown-form"),
        ({"form": "TK-KHONGCO-1"}, 404, "unknown-form"),
        ({"unit": "H15.9999"}, 422, "unknown-code"),
        ({"subject": {"kind": "personal_number", "number": "003190123457"}}, 422, "invalid-record"),
        ({"declared": {"nose": "straight"}}, 422, "invalid-record"),
        ({"birth_date": "1990-13-02"}, 422, "invalid-record"),
    ):
        problem(await world.client.post("/v1/prefill", json=asked(**changes)), status, slug)
    assert world.population.questions == []
    assert await world.rows("SELECT id FROM prefills") == []


async def test_the_citizen_speaks_once(world: World) -> None:
    address = (await world.fill())["address"]
    first = await world.client.post(f"{address}/preview", json={"decision": "accepted"})
    assert (first.status_code, first.json()["preview"]) == (200, "accepted")
    assert (await world.client.post(f"{address}/preview", json={"decision": "accepted"})).json() == first.json()
    problem(await world.client.post(f"{address}/preview", json={"decision": "refused"}), 409, "prefill-ended")
    assert (await world.client.get(address)).json() == first.json()
    filled = await world.fill()
    later = filled["address"]
    await world.client.post(f"{later}/handed-in", json=hows(filled, gender="kept"))
    problem(await world.client.post(f"{later}/preview", json={"decision": "accepted"}), 409, "prefill-ended")
    problem(await world.client.get(f"/v1/prefill/{'0' * 32}"), 404, "unknown-prefill")
    said = await world.rows("SELECT outcome FROM audit WHERE kind = 'prefill' AND outcome LIKE 'preview%'")
    assert [outcome for (outcome,) in said] == ["preview_accepted"]


def hows(filled: dict[str, Any], **named: str) -> dict[str, Any]:
    """How the blanks came about: the named ones first, all others empty."""
    said = named | {name: "empty" for name in filled["fields"] if name not in named}
    return {"fields": [{"field": name, "how": how} for name, how in said.items()]}


async def test_a_form_is_handed_in_once_and_counted(world: World) -> None:
    filled = await world.fill()
    address = filled["address"]
    said = {"gender": "kept", "permanent_address": "changed", "number": "asked", "head_number": "asked"}
    done = hows(filled, **said, request="asked")
    silent: dict[str, Any] = {"fields": done["fields"][1:]}
    body = problem(await world.client.post(f"{address}/handed-in", json=silent), 422, "invalid-record")
    assert "gender" in str(body["detail"])
    first = await world.client.post(f"{address}/handed-in", json=done)
    counted = first.json()
    # The number had to be said to find anybody; the head's was held. What was changed had to be said too.
    assert [counted[name] for name in ("kept", "asked", "asked_needlessly")] == [1, 4, 1]
    again = hows(filled, request="asked", email="empty", **said)
    assert (await world.client.post(f"{address}/handed-in", json=again)).json() == counted
    problem(await world.client.post(f"{address}/handed-in", json=hows(filled, gender="asked")), 409, "prefill-ended")
    assert (await world.client.get(address)).json() == counted
    entries = await world.rows("SELECT detail FROM audit WHERE kind = 'prefill' AND outcome = 'handed_in'")
    assert [json.loads(detail)["fields"]["email"] for (detail,) in entries] == ["empty"]


async def test_only_what_was_filled_and_not_refused_was_kept(world: World) -> None:
    filled = await world.fill(declared={"gender": "male"})
    address = filled["address"]
    for wrong, pointer in (
        (hows(filled, number="kept", gender="kept"), "/fields/1/how"),
        (hows(filled, request="changed"), "/fields/0/how"),
        (hows(filled, number="kept", nose="empty"), "/fields/1/field"),
    ):
        body = problem(await world.client.post(f"{address}/handed-in", json=wrong), 422, "invalid-record")
        errors: Any = body["errors"]
        assert [fault["pointer"] for fault in errors] == [pointer]
    await world.client.post(f"{address}/preview", json={"decision": "refused"})
    problem(await world.client.post(f"{address}/handed-in", json=hows(filled, number="kept")), 422, "invalid-record")
    done = await world.client.post(f"{address}/handed-in", json=hows(filled, number="asked", head_number="asked"))
    assert [done.json()[name] for name in ("kept", "asked", "asked_needlessly")] == [0, 2, 0]


async def test_figures_say_which_forms_ask_too_much(world: World) -> None:
    everything = [name for name, blank in (await world.fill())["fields"].items() if blank["state"] != "ask"]
    for number, ask in ((1, 2), (2, 10)):
        filled = await world.fill(unit=f"H15.{10 + number}")
        address = filled["address"]
        named = {name: "asked" if place < ask else "kept" for place, name in enumerate(everything)}
        done = await world.client.post(f"{address}/handed-in", json=hows(filled, **named, request="asked"))
        assert done.status_code == 200, done.text
    figures = (await world.client.get("/v1/forms/figures?by=unit&by=month")).json()
    shown = [(row["unit"], row["month"], row["asked"], row["below_target"]) for row in figures["items"]]
    assert shown == [("H15.11", "2026-07", 3, False), ("H15.12", "2026-07", 11, False)]
    (one,) = (await world.client.get(f"/v1/forms/figures?form={FORM}")).json()["items"]
    assert (one["handed_in"], one["baseline"], one["asked"], one["filled"], one["kept"]) == (2, 28, 14, 20, 8)
    assert (one["burden_cut"], one["prefilled_share"], one["registry_cut"]) == (0.5, 8 / 22, 0.5)
    assert (one["unit"], one["month"]) == (None, None)
    assert (await world.client.get("/v1/forms/figures?month=2026-06")).json() == {"items": [], "below": []}
    # Forms of which none was handed in are judged by the registry.
    whole = (await world.client.get("/v1/forms/figures")).json()
    untouched = {row["form"]: row for row in whole["items"] if not row["handed_in"]}
    assert untouched["TK-KHAISINH-2"]["burden_cut"] is None
    assert untouched["TK-KHAISINH-2"]["registry_cut"] == 1 - 23 / 25
    assert set(whole["below"]) == {name for name, row in untouched.items() if row["registry_cut"] < 0.2}


async def test_the_unit_that_asks_everything_pulls_a_form_under_the_target(world: World) -> None:
    filled = await world.fill()
    done = hows(filled, **dict.fromkeys(filled["fields"], "asked"))
    await world.client.post(f"{filled['address']}/handed-in", json=done)
    figures = (await world.client.get(f"/v1/forms/figures?form={FORM}&by=unit")).json()
    (row,) = figures["items"]
    assert (row["asked"], row["below_target"], figures["below"]) == (13, True, [FORM])
    assert row["asked_needlessly"] == 7


async def test_who_reads_fills_nothing(world: World) -> None:
    async with door(world.context, scopes=["read"]) as reader:
        problem(await reader.post("/v1/prefill", json=asked()), 403, "forbidden")
        assert (await reader.get((await world.fill())["address"])).status_code == 200
