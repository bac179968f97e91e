"""Ranges hold exactly their places; an archive gives back exactly what was put in; nothing is kept too short."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.retention import (
    BREACH_DAYS_MIN,
    RunState,
    held_until,
    holds_place,
    kept_since,
    places_of,
    ranges_of,
    state_of,
)
from app.tlog import BadArchive
from app.tlog.archive import Archived, decode, digest, encode, name_of

places = st.sets(st.integers(0, 300), max_size=80)
times = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants them bare
values = st.none() | st.integers(-(2**60), 2**60) | st.text() | st.booleans() | times | st.binary(max_size=20)
rows = st.dictionaries(st.text(min_size=1), values, max_size=5)


@given(places)
def test_ranges_hold_exactly_their_places_and_are_as_few_as_can_be(held: set[int]) -> None:
    ranges = ranges_of(held)
    assert list(places_of(ranges)) == sorted(held)
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(ranges))
    assert {place for place in range(302) if holds_place(ranges, place)} == held


@given(st.lists(st.builds(Archived, st.integers(0), st.binary(min_size=32, max_size=32), rows), max_size=5))
def test_an_archive_gives_back_what_was_put_in_and_the_same_gives_the_same_bytes(entries: list[Archived]) -> None:
    data = encode({"run": 1}, entries)
    head, found = decode(data)
    assert (head["run"], found) == (1, entries)
    assert encode({"run": 1}, found) == data
    assert name_of([3, 9], digest(data)).startswith("lienthong-log-000000000003-000000000009-")


@given(st.binary(max_size=60))
def test_what_is_no_archive_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(BadArchive):
        decode(data)


@given(times, st.integers(1, 5000))
def test_a_breach_is_kept_for_five_years_at_least(at: datetime, days: int) -> None:
    assert (held_until(at, days) - at).days == max(days, BREACH_DAYS_MIN)
    assert kept_since(held_until(at, days), max(days, BREACH_DAYS_MIN)) == at


@given(st.sampled_from([None, True, False]), st.booleans())
def test_only_what_was_approved_begins_and_ends(approved: bool | None, ended: bool) -> None:  # noqa: FBT001 - drawn
    state = state_of(approved=approved, ended=ended)
    assert (state in {RunState.APPROVED, RunState.ENDED}) is (approved is True)
