"""Blanks of a form: what fills them, what is shown instead, and how a form is counted."""

import pytest

from app.domain.prefill import (
    FieldState,
    How,
    Lack,
    Origin,
    Preview,
    Same,
    Tally,
    Value,
    Why,
    below_target,
    burden_cut,
    fill,
    kept_wrongly,
    prefilled_share,
    tally,
)

POPULATION = Value("Y Bhăm Niê", Origin.POPULATION, reference="q")
HERE = Value("Y Bhăm Niê", Origin.DOSSIER, reference="d")
EARLIER = Value("Y Bhăm", Origin.EARLIER_DOSSIER, reference="e")


def equal(one: str, other: str) -> bool:
    return one == other


def test_the_value_of_the_authority_fills_a_blank_when_none_differs() -> None:
    filled = fill([HERE, POPULATION], Origin.POPULATION, Lack.NOT_HELD, HERE.text, equal)
    assert (filled.state, filled.why, filled.value, filled.others) == (
        FieldState.FILLED,
        Why.AUTHORITY,
        POPULATION,
        (),
    )


@pytest.mark.parametrize("declared", [None, "Y Bhăm Niê"])
def test_values_that_differ_are_all_shown_and_none_is_taken(declared: str | None) -> None:
    filled = fill([POPULATION, HERE, EARLIER], Origin.POPULATION, Lack.NOT_HELD, declared, equal)
    assert (filled.state, filled.value) == (FieldState.CONFLICT, None)
    said = [Value(declared, Origin.DECLARED)] if declared else []
    assert list(filled.others) == [POPULATION, HERE, EARLIER, *said]


def test_what_the_citizen_wrote_otherwise_is_a_conflict_with_the_authority_too() -> None:
    filled = fill([POPULATION], Origin.POPULATION, Lack.NOT_HELD, "Y Bham Nie", equal)
    assert filled.state is FieldState.CONFLICT
    assert [value.origin for value in filled.others] == [Origin.POPULATION, Origin.DECLARED]


@pytest.mark.parametrize("lack", [Lack.SILENT, Lack.NOT_HELD, Lack.NOT_ALLOWED, Lack.NOT_ASKED])
def test_another_source_fills_a_blank_only_where_the_authority_gave_nothing(lack: Lack) -> None:
    filled = fill([HERE], Origin.POPULATION, lack, None, equal)
    assert (filled.state, filled.why, filled.value) == (FieldState.FILLED, Why.OTHER_SOURCE, HERE)


def test_nobody_speaks_for_an_authority_that_does_not_know_the_person() -> None:
    filled = fill([HERE], Origin.POPULATION, Lack.UNCONFIRMED, None, equal)
    assert (filled.state, filled.why, filled.value) == (FieldState.ASK, Lack.UNCONFIRMED, None)


@pytest.mark.parametrize("lack", list(Lack))
def test_a_blank_of_which_nobody_knows_is_asked_and_says_why(lack: Lack) -> None:
    filled = fill([], Origin.POPULATION, lack, "what the citizen wrote", equal)
    assert (filled.state, filled.why, filled.others) == (FieldState.ASK, lack, ())


def test_whether_two_texts_are_one_value_is_for_the_matching_to_say() -> None:
    alike: Same = lambda one, other: one.casefold() == other.casefold()  # noqa: E731 - a rule, in one line
    filled = fill([POPULATION], Origin.POPULATION, Lack.NOT_HELD, POPULATION.text.upper(), alike)
    assert (filled.state, filled.value) == (FieldState.FILLED, POPULATION)


STATES = {"number": FieldState.FILLED, "home": FieldState.FILLED, "name": FieldState.CONFLICT, "why": FieldState.ASK}


def test_a_form_is_counted_by_how_its_blanks_came_about() -> None:
    hows = {"number": How.ASKED, "home": How.ASKED, "name": How.ASKED, "why": How.EMPTY}
    # Without the number nobody is found, so asking it was needed; the home was known.
    assert tally(STATES, hows, None, {"number"}) == Tally(asked=3, kept=0, asked_needlessly=1)
    assert tally(STATES, hows, Preview.REFUSED, {"number"}) == Tally(asked=3, kept=0, asked_needlessly=0)
    kept = hows | {"number": How.KEPT, "home": How.KEPT}
    assert tally(STATES, kept, Preview.ACCEPTED, ()) == Tally(asked=1, kept=2, asked_needlessly=0)


def test_only_what_was_filled_and_not_refused_was_kept() -> None:
    hows = {"number": How.KEPT, "home": How.CHANGED, "name": How.KEPT, "why": How.CHANGED}
    assert kept_wrongly(STATES, hows, Preview.ACCEPTED) == ["name", "why"]
    assert kept_wrongly(STATES, hows, Preview.REFUSED) == ["number", "name", "why"]


@pytest.mark.parametrize(
    ("asked", "baseline", "cut", "below"),
    [(8, 10, 0.2, False), (9, 10, 0.1, True), (0, 10, 1.0, False), (12, 10, -0.2, True), (3, 0, None, False)],
)
def test_a_form_is_under_the_target_from_the_first_blank_too_many(
    asked: int,
    baseline: int,
    cut: float | None,
    below: bool,  # noqa: FBT001 - one column of the table
) -> None:
    assert burden_cut(asked, baseline) == pytest.approx(cut)
    assert below_target(burden_cut(asked, baseline)) is below


def test_the_share_of_filled_blanks_is_of_all_that_were_filled_or_asked() -> None:
    assert prefilled_share(3, 1) == 0.75
    assert prefilled_share(0, 0) is None
