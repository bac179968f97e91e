"""When a signature was surely made, and whether its certificate was good then."""

import io
from datetime import timedelta

import pytest
from asn1crypto import cms  # type: ignore[import-untyped]
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

from app.demo.authority import TROUBLE, Authority, Who
from app.demo.signing import Signing
from app.domain.documents import Verdict
from app.papers.trust import Trust, TrustSettings, load_trust
from tests.papers.signing import DAY, NOW, YEAR, authority, desk, judged, page, plain_trust, verdicts

# While the certificate that has expired since was good.
BEFORE = NOW - 2 * TROUBLE


def test_an_expired_certificate_without_a_time_stamp_proves_nothing() -> None:
    (signature,) = judged(desk().sign(page("claim"), Who.EXPIRED, at=BEFORE, time_stamp=False))
    assert signature.verdict is Verdict.EXPIRED
    assert signature.signed_at == BEFORE
    assert "no trusted time-stamp" in signature.reason


def test_what_was_time_stamped_while_the_certificate_was_good_stays_valid() -> None:
    (signature,) = judged(desk().sign(page("stamped"), Who.EXPIRED, at=BEFORE))
    assert (signature.verdict, signature.signed_at, signature.time_stamped) == (Verdict.VALID, BEFORE, True)


def test_what_was_time_stamped_after_the_certificate_expired_is_expired() -> None:
    (signature,) = judged(desk().sign(page("late"), Who.EXPIRED, at=NOW - DAY))
    assert signature.verdict is Verdict.EXPIRED
    assert "when it was time-stamped" in signature.reason


def test_a_document_time_stamp_proves_the_time_of_the_signatures_under_it() -> None:
    signed = desk().sign(page("document stamp"), Who.EXPIRED, at=BEFORE, time_stamp=False)
    (signature,) = judged(desk().stamp(signed, at=BEFORE + DAY))
    assert (signature.verdict, signature.signed_at) == (Verdict.VALID, BEFORE + DAY)
    assert signature.time_stamp_by == "TSA thử nghiệm"


def test_a_document_time_stamp_proves_nothing_about_what_was_signed_over_it() -> None:
    stamped = desk().stamp(page("stamp first"), at=BEFORE)
    assert verdicts(desk().sign(stamped, Who.EXPIRED, at=BEFORE, time_stamp=False)) == [Verdict.EXPIRED]


def test_a_document_time_stamp_is_no_signature_whatever_it_calls_itself() -> None:
    stamped = desk().stamp(page("stamp only"), at=BEFORE)
    assert judged(stamped) == ()
    assert judged(stamped.replace(b"/DocTimeStamp", b"/DocTimeSta_p")) == ()


def test_the_earliest_proof_of_time_counts() -> None:
    signed = desk().sign(page("both stamps"), Who.EXPIRED, at=BEFORE)
    (signature,) = judged(desk().stamp(signed, at=NOW - DAY))
    assert (signature.verdict, signature.signed_at) == (Verdict.VALID, BEFORE)
    # Clocks differ: the stamp over the whole may say less than the one inside.
    (signature,) = judged(desk().stamp(desk().sign(page("clocks"), Who.OFFICER, at=NOW), at=NOW - DAY))
    assert signature.signed_at == NOW - DAY


def test_a_strangers_time_stamp_proves_no_time() -> None:
    other = Signing(Authority.make(NOW))
    other._signers[Who.EXPIRED] = desk()._signers[Who.EXPIRED]
    (signature,) = judged(other.sign(page("strange stamp"), Who.EXPIRED, at=BEFORE))
    assert (signature.verdict, signature.time_stamped) == (Verdict.EXPIRED, False)
    # The signer's own claim is what is left.
    assert signature.signed_at == BEFORE


def test_a_strangers_time_stamp_takes_nothing_away_either() -> None:
    other = Signing(Authority.make(NOW - 3 * YEAR))
    other._signers[Who.OFFICER] = desk()._signers[Who.OFFICER]
    # It names a time before the certificate was issued.
    (signature,) = judged(other.sign(page("strange early stamp"), Who.OFFICER, at=NOW - 3 * YEAR))
    assert (signature.verdict, signature.time_stamped) == (Verdict.VALID, False)


