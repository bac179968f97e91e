"""The answer of service 037: one record of a citizen, as `CongdanCollection/CongDan` in its several dresses."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from xml.sax.saxutils import escape  # nosec B406 - writes, parses nothing

from mock_national import soap
from mock_national.persons import Person, Relative
from mock_national.places import Place
from mock_national.settings import RecordNotFound, RecordShape

_VIETNAM: Final = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Dress:
    """How answers are written: `prefix` of elements ("" for none), plain or structured names of relatives."""

    prefix: str = "ns1:"
    structured: bool = False
    bare: bool = False

    def element(self, name: str, inner: str) -> str:
        """An element with ready-made content; `<name/>` when there is none."""
        tag = self.prefix + name
        return f"<{tag}>{inner}</{tag}>" if inner else f"<{tag}/>"

    def text(self, name: str, value: str) -> str:
        """An element with text."""
        return self.element(name, escape(value))

    def texts(self, values: dict[str, str]) -> str:
        """Elements with text, in order."""
        return "".join(self.text(name, value) for name, value in values.items())


_DRESSES: Final[dict[RecordShape, Dress]] = {
    "plain": Dress(),
    "structured": Dress(structured=True),
    "bare": Dress(bare=True),
    "unprefixed": Dress(prefix=""),
}


def answer(
    person: Person | None,
    now: float,
    *,
    shape: RecordShape = "plain",
    not_found: RecordNotFound = "empty",
    sparse: bool = False,
    structured: bool = False,
) -> str:
    """The answer about a person, or about nobody; `now` (Unix time) is the moment of the data.

    `sparse` leaves out and empties what it can, `structured` writes relatives' names in three parts in any shape.
    """
    dress = _DRESSES[shape]
    if structured:
        dress = replace(dress, structured=True)
    if person is None and not_found == "none":
        return _dressed("", dress)
    inner = "" if person is None else dress.element("CongDan", (_sparse if sparse else _full)(person, dress))
    at = datetime.fromtimestamp(now, UTC).astimezone(_VIETNAM).isoformat(timespec="seconds")
    name, declared = f"{dress.prefix}CongdanCollection", f"xmlns{':' + dress.prefix[:-1] if dress.prefix else ''}"
    head = f'{name} {declared}="{soap.ANSWER}" SoCongDan="{int(person is not None)}" ThoiDiemDuLieu="{at}"'
    return _dressed(f"<{head}>{inner}</{name}>" if inner else f"<{head}/>", dress)


def _dressed(inner: str, dress: Dress) -> str:
    if dress.bare:
        return f'<soapenv:Body xmlns:soapenv="{soap.SOAP}">{inner}</soapenv:Body>'
    return soap.envelope(inner)


def _full(person: Person, dress: Dress) -> str:
    return "".join(
        [
            dress.texts({"SoDinhDanh": person.number_12, "SoCMND": person.number_9 or person.old_number}),
            _own_name(person, dress),
            dress.texts(
                {
                    "GioiTinh": person.sex,
                    "DanToc": person.ethnicity_code,
                    "TonGiao": person.religion_code,
                    "TinhTrangHonNhan": person.marital_code,
                    "NhomMau": person.blood_code,
                }
            ),
            _birth(person, dress),
            _place("NoiDangKyKhaiSinh", person.birth_place, dress),
            _place("QueQuan", person.home_town, dress),
            _place("ThuongTru", person.permanent_address, dress),
            _place("NoiOHienTai", person.current_address, dress),
            dress.text("QuocTich", person.country),
            _relative("Cha", person.father, dress),
            _relative("Me", person.mother, dress),
            # Nobody there: parents are empty elements, the other two are missing; both were seen.
            _relative("VoChong", person.spouse, dress) if person.spouse else "",
            _relative("NguoiDaiDien", person.representative, dress) if person.representative else "",
            _head(person, dress),
            dress.text("SoSoHoKhau", person.household_book),
        ]
    )


def _sparse(person: Person, dress: Dress) -> str:
    empty = dict.fromkeys(("GioiTinh", "DanToc", "TinhTrangHonNhan"), "")
    return "".join(
        [
            dress.text("SoDinhDanh", person.number_12),
            _own_name(person, dress),
            dress.texts(empty),
            _birth(person, dress),
            dress.element("ThuongTru", dress.texts({"MaTinhThanh": "", "ChiTiet": ""})),
            dress.texts({"NoiOHienTai": "", "QuocTich": "", "Cha": "", "ChuHo": ""}),
        ]
    )


def _own_name(person: Person, dress: Dress) -> str:
    return dress.element("HoVaTen", dress.texts({"Ho": "", "ChuDem": "", "Ten": person.full_name.upper()}))


def _birth(person: Person, dress: Dress) -> str:
    parts = {"Nam": person.birth_year, "NgayThangNam": person.birth_date.replace("-", "")}
    return dress.element("NgayThangNamSinh", dress.texts(parts))


def _place(name: str, place: Place, dress: Dress) -> str:
    parts = {
        "MaTinhThanh": place.province_code,
        "MaQuanHuyen": place.district_code,
        "MaPhuongXa": place.ward_code,
        "ChiTiet": place.detail,
        "QuocGia": place.country,
    }
    return dress.element(name, dress.texts(parts))


def _relative(name: str, relative: Relative | None, dress: Dress) -> str:
    if relative is None:
        return dress.element(name, "")
    return dress.element(name, _named(relative, dress) + _numbers(relative, dress))


def _named(relative: Relative, dress: Dress) -> str:
    words = relative.full_name.upper().split()
    if not dress.structured:
        return dress.text("HoVaTen", " ".join(words)) + dress.text("QuocTich", relative.country)
    parts = {"Ho": words[0], "ChuDem": " ".join(words[1:-1]), "Ten": words[-1]}
    return dress.element("HoVaTen", dress.texts(parts)) + dress.text("QuocTich", relative.country)


def _numbers(relative: Relative, dress: Dress) -> str:
    return dress.texts({"SoDinhDanh": relative.number_12, "SoCMND": relative.number_9})


def _head(person: Person, dress: Dress) -> str:
    head = person.head
    if head is None:
        return dress.text("ChuHo", "")
    inner = dress.text("QuanHe", person.relation) + _numbers(head, dress)
    return dress.element("ChuHo", inner + dress.text("HoVaTen", head.full_name.upper()))
