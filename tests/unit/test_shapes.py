"""What the shapes of handed-over records take and refuse, where lax reading would guess."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.provincial import Day, Flag, Moment, Whole

TIMES = [
    "2026-07-01T08:00:00+07:00",
    "2026-07-01T08:00+07:00",
    "2026-07-01T08:00:00.123+0700",
    "2026-07-01T01:00:00Z",
]


@pytest.mark.parametrize("written", TIMES)
def test_a_time_may_be_written_in_each_common_form(written: str) -> None:
    assert TypeAdapter(Moment).validate_json(json.dumps(written)).isoformat().startswith("2026-07-01T0")


def test_a_whole_number_may_be_written_with_a_point() -> None:
    taken = TypeAdapter(Whole).validate_json("150000.0")
    assert (taken, type(taken)) == (150000, int)
    assert TypeAdapter(Whole).json_schema() == {"type": "integer"}


@pytest.mark.parametrize(
    ("shape", "written"),
    [
        (Whole, '"5"'), (Whole, "5.5"), (Whole, "true"), (Whole, "1e400"), (Flag, "1"), (Flag, '"true"'),
        (Moment, "1782900000"), (Moment, '"1782900000"'), (Moment, '"2026-07-01T08:00:00"'),
        (Day, "20635"), (Day, '"2026-07-01T00:00:00"'),
    ],
)  # fmt: skip
def test_nothing_is_guessed(shape: Any, written: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(shape).validate_json(written)
