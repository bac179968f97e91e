"""People that a developer or a demonstration adds to the invented ones; they must be as impossible as those."""

from typing import Final

from mock_national.households import UNASSIGNED
from mock_national.people import PLANTED_ENDINGS
from mock_national.persons import Person
from mock_national.places import PROVINCE, Place
from mock_national.tables import rows

_REQUIRED: Final = frozenset({"full_name", "sex", "birth_year", "ethnicity_code"})
_KEYS: Final = _REQUIRED | {
    "number_12",
    "number_9",
    "birth_date",
    "marital_code",
    "religion_code",
    "ward_code",
    "detail",
    "home_province_code",
}
_LONG: Final = 12
_SHORT: Final = 9


def read_people(wanted: object) -> list[Person]:
    """The people that an administrator describes, without any relatives.

    Raises:
        ValueError: says which key of which person (counted from 0) is wrong.
    """
    if not isinstance(wanted, list):
        message = "people: a list is wanted"
        raise ValueError(message)  # noqa: TRY004 - the one error that callers expect
    wards = {row["code"] for row in rows("wards")}
    people = []
    for place, item in enumerate(wanted):
        wrong = _wrong(item, wards)
        if wrong:
            message = f"people[{place}].{wrong}"
            raise ValueError(message)
        people.append(_person(item))
    return people


def _wrong(item: object, wards: set[str]) -> str:
    if not isinstance(item, dict) or any(not isinstance(value, str) for value in item.values()):
        return ": an object of texts"
    unknown = sorted(item.keys() - _KEYS)
    missing = sorted(name for name in _REQUIRED if not item.get(name))
    if unknown or missing:
        return f"{unknown[0]}: unknown" if unknown else f"{missing[0]}: missing"
    ward = item.get("ward_code", "")
    if ward and ward not in wards:
        return "ward_code: not a ward of the province"
    if item["sex"] not in {"1", "2"}:
        return "sex: 1 or 2"
    if item.get("birth_date") and item["birth_date"][:4] != item["birth_year"]:
        return "birth_date: not of birth_year"
    return _wrong_number(item.get("number_12", ""), item.get("number_9", ""))


def _wrong_number(long: str, short: str) -> str:
    if bool(long) == bool(short):
        return "number_12: exactly one of number_12 and number_9"
    number = long or short
    if not (number.isascii() and number.isdigit() and len(number) == (_LONG if long else _SHORT)):
        return f"number_{_LONG if long else _SHORT}: digits, that many"
    # A nine-digit number of the samples begins with 9, which no province gave out either.
    if not (number.startswith(UNASSIGNED) or (short and short.startswith("9"))):
        return "number_12: could be a living person's"
    return "number_12: that ending is planted" if number[-3:] in PLANTED_ENDINGS else ""


def _person(item: dict[str, str]) -> Person:
    address = Place(PROVINCE, "", item.get("ward_code", ""), item.get("detail", ""), "VN")
    home = Place(item.get("home_province_code") or PROVINCE, "", "", "", "VN")
    return Person(
        number_12=item.get("number_12", ""),
        number_9=item.get("number_9", ""),
        full_name=item["full_name"],
        sex=item["sex"],
        birth_date=item.get("birth_date", ""),
        birth_year=item["birth_year"],
        ethnicity_code=item["ethnicity_code"],
        marital_code=item.get("marital_code", "0"),
        religion_code=item.get("religion_code", "00"),
        birth_place=home,
        home_town=home,
        permanent_address=address,
        current_address=address,
    )
