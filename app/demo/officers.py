"""Officers who ask once: they verify people, ask the gate, fill forms and hand them in. And some who do not.

What each question must bring is known beforehand, from the mock's own people and from what is planted here.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

import httpx

from app.demo.client import Gateway, Json, progress
from app.demo.documents import House
from app.demo.papers import Record
from app.demo.texts import both
from app.domain.rulesets import VIETNAM

PROCEDURE: Final = "1.001193"
FORM: Final = "TK-KHAISINH-1"
RESIDENCE: Final = "000.00.00.G15-KQ003785"
BIRTH_NOTE: Final = "000.00.00.G15-KQ004389"
DECLARATION: Final = "000.00.00.G15-KQ003204"
MANDATE: Final = "000.00.00.G15-KQ003159"
_NAMES: Final = {
    RESIDENCE: "Giấy tờ chứng minh nơi cư trú",
    BIRTH_NOTE: "Giấy chứng sinh",
    DECLARATION: "Tờ khai đăng ký khai sinh",
    MANDATE: "Văn bản uỷ quyền",
}
_UNITS: Final = tuple(f"H15.{number}" for number in range(101, 109))
_CITIZENS: Final = 40
_AT_ONCE: Final = 4
# Every tenth is asked about with a false birth date, as somebody mistypes it.
_FALSE_EVERY, _BLOCKED_EVERY, _UNDECIDED_EVERY = 10, 8, 9
# How the mock answers about numbers with these endings; 900 and 901 would only take time.
_BROKEN_ENDINGS: Final = ("902", "903", "906")
_SERIAL_FROM: Final = 7000
_SHOWN: Final = 10


class Planted(Enum):
    """A request that should not have been made."""

    AGAINST = "blocked"
    WITHOUT = "no_decision"


@dataclass(slots=True)
class Officers:
    """What came of it. ``wrong`` says in words what was otherwise than foretold."""

    once_only_checks: int = 0
    papers_not_asked: int = 0
    fields_prefilled: int = 0
    fields_asked: int = 0
    redundant: int = 0
    redundant_planted: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    population: dict[str, int] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    planted: dict[tuple[str, str], str] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Case:
    """One citizen at one desk. ``broken``: the database cannot answer about this number."""

    number: int
    person: Mapping[str, Any]
    code: str
    unit: str
    officer: str
    false: bool
    broken: bool
    planted: tuple[Planted, ...]

    @property
    def subject(self) -> dict[str, str]:
        return {"kind": "personal_number", "number": str(self.person["number_12"])}

    @property
    def birth(self) -> str:
        born = str(self.person["birth_date"])
        # 28 February is a day of every year, so that the question is well formed and still wrong.
        return f"{int(born[:4]) - 1}-02-28" if self.false else born

    def question(self, **more: object) -> Json:
        """What every question names."""
        return {
            "unit": self.unit,
            "officer": self.officer,
            "purpose": "Giải quyết thủ tục đăng ký khai sinh",
            "full_name": self.person["full_name"],
            "birth_date": self.birth,
            **more,
        }


def work(house: House) -> Officers:
    """Serve ``_CITIZENS`` citizens, and read what the gateway says of it."""
    done = Officers()
    cases = list(_cases(house.stack.mock_url))
    with progress(house.console, both("officers"), len(cases)) as tell, ThreadPoolExecutor(_AT_ONCE) as pool:
        for place, served in enumerate(pool.map(lambda case: _serve(house.gateway, case), cases), 1):
            _add(done, served)
            tell(place)
    _compare(house.gateway, done)
    return done


def _cases(mock_url: str) -> Iterator[_Case]:
    today = datetime.now(VIETNAM)
    healthy = [person for person in _people(mock_url, limit="200") if person["number_12"] and person["birth_date"]]
    broken = [person for ending in _BROKEN_ENDINGS for person in _people(mock_url, ending=ending, limit="1")]
    # Those that the database cannot answer about stand far apart: an outage is another story, told by chaos.
    gap = _CITIZENS // (len(broken) + 1)
    people = healthy[:_CITIZENS]
    for place, person in enumerate(broken, 1):
        people[place * gap] = person
    for place, person in enumerate(people):
        is_broken = person in broken
        plans = ((Planted.AGAINST, _BLOCKED_EVERY), (Planted.WITHOUT, _UNDECIDED_EVERY))
        false = not is_broken and place % _FALSE_EVERY == _FALSE_EVERY - 1
        yield _Case(
            number=place,
            person=person,
            code=f"{_UNITS[place % len(_UNITS)]}-{today:%y%m%d}-{_SERIAL_FROM + place:04d}",
            unit=_UNITS[place % len(_UNITS)],
            officer=f"canbo{place % 30 + 1:02d}",
            false=false,
            broken=is_broken,
            # Against a decision one can only go where the gate has said no.
            planted=tuple(
                plan
                for plan, every in plans
                if place % every == every - 1 and not (plan is Planted.AGAINST and (is_broken or false))
            ),
        )


def _people(mock_url: str, **wanted: str) -> list[Json]:
    response = httpx.get(f"{mock_url}/__admin/people", params=wanted, trust_env=False, timeout=60)
    found: list[Json] = response.raise_for_status().json()["people"]
    return found


def _serve(gateway: Gateway, case: _Case) -> Officers:
    """One citizen, from the number at the desk to the form that is handed in."""
    done = Officers()
    received = datetime.now(VIETNAM)
    first = _dossier(case, 1, received)
    _hand_over(gateway, done, first)
    _verify(gateway, done, case)
    decisions = _ask_gate(gateway, done, case)
    _fill_form(gateway, done, case)
    components = [
        _component(code, decision["decision_id"], case) for code, decision in decisions.items() if decision["allowed"]
    ]
    for plan in case.planted:
        code = RESIDENCE if plan is Planted.AGAINST else MANDATE
        decision_id = decisions[RESIDENCE]["decision_id"] if plan is Planted.AGAINST else None
        components.append(_component(code, decision_id, case))
        done.planted[case.code, code] = plan.value
    _hand_over(gateway, done, {**_dossier(case, 2, received), "components": components})
    return done


def _dossier(case: _Case, revision: int, received: datetime) -> Record:
    return {
        "type": "dossier",
        "code": case.code,
        "revision": revision,
        "procedure": {"code": PROCEDURE},
        "receiving_unit": case.unit,
        "applicant": {
            "kind": "citizen",
            "full_name": case.person["full_name"],
            "identities": [case.subject],
            "phone": f"0000 {case.number:03d} 000",
        },
        "summary": f"Đăng ký khai sinh - {case.person['full_name']}",
        "channel": "direct",
        # Two snapshots that differ in their components only could not be told apart in the ledger.
        "status": "received" if revision == 1 else "processing",
        "submitted_at": received.isoformat(),
        "received_at": received.isoformat(),
        "due_at": (received + timedelta(days=3)).isoformat(),
    }


def _component(code: str, decision_id: str | None, case: _Case) -> Json:
    found: Json = {"name": _NAMES[code], "component_code": code, "asked_by": case.officer}
    if decision_id:
        found["decision_id"] = decision_id
    return found


def _hand_over(gateway: Gateway, done: Officers, record: Record) -> None:
    answer = gateway.hand_over_one(0, json.dumps(record, ensure_ascii=False).encode())
    if answer.taken:
        done.records.append(record)
    else:
        done.wrong.append(f"{record['code']}: {answer.slug}: {(answer.problem or {}).get('detail', '')}")


def _verify(gateway: Gateway, done: Officers, case: _Case) -> None:
    declared = {"ethnicity": case.person["ethnicity_code"]}
    question = case.question(dossier_code=case.code, number=case.subject["number"], declared=declared)
    told = gateway.verify_person(question)
    wanted = {"NOT_FOUND_OR_MISMATCH"} if case.false else {"MATCH"}
    if case.broken:
        wanted = {"UNAVAILABLE", "BAD_REPLY"}
    if told == "MATCH":
        done.confirmed.add(case.code)
    if told not in wanted:
        done.wrong.append(f"{case.code}: verify told {told}")


def _ask_gate(gateway: Gateway, done: Officers, case: _Case) -> dict[str, Json]:
    asked = (RESIDENCE, BIRTH_NOTE, DECLARATION)
    items = [{"component_code": code} for code in asked]
    body = case.question(procedure=PROCEDURE, dossier=case.code, subject=case.subject, items=items)
    answer = gateway.ask("POST", "/v1/once-only/check", body)
    done.once_only_checks += 1
    decisions = {item["code"]: item for item in answer["items"]}
    done.decisions.update(item["decision"] for item in decisions.values())
    residence = "SOURCE_DOWN" if case.broken else "NOT_IN_SOURCE" if case.false else "HAVE_VALID"
    wanted = {RESIDENCE: residence, BIRTH_NOTE: "SECTOR_LAW", DECLARATION: "NOT_IN_SOURCE"}
    for code, decision in wanted.items():
        if decisions[code]["decision"] != decision:
            done.wrong.append(f"{case.code}: {code}: {decisions[code]['decision']} instead of {decision}")
    return decisions


def _fill_form(gateway: Gateway, done: Officers, case: _Case) -> None:
    body = case.question(form=FORM, dossier=case.code, subject=case.subject)
    answer = gateway.ask("POST", "/v1/prefill", body)
    filled = [part for part in answer["fields"] if part["state"] == "filled"]
    if answer["filled"] != len(filled):
        done.wrong.append(f"{case.code}: {answer['filled']} fields said to be filled, {len(filled)} are")
    gateway.ask("POST", f"/v1/prefill/{answer['id']}/preview", {"decision": "accepted"})
    how = {"filled": "kept", "conflict": "asked", "ask": "asked"}
    fields = [{"field": part["field"], "how": how[part["state"]]} for part in answer["fields"]]
    state = gateway.ask("POST", f"/v1/prefill/{answer['id']}/handed-in", {"fields": fields})
    done.fields_prefilled += state["filled"]
    done.fields_asked += state["asked"]


def _add(done: Officers, served: Officers) -> None:
    done.once_only_checks += served.once_only_checks
    done.fields_prefilled += served.fields_prefilled
    done.fields_asked += served.fields_asked
    done.decisions.update(served.decisions)
    done.records += served.records
    done.planted |= served.planted
    done.confirmed |= served.confirmed
    done.wrong += served.wrong


def _compare(gateway: Gateway, done: Officers) -> None:
    """The gateway's own figures and list, held against what was planted."""
    figures = gateway.ask("GET", "/v1/once-only/summary")
    # Refusals of our own are counted there too, by their names in small letters.
    done.population = {name: count for name, count in figures["population"].items() if name.isupper()}
    done.papers_not_asked = figures["papers_not_asked"]
    done.redundant = figures["redundant"]
    done.redundant_planted = len(done.planted)
    listed: dict[tuple[str, str], str] = {}
    page: str | None = "/v1/once-only/redundant?limit=200"
    while page:
        answer = gateway.ask("GET", page)
        listed |= {(item["dossier"], item["component_code"]): item["why"] for item in answer["items"]}
        page = answer["next"]
    if listed != done.planted:
        odd = [f"{code} {paper}: {why}" for (code, paper), why in set(listed.items()) ^ set(done.planted.items())]
        done.wrong.append(f"redundant requests differ from those planted: {', '.join(sorted(odd)[:_SHOWN])}")
    if done.redundant != len(listed):
        done.wrong.append(f"{done.redundant} redundant requests counted, {len(listed)} listed")
    blocked = sum(why == Planted.AGAINST.value for why in done.planted.values())
    not_asked = done.decisions["HAVE_VALID"] - blocked
    if done.papers_not_asked != not_asked:
        done.wrong.append(f"{done.papers_not_asked} papers not asked for, and not {not_asked}")
    if figures["checks"] != done.once_only_checks:
        done.wrong.append(f"{figures['checks']} checks counted, {done.once_only_checks} made")


def marks_wrong(mock_url: str, done: Officers) -> list[str]:
    """Dossiers of which the nation was told otherwise than it was: that the population database confirmed somebody."""
    found = []
    for code in sorted({record["code"] for record in done.records}):
        response = httpx.get(f"{mock_url}/__admin/dossiers/{code}", trust_env=False)
        told = response.raise_for_status().json()["dossier"].get("DSKetNoiCSDL", [])
        if told != ([{"MaCSDL": "1"}] if code in done.confirmed else []):
            found.append(f"{code}: DSKetNoiCSDL {told}")
    return found
