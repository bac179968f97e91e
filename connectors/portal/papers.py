"""What the nation is told of papers and results: only what a file of ours stands behind."""

from dataclasses import dataclass

from connectors.portal import codes
from schemas.portal import GiayToKetQua, TaiLieu
from schemas.provincial import Reuse

_YES_NO = ("0", "1")


@dataclass(frozen=True, slots=True)
class Paper:
    """One component with a file. ``replacing_result_code`` goes with ``reuse`` 'result'."""

    file_id: str
    name: str
    component_code: str | None
    url: str
    digitised: bool
    reuse: Reuse
    from_national_store: bool
    replacing_result_code: str | None


@dataclass(frozen=True, slots=True)
class ResultPaper:
    """One result with a file."""

    file_id: str
    name: str
    result_code: str
    url: str


@dataclass(frozen=True, slots=True)
class Papers:
    """The papers of one dossier."""

    components: tuple[Paper, ...] = ()
    results: tuple[ResultPaper, ...] = ()

    @property
    def digitised(self) -> bool:
        """Whether any component is digitised (``HoSoCoThanhPhanSoHoa``)."""
        return any(paper.digitised for paper in self.components)


NO_PAPERS = Papers()


def component(paper: Paper, *, v2: bool) -> TaiLieu:
    """A component on the wire; the marks exist since the second generation of the interface."""
    plain = TaiLieu(
        TepDinhKemId=paper.file_id,
        TenTepDinhKem=paper.name,
        IsDeleted="False",
        MaThanhPhanHoSo=paper.component_code,
        DuongDanTaiTepTin=paper.url,
    )
    if not v2:
        return plain
    return plain.model_copy(
        update={
            "DuocSoHoa": _YES_NO[paper.digitised],
            "DuocTaiSuDung": codes.REUSE[paper.reuse],
            "DuocLayTuKhoDMQG": _YES_NO[paper.from_national_store],
            "MaKetQuaThayThe": paper.replacing_result_code,
        }
    )


def result(paper: ResultPaper, *, v2: bool) -> GiayToKetQua:
    """A result on the wire; its code exists since the second generation of the interface."""
    return GiayToKetQua(
        TenGiayTo=paper.name,
        GiayToId=paper.file_id,
        DuongDanTepTinKetQua=paper.url,
        MaGiayToKetQua=paper.result_code if v2 else None,
    )
