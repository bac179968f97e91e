"""The three-way match of the population database: number, name, birth date."""

import re
import sqlite3
import unicodedata
from dataclasses import dataclass

_STROKES = str.maketrans({"đ": "d", "Đ": "D"})
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


def fold(name: str) -> str:
    """A name without marks, spaces and punctuation, in upper case: `Nguyễn Văn A` gives `NGUYENVANA`."""
    bare = "".join(c for c in unicodedata.normalize("NFD", name.translate(_STROKES)) if c.isalnum())
    return bare.upper()


def iso_date(text: str) -> str | None:
    """`yyyyMMdd` or `yyyy-MM-dd` as `yyyy-MM-dd`; None for any other form. Whether the day exists is not asked."""
    found = _FULL_DATE.fullmatch(text)
    return "-".join(found.groups()) if found and text.count("-") in {0, 2} else None


def is_known(connection: sqlite3.Connection, question: Question) -> bool:
    """Whether number, folded name and birth all agree with one person.

    A person with a full date agrees only by that date, a year-only person only by the year.
    """
    column = "number_12" if question.number_12 else "number_9"
    row = connection.execute(
        f"SELECT full_name, birth_date, birth_year FROM people WHERE {column} = ?",  # noqa: S608 - one of two names
        (question.number,),
    ).fetchone()
    if row is None or fold(row[0]) != fold(question.full_name):
        return False
    if row[1]:
        return bool(question.birth_date) and iso_date(question.birth_date) == row[1]
    return bool(question.birth_year) and question.birth_year == row[2]
