"""Leaves: the same bytes for the same entry whatever held it, and canonical to the letter of RFC 8785."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.audit import AuditEntry, AuditKind
from app.domain.commitments import Commitments
from app.store.tables import audit
from app.tlog import LeafRefused, leaf_of
from app.tlog.leaf import canonical

_AT = datetime(2026, 7, 1, 1, 5, 2, 123, UTC)
_ENTRY: dict[str, Any] = {
    "id": 41,
    "at": _AT,
    "kind": AuditKind.RECEIVED,
    "outcome": "ok",
    "actor": "intake",
    "agency": "H15.16",
    "provider": "lienthong",
    "purpose": "tiếp nhận hồ sơ",
    "legal_basis": "107/2021/NĐ-CP",
    "correlation_id": "c-1",
    "dossier_code": None,
    "procedure_code": "1.004194",
    "unit_code": None,
    "subject_ref": None,
    "payload_hash": None,
    "detail": {"b": 1, "a": None},
    "commitments": None,
}
_COMMITTED = Commitments("0" * 32, {"number": "ab" * 32, "full_name": "cd" * 32}).to_text()


def _with(**changes: object) -> dict[str, Any]:
    return _ENTRY | changes


def test_a_leaf_to_the_letter() -> None:
    assert leaf_of(_ENTRY).decode() == (
        '{"actor":"intake","agency":"H15.16","at":"2026-07-01T01:05:02.000123Z","correlation_id":"c-1",'
        '"detail":{"a":null,"b":1},"id":41,"kind":"received","legal_basis":"107/2021/NĐ-CP","outcome":"ok",'
        '"procedure_code":"1.004194","provider":"lienthong","purpose":"tiếp nhận hồ sơ","v":1}'
    )


@pytest.mark.parametrize(
    "same",
    [
        {"kind": "received"},
        {"detail": '{ "a" : null,\n"b": 1 }'},
        {"at": _AT.astimezone(timezone(timedelta(hours=7)))},
    ],
)
def test_how_a_database_gives_a_value_leaves_no_trace(same: dict[str, object]) -> None:
    assert leaf_of(_with(**same)) == leaf_of(_ENTRY)


@pytest.mark.parametrize("name", sorted(_ENTRY))
def test_every_column_is_in_the_leaf(name: str) -> None:
    changed = {"id": 42, "at": _AT + timedelta(microseconds=1), "detail": {"b": 1}, "commitments": _COMMITTED}.get(
        name, "other"
    )
    assert leaf_of(_with(**{name: changed})) != leaf_of(_ENTRY)


def test_a_leaf_with_commitments_to_the_letter_and_none_without() -> None:
    with_them, without = leaf_of(_with(commitments=_COMMITTED)).decode(), leaf_of(_ENTRY).decode()
    zeros, name, number = "0" * 32, "cd" * 32, "ab" * 32
    committed = f'"commitments":{{"key":"{zeros}","values":{{"full_name":"{name}","number":"{number}"}}}},'
    assert with_them == without.replace('"correlation_id"', committed + '"correlation_id"')
    # As it was before there were any: the row has no such column, or an empty one.
    assert leaf_of({name: value for name, value in _ENTRY.items() if name != "commitments"}).decode() == without


def test_the_leaf_knows_every_column_that_the_table_has() -> None:
    assert {column.name for column in audit.columns} == set(_ENTRY)
    assert set(AuditEntry.__slots__) - {"personal"} == set(_ENTRY) - {"id", "at", "commitments"}


@pytest.mark.parametrize(
    "bad",
    [
        {"tenant": "x"},
        {"actor": None},
        {"at": _AT.replace(tzinfo=None)},
        {"at": "2026-07-01"},
        {"detail": "not JSON"},
        {"detail": "[1]"},
        {"detail": [1]},
        {"detail": "[" * 100_000},
        {"detail": '{"a": NaN}'},
        {"detail": '{"a": 1e400}'},
        {"detail": {"a": float("inf")}},
        {"detail": {"a": Decimal(1)}},
        {"detail": {1: "a"}},
        {"detail": {"a": b"x"}},
        {"detail": {"a": "lone \ud800"}},
        {"purpose": "x" * 65_535},
        {"commitments": "{}"},
        {"commitments": _COMMITTED.replace(",", ", ")},
        {"commitments": _COMMITTED.replace("ab", "AB")},
    ],
)
def test_what_has_no_one_form_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(LeafRefused):
        leaf_of(_with(**bad))


def test_times_within_the_detail_are_written_as_those_of_the_entry() -> None:
    assert json.loads(leaf_of(_with(detail={"until": [_AT]})))["detail"] == {"until": ["2026-07-01T01:05:02.000123Z"]}


def test_a_missing_column_is_refused() -> None:
    with pytest.raises(LeafRefused, match="outcome"):
        leaf_of({name: value for name, value in _ENTRY.items() if name != "outcome"})


def test_an_integer_that_not_every_reader_holds_is_text() -> None:
    leaf = json.loads(leaf_of(_with(id=2**53, detail={"a": 2**53 - 1, "b": -(2**60), "c": True})))
    assert (leaf["id"], leaf["detail"]) == (str(2**53), {"a": 2**53 - 1, "b": str(-(2**60)), "c": True})


# RFC 8785, 3.2.3: sorted by UTF-16 units, in which the last two stand the other way round than by code points.
def test_the_sorting_example_of_the_rfc() -> None:
    names = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    found = json.loads(leaf_of(_with(detail=names)))["detail"]
    assert list(found) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
_NAMES = st.text(st.characters(max_codepoint=127)) | st.text(st.characters(exclude_categories=["Cs"]))
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4), max_leaves=8
)


@settings(max_examples=200)
@given(value=_JSON)
def test_the_quick_way_writes_what_rfc8785_writes(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@settings(max_examples=60)
@given(detail=st.dictionaries(_NAMES, _JSON, max_size=4))
def test_a_detail_and_its_json_text_are_one_leaf(detail: dict[str, Any]) -> None:
    assert leaf_of(_with(detail=json.dumps(detail))) == leaf_of(_with(detail=detail))
