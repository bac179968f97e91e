"""Declared facts against a record: a verdict a field, always with a reason that has a sentence."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.domain.browsing import Trait
from app.domain.matching import Agreement, Why
from app.reference.places import load_places
from app.texts import TEXTS
from app.usecases.compare_person import SourceWhy, compared, declared_fields, nothing_told, warnings
from connectors.population import FieldValue, Place, Relative
from schemas.persons import PersonCheckIn
from schemas.persons import PersonField as F
from tests.asking import BIRTH, NAME, TRIO, number, person
from tests.worlds import code

PLACES = load_places()
FATHER = Relative("Y Mẫu Niê", "VN", "097060123456", "240123456", None)


def asked(declared: Mapping[str, Any] | None = None, **changes: str) -> PersonCheckIn:
    facts = {"number": number(), "full_name": NAME, "birth_date": BIRTH} | changes
    reason = {"dossier_code": code(), "officer": "canbo01", "unit": "H15.50", "purpose": "Kiểm tra"}
    return PersonCheckIn.model_validate(reason | facts | ({"declared": declared} if declared else {}))


def verdict(name: str, declared: Any, held: FieldValue | None) -> tuple[str, ...]:
    record = person() | ({F(name): held} if held is not None else {})
    if held is None:
        record.pop(F(name), None)
    found = {part.field: part for part in compared(asked({name: declared}), record, PLACES)}
    return (found[F(name)].agreement.value, *(why.value for why in found[F(name)].whys))


@pytest.mark.parametrize(
    ("name", "declared", "held", "wanted"),
    [
        ("gender", "female", "female", ("yes", "equal")),
        ("gender", "male", "female", ("no", "different")),
        ("ethnicity", "1", "01", ("yes", "written_form")),
        ("ethnicity", "20", "21", ("no", "different")),
        ("ethnicity", "1", None, ("unknown", "not_held")),
        ("marital_status", "3", "4", ("no", "different")),
        ("nationality", "VN", "VN", ("yes", "equal")),
        ("nationality", "LA", "VN", ("no", "different")),
        ("old_number", "240999999", "240999999", ("yes", "old_number_of_same_record")),
        ("old_number", "240999999", "240999998", ("no", "different")),
        ("old_number", "240999999", None, ("unknown", "other_kind_of_number")),
        ("current_address", {"ward_code": "24133"}, Place("66", "643", "24133", "Buôn Mẫu", "VN"),
         ("yes", "same_ward", "detail_not_compared")),
        ("current_address", {"province_code": "66"}, Place("68", None, None, None, "VN"), ("no", "different_province")),
        ("current_address", {"province_code": "66"}, None, ("unknown", "not_held")),
        ("father", {"full_name": "Y Mẫu Niê"}, FATHER, ("yes", "equal")),
        ("father", {"full_name": "Y Mẫu Niê", "number": "097060123456"}, FATHER, ("yes", "equal")),
        ("father", {"full_name": "Y Mẫu Niê", "number": "097060123457"}, FATHER, ("no", "equal", "different")),
        ("father", {"full_name": "Y Mẫu Niê", "number": "097060123456"}, Relative("Y Mẫu Niê", None, None, None, None),
         ("partial", "equal", "not_held")),
        ("father", {"full_name": "Y Mau Nie", "number": "240123456"}, FATHER,
         ("partial", "old_number_of_same_record", "marks_lost")),
        ("father", {"full_name": "Y Mẫu Niê"}, None, ("unknown", "not_held")),
    ],
)  # fmt: skip
def test_each_kind_of_fact_compares_in_its_own_way(
    name: str, declared: Any, held: FieldValue | None, wanted: tuple[str, ...]
) -> None:
    assert verdict(name, declared, held) == wanted


def test_what_was_asked_with_is_confirmed_even_where_it_does_not_come_back() -> None:
    record: dict[F, FieldValue] = {F.ETHNICITY: "12"}
    found = {part.field: (part.agreement, part.whys) for part in compared(asked({"ethnicity": "12"}), record, PLACES)}
    assert {found[F(name)] for name in TRIO} == {(Agreement.YES, (SourceWhy.CONFIRMED,))}


def test_an_old_number_is_confirmed_where_the_record_has_only_the_new_one() -> None:
    found = compared(asked(number="240123456"), {F.NUMBER: number()}, PLACES)
    assert (found[0].field, found[0].agreement, found[0].whys) == (F.NUMBER, Agreement.YES, (SourceWhy.CONFIRMED,))


def test_a_name_that_was_let_pass_with_other_marks_is_shown_as_such() -> None:
    found = {part.field: part for part in compared(asked(full_name="H'Bia Nie"), person(), PLACES)}
    assert (found[F.FULL_NAME].agreement, found[F.FULL_NAME].whys) == (Agreement.PARTIAL, (Why.MARKS_LOST,))


def test_a_mismatch_is_unknown_for_every_field() -> None:
    found = nothing_told(asked({"ethnicity": "12", "gender": "male"}))
    assert [part.field for part in found] == [F.NUMBER, F.FULL_NAME, F.BIRTH_DATE, F.ETHNICITY, F.GENDER]
    assert {(part.agreement, part.whys) for part in found} == {(Agreement.UNKNOWN, (SourceWhy.NOT_TOLD,))}


def test_only_what_was_declared_is_wanted() -> None:
    assert declared_fields(None) == frozenset()
    assert declared_fields(asked({"ethnicity": "12", "father": {"full_name": "Y"}}).declared) == {F.ETHNICITY, F.FATHER}


def test_digits_of_a_number_warn_under_the_fact_that_they_speak_of() -> None:
    declared = {"gender": "male", "birth_registration_place": {"province_code": "68"}}
    found = warnings(asked(declared, number="066190123456", birth_date="2091"), PLACES)
    assert {(part.field, *part.whys) for part in found} == {
        (F.BIRTH_REGISTRATION_PLACE, Why.PROVINCE_DIGITS),
        (F.BIRTH_DATE, Why.CENTURY_DIGIT),
        (F.BIRTH_DATE, Why.YEAR_DIGITS),
        (F.GENDER, Why.GENDER_DIGIT),
    }
    unassigned = warnings(asked({"birth_registration_place": {"province_code": "68"}}), PLACES)
    assert [(part.field, part.whys) for part in unassigned] == [(F.NUMBER, (Why.PROVINCE_UNASSIGNED,))]


@pytest.mark.parametrize(
    "key",
    [
        *(f"why.{why.value}" for why in (*Why, *SourceWhy)),
        *(f"agreement.{agreement.value}" for agreement in Agreement),
        *(f"anomaly.{trait.value}" for trait in Trait),
    ],
)
def test_every_reason_has_a_sentence(key: str) -> None:
    assert TEXTS[key].vi
    assert TEXTS[key].en
