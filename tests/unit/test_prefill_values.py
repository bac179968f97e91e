"""Values as they are put into blanks: addresses in words, years for years, one part of a relative."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reference.places import shipped_places
from app.reference.rules import shipped_rules
from app.usecases.prefill_values import place_text, same_for
from connectors.population import Place
from tests.factories import NOW

PLACES = shipped_places()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place("66", None, "22015", "12 Lê Mẫu", "VN"), "12 Lê Mẫu, Phường Tuy Hòa, Đắk Lắk"),
        (Place("66", None, "22015", "12 LÊ MẪU, PHƯỜNG TUY HÒA", "VN"), "12 LÊ MẪU, PHƯỜNG TUY HÒA, Đắk Lắk"),
        # A ward and a province that are no more: what the record says of them is not rewritten.
        (Place("26", "243", "08707", "THÔN MẪU 1", None), "THÔN MẪU 1, Vĩnh Phúc"),
        (Place("26", None, None, None, None), "Vĩnh Phúc"),
        (Place("00", None, "99999", None, "VN"), None),
        (Place(None, None, None, "Rue Exemple 1", "FR"), "Rue Exemple 1, FR"),
    ],
)
def test_an_address_is_told_in_words_as_far_as_there_are_any(place: Place, words: str | None) -> None:
    assert place_text(place, PLACES) == words


codes = st.none() | st.sampled_from(["66", "26", "22015", "99", "0"])


@given(
    st.builds(Place, codes, codes, codes, st.none() | st.sampled_from(["THÔN MẪU 1"]), st.sampled_from([None, "VN"]))
)
def test_no_code_stands_in_an_address_and_none_is_empty(place: Place) -> None:
    words = place_text(place, PLACES)
    assert words != ""
    assert words is None or not any(code and code in words for code in (place.province_code, place.ward_code))
    assert place.detail is None or (words is not None and words.startswith(place.detail))


@pytest.mark.parametrize(
    ("blank", "one", "other", "same"),
    [
        ("applicant_full_name", "Nguyễn Thị Hoà", "NGUYỄN THỊ HÒA", True),
        ("applicant_full_name", "Nguyen Thi Hoa", "Nguyễn Thị Hòa", False),
        ("own_birth_year", "1990", "1990", True),
        ("applicant_birth_date", "1990", "1990-05-02", False),
        ("own_ethnicity", "1", "01", True),
        ("other_full_name", "Y Bhăm  Niê", "Y Bhăm Niê", True),
        ("applicant_residence", "Thôn Mẫu 1", "Thôn Mẫu 2", False),
    ],
)
def test_two_texts_are_one_value_only_with_certainty(blank: str, one: str, other: str, same: bool) -> None:  # noqa: FBT001
    form = shipped_rules().form("TK-KHAISINH-1", NOW.date())
    assert form is not None
    (field,) = [field for field in form.fields if field.name == blank]
    assert same_for(field)(one, other) is same
    assert same_for(field)(other, one) is same
