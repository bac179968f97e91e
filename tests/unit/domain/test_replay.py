"""What may be decided in which state, how a lane is left, selections, the rate of a replay, both sides."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.decisions import (
    ALLOWED,
    DECIDED,
    Act,
    LaneFacts,
    LaneLeft,
    Standing,
    Verdict,
    lane_after,
    may,
    may_replace,
)
from app.domain.delivery import Decision, DeliveryState, HoldReason, LaneState, may_move
from app.domain.replay import CATCH_UP_SECONDS, Selection, grant, key_of
from app.domain.sides import (
    Difference,
    PromisedStep,
    StepStanding,
    compare_snapshots,
    listed,
    readable,
    steps_held,
)
from tests.factories import NOW

D, L, H, V = DeliveryState, LaneState, HoldReason, Verdict
ENDS = {Act.CANCEL: D.CANCELLED, Act.SUPERSEDE: D.SUPERSEDED}


def test_what_is_allowed_leads_only_to_moves_that_the_table_of_states_has() -> None:
    assert set(ALLOWED) == set(D)
    for state, acts in ALLOWED.items():
        for act in acts:
            ends = list(DECIDED.values()) if act is Act.DECIDE else [ENDS[act]]
            assert all(may_move(state, end) for end in ends), (state, act)
    assert set(DECIDED) == set(Decision)


@pytest.mark.parametrize(
    ("act", "state", "lane", "hold", "verdict"),
    [
        (Act.CANCEL, D.WAITING, L.READY, None, V.OK),
        (Act.CANCEL, D.WAITING, L.SCHEDULED, None, V.OK),
        (Act.CANCEL, D.WAITING, L.HELD, H.OPERATOR, V.OK),
        (Act.CANCEL, D.WAITING, L.LEASED, None, V.UNDER_WAY),
        (Act.CANCEL, D.REJECTED, L.LEASED, None, V.UNDER_WAY),
        (Act.CANCEL, D.SENDING, L.LEASED, None, V.UNDER_WAY),
        (Act.CANCEL, D.UNKNOWN, L.SCHEDULED, None, V.ASKING),
        (Act.CANCEL, D.UNKNOWN, L.HELD, H.OPERATOR, V.ASKING),
        (Act.CANCEL, D.UNKNOWN, L.HELD, H.UNDECIDED, V.OK),
        (Act.CANCEL, D.UNKNOWN, L.HELD, H.DEAD, V.OK),
        (Act.SUPERSEDE, D.DEAD, L.HELD, H.DEAD, V.OK),
        (Act.SUPERSEDE, D.REJECTED, L.HELD, H.REFUSED, V.OK),
        (Act.SUPERSEDE, D.DELIVERED, L.IDLE, None, V.SETTLED),
        (Act.CANCEL, D.CANCELLED, L.IDLE, None, V.SETTLED),
        (Act.DECIDE, D.UNKNOWN, L.HELD, H.UNDECIDED, V.OK),
        (Act.DECIDE, D.UNKNOWN, L.HELD, H.DEAD, V.ASKING),
        (Act.DECIDE, D.UNKNOWN, L.LEASED, None, V.UNDER_WAY),
        (Act.DECIDE, D.WAITING, L.HELD, H.UNDECIDED, V.NOT_IN_DOUBT),
        (Act.DECIDE, D.DELIVERED, L.IDLE, None, V.NOT_IN_DOUBT),
    ],
)
def test_what_a_person_may_do(
    act: Act, state: DeliveryState, lane: LaneState, hold: HoldReason | None, verdict: Verdict
) -> None:
    assert may(act, state, lane, hold) is verdict


def test_only_a_newer_living_one_of_the_same_lane_and_kind_replaces() -> None:
    old = Standing(5, 1, "step", D.REJECTED)
    new = Standing(6, 1, "step", D.WAITING)
    assert may_replace(old, new) is V.OK
    assert may_replace(old, replace(new, id=4)) is V.NOT_NEWER
    assert may_replace(old, old) is V.NOT_NEWER
    assert may_replace(old, replace(new, lane_id=2)) is V.OTHER_DOSSIER
    assert may_replace(old, replace(new, kind="dossier")) is V.OTHER_DOSSIER
    assert may_replace(old, replace(new, state=D.CANCELLED)) is V.REPLACEMENT_ENDED


HELD = LaneFacts(L.HELD, H.DEAD, pending=2, doubtful=0, dead=0, snapshot_waits=False, first_gone=True)
GOES = LaneLeft(L.READY, None, anew=True)
RESTS = LaneLeft(L.IDLE, None, anew=True)


@pytest.mark.parametrize(
    ("facts", "left"),
    [
        (HELD, GOES),
        (replace(HELD, pending=0), RESTS),
        (replace(HELD, dead=1), LaneLeft(L.HELD, H.DEAD, anew=False)),
        (replace(HELD, hold=H.UNDECIDED, doubtful=1), LaneLeft(L.HELD, H.UNDECIDED, anew=False)),
        (replace(HELD, hold=H.UNDECIDED, dead=1), LaneLeft(L.HELD, H.DEAD, anew=False)),
        (replace(HELD, hold=H.UNDECIDED), GOES),
        (replace(HELD, hold=H.REFUSED), LaneLeft(L.HELD, H.REFUSED, anew=False)),
        (replace(HELD, hold=H.REFUSED, snapshot_waits=True), GOES),
        (replace(HELD, hold=H.REFUSED, pending=0), RESTS),
        (replace(HELD, hold=H.OPERATOR, pending=0), LaneLeft(L.HELD, H.OPERATOR, anew=False)),
        (replace(HELD, state=L.LEASED, hold=None), LaneLeft(L.LEASED, None, anew=False)),
        (replace(HELD, state=L.SCHEDULED, hold=None), GOES),
        (replace(HELD, state=L.SCHEDULED, hold=None, first_gone=False), LaneLeft(L.SCHEDULED, None, anew=False)),
        (replace(HELD, state=L.READY, hold=None, pending=0, first_gone=False), RESTS),
    ],
)
def test_how_a_lane_is_left(facts: LaneFacts, left: LaneLeft) -> None:
    assert lane_after(facts) == left


def test_equal_selections_have_equal_words_and_an_end_makes_them_firm() -> None:
    one = Selection(ids=(3, 1, 2))
    assert one.text() == Selection(ids=(1, 2, 3, 3)).text() == '{"ids":[1,2,3]}'
    facts = Selection(states=(D.REJECTED, D.DEAD), unit="H15.50", since=NOW)
    there = facts.since.astimezone(timezone(timedelta(hours=7))) if facts.since else None
    other = replace(facts, states=(D.DEAD, D.REJECTED), since=there)
    assert facts.text() == other.text()
    assert facts.fixed(NOW).until == NOW + timedelta(microseconds=1)
    assert facts.fixed(NOW).hash() == other.fixed(NOW).hash() != facts.fixed(NOW + timedelta(seconds=1)).hash()
    assert facts.fixed(NOW).fixed(NOW + timedelta(days=1)) == facts.fixed(NOW)
    assert Selection.of(facts.text()).text() == facts.text()
    assert other.asks_for(facts.fixed(NOW))
    assert not replace(facts, unit="H15.51").asks_for(facts.fixed(NOW))
    assert not replace(facts, until=NOW).asks_for(facts.fixed(NOW))
    assert key_of("a", "k") != key_of("b", "k")


@given(
    per_second=st.integers(1, 1000),
    pauses=st.lists(st.integers(0, 3_000_000), max_size=60),
    batch_max=st.integers(1, 300),
)
def test_a_replay_never_goes_faster_than_asked(per_second: int, pauses: list[int], batch_max: int) -> None:
    now, last, sent = NOW, None, 0
    for pause in pauses:
        now += timedelta(microseconds=pause)
        due = grant(per_second, last, now, batch_max)
        assert 0 <= due.count <= batch_max
        assert due.run_at <= now
        if due.count:
            sent, last = sent + due.count, due.run_at
    # One second's share at the start, and what came due since: never one more.
    assert sent <= per_second * (1 + sum(pauses) / 1_000_000)


def test_parts_of_a_delivery_are_not_lost_and_idle_time_is_not_made_up_for() -> None:
    last, sent = NOW, 0
    for tick in range(1, 101):
        due = grant(3, last, NOW + timedelta(milliseconds=100 * tick), 100)
        if due.count:
            sent, last = sent + due.count, due.run_at
    assert sent == 29  # 30 less the rounding of thirds of a second, upwards, once
    assert grant(10, NOW, NOW + timedelta(hours=1), 1000).count == 10 * CATCH_UP_SECONDS
    assert grant(10, NOW, NOW - timedelta(hours=1), 1000).count == 0
    assert grant(10, None, NOW, 1000).count == 10


def test_differences_of_a_snapshot_name_fields_in_any_case() -> None:
    ours = {"Code": "1", "Status": "4", "Owner": "***", "Note": "", "Parts": [{"Name": "a", "Fax": None}], "New": "x"}
    theirs = {"CODE": "1", "STATUS": "2", "OWNER": "***", "PARTS": [{"NAME": "a"}], "THEIR_OWN": "7"}
    found = compare_snapshots(ours, theirs)
    assert found.differences == (Difference("Status", "4", "2"), Difference("New", "x", None))
    assert found.hidden == ("Owner",)


def test_each_promised_step_is_found_once_and_the_order_is_judged() -> None:
    def step(number: int, text: str) -> PromisedStep:
        return PromisedStep(number, f"s{number}", {"Text": text, "Empty": ""})

    ours = [step(1, "a"), step(2, "b"), step(3, "a"), step(4, "a")]
    standings, in_order = steps_held(ours, [{"TEXT": "a"}, {"TEXT": "x"}, {"TEXT": "b"}, {"TEXT": "a"}])
    assert standings == (
        StepStanding(1, "s1", 1),
        StepStanding(2, "s2", 3),
        StepStanding(3, "s3", 4),
        StepStanding(4, "s4", None),
    )
    assert in_order
    _, in_order = steps_held(ours[:2], [{"TEXT": "b"}, {"TEXT": "a"}])
    assert not in_order


def test_what_cannot_be_read_is_no_object() -> None:
    assert readable('{"a": 1}') == {"a": 1}
    assert [readable(text) for text in ("[1]", '{"a": 1…', "", None)] == [None] * 4
    assert listed({"Steps": [{"a": 1}]}, "STEPS") == [{"a": 1}]
    assert listed({"Steps": ["a"]}, "STEPS") is listed({}, "STEPS") is None
