"""SOAP 1.1 as the population database speaks it: strict order out, name-space-aware and entity-free in."""

import re
import unicodedata
from xml.etree.ElementTree import Element, ParseError  # nosec B405 - types; defusedxml parses
from xml.sax.saxutils import escape  # nosec B406 - writes, parses nothing

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from schemas.population import OPERATIONS, CitizenQuestion

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_REQUEST = "http://dancuquocgia.bca"
_COUNT, _EXISTS = "SoLuongCongDan", "TonTai"
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


# Also the letters of other languages that keyboards give for đ and look the same.
_STROKES = str.maketrans("đĐðÐɖƉ", "dDdDdD")


def fold_name(name: str) -> str:
    """A name as the database compares it: no marks, no blanks, no punctuation, upper case, đ as d."""
    plain = unicodedata.normalize("NFD", name.translate(_STROKES))
    return re.sub(r"[^A-Z0-9]", "", plain.upper())


def envelope(question: CitizenQuestion) -> str:
    """The request, elements in the order the server insists on, values escaped."""
    values = question.model_dump()
    parts = [_element(name, values[name]) for name in CitizenQuestion.ORDER if values[name]]
    birth = _element("NgayThangNam", question.NgayThangNam) if question.NgayThangNam else _element("Nam", question.Nam)
    body = "".join(parts) + f"<dan:NgayThangNamSinh>{birth}</dan:NgayThangNamSinh>"
    operation = OPERATIONS[question.MaTichHop]
    return (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:dan="{_REQUEST}"><soapenv:Header/>'
        f"<soapenv:Body><dan:{operation}>{body}</dan:{operation}></soapenv:Body></soapenv:Envelope>"
    )


def _element(name: str, value: str) -> str:
    return f"<dan:{name}>{escape(value)}</dan:{name}>"


def read_body(text: str) -> Element | None:
    """The body of an answer, with its envelope or without; None when there is none or it holds a fault.

    Names of elements are told without their name space by ``local``: each build of the service has its own.
    """
    try:
        root = fromstring(text.encode(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):  # LookupError: an encoding nobody knows
        return None
    body = root if local(root) == "Body" else next((part for part in root if local(part) == "Body"), None)
    return None if body is None or any(local(part) == "Fault" for part in body) else body


def read_verdict(text: str) -> bool | None:
    """Yes or no from any of the reply shapes that gateways use; None when it is none of them.

    Shapes: ``SoLuongCongDan`` (``0`` is no), ``KetQuaXacThuc/TonTai`` (a boolean). A fault is no verdict, and two
    verdicts are none. "No" is a word about a citizen: beside other words, which may tell of a fault, it is none.
    """
    body = read_body(text)
    found = [part for part in body.iter() if local(part) in {_COUNT, _EXISTS}] if body is not None else []
    if len(found) != 1:
        return None
    told = (found[0].text or "").strip()
    if local(found[0]) == _EXISTS:
        verdict = _BOOLEANS.get(told)
    else:
        verdict = bool(told.strip("0")) if told.isascii() and told.isdecimal() else None
    return None if verdict is False and body is not None and words(body) != [told] else verdict


def words(element: Element) -> list[str]:
    """All that is written between the tags of an element, and behind it."""
    texts = ((text or "").strip() for part in element.iter() for text in (part.text, part.tail))
    return [text for text in texts if text]


def local(element: Element) -> str:
    """The name of an element without its name space."""
    return str(element.tag).rpartition("}")[2]
