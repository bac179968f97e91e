"""Provinces and wards as they ship hold together; a broken list is refused by file and row."""

import csv
from importlib import resources
from pathlib import Path

import pytest

from app.reference import CatalogueError
from app.reference.places import Places, load_places

LISTS = {
    "provinces_cccd.csv": "code3,name,gso_code2,source\n054,Phú Yên,54,QĐ\n066,Đắk Lắk,66,QĐ\n",
    "admin_units.csv": "code,present_code,present_name,source\n54,66,Đắk Lắk,NQ\n66,66,Đắk Lắk,NQ\n",
    "wards.csv": "code,name\n22015,Phường Tuy Hòa\n",
}


@pytest.fixture(scope="module")
def places() -> Places:
    return load_places()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in LISTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_63_provinces_became_34(places: Places) -> None:
    assert len(places.number_provinces) == 63
    assert len(places.provinces) == 34
    assert len(places.merged) == 63 - 34
    assert {places.merged.get(code[1:], code[1:]) for code in places.number_provinces} == set(places.provinces)
    # 11 stayed as they were; the other 23 took one or two others in.
    taken = [list(places.merged.values()).count(code) for code in places.provinces]
    assert [taken.count(others) for others in (0, 1, 2)] == [11, 17, 6]


@pytest.mark.parametrize(
    ("code3", "name", "present"),
    [
        ("001", "Hà Nội", "Thành phố Hà Nội"),
        ("054", "Phú Yên", "Đắk Lắk"),
        ("066", "Đắk Lắk", "Đắk Lắk"),
        # A province may have kept its name and taken the code of what merged with it.
        ("010", "Lào Cai", "Lào Cai"),
        ("015", "Yên Bái", "Lào Cai"),
        ("027", "Bắc Ninh", "Bắc Ninh"),
        ("064", "Gia Lai", "Gia Lai"),
        ("052", "Bình Định", "Gia Lai"),
        ("077", "Bà Rịa - Vũng Tàu", "Thành phố Hồ Chí Minh"),
        ("096", "Cà Mau", "Cà Mau"),
    ],
)
def test_known_provinces(places: Places, code3: str, name: str, present: str) -> None:
    assert places.number_provinces[code3] == name
    assert places.provinces[places.merged.get(code3[1:], code3[1:])] == present


def test_the_numbers_of_invented_people_begin_with_no_province(places: Places) -> None:
    assert not places.number_provinces.keys() & {"003", "005", "007", "009", "097", "098", "099"}


def test_what_was_not_read_in_a_source_says_so() -> None:
    text = (resources.files("app.reference") / "data" / "admin_units.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    recalled = {row["present_code"] for row in rows if row["source"].startswith("recalled: ")}
    assert recalled == {"51", "52", "56", "66", "68", "75", "79"}
    assert all(row["source"] for row in rows)


def test_the_wards_are_those_of_the_province(places: Places) -> None:
    assert len(places.wards) == 102
    assert places.wards["22015"] == "Phường Tuy Hòa"


def test_a_province_s_own_folder_is_read(folder: Path) -> None:
    own = load_places(folder)
    assert own.merged == {"54": "66"}
    assert own.provinces == {"66": "Đắk Lắk"}
    with pytest.raises(TypeError):
        own.merged["66"] = "54"  # type: ignore[index]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("provinces_cccd.csv", "054,", "54,", "row 2: '54' has not 3 digits"),
        ("provinces_cccd.csv", "Yên,54", "Yên,55", "row 2: '054' is not 0 and the code '55'"),
        ("provinces_cccd.csv", "054,Phú Yên,54", "154,Lào,54", "row 2: '154' is not 0 and the code '54'"),
        ("admin_units.csv", "\n54,", "\n5,", "row 2: '5' has not 2 digits"),
        ("admin_units.csv", "\n54,", "\n55,", "row 2: '55' is not in provinces_cccd.csv"),
        ("admin_units.csv", "54,66,", "54,67,", "row 2: '67' is not the present province 'Đắk Lắk'"),
        ("admin_units.csv", "54,66,Đắk Lắk", "54,66,Phú Yên", "row 2: '66' is not the present province 'Phú Yên'"),
        ("admin_units.csv", "\n66,66,", "\n66,54,", "row 2: '66' is not the present province 'Đắk Lắk'"),
        ("wards.csv", "22015", "2201５", "row 2: '2201５' has not 5 digits"),
    ],
)
def test_a_broken_list_is_refused_by_row(folder: Path, file: str, old: str, new: str, words: str) -> None:
    (folder / file).write_text(LISTS[file].replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_places(folder)
    assert str(caught.value) == f"{file}, {words}"
