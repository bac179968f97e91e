"""The comparison finds every kind of fault, planted one at a time; so does the look at what was to be refused."""

import itertools
import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from app.demo import refusals
from app.demo.client import LineAnswer
from app.demo.compare import Comparison, collect, compare, id_of, misreported

Item = dict[str, Any]
CODE = "H15.50-260701-0001"
OTHER = "H15.50-260701-0002"


def dossier(revision: int, status: str = "received", code: str = CODE, **changes: object) -> Item:
    return {
        "type": "dossier",
        "code": code,
        "revision": revision,
        "procedure": {"code": "1.001193"},
        "applicant": {"full_name": "H'Bia Niê"},
        "summary": f"Đăng ký khai sinh, lần {revision}",
        "status": status,
        "submitted_at": "2026-07-01T08:00:00+07:00",
        "received_at": "2026-07-01T01:05:00Z",
        **changes,
    }


def step(number: int, status: str = "processing", code: str = CODE, **changes: object) -> Item:
    return {
        "type": "step",
        "dossier": code,
        "step_id": f"b{number}",
        "officer_name": "Trần Thị Mẫu",
        "content": f"Bước {number}",
        "status": status,
        "processed_at": f"2026-07-01T09:{number:02d}:00+07:00",
        **changes,
    }


RECORDS = [dossier(1), step(1, "received"), dossier(2, "processing"), step(2), step(3), dossier(3, "processing")]

# The same on the wire, written by hand and not by any code of ours.
_DOSSIER = {"MaHoSo": CODE, "MaTTHC": "1.001193", "ChuHoSo": "H'Bia Niê", "NgayNopHoSo": "20260701080000"}
_DOSSIER |= {"NgayTiepNhan": "20260701080500", "NgayHenTra": "", "HinhThuc": "0"}
FIRST = _DOSSIER | {"TrangThaiHoSo": "2", "TrichYeuHoSo": "Đăng ký khai sinh, lần 1"}
SECOND = _DOSSIER | {"TrangThaiHoSo": "4", "TrichYeuHoSo": "Đăng ký khai sinh, lần 2"}
THIRD = _DOSSIER | {"TrangThaiHoSo": "4", "TrichYeuHoSo": "Đăng ký khai sinh, lần 3"}


def wire_step(number: int, status: str = "4", code: str = CODE) -> Item:
    return {
        "MaHoSo": code,
        "NguoiXuLy": "Trần Thị Mẫu",
        "NoiDungXuLy": f"Bước {number}",
        "ThoiDiemXuLy": f"202607010{9}{number:02d}00",
        "TrangThai": status,
    }


def ledger(*entries: tuple[str, Item]) -> list[Item]:
    numbers = itertools.count(1)
    return [{"seq": next(numbers), "kind": kind, "dossier": data["MaHoSo"], "data": data} for kind, data in entries]


INSERT = ("insert", FIRST)
UPDATE = ("update", THIRD)
STEPS = [("step", wire_step(1, "2")), ("step", wire_step(2)), ("step", wire_step(3))]


def judged(*entries: tuple[str, Item], refused: tuple[str, ...] = (), held: tuple[str, ...] = ()) -> Comparison:
    return compare(collect(RECORDS), ledger(*entries), frozenset(refused), frozenset(held))


def test_a_right_ledger_is_exact_and_accounts_for_every_record() -> None:
    found = judged(INSERT, STEPS[0], STEPS[1], UPDATE, STEPS[2])
    assert found.exact
    assert found.superseded == [f"{CODE}#2"]
    assert {*found.delivered, *found.superseded} == {id_of(record) for record in RECORDS}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_lost_step_is_named(place: int) -> None:
    found = judged(INSERT, UPDATE, *(s for i, s in enumerate(STEPS) if i != place))
    assert found.lost == [f"{CODE}/b{place + 1}"]
    assert not found.exact
    assert not found.doubled + found.out_of_order + found.stale + found.foreign


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_doubled_step_is_named(place: int) -> None:
    found = judged(INSERT, UPDATE, *STEPS, STEPS[place])
    assert found.doubled == [f"{CODE}/b{place + 1}"]
    assert not found.lost + found.out_of_order + found.stale + found.foreign


def test_swapped_steps_are_named() -> None:
    found = judged(INSERT, UPDATE, STEPS[1], STEPS[0], STEPS[2])
    assert found.out_of_order in ([f"{CODE}/b1"], [f"{CODE}/b2"])
    assert not found.lost + found.doubled + found.stale + found.foreign


def test_a_step_before_its_dossier_is_out_of_order() -> None:
    found = judged(STEPS[0], INSERT, STEPS[1], STEPS[2], UPDATE)
    assert found.out_of_order == [f"{CODE}#insert"]


