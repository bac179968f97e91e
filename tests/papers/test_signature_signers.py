"""Whom a certificate names, and the verdict on a paper from those on its signatures."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.documents import Signature, SignerKind, Verdict, overall
from app.papers.signatures import NO_DATE
from app.papers.signers import (
    COMMON_NAME,
    GIVEN_NAME,
    ORGANISATION,
    ORGANISATION_IDENTIFIER,
    ORGANISATION_UNIT,
    SERIAL_NUMBER,
    SURNAME,
    USER_ID,
    Subject,
    agency_of,
    display_name,
    kind_of,
)

PERSONAL = [
    {USER_ID: ["CCCD:001000000001"]},
    {USER_ID: ["CMND:100000001"]},
    {USER_ID: ["HC:B0000001"]},
    {SURNAME: ["Trần"]},
    {GIVEN_NAME: ["Hạnh"]},
    {SERIAL_NUMBER: ["PNOVN-001000000001"]},
    {SERIAL_NUMBER: ["IDCVN-001000000001"]},
]
OFFICIAL = [{USER_ID: ["MST:0100000001"]}, {ORGANISATION_IDENTIFIER: ["VATVN-0100000001"]}]
NEUTRAL = st.fixed_dictionaries(
    {},
    optional={
        COMMON_NAME: st.just(["Someone"]),
        ORGANISATION: st.just(["The province"]),
        "2.5.4.6": st.just(["VN"]),
        SERIAL_NUMBER: st.sampled_from([["12345"], [""]]),
        USER_ID: st.sampled_from([["someone@example"], [" "]]),
    },
)


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        *((mark, SignerKind.PERSON) for mark in PERSONAL),
        *((mark, SignerKind.AGENCY) for mark in OFFICIAL),
        ({}, SignerKind.UNKNOWN),
        ({COMMON_NAME: ["Sở Tư pháp"]}, SignerKind.UNKNOWN),
        ({COMMON_NAME: ["Sở Tư pháp"], ORGANISATION: ["sở tư pháp "]}, SignerKind.AGENCY),
        ({COMMON_NAME: ["Sở Tư pháp"], ORGANISATION: ["Tỉnh"], ORGANISATION_UNIT: ["Sở Tư pháp"]}, SignerKind.AGENCY),
        ({COMMON_NAME: ["Trần Thị Hạnh"], ORGANISATION: ["Sở Tư pháp"]}, SignerKind.UNKNOWN),
        ({COMMON_NAME: ["An"], ORGANISATION: ["An"], USER_ID: ["CCCD:1"]}, SignerKind.PERSON),
        ({SERIAL_NUMBER: ["12345"]}, SignerKind.UNKNOWN),
    ],
)
def test_a_subject_is_of_its_kind(subject: Subject, kind: SignerKind) -> None:
    assert kind_of(subject) is kind


@given(NEUTRAL, st.sampled_from(PERSONAL), st.sampled_from(OFFICIAL))
def test_who_bears_the_marks_of_both_is_neither(
    neutral: dict[str, list[str]], personal: dict[str, list[str]], official: dict[str, list[str]]
) -> None:
    both = dict(neutral)
    for mark in (personal, official):
        for attribute, values in mark.items():
            both[attribute] = [*both.get(attribute, []), *values]
    assert kind_of(both) is SignerKind.UNKNOWN


@given(NEUTRAL)
def test_nobody_is_guessed(neutral: dict[str, list[str]]) -> None:
    assert kind_of(neutral) is SignerKind.UNKNOWN


@given(NEUTRAL, st.sampled_from([*PERSONAL, *OFFICIAL]))
def test_what_says_nothing_changes_nothing(neutral: dict[str, list[str]], mark: dict[str, list[str]]) -> None:
    assert kind_of({**neutral, **mark}) is kind_of(mark)


def test_rules_can_be_replaced() -> None:
    subject = {USER_ID: ["CB:17"]}
    assert kind_of(subject) is SignerKind.UNKNOWN
    assert kind_of(subject, person_rules=(f"{USER_ID}=CB:",)) is SignerKind.PERSON
    assert kind_of({USER_ID: ["MST:1"]}, agency_rules=()) is SignerKind.UNKNOWN


def test_an_agency_speaks_by_its_own_name_and_a_person_for_the_smaller_agency_first() -> None:
    subject = {COMMON_NAME: ["Trần Thị Hạnh"], ORGANISATION: ["Tỉnh"], ORGANISATION_UNIT: ["Sở"]}
    assert agency_of(subject, SignerKind.PERSON) == "Sở, Tỉnh"
    assert agency_of(subject, SignerKind.AGENCY) == "Trần Thị Hạnh"
    assert agency_of({}, SignerKind.PERSON) is None
    assert agency_of({}, SignerKind.AGENCY) is None
    assert display_name({}) == ""


JUDGED = [Verdict.VALID, Verdict.MODIFIED, Verdict.EXPIRED, Verdict.REVOKED, Verdict.UNTRUSTED]
BLANK = Signature(
    field="Signature1",
    signer="",
    agency=None,
    kind=SignerKind.UNKNOWN,
    verdict=Verdict.VALID,
    reason="",
    signed_at=None,
    time_stamped=False,
    time_stamp_by=None,
    covers_whole_file=True,
    later_changes=None,
    certificate_sha256="",
    issuer="",
    valid_from=NO_DATE,
    valid_to=NO_DATE,
    revocation="unchecked",
)
SIGNATURES = st.lists(
    st.builds(
        lambda verdict, kind: replace(BLANK, verdict=verdict, kind=kind),
        st.sampled_from(JUDGED),
        st.sampled_from(SignerKind),
    )
)
WANTED = st.frozensets(st.sampled_from([SignerKind.PERSON, SignerKind.AGENCY]))


@given(SIGNATURES, WANTED)
def test_a_paper_is_valid_only_when_each_signature_is_and_all_who_must_have_signed(
    signatures: list[Signature], wanted: frozenset[SignerKind]
) -> None:
    all_good = bool(signatures) and all(one.verdict is Verdict.VALID for one in signatures)
    everybody = wanted <= {one.kind for one in signatures}
    assert (overall(signatures, wanted) is Verdict.VALID) == (all_good and everybody)
    assert (overall(signatures, wanted) is Verdict.INCOMPLETE) == (all_good and not everybody)


@given(WANTED)
def test_a_paper_without_signatures_is_unsigned_whoever_must_sign(wanted: frozenset[SignerKind]) -> None:
    assert overall([], wanted) is Verdict.UNSIGNED


@given(SIGNATURES, WANTED, st.randoms(use_true_random=False))
def test_the_order_of_signatures_does_not_matter(
    signatures: list[Signature], wanted: frozenset[SignerKind], random: object
) -> None:
    shuffled = list(signatures)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert overall(shuffled, wanted) is overall(signatures, wanted)


@given(SIGNATURES, WANTED, st.sampled_from(JUDGED[1:]))
def test_one_bad_signature_spoils_a_paper_and_the_worst_names_it(
    signatures: list[Signature], wanted: frozenset[SignerKind], bad: Verdict
) -> None:
    order = [Verdict.MODIFIED, Verdict.REVOKED, Verdict.UNTRUSTED, Verdict.EXPIRED]
    found = [*signatures, replace(BLANK, verdict=bad)]
    present = {one.verdict for one in found}
    assert overall(found, wanted) is next(verdict for verdict in order if verdict in present)
