"""Laws of the right to know: every entry means one thing or nothing, nobody reads of another's case, delays end."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.audit import AuditKind
from app.domain.disclosure import (
    LOG,
    OF_DOSSIERS,
    OF_QUESTIONS,
    OF_SUBJECTS,
    Delay,
    Known,
    What,
    disclosure_of,
    is_hidden,
    kept_back_by,
    meaning_of,
)
from app.errors import Refusal
from app.texts import TEXTS

START = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
KNOWN = Known("me", frozenset({"mine"}), frozenset({"about-me"}))
OUTCOMES = (
    "asked", "answered", "taking", "taken", "given", "described", "listed", "probed", "filled", "preview_accepted",
    "handed_in", "MATCH", "NOT_FOUND_OR_MISMATCH", "DENIED", "claimed", "accepted", "rejected", "trylater", "unknown",
    "mixed", "read", "receipt", "values_read", "kept", "new", *(kind.slug for kind in Refusal.__subclasses__()),
)  # fmt: skip


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    one_of = st.sampled_from
    return {
        "id": draw(st.integers(1, 9)),
        "at": START,
        "kind": draw(one_of(AuditKind)).value,
        "outcome": draw(one_of(OUTCOMES)),
        "actor": "canbo01",
        "agency": "H15",
        "provider": draw(one_of(["lienthong", "portal", "webhook:7", "population"])),
        "purpose": "verify_person: việc riêng của người khác",
        "legal_basis": "Luật",
        "dossier_code": draw(one_of([None, "mine", "another's"])),
        "procedure_code": "1.000110",
        "unit_code": "H15.50",
        "subject_ref": draw(one_of([None, "me", "another", "hash"])),
        "detail": {
            "query": draw(one_of(["about-me", "about-another"])),
            "log": draw(one_of([LOG, "person_queries"])),
            "items": ["number"],
        },
    }


def test_each_meaning_has_a_sentence_and_an_entry_that_has_it() -> None:
    details, providers = ({"log": LOG},), ("portal",)
    reached = {meaning_of(k, o, p, d) for k in AuditKind for o in OUTCOMES for p in providers for d in details}
    assert reached == {*What, None}
    assert {key.removeprefix("disclosure.") for key in TEXTS if key.startswith("disclosure.")} == {*What}
    # What means something is looked for.
    told = {k for k in AuditKind for o in OUTCOMES if meaning_of(k, o, "portal", {"log": LOG})}
    assert told == {*OF_DOSSIERS, *OF_QUESTIONS, *OF_SUBJECTS}


@given(row=rows())
def test_only_what_is_about_a_person_is_told_and_anothers_case_is_not_named(row: dict[str, Any]) -> None:
    told = disclosure_of(row, KNOWN)
    if told is None:
        return
    kind = AuditKind(row["kind"])
    if kind in OF_QUESTIONS:
        assert row["detail"]["query"] == "about-me"
    else:
        assert row["subject_ref"] == "me" or (row["subject_ref"] is None and row["dossier_code"] == "mine")
    assert row["provider"] != "webhook:7" or kind not in {AuditKind.EXCHANGE_STARTED, AuditKind.EXCHANGE_ENDED}
    assert told.own_case == (row["dossier_code"] in {None, "mine"})
    if not told.own_case:
        assert (told.dossier, told.procedure, told.purpose) == (None, None, "verify_person")


days = st.integers(0, 20)


@given(
    made=st.lists(st.tuples(days, st.integers(1, 20)), max_size=4).map(sorted),
    at=days,
    later=st.integers(0, 60),
)
def test_a_delay_hides_until_its_day_and_is_told_of_ever_after(
    made: list[tuple[int, int]], at: int, later: int
) -> None:
    now = START + timedelta(days=at + later)
    delays = [
        Delay(START + timedelta(days=day), (START + timedelta(days=day + length)).date(), "Luật")
        for day, length in made
        if START + timedelta(days=day) <= now
    ]
    entry_at = START + timedelta(days=at)
    hidden = is_hidden(delays, now)
    assert hidden == (bool(delays) and now < delays[-1].ends_at)
    if hidden:
        assert kept_back_by(entry_at, delays) is delays[-1]
    if all(delay.ends_at <= entry_at for delay in delays):
        assert kept_back_by(entry_at, delays) is None
    assert not is_hidden(delays, START + timedelta(days=100))
