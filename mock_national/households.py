"""Invented households: who lives together, what each is called, who is whose parent.

A household is drawn whole: couples with or without children, one parent with children, three generations, people
living alone. The planted people live alone and are grown children of such couples where there are any old enough.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from mock_national.names import BY_MOTHER, NUNG, TAY, Names
from mock_national.persons import DIVORCED, HEAD, MARRIED, SINGLE, WIDOWED, YEAR_ONLY, Relative
from mock_national.places import PROVINCE, Atlas, Place

UNASSIGNED: Final = ("003", "005", "007", "009", "097", "098", "099")
MEMBERS_MAX: Final = 6

_BORN_FIRST, _BORN_LAST = 1930, 2024
_NINE_DIGITS_BORN_LAST: Final = 1955
_OLD_NUMBER_BORN_LAST: Final = 2000
_ADULT_BORN_LAST: Final = 2007
_RESERVED_FROM, _RESERVED_TO = 900, 912
_KINDS: Final = ("alone", "pair", "family", "one_parent", "three_generations")
_KIND_SHARES: Final = tuple(accumulate((10, 12, 63, 7, 8)))
_SPOUSE, _CHILD, _PARENT = "X-VOCHONG", "X-CON", "X-CHAME"


@dataclass(slots=True, eq=False)
class Member:
    """Somebody while the household is being drawn; the numbers, the birth and the name are settled."""

    male: bool
    birth: date
    people: str
    family: str
    full_name: str
    number_12: str
    number_9: str
    old_number: str
    year_only: bool
    relation: str = HEAD
    marital: str = SINGLE
    father: "Member | Relative | None" = None
    mother: "Member | Relative | None" = None
    spouse: "Member | None" = None

    @property
    def relative(self) -> Relative:
        """As named in another's record."""
        return Relative(self.full_name, self.number_12, self.number_9)


@dataclass(slots=True)
class Household:
    """People under one roof, the head first; `now` is the address as it would be written today."""

    number: int
    members: list[Member]
    address: Place
    now: Place
    home_town: Place
    book: str = ""
    couple: tuple[Member, Member] | None = field(default=None)


