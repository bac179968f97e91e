"""What the portal holds, compared with what was promised."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Kind, Knowledge, Parcel
from connectors.portal.probe import compare

HOLDS, LACKS, CANNOT_TELL = Knowledge.HOLDS, Knowledge.LACKS, Knowledge.CANNOT_TELL
Json = dict[str, Any]


def dossier(**fields: object) -> Parcel:
    """A promised dossier."""
    return Parcel(1, Kind.DOSSIER, "H15-260701-0001", json.dumps(fields), known=False, correlation_id="c")


def step(**fields: object) -> Parcel:
    """A promised step."""
    return Parcel(2, Kind.STEP, "H15-260701-0001", json.dumps(fields), known=True, correlation_id="c")


@pytest.mark.parametrize(
    ("held", "promised", "expected"),
    [
        ({"TRANGTHAIHOSO": "4"}, {"TrangThaiHoSo": "4"}, HOLDS),
        ({"TRANGTHAIHOSO": "4"}, {"TrangThaiHoSo": "5"}, LACKS),
        ({"TRANGTHAIHOSO": 4}, {"TrangThaiHoSo": "4"}, HOLDS),
        ({"TRANGTHAIHOSO": "4", "ID": "1"}, {"TrangThaiHoSo": "4"}, HOLDS),
        ({"TRANGTHAIHOSO": "4", "GHICHU": ""}, {"TrangThaiHoSo": "4"}, HOLDS),
        ({"TRANGTHAIHOSO": "4", "GHICHU": "x"}, {"TrangThaiHoSo": "4"}, LACKS),
        ({"TRANGTHAIHOSO": "4"}, {"TrangThaiHoSo": "4", "TrichYeuHoSo": "x"}, HOLDS),
        ({"TRANGTHAIHOSO": "4", "TRICHYEUHOSO": "y"}, {"TrangThaiHoSo": "4", "TrichYeuHoSo": "x"}, LACKS),
        ({"TRANGTHAIHOSO": "4", "TAILIEUNOP": [{"A": "1"}]}, {"TrangThaiHoSo": "4", "TaiLieuNop": [{"A": "1"}]}, HOLDS),
        ({"TRANGTHAIHOSO": "4", "TAILIEUNOP": []}, {"TrangThaiHoSo": "4", "TaiLieuNop": [{"A": "1"}]}, LACKS),
        ({}, {"TrangThaiHoSo": "4"}, CANNOT_TELL),
        ({"MAHOSO": "1"}, {"MaHoSo": "1", "TrangThaiHoSo": "4"}, CANNOT_TELL),
        ({"TRANGTHAIHOSO": "4", "GHICHU": None}, {"TrangThaiHoSo": "4", "GhiChu": ""}, HOLDS),
    ],
)
def test_a_dossier(held: Json, promised: Json, expected: Knowledge) -> None:
    assert compare(held, [dossier(**promised)]) == (expected,)


@pytest.mark.parametrize("steps", [None, "x", {}, 3])
def test_without_a_list_of_steps_there_is_no_verdict_on_steps(steps: object) -> None:
    held = {"TRANGTHAIHOSO": "4", "TIENDO": steps}
    assert compare(held, [step(A="1"), dossier(TrangThaiHoSo="4")]) == (CANNOT_TELL, HOLDS)
    assert compare({"TRANGTHAIHOSO": "4"}, [step(A="1")]) == (CANNOT_TELL,)


def test_a_list_of_something_else_gives_no_verdict() -> None:
    assert compare({"TRANGTHAIHOSO": "4", "TIENDO": ["x"]}, [step(A="1")]) == (CANNOT_TELL,)


def test_steps_are_the_same_in_any_case_and_order_of_names_and_without_empty_values() -> None:
    held = {"TIENDO": [{"NOIDUNGXULY": "Bước", "MAHOSO": "1", "CHUCDANH": None, "NGAYBATDAU": ""}]}
    assert compare(held, [step(MaHoSo="1", NoiDungXuLy="Bước", NgayKetThucTheoQuyDinh="")]) == (HOLDS,)


def test_steps_may_hold_lists() -> None:
    held = {"TIENDO": [{"A": "1", "TEP": []}]}
    assert compare(held, [step(A="1", Tep=[]), step(A="2")]) == (HOLDS, LACKS)


@given(
    held=st.lists(st.sampled_from("abc"), max_size=8),
    promised=st.lists(st.sampled_from("abcd"), max_size=8),
)
def test_equal_steps_are_counted(held: list[str], promised: list[str]) -> None:
    verdicts = compare({"TIENDO": [{"X": name} for name in held]}, [step(X=name) for name in promised])
    for name in "abcd":
        found = [verdict for verdict, which in zip(verdicts, promised, strict=True) if which == name]
        both = min(held.count(name), promised.count(name))
        assert found == [HOLDS] * both + [LACKS] * (promised.count(name) - both)
