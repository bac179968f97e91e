"""The record of service 037: whose it is, and the wanted fields of it.

The database matched number, name and birth date before it answered, so an answer that disagrees with any of them is
of somebody else, or of a record that changed hands on the way: either is unusable, and somebody must look at it.
Every element may be empty or missing; what has no form that the field can have is left out.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final
from xml.etree.ElementTree import Element  # nosec B405 - types; defusedxml parses
from zoneinfo import ZoneInfo

from connectors.population.answers import ANSWERED, NO_ANSWER_OF_THE_SERVICE, Said
from connectors.population.outcomes import FieldValue, PersonOutcome, PersonQuestion, Place, Relative
from connectors.population.soap import SOAP, fold_name, local, read_body, words
from connectors.population.ways import LONG_NUMBER
from schemas.persons import PersonField

_COLLECTION, _PERSON, _RESPONSE = "CongdanCollection", "CongDan", "TraCuuThongTinCongDanResponse"
_ENVELOPED = f"{{{SOAP}}}Body"
_NUMBER_DIGITS, _OLD_NUMBER_DIGITS = 12, 9
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_GENDERS: Final = {"1": "male", "2": "female"}
_YEAR = re.compile(r"[0-9]{4}")
_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")

ANOTHER_PERSON: Final = "another person's record"

Parts = Mapping[str, Element]


@dataclass(frozen=True, slots=True)
class Found:
    """What an answer comes to."""

    outcome: PersonOutcome
    reason: str
    record: Mapping[PersonField, FieldValue] = field(default_factory=dict, repr=False)
    data_at: datetime | None = None
    alarm: bool = False


class _Malformed(Exception):
    """An element stands twice where one may stand: nobody can say which is meant."""


_UNREADABLE = Found(PersonOutcome.BAD_REPLY, NO_ANSWER_OF_THE_SERVICE)
_ANOTHER = Found(PersonOutcome.BAD_REPLY, ANOTHER_PERSON, alarm=True)


def read_record(said: Said, question: PersonQuestion, wanted: frozenset[PersonField]) -> Found:
    """Read an answer to ``question``: no field but the wanted ones is taken out of it."""
    body = read_body(said.content) if isinstance(said.content, str) else None
    people = _people(body) if body is not None else None
    if people is None:
        return _UNREADABLE
    if not people:
        return Found(PersonOutcome.NOT_FOUND_OR_MISMATCH, ANSWERED)
    if len(people) > 1:
        return Found(PersonOutcome.BAD_REPLY, "more than one person's record", alarm=True)
    ((person, collection),) = people
    try:
        parts = _parts(person)
        wrong = _wrong_person(parts, question)
        if wrong is not None:
            return wrong
        read = ((name, _READERS[name](parts)) for name in PersonField if name in wanted)
        record = {name: value for name, value in read if value}
    except _Malformed:
        return _UNREADABLE
    return Found(PersonOutcome.MATCH, ANSWERED, record, _moment(collection.get("ThoiDiemDuLieu", "")))


def _people(body: Element) -> list[tuple[Element, Element]] | None:
    """Each person with the collection that holds it; none for an answer of the service that finds nobody.

    None for everything else. "Nobody" is a word about a citizen, so it is taken only from the service's own elements
    with nothing else in them, or from an empty body in SOAP's own name space, and never against its own count.
    """
    holder = body
    if [local(part) for part in body] == [_RESPONSE]:
        holder = body[0]
    if not len(holder):
        is_of_service = holder is not body or body.tag == _ENVELOPED
        return [] if is_of_service and not words(body) else None
    if any(local(part) != _COLLECTION for part in holder):
        return None
    people = [(person, collection) for collection in holder for person in collection if local(person) == _PERSON]
    if len(people) > 1:
        return people
    is_empty = len(holder) == 1 and not len(holder[0]) and not words(body)
    count = holder[0].get("SoCongDan", "").strip()
    is_contradicted = count.isascii() and count.isdecimal() and (count.lstrip("0") or "0") != str(len(people))
    return people if (people or is_empty) and not is_contradicted else None


def _wrong_person(parts: Parts, question: PersonQuestion) -> Found | None:
    """Why the record is not that of whom was asked about; None when it is."""
    is_long = len(question.number) == LONG_NUMBER
    number = _text(parts, "SoDinhDanh" if is_long else "SoCMND")
    if not number:
        return Found(PersonOutcome.BAD_REPLY, "no number in the answer")
    name = _name(parts)
    is_other_name = bool(name) and fold_name(name) != fold_name(question.full_name)
    asked = question.birth_date
    # Who is asked about by a year may be known by a date, and the other way round: the year must be the same.
    is_other_birth = any(told[: len(asked)] != asked[: len(told)] for told in _births(parts))
    return _ANOTHER if number != question.number or is_other_name or is_other_birth else None


def _parts(element: Element | None) -> Parts:
    found: dict[str, Element] = {}
    for part in element if element is not None else ():
        if local(part) in found:
            raise _Malformed
        found[local(part)] = part
    return found


def _text(parts: Parts, name: str) -> str:
    """The words of an element, blanks between them made one; "" when it is missing, empty or has elements inside."""
    found = parts.get(name)
    if found is None or len(found):
        return ""
    return unicodedata.normalize("NFC", " ".join((found.text or "").split()))


def _name(parts: Parts) -> str:
    """A name as one text, or as a structure of which the last part alone often holds the whole."""
    name = parts.get("HoVaTen")
    if name is None or not len(name):
        return _text(parts, "HoVaTen")
    pieces = _parts(name)
    return " ".join(piece for piece in (_text(pieces, part) for part in ("Ho", "ChuDem", "Ten")) if piece)


def _births(parts: Parts) -> list[str]:
    """Each readable birth told: ``yyyy-MM-dd`` first, then ``yyyy``."""
    pieces = _parts(parts.get("NgayThangNamSinh"))
    year = _text(pieces, "Nam")
    return [told for told in (_date(_text(pieces, "NgayThangNam")), year if _YEAR.fullmatch(year) else "") if told]


def _date(text: str) -> str:
    """A day of the calendar in either form as ``yyyy-MM-dd``; "" for anything else."""
    found = _DATE.fullmatch(text)
    try:
        return date(*map(int, found.groups())).isoformat() if found else ""
    except ValueError:
        return ""


def _digits(parts: Parts, name: str, length: int) -> str | None:
    found = _text(parts, name)
    return found if found.isascii() and found.isdecimal() and len(found) == length else None


def _code(parts: Parts, name: str, length: int) -> str | None:
    """A code of so many digits, padded: one that went through a number has lost its zeros."""
    found = _text(parts, name)
    return found.zfill(length) if found.isascii() and found.isdecimal() and len(found) <= length else None


def _country(parts: Parts, name: str) -> str | None:
    found = _text(parts, name).upper()
    return found if found.isascii() and found.isalpha() and len(found) == len("VN") else None


def _place(parts: Parts, name: str) -> Place | None:
    pieces = _parts(parts.get(name))
    place = Place(
        province_code=_told(_code(pieces, "MaTinhThanh", 2)),
        district_code=_told(_code(pieces, "MaQuanHuyen", 3)),
        ward_code=_told(_code(pieces, "MaPhuongXa", 5)),
        detail=_text(pieces, "ChiTiet") or _text(parts, name) or None,
        country=_country(pieces, "QuocGia"),
    )
    return place if place != Place(None, None, None, None, None) else None


def _relative(parts: Parts, name: str) -> Relative | None:
    pieces = _parts(parts.get(name))
    relative = Relative(
        full_name=_name(pieces) or None,
        nationality=_country(pieces, "QuocTich"),
        number=_digits(pieces, "SoDinhDanh", _NUMBER_DIGITS),
        old_number=_digits(pieces, "SoCMND", _OLD_NUMBER_DIGITS),
        relation=_text(pieces, "QuanHe") or None,
    )
    return relative if relative != Relative(None, None, None, None, None) else None


def _told(code: str | None) -> str | None:
    """A code, but for the zero that stands for "no information"."""
    return code if code and code.strip("0") else None


def _moment(text: str) -> datetime | None:
    """An ``xs:dateTime`` in UTC; one without a zone is of Viet Nam, where it was written."""
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=_VIETNAM)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_READERS: Final[Mapping[PersonField, Callable[[Parts], FieldValue | None]]] = {
    PersonField.NUMBER: lambda parts: _digits(parts, "SoDinhDanh", _NUMBER_DIGITS),
    PersonField.OLD_NUMBER: lambda parts: _digits(parts, "SoCMND", _OLD_NUMBER_DIGITS),
    PersonField.FULL_NAME: _name,
    PersonField.BIRTH_DATE: lambda parts: next(iter(_births(parts)), None),
    PersonField.GENDER: lambda parts: _GENDERS.get(_text(parts, "GioiTinh")),
    PersonField.ETHNICITY: lambda parts: _told(_code(parts, "DanToc", 2)),
    # 00 is "none", which is told.
    PersonField.RELIGION: lambda parts: _code(parts, "TonGiao", 2),
    # Never translated: the lists of two provinces contradict each other from 3 on.
    PersonField.MARITAL_STATUS: lambda parts: _told(_code(parts, "TinhTrangHonNhan", 1)),
    PersonField.BLOOD_GROUP: lambda parts: _told(_code(parts, "NhomMau", 2)),
    PersonField.NATIONALITY: lambda parts: _country(parts, "QuocTich"),
    PersonField.BIRTH_REGISTRATION_PLACE: lambda parts: _place(parts, "NoiDangKyKhaiSinh"),
    PersonField.HOME_TOWN: lambda parts: _place(parts, "QueQuan"),
    PersonField.PERMANENT_ADDRESS: lambda parts: _place(parts, "ThuongTru"),
    PersonField.CURRENT_ADDRESS: lambda parts: _place(parts, "NoiOHienTai"),
    PersonField.FATHER: lambda parts: _relative(parts, "Cha"),
    PersonField.MOTHER: lambda parts: _relative(parts, "Me"),
    PersonField.SPOUSE: lambda parts: _relative(parts, "VoChong"),
    PersonField.REPRESENTATIVE: lambda parts: _relative(parts, "NguoiDaiDien"),
    PersonField.HOUSEHOLD_HEAD: lambda parts: _relative(parts, "ChuHo"),
    PersonField.HOUSEHOLD_BOOK: lambda parts: _text(parts, "SoSoHoKhau"),
}
