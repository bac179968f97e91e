"""Forms of the identifiers that law and national systems give."""

import re
from dataclasses import dataclass
from datetime import date

from app.errors import Fault, InvalidDossierCode

# The unit part as QCVN 102 writes it (000.00.16.H15) or as QĐ 20/2020/QĐ-TTg does (H15.16); rule A1.
_CODE = re.compile(
    r"(?P<unit>\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{1,3}){0,3})-(?P<day>\d{6})-(?P<serial>\d{4,10})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class DossierCode:
    """A dossier code taken apart: unit, day of reception, running number of that unit and day."""

    unit: str
    day: date
    serial: int


# As long as a person's number, old or new, and as a card's; an id that we gave, with its letters, is not one.
_PERSONAL = re.compile(r"((?<![0-9A-Za-z])(?=[0-9]*[a-f])[0-9a-f]{32}(?![0-9A-Za-z]))|[0-9]{9,}")


def hide_numbers(text: str) -> str:
    """A text with every run of digits hidden that is long enough to be somebody's number; ids of ours stay."""
    return _PERSONAL.sub(lambda found: found[1] or "***", text)


def parse_dossier_code(text: str) -> DossierCode:
    """Take a dossier code apart.

    Raises:
        InvalidDossierCode: with the form that is wanted.
    """
    match = _CODE.fullmatch(text)
    day = _day(match["day"]) if match else None
    if match is None or day is None:
        message = f"'{text[:60]}' is not a dossier code (unit code, yyMMdd, running number: H15.16-260701-0001)"
        raise InvalidDossierCode(message, faults=(Fault("/code", message),))
    return DossierCode(match["unit"], day, int(match["serial"]))


def _day(text: str) -> date | None:
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None
