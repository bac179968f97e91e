"""Every state a delivery can be in has a situation, and every situation its sentence in both languages."""

import itertools
import string
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.breaker import GateState
from app.domain.delivery import DeliveryState, HoldReason
from app.domain.failures import REASONS, FailureClass, class_of
from app.domain.situation import NEEDS_PERSON, Facts, Situation, situation_of
from app.texts import TEXTS, situation_key

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def every_case() -> list[Facts]:
    return [
        Facts(state, kind, hold, reason, next_at, gate, held, decided)
        for state, kind, hold, reason, next_at, gate, held, decided in itertools.product(
            DeliveryState,
            ("dossier", "step", "event"),
            (None, *HoldReason),
            (None, "bug", "http_500", *REASONS),
            (None, NOW, LATER),
            (None, *GateState),
            (False, True),
            (False, True),
        )
    ]


def test_every_case_has_a_situation_and_every_situation_a_case() -> None:
    found = {situation_of(facts, NOW) for facts in every_case()}
    assert found == set(Situation)


@pytest.mark.parametrize("situation", list(Situation))
def test_every_situation_says_what_happened_and_what_happens_next_in_both_languages(situation: Situation) -> None:
    sentence = TEXTS[f"situation.{situation.value}"]
    assert sentence.vi != sentence.en
    for words in (sentence.vi, sentence.en):
        assert len(words) > 30, words
        assert {name for _, name, _, _ in string.Formatter().parse(words) if name} <= {"at"}


@pytest.mark.parametrize("situation", sorted({situation_of(f, NOW) for f in every_case() if f.kind == "event"}))
def test_what_is_said_of_news_speaks_of_its_receiver_and_not_of_the_nation(situation: Situation) -> None:
    sentence = TEXTS[situation_key(situation.value, "event")]
    assert "Cổng" not in sentence.vi
    assert not {"portal", "nation"} & set(sentence.en.replace(",", " ").replace(";", " ").split())
    assert situation_key(situation.value, "step") == f"situation.{situation.value}"


@pytest.mark.parametrize("failure", list(FailureClass))
def test_every_class_of_failure_has_a_name(failure: FailureClass) -> None:
    assert TEXTS[f"failure.{failure.value}"].vi


@pytest.mark.parametrize("reason", list(REASONS))
def test_every_reason_has_a_sentence(reason: str) -> None:
    assert f"reason.{reason}" in TEXTS or reason.startswith("http_")


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (Facts(DeliveryState.WAITING, "step"), Situation.TURN),
        (Facts(DeliveryState.WAITING, "step", reason="http_503", next_at=LATER), Situation.RETRY_TEMPORARY),
        (Facts(DeliveryState.WAITING, "step", reason="login_refused", next_at=LATER), Situation.RETRY_TECHNICAL),
        (Facts(DeliveryState.WAITING, "step", gate=GateState.OPEN), Situation.OUTAGE),
        (Facts(DeliveryState.WAITING, "step", destination_held=True, gate=GateState.OPEN), Situation.OPERATOR_HOLD),
        (Facts(DeliveryState.WAITING, "step", HoldReason.UNDECIDED), Situation.BEHIND_UNDECIDED),
        (Facts(DeliveryState.UNKNOWN, "step", HoldReason.UNDECIDED, "out_of_order"), Situation.UNDECIDED_ORDER),
        (Facts(DeliveryState.UNKNOWN, "step", HoldReason.UNDECIDED, "nation_lost_it"), Situation.UNDECIDED_LOST),
        (Facts(DeliveryState.UNKNOWN, "step", HoldReason.UNDECIDED, "probe_spent"), Situation.UNDECIDED_UNREACHABLE),
        (Facts(DeliveryState.UNKNOWN, "step", reason="may_still_come", next_at=LATER), Situation.DOUBT_WAIT),
        (Facts(DeliveryState.UNKNOWN, "step", reason="read_timeout", next_at=LATER), Situation.DOUBT_ASK),
        (Facts(DeliveryState.UNKNOWN, "step", gate=GateState.TRIAL), Situation.DOUBT_OUTAGE),
        (Facts(DeliveryState.DEAD, "step", HoldReason.DEAD, "bug"), Situation.DEAD_BUG),
        (Facts(DeliveryState.REJECTED, "dossier"), Situation.REFUSED_DOSSIER),
    ],
)
def test_a_delivery_is_told_as_it_is(facts: Facts, wanted: Situation) -> None:
    assert situation_of(facts, NOW) is wanted


def test_what_moves_by_itself_never_says_that_a_person_is_needed() -> None:
    moving = {Situation.TURN, Situation.OUTAGE, Situation.DOUBT_ASK, Situation.DOUBT_WAIT, Situation.DOUBT_OUTAGE}
    assert not moving & NEEDS_PERSON


@pytest.mark.parametrize(
    ("reason", "failure"),
    [
        ("http_503", FailureClass.TEMPORARY),
        ("http_502", FailureClass.UNKNOWN),
        ("refused", FailureClass.PERMANENT),
        ("unheard-of", FailureClass.TECHNICAL),
        (None, FailureClass.TECHNICAL),
    ],
)
def test_a_reason_has_one_class(reason: str | None, failure: FailureClass) -> None:
    assert class_of(reason) is failure
