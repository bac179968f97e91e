"""From our record to the nation's message. Nothing is cut, invented or rewritten; what has no code is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from connectors.errors import Unmapped
from connectors.portal import codes, papers
from connectors.portal.papers import NO_PAPERS, Papers
from schemas.portal import DinhDanh, HoSo, HoSoBoSung, KetNoiCSDL, LePhi, TienDo
from schemas.provincial import Database, DossierIn, IdentityPaper, StepIn, SupplementRequest

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_YES_NO = ("0", "1")
_TIME_FORM = "yyyyMMddHHmmss"
Key = TypeVar("Key", bound=StrEnum)


class Profile(StrEnum):
    """Generation of the portal's interface; v2 knows digitisation, identity and online payment."""

    V1_4 = "v1.4"
    V2 = "v2"


@dataclass(frozen=True, slots=True)
class DossierFacts:
    """What the code lists add to a dossier: names that the nation wants beside the codes."""

    procedure_name: str
    field_code: str
    field_name: str
    unit_name: str


@dataclass(frozen=True, slots=True)
class Used:
    """What was really used for a dossier: databases that confirmed its person, the applicant's login by VNeID."""

    databases: tuple[Database, ...] = ()
    vneid: bool = False


NOTHING_USED = Used()


def encode_dossier(
    code: str,
    dossier: DossierIn,
    facts: DossierFacts,
    profile: Profile,
    kept: Papers = NO_PAPERS,
    used: Used = NOTHING_USED,
) -> str:
    """The JSON text of a dossier as the nation takes it.

    ``kept`` are the papers of which a file lies here, ``used`` what was really used. What the record itself says of
    papers, links, results, databases and logins is not sent: it is a claim, and the nation counts what it is told
    (``docs/decisions/0028``, ``0041``).

    Raises:
        Unmapped: a value has no national code.
    """
    if profile is Profile.V2:
        return _dossier_v2(code, dossier, facts, kept, used).model_dump_json(exclude_none=True)
    return _dossier_v14(code, dossier, facts, kept).model_dump_json(exclude_none=True)


def encode_step(dossier_code: str, step: StepIn) -> str:
    """The JSON text of a progress step as the nation takes it.

    Raises:
        Unmapped: the status has no national code.
    """
    return TienDo(
        MaHoSo=dossier_code,
        NguoiXuLy=step.officer_name,
        ChucDanh=step.officer_title,
        ThoiDiemXuLy=wire_time(step.processed_at),
        PhongBanXuLy=step.department,
        NoiDungXuLy=step.content,
        TrangThai=_code(codes.STATUS, step.status, "/status", "TrangThai"),
        NgayBatDau=wire_time(step.started_at),
        NgayKetThucTheoQuyDinh=wire_time(step.due_at),
    ).model_dump_json(exclude_none=True)


def wire_time(value: datetime | None) -> str:
    """``yyyyMMddHHmmss`` in Vietnamese time; the nation's form of a missing date is the empty text.

    Raises:
        Unmapped: in Viet Nam it is a year that four digits cannot hold.
    """
    if value is None:
        return ""
    try:
        local = value.astimezone(_VIETNAM)
    except OverflowError:
        raise Unmapped(_TIME_FORM, value.isoformat(), "") from None
    return f"{local.year:04}{local:%m%d%H%M%S}"


def _code(table: Mapping[Key, str], value: Key, pointer: str, name: str) -> str:
    if value not in table:
        raise Unmapped(name, value.value, pointer)
    return table[value]


