"""Who works where: a desk, some staff and a head for each unit."""

from dataclasses import dataclass
from typing import Final

from app.reference import UnitFacts
from samples.people import People
from samples.words import LONGEST_NAME

_STAFF: Final = 3
_COMMUNE_CODE_LENGTH: Final = len("H15.101")


@dataclass(frozen=True, slots=True)
class Officer:
    """An invented officer; ``title`` is "" where the program keeps none."""

    name: str
    title: str
    department: str


@dataclass(frozen=True, slots=True)
class Office:
    """A receiving unit's people; ``place`` is the ward, commune or province it serves."""

    place: str
    desk: Officer
    staff: tuple[Officer, ...]
    head: Officer


def open_office(people: People, unit: UnitFacts, number: int) -> Office:
    """Invent the people of a unit; ``number`` counts the units, one of which has the longest name there may be."""
    commune = len(unit.code) == _COMMUNE_CODE_LENGTH
    place = unit.name.removeprefix("UBND ") if commune else "tỉnh Đắk Lắk"
    section = "Phòng Kinh tế" if commune else "Phòng chuyên môn"
    titles = ("Công chức chuyên môn" if commune else "Chuyên viên", "Chuyên viên chính", "")
    names = [people.person().full_name for _ in range(_STAFF + 2)]
    if number == 1:
        names[1] = LONGEST_NAME
    return Office(
        place,
        Officer(names[0], "Công chức Một cửa", f"Bộ phận Một cửa {unit.name}"),
        tuple(
            Officer(name, title, f"{section} - {unit.name}") for name, title in zip(names[1:-1], titles, strict=True)
        ),
        Officer(names[-1], "Chủ tịch" if commune else "Giám đốc", unit.name),
    )
