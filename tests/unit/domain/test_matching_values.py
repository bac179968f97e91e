"""Birth dates, genders, codes, plain texts, telephones and e-mail."""

from collections.abc import Callable

import pytest

from app.domain.matching import (
    Agreement,
    Match,
    Why,
    match_birth,
    match_code,
    match_email,
    match_gender,
    match_phone,
    match_text,
)

YES, NO, PARTIAL, UNKNOWN = Agreement.YES, Agreement.NO, Agreement.PARTIAL, Agreement.UNKNOWN
Compare = Callable[[str, str | None], Match]


def judged(compare: Compare, declared: str, held: str | None) -> Match:
    found = compare(declared, held)
    assert compare(held or "", declared).agreement is found.agreement
    return found


@pytest.mark.parametrize(
    ("declared", "held", "agreement", "whys"),
    [
        ("1990-02-15", "1990-02-15", YES, [Why.EQUAL]),
        (" 1990-02-15", "1990-02-15", YES, [Why.EQUAL]),
        ("1948", "1948", YES, [Why.EQUAL, Why.YEAR_ONLY]),
        ("1948", "1948-00-00", YES, [Why.EQUAL, Why.YEAR_ONLY]),
        ("1952-03", "1952-03-00", YES, [Why.EQUAL, Why.MONTH_ONLY]),
        ("2000-02-29", "2000-02-29", YES, [Why.EQUAL]),
        ("1948-05-12", "1948", PARTIAL, [Why.YEAR_ONLY]),
        ("1948-01-01", "1948", PARTIAL, [Why.YEAR_ONLY]),
        ("1952-03", "1952", PARTIAL, [Why.YEAR_ONLY]),
        ("1952-03-08", "1952-03", PARTIAL, [Why.MONTH_ONLY]),
        ("1990-02-15", "1990-02-16", NO, [Why.DIFFERENT]),
        ("1990-02-15", "1991-02-15", NO, [Why.DIFFERENT]),
        ("1990-02-15", "1991", NO, [Why.DIFFERENT]),
        ("1952-03", "1952-04-03", NO, [Why.DIFFERENT]),
        ("1990-03-08", "1990-08-03", NO, [Why.DIFFERENT, Why.DAY_MONTH_SWAPPED]),
        ("1990-03-08", "1991-08-03", NO, [Why.DIFFERENT]),
        ("1948-05-12", "1948-01-01", NO, [Why.DIFFERENT, Why.FIRST_OF_JANUARY]),
        ("1990-02-15", None, UNKNOWN, [Why.NOT_HELD]),
        ("", "1990", UNKNOWN, [Why.NOT_DECLARED]),
        ("15/02/1990", "1990-02-15", NO, [Why.MALFORMED]),
        ("1990-02-30", "1990-02-30", NO, [Why.MALFORMED]),
        ("1999-02-29", "1999", NO, [Why.MALFORMED]),
        ("1990-13-01", "1990", NO, [Why.MALFORMED]),
        ("1990-00-05", "1990", NO, [Why.MALFORMED]),
        ("0000", "0000", NO, [Why.MALFORMED]),
        ("19900215", "1990-02-15", NO, [Why.MALFORMED]),
        ("１９９０", "1990", NO, [Why.MALFORMED]),
    ],
)
def test_births(declared: str, held: str | None, agreement: Agreement, whys: list[Why]) -> None:
    assert judged(match_birth, declared, held) == Match(agreement, tuple(whys))


@pytest.mark.parametrize(
    ("compare", "declared", "held", "agreement", "why"),
    [
        (match_gender, "male", "male", YES, Why.EQUAL),
        (match_gender, "Female ", "female", YES, Why.EQUAL),
        (match_gender, "male", "female", NO, Why.DIFFERENT),
        (match_gender, "nam", "male", NO, Why.MALFORMED),
        (match_gender, "male", "3", NO, Why.MALFORMED),
        (match_gender, "male", None, UNKNOWN, Why.NOT_HELD),
        (match_gender, " ", "male", UNKNOWN, Why.NOT_DECLARED),
        # Ethnic groups.
        (match_code, "01", "01", YES, Why.EQUAL),
        (match_code, "1", "01", YES, Why.WRITTEN_FORM),
        (match_code, "20", "21", NO, Why.DIFFERENT),  # Mnông is not Ra-glai, whatever a swapped list says
        (match_code, "04", "06", NO, Why.DIFFERENT),
        (match_code, "Kinh", "01", NO, Why.MALFORMED),
        (match_code, "١", "1", NO, Why.MALFORMED),
        (match_code, "-1", "1", NO, Why.MALFORMED),
        (match_code, "01", None, UNKNOWN, Why.NOT_HELD),
        (match_text, "Thợ hàn", "Thợ hàn", YES, Why.EQUAL),
        (match_text, "Thợ hàn", "THỢ HÀN", YES, Why.LETTER_CASE),
        (match_text, "hòa giải", "hoà giải", YES, Why.TONE_PLACEMENT),
        (match_text, "Tho han", "Thợ hàn", PARTIAL, Why.SAME_WHEN_FOLDED),
        (match_text, "Thợ-hàn", "Thợ hàn", PARTIAL, Why.SAME_WHEN_FOLDED),
        (match_text, "12 3", "1 23", NO, Why.DIFFERENT),
        (match_text, "Thợ hàn", "Thợ nề", NO, Why.DIFFERENT),
        (match_text, "Thợ hàn", "", UNKNOWN, Why.NOT_HELD),
        # Numbers of no subscriber: no operator has these beginnings.
        (match_phone, "0100000001", "0100000001", YES, Why.EQUAL),
        (match_phone, "+84 100 000 001", "0100.000.001", YES, Why.WRITTEN_FORM),
        (match_phone, "0084100000001", "84-100-000-001", YES, Why.WRITTEN_FORM),
        (match_phone, "0100000001", "0100000002", NO, Why.DIFFERENT),
        (match_phone, "100000001", "0100000001", NO, Why.MALFORMED),
        (match_phone, "không có", "0100000001", NO, Why.MALFORMED),
        (match_phone, "0100000001", None, UNKNOWN, Why.NOT_HELD),
        (match_email, "a@mau.invalid", "a@mau.invalid", YES, Why.EQUAL),
        (match_email, " A@Mau.invalid", "a@mau.invalid", YES, Why.LETTER_CASE),
        (match_email, "à@mau.invalid", "a@mau.invalid", NO, Why.DIFFERENT),
        (match_email, "a@", "a@mau.invalid", NO, Why.MALFORMED),
        (match_email, "a", "a", NO, Why.MALFORMED),
        (match_email, "a@mau.invalid", None, UNKNOWN, Why.NOT_HELD),
    ],
)
def test_other_values(compare: Compare, declared: str, held: str | None, agreement: Agreement, why: Why) -> None:
    assert judged(compare, declared, held) == Match(agreement, (why,))
