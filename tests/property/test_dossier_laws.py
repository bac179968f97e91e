"""Laws of revisions, statuses and codes, for every history."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.dossier import (
    REACHABLE,
    STATUS_MOVES,
    DossierStatus,
    Snapshot,
    Standing,
    advance,
    may_follow,
)
from app.domain.identifiers import DossierCode, parse_dossier_code
from app.errors import IllegalStatusMove, InvalidDossierCode, RevisionConflict, StaleRevision

_STATUSES = st.sampled_from(DossierStatus)
_SNAPSHOTS = st.builds(Snapshot, st.integers(1, 10**12), _STATUSES, st.sampled_from(["a", "b", "c"]))


@st.composite
def _legal_paths(draw: st.DrawFn) -> list[DossierStatus]:
    """A walk along legal moves, now and then standing still."""
    path = [draw(_STATUSES)]
    for _ in range(draw(st.integers(0, 12))):
        path.append(draw(st.sampled_from(sorted(STATUS_MOVES[path[-1]] | {path[-1]}))))
    return path


@given(_SNAPSHOTS)
def test_the_same_record_twice_is_the_same(snapshot: Snapshot) -> None:
    assert advance(None, snapshot) is Standing.NEW
    assert advance(snapshot, snapshot) is Standing.SAME


@given(_SNAPSHOTS, _SNAPSHOTS)
def test_an_older_revision_is_always_refused_and_never_anything_else(one: Snapshot, two: Snapshot) -> None:
    if one.revision < two.revision:
        with pytest.raises(StaleRevision):
            advance(two, one)


@given(_SNAPSHOTS, _STATUSES)
def test_one_revision_has_one_content(held: Snapshot, status: DossierStatus) -> None:
    with pytest.raises(RevisionConflict):
        advance(held, Snapshot(held.revision, status, "another"))


@given(_legal_paths(), st.integers(1, 5))
def test_a_legal_path_is_accepted_step_by_step(path: list[DossierStatus], first: int) -> None:
    held: Snapshot | None = None
    for revision, status in enumerate(path, first):
        coming = Snapshot(revision, status, f"content {revision}")
        assert advance(held, coming) is (Standing.NEW if held is None else Standing.CHANGED)
        held = coming


@given(_legal_paths(), st.data())
def test_a_legal_path_is_accepted_with_any_revisions_left_out(path: list[DossierStatus], data: st.DataObject) -> None:
    kept = data.draw(st.sets(st.integers(0, len(path) - 1), min_size=1).map(sorted))
    held: Snapshot | None = None
    for index in kept:
        coming = Snapshot(index + 1, path[index], f"content {index}")
        assert advance(held, coming) is (Standing.NEW if held is None else Standing.CHANGED)
        held = coming


@given(_SNAPSHOTS, _STATUSES, st.integers(1, 3))
def test_a_newer_revision_is_changed_or_an_illegal_move_and_nothing_else(
    held: Snapshot, status: DossierStatus, ahead: int
) -> None:
    coming = Snapshot(held.revision + ahead, status, "n")
    if may_follow(held.status, status, skipped=ahead > 1):
        assert advance(held, coming) is Standing.CHANGED
    else:
        with pytest.raises(IllegalStatusMove):
            advance(held, coming)


def _walked(start: DossierStatus) -> frozenset[DossierStatus]:
    """Where walking along the moves leads: the closure, found another way than the code finds it."""
    seen: set[DossierStatus] = set()
    open_ends = list(STATUS_MOVES[start])
    while open_ends:
        status = open_ends.pop()
        if status not in seen:
            seen.add(status)
            open_ends.extend(STATUS_MOVES[status])
    return frozenset(seen)


def test_reachable_is_the_transitive_closure_of_the_moves() -> None:
    assert {status: _walked(status) for status in DossierStatus} == dict(REACHABLE)


_DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
_LETTERS = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SHORT_UNITS = st.builds(
    lambda letter, number, parts: ".".join([f"{letter}{number:02d}", *map(str, parts)]),
    _LETTERS,
    st.integers(0, 99),
    st.lists(st.integers(0, 999), max_size=3),
)
_LONG_UNITS = st.builds(
    lambda a, b, c, letter, d: f"{a:03d}.{b:02d}.{c:02d}.{letter}{d:02d}",
    st.integers(0, 999),
    st.integers(0, 99),
    st.integers(0, 99),
    _LETTERS,
    st.integers(0, 99),
)


@given(_SHORT_UNITS | _LONG_UNITS, _DAYS, st.integers(0, 10**10 - 1), st.integers(4, 10))
def test_a_code_put_together_is_taken_apart_again(unit: str, day: date, serial: int, width: int) -> None:
    text = f"{unit}-{day:%y%m%d}-{serial:0{width}d}"
    assert parse_dossier_code(text) == DossierCode(unit, day, serial)


def _digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


_ALMOST = st.tuples(_SHORT_UNITS | _LONG_UNITS, _digits(5, 7), _digits(3, 11)).map("-".join)


@given(st.text(max_size=40) | _ALMOST)
def test_whatever_is_taken_apart_can_be_put_together_again(text: str) -> None:
    try:
        code = parse_dossier_code(text)
    except InvalidDossierCode:
        return
    unit, day, serial = text.split("-")
    assert (code.unit, f"{code.day:%y%m%d}", code.serial) == (unit, day, int(serial))
