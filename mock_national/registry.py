"""The invented people inside the store."""

from dataclasses import astuple

from mock_national.people import generate
from mock_national.settings import Settings
from mock_national.store import Store


def ensure_people(store: Store, settings: Settings) -> None:
    """Fill the table at the first start, and again when seed or count were chosen anew."""
    wanted = f"{settings.people_seed}:{settings.people_count}"
    row = store.connection.execute("SELECT value FROM meta WHERE name = 'people'").fetchone()
    if row is not None and row[0] == wanted:
        return
    people = generate(settings.people_seed, settings.people_count)
    with store.transaction() as connection:
        connection.execute("DELETE FROM people")
        connection.executemany(
            "INSERT INTO people (number_12, number_9, full_name, sex, birth_date, birth_year, ethnicity_code)"
            " VALUES (nullif(?, ''), nullif(?, ''), ?, ?, ?, ?, ?)",
            [astuple(person) for person in people],
        )
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('people', ?)", (wanted,))


def people(store: Store, limit: int, offset: int) -> list[dict[str, str]]:
    """A page of people with the field names of `mock_national.people.Person`, in the generator's order."""
    cursor = store.connection.execute(
        "SELECT coalesce(number_12, '') AS number_12, coalesce(number_9, '') AS number_9, full_name, sex,"
        " birth_date, birth_year, ethnicity_code FROM people ORDER BY id LIMIT ? OFFSET ?",
        (limit, offset),
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
