"""The invented people inside the store."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mock_national.names import fold
from mock_national.people import generate
from mock_national.persons import COLUMNS, SCHEMA, Person, from_row, row
from mock_national.settings import Settings
from mock_national.store import Store

#: Rises when the same seed and count give other people or another table, so that an older file is filled anew.
_GENERATION: Final = 2
_SELECT: Final = f"SELECT {', '.join(COLUMNS)} FROM people"  # noqa: S608 - names from the tuple
_INSERT: Final = f"INSERT INTO people ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - as above
#: What `kind` may ask for.
KINDS: Final = {
    "year_only": "birth_date = ''",
    "nine_digit": "number_9 IS NOT NULL",
    "stale": "stale_field <> ''",
    "merged_ward": "merged_ward = 1",
    "minority": "ethnicity_code <> '01'",
    "family": "members > 1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which people: `kind` of `KINDS`, a planted `ending`, part of a number or of a folded name; "" for any."""

    kind: str = ""
    ending: str = ""
    text: str = ""


EVERYBODY: Final = Wanted()


def ensure_people(store: Store, settings: Settings) -> None:
    """Fill the table at the first start, and again when seed or count were chosen anew."""
    wanted = f"{settings.people_seed}:{settings.people_count}:{_GENERATION}"
    held = store.connection.execute("SELECT value FROM meta WHERE name = 'people'").fetchone()
    if held is not None and held[0] == wanted:
        return
    people = generate(settings.people_seed, settings.people_count)
    with store.transaction() as connection:
        connection.execute("DROP TABLE IF EXISTS people")
        connection.execute(SCHEMA)
        connection.executemany(_INSERT, map(row, people))
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('people', ?)", (wanted,))


def people(connection: sqlite3.Connection, limit: int, offset: int, wanted: Wanted = EVERYBODY) -> list[Person]:
    """A page of people in the generator's order."""
    conditions, values = ["1"], []
    if wanted.kind:
        conditions.append(KINDS[wanted.kind])
    if wanted.ending:
        conditions.append("ending = ?")
        values.append(wanted.ending)
    if wanted.text:
        # Digits stand in no name and letters in no number, so one pattern does for both; the fold leaves no wildcard.
        conditions.append("(folded(full_name) LIKE ? OR number_12 LIKE ? OR number_9 LIKE ? OR old_number LIKE ?)")
        values += [f"%{fold(wanted.text)}%"] * 4
    query = f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY id LIMIT ? OFFSET ?"
    return [from_row(found) for found in connection.execute(query, (*values, limit, offset))]


def count_kinds(connection: sqlite3.Connection) -> dict[str, int]:
    """How many people of each kind there are."""
    sums = ", ".join(f"coalesce(sum({condition}), 0)" for condition in KINDS.values())
    found = connection.execute(f"SELECT {sums} FROM people").fetchone()  # noqa: S608 - conditions from the table
    return dict(zip(KINDS, found, strict=True))


def load(store: Store, added: Sequence[Person]) -> None:
    """Add people; one with the same number is replaced."""
    with store.transaction() as connection:
        connection.executemany(_INSERT.replace("INSERT", "INSERT OR REPLACE", 1), map(row, added))


def by_number(connection: sqlite3.Connection, *, number_12: str = "", number_9: str = "") -> Person | None:
    """The person of a number; somebody with twelve digits is also found by the nine of before."""
    if number_12:
        found = connection.execute(f"{_SELECT} WHERE number_12 = ?", (number_12,)).fetchone()
    else:
        found = connection.execute(f"{_SELECT} WHERE number_9 = ? OR old_number = ?", (number_9, number_9)).fetchone()
    return None if found is None else from_row(found)


def somebody_else(connection: sqlite3.Connection, number_12: str) -> Person | None:
    """The first person with twelve digits and another number."""
    query = f"{_SELECT} WHERE number_12 IS NOT NULL AND number_12 <> ? ORDER BY id LIMIT 1"
    found = connection.execute(query, (number_12,)).fetchone()
    return None if found is None else from_row(found)
