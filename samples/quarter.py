"""The whole quarter: plans, codes in the order of filing, and all lines in the order of time."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Final

from app.reference import Catalogue, UnitFacts
from samples.lives import tell
from samples.offices import Office, open_office
from samples.paths import Plan, plans, received_on
from samples.people import People
from samples.tale import Case, Line
from samples.trades import trades

# Some programs of departments still give codes in the form of QCVN 102, smallest part first.
_OLD_FORM_UNIT: Final = "H15.50"
_OLD_FORM_EVERY: Final = 6


@dataclass(slots=True)
class Codes:
    """Gives dossier codes: running numbers begin anew for each unit and day."""

    given: Counter[tuple[str, str]] = field(default_factory=Counter)

    def next(self, unit: str, day: str) -> str:
        """The next code of a unit on a day (``yyMMdd``)."""
        self.given[unit, day] += 1
        number = self.given[unit, day]
        if unit == _OLD_FORM_UNIT and sum(map(int, day)) % _OLD_FORM_EVERY == 0:
            return f"000.00.{unit.removeprefix('H15.')}.H15-{day}-{number:04d}"
        return f"{unit}-{day}-{number:04d}"


@dataclass(frozen=True, slots=True)
class Quarter:
    """All lines in the order of time, the peoples of the citizens, and where new codes come from."""

    lines: tuple[Line, ...]
    peoples: Counter[str]
    codes: Codes
    offices: dict[str, Office]
    people: People


def live_through(random: Random, catalogue: Catalogue) -> Quarter:
    """Let every planned dossier live, and put all that happened in order of time.

    Of things that happen within one second those of one dossier stay in their own order.
    """
    people, codes = People(random), Codes()
    offices: dict[str, Office] = {}
    lines: list[Line] = []
    peoples: Counter[str] = Counter()
    planned = sorted(plans(random, trades(catalogue)), key=_filed)
    for number, plan in enumerate(planned):
        unit = random.choice(plan.trade.units)
        office = _office(offices, people, unit)
        case = Case(number, codes.next(unit.code, received_on(plan)), plan, random.choice(plan.trade.procedures), unit)
        told, folk = tell(random, catalogue, people, office, case)
        lines += told
        peoples[folk] += bool(folk)
    lines.sort(key=lambda line: (line.at, line.dossier, line.place))
    return Quarter(tuple(lines), +peoples, codes, offices, people)


def _filed(plan: Plan) -> int:
    return plan.filed


def _office(offices: dict[str, Office], people: People, unit: UnitFacts) -> Office:
    if unit.code not in offices:
        offices[unit.code] = open_office(people, unit, len(offices))
    return offices[unit.code]
