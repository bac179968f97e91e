"""Invented people: `python -m mock_national.people --count 2000 --out people.csv`.

A pure function of (seed, count): the sample generator of the product gets the very people the mock holds.
Numbers begin with three digits that no province ever had, so none can belong to a living person.
"""

import argparse
import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import TypedDict, cast

from mock_national.settings import PEOPLE_COUNT, PEOPLE_SEED
from mock_national.tables import document

UNASSIGNED = ("003", "005", "007", "009", "097", "098", "099")
PLANTED_ENDINGS = ("900", "901", "902", "903", "904", "905")

_BORN_FIRST = 1930
_BORN_LAST = 2024
_NINE_DIGITS_BORN_LAST = 1955
_RESERVED_FROM = 900
_RESERVED_TO = 912
_APOSTROPHES = ("H' ", "H'", "H’", "H-", "H ")


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person.

    Exactly one of `number_12` and `number_9` is filled; `birth_date` is `yyyy-MM-dd`, or "" when only the
    year is known; `sex` is 1 (male) or 2 (female); `ethnicity_code` is of the 1979 list.
    """

    number_12: str
    number_9: str
    full_name: str
    sex: str
    birth_date: str
    birth_year: str
    ethnicity_code: str


class _Families(TypedDict):
    families: list[str]


class _Ede(TypedDict):
    clans: list[str]
    given_male: list[str]
    given_female: list[str]


class _Share(TypedDict):
    name: str
    percent: float


class _Names(TypedDict):
    family_names_percent: list[_Share]
    family_names_other: list[str]
    middle_male: list[str]
    middle_female: list[str]
    given_male: list[str]
    given_female: list[str]
    ede: _Ede
    mnong: _Families
    jarai: _Families
    tay_nung_families: list[str]


def generate(seed: int = PEOPLE_SEED, count: int = PEOPLE_COUNT) -> list[Person]:
    """`count` people; the last six (when count allows) have numbers that end in 900 to 905.

    The people before those six are the same for every larger count.

    Raises:
        ValueError: when count is negative.
    """
    if count < 0:
        message = "count must not be negative"
        raise ValueError(message)
    random = Random(seed)
    names = cast("_Names", document("names"))
    taken: set[str] = set()
    planted = PLANTED_ENDINGS if count >= len(PLANTED_ENDINGS) else ()
    people = [_person(random, names, taken, None) for _ in range(count - len(planted))]
    people += [_person(random, names, taken, ending) for ending in planted]
    return people


def write(people: Sequence[Person], path: Path) -> None:
    """Write people as CSV with the field names of `Person` as header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(Person)])
        writer.writerows(astuple(person) for person in people)


def _person(random: Random, names: _Names, taken: set[str], ending: str | None) -> Person:
    male = random.random() < 0.5  # noqa: PLR2004 - an even coin
    birth = date(_BORN_FIRST, 1, 1) + timedelta(
        days=random.randrange((date(_BORN_LAST, 12, 31) - date(_BORN_FIRST, 1, 1)).days + 1)
    )
    # The three shares are of all people; old ones are about a quarter, so 0.12 of them makes 3 in a hundred.
    nine = ending is None and birth.year <= _NINE_DIGITS_BORN_LAST and random.random() < 0.12  # noqa: PLR2004
    year_only = ending is None and random.random() < 0.05  # noqa: PLR2004 - the share asked for
    ethnicity, full_name = _name(random, names, male=male)
    number = _number(random, taken, nine=nine, prefix=_prefix(random, birth.year, male=male), ending=ending)
    return Person(
        number_12="" if nine else number,
        number_9=number if nine else "",
        full_name=full_name,
        sex="1" if male else "2",
        birth_date="" if year_only else birth.isoformat(),
        birth_year=str(birth.year),
        ethnicity_code=ethnicity,
    )


def _prefix(random: Random, year: int, *, male: bool) -> str:
    century = (year // 100 - 19) * 2 + (0 if male else 1)
    return f"{random.choice(UNASSIGNED)}{century}{year % 100:02d}"


def _number(random: Random, taken: set[str], *, nine: bool, prefix: str, ending: str | None) -> str:
    while True:
        tail = random.randrange(1_000_000)
        if ending is None and _RESERVED_FROM <= tail % 1000 < _RESERVED_TO:
            continue
        digits = f"{tail:06d}" if ending is None else f"{tail // 1000:03d}{ending}"
        number = f"099{digits}" if nine else prefix + digits
        if number not in taken:
            taken.add(number)
            return number


def _name(random: Random, names: _Names, *, male: bool) -> tuple[str, str]:
    code = random.choices(("01", "12", "20", "10", "02", "07"), weights=(64, 12, 5, 5, 7, 7))[0]
    if code == "12":
        return code, _ede(random, names["ede"], male=male)
    if code == "20":
        first = "Y" if male else random.choice(("Thị", "H'"))
        given = random.choice(names["ede"]["given_male" if male else "given_female"])
        return code, f"{first} {given} {random.choice(names['mnong']['families'])}"
    given = random.choice(names["given_male" if male else "given_female"])
    if code == "10":
        return code, f"{random.choice(names['jarai']['families'])} {given}"
    family = _kinh_family(random, names) if code == "01" else random.choice(names["tay_nung_families"])
    middle = random.choice(names["middle_male" if male else "middle_female"])
    return code, f"{family} {middle} {given}"


def _kinh_family(random: Random, names: _Names) -> str:
    shares = names["family_names_percent"]
    other = 100 - sum(share["percent"] for share in shares)
    family = random.choices(
        [*(share["name"] for share in shares), ""], weights=[*(share["percent"] for share in shares), other]
    )[0]
    return random.choice(family.split("/")) if family else random.choice(names["family_names_other"])


def _ede(random: Random, ede: _Ede, *, male: bool) -> str:
    if male:
        return f"Y {random.choice(ede['given_male'])} {random.choice(ede['clans'])}"
    return f"{random.choice(_APOSTROPHES)}{random.choice(ede['given_female'])} {random.choice(ede['clans'])}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the people file that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m mock_national.people", description="Write invented people as CSV.")
    parser.add_argument("--count", type=int, default=PEOPLE_COUNT)
    parser.add_argument("--seed", type=int, default=PEOPLE_SEED)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    write(generate(options.seed, options.count), options.out)


if __name__ == "__main__":
    main()
