"""The five tables of asking once: what ships holds together, what cannot be meant is refused by file and row."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reference import Catalogue, CatalogueError, ProcedureFacts, load_catalogue
from app.reference.rules import (
    TABLES,
    AnomalyAction,
    AnomalyKind,
    Holder,
    ItemKind,
    RelativePart,
    Role,
    RuleBook,
    Sure,
    check,
    load_rules,
    shipped_rules,
)
from schemas.persons import PersonField

TODAY = date(2026, 8, 1)
# As in tests/architecture/test_docs.py, whose import costs seconds.
EXPIRED = (
    "61/2018", "107/2021", "01/2018/TT-VPCP", "42/2022", "64/2007", "47/2020", "13/2023", "85/2016",
    "22/2019/TT-BTTTT", "137/2015", "37/2021",
)  # fmt: skip
BIRTH, MARRIAGE = "1.001193", "1.000894"
RESIDENCE = "000.00.00.G15-KQ003785"

FIELDS = """procedure,field,purpose,source,sure,valid_from,valid_to
*,full_name,Đúng người,NĐ 104/2022/NĐ-CP,R,2024-07-01,
G15,gender,Hộ tịch,Mẫu,assumed,2024-07-01,
1.1,gender,Kết hôn,Mẫu,S,2025-01-09,2025-12-31
1.1,gender,Kết hôn hai,Mẫu,V,2026-01-01,
1.1,spouse,Kết hôn,Mẫu,S,2024-07-01,
"""
AUTHORITIES = """item_kind,procedure,item,authority,provides,name_vi,citation,sure,valid_from,valid_to
field,*,gender,population,gender,Giới tính,Luật,R,2024-07-01,
field,*,spouse,population,spouse,Vợ hoặc chồng,Luật,R,2024-07-01,
field,1.1,phone,earlier_dossier,phone,Điện thoại,tự khai,assumed,2024-07-01,2026-06-30
component,*,C.1,population,fields:gender;full_name,Giấy tờ,Luật,S,2025-01-09,
component,1.1,C.1,national_store,results:KQ.1;KQ.2,Giấy tờ,Luật,S,2025-01-09,
component,*,C.2,applicant,,Tờ khai,tự khai,S,2024-07-01,
"""
EXCEPTIONS = """procedure,component_code,kind,citation,reason_vi,sure,valid_from,valid_to
*,C.1,SECTOR_LAW,Luật,mọi thủ tục,S,2024-07-01,
G15,*,SECTOR_LAW,Luật,cả lĩnh vực,S,2024-07-01,
1.1,*,SECTOR_LAW,Luật,cả thủ tục,R,2026-01-01,2026-01-31
"""
FORMS_HEADER = (
    "form,procedure,form_name_vi,form_name_en,field,label_vi,label_en,"
    "baseline,asked,source_field,person,required,source,sure,valid_from,valid_to\n"
)
FORMS = """TK-1,1.1,Tờ khai,Form,gender,Giới tính,Gender,yes,yes,,applicant,yes,Mẫu,R,2024-07-01,2025-12-31
TK-1,1.1,Tờ khai,Form,gender,Giới tính,Gender,yes,no,gender,applicant,yes,Mẫu,R,2026-01-01,
TK-1,1.1,Tờ khai,Form,spouse_name,Tên vợ hoặc chồng,Spouse,yes,no,spouse.full_name,spouse,no,Mẫu,R,2024-07-01,
TK-1,1.1,Tờ khai,Form,reason,Lý do,Reason,no,yes,,matter,yes,Mẫu,R,2024-07-01,
"""
ANOMALIES = """rule,threshold,window_seconds,action,reason_vi,reason_en,source,valid_from,valid_to
off_hours,10,3600,list,Ngoài giờ,Off hours,assumed,2026-07-01,
off_hours,50,3600,lock,Ngoài giờ,Off hours,assumed,2026-07-01,2026-07-31
"""
SMALL = dict(zip(TABLES, (FIELDS, AUTHORITIES, EXCEPTIONS, FORMS_HEADER + FORMS, ANOMALIES), strict=True))
CATALOGUE = Catalogue(
    procedures={
        "1.1": ProcedureFacts("1.1", "Kết hôn", "G15", "Hộ tịch", frozenset({"KQ.1"})),
        "1.2": ProcedureFacts("1.2", "Khai sinh", "G15", "Hộ tịch", frozenset()),
    },
    results={"KQ.1": "Giấy", "KQ.2": "Trích lục"},
    components={"1.1": {"C.1": "Giấy tờ", "C.2": "Tờ khai"}, "1.2": {"C.1": "Giấy tờ"}},
    units={},
)


@pytest.fixture(scope="module")
def shipped() -> RuleBook:
    return load_rules()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in SMALL.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def small(folder: Path) -> RuleBook:
    return load_rules(folder)


def rows_of(rules: RuleBook, name: str) -> list[dict[str, str]]:
    table = rules.table(name)
    return [dict(zip(table.header, row, strict=True)) for row in table.rows]


def test_what_ships_agrees_with_the_code_lists(shipped: RuleBook) -> None:
    check(shipped, load_catalogue())
    assert shipped_rules() is shipped_rules()
    assert shipped_rules().version == shipped.version


@pytest.mark.parametrize("name", TABLES)
def test_every_shipped_row_has_a_source_that_is_not_expired(shipped: RuleBook, name: str) -> None:
    found = rows_of(shipped, name)
    assert found
    for row in found:
        source = row.get("source") or row.get("citation") or ""
        assert len(source) > 3, row
        assert not [number for number in EXPIRED if number in ",".join(row.values())], row
        assert row.get("sure", "assumed") in set(Sure)


def test_minimal_facts_are_shipped(shipped: RuleBook) -> None:
    rules = [rule for group in shipped.field_rules.values() for rule in group]
    assert {rule.field for rule in shipped.field_rules["*"]} == {
        PersonField.NUMBER,
        PersonField.FULL_NAME,
        PersonField.BIRTH_DATE,
    }
    assert not [
        rule
        for rule in rules
        if rule.field in {PersonField.RELIGION, PersonField.BLOOD_GROUP, PersonField.HOUSEHOLD_BOOK}
    ]
    # No whole field of procedures learns who is married to whom.
    married = {rule.procedure for rule in rules if rule.field in {PersonField.MARITAL_STATUS, PersonField.SPOUSE}}
    assert all(code[0].isdigit() for code in married)
    allowed = shipped.allowed_fields(MARRIAGE, "G15-TP07", TODAY)
    assert PersonField.MARITAL_STATUS in allowed
    assert PersonField.MARITAL_STATUS not in shipped.allowed_fields(MARRIAGE, "G15-TP07", date(2025, 1, 8))
    assert PersonField.FATHER not in allowed
    assert set(shipped.allowed_fields("2.001955", "G09-NV23", TODAY)) == {
        rule.field for rule in shipped.field_rules["*"]
    }


def test_residence_papers_are_proved_by_the_population_database_in_every_procedure(shipped: RuleBook) -> None:
    catalogue = load_catalogue()
    for procedure, parts in catalogue.components.items():
        for code, name in parts.items():
            if "không thể khai thác được thông tin về nơi cư trú" in name:
                found = shipped.authority_of(ItemKind.COMPONENT, procedure, code, TODAY)
                assert found is not None, (procedure, code)
                assert (found.holder, found.fields) == (Holder.POPULATION, (PersonField.PERMANENT_ADDRESS,))
                assert "104/2022" in found.citation
    assert shipped.authority_of(ItemKind.COMPONENT, BIRTH, RESIDENCE, date(2022, 12, 31)) is None
    assert shipped.authority_of(ItemKind.COMPONENT, BIRTH, RESIDENCE, date(2023, 1, 1)) is not None


def test_every_fact_about_a_person_has_its_authority(shipped: RuleBook) -> None:
    for field in PersonField:
        found = shipped.authority_of(ItemKind.FIELD, BIRTH, field, TODAY)
        assert found is not None
        assert (found.holder, found.fields) == (Holder.POPULATION, (field,))


def test_a_paper_of_another_birth_proves_nothing_and_no_declaration_comes_from_a_store(shipped: RuleBook) -> None:
    paper = shipped.exemption_for(BIRTH, "G15-TP07", "000.00.00.G15-KQ004389", TODAY)
    assert paper is not None
    assert paper.sure is Sure.RECALLED
    form = shipped.authority_of(ItemKind.COMPONENT, BIRTH, "000.00.00.G15-KQ003204", TODAY)
    assert form is not None
    assert form.holder is Holder.APPLICANT
    assert shipped.exemption_for(BIRTH, "G15-TP07", RESIDENCE, TODAY) is None


def test_the_share_of_blanks_that_reuse_took_away_is_told_honestly(shipped: RuleBook) -> None:
    forms = shipped.forms_on(TODAY)
    assert {form.procedure for form in forms} >= {BIRTH, MARRIAGE, "1.000656", "1.004222", "1.013225", "1.115334"}
    cuts = {form.id: round(form.burden_cut or 0, 2) for form in forms}
    assert all(form.baseline_count >= 12 for form in forms)
    assert cuts["TK-KHAISINH-1"] == 0.29
    below = {form for form, cut in cuts.items() if cut < 0.2}
    assert below == {"TK-KHAISINH-2", "TK-KHAITU-1", "DON-DATDAI-15", "DON-GPXD-01"}
    assert [form.id for form in shipped.forms_of(BIRTH, TODAY)] == ["TK-KHAISINH-1", "TK-KHAISINH-2"]


def test_the_page_for_lawyers_tells_the_same_shares(shipped: RuleBook) -> None:
    page = (Path(__file__).parents[2] / "docs" / "once-only-tables.md").read_text("utf-8")
    told = re.findall(r"^\| `([A-Z0-9-]+)` [^|]+\| (\d+) \| (\d+) \| (\d+) % \|$", page, flags=re.MULTILINE)
    forms = shipped.forms_on(TODAY)
    assert [(form.id, form.baseline_count, form.asked_count) for form in forms] == [
        (form, int(before), int(today)) for form, before, today, _ in told
    ]
    assert [round(100 * (form.burden_cut or 0)) for form in forms] == [int(saved) for *_, saved in told]


def test_a_change_of_law_is_a_new_row_and_both_days_stay_known(shipped: RuleBook) -> None:
    before, after = shipped.form("TK-KETHON-1", date(2025, 1, 8)), shipped.form("TK-KETHON-1", date(2025, 1, 9))
    assert before is not None
    assert after is not None
    assert (before.valid_to, after.valid_from) == (date(2025, 1, 8), date(2025, 1, 9))
    assert (before.baseline_count, before.asked_count) == (19, 14)
    assert (after.baseline_count, after.asked_count) == (19, 13)
    assert shipped.form("TK-KETHON-1", date(2024, 6, 30)) is None


def test_the_rules_against_browsing_are_of_all_kinds(shipped: RuleBook) -> None:
    found = shipped.anomaly_rules(TODAY)
    assert {rule.rule for rule in found} == set(AnomalyKind)
    for kind in AnomalyKind:
        thresholds = {rule.action: rule.threshold for rule in found if rule.rule is kind}
        assert AnomalyAction.LIST in thresholds, "a lock is never the first that a unit hears of it"
        assert thresholds[AnomalyAction.LIST] <= thresholds.get(AnomalyAction.LOCK, 10**9)
    assert shipped.anomaly_rules(date(2026, 6, 30)) == ()


def test_the_closest_row_decides(small: RuleBook) -> None:
    day = date(2026, 2, 1)
    allowed = small.allowed_fields("1.1", "G15", day)
    assert {field: rule.purpose for field, rule in allowed.items()} == {
        PersonField.FULL_NAME: "Đúng người",
        PersonField.GENDER: "Kết hôn hai",
        PersonField.SPOUSE: "Kết hôn",
    }
    assert small.allowed_fields("1.1", "G15", date(2025, 12, 31))[PersonField.GENDER].purpose == "Kết hôn"
    assert set(small.allowed_fields("1.2", None, day)) == {PersonField.FULL_NAME}
    assert small.allowed_fields("1.2", "G15", date(2024, 6, 30)) == {}

    own = small.authority_of(ItemKind.COMPONENT, "1.1", "C.1", day)
    other = small.authority_of(ItemKind.COMPONENT, "1.2", "C.1", day)
    assert own is not None
    assert other is not None
    assert (own.holder, own.results, own.fields) == (Holder.NATIONAL_STORE, ("KQ.1", "KQ.2"), ())
    assert (other.holder, other.fields) == (Holder.POPULATION, (PersonField.GENDER, PersonField.FULL_NAME))
    assert small.authority_of(ItemKind.FIELD, "1.2", "phone", day) is None
    assert small.authority_of(ItemKind.FIELD, "1.1", "C.1", day) is None

    reasons = {
        ("1.1", "G15", "C.1", date(2026, 1, 31)): "cả thủ tục",
        ("1.1", "G15", "C.1", date(2026, 2, 1)): "cả lĩnh vực",
        ("1.1", None, "C.1", date(2026, 2, 1)): "mọi thủ tục",
    }
    for (procedure, field_code, part, on), reason in reasons.items():
        found = small.exemption_for(procedure, field_code, part, on)
        assert found is not None
        assert found.reason_vi == reason
    assert small.exemption_for("1.1", None, "C.9", day) is None


def test_a_form_is_what_its_rows_of_the_day_say(small: RuleBook) -> None:
    older, newer = small.form("TK-1", date(2025, 12, 31)), small.form("TK-1", date(2026, 1, 1))
    assert older is not None
    assert newer is not None
    assert [field.name for field in newer.fields] == ["gender", "spouse_name", "reason"]
    assert (older.asked_count, newer.asked_count, newer.baseline_count, newer.burden_cut) == (2, 1, 2, 0.5)
    spouse = newer.fields[1]
    assert (spouse.person_field, spouse.part, spouse.person) == (
        PersonField.SPOUSE,
        RelativePart.FULL_NAME,
        Role.SPOUSE,
    )
    assert small.form("TK-2", date(2026, 1, 1)) is None
    assert [rule.action for rule in small.anomaly_rules(date(2026, 8, 1))] == [AnomalyAction.LIST]
    assert len(small.anomaly_rules(date(2026, 7, 31))) == 2


def test_a_form_may_lapse_and_come_back(folder: Path) -> None:
    row = "TK-2,1.1,Tờ khai hai,Form,reason,Lý do,Reason,yes,yes,,matter,yes,Mẫu,R,"
    text = f"{FORMS_HEADER}{row}2025-01-01,2025-12-31\n{row}2026-02-01,\n"
    (folder / "forms.csv").write_text(text, encoding="utf-8")
    rules = load_rules(folder)
    lapsed = {date(2024, 12, 31): 0, date(2025, 12, 31): 1, date(2026, 1, 1): 0, date(2026, 1, 31): 0}
    assert {day: len(rules.forms_of("1.1", day)) for day in lapsed} == lapsed
    assert rules.form("TK-2", date(2026, 2, 1)) is not None


def test_a_table_can_be_shown_as_it_stands_and_as_of_a_day(small: RuleBook) -> None:
    table = small.table("anomaly_rules")
    assert table.header[0] == "rule"
    assert len(table.rows) == 2
    assert [len(table.on(day).rows) for day in (date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 1))] == [0, 2, 1]
    with pytest.raises(KeyError):
        small.table("procedures")


def test_the_version_changes_with_any_letter(folder: Path, small: RuleBook) -> None:
    assert len(small.version) == 12
    assert load_rules(folder).version == small.version
    for name in TABLES:
        file = folder / f"{name}.csv"
        file.write_text(file.read_text("utf-8") + "\n", "utf-8")
        assert load_rules(folder).version != small.version
        file.write_text(SMALL[name], "utf-8")


def swap(old: str, new: str) -> Callable[[str], str]:
    def changed(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return changed


def add(row: str) -> Callable[[str], str]:
    return lambda text: f"{text}{row}\n"


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("population_fields", swap(",purpose", ",why"), ".csv: the column 'purpose' is missing"),
        ("population_fields", swap("G15,gender", "G15,sex"), ".csv, row 3: field cannot be 'sex'"),
        ("population_fields", swap("Hộ tịch,Mẫu", "Hộ tịch,"), ".csv, row 3: source is blank"),
        ("population_fields", swap("assumed", "maybe"), ".csv, row 3: sure cannot be 'maybe' (V, S, R, assumed)"),
        ("population_fields", add("*,gender,x,y,R,2024-07-01,"), ".csv, row 7: '*' may see only"),
        ("population_fields", add("G15,gender,x,y,R,2024-07-01,"), ".csv, row 7: the code G15/gender/2024-07-01"),
        (
            "population_fields",
            add("G15,gender,x,y,R,2025-01-01,"),
            ".csv, row 7: it says otherwise than row 3 for 2025",
        ),
        (
            "population_fields",
            add("G15,father,x,y,R,2025-02-30,"),
            ".csv, row 7: '2025-02-30' in valid_from is no date",
        ),
        ("population_fields", add("G15,father,x,y,R,20250201,"), ".csv, row 7: '20250201' in valid_from is no date"),
        ("population_fields", add("G15,father,x,y,R,,"), ".csv, row 7: a code is blank"),
        (
            "population_fields",
            add("G15,father,x,y,R,2025-02-02,2025-02-01"),
            ".csv, row 7: it ends on 2025-02-01, before",
        ),
        ("authorities", add("paper,*,C.3,applicant,,x,y,S,2024-07-01,"), ".csv, row 8: item_kind cannot be 'paper'"),
        ("authorities", add("field,*,shoe,police,shoe,x,y,S,2024-07-01,"), ".csv, row 8: authority cannot be 'police'"),
        ("authorities", add("field,*,email,applicant,mail,x,y,S,2024-07-01,"), ".csv, row 8: a field provides itself"),
        ("authorities", add("field,*,E-Mail,applicant,E-Mail,x,y,S,2024-07-01,"), ".csv, row 8: item must be like"),
        (
            "authorities",
            add("field,*,email,population,email,x,y,S,2024-07-01,"),
            ".csv, row 8: 'email' is not of the pop",
        ),
        (
            "authorities",
            add("field,*,father,applicant,father,x,y,S,2024-07-01,"),
            ".csv, row 8: 'father' is of the pop",
        ),
        ("authorities", add("component,*,C.3,applicant,fields:gender,x,y,S,2024-07-01,"), ".csv, row 8: what the appl"),
        ("authorities", add("component,*,C.3,population,results:KQ.1,x,y,S,2024-07-01,"), ".csv, row 8: provides must"),
        ("authorities", add("component,*,C.3,national_store,results:,x,y,S,2024-07-01,"), ".csv, row 8: provides must"),
        (
            "authorities",
            add("component,*,C.3,national_store,results:KQ.1; KQ.2,x,y,S,2024-07-01,"),
            ".csv, row 8: a code",
        ),
        (
            "authorities",
            add("component,*,C.3,population,fields:gender;sex,x,y,S,2024-07-01,"),
            ".csv, row 8: provides can",
        ),
        (
            "authorities",
            add("component,*,C.2,provincial_store,results:KQ.1,x,y,S,2026-01-01,"),
            ".csv, row 8: it says oth",
        ),
        ("authorities", add("field,1.1,phone,applicant,phone,x,y,S,2026-06-30,"), ".csv, row 8: it says otherwise"),
        ("once_only_exceptions", add("*,*,SECTOR_LAW,x,y,S,2024-07-01,"), ".csv, row 5: an exemption must name"),
        ("once_only_exceptions", add("1.2,C.1,CUSTOM,x,y,S,2024-07-01,"), ".csv, row 5: kind cannot be 'CUSTOM'"),
        ("once_only_exceptions", add("1.2,C.1,SECTOR_LAW,,y,S,2024-07-01,"), ".csv, row 5: citation is blank"),
        (
            "once_only_exceptions",
            add("*,C.1,SECTOR_LAW,x,y,S,2025-07-01,"),
            ".csv, row 5: it says otherwise than row 2",
        ),
        ("forms", swap("Gender,yes,yes", "Gender,có,yes"), ".csv, row 2: baseline must be 'yes' or 'no', not 'có'"),
        ("forms", swap("Gender,yes,yes", "Gender,no,no"), ".csv, row 2: a blank was asked before"),
        ("forms", swap("yes,no,gender", "yes,no,"), ".csv, row 3: nobody is asked for it"),
        ("forms", swap("gender,applicant", "gender,spouse"), ".csv, row 3: the question is about the applicant"),
        ("forms", swap("gender,applicant", "gender.x,applicant"), ".csv, row 3: 'gender.x': of a relative"),
        ("forms", swap("spouse.full_name,spouse", "spouse.full_name,father"), ".csv, row 4: spouse tells of"),
        ("forms", swap("spouse.full_name", "spouse"), ".csv, row 4: 'spouse': of a relative a part"),
        ("forms", swap("spouse.full_name", "spouse.shoes"), ".csv, row 4: source_field cannot be 'shoes'"),
        ("forms", swap("no,yes,,matter", "no,yes,Phone,applicant"), ".csv, row 5: source_field must be like"),
        (
            "forms",
            swap("no,yes,,matter", "no,yes,email,applicant"),
            ".csv, row 5: 'email' has no authority on 2024-07-01",
        ),
        (
            "forms",
            swap("no,yes,,matter", "no,yes,phone,applicant"),
            ".csv, row 5: 'phone' has no authority on 2026-07-01",
        ),
        (
            "forms",
            swap("TK-1,1.1,Tờ khai,Form,reason", "TK-1,1.2,Tờ khai,Form,reason"),
            ".csv, row 5: TK-1 has another",
        ),
        ("forms", swap(",spouse_name,", ",Spouse Name,"), ".csv, row 4: field must be like 'birth_date'"),
        ("forms", swap("2024-07-01,2025-12-31", "2024-07-01,2026-01-01"), ".csv, row 3: it says otherwise than row 2"),
        ("anomaly_rules", swap("off_hours,10", "at_night,10"), ".csv, row 2: rule cannot be 'at_night'"),
        ("anomaly_rules", swap("off_hours,10", "off_hours,0"), ".csv, row 2: threshold must be a whole number above 0"),
        ("anomaly_rules", swap("3600,list", "1h,list"), ".csv, row 2: window_seconds must be a whole number"),
        ("anomaly_rules", swap("3600,list", "3600,shoot"), ".csv, row 2: action cannot be 'shoot' (list, lock)"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_file_and_row(
    folder: Path, name: str, change: Callable[[str], str], words: str
) -> None:
    (folder / f"{name}.csv").write_text(change(SMALL[name]), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_rules(folder)
    assert str(caught.value).startswith(f"{name}{words}")


@pytest.mark.parametrize("name", TABLES)
def test_a_missing_or_empty_table_is_named(folder: Path, name: str) -> None:
    file = folder / f"{name}.csv"
    file.write_text("", "utf-8")
    with pytest.raises(CatalogueError, match=f"{name}.csv: the column"):
        load_rules(folder)
    file.unlink()
    with pytest.raises(CatalogueError, match=f"{name}.csv: the file is missing"):
        load_rules(folder)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("population_fields", add("G16,gender,x,y,R,2024-07-01,"), ".csv, row 7: 'G16' is neither a procedure nor"),
        ("authorities", add("field,1.9,email,applicant,email,x,y,S,2024-07-01,"), ".csv, row 8: '1.9' is no procedure"),
        ("authorities", add("component,1.2,C.2,applicant,,x,y,S,2024-07-01,"), ".csv, row 8: 'C.2' is no component of"),
        ("authorities", swap("KQ.1;KQ.2", "KQ.1;KQ.3"), ".csv, row 6: 'KQ.3' is no result"),
        ("authorities", swap("fields:gender", "fields:father"), ".csv, row 5: 1.1 may not see father on 2025-01-09"),
        (
            "once_only_exceptions",
            add("G1,C.1,SECTOR_LAW,x,y,S,2024-07-01,"),
            ".csv, row 5: 'G1' is neither a procedure",
        ),
        ("once_only_exceptions", add("1.2,C.2,SECTOR_LAW,x,y,S,2024-07-01,"), ".csv, row 5: 'C.2' is no component of"),
        ("forms", lambda text: text.replace(",1.1,", ",1.9,"), ".csv, row 2: '1.9' is no procedure"),
        (
            "population_fields",
            swap("1.1,spouse", "1.2,spouse"),
            "forms.csv, row 4: 1.1 may not see spouse on 2024-07-01",
        ),
    ],
)
def test_what_is_in_no_code_list_stops_the_start(
    folder: Path, name: str, change: Callable[[str], str], words: str
) -> None:
    check(load_rules(folder), CATALOGUE)
    (folder / f"{name}.csv").write_text(change(SMALL[name]), encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        check(load_rules(folder), CATALOGUE)
    assert str(caught.value).startswith(words if words.startswith("forms") else f"{name}{words}")


FIRST = date(2026, 1, 1)
TERMS = st.lists(
    st.tuples(st.integers(0, 40), st.one_of(st.none(), st.integers(0, 20))),
    min_size=1,
    max_size=4,
    unique_by=lambda term: term[0],
)


@given(terms=TERMS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_on_any_day_an_item_has_one_authority_or_the_table_is_refused(
    folder: Path, terms: list[tuple[int, int | None]]
) -> None:
    """The loader refuses exactly the tables in which some day has two rows; otherwise that day's row is found."""
    spans = [
        (FIRST + timedelta(start), None if length is None else FIRST + timedelta(start + length), f"Luật {number}")
        for number, (start, length) in enumerate(terms)
    ]
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    for start, end, citation in spans:
        lines.writerow(["component", "*", "C.7", "applicant", "", "Tờ khai", citation, "S", start, end or ""])
    (folder / "authorities.csv").write_text(AUTHORITIES + text.getvalue(), encoding="utf-8")
    days = [FIRST + timedelta(number) for number in range(70)]
    rows = {day: [cited for start, end, cited in spans if start <= day and (end is None or day <= end)] for day in days}
    if max(map(len, rows.values())) > 1:
        with pytest.raises(CatalogueError, match="it says otherwise than row"):
            load_rules(folder)
        return
    rules = load_rules(folder)
    for day, cited in rows.items():
        found = rules.authority_of(ItemKind.COMPONENT, "1.1", "C.7", day)
        assert ([found.citation] if found else []) == cited
