"""Each rule that refuses a dossier or a step."""

from dataclasses import replace

import pytest

from mock_national.app import create_app
from mock_national.settings import Settings
from tests.mock.support import Portal, a_dossier, a_paper, a_step, in_process

REQUIRED = [
    "MaHoSo",
    "MaTTHC",
    "TenTTHC",
    "MaLinhVuc",
    "TenLinhVuc",
    "LoaiDoiTuong",
    "TrichYeuHoSo",
    "NgayNopHoSo",
    "NgayTiepNhan",
    "TrangThaiHoSo",
    "HinhThuc",
    "DonViXuLy",
    "NoiNopHoSo",
    "HoSoCoThanhPhanSoHoa",
    "TaiKhoanDuocXacThucVoiVNeID",
    "DuocThanhToanTrucTuyen",
    "DinhDanhCHS",
    "DSKetNoiCSDL",
]
V2_ONLY = [
    "KenhThucHien",
    "NgayNopHoSo",
    "NoiNopHoSo",
    "HoSoCoThanhPhanSoHoa",
    "TaiKhoanDuocXacThucVoiVNeID",
    "DuocThanhToanTrucTuyen",
    "DinhDanhCHS",
    "DSKetNoiCSDL",
]


@pytest.mark.asyncio
async def test_the_sample_dossier_and_step_are_taken(portal: Portal) -> None:
    assert await portal.insert(a_dossier()) == {"error_code": "0", "message": "Đồng bộ hồ sơ thành công"}
    assert (await portal.steps(a_step()))["error_code"] == "0"