def test_a_lost_newest_revision_is_lost_and_stale() -> None:
    found = judged(INSERT, *STEPS)
    assert found.lost == [f"{CODE}#3"]
    assert found.stale == [f"{CODE}#3"]


def test_a_wholly_lost_dossier_is_named_with_its_steps() -> None:
    found = judged()
    assert sorted(found.lost) == [f"{CODE}#3", f"{CODE}/b1", f"{CODE}/b2", f"{CODE}/b3"]


def test_an_old_snapshot_over_a_newer_one_is_stale_and_out_of_order() -> None:
    found = judged(INSERT, UPDATE, ("update", SECOND), *STEPS)
    assert found.stale == [f"{CODE}#3"]
    assert not found.exact


def test_a_snapshot_sent_twice_is_doubled() -> None:
    found = judged(INSERT, UPDATE, UPDATE, *STEPS)
    assert found.doubled == [f"{CODE}#3"]


def test_a_second_insert_is_doubled() -> None:
    found = judged(INSERT, ("insert", THIRD), *STEPS)
    assert found.doubled == [f"{CODE}#insert"]


def test_an_update_before_the_insert_is_out_of_order() -> None:
    found = judged(("update", FIRST), ("insert", THIRD), *STEPS)
    assert f"{CODE}#insert" in found.out_of_order


def test_a_dossier_that_nobody_handed_over_is_foreign() -> None:
    found = judged(INSERT, UPDATE, *STEPS, ("insert", FIRST | {"MaHoSo": OTHER}))
    assert found.foreign == [f"{OTHER}@6"]


def test_a_step_that_nobody_handed_over_is_foreign() -> None:
    found = judged(INSERT, UPDATE, *STEPS, ("step", wire_step(4)))
    assert found.foreign == [f"{CODE}@6"]


@pytest.mark.parametrize(
    "change",
    [
        {"TrangThaiHoSo": "9"},
        {"TrichYeuHoSo": "Khác"},
        {"ChuHoSo": "Người Khác"},
        {"NgayHenTra": "20260703170000"},
        {"NgayTiepNhan": "20260701010500"},  # a clock that was never moved to Viet Nam
    ],
)
def test_a_snapshot_with_other_words_is_foreign_and_the_newest_lost(change: Item) -> None:
    found = judged(INSERT, ("update", THIRD | change), *STEPS)
    assert found.foreign == [f"{CODE}#?"]
    assert found.lost == [f"{CODE}#3"]


@pytest.mark.parametrize(
    "change", [{"TrangThai": "9"}, {"NoiDungXuLy": "Khác"}, {"NguoiXuLy": "Khác"}, {"ThoiDiemXuLy": "20260701020100"}]
)
def test_a_step_with_other_words_is_foreign_and_the_handed_one_lost(change: Item) -> None:
    found = judged(INSERT, UPDATE, STEPS[0], ("step", wire_step(2) | change), STEPS[2])
    assert found.foreign == [f"{CODE}@4"]
    assert found.lost == [f"{CODE}/b2"]


def test_refused_and_held_records_are_not_owed_and_must_not_be_there() -> None:
    refused, held = (f"{CODE}#3",), (f"{CODE}/b2", f"{CODE}/b3")
    assert judged(INSERT, STEPS[0], refused=refused, held=held).exact
    assert judged(INSERT, STEPS[0], STEPS[1], refused=refused, held=held).foreign == [f"{CODE}@3"]
    assert judged(INSERT, STEPS[0], UPDATE, refused=refused, held=held).foreign == [f"{CODE}#?"]


def test_a_revision_overtaken_by_a_refused_one_is_superseded_and_not_lost() -> None:
    found = judged(refused=(f"{CODE}#3",), held=tuple(f"{CODE}/b{n}" for n in (1, 2, 3)))
    assert found.exact
    assert found.superseded == [f"{CODE}#1", f"{CODE}#2"]


def test_letters_typed_in_two_ways_are_the_same_letters() -> None:
    apart = unicodedata.normalize("NFD", "Đăng ký khai sinh, lần 1")
    found = compare(collect([dossier(1, summary=apart)]), ledger(INSERT), frozenset(), frozenset())
    assert found.exact


def test_a_record_handed_over_twice_is_one_record() -> None:
    found = compare(collect([*RECORDS, *RECORDS]), ledger(INSERT, *STEPS, UPDATE), frozenset(), frozenset())
    assert found.exact


def test_steps_alike_in_every_word_are_counted() -> None:
    twins = [dossier(1), step(1, step_id="a"), step(1, step_id="b")]
    one = ("step", wire_step(1))
    assert compare(collect(twins), ledger(INSERT, one, one), frozenset(), frozenset()).exact
    assert compare(collect(twins), ledger(INSERT, one), frozenset(), frozenset()).lost == [f"{CODE}/b"]
    assert compare(collect(twins), ledger(INSERT, one, one, one), frozenset(), frozenset()).doubled == [f"{CODE}/b"]


