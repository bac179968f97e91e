"""Papers signed by the throw-away authority: good ones, and one of each kind that must be caught.

A visible stamp is not drawn: a verdict rests on bytes, not on pictures.
"""

import asyncio
import hashlib
import io
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto import cms, crl, keys, ocsp, tsp, x509  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import Certificate
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper, SimpleSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.demo.authority import TROUBLE, Authority, Member, Who

# Room for a signature in bytes, with a time-stamp and without; measured 3.5 kB and 2.2 kB for the largest key.
_ROOM_STAMPED_BYTES: Final = 4_608
_ROOM_BYTES: Final = 3_072
_POLICY: Final = "1.3.6.1.4.1.99999.1"
_RECENTLY: Final = timedelta(days=10)


class Signing:
    """The signing desk of an authority. Not for two threads at once."""

    def __init__(self, authority: Authority) -> None:
        """Load each key once: that costs more than a signature."""
        self.authority = authority
        self._issuers = [_loaded(member.certificate) for member in (authority.intermediate, authority.root)]
        self._signers = {who: self._signer(member) for who, member in authority.members.items()}
        self._stamper = self._signer(authority.stamper)

    def sign(
        self,
        pdf: bytes,
        by: Who,
        *,
        at: datetime,
        time_stamp: bool = True,
        permit: MDPPerm | None = None,
        subfilter: SigSeedSubFilter = SigSeedSubFilter.PADES,
    ) -> bytes:
        """Add a signature (PAdES, invisible) as an incremental update.

        ``at`` is the time claimed and stamped. With ``permit`` it certifies the paper and says what may still be done.
        """
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        signer = PdfSigner(
            PdfSignatureMetadata(
                field_name=f"Signature{pdf.count(b'/ByteRange') + 1}",
                md_algorithm="sha256",
                subfilter=subfilter,
                certify=permit is not None,
                docmdp_permissions=permit or MDPPerm.FILL_FORMS,
            ),
            self._signers[by],
            timestamper=_Stamper(self._stamper, at) if time_stamp else None,
        )
        return asyncio.run(_signed(signer, writer, at))

    def keep(self, pdf: bytes, by: Iterable[Who], *, at: datetime) -> bytes:
        """Add a security store (DSS) with what was known about the signers at a time, as an incremental update."""
        authority = self.authority
        lists = (crl.CertificateList.load(authority.crl(name, at)) for name in ("root", "intermediate"))
        answers = (ocsp.OCSPResponse.load(authority.ocsp_answer(who, at)) for who in by)
        output = io.BytesIO(pdf)
        DocumentSecurityStore.add_dss(output, None, certs=self._issuers[:1], crls=lists, ocsps=answers)
        return output.getvalue()

    def stamp(self, pdf: bytes, *, at: datetime) -> bytes:
        """Add a document time-stamp over all there is, as an incremental update."""
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        output = PdfTimeStamper(_Stamper(self._stamper, at)).timestamp_pdf(
            writer, "sha256", validation_context=None, bytes_reserved=2 * _ROOM_BYTES
        )
        stamped: bytes = output.getvalue()
        return stamped

    def result(
        self,
        pdf: bytes,
        *,
        at: datetime,
        by: Sequence[Who] = (Who.OFFICER, Who.AGENCY),
        time_stamp: bool = True,
        embed_revocation: bool = True,
    ) -> bytes:
        """A result of a procedure: signed by each in turn, with what a reader needs to check it years later."""
        for who in by:
            pdf = self.sign(pdf, who, at=at, time_stamp=time_stamp)
        # Our responder knows nothing about a stranger.
        kept = [who for who in by if who is not Who.STRANGER]
        return self.keep(pdf, kept, at=at) if embed_revocation else pdf

    def samples(self, *, at: datetime | None = None) -> dict[str, bytes]:
        """One paper for each verdict, by its name in lower case; ``modified`` comes in two ways."""
        at = at or self.authority.now - _RECENTLY
        good = self.result(simple_pdf(["Certificate of marital status", "No. 17/UBND-XN"], "good"), at=at)
        plain = simple_pdf(["Extract of a birth certificate"], "plain")
        return {
            "valid": good,
            "modified": flip_letter(good),
            "modified_later": rewrite_page(good, ["Certificate of marital status", "No. 99/UBND-XN"]),
            "expired": self.result(
                plain, at=self.authority.now - 2 * TROUBLE, by=(Who.EXPIRED, Who.AGENCY), time_stamp=False
            ),
            "revoked": self.result(plain, at=at, by=(Who.REVOKED, Who.AGENCY)),
            "untrusted": self.result(plain, at=at, by=(Who.STRANGER, Who.AGENCY)),
            "unsigned": plain,
            "incomplete": self.result(plain, at=at, by=(Who.OFFICER,)),
        }

    def _signer(self, member: Member) -> SimpleSigner:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        if member.certificate.issuer == self.authority.intermediate.certificate.subject:
            store.register_multiple(self._issuers[:1])
        return _Signer(member, store)


