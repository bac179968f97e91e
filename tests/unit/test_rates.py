"""Rates: a moving window for each caller and each address, by a clock of the test's own."""

import pytest

from app.errors import RateLimited
from app.rates import Rates


class Watch:
    """A clock that stands still until it is moved."""

    at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_window_moves_and_a_refusal_says_how_long_to_wait(watch: Watch) -> None:
    rates = Rates(2, 0, now=watch)
    rates.count_caller("one-stop")
    watch.at += 20
    rates.count_caller("one-stop")
    rates.count_caller("another")
    with pytest.raises(RateLimited) as first:
        rates.count_caller("one-stop")
    assert (first.value.retry_after_seconds, first.value.on_record) == (40, False)
    with pytest.raises(RateLimited) as second:
        rates.count_caller("one-stop")
    assert second.value.on_record, "a flood is on record once a minute"
    watch.at += 40
    rates.count_caller("one-stop")
    with pytest.raises(RateLimited):
        rates.count_caller("one-stop")
    watch.at += 60
    rates.count_caller("one-stop")
    rates.count_caller("one-stop")
    with pytest.raises(RateLimited) as later:
        rates.count_caller("one-stop")
    assert not later.value.on_record


def test_a_whole_network_of_ipv6_is_one_address(watch: Watch) -> None:
    rates = Rates(0, 1, now=watch)
    for host in ("2001:db8::1", "2001:db8:0:1::1", "192.0.2.1", "192.0.2.2", "somewhere"):
        rates.count_address(host)
    for host in ("2001:db8::2", "192.0.2.1", "somewhere"):
        with pytest.raises(RateLimited):
            rates.count_address(host)


def test_zero_means_no_limit(watch: Watch) -> None:
    rates = Rates(0, 0, now=watch)
    for _ in range(50):
        rates.count_caller("one-stop")
        rates.count_address("192.0.2.1")


def test_who_came_once_is_forgotten(watch: Watch) -> None:
    rates = Rates(5, 5, now=watch)
    for n in range(100):
        rates.count_address(f"192.0.2.{n}")
    watch.at += 61
    rates.count_address("192.0.2.1")
    store = rates._limiter.storage
    assert store.reset() == 1
