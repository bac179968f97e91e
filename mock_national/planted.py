"""What comes back about whom: the true answer, and what the numbers with a planted ending make of it."""

import sqlite3
from collections.abc import Callable
from typing import Final

from mock_national import congdan, soap
from mock_national.dressing import error_page
from mock_national.faces import Face
from mock_national.matching import Question, match
from mock_national.persons import ANOTHER, SPARSE, STRUCTURED, Person
from mock_national.registry import somebody_else
from mock_national.settings import Settings
from mock_national.wire import Reply

_FAULT: Final = "Lỗi xử lý tại CSDLQGvDC: <timeout>"


class Answers:
    """Looks people up and writes the answer of service 003 or 037."""

    def __init__(self, settings: Settings, connection: sqlite3.Connection) -> None:
        """Stand on the store that holds the invented people."""
        self._settings = settings
        self._connection = connection

    def answer(self, question: Question, face: Face) -> Reply:
        """The answer to a question that passed all checks."""
        person = match(self._connection, question)
        ending = question.number[-3:]
        if face.service == soap.VERIFY:
            text, record = soap.answer(self._settings.population_shape, known=person is not None), None
        else:
            text, record = self._record(person, ending), f"CongDan: {int(person is not None)} (***)"
        return self._broken(ending, text, record, face) or face.answered(text, record=record)

    def _record(self, person: Person | None, ending: str) -> str:
        if person is not None and ending == ANOTHER:
            person = somebody_else(self._connection, person.number_12)
        return congdan.answer(
            person,
            self._settings.clock(),
            shape=self._settings.record_shape,
            not_found=self._settings.record_not_found,
            sparse=ending == SPARSE,
            structured=ending == STRUCTURED,
        )

    def _broken(self, ending: str, text: str, record: str | None, face: Face) -> Reply | None:
        makers: dict[str, Callable[[], Reply]] = {
            "900": lambda: Reply(body=b"", service=face.service, hang=True),
            "901": lambda: face.answered(text, record=record, delay_seconds=self._settings.slow_seconds),
            "902": lambda: error_page(500),
            "903": face.empty,
            "904": lambda: face.faulty(soap.fault(_FAULT)),
            "905": lambda: face.answered(text[: len(text) * 2 // 3], record=record),
        }
        maker = makers.get(ending)
        return maker() if maker else None
