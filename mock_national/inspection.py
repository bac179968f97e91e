"""Whether the portal takes a dossier or a step: the field tables, then what spans several fields."""

from typing import Final

from mock_national.catalogue import Catalogue, Procedure
from mock_national.fields import INVALID, UNKNOWN_CODE, Refusal, Rulebook
from mock_national.settings import Profile

_CITIZEN: Final = "1"
_IDENTITY_DIGITS: Final = {"1": 12, "2": 9}
_PAPERS: Final = ("TaiLieuNop", "DanhSachGiayToKetQua")

Item = dict[str, object]


class Inspector:
    """The rules of one profile, compiled when the mock starts."""

    def __init__(self, profile: Profile, catalogue: Catalogue) -> None:
        """Compile the tables for `profile`."""
        rulebook = Rulebook(profile, frozenset(catalogue.results), frozenset(catalogue.procedures))
        self._dossier = rulebook.table("dossier")
        self._step = rulebook.table("step")
        self._catalogue = catalogue
        self._has_identity = profile == "v2"

    def step(self, item: object) -> Refusal | None:
        """What is wrong with one element of CapNhatTienDoHoSoMC, or None."""
        return self._step.check(item)

    def dossier(self, item: object) -> Refusal | None:
        """What is wrong with one element of DongBoHoSoMC, or None."""
        refusal = self._dossier.check(item)
        if refusal is not None or not isinstance(item, dict):
            return refusal
        procedure = self._catalogue.procedures[str(item["MaTTHC"])]
        return (
            self._against_catalogue(item, procedure)
            or _components(item, procedure)
            or (_identities(item) if self._has_identity else None)
        )

    def _against_catalogue(self, item: Item, procedure: Procedure) -> Refusal | None:
        if procedure.code in self._catalogue.closed:
            return Refusal(UNKNOWN_CODE, "MaTTHC", "thủ tục đã bị đóng trên Cổng")
        if _folded(str(item["TenTTHC"])) != _folded(procedure.name):
            return Refusal(UNKNOWN_CODE, "TenTTHC", "không khớp với tên thủ tục trong danh mục")
        if procedure.field_code and item["MaLinhVuc"] != procedure.field_code:
            return Refusal(UNKNOWN_CODE, "MaLinhVuc", "không khớp với lĩnh vực của thủ tục")
        return None


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _components(item: Item, procedure: Procedure) -> Refusal | None:
    known = procedure.component_codes
    if not known:
        return None
    for field in _PAPERS:
        papers = item.get(field)
        for paper in papers if isinstance(papers, list) else ():
            code = paper.get("MaThanhPhanHoSo")
            if code and code not in known:
                return Refusal(UNKNOWN_CODE, f"{field}.MaThanhPhanHoSo", "không thuộc thành phần hồ sơ của thủ tục")
    return None


def _identities(item: Item) -> Refusal | None:
    identities = item["DinhDanhCHS"]
    if not isinstance(identities, list):
        return None
    if not identities and item["LoaiDoiTuong"] == _CITIZEN:
        return Refusal(INVALID, "DinhDanhCHS", "bắt buộc phải có khi chủ hồ sơ là công dân")
    for identity in identities:
        wanted = _IDENTITY_DIGITS[identity["LoaiDinhDanh"]]
        if len(identity["SoDinhDanh"]) != wanted:
            return Refusal(INVALID, "DinhDanhCHS.SoDinhDanh", f"phải có đúng {wanted} chữ số")
    return None
