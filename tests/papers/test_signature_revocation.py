"""Whether a certificate was revoked when it signed, and who could tell."""

import http.server
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from app.demo.authority import TROUBLE, Authority, Who
from app.demo.signing import Signing
from app.domain.documents import Verdict
from app.papers.trust import load_trust
from tests.papers.signing import DAY, NOW, authority, desk, judged, page, trust, trust_with_list, verdicts

SINCE, BEFORE = NOW - TROUBLE / 2, NOW - 2 * TROUBLE


def test_what_the_file_embeds_tells_of_a_revocation() -> None:
    pdf = desk().result(page("embedded"), by=(Who.REVOKED,), at=SINCE)
    (signature,) = judged(pdf, trust(lists=False))
    assert (signature.verdict, signature.revocation) == (Verdict.REVOKED, "embedded")
    assert authority().revoked_at.isoformat() in signature.reason


def test_a_configured_list_tells_of_a_revocation() -> None:
    pdf = desk().sign(page("configured"), Who.REVOKED, at=SINCE)
    (signature,) = judged(pdf)
    assert (signature.verdict, signature.revocation) == (Verdict.REVOKED, "configured")
    assert verdicts(pdf, trust(lists=False)) == [Verdict.VALID]


def test_what_was_time_stamped_before_the_revocation_stays_valid() -> None:
    assert verdicts(desk().sign(page("before"), Who.REVOKED, at=BEFORE)) == [Verdict.VALID]


def test_a_claim_to_have_signed_before_the_revocation_proves_nothing() -> None:
    pdf = desk().sign(page("claims before"), Who.REVOKED, at=BEFORE, time_stamp=False)
    assert verdicts(pdf) == [Verdict.REVOKED]


def test_who_is_on_a_list_that_is_out_of_date_is_revoked_all_the_same() -> None:
    old = trust_with_list(NOW - TROUBLE / 2)
    pdf = desk().sign(page("stale"), Who.REVOKED, at=NOW - DAY, time_stamp=False)
    assert verdicts(pdf, old) == [Verdict.REVOKED]
    # Why we ask ourselves: pyHanko's soft mode passes over it.
    (embedded,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    context = ValidationContext(
        trust_roots=list(old.roots), other_certs=list(old.intermediates), crls=list(old.crls), moment=NOW
    )
    assert validate_pdf_signature(embedded, context).trusted


def test_soft_allows_that_nobody_can_tell_and_hard_does_not() -> None:
    pdf = desk().sign(page("unknown"), Who.OFFICER, at=NOW - DAY)
    (soft,) = judged(pdf, trust(lists=False))
    (hard,) = judged(pdf, trust(lists=False, revocation="hard"))
    assert (soft.verdict, soft.revocation) == (Verdict.VALID, "unchecked")
    assert (hard.verdict, hard.revocation) == (Verdict.UNTRUSTED, "unchecked")
    assert "Nobody can tell" in hard.reason
    # What holds for the signer holds for the time-stamper.
    assert (soft.time_stamped, hard.time_stamped) == (True, False)


def test_hard_is_content_when_somebody_can_tell_of_the_whole_path() -> None:
    pdf = desk().sign(page("known"), Who.OFFICER, at=NOW - DAY)
    (signature,) = judged(pdf, trust(revocation="hard"))
    assert (signature.verdict, signature.revocation, signature.time_stamped) == (Verdict.VALID, "configured", True)


def test_a_list_that_is_out_of_date_cannot_tell_that_a_certificate_stands() -> None:
    pdf = desk().sign(page("stale list"), Who.OFFICER, at=NOW - DAY)
    assert verdicts(pdf, trust_with_list(NOW - 2 * TROUBLE, revocation="hard")) == [Verdict.UNTRUSTED]


def test_a_list_made_after_a_certificate_expired_cannot_tell_that_it_stood() -> None:
    pdf = desk().sign(page("dropped"), Who.EXPIRED, at=BEFORE)
    (soft,) = judged(pdf)
    assert (soft.verdict, soft.revocation) == (Verdict.VALID, "unchecked")
    assert verdicts(pdf, trust(revocation="hard")) == [Verdict.UNTRUSTED]


def test_a_broken_security_store_tells_nothing() -> None:
    pdf = desk().keep(desk().sign(page("broken store"), Who.OFFICER, at=NOW), [Who.OFFICER], at=NOW)
    place = pdf.rindex(authority().crl("root", NOW))
    (signature,) = judged(pdf[:place] + bytes(16) + pdf[place + 16 :], trust(lists=False))
    assert (signature.verdict, signature.revocation) == (Verdict.VALID, "unchecked")


@dataclass
class Net:
    """A server that speaks for the authority, and what it was asked for."""

    address: str = ""
    asked: list[str] = field(default_factory=list)
    lists: dict[str, bytes] = field(default_factory=dict)


@pytest.fixture
def net() -> Iterator[Net]:
    told = Net()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            body = told.lists.get(self.path, b"")
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "application/pkix-crl")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield told
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("revocation", ["soft", "hard"])
def test_offline_nobody_is_asked_whatever_addresses_a_certificate_names(
    net: Net, tmp_path: Path, revocation: str
) -> None:
    wired = Authority.make(NOW, address=net.address)
    pdf = Signing(wired).sign(page("wired"), Who.OFFICER, at=NOW - DAY)
    settings = wired.write_trust(tmp_path, lists=False, revocation="hard" if revocation == "hard" else "soft")
    # Without the intermediate at hand its address in the certificate is the bait.
    judged(pdf, load_trust(settings))
    judged(Signing(wired).sign(page("bait"), Who.REVOKED, at=NOW - DAY, time_stamp=False), load_trust(settings))
    assert net.asked == []


def test_online_the_address_in_the_certificate_is_asked(net: Net, tmp_path: Path) -> None:
    wired = Authority.make(NOW, address=net.address)
    net.lists = {"/root.crl": wired.crl("root", NOW), "/intermediate.crl": wired.crl("intermediate", NOW)}
    online = load_trust(wired.write_trust(tmp_path, lists=False, online=True))
    (good,) = judged(Signing(wired).sign(page("asked"), Who.OFFICER, at=NOW - DAY), online)
    (gone,) = judged(Signing(wired).sign(page("gone"), Who.REVOKED, at=NOW - DAY), online)
    assert (good.verdict, good.revocation) == (Verdict.VALID, "online")
    assert (gone.verdict, gone.revocation) == (Verdict.REVOKED, "online")
    assert "/intermediate.crl" in net.asked
    assert "/issuer" not in net.asked


def test_online_nobody_is_asked_what_is_known_here(net: Net, tmp_path: Path) -> None:
    wired = Authority.make(NOW, address=net.address)
    online = load_trust(wired.write_trust(tmp_path, online=True))
    assert verdicts(Signing(wired).sign(page("known here"), Who.OFFICER, at=NOW - DAY), online) == [Verdict.VALID]
    assert net.asked == []


def test_online_a_certificate_without_a_path_to_our_roots_sends_us_nowhere(net: Net, tmp_path: Path) -> None:
    wired = Authority.make(NOW, address=net.address)
    online = load_trust(authority().write_trust(tmp_path, lists=False, online=True))
    assert verdicts(Signing(wired).sign(page("lure"), Who.OFFICER, at=NOW - DAY), online) == [Verdict.UNTRUSTED]
    assert net.asked == []
