"""The national portal's messages, in its own names (service ``DongBoHoSoMC`` and ``CapNhatTienDoHoSoMC``).

All scalars are texts. Fields marked ``None`` are left out of the message. Sources: public clients of the portal.
"""

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """Base of the national shapes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DinhDanh(Wire):
    """An identity number of the applicant."""

    LoaiDinhDanh: str
    SoDinhDanh: str


class KetNoiCSDL(Wire):
    """A national database that was consulted."""

    MaCSDL: str


class TaiLieu(Wire):
    """A submitted paper."""

    TepDinhKemId: str
    TenTepDinhKem: str
    IsDeleted: str
    MaThanhPhanHoSo: str | None = None
    DuongDanTaiTepTin: str | None = None
    DuocSoHoa: str | None = None
    DuocTaiSuDung: str | None = None
    DuocLayTuKhoDMQG: str | None = None
    MaKetQuaThayThe: str | None = None


class LePhi(Wire):
    """A fee or charge."""

    TenPhiLePhi: str
    MaPhiLePhi: str
    HinhThucThu: str
    Gia: str
    LoaiPhiLePhi: str


class HoSoBoSung(Wire):
    """A request to complete the dossier."""

    HoSoBoSungId: int
    NguoiYeuCauBoSung: str
    NoiDungBoSung: str
    NgayBoSung: str
    NguoiTiepNhanBoSung: str | None = None
    ThongTinTiepNhan: str | None = None
    NgayTiepNhanBoSung: str
    TrangThaiBoSung: bool
    NgayHenTraTruoc: str
    NgayHenTraMoi: str


class GiayToKetQua(Wire):
    """A result of the procedure."""

    TenGiayTo: str
    MaThanhPhanHoSo: str | None = None
    GiayToId: str
    DuongDanTepTinKetQua: str
    MaGiayToKetQua: str | None = None


class HoSo(Wire):
    """A dossier. The last block exists since the second generation of the interface (profile ``v2``)."""

    MaHoSo: str
    MaTTHC: str
    TenTTHC: str
    MaLinhVuc: str
    TenLinhVuc: str
    ChuHoSo: str
    LoaiDoiTuong: str
    MaDoiTuong: str | None = None
    Email: str | None = None
    Fax: str | None = None
    SoDienThoai: str | None = None
    TrichYeuHoSo: str
    NgayTiepNhan: str
    NgayHenTra: str
    TrangThaiHoSo: str
    NgayTra: str
    ThongTinTra: str | None = None
    HinhThuc: str
    NgayKetThucXuLy: str
    DonViXuLy: str
    GhiChu: str | None = None
    TaiLieuNop: tuple[TaiLieu, ...] = ()
    DanhSachLePhi: tuple[LePhi, ...] = ()
    DanhSachHoSoBoSung: tuple[HoSoBoSung, ...] = ()
    DanhSachGiayToKetQua: tuple[GiayToKetQua, ...] = ()

    KenhThucHien: str | None = None
    NgayNopHoSo: str | None = None
    NgayTuChoi: str | None = None
    NoiNopHoSo: str | None = None
    HoSoCoThanhPhanSoHoa: str | None = None
    TaiKhoanDuocXacThucVoiVNeID: str | None = None
    DuocThanhToanTrucTuyen: str | None = None
    DinhDanhCHS: tuple[DinhDanh, ...] | None = None
    DSKetNoiCSDL: tuple[KetNoiCSDL, ...] | None = None


class TienDo(Wire):
    """A progress step. It has no id of its own: sent twice, it stands there twice."""

    MaHoSo: str
    NguoiXuLy: str
    ChucDanh: str | None = None
    ThoiDiemXuLy: str
    PhongBanXuLy: str | None = None
    NoiDungXuLy: str
    TrangThai: str
    NgayBatDau: str
    NgayKetThucTheoQuyDinh: str
