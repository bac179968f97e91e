"""From our record to the nation's message: nothing cut, nothing invented, nothing without a code."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Unmapped
from connectors.portal import Profile, Used, codes, encode_dossier, encode_step
from connectors.portal.encode import _code, wire_time
from connectors.portal.papers import Paper, Papers, ResultPaper
from schemas import provincial
from schemas.portal import HoSo, HoSoBoSung, TienDo
from schemas.provincial import Database, DossierIn, PaperKind, Reuse, Status, StepIn
from tests.unit.connectors.records import FACTS, dossiers, kept_papers, steps

CODE = "H15.16-260701-0001"
USED = Used((Database.POPULATION,), vneid=True)
AT = datetime(2026, 7, 1, 1, 0, 59, 999_999, tzinfo=UTC)
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
TABLES: Mapping[type[StrEnum], Mapping[Any, str]] = {
    provincial.Status: codes.STATUS,
    provincial.Channel: codes.CHANNEL,
    provincial.ApplicantKind: codes.APPLICANT_KIND,
    provincial.PaperKind: codes.PAPER_KIND,
    provincial.ReturnMethod: codes.RETURN_METHOD,
    provincial.FiledAt: codes.FILED_AT,
    provincial.OnlinePayment: codes.ONLINE_PAYMENT,
    provincial.Reuse: codes.REUSE,
    provincial.Database: codes.DATABASE,
}
MAY_BE_EMPTY = {
    "NgayHenTra",
    "NgayTra",
    "NgayKetThucXuLy",
    "NgayTuChoi",
    "NgayTiepNhanBoSung",
    "NgayHenTraTruoc",
    "NgayHenTraMoi",
    "NgayBatDau",
    "NgayKetThucTheoQuyDinh",
}
NO_TEXT = {"HoSoBoSungId": int, "TrangThaiBoSung": bool}
V2_FIELDS = {
    *("KenhThucHien", "NgayNopHoSo", "NgayTuChoi", "NoiNopHoSo", "HoSoCoThanhPhanSoHoa"),
    *("TaiKhoanDuocXacThucVoiVNeID", "DuocThanhToanTrucTuyen", "DinhDanhCHS", "DSKetNoiCSDL"),
    *("DuocSoHoa", "DuocTaiSuDung", "DuocLayTuKhoDMQG", "MaKetQuaThayThe", "MaGiayToKetQua"),
}


def scalars(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Every scalar of a message, with the name of its field."""
    if isinstance(value, dict):
        for inner, part in value.items():
            yield from scalars(part, inner)
    elif isinstance(value, list):
        for part in value:
            yield from scalars(part, name)
    else:
        yield name, value


def full_dossier() -> DossierIn:
    """A dossier with something in every field."""
    later = AT + timedelta(days=1)
    return DossierIn.model_validate(
        {
            "revision": 7,
            "procedure": {"code": "1.001193"},
            "receiving_unit": "H15.16",
            "applicant": {
                "kind": "citizen",
                "full_name": 'H\'Bia Niê "Út" & <con>',
                "identities": [
                    {"kind": "personal_number", "number": "003190123456"},
                    {"kind": "tax_number", "number": "0123456789"},
                    {"kind": "old_identity_number", "number": "240123456"},
                ],
                "phone": "0912 345 678",
                "email": "bia@example.vn",
                "fax": "0262 3123456",
                "portal_account_id": "tech-1",
                "vneid_verified": True,
            },
            "summary": "Đăng ký khai sinh",
            "channel": "online",
            "filed_at": "national_portal",
            "status": "returned",
            "submitted_at": AT,
            "received_at": AT + timedelta(hours=1),
            "due_at": later,
            "finished_at": AT + timedelta(hours=2),
            "returned_at": AT + timedelta(hours=3),
            "refused_at": AT + timedelta(hours=4),
            "return_method": "postal",
            "return_note": "Qua bưu điện",
            "note": "Ghi chú",
            "online_payment": "province_gateway",
            "databases_consulted": ["population"],
            "components": [
                {"name": "Chỉ bản giấy"},
                {
                    "name": "Tờ khai.pdf",
                    "component_code": "000.00.00.G15-KQ003208",
                    "file_id": "f1",
                    "url": "https://nowhere.example/claimed",
                    "digitised": True,
                    "reuse": "result",
                    "from_national_store": True,
                    "replacing_result_code": "KQ.G15.000031",
                },
            ],
            "fees": [{"name": "Lệ phí", "code": "1", "amount_vnd": 8000, "collection_code": "4", "kind_code": "1"}],
            "supplements": [
                {
                    "number": 1,
                    "requested_by": "Cán bộ",
                    "reason": "Thiếu giấy",
                    "requested_at": AT,
                    "received_by": "Một cửa",
                    "received_note": "Đã nhận",
                    "received_at": later,
                    "previous_due_at": AT,
                    "new_due_at": later,
                }
            ],
            "results": [{"name": "Khai", "result_code": "KQ.G15.000031", "url": "https://nowhere.example/claimed"}],
        }
    )


