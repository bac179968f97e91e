"""Laws of matching: symmetric, stable, total, never without a reason, and no number is ever another one."""

import unicodedata
from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.matching import (
    Agreement,
    Match,
    PlaceFacts,
    Why,
    check_number,
    fold_name,
    match_birth,
    match_code,
    match_email,
    match_gender,
    match_name,
    match_number,
    match_phone,
    match_place,
    match_text,
    number_facts,
)
from connectors.population.soap import fold_name as folded_for_the_wire
from tests.unit.domain.name_corpus import PARTS, full_names

FEW = settings(max_examples=60)
COMPARES: list[Callable[[str, str | None], Match]] = [
    match_name,
    match_birth,
    match_number,
    match_gender,
    match_code,
    match_text,
    match_phone,
    match_email,
]
LETTERS = st.text("aăâeêioôơuưyđĐAĂÊƠYáảãạầẫéèệíòóộớúựýỳỵÐñŏ '’-.NGHnhmtq9", max_size=16)
WORDS = st.sampled_from([*PARTS["families"], *PARTS["middles"], *PARTS["givens"], *PARTS["ede_clans"], "Y", "H'", "V."])
NAMES = st.lists(WORDS, min_size=1, max_size=5).map(" ".join) | st.sampled_from(full_names()) | LETTERS
DIGITS = st.text("019 ", max_size=13) | st.text("0123456789", min_size=12, max_size=12)
DATES = st.dates().map(str) | st.sampled_from(
    ["1948", "1948-01-01", "1948-05-12", "1948-12-05", "1948-05", "1948-00-00"]
)
ANY = st.text(max_size=20)
WARDS = ("00004", "22015", "22045")
MERGED = {"54": "66", "99901": "22015", "99902": "22045"}
PLACES = st.builds(
    PlaceFacts,
    st.sampled_from([None, "01", "1", "54", "66"]),
    st.none(),
    st.sampled_from([None, "4", "00004", "22015", "22045", "99901", "99902", "99903"]),
    st.sampled_from([None, "", "Thôn 3", "THON 3, xã mẫu", "Thôn 4"]),
)


@st.composite
def _spelled_otherwise(draw: st.DrawFn) -> tuple[str, str]:
    """A name, and the same name in another Unicode form, case and with other blanks."""
    name = draw(st.lists(WORDS, min_size=1, max_size=5).map(" ".join) | st.sampled_from(full_names()))
    other = draw(st.sampled_from([name, name.upper(), name.lower(), name.title()]))
    other = other.replace(" ", draw(st.sampled_from([" ", "  ", "\u00a0", " \t"])))
    other = f"{draw(st.sampled_from(['', ' ']))}{other}{draw(st.sampled_from(['', ' ', chr(10)]))}"
    return name, unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), other)


@FEW
@given(st.sampled_from(COMPARES), NAMES | DIGITS | DATES | ANY, st.none() | NAMES | DIGITS | DATES | ANY)
def test_any_two_texts_have_a_verdict_with_reasons_the_same_from_both_sides(
    compare: Callable[[str, str | None], Match], one: str, other: str | None
) -> None:
    found = compare(one, other)
    assert found.whys
    assert len(set(found.whys)) == len(found.whys)
    assert compare(other or "", one).agreement is found.agreement


@settings(max_examples=150)
@given(NAMES, NAMES)
@example("Nguyễn V. An", "Văn An, Nguyễn")
@example("Thuý An", "Thu Ýan")
def test_names_agree_the_same_from_both_sides(one: str, other: str) -> None:
    assert match_name(one, other).agreement is match_name(other, one).agreement


@FEW
@given(_spelled_otherwise(), NAMES)
def test_no_form_of_writing_changes_a_verdict(pair: tuple[str, str], other: str) -> None:
    name, again = pair
    assert match_name(name, again).agreement is Agreement.YES
    assert match_name(name, other).agreement is match_name(again, other).agreement
    assert match_text(name, other).agreement is match_text(again, other).agreement


@settings(max_examples=150)
@given(NAMES | ANY, NAMES | ANY)
def test_what_is_the_same_folds_alike_and_what_folds_alike_is_never_passed_over(one: str, other: str) -> None:
    agreement = match_name(one, other).agreement
    if agreement is Agreement.YES:
        assert fold_name(one) == fold_name(other)
    # Only letters that the wire can carry: of others nothing is left when folded.
    plain = all(
        sign.isascii() or sign in "đĐ" or not sign.isalnum() for sign in unicodedata.normalize("NFD", one + other)
    )
    if plain and fold_name(one) and fold_name(one) == fold_name(other):
        assert agreement in {Agreement.YES, Agreement.PARTIAL}


@settings(max_examples=150)
@given(ANY | NAMES)
def test_a_name_folds_as_on_the_wire(name: str) -> None:
    assert fold_name(name) == folded_for_the_wire(name)


@FEW
@given(st.integers(0, 10**12 - 1).map("{:012}".format), st.integers(0, 11), st.integers(1, 9))
def test_a_number_one_digit_off_is_never_accepted(number: str, place: int, step: int) -> None:
    other = f"{number[:place]}{(int(number[place]) + step) % 10}{number[place + 1 :]}"
    assert match_number(number, other) == Match(Agreement.NO, (Why.DIFFERENT,))
    assert match_number(number[3:], None, other[3:]).agreement is (
        Agreement.NO if number[3:] != other[3:] else Agreement.YES
    )


@settings(max_examples=150)
@given(DIGITS | ANY, st.none() | DIGITS | ANY, st.none() | DIGITS | ANY)
def test_a_number_agrees_only_with_itself(declared: str, number: str | None, old: str | None) -> None:
    found = match_number(declared, number, old)
    assert found.agreement is not Agreement.PARTIAL
    if found.agreement is Agreement.YES:
        assert "".join(declared.split()) in {"".join((text or "").split()) for text in (number, old)}


@FEW
@given(
    st.text("0123456789", min_size=12, max_size=12) | ANY, DATES | ANY, st.sampled_from([None, "male", "female", "x"])
)
def test_digits_only_ever_warn(number: str, birth: str, gender: str | None) -> None:
    provinces = {"054": "Phú Yên", "066": "Đắk Lắk"}
    facts = number_facts(number, provinces)
    found = check_number(
        number, birth=birth, gender=gender, registered_in="66", provinces=provinces, merged={"54": "66"}
    )
    assert all(warning.agreement is Agreement.PARTIAL for warning in found)
    assert facts is not None or found == ()
    if facts is not None:
        agreeing = check_number(
            number, birth=str(facts.birth_year), gender=facts.sex, registered_in=None, provinces=provinces
        )
        assert agreeing == ()


@FEW
@given(PLACES, PLACES)
def test_places_agree_the_same_from_both_sides_and_with_themselves(one: PlaceFacts, other: PlaceFacts) -> None:
    found = match_place(one, other, WARDS, MERGED)
    assert found.whys
    assert match_place(other, one, WARDS, MERGED).agreement is found.agreement
    assert match_place(one, one, WARDS, MERGED).agreement is not Agreement.NO
    if found.agreement is Agreement.YES:
        assert Why.SAME_WARD in found.whys
        assert Why.DETAIL_DIFFERS not in found.whys


@FEW
@given(st.builds(PlaceFacts, ANY, ANY, ANY, ANY), st.builds(PlaceFacts, ANY, ANY, ANY, ANY))
def test_no_address_is_too_strange_for_a_verdict(one: PlaceFacts, other: PlaceFacts) -> None:
    assert match_place(one, other, WARDS).agreement is match_place(other, one, WARDS).agreement
