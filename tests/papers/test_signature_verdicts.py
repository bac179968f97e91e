"""The verdict on a paper: one real paper for each, and what may and may not be added after signing."""

import io
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm

from app.demo.authority import Who
from app.demo.signing import annotate, fill, rewrite_page
from app.domain.documents import SignerKind, Verdict, overall
from app.papers.signatures import judge
from app.papers.trust import TrustSettings, load_trust
from tests.papers.signing import DAY, NOW, authority, desk, judged, page, plain_trust, sample, verdicts

BOTH = frozenset({SignerKind.PERSON, SignerKind.AGENCY})
BROKEN_KINDS = ("modified", "modified_later", "expired", "revoked", "untrusted", "unsigned", "incomplete")


@pytest.mark.parametrize("name", ["valid", *BROKEN_KINDS])
def test_each_sample_gets_its_verdict(name: str) -> None:
    expected = Verdict(name.removesuffix("_later").upper())
    assert overall(judged(sample(name)), BOTH) is expected


def test_a_valid_paper_tells_who_signed_for_whom_and_when() -> None:
    officer, agency = judged(sample("valid"))
    assert (officer.signer, officer.kind) == ("Trần Thị Hạnh", SignerKind.PERSON)
    assert officer.agency == "Sở Tư pháp, Ủy ban nhân dân tỉnh Sông Trăng"
    assert (agency.signer, agency.agency, agency.kind) == (
        "Ủy ban nhân dân tỉnh Sông Trăng",
        "Ủy ban nhân dân tỉnh Sông Trăng",
        SignerKind.AGENCY,
    )
    for signature in (officer, agency):
        assert signature.signed_at == NOW - 10 * DAY
        assert signature.signed_at.utcoffset() == DAY * 0
        assert signature.time_stamped
        assert signature.time_stamp_by == "TSA thử nghiệm"
        assert signature.covers_whole_file
        assert signature.revocation == "embedded"
        assert "CA cơ quan nhà nước thử nghiệm" in signature.issuer
        assert signature.valid_from < NOW < signature.valid_to
    assert (officer.later_changes, agency.later_changes) == ("FORM_FILLING", "LTA_UPDATES")
    certificate = authority().members[Who.OFFICER].certificate
    assert officer.certificate_sha256 == certificate.fingerprint(hashes.SHA256()).hex()


def test_a_paper_with_nothing_added_has_no_later_changes() -> None:
    (signature,) = judged(desk().sign(page("untouched"), Who.CLERK, at=NOW - DAY))
    assert (signature.verdict, signature.later_changes, signature.covers_whole_file) == (Verdict.VALID, None, True)


def test_without_a_time_stamp_the_time_is_the_signers_claim() -> None:
    (signature,) = judged(desk().sign(page("claimed"), Who.OFFICER, at=NOW - DAY, time_stamp=False))
    assert (signature.signed_at, signature.time_stamped, signature.time_stamp_by) == (NOW - DAY, False, None)
    assert signature.verdict is Verdict.VALID


def _covered_places(pdf: bytes) -> list[int]:
    """The places that the last signature covers."""
    _, first, second, length = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[-1].byte_range
    return [*range(first), *range(second, second + length)]


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_no_signed_byte_can_be_changed_unnoticed(data: Any) -> None:
    pdf = sample("valid")
    place = data.draw(st.sampled_from(_covered_places(pdf)))
    change = data.draw(st.integers(1, 255))
    changed = pdf[:place] + bytes([pdf[place] ^ change]) + pdf[place + 1 :]
    try:
        found = judged(changed)
    except ValueError:
        return
    assert overall(found, BOTH) is not Verdict.VALID


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_damaged_file_is_judged_or_refused_but_never_breaks_the_judge(data: Any) -> None:
    pdf = bytearray(sample("valid"))
    # The last lines say where all else is: without them there is no file to judge, so most draws leave them alone.
    for place in data.draw(st.lists(st.integers(0, len(pdf) - 60), min_size=1, max_size=12)):
        pdf[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(pdf), len(pdf), len(pdf), len(pdf) - 100]))
    try:
        found = judged(bytes(pdf[:cut]))
    except ValueError:
        return
    assert all(signature.reason for signature in found)


