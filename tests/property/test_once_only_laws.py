"""Laws of asking once: nothing is asked for without an earlier decision that allows it, and silence is no answer."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.once_only import (
    Decided,
    Decision,
    Finding,
    Found,
    Grounds,
    PaperRequest,
    Source,
    decide,
    redundancy_of,
)

START = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
LIFE_SECONDS = 100.0

findings = st.lists(
    st.builds(Finding, st.sampled_from(Source), st.sampled_from(Found)), max_size=4, unique_by=lambda one: one.source
)
grounds = st.none() | st.sampled_from(Grounds)


@given(seen=findings, sector_law=st.booleans(), why=grounds)
def test_it_blocks_exactly_when_it_is_held_and_neither_law_nor_grounds_speak(
    *,
    seen: list[Finding],
    sector_law: bool,
    why: Grounds | None,
) -> None:
    ruling = decide(seen, sector_law=sector_law, grounds=why)
    held = [one for one in seen if one.found is Found.HELD]
    silent = any(one.found is Found.SILENT for one in seen)
    assert (ruling.decision is Decision.HAVE_VALID) is (bool(held) and not sector_law and why is None)
    assert (ruling.decision is Decision.SECTOR_LAW) is sector_law
    # Not knowing is not knowing that there is nothing.
    assert (ruling.decision is Decision.NOT_IN_SOURCE) is (not held and not silent and not sector_law)
    in_force = ruling.decision in {Decision.UPDATE, Decision.VERIFY, Decision.INACCURATE}
    assert in_force is (bool(held) and not sector_law and why is not None)
    assert ruling.finding is None or ruling.finding in seen


@given(
    both=findings.flatmap(lambda seen: st.tuples(st.just(seen), st.permutations(seen))),
    sector_law=st.booleans(),
    why=grounds,
)
def test_the_order_of_the_sources_changes_where_it_is_taken_from_and_not_the_decision(
    *,
    both: tuple[list[Finding], list[Finding]],
    sector_law: bool,
    why: Grounds | None,
) -> None:
    one, other = (decide(seen, sector_law=sector_law, grounds=why) for seen in both)
    assert one.decision is other.decision
    assert (one.finding is None) is (other.finding is None)
    if one.finding is not None and other.finding is not None:
        assert one.finding.found is other.finding.found


@dataclass(frozen=True)
class Check:
    """Somebody checks a paper of a person, perhaps for a dossier."""

    decision: Decision
    paper: str
    procedure: str
    person: str
    dossier: str | None


@dataclass(frozen=True)
class Request:
    """Somebody asks for a paper, by a decision (``by``: how many back from the newest; None: by none)."""

    dossier: str
    paper: str
    by: int | None


@dataclass(frozen=True)
class Wait:
    """Time goes by."""

    seconds: int


_papers, _dossiers = st.sampled_from(["A", "B"]), st.sampled_from(["H-1", "H-2"])
# Whose dossiers they are, and of which procedure.
_PERSON, _PROCEDURE = "p1", "1.1"
_allowing = [Decision.NOT_IN_SOURCE, Decision.SOURCE_DOWN, Decision.UPDATE]
_checks = st.builds(
    Check,
    st.sampled_from([*_allowing, Decision.HAVE_VALID]),
    _papers,
    st.sampled_from([_PROCEDURE] * 4 + ["1.2"]),
    st.sampled_from([_PERSON] * 4 + ["p2"]),
    st.none() | _dossiers,
)
_requests = st.builds(Request, _dossiers, _papers, st.sampled_from([0, 1, 2, None]))
_events = st.one_of(_requests, _requests, _checks, st.builds(Wait, st.integers(1, 80)))
_stories = st.tuples(st.lists(_checks, min_size=1, max_size=3), st.lists(_events, min_size=5, max_size=20))


@given(_stories)
def test_no_request_passes_without_an_earlier_decision_that_allows_it(
    story: tuple[list[Check], list[Check | Request | Wait]],
) -> None:
    now, kept = START, list[Decided]()
    passed: list[tuple[Request, int, datetime]] = []
    for event in [*story[0], *story[1]]:
        now += timedelta(seconds=1)
        match event:
            case Wait(seconds):
                now += timedelta(seconds=seconds)
            case Check(decision, paper, procedure, person, dossier):
                made = Decided(str(len(kept)), paper, decision, now, procedure, ("n", person), dossier)
                kept.append(made)
            case Request(dossier, paper, by):
                place = None if by is None else len(kept) - 1 - by
                named = None if place is None else str(place)
                asked = PaperRequest(dossier, _PROCEDURE, frozenset({("n", _PERSON)}), paper, paper, now, named)
                found = kept[place] if place is not None and place >= 0 else None
                if redundancy_of(asked, found, LIFE_SECONDS) is None:
                    assert place is not None
                    passed.append((event, place, now))
                    kept[place] = replace(kept[place], used_by=kept[place].used_by or dossier)

    for request, place, at in passed:
        used = kept[place]
        assert used.decision.allows
        assert timedelta(0) <= at - used.at <= timedelta(seconds=LIFE_SECONDS)
        assert (used.code, used.procedure_code) == (request.paper, _PROCEDURE)
        assert used.subject == ("n", _PERSON)
        # A decision serves one dossier: the one it was made for, or the first that used it.
        assert {used.dossier_code or request.dossier, used.used_by} == {request.dossier}


@given(_papers, _dossiers, st.sampled_from([one for one in Decision if one.allows]), st.floats(0, LIFE_SECONDS))
def test_who_checks_first_and_asks_in_time_is_never_reproached(
    paper: str, dossier: str, decision: Decision, later: float
) -> None:
    made = Decided("d", paper, decision, START, _PROCEDURE, ("n", _PERSON), dossier)
    at = START + timedelta(seconds=later)
    asked = PaperRequest(dossier, _PROCEDURE, frozenset({("n", _PERSON)}), paper, paper, at, "d")
    assert redundancy_of(asked, made, LIFE_SECONDS) is None
