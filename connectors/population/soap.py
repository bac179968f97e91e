"""SOAP 1.1 as the population database speaks it: strict order out, name-space-aware and entity-free in."""

import re
import unicodedata
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from schemas.population import XacThuc

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_REQUEST = "http://dancuquocgia.bca"
_OPERATION = "XacThucThongTinCongDan"


def fold_name(name: str) -> str:
    """A name as the database compares it: no marks, no blanks, no punctuation, upper case, đ as d."""
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    return re.sub(r"[^A-Z0-9]", "", plain.upper())


def envelope(question: XacThuc) -> str:
    """The request, elements in the order the server insists on, values escaped."""
    values = question.model_dump()
    parts = [_element(name, values[name]) for name in XacThuc.ORDER if values[name]]
    birth = _element("NgayThangNam", question.NgayThangNam) if question.NgayThangNam else _element("Nam", question.Nam)
    body = "".join(parts) + f"<dan:NgayThangNamSinh>{birth}</dan:NgayThangNamSinh>"
    return (
        f'<soapenv:Envelope xmlns:soapenv="{_SOAP}" xmlns:dan="{_REQUEST}"><soapenv:Header/>'
        f"<soapenv:Body><dan:{_OPERATION}>{body}</dan:{_OPERATION}></soapenv:Body></soapenv:Envelope>"
    )


def _element(name: str, value: str) -> str:
    return f"<dan:{name}>{escape(value)}</dan:{name}>"


def read_verdict(text: str) -> bool | None:
    """Yes or no from any of the reply shapes that gateways use; None when it is none of them.

    Shapes: ``SoLuongCongDan`` (``0`` is no), ``KetQuaXacThuc/TonTai`` (a boolean). A fault is no verdict.
    """
    try:
        root = fromstring(text.encode(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):  # LookupError: an encoding nobody knows
        return None
    body = root if _local(root) == "Body" else next((part for part in root if _local(part) == "Body"), None)
    if body is None:
        return None
    return _count(body) if _find(body, "SoLuongCongDan") is not None else _boolean(_find(body, "TonTai"))


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _find(body: Element, name: str) -> Element | None:
    if any(_local(part) == "Fault" for part in body):
        return None
    return next((part for part in body.iter() if _local(part) == name), None)


def _count(body: Element) -> bool | None:
    found = _find(body, "SoLuongCongDan")
    text = (found.text or "").strip() if found is not None else ""
    return bool(text.strip("0")) if text.isascii() and text.isdecimal() else None


def _boolean(found: Element | None) -> bool | None:
    text = (found.text or "").strip() if found is not None else ""
    return {"true": True, "1": True, "false": False, "0": False}.get(text)