def _dossier_v14(code: str, dossier: DossierIn, facts: DossierFacts, kept: Papers) -> HoSo:
    applicant = dossier.applicant
    return HoSo(
        MaHoSo=code,
        MaTTHC=dossier.procedure.code,
        TenTTHC=facts.procedure_name,
        MaLinhVuc=facts.field_code,
        TenLinhVuc=facts.field_name,
        ChuHoSo=applicant.full_name,
        LoaiDoiTuong=_code(codes.APPLICANT_KIND, applicant.kind, "/applicant/kind", "LoaiDoiTuong"),
        MaDoiTuong=applicant.portal_account_id,
        Email=applicant.email,
        Fax=applicant.fax,
        SoDienThoai=applicant.phone,
        TrichYeuHoSo=dossier.summary,
        NgayTiepNhan=wire_time(dossier.received_at),
        NgayHenTra=wire_time(dossier.due_at),
        TrangThaiHoSo=_code(codes.STATUS, dossier.status, "/status", "TrangThaiHoSo"),
        NgayTra=wire_time(dossier.returned_at),
        ThongTinTra=dossier.return_note,
        HinhThuc=_code(codes.RETURN_METHOD, dossier.return_method, "/return_method", "HinhThuc"),
        NgayKetThucXuLy=wire_time(dossier.finished_at),
        DonViXuLy=facts.unit_name,
        GhiChu=dossier.note,
        TaiLieuNop=tuple(papers.component(paper, v2=False) for paper in kept.components),
        DanhSachLePhi=tuple(
            LePhi(
                TenPhiLePhi=fee.name,
                MaPhiLePhi=fee.code,
                HinhThucThu=fee.collection_code,
                Gia=str(fee.amount_vnd),
                LoaiPhiLePhi=fee.kind_code,
            )
            for fee in dossier.fees
        ),
        DanhSachHoSoBoSung=tuple(_supplement(request) for request in dossier.supplements),
        DanhSachGiayToKetQua=tuple(papers.result(paper, v2=False) for paper in kept.results),
    )


def _dossier_v2(code: str, dossier: DossierIn, facts: DossierFacts, kept: Papers, used: Used) -> HoSo:
    return _dossier_v14(code, dossier, facts, kept).model_copy(
        update={
            "TaiLieuNop": tuple(papers.component(paper, v2=True) for paper in kept.components),
            "DanhSachGiayToKetQua": tuple(papers.result(paper, v2=True) for paper in kept.results),
            "KenhThucHien": _code(codes.CHANNEL, dossier.channel, "/channel", "KenhThucHien"),
            "NgayNopHoSo": wire_time(dossier.submitted_at),
            "NgayTuChoi": wire_time(dossier.refused_at),
            "NoiNopHoSo": _code(codes.FILED_AT, dossier.filed_at, "/filed_at", "NoiNopHoSo"),
            "HoSoCoThanhPhanSoHoa": _YES_NO[kept.digitised],
            "TaiKhoanDuocXacThucVoiVNeID": _YES_NO[used.vneid],
            "DuocThanhToanTrucTuyen": _code(
                codes.ONLINE_PAYMENT, dossier.online_payment, "/online_payment", "DuocThanhToanTrucTuyen"
            ),
            "DinhDanhCHS": tuple(
                _identity(place, paper)
                for place, paper in enumerate(dossier.applicant.identities)
                if paper.kind not in codes.PAPERS_NOT_SENT
            ),
            "DSKetNoiCSDL": tuple(
                KetNoiCSDL(MaCSDL=_code(codes.DATABASE, database, "/databases_consulted", "MaCSDL"))
                for database in used.databases
            ),
        }
    )


def _identity(place: int, paper: IdentityPaper) -> DinhDanh:
    kind = _code(codes.PAPER_KIND, paper.kind, f"/applicant/identities/{place}/kind", "LoaiDinhDanh")
    return DinhDanh(LoaiDinhDanh=kind, SoDinhDanh=paper.number)


def _supplement(request: SupplementRequest) -> HoSoBoSung:
    return HoSoBoSung(
        HoSoBoSungId=request.number,
        NguoiYeuCauBoSung=request.requested_by,
        NoiDungBoSung=request.reason,
        NgayBoSung=wire_time(request.requested_at),
        NguoiTiepNhanBoSung=request.received_by,
        ThongTinTiepNhan=request.received_note,
        NgayTiepNhanBoSung=wire_time(request.received_at),
        TrangThaiBoSung=request.received_at is not None,
        NgayHenTraTruoc=wire_time(request.previous_due_at),
        NgayHenTraMoi=wire_time(request.new_due_at),
    )
