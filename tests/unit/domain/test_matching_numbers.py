"""Identity numbers: digit by digit or not at all, and what their digits say; nobody living has these."""

import pytest

from app.domain.matching import Agreement, Match, NumberFacts, Why, check_number, match_number, number_facts
from app.reference.places import load_places

PLACES = load_places()
NUMBER, OTHER = "099090000001", "099090000002"
OLD, OTHER_OLD = "000000123", "000000124"


@pytest.mark.parametrize(
    ("declared", "number", "old", "agreement", "why"),
    [
        (NUMBER, NUMBER, None, Agreement.YES, Why.EQUAL),
        (NUMBER, NUMBER, OLD, Agreement.YES, Why.EQUAL),
        ("0990 9000 0001", NUMBER, None, Agreement.YES, Why.BLANKS),
        (f" {NUMBER}\u00a0", NUMBER, None, Agreement.YES, Why.BLANKS),
        (OLD, NUMBER, OLD, Agreement.YES, Why.OLD_NUMBER_OF_SAME_RECORD),
        (OLD, None, OLD, Agreement.YES, Why.OLD_NUMBER_OF_SAME_RECORD),
        (OLD, OLD, None, Agreement.YES, Why.EQUAL),
        # One digit off is another person.
        (NUMBER, OTHER, OLD, Agreement.NO, Why.DIFFERENT),
        (OLD, NUMBER, OTHER_OLD, Agreement.NO, Why.DIFFERENT),
        (OLD, OTHER_OLD, None, Agreement.NO, Why.DIFFERENT),
        # An old number in the wrong place of the record accepts nobody.
        (OTHER, NUMBER, OTHER, Agreement.NO, Why.DIFFERENT),
        (OTHER, None, OTHER, Agreement.NO, Why.MALFORMED),
        # Nothing of the same length.
        (OLD, NUMBER, None, Agreement.UNKNOWN, Why.OTHER_KIND_OF_NUMBER),
        (NUMBER, None, OLD, Agreement.UNKNOWN, Why.OTHER_KIND_OF_NUMBER),
        (NUMBER, None, None, Agreement.UNKNOWN, Why.NOT_HELD),
        (NUMBER, "", " ", Agreement.UNKNOWN, Why.NOT_HELD),
        ("", NUMBER, None, Agreement.UNKNOWN, Why.NOT_DECLARED),
        # No number at all: not mended, not guessed.
        ("99090000001", NUMBER, None, Agreement.NO, Why.MALFORMED),  # a spreadsheet took the leading zero
        ("O99090000001", NUMBER, None, Agreement.NO, Why.MALFORMED),
        ("099.090.000.001", NUMBER, None, Agreement.NO, Why.MALFORMED),
        ("０９９０９０００００００１", NUMBER, None, Agreement.NO, Why.MALFORMED),
        ("abc", "abc", None, Agreement.NO, Why.MALFORMED),
        (NUMBER, "12345", None, Agreement.NO, Why.MALFORMED),
    ],
)
def test_numbers(declared: str, number: str | None, old: str | None, agreement: Agreement, why: Why) -> None:
    assert match_number(declared, number, old) == Match(agreement, (why,))


@pytest.mark.parametrize(
    ("number", "facts"),
    [
        ("099090000001", NumberFacts("099", None, "male", 1990)),
        ("099190000001", NumberFacts("099", None, "female", 1990)),
        ("099205000001", NumberFacts("099", None, "male", 2005)),
        ("099305000001", NumberFacts("099", None, "female", 2005)),
        ("0993 0500 0001", NumberFacts("099", None, "female", 2005)),
        # Provinces, with the digits of people who are not born yet.
        ("066899000001", NumberFacts("066", "Đắk Lắk", "male", 2399)),
        ("054900000001", NumberFacts("054", "Phú Yên", "female", 2300)),
        ("112890000001", NumberFacts("112", None, "male", 2390)),
        ("000000123", None),
        ("09909000000x", None),
        ("", None),
    ],
)
def test_what_the_digits_say(number: str, facts: NumberFacts | None) -> None:
    assert number_facts(number, PLACES.number_provinces) == facts


@pytest.mark.parametrize(
    ("number", "birth", "gender", "registered_in", "whys"),
    [
        ("099090000001", "1990-02-15", "male", None, []),
        ("099090000001", "1990", None, None, []),
        ("099090000001", None, None, None, []),
        ("099090000001", "1991-02-15", "male", None, [Why.YEAR_DIGITS]),
        ("099090000001", "2090", "male", None, [Why.CENTURY_DIGIT]),
        ("099090000001", "1990-02-15", "female", None, [Why.GENDER_DIGIT]),
        ("099205000001", "1990-02-15", "female", None, [Why.CENTURY_DIGIT, Why.GENDER_DIGIT, Why.YEAR_DIGITS]),
        # What cannot be read warns of nothing.
        ("099090000001", "15/02/1991", "nữ", "Phú Yên", []),
        ("000000123", "1991", "female", "66", []),
        # Where the birth was registered, before and after the mergers.
        ("066899000001", None, None, "66", []),
        ("054899000001", None, None, "54", []),
        ("054899000001", None, None, "66", []),
        ("066899000001", None, None, "54", []),
        ("004899000001", None, None, "4", []),
        ("066899000001", None, None, "01", [Why.PROVINCE_DIGITS]),
        ("099090000001", None, None, "66", [Why.PROVINCE_UNASSIGNED]),
        ("112890000001", None, None, "66", []),  # a country: no list says which
    ],
)
def test_contradictions_are_soft_warnings(
    number: str, birth: str | None, gender: str | None, registered_in: str | None, whys: list[Why]
) -> None:
    found = check_number(
        number,
        birth=birth,
        gender=gender,
        registered_in=registered_in,
        provinces=PLACES.number_provinces,
        merged=PLACES.merged,
    )
    assert found == tuple(Match(Agreement.PARTIAL, (why,)) for why in whys)