def test_a_time_stamp_moved_from_another_signature_proves_no_time() -> None:
    early = desk().sign(page("early"), Who.EXPIRED, at=BEFORE)
    late = desk().sign(page("late"), Who.EXPIRED, at=NOW)
    (signature,) = judged(_with_stamp_of(late, early))
    assert (signature.verdict, signature.time_stamped) == (Verdict.EXPIRED, False)
    # The same graft with its own stamp changes nothing: it is the stamp that is refused, not the surgery.
    assert judged(_with_stamp_of(early, early)) == judged(early)


def _with_stamp_of(pdf: bytes, other: bytes) -> bytes:
    signature, donor = (cms.ContentInfo.load(_contents(one)) for one in (pdf, other))
    stamps = donor["content"]["signer_infos"][0]["unsigned_attrs"]
    signature["content"]["signer_infos"][0]["unsigned_attrs"] = stamps.copy()
    start = pdf.index(b"/Contents <") + len(b"/Contents <")
    end = pdf.index(b">", start)
    grafted: bytes = signature.dump()
    return pdf[:start] + grafted.hex().encode().ljust(end - start, b"0") + pdf[end:]


def _contents(pdf: bytes) -> bytes:
    start = pdf.index(b"/Contents <") + len(b"/Contents <")
    return bytes.fromhex(pdf[start : pdf.index(b">", start)].decode())


@pytest.fixture(scope="module")
def later() -> Authority:
    """Another time-stamper's authority, five years on."""
    return Authority.make(NOW + 5 * YEAR)


@pytest.fixture(scope="module")
def both(later: Authority, tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """Trust in the roots of both authorities; their lists are left out."""
    roots = [one.write_trust(tmp_path_factory.mktemp("trust"), lists=False).roots[0] for one in (authority(), later)]
    return load_trust(TrustSettings(roots=tuple(roots)))


def test_a_time_stamp_dies_with_its_certificate(both: Trust) -> None:
    # The first time-stamper's certificate is good for four years, the officer's for two.
    assert verdicts(desk().sign(page("long"), Who.OFFICER, at=NOW), both, NOW + 6 * YEAR) == [Verdict.EXPIRED]


def test_a_document_time_stamp_keeps_the_stamps_under_it_alive(both: Trust, later: Authority) -> None:
    signed = desk().sign(page("kept alive"), Who.OFFICER, at=NOW)
    kept = Signing(later).stamp(signed, at=NOW + 3 * YEAR)
    (signature,) = judged(kept, both, NOW + 6 * YEAR)
    assert (signature.verdict, signature.signed_at) == (Verdict.VALID, NOW)


def test_a_chain_of_document_time_stamps_outlives_its_certificates(both: Trust, later: Authority) -> None:
    signed = desk().sign(page("chain"), Who.OFFICER, at=NOW, time_stamp=False)
    chain = Signing(later).stamp(desk().stamp(signed, at=NOW + DAY), at=NOW + 3 * YEAR)
    (signature,) = judged(chain, both, NOW + 6 * YEAR)
    assert (signature.verdict, signature.signed_at) == (Verdict.VALID, NOW + DAY)


def test_an_old_document_time_stamp_copied_over_a_new_signature_proves_nothing() -> None:
    stamped = desk().stamp(page("old stamp"), at=BEFORE)
    signed = desk().sign(stamped, Who.EXPIRED, at=NOW, time_stamp=False)
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    writer.update_container(writer.root["/AcroForm"]["/Fields"][0].get_object()["/V"])
    output = io.BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    copied = output.getvalue()
    # The stamp now stands in a revision after the signature, and is good for the bytes it names.
    stamp = PdfFileReader(io.BytesIO(copied)).embedded_timestamp_signatures[0]
    assert stamp.signed_revision > PdfFileReader(io.BytesIO(copied)).embedded_regular_signatures[0].signed_revision
    context = ValidationContext(trust_roots=list(plain_trust().roots), moment=NOW)
    assert validate_pdf_timestamp(stamp, context, skip_diff=True).trusted
    (signature,) = judged(copied)
    assert not signature.time_stamped
    assert signature.verdict is not Verdict.VALID


def test_a_certificate_that_is_not_valid_yet_is_out_of_time() -> None:
    (signature,) = judged(desk().sign(page("too early"), Who.OFFICER, at=NOW - 2 * YEAR))
    assert signature.verdict is Verdict.EXPIRED
    assert "not valid yet" in signature.reason


def test_a_time_stamp_from_the_future_counts_as_now() -> None:
    signed = desk().sign(page("future"), Who.OFFICER, at=NOW + timedelta(days=900))
    assert verdicts(signed) == [Verdict.VALID]
