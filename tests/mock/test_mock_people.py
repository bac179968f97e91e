"""The generator of invented people."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_national.households import MEMBERS_MAX
from mock_national.names import BY_MOTHER, JARAI
from mock_national.people import PLANTED_ENDINGS, Person, generate, main
from mock_national.persons import HEAD, SINGLE, Relative, from_row, row
from mock_national.settings import PEOPLE_COUNT
from mock_national.tables import rows

PEOPLE = generate(count=4000)
BY_NUMBER = {person.number: person for person in PEOPLE}
WARDS = {row["code"] for row in rows("wards")}


def true_name(person: Person) -> str:
    return str(person.truth) if person.stale_field == "full_name" else person.full_name


def held(relative: Relative | None) -> Person | None:
    """The person a relative is; None when there is none or nothing but a name."""
    return BY_NUMBER[relative.number_12 or relative.number_9] if relative and any(relative[1:3]) else None


def test_people_are_the_same_for_the_same_seed() -> None:
    assert generate(count=500) == generate(count=500)
    assert generate(seed=1, count=500) != generate(count=500)
    assert PEOPLE_COUNT == 20_000


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 200))
def test_a_longer_list_begins_like_a_shorter_one(seed: int, count: int) -> None:
    shorter, longer = generate(seed, count), generate(seed, count + 40)
    same = max(0, count - len(PLANTED_ENDINGS) - MEMBERS_MAX)
    assert len(shorter) == count
    assert shorter[:same] == longer[:same]


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        generate(count=-1)


def test_no_number_begins_with_a_code_that_a_province_has() -> None:
    assigned = {row["code"] for row in rows("provinces")}
    assert len(assigned) == 63
    numbers = {number for p in PEOPLE for number in (p.number_12, p.number_9, p.old_number) if number}
    assert not {number[:3] for number in numbers} & assigned
    assert len(numbers) == sum(1 + bool(p.old_number) for p in PEOPLE)


def test_numbers_tell_century_sex_and_year() -> None:
    for person in PEOPLE:
        assert bool(person.number_12) != bool(person.number_9)
        if person.number_12:
            century = (int(person.birth_year) // 100 - 19) * 2 + int(person.sex) - 1
            assert person.number_12[3:6] == f"{century}{person.birth_year[2:]}"
            assert not person.old_number or int(person.birth_year) <= 2000
        else:
            assert len(person.number_9) == 9
            assert int(person.birth_year) <= 1955
            assert not person.old_number


def test_endings_that_misbehave_belong_to_the_planted_people_only() -> None:
    planted = [p for p in PEOPLE if 900 <= int(p.number[-3:]) < 912]
    assert tuple(p.ending for p in planted) == PLANTED_ENDINGS
    assert planted == PEOPLE[-len(planted) :]
    assert sorted(PLANTED_ENDINGS) == [row["ending"] for row in rows("fault_numbers")]
    assert [p.ending for p in planted if not p.birth_date] == ["908"]
    assert [p.ending for p in planted if p.permanent_address.district_code] == ["910"]
    assert not any(p.stale_field for p in planted)
    assert not any(900 <= int(p.old_number[-3:]) < 912 for p in PEOPLE if p.old_number)


def test_the_shares_are_about_as_asked() -> None:
    def share(count: int) -> float:
        return count / len(PEOPLE)

    assert 0.035 < share(sum(not p.birth_date for p in PEOPLE)) < 0.065
    assert 0.015 < share(sum(bool(p.number_9) for p in PEOPLE)) < 0.04
    assert 0.01 < share(sum(bool(p.stale_field) for p in PEOPLE)) < 0.02
    assert 0.05 < share(sum(bool(p.permanent_address.district_code) for p in PEOPLE)) < 0.12
    assert 0.3 < share(sum(p.ethnicity_code != "01" for p in PEOPLE)) < 0.42
    assert {p.ethnicity_code for p in PEOPLE} == {"01", "02", "07", "10", "12", "20"}
    assert any("’" in p.full_name for p in PEOPLE)
    assert any("-" in p.full_name for p in PEOPLE)


def test_families_agree_with_each_other() -> None:
    children = 0
    for person in PEOPLE:
        father, mother, spouse, head = (held(x) for x in (person.father, person.mother, person.spouse, person.head))
        assert head is not None
        assert head.household == person.household
        assert (person.relation == HEAD) == (head is person)
        for parent, sex in ((father, "1"), (mother, "2")):
            if parent is not None:
                children += 1
                assert parent.sex == sex
                assert int(parent.birth_year) + 16 <= int(person.birth_year)
        if spouse is not None:
            assert spouse.sex != person.sex
            assert held(spouse.spouse) is person or spouse.stale_field == "marital_status"
        assert bool(person.representative) == (int(person.birth_year) >= 2009)
    assert children > len(PEOPLE) / 2


def test_children_are_called_by_the_custom_of_their_people() -> None:
    seen = set()
    for person in PEOPLE:
        if person.father is None or person.mother is None:
            continue
        seen.add(person.ethnicity_code)
        source = person.mother if person.ethnicity_code in BY_MOTHER else person.father
        # The clan of Ê-đê and M'Nông stands last, every other family name first.
        place = -1 if person.ethnicity_code in BY_MOTHER - {JARAI} else 0
        assert true_name(person).split()[place] == source.full_name.split()[place]
    assert len(seen) == 6


def test_wards_are_of_today_or_known_to_be_merged() -> None:
    merged = {row["code"]: row for row in rows("wards_before_2025")}
    assert len(WARDS) == 102
    assert not merged.keys() & WARDS
    assert {row["merged_into"] for row in merged.values()} <= WARDS
    for person in PEOPLE:
        address = person.permanent_address
        assert person.current_address.ward_code in WARDS
        if address.district_code:
            old = merged[address.ward_code]
            assert address.district_code == old["district_code"]
            assert f"{old['name']}, {old['district_name']}".upper() in address.detail
        else:
            assert address.ward_code in WARDS


def test_a_stale_record_tells_what_would_be_true() -> None:
    fields = {"full_name": "full_name", "marital_status": "marital_code", "permanent_address": "permanent_address"}
    stale = [p for p in PEOPLE if p.stale_field]
    assert {p.stale_field for p in stale} == set(fields)
    assert all(getattr(p, fields[p.stale_field]) != p.truth for p in stale)
    assert all(p.marital_code == SINGLE and p.spouse is None for p in stale if p.stale_field == "marital_status")


def test_the_store_loses_nothing_of_a_person() -> None:
    assert [from_row(row(person)) for person in PEOPLE[:300] + PEOPLE[-12:]] == PEOPLE[:300] + PEOPLE[-12:]
    stale = [p for p in PEOPLE if p.stale_field]
    assert [from_row(row(person)) for person in stale] == stale


def test_the_command_writes_a_table(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    main(["--count", "50", "--out", str(path)])
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == [
        "number_12",
        "number_9",
        "full_name",
        "sex",
        "birth_date",
        "birth_year",
        "ethnicity_code",
    ]
    assert found == [{name: getattr(person, name) for name in found[0]} for person in generate(count=50)]
