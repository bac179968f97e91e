"""The three-way match of the population database: number, name, birth date."""

import re
import sqlite3
from dataclasses import dataclass

from mock_national.names import fold
from mock_national.persons import Person
from mock_national.registry import by_number

__all__ = ["Question", "fold", "iso_date", "match"]

_FULL_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: exactly one number and exactly one of `birth_date` (as sent) and `birth_year` (yyyy)."""

    number_12: str
    number_9: str
    full_name: str
    birth_date: str
    birth_year: str

    @property
    def number(self) -> str:
        """The number asked about."""
        return self.number_12 or self.number_9


def iso_date(text: str) -> str | None:
    """`yyyyMMdd` or `yyyy-MM-dd` as `yyyy-MM-dd`; None for any other form. Whether the day exists is not asked."""
    found = _FULL_DATE.fullmatch(text)
    return "-".join(found.groups()) if found and text.count("-") in {0, 2} else None


def match(connection: sqlite3.Connection, question: Question) -> Person | None:
    """The one person with whom number, folded name and birth all agree; or None, and never which of them does not.

    A person with a full date agrees only by that date, a year-only person only by the year.
    """
    person = by_number(connection, number_12=question.number_12, number_9=question.number_9)
    if person is None or fold(person.full_name) != fold(question.full_name):
        return None
    if person.birth_date:
        agrees = bool(question.birth_date) and iso_date(question.birth_date) == person.birth_date
    else:
        agrees = bool(question.birth_year) and question.birth_year == person.birth_year
    return person if agrees else None
