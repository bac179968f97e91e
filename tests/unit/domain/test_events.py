"""What begins and ends as a gate moves, and what each transition is called on the wire."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain import breaker, events
from app.domain.breaker import BreakerPolicy, Gate, GateState
from app.domain.delivery import DeliveryState
from app.domain.events import EVENT_NEWS, OFFERED_NEWS, OUTCOME_NEWS, SYSTEM_NEWS, EventKind, News, Phase, transitions
from app.texts import TEXTS
from tests.factories import NOW

POLICY = BreakerPolicy(calls_min=1, ramp_start_lanes=1, ramp_full_lanes=1)
BROKEN = (EventKind.BREAKER_OPEN, Phase.STARTED)
MENDED = (EventKind.BREAKER_OPEN, Phase.ENDED)
DOWN = (EventKind.TARGET_DOWN, Phase.STARTED)
BACK = (EventKind.TARGET_DOWN, Phase.ENDED)


def gate(state: GateState, trips: int = 0) -> Gate:
    return replace(breaker.fresh(NOW), state=state, trips=trips)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (gate(GateState.CLOSED), gate(GateState.OPEN, 1), [BROKEN]),
        (gate(GateState.TRIAL, 1), gate(GateState.OPEN, 2), [DOWN]),
        (gate(GateState.TRIAL, 4), gate(GateState.OPEN, 5), [DOWN]),
        (gate(GateState.TRIAL, 2), gate(GateState.RAMP, 2), [BACK]),
        (gate(GateState.RAMP, 2), gate(GateState.CLOSED), [MENDED]),
        (gate(GateState.TRIAL, 1), gate(GateState.CLOSED), [BACK, MENDED]),
        (gate(GateState.RAMP, 1), gate(GateState.OPEN, 2), []),
        (gate(GateState.OPEN, 1), gate(GateState.OPEN, 1), []),
        (gate(GateState.OPEN, 1), gate(GateState.TRIAL, 1), []),
        (gate(GateState.CLOSED), gate(GateState.CLOSED), []),
        (gate(GateState.RAMP, 2), gate(GateState.RAMP, 2), []),
    ],
)
def test_what_a_move_of_the_gate_tells(before: Gate, after: Gate, told: list[tuple[EventKind, Phase]]) -> None:
    assert transitions(before, after) == told


def test_a_whole_outage_by_the_real_gate_tells_each_thing_once_and_in_pairs() -> None:
    told, now, here = [], NOW, breaker.fresh(NOW)
    for good in (False, False, False, True, True):
        now += timedelta(hours=1)
        _, admitted = breaker.admit(here, POLICY, 10, now)
        after = breaker.record(admitted, POLICY, good=int(good), bad=int(not good), now=now)
        told += transitions(admitted, after)
        here = after
    assert here.state is GateState.CLOSED
    # The second failed trial says "down" again; the open row of the first keeps it from being told.
    assert told == [BROKEN, DOWN, DOWN, BACK, MENDED]


def test_every_kind_has_its_names_and_each_name_is_of_one_kind() -> None:
    assert set(EVENT_NEWS) == set(EventKind)
    names = [news for pair in EVENT_NEWS.values() for news in pair if news is not None]
    names += list(OUTCOME_NEWS.values())
    assert sorted([*names, News.TEST]) == sorted(News), "each type is told by exactly one thing"
    assert News.TEST not in OFFERED_NEWS
    assert events.news_of(EventKind.TARGET_DOWN, Phase.STARTED) is News.TARGET_DOWN
    assert events.news_of(EventKind.TARGET_DOWN, Phase.ENDED) is News.TARGET_RECOVERED
    assert events.news_of(EventKind.CONTRACT_NEW, Phase.ENDED) is None


def test_news_about_single_deliveries_is_not_the_systems() -> None:
    assert {news for news in OFFERED_NEWS if news.value.startswith("delivery.")}.isdisjoint(SYSTEM_NEWS)
    assert {news for news in OFFERED_NEWS if not news.value.startswith("delivery.")} == SYSTEM_NEWS


@pytest.mark.parametrize(
    ("state", "undecided", "kind"),
    [
        (DeliveryState.REJECTED, False, EventKind.REFUSED),
        (DeliveryState.DEAD, False, EventKind.DEAD_LETTER),
        (DeliveryState.UNKNOWN, True, EventKind.PERSON_ASKED),
        (DeliveryState.UNKNOWN, False, None),
        # Others of its lane may be fine while one waits for a person.
        (DeliveryState.DELIVERED, True, None),
        (DeliveryState.WAITING, True, None),
    ],
)
def test_which_outcome_makes_something_stand_still(
    state: DeliveryState,
    undecided: bool,  # noqa: FBT001 - a table
    kind: EventKind | None,
) -> None:
    assert events.event_of(state, undecided=undecided) is kind


def test_every_event_has_a_sentence_for_its_start_and_its_end() -> None:
    for kind in EventKind:
        for key in (f"event.{kind.value}", f"event.{kind.value}.ended"):
            assert TEXTS[key].vi
            assert TEXTS[key].en


def test_every_type_is_told_of_in_the_document_for_developers() -> None:
    page = (Path(__file__).parents[3] / "docs" / "wire.md").read_text("utf-8")
    assert [news.value for news in News if f"`{news.value}`" not in page] == []
