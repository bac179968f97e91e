"""Questions about people whom the mock population database knows, with true facts and with false ones."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from app.demo.client import Gateway

QUESTIONS: Final = 10
_FALSE_EVERY: Final = 3
_TRUE, _FALSE = "MATCH", "NOT_FOUND_OR_MISMATCH"
# A procedure may not be licensed with the mock; then the next dossier is asked for.
_NOT_LICENSED: Final = "DENIED"
_OPEN: Final = frozenset({"registered", "received", "processing", "supplement", "fee_due"})


@dataclass(slots=True)
class PersonChecks:
    """Outcomes by class, and what was answered otherwise than the facts were."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    asked: int = 0

    @property
    def right(self) -> bool:
        """Whether all questions were asked, and true facts were confirmed and false ones not."""
        return self.asked == QUESTIONS and not self.wrong


def open_dossiers(accepted: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Unit by code of the dossiers whose newest revision is open."""
    newest: dict[str, Mapping[str, Any]] = {}
    for record in accepted:
        if record["type"] == "dossier":
            held = newest.get(record["code"])
            if held is None or held["revision"] < record["revision"]:
                newest[record["code"]] = record
    return {code: record["receiving_unit"] for code, record in newest.items() if record["status"] in _OPEN}


def ask(gateway: Gateway, mock_url: str, dossiers: Mapping[str, str]) -> PersonChecks:
    """Ask ``QUESTIONS`` questions, each third with a false year of birth, each for a dossier of its own."""
    response = httpx.get(f"{mock_url}/__admin/people", params={"limit": QUESTIONS}, trust_env=False)
    people: list[dict[str, str]] = response.raise_for_status().json()["people"]
    checks = PersonChecks()
    places = iter(dossiers.items())
    for place, person in enumerate(people):
        false = place % _FALSE_EVERY == _FALSE_EVERY - 1
        for code, unit in places:
            outcome = gateway.verify_person(_question(person, code, unit, place, false=false))
            checks.outcomes[outcome] += 1
            if outcome != _NOT_LICENSED:
                break
        else:
            return checks
        checks.asked += 1
        if outcome != (_FALSE if false else _TRUE):
            checks.wrong.append(f"{code}: {outcome}")
    return checks


def _question(person: Mapping[str, str], code: str, unit: str, place: int, *, false: bool) -> dict[str, str]:
    birth = person["birth_date"] or person["birth_year"]
    if false:
        # 28 February is a day of every year, so that the question is well formed and still wrong.
        birth = f"{int(birth[:4]) - 1}{birth[4:]}" if not birth.endswith("-02-29") else f"{int(birth[:4]) - 1}-02-28"
    return {
        "dossier_code": code,
        "officer": f"canbo{place + 1:02d}",
        "unit": unit,
        "purpose": "Kiểm tra người nộp hồ sơ",
        "number": person["number_12"] or person["number_9"],
        "full_name": person["full_name"],
        "birth_date": birth,
    }
