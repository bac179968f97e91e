"""What the tests of the population database share: the people of the mock, an account for each way, true questions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from connectors.http import HttpSettings
from connectors.population import (
    OfficerKey,
    PersonOutcome,
    PersonQuestion,
    PopulationConnector,
    PopulationSettings,
    PopulationWay,
    RecordAnswer,
)
from mock_national.people import Person, generate
from schemas.persons import PersonField
from tests.contract.support import in_process

PEOPLE = generate(count=200)
#: Whose numbers misbehave, by the last three digits.
PLANTED = {person.number_12[-3:]: person for person in PEOPLE if "900" <= person.number_12[-3:] <= "911"}
_OTHERS = [person for person in PEOPLE if person not in PLANTED.values()]
ORDINARY = next(
    person for person in _OTHERS if person.number_12 and person.birth_date and "đ" in person.full_name.lower()
)
OLD = next(person for person in _OTHERS if person.number_9 and person.birth_date)
YEAR_ONLY = next(person for person in PEOPLE if person.number_12 and not person.birth_date)
ONE_TRY = HttpSettings(tries_max=1, transport="httpx")
EVERYTHING = frozenset(PersonField)
#: A procedure and an officer of the mock that may not ask.
DENIED_PROCEDURE, DENIED_OFFICER = "1.000005", "canbo99"
_numbers = count(1)


def settings(way: PopulationWay, **changes: Any) -> PopulationSettings:
    """The partner, the officers and the direct account of the mock."""
    usual: dict[str, Any] = {
        "way": way,
        "base_url": "http://mock.test",
        "service_path": "",
        "token_path": "oauth2/token",
        "unit_code": "H15.16",
        "access_key": "mock-access-key",
        "secret_key": "mock-secret-key",
        "app_name": "mock-one-stop",
        "partner_code": "H15",
        "partner_code_cus": "000.00.00.H15",
        "officers": {name: OfficerKey(name, f"mock-{name}") for name in ("canbo01", "canbo02", DENIED_OFFICER)},
        "direct_username": "mock-c06-user",
        "direct_secret": "mock-c06-secret",
        "direct_api_key": "mock-c06-key",
        "direct_client": "VN/GOV/000.00.00.H15/one-stop",
    }
    return PopulationSettings(**(usual | changes))


def question(person: Person, **changes: str) -> PersonQuestion:
    """A true question about a person, but for the changes; each has a number of its own."""
    usual = PersonQuestion(
        request_id=f"H15-{next(_numbers)}",
        procedure_code="1.001193",
        officer="canbo01",
        unit="H15.16",
        number=person.number_12 or person.number_9,
        full_name=person.full_name,
        birth_date=person.birth_date or person.birth_year,
    )
    return replace(usual, **changes)


@dataclass
class World:
    """A connector, the mock behind it, and every request that went there."""

    connector: PopulationConnector
    client: httpx.AsyncClient
    asked: list[httpx.Request] = field(default_factory=list)

    async def outcome(self, person: Person, **changes: str) -> PersonOutcome:
        """What a question for yes or no comes to."""
        return (await self.connector.verify(question(person, **changes))).outcome

    async def record(self, person: Person, wanted: frozenset[PersonField] = EVERYTHING) -> RecordAnswer:
        """What a true question for the record comes to."""
        return await self.connector.read(question(person), wanted)


@asynccontextmanager
async def world(folder: Path, way: PopulationWay, http: HttpSettings = ONE_TRY, **choices: Any) -> AsyncIterator[World]:
    """The mock in this process."""
    usual = {"unit_calls_per_second": 0, "slow_seconds": 0.0}
    async with in_process(folder, **(usual | choices)) as (client, _):
        found = World(PopulationConnector(settings(way), client, http), client)

        async def remember(request: httpx.Request) -> None:
            found.asked.append(request)

        client.event_hooks["request"].append(remember)
        yield found