class _Signer(SimpleSigner):
    """A signer whose key stays loaded; pyHanko's own parses and checks it anew for each signature."""

    def __init__(self, member: Member, store: SimpleCertificateStore) -> None:
        der = member.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        super().__init__(_loaded(member.certificate), keys.PrivateKeyInfo.load(der), store, embed_roots=False)
        self._key = member.key

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        """Sign with SHA-256, the only digest used here."""
        if digest_algorithm != "sha256":
            raise NotImplementedError(digest_algorithm)
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(data, ec.ECDSA(hashes.SHA256()))
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())


class _Stamper(TimeStamper):
    """A time-stamper (RFC 3161) whose clock stands still; pyHanko's own for tests signs with RSA only."""

    def __init__(self, signer: SimpleSigner, at: datetime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._signer, self._time = signer, at.replace(microsecond=0)

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": _POLICY,
                "message_imprint": req["message_imprint"],
                "serial_number": int.from_bytes(hashlib.sha256(req.dump()).digest()[:8], "big"),
                "gen_time": self._time,
                "nonce": req["nonce"],
            }
        )
        content = cms.EncapsulatedContentInfo(
            {"content_type": "tst_info", "content": cms.ParsableOctetString(info.dump())}
        )
        token = await self._signer.async_sign_general_data(content, "sha256", detached=False)
        return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})


async def _signed(signer: PdfSigner, writer: IncrementalPdfFileWriter, at: datetime) -> bytes:
    room_bytes = _ROOM_STAMPED_BYTES if signer.default_timestamper else _ROOM_BYTES
    # The steps of PdfSigner.async_sign_pdf, with a clock of our own and no trial signature to measure the room.
    session = signer.init_signing_session(writer)
    session.system_time = at
    ready = session.prepare_tbs_document(validation_info=None, bytes_reserved=2 * room_bytes)
    output = io.BytesIO()
    digest, _ = ready.digest_tbs_document(output=output)
    await ready.perform_signature(digest.document_digest, PdfCMSSignedAttributes(signing_time=at))
    return output.getvalue()


def simple_pdf(lines: Sequence[str], seed: str, *, form: bool = False) -> bytes:
    """A small page of ASCII lines, alike for a like seed; with ``form`` it has one text field, ``note``."""
    text = "\n".join(f"({_escaped(line)}) Tj T*" for line in (*lines, f"ref {seed}"))
    content = f"BT /F1 12 Tf 18 TL 72 760 Td\n{text}\nET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R" + (b" /AcroForm << /Fields [6 0 R] >>" if form else b"") + b" >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >>" + (b" /Annots [6 0 R]" if form else b"") + b" >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    if form:
        objects.append(
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (note) /V () /DA (/F1 12 Tf 0 g)"
            b" /Rect [72 700 300 720] /F 4 /P 3 0 R >>"
        )
    return assembled(objects, hashlib.sha256(seed.encode()).hexdigest()[:32].encode())


def assembled(objects: Sequence[bytes], identity: bytes) -> bytes:
    """A PDF of objects numbered from 1, the first being its catalog; ``identity`` is 32 hexadecimal digits."""
    output = io.BytesIO()
    output.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(output.tell())
        output.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = output.tell()
    output.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for offset in offsets:
        output.write(b"%010d 00000 n \n" % offset)
    output.write(b"trailer\n<< /Size %d /Root 1 0 R /ID [<%s> <%s>] >>\n" % (len(objects) + 1, identity, identity))
    output.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return output.getvalue()


def flip_letter(pdf: bytes) -> bytes:
    """The paper with one letter of its first line changed in place."""
    place = pdf.index(b"Td\n(") + len(b"Td\n(")
    return pdf[:place] + bytes([pdf[place] ^ 0x01]) + pdf[place + 1 :]


def rewrite_page(pdf: bytes, lines: Sequence[str]) -> bytes:
    """The paper with its page written anew by an incremental update, as a viewer that edits would."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0]
    text = "\n".join(f"({_escaped(line)}) Tj T*" for line in lines)
    stream = generic.StreamObject(stream_data=f"BT /F1 12 Tf 18 TL 72 760 Td\n{text}\nET".encode("ascii"))
    page["/Contents"] = writer.add_object(stream)
    writer.update_container(page)
    return _written(writer)


def annotate(pdf: bytes, words: str) -> bytes:
    """The paper with a note laid over its page by an incremental update."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(  # type: ignore[no-untyped-call]
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Contents"): generic.pdf_string(words),
            generic.pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (72, 700, 300, 740))),
        }
    )
    annotations = generic.ArrayObject([*page.get("/Annots", ()), writer.add_object(note)])
    page["/Annots"] = annotations
    writer.update_container(page)
    return _written(writer)


def fill(pdf: bytes, words: str) -> bytes:
    """The paper of ``simple_pdf(form=True)`` with its field filled in by an incremental update."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    note: Any = writer.root["/AcroForm"]["/Fields"][0]
    note[generic.pdf_name("/V")] = generic.pdf_string(words)
    writer.update_container(note)
    return _written(writer)


def signature_fields(pdf: bytes) -> list[str]:
    """The names of the filled signature fields of a paper, in the order of signing."""
    return [embedded.field_name for embedded in PdfFileReader(io.BytesIO(pdf)).embedded_signatures]


def _written(writer: IncrementalPdfFileWriter) -> bytes:
    output = io.BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _loaded(certificate: Certificate) -> x509.Certificate:
    return x509.Certificate.load(certificate.public_bytes(Encoding.DER))