KEPT = Papers(
    (
        Paper(
            file_id="f1",
            name="Tờ khai.pdf",
            component_code="000.00.00.G15-KQ003208",
            url="https://h15.example/t/1",
            digitised=True,
            reuse=Reuse.RESULT,
            from_national_store=True,
            replacing_result_code="KQ.G15.000031",
        ),
    ),
    (ResultPaper("k1", "Giấy khai sinh", "KQ.G15.000031", "https://h15.example/k/1"),),
)
GOLDEN_V14 = {
    "MaHoSo": CODE,
    "MaTTHC": "1.001193",
    "TenTTHC": "Thủ tục đăng ký khai sinh",
    "MaLinhVuc": "G15-TP07",
    "TenLinhVuc": "Hộ tịch",
    "ChuHoSo": 'H\'Bia Niê "Út" & <con>',
    "LoaiDoiTuong": "1",
    "MaDoiTuong": "tech-1",
    "Email": "bia@example.vn",
    "Fax": "0262 3123456",
    "SoDienThoai": "0912 345 678",
    "TrichYeuHoSo": "Đăng ký khai sinh",
    "NgayTiepNhan": "20260701090059",
    "NgayHenTra": "20260702080059",
    "TrangThaiHoSo": "10",
    "NgayTra": "20260701110059",
    "ThongTinTra": "Qua bưu điện",
    "HinhThuc": "1",
    "NgayKetThucXuLy": "20260701100059",
    "DonViXuLy": "UBND phường Mẫu",
    "GhiChu": "Ghi chú",
    "TaiLieuNop": [
        {
            "TepDinhKemId": "f1",
            "TenTepDinhKem": "Tờ khai.pdf",
            "IsDeleted": "False",
            "MaThanhPhanHoSo": "000.00.00.G15-KQ003208",
            "DuongDanTaiTepTin": "https://h15.example/t/1",
        }
    ],
    "DanhSachLePhi": [
        {"TenPhiLePhi": "Lệ phí", "MaPhiLePhi": "1", "HinhThucThu": "4", "Gia": "8000", "LoaiPhiLePhi": "1"}
    ],
    "DanhSachHoSoBoSung": [
        {
            "HoSoBoSungId": 1,
            "NguoiYeuCauBoSung": "Cán bộ",
            "NoiDungBoSung": "Thiếu giấy",
            "NgayBoSung": "20260701080059",
            "NguoiTiepNhanBoSung": "Một cửa",
            "ThongTinTiepNhan": "Đã nhận",
            "NgayTiepNhanBoSung": "20260702080059",
            "TrangThaiBoSung": True,
            "NgayHenTraTruoc": "20260701080059",
            "NgayHenTraMoi": "20260702080059",
        }
    ],
    "DanhSachGiayToKetQua": [
        {"TenGiayTo": "Giấy khai sinh", "GiayToId": "k1", "DuongDanTepTinKetQua": "https://h15.example/k/1"}
    ],
}
GOLDEN_V2 = GOLDEN_V14 | {
    "TaiLieuNop": [
        {
            "TepDinhKemId": "f1",
            "TenTepDinhKem": "Tờ khai.pdf",
            "IsDeleted": "False",
            "MaThanhPhanHoSo": "000.00.00.G15-KQ003208",
            "DuongDanTaiTepTin": "https://h15.example/t/1",
            "DuocSoHoa": "1",
            "DuocTaiSuDung": "2",
            "DuocLayTuKhoDMQG": "1",
            "MaKetQuaThayThe": "KQ.G15.000031",
        }
    ],
    "DanhSachGiayToKetQua": [
        {
            "TenGiayTo": "Giấy khai sinh",
            "GiayToId": "k1",
            "DuongDanTepTinKetQua": "https://h15.example/k/1",
            "MaGiayToKetQua": "KQ.G15.000031",
        }
    ],
    "KenhThucHien": "2",
    "NgayNopHoSo": "20260701080059",
    "NgayTuChoi": "20260701120059",
    "NoiNopHoSo": "1",
    "HoSoCoThanhPhanSoHoa": "1",
    "TaiKhoanDuocXacThucVoiVNeID": "1",
    "DuocThanhToanTrucTuyen": "2",
    "DinhDanhCHS": [
        {"LoaiDinhDanh": "1", "SoDinhDanh": "003190123456"},
        {"LoaiDinhDanh": "2", "SoDinhDanh": "240123456"},
    ],
    "DSKetNoiCSDL": [{"MaCSDL": "1"}],
}


