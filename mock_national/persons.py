"""One invented person as the population database holds it, and how the store keeps it."""

import json
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from mock_national.places import NOWHERE, Place

#: Endings of numbers that misbehave; one person has each of them, and nobody else a number from 900 to 911.
BROKEN_ENDINGS: Final = ("900", "901", "902", "903", "904", "905")
ANOTHER, SPARSE, YEAR_ONLY, STRUCTURED, OLD_WARD, DEAD = "906", "907", "908", "909", "910", "911"
RECORD_ENDINGS: Final = (ANOTHER, SPARSE, YEAR_ONLY, STRUCTURED, OLD_WARD, DEAD)
_PLANTED: Final = frozenset((*BROKEN_ENDINGS, *RECORD_ENDINGS))

HEAD: Final = "CH01"
SINGLE, MARRIED, DIVORCED, WIDOWED = "1", "2", "3", "4"


class Relative(NamedTuple):
    """Somebody named in another's record; the numbers are those of a person of the database, or both empty."""

    full_name: str
    number_12: str = ""
    number_9: str = ""
    country: str = "VN"


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person.

    Exactly one of `number_12` and `number_9` is filled; `old_number` is the 9-digit number that somebody with a
    `number_12` had before, or "". `birth_date` is `yyyy-MM-dd`, or "" when only the year is known; `sex` is 1
    (male) or 2 (female); `ethnicity_code` is of the 1979 list; the other codes are of `population.md` 6. `country`
    may be "". `relation` to the `head` of the household is `CH01` for the head and our own `X-…` for the others.
    `stale_field` names the one field in which the record is behind the truth, and `truth` is what it should hold.
    """

    number_12: str
    number_9: str
    full_name: str
    sex: str
    birth_date: str
    birth_year: str
    ethnicity_code: str
    old_number: str = ""
    country: str = "VN"
    religion_code: str = "00"
    marital_code: str = "0"
    blood_code: str = "00"
    birth_place: Place = NOWHERE
    home_town: Place = NOWHERE
    permanent_address: Place = NOWHERE
    current_address: Place = NOWHERE
    father: Relative | None = None
    mother: Relative | None = None
    spouse: Relative | None = None
    representative: Relative | None = None
    household: int = 0
    members: int = 1
    relation: str = HEAD
    head: Relative | None = None
    household_book: str = ""
    stale_field: str = ""
    truth: str | Place = ""

    @property
    def number(self) -> str:
        """The number that the person is asked about by."""
        return self.number_12 or self.number_9

    @property
    def ending(self) -> str:
        """The planted ending of the number, or ""."""
        ending = self.number[-3:]
        return ending if ending in _PLANTED else ""

    @property
    def relative(self) -> Relative:
        """The person as named in another's record."""
        return Relative(self.full_name, self.number_12, self.number_9, self.country or "VN")


_BASIC: Final = ("number_12", "number_9", "full_name", "sex", "birth_date", "birth_year", "ethnicity_code")
_CODES: Final = ("old_number", "country", "religion_code", "marital_code", "blood_code")
_PLACES: Final = ("birth_place", "home_town", "permanent_address", "current_address")
_RELATIVES: Final = ("father", "mother", "spouse", "representative", "head")
_REST: Final = ("household", "members", "relation", "household_book", "stale_field")
_TEXT: Final = (*_CODES, *_REST)
#: The columns of the table, in the order of `row`.
COLUMNS: Final = (*_BASIC, "old_number", "ending", "stale_field", "merged_ward", "members", "record")
SCHEMA: Final = """
CREATE TABLE people (
    id INTEGER PRIMARY KEY, number_12 TEXT UNIQUE, number_9 TEXT UNIQUE, full_name TEXT NOT NULL,
    sex TEXT NOT NULL, birth_date TEXT NOT NULL, birth_year TEXT NOT NULL, ethnicity_code TEXT NOT NULL,
    old_number TEXT UNIQUE, ending TEXT NOT NULL, stale_field TEXT NOT NULL, merged_ward INTEGER NOT NULL,
    members INTEGER NOT NULL, record TEXT NOT NULL)
"""
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def row(person: Person) -> tuple[str | int | None, ...]:
    """A person as a row of the table: what is searched in columns, the rest as one JSON text."""
    rest = [getattr(person, name) for name in (*_TEXT, *_PLACES, *_RELATIVES, "truth")]
    return (
        person.number_12 or None,
        person.number_9 or None,
        *[getattr(person, name) for name in _BASIC[2:]],
        person.old_number or None,
        person.ending,
        person.stale_field,
        int(bool(person.permanent_address.district_code)),
        person.members,
        _ENCODER.encode(rest),
    )


def from_row(values: tuple[str | int | None, ...]) -> Person:
    """The person that `row` wrote; `values` are in the order of `COLUMNS`."""
    basic: dict[str, Any] = {name: str(value or "") for name, value in zip(_BASIC, values, strict=False)}
    rest = dict(zip((*_TEXT, *_PLACES, *_RELATIVES, "truth"), json.loads(str(values[-1])), strict=True))
    for name in _PLACES:
        rest[name] = Place(*rest[name])
    for name in _RELATIVES:
        rest[name] = rest[name] and Relative(*rest[name])
    truth = rest.pop("truth")
    return Person(**basic, **rest, truth=truth if isinstance(truth, str) else Place(*truth))


def shown(person: Person) -> dict[str, object]:
    """A person as the admin API shows it; a stale record has what is true of its field in `truth`."""

    def relative(found: Relative | None) -> dict[str, str] | None:
        return None if found is None else found._asdict()

    truth = person.truth if isinstance(person.truth, str) else person.truth._asdict()
    return {
        **{name: getattr(person, name) for name in (*_BASIC, *_TEXT)},
        **{name: getattr(person, name)._asdict() for name in _PLACES},
        **{name: relative(getattr(person, name)) for name in _RELATIVES},
        "truth": {person.stale_field: truth} if person.stale_field else {},
        "planted": person.ending,
        "dead": person.ending == DEAD,
        "merged_ward": bool(person.permanent_address.district_code),
    }
