"""What developers see of the population database: the page, the people with their facts, people added."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from mock_national.people import generate
from mock_national.persons import shown
from mock_national.registry import KINDS
from mock_national.tables import RULES, rows
from tests.mock.support import Population

PEOPLE = generate(count=200)
ADULT = next(p for p in PEOPLE if p.number_12 and p.birth_date)
ADDED = {
    "number_12": "005151075722",
    "full_name": "Người Thêm Vào",
    "sex": "2",
    "birth_year": "1951",
    "ethnicity_code": "01",
    "ward_code": "24133",
}


async def people(population: Population, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await population.client.get(f"/__admin/people?{query}")).json()["people"]
    return found


@pytest.mark.asyncio
async def test_developers_can_page_through_the_invented_people(population: Population) -> None:
    first, second = await people(population, "limit=3"), await people(population, "limit=197&offset=3")
    assert first + second == [shown(person) for person in PEOPLE]


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", KINDS)
async def test_people_can_be_had_by_what_is_special_of_them(population: Population, kind: str) -> None:
    specials: dict[str, Callable[[dict[str, Any]], bool]] = {
        "year_only": lambda p: not p["birth_date"],
        "nine_digit": lambda p: bool(p["number_9"]),
        "stale": lambda p: bool(p["stale_field"]) and list(p["truth"]) == [p["stale_field"]],
        "merged_ward": lambda p: bool(p["permanent_address"]["district_code"]),
        "minority": lambda p: p["ethnicity_code"] != "01",
        "family": lambda p: p["members"] > 1,
    }
    found = await people(population, f"kind={kind}&limit=300")
    assert found
    assert [p["full_name"] for p in found] == [p.full_name for p in PEOPLE if specials[kind](shown(p))]


@pytest.mark.asyncio
async def test_people_can_be_had_by_ending_name_and_number(population: Population) -> None:
    (dead,) = await people(population, "ending=911")
    assert (dead["planted"], dead["dead"]) == ("911", True)
    by_name = await people(population, f"q={ADULT.full_name.lower()}")
    assert ADULT.number_12 in [p["number_12"] for p in by_name]
    assert [p["full_name"] for p in await people(population, f"q={ADULT.number_12}")] == [ADULT.full_name]
    for query in ("kind=x", "ending=899", "limit=2001"):
        assert (await population.client.get(f"/__admin/people?{query}")).status_code == 400


@pytest.mark.asyncio
async def test_the_page_shows_people_numbers_quotas_and_masked_questions(population: Population) -> None:
    await population.read(ADULT)
    page = (await population.client.get("/population?ending=904")).text
    planted = next(p for p in PEOPLE if p.ending == "904")
    assert planted.number_12 in page
    assert ADULT.number_12 not in page
    assert ">200<" in page
    for row in rows("fault_numbers"):
        assert row["ending"] in page
    assert re.search(r'<td>canbo01</td><td class="number">1</td><td class="number">199</td>', page)
    assert re.search(r'<td>H15</td><td class="number">–</td><td class="number">4</td>', page)
    assert "/csdldc/TraCuuThongTinCongDan" in page
    assert "&#34;SoDinhDanh&#34;:&#34;***&#34;" in page
    empty = (await population.client.get("/population?q=<b>nobody")).text
    assert "&lt;b&gt;nobody" in empty
    assert "Không có ai." in empty
    assert (await population.client.get("/population?kind=x")).status_code == 400
    assert 'href="/population"' in (await population.client.get("/")).text


@pytest.mark.asyncio
async def test_people_can_be_added_but_never_one_who_could_live(population: Population) -> None:
    async def add(*wanted: object) -> tuple[int, str]:
        response = await population.client.put("/__admin/people", json={"people": list(wanted)})
        return response.status_code, response.json().get("error", "")

    assert await add(ADDED) == (200, "")
    question = population.question(ADDED["number_12"], ADDED["full_name"], "1951")
    assert ">1<" in (await population.ask(question)).text
    bad: list[tuple[object, str]] = [
        ({**ADDED, "number_12": "066151075722"}, "people[1].number_12: could be"),
        ({**ADDED, "number_12": "005151075905"}, "people[1].number_12: that ending"),
        ({**ADDED, "number_12": "0051510757"}, "people[1].number_12: digits"),
        ({**ADDED, "number_9": "900000001"}, "people[1].number_12: exactly one"),
        ({**ADDED, "birth_date": "1952-01-01"}, "people[1].birth_date"),
        ({**ADDED, "ward_code": "24118"}, "people[1].ward_code"),
        ({**ADDED, "sex": "3"}, "people[1].sex"),
        ({**ADDED, "full_name": ""}, "people[1].full_name: missing"),
        ({**ADDED, "phone": "1"}, "people[1].phone: unknown"),
        ("x", "people[1]"),
    ]
    for wanted, said in bad:
        status, error = await add({**ADDED, "number_12": "005151075723"}, wanted)
        assert (status, error[: len(said)]) == (400, said)
    assert await people(population, "q=005151075723") == []
    await add(ADDED)
    assert len(await people(population, "q=005151075722")) == 1


def test_the_readme_and_the_page_tell_the_same_of_the_fault_numbers() -> None:
    readme = (RULES.parent / "README.md").read_text(encoding="utf-8")
    for row in rows("fault_numbers"):
        assert f"| {row['ending']} | {row['en']} |" in readme
