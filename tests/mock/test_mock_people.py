"""The generator of invented people."""

import csv
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_national.people import PLANTED_ENDINGS, Person, generate, main
from mock_national.tables import rows

PEOPLE = generate()


def test_people_are_the_same_for_the_same_seed() -> None:
    assert generate() == PEOPLE
    assert generate(seed=1) != PEOPLE


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 300))
def test_a_longer_list_begins_like_a_shorter_one(seed: int, count: int) -> None:
    shorter, longer = generate(seed, count), generate(seed, count + 40)
    assert len(shorter) == count
    assert shorter[: max(0, count - len(PLANTED_ENDINGS))] == longer[: max(0, count - len(PLANTED_ENDINGS))]


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        generate(count=-1)


def test_no_number_begins_with_a_code_that_a_province_has() -> None:
    assigned = {row["code"] for row in rows("provinces")}
    assert len(assigned) == 63
    assert not {(p.number_12 or p.number_9)[:3] for p in PEOPLE} & assigned


def test_numbers_are_unique_and_tell_century_sex_and_year() -> None:
    assert len({p.number_12 or p.number_9 for p in PEOPLE}) == len(PEOPLE)
    for person in PEOPLE:
        assert bool(person.number_12) != bool(person.number_9)
        if person.number_12:
            century = (int(person.birth_year) // 100 - 19) * 2 + int(person.sex) - 1
            assert person.number_12[3:6] == f"{century}{person.birth_year[2:]}"
        else:
            assert len(person.number_9) == 9
            assert int(person.birth_year) <= 1955


def test_endings_that_misbehave_belong_to_the_planted_people_only() -> None:
    planted = [p for p in PEOPLE if 900 <= int((p.number_12 or p.number_9)[-3:]) < 912]
    assert [p.number_12[-3:] for p in planted] == list(PLANTED_ENDINGS)
    assert planted == PEOPLE[-6:]
    assert all(p.birth_date for p in planted)


def test_the_shares_are_about_as_asked() -> None:
    year_only = sum(not p.birth_date for p in PEOPLE) / len(PEOPLE)
    nine_digits = sum(bool(p.number_9) for p in PEOPLE) / len(PEOPLE)
    assert 0.035 < year_only < 0.065
    assert 0.02 < nine_digits < 0.04
    assert {p.ethnicity_code for p in PEOPLE} == {"01", "02", "07", "10", "12", "20"}
    assert any("’" in p.full_name for p in PEOPLE)
    assert any("-" in p.full_name for p in PEOPLE)


def test_the_command_writes_a_table(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    main(["--count", "50", "--out", str(path)])
    with path.open(encoding="utf-8", newline="") as file:
        found = [Person(**row) for row in csv.DictReader(file)]
    assert found == generate(count=50)
    assert list(asdict(found[0])) == [
        "number_12",
        "number_9",
        "full_name",
        "sex",
        "birth_date",
        "birth_year",
        "ethnicity_code",
    ]