def test_revisions_alike_in_every_word_are_taken_from_the_newest_back() -> None:
    alike = [dossier(n, summary="Đăng ký khai sinh, lần 1") for n in (1, 2, 3)]
    found = compare(collect(alike), ledger(INSERT, ("update", FIRST)), frozenset(), frozenset())
    assert found.exact
    assert found.delivered == [f"{CODE}#2", f"{CODE}#3"]
    assert found.superseded == [f"{CODE}#1"]


TRUE_CLAIMS = {id_of(record): "delivered" for record in RECORDS} | {f"{CODE}#2": "superseded"}


def test_true_claims_are_not_misreported() -> None:
    found = judged(INSERT, *STEPS, UPDATE)
    assert misreported(collect(RECORDS), TRUE_CLAIMS, found) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda claims: claims | {f"{CODE}/b2": "waiting"}, f"{CODE}/b2"),
        (lambda claims: claims | {f"{CODE}#3": "unknown"}, f"{CODE}#delivered"),
        (lambda claims: claims | {f"{CODE}#2": "dead"}, f"{CODE}#superseded"),
        (lambda claims: claims | {f"{OTHER}#1": "delivered"}, f"{OTHER}#1"),
        (lambda claims: {k: v for k, v in claims.items() if k != f"{CODE}/b3"}, f"{CODE}/b3"),
    ],
)
def test_a_claim_that_the_ledger_does_not_bear_out_is_named(
    change: Callable[[dict[str, str]], dict[str, str]], named: str
) -> None:
    found = judged(INSERT, *STEPS, UPDATE)
    assert named in misreported(collect(RECORDS), change(TRUE_CLAIMS), found)


def test_a_snapshot_whose_answer_was_lost_may_be_told_as_overtaken_though_the_nation_had_it() -> None:
    between = ("update", SECOND)
    found = judged(INSERT, *STEPS, between, UPDATE)
    assert misreported(collect(RECORDS), TRUE_CLAIMS, found) == []


def test_the_newest_snapshot_is_never_overtaken() -> None:
    found = judged(INSERT, *STEPS, UPDATE)
    swapped = TRUE_CLAIMS | {f"{CODE}#3": "superseded", f"{CODE}#2": "delivered"}
    assert f"{CODE}#delivered" in misreported(collect(RECORDS), swapped, found)


WRONG = [
    {"name": "cut", "line": 1, "refused_by": "door", "reason": "unreadable-line"},
    {"name": "long", "line": 2, "refused_by": "portal", "reason": "NguoiXuLy"},
]
LINES = [b'{"type": ', json.dumps(step(9)).encode()]
CUT = LineAnswer(1, LINES[0], {"type": "/problems/unreadable-line"})
LONG = {"state": "rejected", "answer_field": "NguoiXuLy", "answer_message": "NguoiXuLy: …"}


def test_refusals_as_foretold_by_name_hold_no_surprise() -> None:
    verdict = refusals.judge(WRONG, LINES, [CUT], {f"{CODE}/b9": LONG, f"{CODE}/b1": {"state": "delivered"}})
    assert (verdict.door, verdict.portal, verdict.surprises) == (1, 1, [])


@pytest.mark.parametrize(
    ("refused", "claims", "surprise"),
    [
        ([], {f"{CODE}/b9": LONG}, "cut: foretold unreadable-line (door), met taken"),
        (
            [LineAnswer(1, LINES[0], {"type": "/problems/too-large"})],
            {f"{CODE}/b9": LONG},
            "cut: foretold unreadable-line (door), met too-large",
        ),
        ([CUT], {}, "long: foretold NguoiXuLy (portal), met no delivery"),
        ([CUT], {f"{CODE}/b9": {"state": "delivered"}}, "long: foretold NguoiXuLy (portal), met delivered"),
        ([CUT], {f"{CODE}/b9": LONG | {"answer_field": "GhiChu"}}, "long: foretold NguoiXuLy (portal), met GhiChu"),
        ([CUT], {f"{CODE}/b9": LONG, f"{CODE}/b1": LONG}, f"{CODE}/b1: NguoiXuLy was not foretold"),
        (
            [CUT, LineAnswer(2, LINES[1], {"type": "/problems/too-large"})],
            {f"{CODE}/b9": LONG},
            "wrong.ndjson:2: too-large was not foretold",
        ),
    ],
)
def test_a_refusal_otherwise_than_foretold_is_told(
    refused: list[LineAnswer], claims: dict[str, Item], surprise: str
) -> None:
    assert refusals.judge(WRONG, LINES, refused, claims).surprises == [surprise]
