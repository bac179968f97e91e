"""What is applied for and where: groups of procedures with their units, terms, fees and applicants.

Which level handles a procedure is as the national catalogue says; terms and fees are round figures of ours.
"""

import re
from dataclasses import dataclass
from typing import Final

from app.reference import Catalogue, ProcedureFacts, UnitFacts

# The mock portal has closed these, so that a dossier for one is refused (mock_national/rules/closed_procedures.csv).
CLOSED_PROCEDURES: Final = ("1.000419", "1.000593", "1.003583")
COMMUNES: Final = 28
_LAND_AT_THE_DEPARTMENT: Final = tuple(f"1.1153{number}" for number in range(12, 20))
_LAND_AT_THE_COMMUNE: Final = tuple(f"1.1153{number}" for number in (20, 21, *range(23, 31), 32, 33, 34, 35))
_BUILDING_AT_THE_COMMUNE: Final = tuple(f"1.0132{number}" for number in (25, 26, 27, 28, 29, 32))
_BUILDING_AT_THE_DEPARTMENT: Final = tuple(f"1.0132{number}" for number in (17, 19, 22, 24, 30, 31, 33, 35, 36, 37, 38))
_NAME_MAX: Final = 450
_CODE: Final = re.compile(r"[A-Za-z0-9._:/-]+")


@dataclass(frozen=True, slots=True)
class Trade:
    """A group of procedures.

    Attributes:
        share: weight of the group among all dossiers.
        terms: promised working days to choose from.
        fee_vnd: fee in đồng, 0 for none.
        applicants: kinds of applicants and their weights.
    """

    name: str
    procedures: tuple[ProcedureFacts, ...]
    units: tuple[UnitFacts, ...]
    share: int
    terms: tuple[int, ...]
    fee_vnd: int
    applicants: dict[str, int]


def usable(code: str) -> bool:
    """Whether a published code has the form that the contract lets through; some hold blanks."""
    return _CODE.fullmatch(code) is not None


def trades(catalogue: Catalogue) -> tuple[Trade, ...]:
    """The groups of this province."""
    communes = tuple([unit for unit in catalogue.units.values() if re.fullmatch(r"H15\.\d{3}", unit.code)])
    # Every third, so that they come from all over the province.
    communes = communes[::3][:COMMUNES]
    units = catalogue.units
    land, buildings, business, labour = [(units[f"H15.{number}"],) for number in (50, 15, 13, 11)]
    people, bodies = {"citizen": 95, "organisation": 5}, {"enterprise": 4, "organisation": 3, "state_agency": 3}
    builders, founders = {"enterprise": 5, "citizen": 3, "state_agency": 2}, {"enterprise": 4, "citizen": 1}

    def field(code: str) -> tuple[ProcedureFacts, ...]:
        return _of_field(catalogue, code)

    def codes(*wanted: str) -> tuple[ProcedureFacts, ...]:
        return _named(catalogue, wanted)

    return (
        Trade("civil_status", field("G15-TP07"), communes, 150, (1, 2, 3, 5), 8_000, {"citizen": 1}),
        Trade("residence", field("G01-CA05"), communes, 80, (1, 3, 5, 7), 20_000, {"citizen": 1}),
        Trade("land", codes(*_LAND_AT_THE_COMMUNE), communes, 75, (15, 20, 30), 100_000, people),
        Trade("land", codes(*_LAND_AT_THE_DEPARTMENT), land, 60, (20, 30, 40), 500_000, bodies),
        Trade("building", codes(*_BUILDING_AT_THE_COMMUNE), communes, 40, (10, 15, 20), 75_000, people),
        Trade("building", codes(*_BUILDING_AT_THE_DEPARTMENT), buildings, 40, (10, 20), 150_000, builders),
        Trade("business", field("G05-KD07"), business, 35, (3,), 50_000, founders),
        Trade("labour", codes("2.001955"), labour, 8, (7,), 0, {"enterprise": 1}),
    )


def _open(procedure: ProcedureFacts) -> bool:
    return procedure.code not in CLOSED_PROCEDURES and len(procedure.name) <= _NAME_MAX


def _of_field(catalogue: Catalogue, field: str) -> tuple[ProcedureFacts, ...]:
    return tuple(found for found in catalogue.procedures.values() if found.field_code == field and _open(found))


def _named(catalogue: Catalogue, codes: tuple[str, ...]) -> tuple[ProcedureFacts, ...]:
    return tuple(catalogue.procedures[code] for code in codes if _open(catalogue.procedures[code]))
