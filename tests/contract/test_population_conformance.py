"""Whoever can be asked about persons keeps the same promises: the shipped fake, and the connector by each way."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import httpx
import pytest
import pytest_asyncio

from connectors.http import HttpSettings, build_client
from connectors.population import PersonConnector, PersonOutcome, PopulationConnector, PopulationWay, fold_name
from connectors.testing_population import InMemoryPopulation, Record
from mock_national.people import Person
from schemas.persons import PersonField
from tests.bounds import AMPLE_SECONDS
from tests.contract.population_world import (
    DENIED_OFFICER,
    DENIED_PROCEDURE,
    EVERYTHING,
    OLD,
    ORDINARY,
    PEOPLE,
    YEAR_ONLY,
    question,
    settings,
    world,
)
from tests.contract.support import arm
from tests.mock.support import running

MATCH, MISMATCH = PersonOutcome.MATCH, PersonOutcome.NOT_FOUND_OR_MISMATCH
DENIED, QUOTA = PersonOutcome.DENIED, PersonOutcome.QUOTA
UNAVAILABLE, BAD_REPLY = PersonOutcome.UNAVAILABLE, PersonOutcome.BAD_REPLY
AT = datetime(2026, 7, 1, 1, 15, tzinfo=UTC)
#: What the invented people are told of by their plain facts.
PLAIN = frozenset(
    {
        PersonField.NUMBER,
        PersonField.OLD_NUMBER,
        PersonField.FULL_NAME,
        PersonField.BIRTH_DATE,
        PersonField.GENDER,
        PersonField.ETHNICITY,
    }
)


def held(person: Person) -> Record:
    """The plain facts of an invented person."""
    values = {
        PersonField.NUMBER: person.number_12,
        PersonField.OLD_NUMBER: person.number_9 or person.old_number,
        PersonField.FULL_NAME: person.full_name.upper(),
        PersonField.BIRTH_DATE: person.birth_date or person.birth_year,
        PersonField.GENDER: {"1": "male", "2": "female"}[person.sex],
        PersonField.ETHNICITY: person.ethnicity_code,
    }
    return {name: value for name, value in values.items() if value}


class FarSide(Protocol):
    """The database behind a connector, as a test disturbs it."""

    @property
    def population(self) -> PersonConnector:
        """The way to it."""

    async def trouble(self, outcome: PersonOutcome) -> None:
        """Let the next call come to this outcome."""


@dataclass
class Fake:
    """The shipped fake is its own far side."""

    population: InMemoryPopulation

    async def trouble(self, outcome: PersonOutcome) -> None:
        """As in ``FarSide``."""
        self.population.script(outcome)


@dataclass
class Mock:
    """The connector with the mock behind it."""

    population: PopulationConnector
    admin: httpx.AsyncClient

    async def trouble(self, outcome: PersonOutcome) -> None:
        """As in ``FarSide``; nothing of it is asked again, so it meets one call."""
        faults: dict[PersonOutcome, dict[str, object]] = {
            DENIED: {"kind": "wrong_unit"},
            QUOTA: {"kind": "http_429"},
            UNAVAILABLE: {"kind": "status", "status": 500},
            BAD_REPLY: {"kind": "html_200"},
        }
        await arm(self.admin, system="population", **faults[outcome])


@pytest_asyncio.fixture(params=["fake", *PopulationWay])
async def far(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FarSide]:
    """The fake, and the mock by each way; both hold the same people, and both were asked once."""
    if request.param == "fake":
        fake = InMemoryPopulation()
        for person in PEOPLE:
            fake.hold(held(person))
        fake.denied_officers.add(DENIED_OFFICER)
        fake.denied_procedures.add(DENIED_PROCEDURE)
        yield Fake(fake)
        return
    async with world(tmp_path, request.param) as there:
        assert await there.outcome(ORDINARY) is MATCH
        yield Mock(there.connector, there.client)


async def test_a_true_question_is_answered_and_each_wrong_fact_finds_nobody(far: FarSide) -> None:
    for person in (ORDINARY, OLD, YEAR_ONLY):
        assert (await far.population.verify(question(person))).outcome is MATCH
        answer = await far.population.read(question(person), PLAIN)
        assert (answer.outcome, answer.reason, answer.alarm) == (MATCH, "answered", False)
        assert {**answer.record} == {**held(person)}
        number = person.number_12 or person.number_9
        for wrong in (
            {"number": number[:-1] + str((int(number[-1]) + 1) % 10)},
            {"full_name": f"{person.full_name} Khác"},
            {"birth_date": "1899"},
            {"birth_date": "1899-01-31"},
        ):
            assert (await far.population.verify(question(person, **wrong))).outcome is MISMATCH
            answer = await far.population.read(question(person, **wrong), PLAIN)
            assert (answer.outcome, answer.reason, answer.alarm) == (MISMATCH, "answered", False)
            assert not answer.record


async def test_only_wanted_fields_are_told(far: FarSide) -> None:
    wanted = frozenset({PersonField.GENDER, PersonField.FULL_NAME, PersonField.HOUSEHOLD_BOOK})
    answer = await far.population.read(question(OLD), wanted - {PersonField.HOUSEHOLD_BOOK})
    assert answer.record.keys() == {PersonField.GENDER, PersonField.FULL_NAME}
    assert fold_name(str(answer.record[PersonField.FULL_NAME])) == fold_name(OLD.full_name)
    answer = await far.population.read(question(OLD), frozenset())
    assert (answer.outcome, {**answer.record}) == (MATCH, {})


async def test_who_may_not_ask_is_denied(far: FarSide) -> None:
    for change, reason in (
        ({"procedure_code": DENIED_PROCEDURE}, "the procedure is not licensed to ask"),
        ({"officer": DENIED_OFFICER}, "the officer's account has no right to ask"),
    ):
        verified = await far.population.verify(question(ORDINARY, **change))
        answer = await far.population.read(question(ORDINARY, **change), EVERYTHING)
        assert (verified.outcome, verified.reason) == (answer.outcome, answer.reason) == (DENIED, reason)
        assert not answer.record


async def test_trouble_is_its_own_outcome_and_passes(far: FarSide) -> None:
    for outcome in (DENIED, QUOTA, UNAVAILABLE, BAD_REPLY):
        await far.trouble(outcome)
        answer = await far.population.read(question(ORDINARY), EVERYTHING)
        assert (answer.outcome, {**answer.record}, answer.alarm) == (outcome, {}, False)
        assert answer.reason
        assert (await far.population.read(question(ORDINARY), EVERYTHING)).outcome is MATCH
        await far.trouble(outcome)
        assert (await far.population.verify(question(ORDINARY))).outcome is outcome
        assert (await far.population.verify(question(ORDINARY))).outcome is MATCH


async def test_a_used_number_is_a_fault_of_ours_and_no_verdict(far: FarSide) -> None:
    asked = question(ORDINARY)
    assert (await far.population.verify(asked)).outcome is MATCH
    assert (await far.population.verify(asked)).outcome is BAD_REPLY
    assert (await far.population.read(asked, PLAIN)).outcome is BAD_REPLY


async def test_what_is_kept_of_a_read_shows_no_person(far: FarSide) -> None:
    answer = await far.population.read(question(ORDINARY), EVERYTHING)
    assert answer.exchange is not None
    assert (answer.exchange.service, answer.exchange.http_status) == ("TraCuuThongTinCongDan", 200)
    kept = answer.exchange.request + answer.exchange.answer + repr(answer)
    for secret in (ORDINARY.number_12, fold_name(ORDINARY.full_name), ORDINARY.full_name, ORDINARY.birth_date[:4]):
        assert secret not in kept


async def test_the_fake_tells_what_was_asked_and_raises_an_alarm_on_request() -> None:
    fake = InMemoryPopulation()
    fake.hold(held(ORDINARY), AT)
    first, second, third = (question(ORDINARY) for _ in range(3))
    await fake.verify(first)
    answer = await fake.read(second, PLAIN)
    assert (answer.outcome, answer.data_at) == (MATCH, AT)
    fake.script(BAD_REPLY, "another person's record", alarm=True)
    answer = await fake.read(third, PLAIN)
    assert (answer.outcome, answer.reason, answer.alarm) == (BAD_REPLY, "another person's record", True)
    assert not answer.record
    assert (fake.verified, fake.read_questions) == ([first], [(second, PLAIN), (third, PLAIN)])
    assert fake.questions == [first, second, third]
    await fake.aclose()
    assert fake.closed


@pytest.mark.parametrize("way", PopulationWay)
async def test_on_a_real_line_every_break_is_unavailable(tmp_path: Path, way: PopulationWay) -> None:
    http = HttpSettings(tries_max=1, total_seconds=AMPLE_SECONDS)
    async with AsyncExitStack() as stack:
        process = await stack.enter_async_context(running(tmp_path / "m.sqlite3", "--people-count", "200"))
        admin = await stack.enter_async_context(process.client())
        population = PopulationConnector(settings(way, base_url=process.url), build_client(http), http)
        stack.push_async_callback(population.aclose)
        assert (await population.read(question(ORDINARY), EVERYTHING)).outcome is MATCH
        for kind in ("reset_during", "reset_after", "lost_answer", "hang"):
            population.http = replace(http, total_seconds=0.5 if kind == "hang" else AMPLE_SECONDS)
            await arm(admin, system="population", kind=kind, service="TraCuuThongTinCongDan")
            answer = await population.read(question(ORDINARY), EVERYTHING)
            assert (answer.outcome, {**answer.record}) == (UNAVAILABLE, {}), kind
            assert answer.exchange is not None
            assert answer.exchange.request.count("***") >= 3
            # A message of the line may quote what was read.
            assert answer.exchange.answer in {f"{answer.reason}, UNAVAILABLE", ""}
