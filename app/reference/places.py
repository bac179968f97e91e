"""Provinces and wards as matching needs them: the digits of identity numbers, and what merged on 1 July 2025.

``provinces_cccd.csv`` holds the 63 provinces whose codes begin identity numbers, ``admin_units.csv`` the present
province of each of their codes, ``wards.csv`` the province's present wards. Which wards merged is in no source.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.reference import CatalogueError, _rows

NUMBER_PROVINCES: Final = "provinces_cccd.csv"
UNITS: Final = "admin_units.csv"
WARDS: Final = "wards.csv"
_NUMBER_DIGITS: Final = 3
_PROVINCE_DIGITS: Final = 2
_WARD_DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class Places:
    """Names by code, and where codes went.

    ``number_provinces``: names of before 1 July 2025 by the 3 digits that identity numbers begin with.
    ``provinces``: the present provinces by their 2-digit code. One code may have meant another province before.
    ``merged``: 2-digit codes that went into others, by what they are now; codes that stayed are not in it.
    ``wards``: the province's present wards by their 5-digit code.
    """

    number_provinces: Mapping[str, str]
    provinces: Mapping[str, str]
    merged: Mapping[str, str]
    wards: Mapping[str, str]


def load_places(directory: Path | None = None) -> Places:
    """Load the lists that ship, or those of a folder.

    Raises:
        CatalogueError: a list cannot be used, or two of them contradict each other; names the file and the row.
    """
    folder: Traversable = directory or resources.files("app.reference") / "data"
    numbered = _number_provinces(folder)
    provinces, merged = _units(folder, {code[1:] for code in numbered})
    return Places(
        number_provinces=MappingProxyType(numbered),
        provinces=MappingProxyType(provinces),
        merged=MappingProxyType(merged),
        wards=MappingProxyType(_wards(folder)),
    )


def _number_provinces(folder: Traversable) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, (code, name, short, _) in _rows(folder, NUMBER_PROVINCES, ("code3", "name", "gso_code2", "source")):
        _digits(NUMBER_PROVINCES, place, code, _NUMBER_DIGITS)
        # Codes from 100 on are countries, which no list of ours names.
        if code != f"0{short}":
            message = f"{NUMBER_PROVINCES}, row {place}: '{code}' is not 0 and the code '{short}'"
            raise CatalogueError(message)
        found[code] = name
    return found


def _units(folder: Traversable, numbered: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The present provinces, and what went into them."""
    rows = list(_rows(folder, UNITS, ("code", "present_code", "present_name", "source")))
    stayed = {code: name for _, (code, present, name, _) in rows if code == present}
    merged: dict[str, str] = {}
    for place, (code, present, name, _) in rows:
        _digits(UNITS, place, code, _PROVINCE_DIGITS)
        if code not in numbered:
            message = f"{UNITS}, row {place}: '{code}' is not in {NUMBER_PROVINCES}"
            raise CatalogueError(message)
        # A present code keeps itself: were it merged on, one step would not find the present province.
        if stayed.get(present) != name:
            message = f"{UNITS}, row {place}: '{present}' is not the present province '{name}'"
            raise CatalogueError(message)
        if code != present:
            merged[code] = present
    return stayed, merged


def _wards(folder: Traversable) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, (code, name) in _rows(folder, WARDS, ("code", "name")):
        _digits(WARDS, place, code, _WARD_DIGITS)
        found[code] = name
    return found


def _digits(file: str, place: int, code: str, digits: int) -> None:
    # A spreadsheet program drops leading zeros; a code of the wrong length would never match.
    if len(code) != digits or not (code.isascii() and code.isdecimal()):
        message = f"{file}, row {place}: '{code}' has not {digits} digits"
        raise CatalogueError(message)


@cache
def shipped_places() -> Places:
    """The lists that ship."""
    return load_places()
