"""The life of a delivery, over every pair of states."""

import pytest

from app.domain.delivery import DELIVERY_MOVES, PENDING_STATES, RETRIABLE_STATES, DeliveryState, may_move

D = DeliveryState

LEGAL = {
    (D.WAITING, D.SENDING),
    (D.WAITING, D.SUPERSEDED),
    # A person says no; never while it is under way.
    (D.WAITING, D.CANCELLED),
    (D.UNKNOWN, D.CANCELLED),
    (D.REJECTED, D.CANCELLED),
    (D.DEAD, D.CANCELLED),
    (D.SENDING, D.DELIVERED),
    (D.SENDING, D.REJECTED),
    (D.SENDING, D.WAITING),
    (D.SENDING, D.UNKNOWN),
    (D.SENDING, D.DEAD),
    # Taken up, and overtaken by a newer snapshot before it went.
    (D.SENDING, D.SUPERSEDED),
    # Restored from a backup: it may have gone in the time that was lost.
    (D.WAITING, D.UNKNOWN),
    (D.UNKNOWN, D.DELIVERED),
    (D.UNKNOWN, D.WAITING),
    # Lacking by the probe, sent in the same round, and refused.
    (D.UNKNOWN, D.REJECTED),
    (D.UNKNOWN, D.SUPERSEDED),
    (D.UNKNOWN, D.DEAD),
    (D.REJECTED, D.UNKNOWN),
    (D.REJECTED, D.SUPERSEDED),
    (D.DEAD, D.UNKNOWN),
    (D.DEAD, D.SUPERSEDED),
}


@pytest.mark.parametrize("before", D)
@pytest.mark.parametrize("after", D)
def test_every_pair_of_states(before: DeliveryState, after: DeliveryState) -> None:
    assert may_move(before, after) is ((before, after) in LEGAL)


def test_every_state_has_its_moves() -> None:
    assert set(DELIVERY_MOVES) == set(D)


def test_only_the_delivered_the_superseded_and_the_cancelled_are_at_rest_for_ever() -> None:
    assert {state for state in D if not DELIVERY_MOVES[state]} == {D.DELIVERED, D.SUPERSEDED, D.CANCELLED}
    assert {D.WAITING, D.SENDING, D.UNKNOWN} == PENDING_STATES
    assert {D.REJECTED, D.DEAD, D.WAITING, D.UNKNOWN} == RETRIABLE_STATES


def test_what_was_ended_is_asked_about_before_it_can_be_sent() -> None:
    for ended in (D.REJECTED, D.DEAD):
        assert not may_move(ended, D.WAITING)
        assert not may_move(ended, D.SENDING)
