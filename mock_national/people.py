"""Invented people: `python -m mock_national.people --count 20000 --out people.csv`.

A pure function of (seed, count): whoever generates with the same two gets the very people the mock holds.
Numbers begin with three digits that no province ever had, so none can belong to a living person.
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Final

from mock_national.households import MEMBERS_MAX, UNASSIGNED, Household, Households, Member
from mock_national.persons import (
    BROKEN_ENDINGS,
    MARRIED,
    OLD_WARD,
    RECORD_ENDINGS,
    SINGLE,
    Person,
    Relative,
)
from mock_national.places import Atlas, Place
from mock_national.settings import PEOPLE_COUNT, PEOPLE_SEED

__all__ = ["PLANTED_ENDINGS", "UNASSIGNED", "Person", "generate", "main", "write"]

#: The numbers of the last people end so, in this order.
PLANTED_ENDINGS: Final = (*RECORD_ENDINGS, *BROKEN_ENDINGS)

_FACTS: Final = ("number_12", "number_9", "full_name", "sex", "birth_date", "birth_year", "ethnicity_code")
_RELIGIONS: Final = ("00", "01", "02", "08")
_RELIGION_SHARES: Final = tuple(accumulate((80, 8, 6, 6)))
_BLOODS: Final = ("00", "01", "02", "03", "04")
_BLOOD_SHARES: Final = tuple(accumulate((70, 6, 9, 2, 13)))
_STALE_SHARE: Final = 0.015
_CHILD_BORN_FIRST: Final = 2009
_WORDS_MIN: Final = 3


def generate(seed: int = PEOPLE_SEED, count: int = PEOPLE_COUNT) -> list[Person]:
    """`count` people, household by household; the last twelve (when count allows) have the planted endings.

    But for the last household and the planted, a longer list begins like a shorter one.

    Raises:
        ValueError: when count is negative.
    """
    if count < 0:
        message = "count must not be negative"
        raise ValueError(message)
    random = Random(seed)
    households = Households(random)
    records = _Records(random)
    planted = PLANTED_ENDINGS if count >= len(PLANTED_ENDINGS) else ()
    people: list[Person] = []
    while len(people) < count - len(planted):
        room = count - len(planted) - len(people)
        household = households.some() if room >= MEMBERS_MAX else households.alone()
        people += records.of(household)
    for ending in planted:
        people += records.of(households.planted(ending, merged=ending == OLD_WARD), stale=False)
    return people


def write(people: Sequence[Person], path: Path) -> None:
    """Write the facts to ask with as CSV: numbers, name, sex, birth, ethnicity."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_FACTS)
        writer.writerows([getattr(person, name) for name in _FACTS] for person in people)


class _Records:
    """Makes records of the members of households, a few of them behind the truth."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._atlas = Atlas(random)

    def of(self, household: Household, *, stale: bool = True) -> Iterator[Person]:
        """The records of all members."""
        religion = self._random.choices(_RELIGIONS, cum_weights=_RELIGION_SHARES)[0]
        for member in household.members:
            record = self._record(household, member, religion)
            behind = stale and self._random.random() < _STALE_SHARE
            yield self._behind(record, household.now) if behind else record

    def _record(self, household: Household, member: Member, religion: str) -> Person:
        draw = self._random
        head = household.members[0].relative
        return Person(
            number_12=member.number_12,
            number_9=member.number_9,
            full_name=member.full_name,
            sex="1" if member.male else "2",
            birth_date="" if member.year_only else member.birth.isoformat(),
            birth_year=str(member.birth.year),
            ethnicity_code=member.people,
            old_number=member.old_number,
            country="VN" if draw.random() < 0.8 else "",  # noqa: PLR2004
            religion_code=religion,
            marital_code=member.marital,
            blood_code=draw.choices(_BLOODS, cum_weights=_BLOOD_SHARES)[0],
            birth_place=household.home_town,
            home_town=household.home_town,
            permanent_address=household.address,
            current_address=household.now if draw.random() < 0.85 else self._atlas.present(),  # noqa: PLR2004
            father=_named(member.father),
            mother=_named(member.mother),
            spouse=_named(member.spouse),
            representative=head if member.birth.year >= _CHILD_BORN_FIRST else None,
            household=household.number,
            members=len(household.members),
            relation=member.relation,
            head=head,
            household_book=household.book,
        )

    def _behind(self, record: Person, now: Place) -> Person:
        """The record with one field behind the truth: a move, a marriage or a corrected name that never arrived."""
        draw = self._random.random()
        words = record.full_name.split()
        if draw < 0.3 and len(words) > _WORDS_MIN - 1:  # noqa: PLR2004
            # A lost middle name survives every folding, so that the true name does not match.
            lost = " ".join([words[0], *words[2:]])
            return replace(record, full_name=lost, stale_field="full_name", truth=record.full_name)
        if draw < 0.6 and record.marital_code == MARRIED:  # noqa: PLR2004
            return replace(record, marital_code=SINGLE, spouse=None, stale_field="marital_status", truth=MARRIED)
        moved = self._atlas.present()
        return replace(record, permanent_address=moved, stale_field="permanent_address", truth=now)


def _named(relative: Member | Relative | None) -> Relative | None:
    return relative.relative if isinstance(relative, Member) else relative


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
