"""Whether anybody revoked a certificate: asked of what the file embeds, of configured lists, and of the net if allowed.

pyHanko verifies each list and answer (``verify_crl``, ``verify_ocsp_response``); this module decides what they mean.
Its own path validation is not used for that, on purpose: in soft mode it skips a certificate that names no
distribution point, and a list that is out of date, so who was revoked on last month's list would pass.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto import crl, ocsp, x509  # type: ignore[import-untyped]
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import MultivaluedAttributeError, NonexistentAttributeError, find_unique_cms_attribute
from pyhanko.sign.validation import DocumentSecurityStore, EmbeddedPdfSignature
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import (
    CRLValidationError,
    OCSPValidationError,
    PathError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy, FreshnessReqType
from pyhanko_certvalidator.registry import CertificateRegistry, TrustManager
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response

# What parsers throw at hostile or broken bytes. The files are strangers', and pyHanko promises no closed set.
BROKEN: Final = (
    PdfError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,
    InvalidSignature,
    UnsupportedAlgorithm,
    struct.error,
    zlib.error,
)

EMBEDDED, CONFIGURED, ONLINE, UNCHECKED = "embedded", "configured", "online", "unchecked"

# A list that was good at the moment in question, or was issued since: it may come after the signature.
_TIMELY: Final = CertRevTrustPolicy(NO_REVOCATION, retroactive_revinfo=True)
# However old a list is, whom it names is revoked.
_ANY_AGE: Final = CertRevTrustPolicy(
    NO_REVOCATION,
    freshness=timedelta(days=36_500),
    freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
)


@dataclass(frozen=True, slots=True)
class Source:
    """Revocation lists and OCSP answers of one origin; ``fetching`` is the net itself."""

    name: str
    crls: tuple[crl.CertificateList, ...] = ()
    ocsps: tuple[ocsp.OCSPResponse, ...] = ()
    fetching: bool = False

    def about(self, certificate: x509.Certificate) -> "Source":
        """What may speak about a certificate; cheaper than to let pyHanko verify and then drop the rest."""
        issuer, serial = certificate.issuer.hashable, certificate.serial_number
        return replace(
            self,
            crls=tuple(one for one in self.crls if one.issuer.hashable == issuer or _is_indirect(one)),
            ocsps=tuple(one for one in self.ocsps if serial in _serials(one)),
        )

    @property
    def silent(self) -> bool:
        """Whether it has nothing to say."""
        return not (self.crls or self.ocsps or self.fetching)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of a path: whom somebody revoked and when, who could tell of the leaf, and of all above it."""

    revoked: x509.Certificate | None
    revoked_at: datetime | None
    source: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Whom to ask about the certificates of one file. ``registry`` knows the certificates that issuers are found in."""

    registry: CertificateRegistry
    sources: tuple[Source, ...]

    async def ask(self, path: ValidationPath, anchors: TrustManager, moment: datetime) -> Findings:
        """Ask all sources about each certificate of a path below its root, as of a moment.

        Who was revoked after the moment was not revoked. The net is asked only about what nobody here can tell.
        """
        certificates = list(path.iter_certs(include_root=False))
        told: dict[bytes, str] = {}
        for source in self.sources:
            open_questions = [one for one in certificates if not source.fetching or one.sha256 not in told]
            for certificate in open_questions:
                try:
                    if await self._stands(certificate, path, source, anchors, moment):
                        told.setdefault(certificate.sha256, source.name)
                except RevokedError as error:
                    return Findings(certificate, error.revocation_dt, source.name, complete=True)
        leaf = certificates[-1].sha256 if certificates else b""
        return Findings(None, None, told.get(leaf, UNCHECKED), complete=len(told) == len(certificates))

    async def _stands(
        self, certificate: x509.Certificate, path: ValidationPath, source: Source, anchors: TrustManager, at: datetime
    ) -> bool:
        """Whether the source can tell that a certificate stood. Raises RevokedError when it says the opposite."""
        known = source.about(certificate)
        if known.silent:
            return False
        # A list issued after a certificate expired need not name it any more.
        timely = [one for one in known.crls if _issued(one) <= certificate.not_valid_after]
        for crls, policy in ((timely, _TIMELY), (known.crls, _ANY_AGE)):
            context = ValidationContext(
                trust_manager=anchors,
                certificate_registry=self.registry,
                crls=crls,
                ocsps=known.ocsps,
                allow_fetching=known.fetching,
                revinfo_policy=policy,
                moment=at,
            )
            async with aclosing(context):
                if await _confirmed(certificate, path, context) and policy is _TIMELY:
                    return True
        return False


async def _confirmed(certificate: x509.Certificate, path: ValidationPath, context: ValidationContext) -> bool:
    confirmed = False
    for verify in (verify_ocsp_response, verify_crl):
        try:
            await verify(certificate, path, context)
        except RevokedError:
            raise
        except (OCSPValidationError, CRLValidationError, ValidationError, PathError, *BROKEN):
            continue
        confirmed = True
    return confirmed


def embedded_in(
    reader: PdfFileReader, signatures: Iterable[EmbeddedPdfSignature]
) -> tuple[Source, tuple[x509.Certificate, ...]]:
    """What a file brings along: lists and answers of its security store and its signatures, and certificates."""
    crls: list[Any] = []
    ocsps: list[Any] = []
    certificates: list[Any] = []
    try:
        store = DocumentSecurityStore.read_dss(reader)
        certificates.extend(store.load_certs())
        crls.extend(crl.CertificateList.load(data) for data in _streams(store.crls, DecodePurpose.CRL))
        ocsps.extend(ocsp.OCSPResponse.load(data) for data in _streams(store.ocsps, DecodePurpose.OCSP_RESPONSE))
    except NoDSSFoundError:
        pass
    except BROKEN:
        crls, ocsps, certificates = [], [], []
    for signature in signatures:
        try:
            attributes = signature.signer_info["signed_attrs"]
            archived = find_unique_cms_attribute(attributes, "adobe_revocation_info_archival")
            crls.extend(archived["crl"])
            ocsps.extend(archived["ocsp"])
        except (NonexistentAttributeError, MultivaluedAttributeError):
            continue
        except BROKEN:
            continue
    source = Source(EMBEDDED, tuple(filter(_readable, crls)), tuple(filter(_serials, ocsps)))
    return source, tuple(certificates)


def _streams(references: Iterable[Any], purpose: DecodePurpose) -> Iterator[bytes]:
    for reference in references:
        yield reference.get_object().read_data(purpose)


def _readable(revocation_list: crl.CertificateList) -> bool:
    try:
        _is_indirect(revocation_list)
        return isinstance(_issued(revocation_list), datetime) and bool(revocation_list.issuer.hashable)
    except BROKEN:
        return False


def _issued(revocation_list: crl.CertificateList) -> datetime:
    issued: datetime = revocation_list["tbs_cert_list"]["this_update"].native
    return issued


def _is_indirect(revocation_list: crl.CertificateList) -> bool:
    point = revocation_list.issuing_distribution_point_value
    return bool(point and point["indirect_crl"].native)


def _serials(answer: ocsp.OCSPResponse) -> frozenset[int]:
    """The serial numbers that an answer speaks of; none when it cannot be read or is a refusal."""
    try:
        responses = answer.basic_ocsp_response["tbs_response_data"]["responses"]
        return frozenset(one["cert_id"]["serial_number"].native for one in responses)
    except BROKEN:
        return frozenset()
