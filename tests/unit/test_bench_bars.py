"""The bars of ``make bench``: bounds on both sides, and each named figure has one."""

import math

import pytest

from benchmarks.__main__ import BARS
from benchmarks.bars import Bar


@pytest.mark.parametrize(
    ("bar", "value", "held"),
    [
        (Bar(at_least=5.0), 5.0, True),
        (Bar(at_least=5.0), 4.9, False),
        (Bar(at_most=1.3), 1.3, True),
        (Bar(at_most=1.3), 1.4, False),
        (Bar(at_least=0.6, at_most=1.6), 1.0, True),
        (Bar(at_least=0.6, at_most=1.6), 0.5, False),
        (Bar(at_least=0.6, at_most=1.6), 1.7, False),
        (Bar(at_least=0.6), math.nan, False),
    ],
)
def test_a_bar_holds_within_its_bounds(bar: Bar, value: float, held: bool) -> None:  # noqa: FBT001 - a table
    assert bar.holds(value) is held
    assert bar.verdict(value).endswith("held" if held else "MISSED")


def test_both_bounds_are_shown() -> None:
    assert Bar(at_least=0.6, at_most=1.6).verdict(1.0) == "bar >= 0.6 and <= 1.6: held"


def test_the_outage_has_its_bars() -> None:
    assert BARS["outage_beside_dead_vs_alone"].at_least == 0.9
    both = BARS["outage_happened_vs_forecast"]
    assert both.at_least is not None
    assert both.at_most is not None


def test_the_gate_has_its_bars() -> None:
    assert BARS["once_only_check_p95_ms_sqlite"].at_most == BARS["once_only_check_p95_ms_postgresql"].at_most == 50.0
    assert BARS["once_only_outside_calls"].at_most == 0.0