@pytest.mark.parametrize(("profile", "golden"), [(Profile.V1_4, GOLDEN_V14), (Profile.V2, GOLDEN_V2)])
def test_a_full_dossier_on_the_wire(profile: Profile, golden: dict[str, object]) -> None:
    wire = encode_dossier(CODE, full_dossier(), FACTS, profile, KEPT, USED)
    assert json.loads(wire) == golden
    # The letters go as themselves, not as escapes that count six.
    assert "Đăng ký khai sinh" in wire


def test_a_step_on_the_wire() -> None:
    step = StepIn(step_id="s-1", officer_name="Cán bộ", content="Xử lý", status=Status.FEE_DUE, processed_at=AT)
    expected = {
        "MaHoSo": CODE,
        "NguoiXuLy": "Cán bộ",
        "ThoiDiemXuLy": "20260701080059",
        "NoiDungXuLy": "Xử lý",
        "TrangThai": "6",
        "NgayBatDau": "",
        "NgayKetThucTheoQuyDinh": "",
    }
    assert json.loads(encode_step(CODE, step)) == expected
    more = step.model_copy(update={"officer_title": "Trưởng phòng", "department": "Tư pháp", "started_at": AT})
    assert json.loads(encode_step(CODE, more)) == expected | {
        "ChucDanh": "Trưởng phòng",
        "PhongBanXuLy": "Tư pháp",
        "NgayBatDau": "20260701080059",
    }


def test_every_enum_of_the_contract_has_a_table() -> None:
    enums = {
        thing
        for thing in vars(provincial).values()
        if isinstance(thing, type) and issubclass(thing, StrEnum) and thing is not StrEnum
    }
    assert enums == set(TABLES)


@pytest.mark.parametrize("enum", TABLES, ids=lambda enum: enum.__name__)
def test_every_value_has_a_code_of_its_own_or_a_stated_fate(enum: type[StrEnum]) -> None:
    table = TABLES[enum]
    not_sent = codes.PAPERS_NOT_SENT if enum is PaperKind else frozenset()
    assert set(table) | not_sent == set(enum)
    assert not set(table) & not_sent
    assert len(set(table.values())) == len(table)
    assert all(code.isdecimal() for code in table.values())


def test_a_value_without_a_code_is_refused_with_its_place() -> None:
    with pytest.raises(Unmapped, match="'done' has no code in 'TrangThai'") as caught:
        _code({Status.RECEIVED: "2"}, Status.DONE, "/status", "TrangThai")
    assert (caught.value.table, caught.value.value, caught.value.pointer) == ("TrangThai", "done", "/status")


@pytest.mark.parametrize(
    ("table", "missing", "pointer"),
    [
        ("STATUS", "returned", "/status"),
        ("APPLICANT_KIND", "citizen", "/applicant/kind"),
        ("RETURN_METHOD", "postal", "/return_method"),
        ("CHANNEL", "online", "/channel"),
        ("FILED_AT", "national_portal", "/filed_at"),
        ("ONLINE_PAYMENT", "province_gateway", "/online_payment"),
        ("PAPER_KIND", "old_identity_number", "/applicant/identities/2/kind"),
    ],
)
def test_the_pointer_leads_to_the_value_in_the_record(
    monkeypatch: pytest.MonkeyPatch, table: str, missing: str, pointer: str
) -> None:
    shorter = {key: code for key, code in getattr(codes, table).items() if key.value != missing}
    monkeypatch.setattr(codes, table, MappingProxyType(shorter))
    with pytest.raises(Unmapped) as caught:
        encode_dossier(CODE, full_dossier(), FACTS, Profile.V2)
    assert (caught.value.pointer, caught.value.value) == (pointer, missing)
    found: object = json.loads(full_dossier().model_dump_json())
    for part in pointer.split("/")[1:]:
        found = found[int(part)] if isinstance(found, list) else found[part]  # type: ignore[index]
    assert found == missing


def test_the_older_portal_is_not_asked_for_codes_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    for table in ("CHANNEL", "FILED_AT", "ONLINE_PAYMENT", "PAPER_KIND", "DATABASE", "REUSE"):
        monkeypatch.setattr(codes, table, MappingProxyType({}))
    assert json.loads(encode_dossier(CODE, full_dossier(), FACTS, Profile.V1_4, KEPT)) == GOLDEN_V14


