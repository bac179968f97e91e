"""SOAP 1.1 of the population database: reading the question, writing the answers of service 003 and a fault."""

import re
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, ParseError  # nosec B405 - types; defusedxml parses
from xml.sax.saxutils import escape  # nosec B406 - writes, parses nothing

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from mock_national.settings import PopulationShape

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
REQUEST: Final = "http://dancuquocgia.bca"
ANSWER: Final = "http://www.mic.gov.vn/dancu/1.0"
VERIFY: Final = "XacThucThongTinCongDan"
READ: Final = "TraCuuThongTinCongDan"
#: The code that each operation wants in `MaTichHop`.
SERVICE_CODES: Final = {VERIFY: "003", READ: "037"}

_ORDER = re.compile(
    r"MaYeuCau MaDVC MaTichHop (MaDonVi MaCanBo|MaCanBo( MaDonVi)?)( TaiKhoan)?( SoDienThoai)?"
    r" (SoDinhDanh|SoCMND) HoVaTen NgayThangNamSinh"
)
_LONGEST: Final = {
    "MaYeuCau": 40,
    "MaDVC": 20,
    "MaTichHop": 20,
    "MaDonVi": 35,
    "MaCanBo": 20,
    "SoDinhDanh": 12,
    "SoCMND": 9,
    "HoVaTen": 100,
    "NgayThangNam": 10,
    "Nam": 4,
}
_FORMS: Final = {
    "MaTichHop": re.compile(r"[0-9]+"),
    "SoDinhDanh": re.compile(r"[0-9]{12}"),
    "SoCMND": re.compile(r"[0-9]{9}"),
    "NgayThangNam": re.compile(r"[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "Nam": re.compile(r"[0-9]{4}"),
}
_REQUIRED: Final = ("MaYeuCau", "MaDVC", "MaTichHop", "MaCanBo", "HoVaTen")
_NUMBERS: Final = ("SoDinhDanh", "SoCMND")
_BIRTHS: Final = ("NgayThangNam", "Nam")


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of a question as sent ("" never stands for a value), and what is wrong with them or ""."""

    fields: dict[str, str]
    wrong: str = ""


def read_question(raw: bytes, operation: str = VERIFY, *, strict: bool = True) -> Asked:
    """Read a SOAP question: required fields first, then the order of elements when `strict`, then forms and lengths."""
    try:
        root = fromstring(raw, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return Asked({}, "XML: không đọc được")
    question = root.find(f"{{{SOAP}}}Body/{{{REQUEST}}}{operation}")
    if root.tag != f"{{{SOAP}}}Envelope" or question is None:
        return Asked({}, f"XML: không có {operation}")
    names = [_local(child) for child in question]
    birth = question.find(f"{{{REQUEST}}}NgayThangNamSinh")
    births = [] if birth is None else list(birth)
    fields = {_local(e): (e.text or "").strip() for e in [*question, *births] if len(e) == 0}
    wrong = _missing(fields)
    ordered = _ORDER.fullmatch(" ".join(names)) and [_local(b) for b in births] in (["NgayThangNam"], ["Nam"])
    if not wrong and strict and not ordered:
        wrong = "XML: thứ tự phần tử không đúng"
    return Asked(fields, wrong or _malformed(fields))


def read_json_question(body: dict[str, object]) -> Asked:
    """Read a question of the provincial JSON face; empty text stands for an absent field."""
    if any(not isinstance(value, str | None) for value in body.values()):
        return Asked({}, "JSON: mọi giá trị phải là chuỗi ký tự")
    fields = {name: str(value).strip() for name, value in body.items() if value}
    return Asked(fields, _missing(fields) or _malformed(fields))


def answer(shape: PopulationShape, *, known: bool) -> str:
    """The yes or no in the shape that the gateway was set to."""
    if shape == "count":
        inner = (
            f'<ns1:{VERIFY}Response xmlns:ns1="{ANSWER}">'
            f"<ns1:SoLuongCongDan>{int(known)}</ns1:SoLuongCongDan></ns1:{VERIFY}Response>"
        )
    else:
        truth = str(known).lower()
        inner = f'<ns1:KetQuaXacThuc xmlns:ns1="{REQUEST}"><ns1:TonTai>{truth}</ns1:TonTai></ns1:KetQuaXacThuc>'
    return envelope(inner)


def fault(text: str) -> str:
    """A SOAP fault of the server."""
    inner = (
        f"<soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>{escape(text)}</faultstring></soapenv:Fault>"
    )
    return envelope(inner)


def envelope(inner: str) -> str:
    """A SOAP envelope around the content of its body."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>'
    )


def _local(element: Element) -> str:
    prefix = f"{{{REQUEST}}}"
    return element.tag.removeprefix(prefix) if element.tag.startswith(prefix) else f"?{element.tag}"


def _missing(fields: dict[str, str]) -> str:
    for name in _REQUIRED:
        if not fields.get(name):
            return f"{name}: bắt buộc phải có"
    for pair in (_NUMBERS, _BIRTHS):
        if sum(bool(fields.get(name)) for name in pair) != 1:
            return f"{pair[0]}: phải có đúng một trong {pair[0]} và {pair[1]}"
    return ""


def _malformed(fields: dict[str, str]) -> str:
    for name, longest in _LONGEST.items():
        value = fields.get(name, "")
        if len(value) > longest:
            return f"{name}: không được dài quá {longest} ký tự"
        form = _FORMS.get(name)
        if value and form and not form.fullmatch(value):
            return f"{name}: không đúng định dạng"
    return ""