@pytest.mark.asyncio
@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "  "])
async def test_a_required_field_may_not_be_missing_or_blank(portal: Portal, field: str, value: str | None) -> None:
    answer = await portal.insert(a_dossier(**{field: value}))
    assert answer["error_code"] == "-3"
    assert answer["message"].startswith(f"{field}: ")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("MaHoSo", "H15/260701/1"),
        ("MaHoSo", "H15-260701-001"),
        ("MaHoSo", "H15-260701-0001\n"),
        ("MaHoSo", "H" * 40 + "-260701-0001"),
        ("TenLinhVuc", "x" * 151),
        ("TrichYeuHoSo", "x" * 1001),
        ("GhiChu", "x" * 501),
        ("TrangThaiHoSo", 2),
        ("ChuHoSo", ["a"]),
        ("SoDienThoai", 912345678),
        ("NgayTiepNhan", "2026-07-01 08:15"),
        ("NgayTiepNhan", "20260230081500"),
        ("NgayTiepNhan", "20260701246000"),
        ("NgayHenTra", "20260701"),
        ("TaiLieuNop", {}),
        ("TaiLieuNop", "[]"),
        ("DinhDanhCHS", []),
        ("SoGiayToChuHoSo", "1"),
    ],
)
async def test_a_value_of_the_wrong_form_is_refused(portal: Portal, field: str, value: object) -> None:
    answer = await portal.insert(a_dossier(**{field: value}))
    assert answer["error_code"] == "-3"
    assert answer["message"].startswith(f"{field}: ")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("MaTTHC", "9.999999"),
        ("MaTTHC", "1.000419"),
        ("TenTTHC", "Thủ tục khác"),
        ("MaLinhVuc", "G13-TN02"),
        ("TrangThaiHoSo", "11"),
        ("TrangThaiHoSo", "02"),
        ("KenhThucHien", "0"),
        ("LoaiDoiTuong", "5"),
        ("HinhThuc", "2"),
        ("NoiNopHoSo", "0"),
        ("HoSoCoThanhPhanSoHoa", "True"),
        ("DuocThanhToanTrucTuyen", "4"),
    ],
)
async def test_an_unknown_code_is_refused_with_the_name_of_its_field(portal: Portal, field: str, value: str) -> None:
    answer = await portal.insert(a_dossier(**{field: value}))
    assert answer["error_code"] == "6"
    assert answer["message"].startswith(f"{field}: ")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("field", "inner", "value", "code", "named"),
    [
        ("TaiLieuNop", a_paper(), {"DuongDanTaiTepTin": "ftp://h15.example/1"}, "-3", "DuongDanTaiTepTin"),
        ("TaiLieuNop", a_paper(), {"DuongDanTaiTepTin": "https:///1"}, "-3", "DuongDanTaiTepTin"),
        ("TaiLieuNop", a_paper(), {"IsDeleted": "no"}, "-3", "IsDeleted"),
        ("TaiLieuNop", a_paper(), {"TenTepDinhKem": "x" * 4001}, "-3", "TenTepDinhKem"),
        ("TaiLieuNop", a_paper(), {"MaThanhPhanHoSo": "KQ.1"}, "6", "MaThanhPhanHoSo"),
        ("TaiLieuNop", a_paper(), {"DuocTaiSuDung": "3"}, "6", "DuocTaiSuDung"),
        ("TaiLieuNop", a_paper(), {"MaKetQuaThayThe": "KQ.G15.999999"}, "6", "MaKetQuaThayThe"),
        ("TaiLieuNop", a_paper(), {"Base64": "x"}, "-3", "Base64"),
        (
            "DanhSachGiayToKetQua",
            {"TenGiayTo": "a", "DuongDanTepTinKetQua": "http://h15.example/1"},
            {"MaGiayToKetQua": "KQ.G15.999999"},
            "6",
            "MaGiayToKetQua",
        ),
        ("DinhDanhCHS", {"LoaiDinhDanh": "1"}, {"SoDinhDanh": "123456789"}, "-3", "SoDinhDanh"),
        ("DinhDanhCHS", {"LoaiDinhDanh": "2"}, {"SoDinhDanh": "003099000001"}, "-3", "SoDinhDanh"),
        ("DinhDanhCHS", {"LoaiDinhDanh": "1"}, {"SoDinhDanh": "00309900000x"}, "-3", "SoDinhDanh"),
        ("DinhDanhCHS", {"SoDinhDanh": "003099000001"}, {"LoaiDinhDanh": "3"}, "6", "LoaiDinhDanh"),
        ("DSKetNoiCSDL", {}, {"MaCSDL": "2"}, "6", "MaCSDL"),
        ("DanhSachTepDinhKemKhac", {"TenGiayTo": "a"}, {"SoLuong": -1}, "-3", "SoLuong"),
        ("DanhSachTepDinhKemKhac", {"TenGiayTo": "a"}, {"SoLuong": True}, "-3", "SoLuong"),
    ],
)
async def test_nested_objects_have_rules_of_their_own(
    portal: Portal, field: str, inner: dict[str, object], value: dict[str, object], code: str, named: str
) -> None:
    answer = await portal.insert(a_dossier(**{field: [{**inner, **value}]}))
    assert answer["error_code"] == code
    assert answer["message"].startswith(f"{field}.{named}: ")


@pytest.mark.asyncio
async def test_a_nested_element_that_is_no_object_is_refused(portal: Portal) -> None:
    answer = await portal.insert(a_dossier(TaiLieuNop=["x"]))
    assert answer["error_code"] == "-3"
    assert answer["message"].startswith("TaiLieuNop: ")


@pytest.mark.asyncio
async def test_known_component_and_result_codes_are_taken(portal: Portal) -> None:
    (procedure,) = (await portal.call("LayThuTuc", maTTHC="1.001193"))["result"]
    component = procedure["THANHPHANHOSO"][0]["GIAYTO"][0]["MAGIAYTO"]
    result = procedure["KETQUATHUCHIEN"][0]["MAKETQUA"]
    paper = a_paper(MaThanhPhanHoSo=component, DuocTaiSuDung="2", MaKetQuaThayThe=result)
    outcome = {"TenGiayTo": "a", "DuongDanTepTinKetQua": "http://h15.example/1", "MaGiayToKetQua": result}
    answer = await portal.insert(a_dossier(TaiLieuNop=[paper], DanhSachGiayToKetQua=[outcome]))
    assert answer["error_code"] == "0"