def test_nothing_is_cut_however_long() -> None:
    long = "Dài " * 999 + "hết."
    dossier = full_dossier().model_copy(update={"summary": long, "note": long})
    wire = json.loads(encode_dossier(CODE, dossier, FACTS, Profile.V2))
    assert (wire["TrichYeuHoSo"], wire["GhiChu"]) == (long, long)
    step = StepIn(step_id="s", officer_name="N" * 300, content=long, status=Status.DONE, processed_at=AT)
    told = json.loads(encode_step(CODE, step))
    assert (told["NguoiXuLy"], told["NoiDungXuLy"]) == ("N" * 300, long)


ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))) | st.sampled_from(
    [VIETNAM, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")]
)


# Viet Nam has had one offset since 1975; before, an hour could come twice.
@given(st.datetimes(datetime(1976, 1, 1), datetime(9999, 12, 30), timezones=ZONES))  # noqa: DTZ001 - bounds are naive
def test_a_time_comes_back_to_the_second(value: datetime) -> None:
    wire = wire_time(value)
    assert len(wire) == 14
    read = datetime.strptime(wire, "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
    assert read == value.astimezone(UTC).replace(microsecond=0)


def test_times_at_the_ends_of_the_calendar() -> None:
    assert wire_time(None) == ""
    assert wire_time(datetime(987, 6, 5, tzinfo=VIETNAM)) == "09870605000000"
    assert wire_time(datetime(9999, 12, 31, 23, 59, 59, tzinfo=VIETNAM)) == "99991231235959"
    for value in (
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9))),
    ):
        with pytest.raises(Unmapped, match="yyyyMMddHHmmss"):
            wire_time(value)


def check_message(wire: str, shape: type[HoSo] | type[TienDo]) -> dict[str, object]:
    """The rules for every message; gives it back read."""
    message: dict[str, object] = json.loads(wire)
    shape.model_validate(message)
    for name, value in scalars(message):
        assert type(value) is NO_TEXT.get(name, str), name
        assert value != "" or name in MAY_BE_EMPTY, name
    return message


@given(dossiers(), st.sampled_from(Profile))
def test_what_a_record_claims_of_papers_is_not_told_to_the_nation(dossier: DossierIn, profile: Profile) -> None:
    message = json.loads(encode_dossier(CODE, dossier, FACTS, profile))
    assert (message["TaiLieuNop"], message["DanhSachGiayToKetQua"]) == ([], [])
    assert message.get("HoSoCoThanhPhanSoHoa", "0") == "0"


@given(dossiers(), st.builds(Used, st.sampled_from([(), (Database.POPULATION,)]), st.booleans()))
def test_the_nation_is_told_what_was_used_and_not_what_is_claimed(dossier: DossierIn, used: Used) -> None:
    message = json.loads(encode_dossier(CODE, dossier, FACTS, Profile.V2, used=used))
    assert message["DSKetNoiCSDL"] == [{"MaCSDL": codes.DATABASE[database]} for database in used.databases]
    assert message["TaiKhoanDuocXacThucVoiVNeID"] == str(int(used.vneid))


@given(dossiers(), st.sampled_from(Profile), kept_papers())
def test_every_dossier_keeps_the_rules_of_the_wire(dossier: DossierIn, profile: Profile, kept: Papers) -> None:
    message = check_message(encode_dossier(CODE, dossier, FACTS, profile, kept), HoSo)
    names = {name for name, _ in scalars(message)} | set(message)
    if profile is Profile.V1_4:
        assert not names & V2_FIELDS
    else:
        always = {"DinhDanhCHS", "DSKetNoiCSDL", "KenhThucHien", "NoiNopHoSo", "NgayNopHoSo", "DuocThanhToanTrucTuyen"}
        assert always <= set(message)
    assert message["ChuHoSo"] == dossier.applicant.full_name
    assert message["TrichYeuHoSo"] == dossier.summary
    assert message.get("GhiChu") == dossier.note
    told = {str(value) for _, value in scalars(message)}
    assert {fee.name for fee in dossier.fees} | {paper.url for paper in kept.components} <= told
    assert {request.reason for request in dossier.supplements} | {result.url for result in kept.results} <= told


@given(steps())
def test_every_step_keeps_the_rules_of_the_wire(step: StepIn) -> None:
    message = check_message(encode_step(CODE, step), TienDo)
    assert (message["NguoiXuLy"], message["NoiDungXuLy"]) == (step.officer_name, step.content)
    assert message.get("ChucDanh") == step.officer_title
    assert message.get("PhongBanXuLy") == step.department


def test_the_numbers_of_a_supplement_are_no_texts() -> None:
    """The one shape with a number and a truth value, as the vendor's has them."""
    assert {name for name, field in HoSoBoSung.model_fields.items() if field.annotation in {int, bool}} == set(NO_TEXT)
