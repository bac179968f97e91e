"""The shipped fake of the population database: people in memory, matched as the database matches them.

A test holds people, scripts what goes wrong, and reads what was asked.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from connectors.base import Exchange
from connectors.population import (
    FieldValue,
    PersonAnswer,
    PersonOutcome,
    PersonQuestion,
    PopulationService,
    RecordAnswer,
    fold_name,
)
from schemas.persons import PersonField
from schemas.population import OPERATIONS

Record = Mapping[PersonField, FieldValue]


class InMemoryPopulation:
    """A population database that holds whom a test puts into it.

    ``denied_procedures`` and ``denied_officers`` may not ask. ``script`` lets coming calls go wrong; a scripted call
    is recorded like any other.
    """

    def __init__(self) -> None:
        """Nobody is held yet, everybody may ask."""
        self.verified: list[PersonQuestion] = []
        self.read_questions: list[tuple[PersonQuestion, frozenset[PersonField]]] = []
        self.denied_procedures: set[str] = set()
        self.denied_officers: set[str] = set()
        self.closed = False
        self._scripts: deque[tuple[PersonOutcome, str, bool]] = deque()
        self._people: dict[str, tuple[Record, datetime | None]] = {}
        self._used: set[str] = set()

    @property
    def questions(self) -> list[PersonQuestion]:
        """All that was asked: the verified first, then the read."""
        return [*self.verified, *[question for question, _ in self.read_questions]]

    def hold(self, record: Record, data_at: datetime | None = None) -> None:
        """Hold a person, found by either number; name and birth date are what a question must agree with."""
        for number in (PersonField.NUMBER, PersonField.OLD_NUMBER):
            if number in record:
                self._people[str(record[number])] = record, data_at

    def script(self, outcome: PersonOutcome, reason: str = "scripted", *, times: int = 1, alarm: bool = False) -> None:
        """Answer coming calls with ``outcome`` and nothing in it; ``alarm`` counts for a read."""
        self._scripts.extend([(outcome, reason, alarm)] * times)

    async def verify(self, question: PersonQuestion) -> PersonAnswer:
        """As in ``PersonConnector``."""
        self.verified.append(question)
        answer = self._answer(question, PopulationService.VERIFY)
        return PersonAnswer(answer.outcome, answer.reason, answer.exchange)

    async def read(self, question: PersonQuestion, wanted: frozenset[PersonField]) -> RecordAnswer:
        """As in ``PersonConnector``: of the record, the wanted fields that have a value."""
        self.read_questions.append((question, wanted))
        is_scripted = bool(self._scripts)
        answer = self._answer(question, PopulationService.RECORD)
        if is_scripted or answer.outcome is not PersonOutcome.MATCH:
            return answer
        record, data_at = self._people[question.number]
        shown = {name: value for name, value in record.items() if name in wanted and value}
        return replace(answer, record=shown, data_at=data_at)

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def _answer(self, question: PersonQuestion, service: PopulationService) -> RecordAnswer:
        exchange = Exchange(OPERATIONS[service.value], 200)
        if self._scripts:
            outcome, reason, alarm = self._scripts.popleft()
            return RecordAnswer(outcome, reason, exchange, alarm=alarm)
        if question.request_id in self._used:
            return RecordAnswer(PersonOutcome.BAD_REPLY, "the request id was used before", exchange)
        self._used.add(question.request_id)
        if question.procedure_code in self.denied_procedures:
            return RecordAnswer(PersonOutcome.DENIED, "the procedure is not licensed to ask", exchange)
        if question.officer in self.denied_officers:
            return RecordAnswer(PersonOutcome.DENIED, "the officer's account has no right to ask", exchange)
        outcome = PersonOutcome.MATCH if self._is_known(question) else PersonOutcome.NOT_FOUND_OR_MISMATCH
        return RecordAnswer(outcome, "answered", exchange)

    def _is_known(self, question: PersonQuestion) -> bool:
        """All three agree: of whom only the year is known, the year alone."""
        record, _ = self._people.get(question.number, ({}, None))
        name, birth = str(record.get(PersonField.FULL_NAME, "")), record.get(PersonField.BIRTH_DATE)
        return birth == question.birth_date and fold_name(name) == fold_name(question.full_name)
