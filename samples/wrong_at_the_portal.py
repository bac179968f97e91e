"""Records that our door takes and the portal refuses: the national rules are narrower, and nobody may cut for them."""

from collections.abc import Iterator

from samples.desk import Desk, Wrong, wrong
from samples.papers import filled
from samples.people import Json
from samples.trades import CLOSED_PROCEDURES
from samples.worktime import RECORDS_END, stamp

_TOO_LONG = {"summary": 1_200, "note": 700, "officer": 60}
_WORDS = "Trình bày rất dài dòng của người nộp hồ sơ; "


def limits(desk: Desk) -> Iterator[Wrong]:
    """Texts that are longer than the nation takes."""
    summary = desk.new_dossier(summary=filled(_WORDS, _TOO_LONG["summary"]))
    yield _refused("long-summary", "TrichYeuHoSo", "A summary of 1,200 characters; the nation takes 1,000.", summary)
    note = desk.new_dossier(note=filled(_WORDS, _TOO_LONG["note"]))
    yield _refused("long-note", "GhiChu", "A note of 700 characters; the nation takes 500.", note)
    name = filled("Công Tằng Tôn Nữ Diệu Ánh ", _TOO_LONG["officer"])
    step = desk.next_step(desk.told_dossier(), officer_name=name, processed_at=stamp(RECORDS_END))
    about = "An officer's name of 60 characters in the last step of a good dossier; the nation takes 50."
    yield _refused("long-officer", "NguoiXuLy", about, step)


def tables(desk: Desk) -> Iterator[Wrong]:
    """Codes that we know or do not check, and the nation does not take."""
    closed = desk.new_dossier(procedure={"code": CLOSED_PROCEDURES[0]})
    yield _refused("closed-procedure", "MaTTHC", "A procedure that the nation has closed.", closed)
    fee = {"name": "Lệ phí", "code": "1", "amount_vnd": 8000, "collection_code": "9", "kind_code": "1"}
    about = "A fee collected in a way that has no national code."
    yield _refused("fee-collected-in-no-known-way", "DanhSachLePhi.HinhThucThu", about, desk.new_dossier(fees=[fee]))
    about = "A fee of a kind that has no national code."
    unkind = fee | {"collection_code": "4", "kind_code": "9"}
    yield _refused("fee-of-no-known-kind", "DanhSachLePhi.LoaiPhiLePhi", about, desk.new_dossier(fees=[unkind]))


def _refused(name: str, field: str, about: str, record: Json) -> Wrong:
    return wrong(name, "portal", field, about, record)
