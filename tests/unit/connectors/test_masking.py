"""What is kept of a call shows no name and no number of a person, whatever shape it comes in."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.masking import KEPT_CHARACTERS, mask
from tests.bounds import AMPLE_SECONDS

NAME = "Nguyễn Thị Bịa"
NUMBER = "003190123456"
LINK = "https://lienthong.example/files/khong-ai-doan-duoc"
SECRETS = (NAME, NUMBER, "0912345678", "bia@example.vn", "geheim", LINK)
DATE = "20260701081500"
RECORD = {
    "session": "geheim",
    "data": [
        {
            "MaHoSo": "H15.16-260701-0001",
            "ChuHoSo": NAME,
            "SoDienThoai": "0912345678",
            "Email": "bia@example.vn",
            "TrichYeuHoSo": f"Khai sinh cho {NAME}",
            "NgayTiepNhan": DATE,
            "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": NUMBER}],
            "TaiLieuNop": [{"TenTepDinhKem": f"cccd-{NUMBER}.pdf", "DuongDanTaiTepTin": LINK}],
        }
    ],
}
PLAIN = json.dumps(RECORD, ensure_ascii=False)
ESCAPED = json.dumps(RECORD)
NESTED = json.dumps({"message": PLAIN}, ensure_ascii=False)
NESTED_ESCAPED = json.dumps({"message": PLAIN})
ESCAPED_NESTED_ESCAPED = json.dumps({"message": ESCAPED})
XML = (
    f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><dan:SoDinhDanh>{NUMBER}</dan:SoDinhDanh>'
    f'<HoVaTen a="1">{NAME}</HoVaTen><d:NgayThangNam>19900131</d:NgayThangNam><MaYeuCau>H15-1</MaYeuCau></e:Envelope>'
)
XML_IN_JSON = json.dumps({"error_code": "0", "message": XML}, ensure_ascii=False)


def survivors(masked: str) -> list[str]:
    """Which secrets can still be read, escapes undone."""
    unescaped = masked.encode().decode("unicode_escape", errors="replace") if "\\u" in masked else masked
    return [secret for secret in SECRETS if secret in masked or secret in unescaped]


@pytest.mark.parametrize(
    "text",
    [PLAIN, ESCAPED, NESTED, NESTED_ESCAPED, ESCAPED_NESTED_ESCAPED, XML, XML_IN_JSON, json.dumps(RECORD, indent=1)],
)
def test_secrets_are_hidden(text: str) -> None:
    masked = mask(text)
    assert survivors(masked) == []
    assert "***" in masked


@pytest.mark.parametrize("text", [PLAIN, NESTED, NESTED_ESCAPED, XML, XML_IN_JSON])
def test_secrets_are_hidden_where_a_text_is_cut_off(text: str) -> None:
    for place in range(len(text)):
        assert survivors(mask(text[:place])) == []
        masked = mask(text, limit=place)
        assert survivors(masked) == []
        assert NUMBER[:4] not in masked


def test_what_is_no_secret_stays() -> None:
    masked = json.loads(mask(PLAIN))
    (dossier,) = masked["data"]
    assert masked["session"] == "***"
    assert (dossier["MaHoSo"], dossier["NgayTiepNhan"]) == ("H15.16-260701-0001", DATE)
    assert dossier["DinhDanhCHS"] == [{"LoaiDinhDanh": "1", "SoDinhDanh": "***"}]
    assert dossier["TaiLieuNop"] == [{"TenTepDinhKem": "cccd-***.pdf", "DuongDanTaiTepTin": "***"}]
    assert json.loads(json.loads(mask(NESTED))["message"]) == masked
    assert "<MaYeuCau>H15-1</MaYeuCau>" in mask(XML)
    assert 'a="1">***</HoVaTen>' in mask(XML)
    assert "<d:NgayThangNam>***</d:NgayThangNam>" in mask(XML)


@pytest.mark.parametrize("number", ["123456789", NUMBER, "19000101000000", "202607010815001", "9" * 40])
def test_long_numbers_are_hidden_anywhere(number: str) -> None:
    for text in (number, f"x{number}y", f'{{"MaKhac":"{number}"}}', f'{{"MaKhac":{number}}}', f"<A>{number}</A>"):
        assert number not in mask(text)


def test_short_numbers_and_dates_stay() -> None:
    text = f'{{"Gia":"12345678","NgayTra":"{DATE}","Khac":"20991231235959"}}'
    assert mask(text) == text


CAPABILITY = "Zk3_9-xQ7bLmN0pRsTuVwXyZaBcDeFgHiJkLmNoPqRs"
ADDRESS = f"https://giayto.example/files/{CAPABILITY}"
IN_NO_KEY = (
    f"Không tải được {ADDRESS}, HTTP 404",
    json.dumps({"error_code": "-3", "message": f"Đường dẫn '{ADDRESS}/bundle' sai"}),
    json.dumps({"message": json.dumps([ADDRESS])}),
    json.dumps({"message": ADDRESS}).replace("/", r"\/"),
    json.dumps({"message": json.dumps([ADDRESS]).replace("/", r"\/")}),
    json.dumps({"message": json.dumps([ADDRESS]).replace("/", r"\/")}).replace("/", r"\/"),
    f"<Loi>{ADDRESS}?x=1</Loi>",
    f"https://cong.example/tai?url=https%3A%2F%2Fgiayto.example%2ffiles%2F{CAPABILITY}&x=1",
    f"/files/{CAPABILITY}",
)


@pytest.mark.parametrize("text", IN_NO_KEY)
def test_the_secret_part_of_an_address_is_hidden_wherever_it_stands(text: str) -> None:
    masked = mask(text)
    assert "***" in masked
    assert CAPABILITY[:4] not in masked
    assert CAPABILITY[-4:] not in masked
    # Whose address it was can still be read.
    assert "files" in masked
    assert ("giayto.example" in masked) is ("giayto.example" in text)


@pytest.mark.parametrize("text", IN_NO_KEY)
def test_the_secret_part_is_hidden_where_a_text_is_cut_off(text: str) -> None:
    for place in range(len(text)):
        for masked in (mask(text[:place]), mask(text, limit=place)):
            assert CAPABILITY[:1] not in masked.partition("files")[2]


@given(st.text("0123456789-_aZ", min_size=20, max_size=60), st.sampled_from(["", "/bundle", '"', ",", " x"]))
def test_digits_in_the_secret_part_leave_none_of_it(capability: str, after: str) -> None:
    assert mask(f"x/files/{capability}{after}") == f"x/files/***{after}"


def test_other_addresses_stay() -> None:
    text = "https://cong.example/dossiers/abcdefghijklmnopqrstuvwxyz và /files/ngan khác"
    assert mask(text) == text


def test_empty_values_show_that_they_are_empty() -> None:
    assert mask('{"ChuHoSo":"","Email":null}') == '{"ChuHoSo":"","Email":null}'


def test_quotes_inside_a_name_do_not_end_it() -> None:
    text = json.dumps({"ChuHoSo": f'Bà "{NAME}" \\', "GhiChu": f"\\{NAME}"}, ensure_ascii=False)
    for shape in (text, json.dumps({"message": text}, ensure_ascii=False)):
        assert survivors(mask(shape)) == []


VALUES = st.text(st.characters(codec="utf-8"), max_size=30)


@given(before=VALUES, after=VALUES, ascii_only=st.booleans(), nested=st.booleans())
def test_no_value_around_a_name_uncovers_it(before: str, after: str, ascii_only: bool, nested: bool) -> None:  # noqa: FBT001
    record = {"A": before, "HoVaTen": f"{before}{NAME}{after}", "B": after, "SoCMND": NUMBER[:9]}
    text = json.dumps(record, ensure_ascii=ascii_only)
    masked = mask(json.dumps({"message": text}, ensure_ascii=ascii_only) if nested else text)
    assert NAME not in masked
    assert "Nguy\\u1ec5n" not in masked
    assert NUMBER[:9] not in masked


@given(VALUES, st.integers(0, 60))
def test_the_length_is_bounded(text: str, limit: int) -> None:
    # Hiding a value may lengthen it by its three stars; a value has at least one character and its quotes.
    assert len(mask(text * 5, limit)) <= 3 * limit + 1


def test_a_long_text_is_cut() -> None:
    masked = mask("x" * 10**6)
    assert len(masked) == KEPT_CHARACTERS + 1
    assert masked.endswith("…")
    assert mask("x" * KEPT_CHARACTERS) == "x" * KEPT_CHARACTERS


@pytest.mark.parametrize(
    "piece",
    [
        '"',
        "\\",
        '\\"',
        '\\\\"',
        '"a":"',
        '\\"a\\":\\"',
        "<",
        "<a ",
        "<a>",
        "<a:a",
        "1",
        '"a" ',
        '<a>\\"',
        "\\\\\\",
        "/files",
        "/files/",
    ],
)
def test_no_text_makes_masking_slow(piece: str) -> None:
    """A smoke bound: a text that makes the patterns run back and forth would take minutes."""
    text = piece * (200_000 // len(piece))
    started = time.perf_counter()
    mask(text, limit=len(text))
    assert time.perf_counter() - started < AMPLE_SECONDS
