"""Laws of manifests: what is written is what is read, nothing else is, and pruning never leaves nothing."""

import json
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.manifest import BadManifest, FileMark, Manifest, age_order, is_name, name_of, overlap, to_prune

_TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - the zone follows
_WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
_SHA256 = st.text("0123456789abcdef", min_size=64, max_size=64)
_PATHS = st.lists(st.text("ab.-_0", min_size=1, max_size=6).filter(lambda part: part not in {".", ".."}), min_size=1)
_MANIFESTS = st.builds(
    Manifest,
    name=_TIMES.map(lambda at: name_of(at, ())),
    version=_WORDS,
    agency=_WORDS,
    engine=st.sampled_from(["sqlite", "postgresql"]),
    revision=_WORDS,
    taken_at=_TIMES,
    log_origin=_WORDS,
    log_size=st.integers(0, 2**60),
    checkpoint=st.none() | _WORDS,
    tables=st.dictionaries(_WORDS, st.integers(0, 2**60), max_size=3),
    files=st.dictionaries(_PATHS.map("/".join), st.builds(FileMark, _SHA256, st.integers(0, 2**60)), max_size=3),
    documents=st.integers(0, 2**60),
    document_bytes=st.integers(0, 2**60),
    documents_kept=st.booleans(),
    missing=st.lists(_SHA256, max_size=3).map(tuple),
)
_NAMES = st.lists(_TIMES, max_size=8).map(lambda times: {name_of(at, ()) for at in times})


@given(_MANIFESTS)
def test_what_is_written_is_what_is_read(manifest: Manifest) -> None:
    assert Manifest.parse(manifest.to_text()) == manifest
    assert Manifest.parse(manifest.to_text()).to_text() == manifest.to_text()


@given(_MANIFESTS, st.sampled_from(["../etc/passwd", "/etc/passwd", "a/../../b", ""]))
def test_no_manifest_speaks_of_a_file_elsewhere(manifest: Manifest, path: str) -> None:
    told = json.loads(manifest.to_text())
    told["files"][path] = {"sha256": "0" * 64, "size_bytes": 1}
    with pytest.raises(BadManifest):
        Manifest.parse(json.dumps(told))


@given(
    st.text()
    | st.recursive(st.none() | st.integers() | _WORDS, lambda x: st.lists(x) | st.dictionaries(_WORDS, x)).map(
        json.dumps
    )
)
def test_what_is_no_manifest_is_refused_as_one(text: str) -> None:
    with pytest.raises(BadManifest):
        Manifest.parse(text)


@given(_NAMES, st.integers(-2, 10))
def test_the_newest_stay_and_never_none(names: set[str], keep: int) -> None:
    gone = to_prune(names, keep)
    stay = age_order(names - set(gone))
    assert len(stay) == min(len(names), max(keep, 1))
    assert age_order([*gone, *stay]) == [*gone, *stay]


@given(_TIMES, st.integers(0, 5))
def test_a_name_is_new_and_sorts_behind_those_of_its_second(at: datetime, count: int) -> None:
    taken: list[str] = []
    for _ in range(count + 1):
        taken.append(name_of(at, taken))
    assert len(set(taken)) == count + 1
    assert all(map(is_name, taken))
    assert age_order(taken[::-1]) == taken


@given(_PATHS, _PATHS)
def test_folders_overlap_both_ways_or_not_at_all(one: list[str], other: list[str]) -> None:
    first, second = PurePosixPath("/", *one), PurePosixPath("/", *other)
    assert overlap(first, second) is overlap(second, first)
    assert overlap(first, first / "within")
    shorter = min(len(one), len(other))
    assert overlap(first, second) is (one[:shorter] == other[:shorter])