class Households:
    """Draws households from one random source; no number is given twice."""

    def __init__(self, random: Random) -> None:
        """Nobody yet."""
        self._random = random
        self._names = Names(random)
        self._atlas = Atlas(random)
        self._taken: set[str] = set()
        self._drawn = 0
        self._parents: list[tuple[Member, Member]] = []

    def some(self) -> Household:
        """The next household, of one to `MEMBERS_MAX` members."""
        kind = self._random.choices(_KINDS, cum_weights=_KIND_SHARES)[0]
        if kind == "alone":
            return self.alone()
        people = self._names.people()
        if kind == "one_parent":
            return self._one_parent(people)
        first, last = (_BORN_FIRST, 1966) if kind == "pair" else (1962, 1996)
        head = self._member(people, self._between(first, last), male=True)
        spouse = self._member(people, self._near(head.birth.year), male=False)
        head.spouse, spouse.spouse = spouse, head
        head.marital = spouse.marital = MARRIED
        spouse.relation = _SPOUSE
        members = [head, spouse]
        couple = (head, spouse)
        if kind != "pair":
            members += self._children(people, couple, self._random.randint(1, 3))
        if kind == "three_generations":
            members.append(self._grandparent(head))
        for member in (head, spouse):
            self._name_parents(member)
        self._parents.append(couple)
        return self._house(members, couple)

    def alone(self) -> Household:
        """Somebody living alone."""
        member = self._member(self._names.people(), self._between(_BORN_FIRST, 2005), male=self._random.random() < 0.5)  # noqa: PLR2004
        draw = self._random.random()
        member.marital = SINGLE if draw < 0.6 else DIVORCED if draw < 0.8 else WIDOWED  # noqa: PLR2004
        self._name_parents(member)
        return self._house([member])

    def planted(self, ending: str, *, merged: bool) -> Household:
        """The one person whose number ends so, a grown child of a couple that is old enough."""
        couple = next((pair for pair in self._parents if pair[1].birth.year <= 1975), None)  # noqa: PLR2004
        male = self._random.random() < 0.5  # noqa: PLR2004
        if couple is None:
            member = self._member(self._names.people(), self._between(1970, 2000), male=male, ending=ending)
            self._name_parents(member)
        else:
            born = self._between(couple[1].birth.year + 20, couple[1].birth.year + 27)
            family = couple[couple[0].people in BY_MOTHER].family
            member = self._member(couple[0].people, born, male=male, family=family, ending=ending)
            member.father, member.mother = couple
        return self._house([member], merged=merged)

    def _one_parent(self, people: str) -> Household:
        male = self._random.random() < 0.25  # noqa: PLR2004
        head = self._member(people, self._between(1965, 1996), male=male)
        head.marital = self._random.choice((DIVORCED, WIDOWED))
        other = self._names.family(people)
        absent = Relative(self._names.name(people, other, male=not male))
        members = [head]
        for born in self._births(head.birth.year, self._random.randint(1, 2)):
            takes_own = male != (people in BY_MOTHER)
            child = self._member(people, born, male=None, family=head.family if takes_own else other)
            child.relation = _CHILD
            child.father, child.mother = (head, absent) if male else (absent, head)
            members.append(child)
        self._name_parents(head)
        return self._house(members)

    def _children(self, people: str, couple: tuple[Member, Member], count: int) -> Iterator[Member]:
        family = couple[people in BY_MOTHER].family
        for born in self._births(couple[1].birth.year, count):
            child = self._member(people, born, male=None, family=family)
            child.relation = _CHILD
            child.father, child.mother = couple
            yield child

    def _births(self, mother_born: int, count: int) -> list[date]:
        years = [mother_born + 20 + int(self._random.random() * 19) for _ in range(count)]
        return [self._between(year, year) for year in sorted(years) if year <= _BORN_LAST]

    def _grandparent(self, head: Member) -> Member:
        male = self._random.random() < 0.4  # noqa: PLR2004
        born = self._between(head.birth.year - 33, head.birth.year - 20)
        own = male != (head.people in BY_MOTHER)
        family = head.family if own else self._names.family(head.people)
        elder = self._member(head.people, born, male=male, family=family)
        elder.relation, elder.marital = _PARENT, WIDOWED
        if male:
            head.father = elder
        else:
            head.mother = elder
        return elder

    def _name_parents(self, member: Member) -> None:
        """Names of parents who are dead or live elsewhere: no numbers; of one in ten nothing is known."""
        if self._random.random() < 0.1:  # noqa: PLR2004
            return
        people, by_mother = member.people, member.people in BY_MOTHER
        other = self._names.family(people)
        if member.father is None:
            family = other if by_mother else member.family
            member.father = Relative(self._names.name(people, family, male=True))
        if member.mother is None:
            family = member.family if by_mother else other
            member.mother = Relative(self._names.name(people, family, male=False))

    def _member(
        self, people: str, birth: date, *, male: bool | None, family: str = "", ending: str | None = None
    ) -> Member:
        draw = self._random.random
        if male is None:
            male = draw() < 0.5  # noqa: PLR2004
        family = family or self._names.family(people)
        nine = ending is None and birth.year <= _NINE_DIGITS_BORN_LAST and draw() < 0.33  # noqa: PLR2004
        year_only = ending == YEAR_ONLY if ending else draw() < 0.05  # noqa: PLR2004
        had_old = not nine and birth.year <= _OLD_NUMBER_BORN_LAST and draw() < 0.2  # noqa: PLR2004
        prefix = "" if nine else self._prefix(birth.year, male=male)
        return Member(
            male=male,
            birth=birth,
            people=people,
            family=family,
            full_name=self._names.name(people, family, male=male),
            number_12="" if nine else self._number(prefix, ending),
            number_9=self._number("099", None) if nine else "",
            old_number=self._number("099", None) if had_old else "",
            year_only=year_only,
        )

    def _house(
        self, members: list[Member], couple: tuple[Member, Member] | None = None, *, merged: bool | None = None
    ) -> Household:
        self._drawn += 1
        if merged is None:
            merged = self._random.random() < 0.08  # noqa: PLR2004
        address = self._atlas.present()
        now = address
        if merged:
            address, now = self._atlas.merged()
        settled = self._random.random() < 0.5  # noqa: PLR2004
        north = members[0].people in {TAY, NUNG}
        stays = members[0].people in BY_MOTHER or settled
        home = Place(PROVINCE, "", now.ward_code, "", "VN") if stays else self._atlas.origin(north=north)
        book = f"000{self._drawn:06d}" if self._random.random() < 0.6 else ""  # noqa: PLR2004
        return Household(self._drawn, members, address, now, home, book, couple)

    def _between(self, first: int, last: int) -> date:
        days = (date(min(last, _BORN_LAST), 12, 31) - date(first, 1, 1)).days + 1
        return date(first, 1, 1) + timedelta(days=int(self._random.random() * days))

    def _near(self, year: int) -> date:
        return self._between(max(_BORN_FIRST, year - 2), min(year + 6, _ADULT_BORN_LAST))

    def _prefix(self, year: int, *, male: bool) -> str:
        century = (year // 100 - 19) * 2 + (0 if male else 1)
        return f"{self._random.choice(UNASSIGNED)}{century}{year % 100:02d}"

    def _number(self, prefix: str, ending: str | None) -> str:
        while True:
            tail = int(self._random.random() * 1_000_000)
            if ending is None and _RESERVED_FROM <= tail % 1000 < _RESERVED_TO:
                continue
            number = f"{prefix}{tail:06d}" if ending is None else f"{prefix}{tail // 1000:03d}{ending}"
            if number not in self._taken:
                self._taken.add(number)
                return number
