"""What may follow what, over every pair of statuses and every way a record can collide."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.dossier import (
    CLOSED_STATUSES,
    REACHABLE,
    STATUS_MOVES,
    DossierStatus,
    Snapshot,
    Standing,
    Step,
    StepTail,
    advance,
    advance_step,
    may_follow,
)
from app.errors import (
    DuplicateStep,
    IllegalStatusMove,
    Refusal,
    RevisionConflict,
    StaleRevision,
    StepConflict,
    StepOutOfOrder,
)

S = DossierStatus
AT = datetime(2026, 7, 1, tzinfo=UTC)

# Row: from. Column: to, in the order of the statuses. x: a legal move; ~: only with states skipped in between.
TABLE = """
            reg rec ref pro sup fee wit sto don ret
registered   .   x   x   ~   ~   ~   ~   ~   ~   ~
received     .   ~   .   x   x   ~   x   x   ~   ~
refused      .   .   .   .   .   .   .   .   .   .
processing   .   ~   .   ~   x   x   x   x   x   ~
supplement   .   x   .   x   ~   ~   x   x   ~   ~
fee_due      .   ~   .   x   ~   ~   x   x   ~   ~
withdrawn    .   .   .   .   .   .   .   x   .   .
stopped      .   .   .   .   .   .   .   .   .   .
done         .   .   .   .   .   .   .   .   .   x
returned     .   .   .   .   .   .   .   .   .   .
"""
PAIRS = [
    pytest.param(S(line.split()[0]), coming, sign, id=f"{line.split()[0]}-{coming.value}")
    for line in TABLE.strip().splitlines()[1:]
    for coming, sign in zip(S, line.split()[1:], strict=True)
]


@pytest.mark.parametrize(("held", "coming", "sign"), PAIRS)
def test_every_pair_of_statuses(held: DossierStatus, coming: DossierStatus, sign: str) -> None:
    assert (coming in STATUS_MOVES[held]) is (sign == "x")
    assert (coming in REACHABLE[held]) is (sign in "x~")
    assert may_follow(held, coming, skipped=False) is (sign == "x" or held is coming)
    assert may_follow(held, coming, skipped=True) is (sign in "x~" or held is coming)


@pytest.mark.parametrize(("held", "coming", "sign"), PAIRS)
def test_a_next_revision_moves_as_the_table_says(held: DossierStatus, coming: DossierStatus, sign: str) -> None:
    before = Snapshot(3, held, "h")
    for revision, legal in ((4, sign == "x"), (5, sign in "x~")):
        if legal or held is coming:
            assert advance(before, Snapshot(revision, coming, "n")) is Standing.CHANGED
        else:
            with pytest.raises(IllegalStatusMove) as caught:
                advance(before, Snapshot(revision, coming, "n"))
            assert caught.value.faults[0].pointer == "/status"
            assert caught.value.members == {"held_revision": 3, "held_status": held.value}


def test_closed_statuses_never_open_again() -> None:
    for status in CLOSED_STATUSES:
        assert REACHABLE[status] <= CLOSED_STATUSES
    assert frozenset(S) - CLOSED_STATUSES == {S.REGISTERED, S.RECEIVED, S.PROCESSING, S.SUPPLEMENT, S.FEE_DUE, S.DONE}


def test_what_was_never_held_is_new_whatever_its_revision_and_status() -> None:
    for status in S:
        assert advance(None, Snapshot(7, status, "n")) is Standing.NEW


def test_the_same_revision_with_the_same_content_is_the_same() -> None:
    assert advance(Snapshot(2, S.RECEIVED, "h"), Snapshot(2, S.RECEIVED, "h")) is Standing.SAME


@pytest.mark.parametrize(
    ("coming", "error"),
    [
        (Snapshot(1, S.RECEIVED, "h"), StaleRevision),  # older wins over equal content
        (Snapshot(1, S.DONE, "n"), StaleRevision),
        (Snapshot(2, S.RECEIVED, "n"), RevisionConflict),
        (Snapshot(2, S.PROCESSING, "n"), RevisionConflict),  # a conflict even where the move would be legal
        (Snapshot(3, S.REGISTERED, "n"), IllegalStatusMove),
    ],
)
def test_a_refused_snapshot_is_told_what_is_held(coming: Snapshot, error: type[Refusal]) -> None:
    with pytest.raises(error) as caught:
        advance(Snapshot(2, S.RECEIVED, "h"), coming)
    assert caught.value.members == {"held_revision": 2, "held_status": "received"}
    assert caught.value.faults[0].pointer == ("/status" if error is IllegalStatusMove else "/revision")


def _step(step_id: str = "s-2", status: DossierStatus = S.PROCESSING, at: datetime = AT, content: str = "c") -> Step:
    return Step(step_id, status, at, content, "w")


def test_a_first_step_is_new() -> None:
    assert advance_step(None, None, None, _step()) is Standing.NEW


def test_a_held_step_with_the_same_content_is_the_same_even_if_later_ones_are_held() -> None:
    tail = StepTail(S.RETURNED, AT + timedelta(days=9))
    assert advance_step(tail, _step(), "s-2", _step()) is Standing.SAME


def test_a_held_step_with_other_content_is_a_conflict() -> None:
    with pytest.raises(StepConflict) as caught:
        advance_step(None, _step(), "s-2", _step(content="other"))
    assert caught.value.faults[0].pointer == "/step_id"


def test_a_step_alike_in_every_word_to_another_is_refused_and_the_other_named() -> None:
    with pytest.raises(DuplicateStep) as caught:
        advance_step(StepTail(S.PROCESSING, AT), None, "s-1", _step())
    assert caught.value.members == {"held_step_id": "s-1"}


def test_a_step_before_the_last_one_is_out_of_order() -> None:
    with pytest.raises(StepOutOfOrder) as caught:
        advance_step(StepTail(S.PROCESSING, AT), None, None, _step(at=AT - timedelta(microseconds=1)))
    assert caught.value.members == {"held_processed_at": AT.isoformat()}
    assert caught.value.faults[0].pointer == "/processed_at"


def test_a_step_at_the_moment_of_the_last_one_is_new() -> None:
    assert advance_step(StepTail(S.PROCESSING, AT), None, None, _step()) is Standing.NEW


@pytest.mark.parametrize(("held", "coming", "sign"), PAIRS)
def test_a_step_may_take_any_status_that_can_be_reached(held: DossierStatus, coming: DossierStatus, sign: str) -> None:
    tail = StepTail(held, AT)
    if sign in "x~" or held is coming:
        assert advance_step(tail, None, None, _step(status=coming)) is Standing.NEW
    else:
        with pytest.raises(IllegalStatusMove) as caught:
            advance_step(tail, None, None, _step(status=coming))
        assert caught.value.faults[0].pointer == "/status"