@pytest.mark.asyncio
async def test_supplements_are_checked_to_the_innermost_level(portal: Portal) -> None:
    supplement = {
        "HoSoBoSungId": 1,
        "NguoiYeuCauBoSung": "a",
        "NoiDungBoSung": "b",
        "NgayBoSung": "20260702080000",
        "TrangThaiBoSung": True,
        "DanhSachGiayToBoSung": [a_paper()],
    }
    assert (await portal.insert(a_dossier(1, DanhSachHoSoBoSung=[supplement])))["error_code"] == "0"
    supplement["DanhSachGiayToBoSung"] = [a_paper(IsDeleted="x")]
    answer = await portal.insert(a_dossier(2, DanhSachHoSoBoSung=[supplement]))
    assert answer["message"].startswith("DanhSachHoSoBoSung.DanhSachGiayToBoSung.IsDeleted: ")


@pytest.mark.asyncio
async def test_lengths_count_code_points_as_sent(portal: Portal) -> None:
    assert (await portal.insert(a_dossier(1, GhiChu="ễ" * 500)))["error_code"] == "0"
    decomposed = "e\u0302\u0303"
    answer = await portal.insert(a_dossier(2, GhiChu=decomposed * 500))
    assert answer["message"].startswith("GhiChu: ")


@pytest.mark.asyncio
async def test_optional_fields_may_be_empty_null_or_absent(portal: Portal) -> None:
    item = a_dossier(1, NgayTra="", KenhThucHien="", Email="", TaiLieuNop=[], DanhSachLePhi=[])
    assert (await portal.insert(item | {"Fax": None, "DanhSachGiayToKetQua": None}))["error_code"] == "0"


@pytest.mark.asyncio
async def test_an_organisation_needs_no_identity(portal: Portal) -> None:
    assert (await portal.insert(a_dossier(LoaiDoiTuong="2", DinhDanhCHS=[])))["error_code"] == "0"


@pytest.mark.asyncio
async def test_the_name_of_a_procedure_is_compared_without_case_and_spacing(portal: Portal) -> None:
    answer = await portal.insert(a_dossier(TenTTHC=" THỦ TỤC  đăng ký khai sinh"))
    assert answer["error_code"] == "0"


@pytest.mark.asyncio
async def test_the_older_profile_knows_no_newer_field(settings: Settings) -> None:
    older = replace(settings, profile="v1.4")
    async with in_process(create_app(older)) as client:
        portal = Portal(client)
        await portal.log_in()
        old = a_dossier(**dict.fromkeys(V2_ONLY))
        assert (await portal.insert(old))["error_code"] == "0"
        for field in V2_ONLY:
            answer = await portal.insert(old | {field: a_dossier()[field]})
            assert answer["error_code"] == "-3"
            assert answer["message"].startswith(f"{field}: ")
        nested = await portal.insert(old | {"TaiLieuNop": [a_paper(DuocSoHoa="1")]})
        assert nested["message"].startswith("TaiLieuNop.DuocSoHoa: ")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("MaHoSo", "", "-3"),
        ("NguoiXuLy", "", "-3"),
        ("NguoiXuLy", "x" * 51, "-3"),
        ("ThoiDiemXuLy", "", "-3"),
        ("ThoiDiemXuLy", "20261301000000", "-3"),
        ("TrangThai", "", "-3"),
        ("TrangThai", "0", "6"),
        ("MaBuoc", "1", "-3"),
    ],
)
async def test_a_wrong_step_is_refused(portal: Portal, field: str, value: str, code: str) -> None:
    await portal.insert(a_dossier())
    answer = await portal.steps(a_step(**{field: value}))
    assert answer["error_code"] == code
    assert answer["message"].startswith(f"{field}: ")
