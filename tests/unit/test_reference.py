"""The shipped code lists load quickly and hold together; a broken list is refused by file and row."""

import csv
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reference import Catalogue, CatalogueError, UnitFacts, load_catalogue
from app.reference.rules import shipped_rules

LISTS = {
    "procedures.csv": "code,name,field_code,field_name,result_codes\n1.001193,Khai sinh,G15-TP07,Hộ tịch,KQ.1;KQ.2\n",
    "results.csv": "code,name\nKQ.1,Giấy khai sinh\nKQ.2,Trích lục\n",
    "components.csv": "procedure_code,component_code,name\n1.001193,TP.1,Tờ khai\n",
    "units.csv": "code,name,parent,assumed\nH15.50,Sở,H15,yes\nH15,UBND tỉnh,,no\n",
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in LISTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def shipped(name: str) -> list[dict[str, str]]:
    file = resources.files("app.reference") / "data" / name
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def test_the_shipped_lists_hold_what_their_files_hold(catalogue: Catalogue) -> None:
    assert len(catalogue.procedures) == len(shipped("procedures.csv")) > 5000
    assert len(catalogue.results) == len(shipped("results.csv")) > 2000
    assert sum(map(len, catalogue.components.values())) == len(shipped("components.csv")) > 3000
    assert len(catalogue.units) == len(shipped("units.csv")) > 60
    birth = catalogue.procedures["1.001193"]
    assert (birth.name, birth.field_code) == ("Thủ tục đăng ký khai sinh", "G15-TP07")
    assert birth.result_codes == {"KQ.G15.000031"}


def test_they_hold_together(catalogue: Catalogue) -> None:
    assert catalogue.components.keys() <= catalogue.procedures.keys()
    named = {code for procedure in catalogue.procedures.values() for code in procedure.result_codes}
    assert named <= catalogue.results.keys()
    assert all(unit.parent in catalogue.units for unit in catalogue.units.values() if unit.parent)


def test_only_the_two_units_that_a_source_shows_are_not_assumed(catalogue: Catalogue) -> None:
    assert {unit.code for unit in catalogue.units.values() if not unit.assumed} == {"H15", "H15.50"}
    for row in shipped("units.csv"):
        assert row["source"].startswith("assumed: ") == (row["assumed"] == "yes")


def test_names_have_no_stray_blanks() -> None:
    for name in ("units.csv", "wards.csv"):
        assert all(row["name"] == " ".join(row["name"].split()) for row in shipped(name))


def test_communes_are_the_wards_of_the_province() -> None:
    communes = [row["name"].removeprefix("UBND ").lower() for row in shipped("units.csv") if row["kind"] == "commune"]
    assert communes == [row["name"].lower() for row in shipped("wards.csv")]


def test_nothing_can_be_changed(catalogue: Catalogue) -> None:
    with pytest.raises(TypeError):
        catalogue.results["KQ.1"] = "x"  # type: ignore[index]
    with pytest.raises(TypeError):
        catalogue.components["1.001193"]["x"] = "x"  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        catalogue.units["H15"].name = "x"  # type: ignore[misc]


def test_a_province_may_bring_its_own_lists(folder: Path) -> None:
    own = load_catalogue(folder)
    assert own.procedures["1.001193"].result_codes == {"KQ.1", "KQ.2"}
    assert own.components == {"1.001193": {"TP.1": "Tờ khai"}}
    assert own.units["H15.50"] == UnitFacts("H15.50", "Sở", "H15", assumed=True)
    assert own.units["H15"].parent is None


def test_a_spreadsheet_s_mark_blank_lines_quotes_and_further_columns_do_no_harm(folder: Path) -> None:
    text = '\ufeffcode,name,note\r\nKQ.1,"Giấy, ""bản\nchính""",x\r\n\r\nKQ.2,Trích\u2028lục,\r\n'
    (folder / "results.csv").write_text(text, encoding="utf-8", newline="")
    assert load_catalogue(folder).results == {"KQ.1": 'Giấy, "bản\nchính"', "KQ.2": "Trích\u2028lục"}


def add(row: str) -> Callable[[str], str]:
    return lambda text: text + row + "\n"


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("results.csv", lambda text: text.replace("code,", "codes,"), "results.csv: the column 'code' is missing"),
        ("units.csv", lambda text: text.replace(",assumed", ",real"), "units.csv: the column 'assumed' is missing"),
        ("results.csv", lambda _: "", "results.csv: the column 'code' is missing"),
        ("results.csv", add("KQ.1,Lại"), "results.csv, row 4: the code KQ.1 stands twice"),
        ("components.csv", add("1.001193,TP.1,Lại"), "components.csv, row 3: the code 1.001193/TP.1 stands twice"),
        ("components.csv", add("1.001193,,Tờ"), "components.csv, row 3: a code is blank"),
        ("procedures.csv", add(" 1.2,Tên,,Đất đai,"), "procedures.csv, row 3: a code is blank or has stray blanks"),
        ("results.csv", add("\n,Giấy"), "results.csv, row 5: a code is blank"),
        ("results.csv", add("KQ.3"), "results.csv, row 4: the number of columns is wrong"),
        ("results.csv", add("KQ.3,Giấy,thừa"), "results.csv, row 4: the number of columns is wrong"),
        ("units.csv", add("H15.9,Xã,H16,yes"), "units.csv, row 4: the parent 'H16' of 'H15.9' is not in the table"),
        ("units.csv", add("H15.9,Xã,H15,có"), "units.csv, row 4: assumed must be 'yes' or 'no', not 'có'"),
        ("results.csv", add('KQ.3,"' + "x" * 200_000 + '"'), "results.csv: not a CSV file in UTF-8"),
    ],
)
def test_a_broken_list_is_refused_by_name_and_row(
    folder: Path, name: str, change: Callable[[str], str], words: str
) -> None:
    file = folder / name
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("name", LISTS)
def test_a_missing_list_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CatalogueError, match=f"{name}: the file is missing"):
        load_catalogue(folder)


