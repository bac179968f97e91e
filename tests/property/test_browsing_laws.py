"""Laws of the rules against browsing: no count hides another, and nothing gets smaller or open by itself."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.browsing import Count, Finding, Threshold, Trait, counted_from, judge
from tests.factories import NOW

THRESHOLDS = st.builds(
    Threshold, st.sampled_from(Trait), st.integers(1, 20), st.integers(1, 86400), locks=st.booleans()
)
MOMENTS = st.integers(0, 86400).map(lambda seconds: NOW - timedelta(seconds=seconds))
COUNTS = st.lists(st.builds(Count, THRESHOLDS, st.integers(0, 30), st.none() | MOMENTS), max_size=8)


def _finding(trait: Trait, times: int, many: int, *, locked: bool) -> Finding:
    first = NOW - timedelta(days=2)
    return Finding(trait, first, first + timedelta(days=1), times, many, 3600, locked=locked)


HELD = st.dictionaries(st.sampled_from(Trait), st.tuples(st.integers(1, 30), st.integers(1, 20), st.booleans())).map(
    lambda found: {trait: _finding(trait, times, many, locked=locked) for trait, (times, many, locked) in found.items()}
)


@settings(max_examples=60)
@given(COUNTS, HELD)
def test_a_trait_is_found_exactly_when_one_of_its_rows_is_broken(
    counts: list[Count], held: dict[Trait, Finding]
) -> None:
    found = judge(counts, held, NOW)
    assert found.keys() == {count.threshold.trait for count in counts if count.times >= count.threshold.many}
    for trait, breach in found.items():
        locks = any(c.broken and c.threshold.locks for c in counts if c.threshold.trait is trait)
        assert breach.locks == locks
        assert breach.finding.locked == (locks or (trait in held and held[trait].locked))
        assert breach.finding.last_at == NOW


@settings(max_examples=60)
@given(COUNTS, HELD)
def test_what_is_held_never_shrinks(counts: list[Count], held: dict[Trait, Finding]) -> None:
    for trait, breach in judge(counts, held, NOW).items():
        if trait in held:
            before = held[trait]
            assert breach.finding.first_at == before.first_at
            assert breach.finding.times >= before.times
            assert breach.finding.locked or not before.locked


@settings(max_examples=60)
@given(COUNTS, st.integers(1, 10))
def test_more_questions_and_lower_thresholds_never_hide_anything(counts: list[Count], more: int) -> None:
    found = judge(counts, {}, NOW)
    grown = judge([Count(c.threshold, c.times + more, c.first_at) for c in counts], {}, NOW)
    assert found.keys() <= grown.keys()
    assert all(grown[trait].locks or not breach.locks for trait, breach in found.items())
    assert judge(list(reversed(counts)), {}, NOW).keys() == found.keys()


@settings(max_examples=60)
@given(st.integers(1, 86400), st.lists(st.none() | MOMENTS, max_size=3))
def test_forgiving_only_ever_shortens_what_counts(window: int, dealt_with: list[None]) -> None:
    start = counted_from(NOW, window, dealt_with)
    assert NOW - timedelta(seconds=window) <= start <= NOW
    assert start == counted_from(NOW, window, reversed(dealt_with))
