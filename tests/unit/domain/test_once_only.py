"""The gate's decision on one item, and each way in which a request can be redundant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.once_only import (
    Decided,
    Decision,
    Finding,
    Found,
    Grounds,
    PaperRequest,
    Redundancy,
    Source,
    decide,
    redundancy_of,
)

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
PERSON = ("personal_number", "003190123456")
LIFE = 3600.0
DECIDED = Decided("d1", "KQ1", Decision.NOT_IN_SOURCE, AT, "1.000110", PERSON)
REQUEST = PaperRequest("H-1", "1.000110", frozenset({PERSON}), "KQ1", "Giấy", AT + timedelta(minutes=1), "d1")


def test_only_what_is_held_blocks() -> None:
    assert [decision for decision in Decision if not decision.allows] == [Decision.HAVE_VALID]


def test_the_first_of_several_that_hold_it_is_pointed_to() -> None:
    near = Finding(Source.PROVINCIAL_STORE, Found.HELD, (("document", "a"),))
    far = Finding(Source.NATIONAL_STORE, Found.HELD)
    ruling = decide([Finding(Source.EARLIER_DOSSIER, Found.NOT_HELD), near, far], sector_law=False, grounds=None)
    assert (ruling.decision, ruling.finding) == (Decision.HAVE_VALID, near)


def test_silence_is_told_with_its_incident_and_grounds_against_nothing_do_not_count() -> None:
    silent = Finding(Source.POPULATION, Found.SILENT, incident="event:3")
    ruling = decide([silent], sector_law=False, grounds=Grounds.INACCURATE)
    assert (ruling.decision, ruling.finding) == (Decision.SOURCE_DOWN, silent)
    ruling = decide([], sector_law=False, grounds=Grounds.UPDATE)
    assert (ruling.decision, ruling.finding) == (Decision.NOT_IN_SOURCE, None)


@pytest.mark.parametrize(
    ("of_request", "of_decision", "why"),
    [
        ({}, {}, None),
        ({"asked_at": AT}, {}, None),
        ({"asked_at": AT + timedelta(seconds=LIFE)}, {}, None),
        ({}, {"dossier_code": "H-1", "used_by": "H-1"}, None),
        ({"component_code": None, "name": "KQ1"}, {}, None),
        ({"decision_id": None}, {}, Redundancy.NO_DECISION),
        ({}, {"code": "KQ2"}, Redundancy.OTHER_PAPER),
        ({"component_code": None}, {}, Redundancy.OTHER_PAPER),
        ({}, {"procedure_code": "1.000111"}, Redundancy.OTHER_PROCEDURE),
        ({"subjects": frozenset()}, {}, Redundancy.OTHER_PERSON),
        ({}, {"dossier_code": "H-2"}, Redundancy.OTHER_DOSSIER),
        ({}, {"used_by": "H-2"}, Redundancy.OTHER_DOSSIER),
        ({}, {"decision": Decision.HAVE_VALID}, Redundancy.BLOCKED),
        ({"asked_at": AT - timedelta(seconds=1)}, {}, Redundancy.ASKED_BEFORE),
        ({"asked_at": AT + timedelta(seconds=LIFE + 1)}, {}, Redundancy.EXPIRED),
    ],
)
def test_each_way_in_which_a_request_is_redundant(
    of_request: dict[str, Any], of_decision: dict[str, Any], why: Redundancy | None
) -> None:
    assert redundancy_of(replace(REQUEST, **of_request), replace(DECIDED, **of_decision), LIFE) is why


def test_a_decision_that_nobody_made_allows_nothing() -> None:
    assert redundancy_of(REQUEST, None, LIFE) is Redundancy.UNKNOWN_DECISION
