"""Identity numbers: equal or not, and what the digits of a 12-digit one say.

A number is never likened to another: one digit off is another person. The digits ``PPP G YY RRRRRR`` are province or
country of birth registration, century and gender, year of birth, and six drawn ones; there is no check digit (NĐ
137/2015/NĐ-CP Art. 13, TT 59/2021/TT-BCA). They were true on the day the number was given, which stays for life, while
gender and date may be corrected later: a contradiction is a soft warning and never a refusal.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from app.domain.matching_verdicts import Match, Why, absent, no, partial, unknown, yes

_NUMBER: Final = re.compile(r"[0-9]{9}|[0-9]{12}")
_OLD_DIGITS: Final = 9
_NEW_DIGITS: Final = 12
# From here on the first three digits are a country; the list of countries is in no source.
_FIRST_COUNTRY: Final = 100
_FIRST_CENTURY: Final = 1900
_YEAR: Final = re.compile(r"([0-9]{4})(?:-[0-9]{2}){0,2}")
_NOTHING_MERGED: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What a 12-digit number says of the day it was given.

    ``province_code`` has 3 digits and is where the birth was registered, never where the person lives now.
    ``province_name`` is None for countries and for codes that no province has.
    """

    province_code: str
    province_name: str | None
    sex: Literal["male", "female"]
    birth_year: int


def match_number(declared: str, held_number: str | None, held_old_number: str | None = None) -> Match:
    """Compare a declared number with those of one record: digit by digit, blanks aside.

    9 digits are compared with the record's old number (and with its number, if that has 9), 12 with its number. Nine
    digits cannot be compared with twelve.
    """
    mine, number, old = (_bare(text) for text in (declared, held_number, held_old_number))
    missing = absent(declared=bool(mine), held=bool(number or old))
    if missing is not None:
        return missing
    if not _is_number(mine):
        return no(Why.MALFORMED)
    if mine in {number, old if len(old) == _OLD_DIGITS else ""}:
        return yes(_same_number(declared, held_number) if mine == number else Why.OLD_NUMBER_OF_SAME_RECORD)
    others = [text for text in (number, old if len(old) == _OLD_DIGITS else "") if _is_number(text)]
    if others and all(len(text) != len(mine) for text in others):
        return unknown(Why.OTHER_KIND_OF_NUMBER)
    return no(Why.DIFFERENT if others else Why.MALFORMED)


def number_facts(number: str, provinces: Mapping[str, str]) -> NumberFacts | None:
    """Take a 12-digit number apart; None for any other text.

    Args:
        number: the number.
        provinces: names of the provinces by the 3 digits that numbers begin with.
    """
    digits = _bare(number)
    if not _is_number(digits) or len(digits) != _NEW_DIGITS:
        return None
    century, woman = divmod(int(digits[3]), 2)
    return NumberFacts(
        province_code=digits[:3],
        province_name=provinces.get(digits[:3]),
        sex="female" if woman else "male",
        birth_year=_FIRST_CENTURY + 100 * century + int(digits[4:6]),
    )


def check_number(
    number: str,
    *,
    birth: str | None,
    gender: str | None,
    registered_in: str | None,
    provinces: Mapping[str, str],
    merged: Mapping[str, str] = _NOTHING_MERGED,
) -> tuple[Match, ...]:
    """Soft warnings: what the digits of a number say against declared facts. Each is PARTIAL, none is a refusal.

    Args:
        number: the number; one that has not 12 digits says nothing.
        birth: ``yyyy-MM-dd`` or ``yyyy``.
        gender: ``male`` or ``female``.
        registered_in: the 2-digit code of the province where the birth was registered (not of a residence).
        provinces: names of the provinces by the 3 digits that numbers begin with.
        merged: present 2-digit codes of provinces that went into others; numbers keep the digits of before.
    """
    facts = number_facts(number, provinces)
    if facts is None:
        return ()
    whys = [_province_warning(facts, registered_in, merged)]
    year = _year(birth)
    if year is not None and year // 100 != facts.birth_year // 100:
        whys.append(Why.CENTURY_DIGIT)
    if gender in {"male", "female"} and gender != facts.sex:
        whys.append(Why.GENDER_DIGIT)
    if year is not None and year % 100 != facts.birth_year % 100:
        whys.append(Why.YEAR_DIGITS)
    return tuple(partial(why) for why in whys if why is not None)


def _same_number(declared: str, held: str | None) -> Why:
    return Why.EQUAL if declared == held else Why.BLANKS


def _province_warning(facts: NumberFacts, registered_in: str | None, merged: Mapping[str, str]) -> Why | None:
    code = _bare(registered_in)
    if not (code.isascii() and code.isdecimal()) or int(facts.province_code) >= _FIRST_COUNTRY:
        return None
    if facts.province_name is None:
        return Why.PROVINCE_UNASSIGNED
    of_number, of_registration = (merged.get(part, part) for part in (facts.province_code[1:], code.zfill(2)))
    return None if of_number == of_registration else Why.PROVINCE_DIGITS


def _year(birth: str | None) -> int | None:
    found = _YEAR.fullmatch((birth or "").strip())
    return int(found[1]) if found else None


def _bare(text: str | None) -> str:
    return "".join((text or "").split())


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None