def test_another_encoding_is_named(folder: Path) -> None:
    (folder / "results.csv").write_bytes("code,name\nKQ.1,Gi\xe1y\n".encode("latin-1"))
    with pytest.raises(CatalogueError, match=r"results\.csv: not a CSV file in UTF-8"):
        load_catalogue(folder)


CODES = st.lists(st.text("KQ.0123456789", min_size=1, max_size=8), min_size=1, max_size=20, unique=True)


@given(codes=CODES, data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_wherever_a_code_stands_twice_the_second_row_is_named(
    folder: Path, codes: list[str], data: st.DataObject
) -> None:
    doubled = data.draw(st.sampled_from(codes))
    place = data.draw(st.integers(codes.index(doubled) + 1, len(codes)))
    rows = [*codes[:place], doubled, *codes[place:]]
    (folder / "results.csv").write_text("code,name\n" + "".join(f"{code},x\n" for code in rows), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    assert str(caught.value) == f"results.csv, row {place + 2}: the code {doubled} stands twice"


@given(codes=CODES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_whatever_a_list_holds_comes_back_in_order(folder: Path, codes: list[str]) -> None:
    (folder / "results.csv").write_text("code,name\n" + "".join(f"{code},x\n" for code in codes), encoding="utf-8")
    assert list(load_catalogue(folder).results) == codes


def test_what_holds_the_lists_is_shown_without_their_rows(catalogue: Catalogue) -> None:
    # asyncio shows a task's result now and then, and a log its locals: 2.8 MB each time, and 50 ms of a core.
    assert repr(catalogue) == f"<Catalogue of {len(catalogue.procedures)} procedures, {len(catalogue.units)} units>"
    assert repr(shipped_rules()) == f"<RuleBook {shipped_rules().version}>"
