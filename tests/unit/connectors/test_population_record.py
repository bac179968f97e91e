"""What is read of a record: whose it is, the wanted fields, and nothing for anybody else's."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.population import PersonOutcome, PersonQuestion, Place, Relative
from connectors.population.answers import Said
from connectors.population.record import _READERS, ANOTHER_PERSON, Found, read_record
from connectors.population.soap import read_verdict
from schemas.persons import PersonField

MATCH, NOBODY, BAD_REPLY = PersonOutcome.MATCH, PersonOutcome.NOT_FOUND_OR_MISMATCH, PersonOutcome.BAD_REPLY
EVERYTHING = frozenset(PersonField)
NUMBER, OTHER, OLD = "003190123456", "003190123457", "987654321"
ASKED = PersonQuestion("q", "1.001193", "canbo01", "H15", NUMBER, "Nguyễn Văn Bí", "1990-01-31")
SOAP = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
COLLECTION = '<n:CongdanCollection xmlns:n="http://www.mic.gov.vn/dancu/1.0">{}</n:CongdanCollection>'
ANSWER = SOAP.format(COLLECTION)
NAME = "<n:HoVaTen><n:Ho/><n:ChuDem/><n:Ten>NGUYỄN VĂN  BÍ</n:Ten></n:HoVaTen>"
BIRTH = "<n:NgayThangNamSinh><n:Nam>1990</n:Nam><n:NgayThangNam>19900131</n:NgayThangNam></n:NgayThangNamSinh>"


def place(name: str, *values: str) -> str:
    """An address element."""
    parts = ("MaTinhThanh", "MaQuanHuyen", "MaPhuongXa", "ChiTiet", "QuocGia")
    inner = "".join(f"<n:{part}>{value}</n:{part}>" for part, value in zip(parts, values, strict=True))
    return f"<n:{name}>{inner}</n:{name}>"


WHOLE = (
    f"<n:SoDinhDanh>{NUMBER}</n:SoDinhDanh><n:SoCMND>{OLD}</n:SoCMND>{NAME}<n:GioiTinh>2</n:GioiTinh>"
    "<n:DanToc>1</n:DanToc><n:TonGiao>00</n:TonGiao><n:TinhTrangHonNhan>3</n:TinhTrangHonNhan><n:NhomMau>04</n:NhomMau>"
    + BIRTH
    + place("NoiDangKyKhaiSinh", "03", "", "00123", "XÃ MẪU &amp; CŨ", "VN")
    + place("QueQuan", "3", "9", "", "", "")
    + place("ThuongTru", "00", "000", "00000", "", "")
    + "<n:NoiOHienTai>Thôn Một, xã Mẫu</n:NoiOHienTai><n:QuocTich>vn</n:QuocTich>"
    f"<n:Cha><n:HoVaTen>NGUYỄN VĂN CHA</n:HoVaTen><n:QuocTich/><n:SoDinhDanh>12345</n:SoDinhDanh></n:Cha>"
    "<n:Me><n:HoVaTen><n:Ho>TRẦN</n:Ho><n:ChuDem>THỊ</n:ChuDem><n:Ten>MẸ</n:Ten></n:HoVaTen></n:Me><n:VoChong/>"
    f"<n:ChuHo><n:QuanHe>CH01</n:QuanHe><n:SoDinhDanh>{NUMBER}</n:SoDinhDanh><n:SoCMND>{OLD}</n:SoCMND></n:ChuHo>"
    "<n:SoSoHoKhau>H 15/7</n:SoSoHoKhau><n:ThuDienTu>bia@example.vn</n:ThuDienTu>"
)
RECORD = {
    PersonField.NUMBER: NUMBER,
    PersonField.OLD_NUMBER: OLD,
    PersonField.FULL_NAME: "NGUYỄN VĂN BÍ",
    PersonField.BIRTH_DATE: "1990-01-31",
    PersonField.GENDER: "female",
    PersonField.ETHNICITY: "01",
    PersonField.RELIGION: "00",
    PersonField.MARITAL_STATUS: "3",
    PersonField.BLOOD_GROUP: "04",
    PersonField.NATIONALITY: "VN",
    PersonField.BIRTH_REGISTRATION_PLACE: Place("03", None, "00123", "XÃ MẪU & CŨ", "VN"),
    PersonField.HOME_TOWN: Place("03", "009", None, None, None),
    PersonField.CURRENT_ADDRESS: Place(None, None, None, "Thôn Một, xã Mẫu", None),
    PersonField.FATHER: Relative("NGUYỄN VĂN CHA", None, None, None, None),
    PersonField.MOTHER: Relative("TRẦN THỊ MẸ", None, None, None, None),
    PersonField.HOUSEHOLD_HEAD: Relative(None, None, NUMBER, OLD, "CH01"),
    PersonField.HOUSEHOLD_BOOK: "H 15/7",
}


def read(text: str | bool, asked: PersonQuestion = ASKED, wanted: frozenset[PersonField] = EVERYTHING) -> Found:  # noqa: FBT001
    """What an answer comes to."""
    return read_record(Said(text), asked, wanted)


def person(inner: str) -> str:
    """An answer with one person."""
    return ANSWER.format(f"<n:CongDan>{inner}</n:CongDan>")


def test_every_field_can_be_read_and_none_is_made_up() -> None:
    assert set(_READERS) == EVERYTHING
    found = read(person(WHOLE))
    assert (found.outcome, found.alarm, dict(found.record)) == (MATCH, False, RECORD)


@pytest.mark.parametrize("name", PersonField)
def test_one_wanted_field_brings_that_field_alone(name: PersonField) -> None:
    found = read(person(WHOLE), wanted=frozenset({name}))
    assert dict(found.record) == {name: RECORD[name] for name in {name} & RECORD.keys()}


def test_codes_that_say_nothing_or_have_no_such_form_are_left_out() -> None:
    values = {"GioiTinh": "3", "DanToc": "001", "TonGiao": "x", "TinhTrangHonNhan": "0", "NhomMau": "00"}
    values |= {"QuocTich": "VNM", "SoCMND": "١٢٣٤٥٦٧٨٩"}
    inner = "".join(f"<n:{name}>{value}</n:{name}>" for name, value in values.items())
    found = read(person(f"<n:SoDinhDanh>{NUMBER}</n:SoDinhDanh>{inner}"))
    assert (found.outcome, dict(found.record)) == (MATCH, {PersonField.NUMBER: NUMBER})


@pytest.mark.parametrize(
    "dress",
    [
        '<Body><CongdanCollection id="1"><CongDan>{}</CongDan></CongdanCollection></Body>',
        # A later SOAP than ours.
        SOAP.format("<CongdanCollection><CongDan>{}</CongDan></CongdanCollection>").replace(
            "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
        ),
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        + SOAP.format(
            '<TraCuuThongTinCongDanResponse xmlns="http://gtel.vn/qldc"><CongdanCollection SoCongDan=" 01 " GhiChu="x">'
            "<CongDan>{}</CongDan><Khac/></CongdanCollection></TraCuuThongTinCongDanResponse>"
        ),
    ],
)
def test_every_dress_of_an_answer(dress: str) -> None:
    found = read(dress.format(WHOLE.replace("n:", "")))
    assert (found.outcome, dict(found.record)) == (MATCH, RECORD)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-07-01T08:15:00", datetime(2026, 7, 1, 1, 15, tzinfo=UTC)),
        ("2026-07-01T08:15:00.1234567+07:00", datetime(2026, 7, 1, 1, 15, 0, 123456, UTC)),
        ("2026-07-01T01:15:00Z", datetime(2026, 7, 1, 1, 15, tzinfo=UTC)),
        ("0001-01-01T00:00:00+07:00", None),
        ("hôm qua", None),
        ("", None),
    ],
)
def test_the_time_of_the_data(told: str, expected: datetime | None) -> None:
    text = person(WHOLE).replace("<n:CongdanCollection", f'<n:CongdanCollection ThoiDiemDuLieu="{told}"')
    found = read(text)
    assert (found.outcome, found.data_at) == (MATCH, expected)


@pytest.mark.parametrize(
    "text",
    [
        ANSWER.format(""),
        ANSWER.format("\n "),
        ANSWER.format("").replace(" xmlns:n", ' SoCongDan="0" xmlns:n'),
        "<Body><CongdanCollection/></Body>",
        SOAP.format("<TraCuuThongTinCongDanResponse/>"),
        SOAP.format(
            "<r:TraCuuThongTinCongDanResponse xmlns:r='u'><CongdanCollection/></r:TraCuuThongTinCongDanResponse>"
        ),
        SOAP.format(""),
        SOAP.format(" \n"),
    ],
)
def test_nobody_is_found(text: str) -> None:
    assert read(text) == Found(NOBODY, "answered")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        True,
        False,
        "false",
        "<html><body></body></html>",
        "<Body/>",
        "<CongdanCollection/>",
        SOAP.format("<s:Fault/>"),
        SOAP.format("<s:Fault><faultstring>x</faultstring></s:Fault><CongdanCollection/>"),
        SOAP.format("không có"),
        SOAP.format("<Khac/>"),
        SOAP.format("<CongdanCollection/><Khac/>"),
        SOAP.format("<CongdanCollection/><CongdanCollection/>"),
        SOAP.format("<CongdanCollection>lỗi</CongdanCollection>"),
        SOAP.format("<CongdanCollection><Loi/></CongdanCollection>"),
        SOAP.format("<CongdanCollection/>lỗi"),
        SOAP.format('<CongdanCollection SoCongDan="1"/>'),
        SOAP.format("<TraCuuThongTinCongDanResponse>lỗi</TraCuuThongTinCongDanResponse>"),
        SOAP.format("<XacThucThongTinCongDanResponse/>"),
        SOAP.format("<R><SoLuongCongDan>0</SoLuongCongDan></R>"),
        ANSWER.format("")[:-5],
        "<!DOCTYPE a>" + ANSWER.format(""),
        '<!DOCTYPE a [<!ENTITY b "x">]>' + SOAP.format("<CongdanCollection>&b;</CongdanCollection>"),
        "\ud800",
    ],
)
def test_what_is_no_answer_of_the_service_is_never_nobody(text: str | bool) -> None:  # noqa: FBT001
    assert read(text) == Found(BAD_REPLY, "not an answer of the service")


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        ("", "no number in the answer"),
        (f"<n:SoCMND>{OLD}</n:SoCMND>{NAME}", "no number in the answer"),
        (f"<n:SoDinhDanh/>{NAME}{BIRTH}", "no number in the answer"),
        (f"<n:SoDinhDanh><n:x>{NUMBER}</n:x></n:SoDinhDanh>{NAME}", "no number in the answer"),
        (f"<n:SoDinhDanh>{NUMBER}</n:SoDinhDanh><n:SoDinhDanh>{OTHER}</n:SoDinhDanh>", "not an answer of the service"),
        (f"<n:SoDinhDanh>{NUMBER}</n:SoDinhDanh>{BIRTH}{BIRTH}", "not an answer of the service"),
        (WHOLE.replace("<n:Ho/>", "<n:Ho/><n:Ho/>"), "not an answer of the service"),
    ],
)
def test_a_record_of_nobody_certain_is_unusable(inner: str, reason: str) -> None:
    assert read(person(inner)) == Found(BAD_REPLY, reason)


@pytest.mark.parametrize(
    "changed",
    [
        WHOLE.replace(NUMBER, OTHER),
        WHOLE.replace(NUMBER, NUMBER[1:]),
        WHOLE.replace("VĂN  BÍ", "VĂN BA"),
        WHOLE.replace(NAME, "<n:HoVaTen>KHÁC</n:HoVaTen>"),
        WHOLE.replace("19900131", "19900130"),
        WHOLE.replace("19900131", "").replace("1990<", "1991<"),
        WHOLE.replace("1990<", "1991<"),
    ],
)
def test_another_persons_record_is_an_alarm(changed: str) -> None:
    assert read(person(changed)) == Found(BAD_REPLY, ANOTHER_PERSON, alarm=True)


def test_two_people_are_an_alarm_though_one_is_the_right_one() -> None:
    one = f"<n:CongDan>{WHOLE}</n:CongDan>"
    for text in (
        ANSWER.format(one + one),
        SOAP.format(COLLECTION.format(one) * 2),
        ANSWER.format(one + "<n:CongDan/>"),
    ):
        assert read(text) == Found(BAD_REPLY, "more than one person's record", alarm=True)


def test_an_old_number_is_compared_with_the_old_number() -> None:
    asked = replace(ASKED, number=OLD)
    assert read(person(WHOLE), asked).record[PersonField.NUMBER] == NUMBER
    assert read(person(WHOLE.replace(OLD, "987654320")), asked).alarm
    assert read(person(WHOLE.replace(f"<n:SoCMND>{OLD}</n:SoCMND>", "")), asked).reason == "no number in the answer"


@pytest.mark.parametrize(
    ("asked", "date", "year", "told"),
    [
        ("1990", "", "1990", "1990"),
        ("1990", "19900131", "", "1990-01-31"),
        ("1990-01-31", "", "1990", "1990"),
        ("1990-01-31", "1990-01-31", "", "1990-01-31"),
        ("1990-01-31", "19900000", "1990", "1990"),
        ("1990-01-31", "31/01/1990", "90", None),
        ("1990-01-31", "", "", None),
    ],
)
def test_a_birth_of_which_less_is_known_agrees_by_its_year(asked: str, date: str, year: str, told: str | None) -> None:
    inner = WHOLE.replace("19900131", date).replace("<n:Nam>1990", f"<n:Nam>{year}")
    found = read(person(inner), replace(ASKED, birth_date=asked))
    assert (found.outcome, found.record.get(PersonField.BIRTH_DATE)) == (MATCH, told)


TAGS = st.sampled_from(
    [
        *("Envelope", "Body", "Fault", "CongdanCollection", "CongDan", "TraCuuThongTinCongDanResponse"),
        *("SoDinhDanh", "SoCMND", "HoVaTen", "Ten", "NgayThangNamSinh", "Nam", "NgayThangNam"),
        *("SoLuongCongDan", "TonTai", "Cha", "ThuongTru", "MaTinhThanh"),
    ]
)
WORDS = st.sampled_from(["", NUMBER, OTHER, OLD, "NGUYENVANBI", "1990", "19900131", "0", "true", " "]) | st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=8
)
TREES = st.recursive(
    st.tuples(TAGS, WORDS.map(escape)),
    lambda inner: st.tuples(TAGS, st.lists(inner, max_size=4)),
    max_leaves=12,
)


def written(tree: object) -> str:
    """A tree as XML."""
    assert isinstance(tree, tuple)
    tag, inner = tree
    return f"<{tag}>{inner if isinstance(inner, str) else ''.join(written(part) for part in inner)}</{tag}>"


@settings(max_examples=60)
@given(
    text=st.text(max_size=60)
    | st.binary(max_size=60).map(lambda raw: raw.decode(errors="replace"))
    | TREES.map(written)
)
@example(text=person(f"<n:SoDinhDanh>{NUMBER}</n:SoDinhDanh>"))
@example(text=person(f"<n:SoDinhDanh>{OTHER}</n:SoDinhDanh>"))
def test_nothing_is_too_strange_and_nothing_matches_another_number(text: str) -> None:
    assert read_verdict(text) in {True, False, None}
    for dressed in (text, SOAP.format(text), ANSWER.format(text), person(text)):
        found = read(dressed)
        assert found.outcome in {MATCH, NOBODY, BAD_REPLY}
        assert not found.record or found.outcome is MATCH
        if found.outcome is MATCH:
            assert f"SoDinhDanh>{NUMBER}<" in dressed
            assert found.record[PersonField.NUMBER] == NUMBER


@settings(max_examples=40)
@given(words=st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=20))
def test_words_come_out_as_they_went_in(words: str) -> None:
    inner = f"<n:SoDinhDanh>{NUMBER}</n:SoDinhDanh><n:SoSoHoKhau>{escape('x' + words + 'x')}</n:SoSoHoKhau>"
    told = read(person(inner)).record[PersonField.HOUSEHOLD_BOOK]
    assert isinstance(told, str)
    assert told.casefold().split() == unicodedata.normalize("NFC", f"x{words}x").casefold().split()