def test_what_is_no_pdf_raises_value_error() -> None:
    for data in (b"", b"%PDF-1.7\n", b"hello", bytes(4096)):
        with pytest.raises(ValueError, match="cannot be read"):
            judged(data)


def test_a_signature_that_cannot_be_read_is_modified_and_says_so() -> None:
    pdf = desk().sign(page("garbage"), Who.OFFICER, at=NOW)
    start = pdf.index(b"/Contents <") + len(b"/Contents <")
    (signature,) = judged(pdf[:start] + b"00" * 40 + pdf[start + 80 :])
    assert signature.verdict is Verdict.MODIFIED
    assert "cannot be read" in signature.reason


def test_a_signature_of_a_kind_that_is_not_judged_is_listed_and_not_trusted() -> None:
    pdf = desk().sign(page("old kind"), Who.OFFICER, at=NOW)
    (signature,) = judged(pdf.replace(b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1 "))
    assert signature.verdict is Verdict.UNTRUSTED
    assert "/adbe.x509.rsa_sha1" in signature.reason


@pytest.mark.parametrize(
    "change",
    [lambda pdf: rewrite_page(pdf, ["Another text"]), lambda pdf: annotate(pdf, "Approved")],
    ids=["page", "annotation"],
)
def test_a_page_changed_after_signing_is_modified(change: Any) -> None:
    (signature,) = judged(change(desk().sign(page("page"), Who.OFFICER, at=NOW)))
    assert (signature.verdict, signature.later_changes) == (Verdict.MODIFIED, "OTHER")
    assert not signature.covers_whole_file


@pytest.mark.parametrize(
    ("permit", "verdict"),
    [
        (None, Verdict.VALID),
        (MDPPerm.FILL_FORMS, Verdict.VALID),
        (MDPPerm.NO_CHANGES, Verdict.MODIFIED),
    ],
)
def test_a_form_may_be_filled_in_only_where_the_first_signer_permits(permit: MDPPerm | None, verdict: Verdict) -> None:
    signed = desk().sign(page("form", form=True), Who.OFFICER, at=NOW, permit=permit)
    assert verdicts(signed) == [Verdict.VALID]
    (signature,) = judged(fill(signed, "seen"))
    assert (signature.verdict, signature.later_changes) == (verdict, "FORM_FILLING")


def test_a_second_signature_is_no_change_where_the_first_permits_it() -> None:
    signed = desk().sign(page("open"), Who.OFFICER, at=NOW, permit=MDPPerm.FILL_FORMS)
    assert verdicts(desk().sign(signed, Who.AGENCY, at=NOW)) == [Verdict.VALID, Verdict.VALID]


def test_a_security_store_and_a_document_time_stamp_may_be_added() -> None:
    signed = desk().result(page("kept"), at=NOW - DAY)
    stamped = desk().stamp(signed, at=NOW - DAY)
    officer, agency = judged(desk().keep(stamped, [Who.OFFICER], at=NOW))
    assert (officer.verdict, agency.verdict, agency.later_changes) == (Verdict.VALID, Verdict.VALID, "LTA_UPDATES")


def test_a_strangers_root_is_no_root_of_ours() -> None:
    (signature,) = judged(desk().sign(page("stranger"), Who.STRANGER, at=NOW))
    assert signature.verdict is Verdict.UNTRUSTED
    assert "No path" in signature.reason


def test_a_certificate_that_is_not_for_signing_papers_is_not_trusted() -> None:
    (signature,) = judged(desk().sign(page("misused"), Who.MISUSED, at=NOW))
    assert signature.verdict is Verdict.UNTRUSTED
    assert "not issued for signing" in signature.reason


def test_without_any_root_nobody_is_trusted() -> None:
    nobody = load_trust(TrustSettings())
    assert verdicts(desk().sign(page("nobody"), Who.OFFICER, at=NOW), nobody) == [Verdict.UNTRUSTED]


def test_the_judge_works_inside_a_thread() -> None:
    found: list[Verdict] = []
    pdf = sample("valid")
    thread = threading.Thread(
        target=lambda: found.extend(one.verdict for one in judge(io.BytesIO(pdf), plain_trust(), NOW))
    )
    thread.start()
    thread.join()
    assert found == [Verdict.VALID, Verdict.VALID]
