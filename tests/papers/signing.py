"""The throw-away authority of the tests, made once, and papers signed by another library than pyHanko."""

import hashlib
import io
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from app.demo.authority import Authority, Who
from app.demo.signing import Signing, simple_pdf
from app.domain.documents import Signature, Verdict
from app.papers.signatures import judge
from app.papers.trust import Trust, load_trust

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = 365 * DAY

_ROOM_BYTES = 4_096
_PLACEHOLDER = b"[0 0000000000 0000000000 0000000000]"


@cache
def authority() -> Authority:
    """One authority for all tests that change nothing about it."""
    return Authority.make(NOW)


@cache
def desk() -> Signing:
    """Its signing desk."""
    return Signing(authority())


@cache
def sample(name: str) -> bytes:
    """One of the desk's samples."""
    return _samples()[name]


@cache
def _samples() -> dict[str, bytes]:
    return desk().samples()


def page(seed: str, *, form: bool = False) -> bytes:
    """A page of its own."""
    return simple_pdf(["Certificate of marital status"], seed, form=form)


def trust(**options: Any) -> Trust:
    """Trust in the authority; the options are those of ``write_trust``."""
    with tempfile.TemporaryDirectory() as folder:
        return load_trust(authority().write_trust(Path(folder), **options))


def trust_with_list(made_at: datetime, *, revocation: Any = "soft") -> Trust:
    """Trust in the authority with the revocation lists of another day."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = authority().write_trust(folder, revocation=revocation)
        (folder / "root.crl").write_bytes(authority().crl("root", made_at))
        (folder / "intermediate.crl").write_bytes(authority().crl("intermediate", made_at))
        return load_trust(settings)


@cache
def plain_trust() -> Trust:
    """Trust in the authority, with the lists of today, soft."""
    return trust()


def judged(pdf: bytes, by: Trust | None = None, at: datetime = NOW) -> tuple[Signature, ...]:
    """What our judge says about a paper."""
    return judge(io.BytesIO(pdf), by or plain_trust(), at)


def verdicts(pdf: bytes, by: Trust | None = None, at: datetime = NOW) -> list[Verdict]:
    """The verdicts on its signatures, oldest first."""
    return [signature.verdict for signature in judged(pdf, by, at)]


def foreign(by: Authority, who: Who, seed: str, *, hybrid: bool = False, left_out_bytes: int = 0) -> bytes:
    """A paper signed through the CMS of ``cryptography`` (the kind ``adbe.pkcs7.detached``), written byte by byte.

    ``hybrid`` gives it a cross-reference table and a stream, as Word writes them. ``left_out_bytes`` at the end
    are not signed; as many bytes of the signature's own padding are, so that the lengths add up. The time claimed is
    the real one.
    """
    member = by.members[who]

    def sign(data: bytes) -> bytes:
        builder = pkcs7.PKCS7SignatureBuilder().set_data(data)
        builder = builder.add_signer(member.certificate, member.key, hashes.SHA256())
        builder = builder.add_certificate(by.intermediate.certificate)
        return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])

    text = f"BT /F1 12 Tf 72 760 Td\n(A letter {seed}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /SigFlags 3 >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [6 0 R]"
            b" /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Seal) /V 7 0 R /Rect [0 0 0 0] /F 132 /P 3 0 R >>",
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /ByteRange %s /Contents <%s> >>"
        % (_PLACEHOLDER, b"0" * 2 * _ROOM_BYTES),
    ]
    return _sealed(_written(objects, seed, hybrid=hybrid), sign, left_out_bytes)


def _sealed(pdf: bytes, sign: Callable[[bytes], bytes], left_out_bytes: int) -> bytes:
    start = pdf.index(b"/Contents <") + len(b"/Contents ")
    end = start + 2 * _ROOM_BYTES + 2
    second = end - left_out_bytes
    covered = b"[0 %010d %010d %010d]" % (start, second, len(pdf) - end)
    pdf = pdf.replace(_PLACEHOLDER, covered)
    signature = sign(pdf[:start] + pdf[second : len(pdf) - left_out_bytes]).hex().encode()
    return pdf[: start + 1] + signature.ljust(2 * _ROOM_BYTES, b"0") + pdf[end - 1 :]


def _written(objects: list[bytes], seed: str, *, hybrid: bool) -> bytes:
    output = io.BytesIO()
    output.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(output.tell())
        output.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    stream_at = output.tell()
    size = len(objects) + 1
    if hybrid:
        head = b"<< /Type /XRef /Size %d /W [1 3 1] /Index [0 1] /Root 1 0 R /Length 5 >>" % size
        output.write(b"%d 0 obj\n%s\nstream\n\x00\x00\x00\x00\xff\nendstream\nendobj\n" % (size, head))
    start = output.tell()
    output.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
    for offset in offsets:
        output.write(b"%010d 00000 n \n" % offset)
    identity = hashlib.sha256(seed.encode()).hexdigest()[:32].encode()
    more = b" /XRefStm %d" % stream_at if hybrid else b""
    output.write(b"trailer\n<< /Size %d /Root 1 0 R /ID [<%s> <%s>]%s >>\n" % (size, identity, identity, more))
    output.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return output.getvalue()
