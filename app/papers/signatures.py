"""What the signatures of a PDF are worth: each one judged by pyHanko, and its findings put in our words.

The moment a certificate is judged at is the latest time by which the signature surely existed: that of its trusted
time-stamp (RFC 3161) or of a trusted document time-stamp over it (PAdES), else now. The signer's own claim of a time
proves nothing. Document time-stamps are followed from the newest to the oldest, each judged at the time that the one
after it proves, so that a chain of them outlives its certificates.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Final

from asn1crypto import x509  # type: ignore[import-untyped]
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESIndeterminate, AdESSubIndic
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel, TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy
from pyhanko_certvalidator.registry import CertificateRegistry, TrustManager

from app.domain.documents import Signature, SignerKind, Verdict
from app.papers.revocation import BROKEN, CONFIGURED, ONLINE, UNCHECKED, Findings, Inquiry, Source, embedded_in
from app.papers.signers import agency_of, display_name, kind_of
from app.papers.trust import Trust

# Certificates that cannot be read have no dates; a signature without one carries this for both.
NO_DATE: Final = datetime(1970, 1, 1, tzinfo=UTC)

_JUDGED_KINDS: Final = frozenset({"/adbe.pkcs7.detached", "/ETSI.CAdES.detached", "/PBAD.PAdES"})
_STAMP: Final = "/ETSI.RFC3161"
_PATH_ONLY: Final = CertRevTrustPolicy(NO_REVOCATION)
_NOT_REVOKED: Final = Findings(None, None, UNCHECKED, complete=False)

_WHY_UNTRUSTED: Final[dict[AdESSubIndic, str]] = {
    AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND: "No path leads from the certificate to a trusted root.",
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: "The certificate was not issued for signing documents.",
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE: "The signature or a certificate uses an algorithm that is too weak.",
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: "An algorithm of the signature was too weak at its time.",
}

# Every finding is in the verdict and its reason; pyHanko would log each with a traceback.
for _noisy in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL)


def judge(file: BinaryIO, trust: Trust, at: datetime) -> tuple[Signature, ...]:
    """Every signature of a PDF, oldest first, judged as of ``at`` (aware).

    ``file`` is seekable. Document time-stamps are evidence and are not listed. Blocks; not to be called from a running
    event loop. A signature that cannot be read is MODIFIED and says why. Raises ValueError when the file cannot be
    read as a PDF or its form cannot be walked.
    """
    try:
        signatures, baffled = _judged(file, trust, at, strict=True)
    except ValueError:
        baffled = True
    if not baffled:
        return signatures
    # Word writes hybrid cross-references and scanners worse; which bytes were signed is compared all the same.
    return _judged(file, trust, at, strict=False)[0]


def _judged(file: BinaryIO, trust: Trust, at: datetime, *, strict: bool) -> tuple[tuple[Signature, ...], bool]:
    """The signatures, and whether one of them could not be verified for how the file is written."""
    try:
        file.seek(0)
        reader = PdfFileReader(file, strict=strict)
        if reader.encrypted and reader.decrypt(b"").status is AuthStatus.FAILED:
            message = "it wants a password"
            raise ValueError(message)
        found = sorted(_found(reader), key=lambda one: one.revision)
        court = _Court(reader, trust, at, found)
    except BROKEN as error:
        message = f"this PDF cannot be read: {_said(error)}"
        raise ValueError(message) from error
    return asyncio.run(court.judge()) if found else (), court.baffled


@dataclass(frozen=True, slots=True)
class _Found:
    """A filled signature field; ``embedded`` is missing when its signature cannot be read, and ``fault`` says why."""

    name: str
    revision: int
    embedded: EmbeddedPdfSignature | None
    fault: str = ""

    @property
    def is_stamp(self) -> bool:
        if self.embedded is None:
            return False
        return self.embedded.sig_object_type == "/DocTimeStamp" or self.embedded.sig_object.get("/SubFilter") == _STAMP


@dataclass(frozen=True, slots=True)
class _Proof:
    """That all up to a revision existed at a time; ``by`` is the authority that says so."""

    revision: int
    time: datetime
    by: str


@dataclass(frozen=True, slots=True)
class _Case:
    """All that was found out about one signature, before it is given a verdict."""

    embedded: EmbeddedPdfSignature
    status: PdfSignatureStatus
    findings: Findings
    moment: datetime
    proof: _Proof | None


def _found(reader: PdfFileReader) -> Iterator[_Found]:
    for name, _, field in enumerate_sig_fields(reader, filled_status=True):
        try:
            embedded = EmbeddedPdfSignature(reader, field, name)
        except BROKEN as error:
            yield _Found(name, reader.xrefs.total_revisions, None, _said(error))
        else:
            yield _Found(name, embedded.signed_revision, embedded)


class _Court:
    """Judges the signatures of one file; what the file brings along is known to this one only."""

    def __init__(self, reader: PdfFileReader, trust: Trust, at: datetime, found: Iterable[_Found]) -> None:
        self._trust, self._at = trust, at
        self._found = list(found)
        embedded, certificates = embedded_in(reader, (one.embedded for one in self._found if one.embedded))
        registry = CertificateRegistry.build([*trust.intermediates, *certificates])
        sources = [embedded, Source(CONFIGURED, trust.crls)]
        if trust.settings.online:
            sources.append(Source(ONLINE, fetching=True))
        self._inquiry = Inquiry(registry, tuple(sources))
        self.baffled = False

    async def judge(self) -> tuple[Signature, ...]:
        proofs = [proof async for proof in self._proofs()]
        return tuple([await self._signature(one, proofs) for one in self._found if not one.is_stamp])

    async def _proofs(self) -> AsyncIterator[_Proof]:
        """What the document time-stamps prove, newest first."""
        control = self._at
        for one in reversed(self._found):
            if one.embedded is None or not one.is_stamp:
                continue
            try:
                status = await async_validate_pdf_timestamp(
                    one.embedded, self._context(self._trust.stampers, control), skip_diff=True
                )
                covers = status.coverage is not None and status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
                if covers and await self._trusted(status, control):
                    control = min(control, status.timestamp)
                    yield _Proof(one.revision, control, _name_of(status.signing_cert))
            except BROKEN:
                continue

    async def _trusted(self, stamp: TimestampSignatureStatus | None, control: datetime) -> bool:
        if stamp is None or not stamp.trusted or stamp.validation_path is None:
            return False
        findings = await self._inquiry.ask(stamp.validation_path, self._trust.stampers, control)
        return findings.revoked is None and (findings.complete or self._trust.settings.revocation == "soft")

    async def _signature(self, one: _Found, proofs: Iterable[_Proof]) -> Signature:
        if one.embedded is None:
            self.baffled = True
            return _unreadable(one, Verdict.MODIFIED, f"The signature cannot be read: {one.fault}.")
        kind = one.embedded.sig_object.get("/SubFilter", None)
        if kind not in _JUDGED_KINDS:
            return _unreadable(one, Verdict.UNTRUSTED, f"A signature of the kind {kind} is not judged here.")
        # The oldest time-stamp over a signature says most; proofs come newest first.
        proof = min((known for known in proofs if known.revision > one.revision), key=_when, default=None)
        try:
            return self._told(await self._case(one.embedded, proof))
        except BROKEN as error:
            self.baffled = True
            return _unreadable(one, Verdict.MODIFIED, f"The signature cannot be verified: {_said(error)}.")

    async def _case(self, embedded: EmbeddedPdfSignature, proof: _Proof | None) -> _Case:
        control = proof.time if proof else self._at
        moment = min(_stamped_at(embedded) or control, control)
        status = await self._validated(embedded, moment, control)
        stamp = status.timestamp_validity
        earlier = stamp is not None and (proof is None or stamp.timestamp < proof.time)
        if stamp is not None and earlier and await self._trusted(stamp, control):
            proof = _Proof(embedded.signed_revision, stamp.timestamp, _name_of(stamp.signing_cert))
        # What was taken for proven before the time-stamp was judged may not be.
        proven = min(proof.time, control) if proof else control
        if proven != moment:
            status = await self._validated(embedded, proven, control)
        findings = _NOT_REVOKED
        if status.validation_path is not None:
            findings = await self._inquiry.ask(status.validation_path, self._trust.signers, proven)
        return _Case(embedded, status, findings, proven, proof)

    async def _validated(
        self, embedded: EmbeddedPdfSignature, moment: datetime, control: datetime
    ) -> PdfSignatureStatus:
        return await async_validate_pdf_signature(
            embedded,
            signer_validation_context=self._context(self._trust.signers, moment),
            ts_validation_context=self._context(self._trust.stampers, control),
        )

    def _context(self, anchors: TrustManager, moment: datetime) -> ValidationContext:
        # Revocation is asked about apart: see app.papers.revocation.
        return ValidationContext(
            trust_manager=anchors,
            certificate_registry=self._inquiry.registry,
            revinfo_policy=_PATH_ONLY,
            moment=moment,
        )

    def _told(self, case: _Case) -> Signature:
        status, certificate = case.status, case.status.signing_cert
        verdict, reason = _verdict(case, hard=self._trust.settings.revocation == "hard")
        subject = _subject(certificate)
        settings = self._trust.settings
        kind = kind_of(subject, person_rules=settings.person_rules, agency_rules=settings.agency_rules)
        level = status.modification_level
        return Signature(
            field=str(case.embedded.field_name),
            signer=display_name(subject),
            agency=agency_of(subject, kind),
            kind=kind,
            verdict=verdict,
            reason=reason,
            signed_at=case.proof.time.astimezone(UTC) if case.proof else _claimed_time(case.embedded),
            time_stamped=case.proof is not None,
            time_stamp_by=case.proof.by if case.proof else None,
            covers_whole_file=_covered(case) and bool(status.docmdp_ok),
            later_changes=None if level in {None, ModificationLevel.NONE} else level.name,
            certificate_sha256=certificate.sha256.hex(),
            issuer=certificate.issuer.human_friendly,
            valid_from=certificate.not_valid_before.astimezone(UTC),
            valid_to=certificate.not_valid_after.astimezone(UTC),
            revocation=case.findings.source,
        )


def _verdict(case: _Case, *, hard: bool) -> tuple[Verdict, str]:
    """The verdict on a signature and its reason: what was done to the paper first, then whom the signer is."""
    tests = (
        (Verdict.MODIFIED, _changed(case)),
        (Verdict.UNTRUSTED, _rootless(case)),
        (Verdict.REVOKED, _revoked(case)),
        (Verdict.EXPIRED, _out_of_time(case)),
        (Verdict.UNTRUSTED, _distrusted(case, hard=hard)),
    )
    for verdict, reason in tests:
        if reason is not None:
            return verdict, reason
    if case.proof:
        return Verdict.VALID, "Unchanged since it was signed, by a trusted certificate, at a proven time."
    return Verdict.VALID, "Unchanged since it was signed, by a trusted certificate; the time is the signer's own claim."


def _changed(case: _Case) -> str | None:
    status = case.status
    if not status.intact:
        return "The signed bytes were changed after signing."
    if not status.valid:
        return "The signature value does not fit the signer's certificate."
    if not _covered(case):
        return "The signature does not cover the whole paper as it was signed."
    if not status.docmdp_ok:
        level = status.modification_level
        return f"Changes were added after signing that are not allowed ({level.name if level else 'unknown'})."
    return None


def _covered(case: _Case) -> bool:
    coverage = case.status.coverage
    return coverage is not None and coverage >= SignatureCoverageLevel.ENTIRE_REVISION and _gap_fits(case.embedded)


def _gap_fits(embedded: EmbeddedPdfSignature) -> bool:
    """Whether the bytes left out are the signature itself and nothing else; pyHanko compares lengths only."""
    _, first, second, _ = embedded.byte_range
    stream = embedded.reader.stream
    stream.seek(first)
    gap: bytes = stream.read(second - first)
    return bool(gap.lower() == b"<" + embedded.pkcs7_content.hex().encode() + b">")


def _out_of_time(case: _Case) -> str | None:
    path = case.status.validation_path
    when = "when it was time-stamped" if case.proof else "now, and no trusted time-stamp proves an earlier time"
    for certificate in path.iter_certs(include_root=False) if path else ():
        if case.moment > certificate.not_valid_after:
            return f"The certificate of {_name_of(certificate)} had expired {when}."
        if case.moment < certificate.not_valid_before:
            return f"The certificate of {_name_of(certificate)} was not valid yet {when}."
    return None


def _rootless(case: _Case) -> str | None:
    return _problem(case.status) if case.status.validation_path is None else None


def _revoked(case: _Case) -> str | None:
    who, when = case.findings.revoked, case.findings.revoked_at
    if who is None or when is None:
        return None
    told = f"The certificate of {_name_of(who)} was revoked at {when.astimezone(UTC).isoformat()}"
    return f"{told} ({case.findings.source} information)."


def _distrusted(case: _Case, *, hard: bool) -> str | None:
    if case.status.trust_problem_indic is not None:
        return _problem(case.status)
    if not case.status.seed_value_ok:
        return "The signature is not what its field demands of one."
    if hard and not case.findings.complete:
        return "Nobody can tell whether the certificates were revoked."
    return None


def _problem(status: PdfSignatureStatus) -> str:
    problem = status.trust_problem_indic
    if problem is None:
        return "The certificate cannot be trusted."
    return _WHY_UNTRUSTED.get(problem, f"The certificate cannot be trusted ({problem.standard_name}).")


def _unreadable(one: _Found, verdict: Verdict, reason: str) -> Signature:
    return Signature(
        field=str(one.name),
        signer="",
        agency=None,
        kind=SignerKind.UNKNOWN,
        verdict=verdict,
        reason=reason,
        signed_at=None,
        time_stamped=False,
        time_stamp_by=None,
        covers_whole_file=False,
        later_changes=None,
        certificate_sha256="",
        issuer="",
        valid_from=NO_DATE,
        valid_to=NO_DATE,
        revocation=UNCHECKED,
    )


def _said(error: Exception) -> str:
    """The first line of what a parser says, or what it calls its complaint."""
    words = str(error).strip().rstrip(".")
    return words.splitlines()[0] if words else type(error).__name__


def _when(proof: _Proof) -> datetime:
    return proof.time


def _stamped_at(embedded: EmbeddedPdfSignature) -> datetime | None:
    for token in extract_tst_data_iter(embedded.signer_info, signed=False):
        time: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
        return time
    return None


def _claimed_time(embedded: EmbeddedPdfSignature) -> datetime | None:
    try:
        claimed = embedded.self_reported_timestamp
    except BROKEN:
        return None
    # A time without its zone is no time that could be shown.
    return claimed.astimezone(UTC) if claimed is not None and claimed.tzinfo is not None else None


def _subject(certificate: x509.Certificate) -> dict[str, list[str]]:
    subject: dict[str, list[str]] = {}
    for relative in certificate.subject.chosen:
        for attribute in relative:
            subject.setdefault(attribute["type"].dotted, []).append(str(attribute["value"].native))
    return subject


def _name_of(certificate: x509.Certificate) -> str:
    return display_name(_subject(certificate)) or str(certificate.subject.human_friendly)
