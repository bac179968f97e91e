"""A throw-away authority: a root, an intermediate, officers and agencies, a time-stamper, and who was revoked.

For the demo and the tests only. All names are invented; the keys live in memory and die with the process.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from app.papers.trust import TrustSettings

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_PROVINCE: Final = "Ủy ban nhân dân tỉnh Sông Trăng"
_DEPARTMENT: Final = "Sở Tư pháp"
_SHA256: Final = hashes.SHA256()
_YEAR: Final = timedelta(days=365)
_LIST_LIFE: Final = timedelta(days=7)


class Who(StrEnum):
    """Who can sign here. The revoked officer was revoked and the expired one expired thirty days before ``now``."""

    OFFICER = "officer"
    DEPUTY = "deputy"
    CLERK = "clerk"
    AGENCY = "agency"
    DEPARTMENT = "department"
    REVOKED = "revoked"
    EXPIRED = "expired"
    STRANGER = "stranger"
    MISUSED = "misused"


TROUBLE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Member:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key


@dataclass(frozen=True)
class Authority:
    """The authority as of ``now``; lists and answers can be made as of any time."""

    now: datetime
    root: Member
    intermediate: Member
    stamper: Member
    responder: Member
    members: Mapping[Who, Member]
    _lists: dict[tuple[str, datetime], bytes] = field(default_factory=dict, repr=False, compare=False)
    _answers: dict[tuple[Who, datetime], bytes] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def make(cls, now: datetime, *, address: str | None = None) -> Self:
        """Make an authority (about 0.2 s, most of it one RSA key).

        ``address`` (http://host:port) is written into each certificate as where to ask about revocation: its lists
        at ``/root.crl`` and ``/intermediate.crl``, its OCSP responder at ``/ocsp``, its certificates at ``/issuer``.
        """
        maker = _Maker(now, address)
        root = maker.issuer(_name("CA gốc thử nghiệm"), None)
        intermediate = maker.issuer(_name("CA cơ quan nhà nước thử nghiệm"), root)
        elsewhere = maker.issuer(_name("CA lạ"), None)
        trouble = (now - 2 * _YEAR, now - TROUBLE)
        members = {
            Who.OFFICER: maker.signer(_person("Trần Thị Hạnh", "001000000011"), intermediate),
            Who.DEPUTY: maker.signer(_person("Lê Văn Bình", "001000000012"), intermediate),
            Who.CLERK: maker.signer(_person("Phạm Minh Châu", "001000000013"), intermediate, rsa_key=True),
            Who.AGENCY: maker.signer(_agency(_PROVINCE, "0100000001"), intermediate),
            Who.DEPARTMENT: maker.signer(_agency(_DEPARTMENT, "0100000002"), intermediate),
            Who.REVOKED: maker.signer(_person("Đỗ Quang Huy", "001000000014"), intermediate),
            Who.EXPIRED: maker.signer(_person("Vũ Thu Lan", "001000000015"), intermediate, valid=trouble),
            Who.STRANGER: maker.signer(_person("Ngô Đức Nam", "001000000016"), elsewhere),
            Who.MISUSED: maker.signer(_person("Bùi Hải Yến", "001000000017"), intermediate, signs_papers=False),
        }
        stamper = maker.special(_name("TSA thử nghiệm"), root, ExtendedKeyUsageOID.TIME_STAMPING)
        responder = maker.special(_name("OCSP thử nghiệm"), intermediate, ExtendedKeyUsageOID.OCSP_SIGNING)
        return cls(now, root, intermediate, stamper, responder, members)

    def crl(self, issuer: Literal["root", "intermediate"], at: datetime) -> bytes:
        """The revocation list (DER) of an issuer as it was at a time; good for a week."""
        if (issuer, at) not in self._lists:
            self._lists[issuer, at] = self._crl(self.root if issuer == "root" else self.intermediate, at)
        return self._lists[issuer, at]

    def ocsp_answer(self, who: Who, at: datetime) -> bytes:
        """What the OCSP responder (DER) says about a member of the intermediate at a time; good for a week."""
        if (who, at) not in self._answers:
            self._answers[who, at] = self._answer(self.members[who].certificate, at)
        return self._answers[who, at]

    def write_trust(
        self, folder: Path, *, lists: bool = True, revocation: Literal["soft", "hard"] = "soft", online: bool = False
    ) -> TrustSettings:
        """Write root, intermediate and today's revocation lists into a folder; the settings that trust them."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "root.pem").write_bytes(self.root.certificate.public_bytes(Encoding.PEM))
        (folder / "intermediate.pem").write_bytes(self.intermediate.certificate.public_bytes(Encoding.PEM))
        crls = []
        if lists:
            for issuer in ("root", "intermediate"):
                (folder / f"{issuer}.crl").write_bytes(self.crl(issuer, self.now))
                crls.append(str(folder / f"{issuer}.crl"))
        return TrustSettings(
            roots=(str(folder / "root.pem"),),
            intermediates=(str(folder / "intermediate.pem"),),
            crls=tuple(crls),
            revocation=revocation,
            online=online,
        )

    def _crl(self, issuer: Member, at: datetime) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(at - timedelta(hours=1))
            .next_update(at + _LIST_LIFE)
            .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        )
        gone = self.members[Who.REVOKED].certificate
        if gone.issuer == issuer.certificate.subject and at >= self.revoked_at:
            entry = x509.RevokedCertificateBuilder().serial_number(gone.serial_number).revocation_date(self.revoked_at)
            reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
            builder = builder.add_revoked_certificate(entry.add_extension(reason, critical=False).build())
        return builder.sign(issuer.key, _SHA256).public_bytes(Encoding.DER)

    @property
    def revoked_at(self) -> datetime:
        """When the revoked officer was revoked, to the second."""
        return (self.now - TROUBLE).replace(microsecond=0)

    def _answer(self, certificate: x509.Certificate, at: datetime) -> bytes:
        gone = certificate == self.members[Who.REVOKED].certificate and at >= self.revoked_at
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=certificate,
            issuer=self.intermediate.certificate,
            algorithm=hashes.SHA1(),  # noqa: S303 - what RFC 6960 names an issuer by; nothing is secured by it
            cert_status=ocsp.OCSPCertStatus.REVOKED if gone else ocsp.OCSPCertStatus.GOOD,
            this_update=at,
            next_update=at + _LIST_LIFE,
            revocation_time=self.revoked_at if gone else None,
            revocation_reason=x509.ReasonFlags.key_compromise if gone else None,
        )
        responder = self.responder.certificate
        answer = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, responder).certificates([responder])
        return answer.sign(self.responder.key, _SHA256).public_bytes(Encoding.DER)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Issues certificates; ``address`` is where each says that revocation can be asked about."""

    now: datetime
    address: str | None

    def issuer(self, name: x509.Name, above: Member | None) -> Member:
        key = ec.generate_private_key(ec.SECP256R1())
        valid = (self.now - 5 * _YEAR, self.now + 5 * _YEAR)
        builder = (
            _certificate(name, above, key, valid)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        )
        if above is not None:
            builder = self._addresses(builder, "root")
        return Member(builder.sign(above.key if above else key, _SHA256), key)

    def signer(
        self,
        name: x509.Name,
        above: Member,
        *,
        valid: tuple[datetime, datetime] | None = None,
        rsa_key: bool = False,
        signs_papers: bool = True,
    ) -> Member:
        key = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
        usage = _usage(digital_signature=True, content_commitment=signs_papers)
        builder = (
            _certificate(name, above, key, valid or (self.now - _YEAR, self.now + 2 * _YEAR))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
        )
        return Member(self._addresses(builder, "intermediate").sign(above.key, _SHA256), key)

    def special(self, name: x509.Name, above: Member, purpose: x509.ObjectIdentifier) -> Member:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _certificate(name, above, key, (self.now - 4 * _YEAR, self.now + 4 * _YEAR))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        )
        if purpose == ExtendedKeyUsageOID.OCSP_SIGNING:
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        return Member(builder.sign(above.key, _SHA256), key)

    def _addresses(self, builder: x509.CertificateBuilder, issuer: str) -> x509.CertificateBuilder:
        if self.address is None:
            return builder
        point = x509.DistributionPoint(
            [x509.UniformResourceIdentifier(f"{self.address}/{issuer}.crl")], None, None, None
        )
        access = [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(f"{self.address}/{page}"))
            for method, page in (
                (AuthorityInformationAccessOID.OCSP, "ocsp"),
                (AuthorityInformationAccessOID.CA_ISSUERS, "issuer"),
            )
        ]
        return builder.add_extension(x509.CRLDistributionPoints([point]), critical=False).add_extension(
            x509.AuthorityInformationAccess(access), critical=False
        )


def _certificate(
    name: x509.Name, above: Member | None, key: Key, valid: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    issuer = above.certificate.subject if above else name
    issuer_key = above.key.public_key() if above else key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(**wanted: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    usages: dict[str, Any] = {name: wanted.get(name, False) for name in names}
    return x509.KeyUsage(**usages)


def _name(common_name: str, **more: str) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, more.get("organisation", _PROVINCE)),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]
    if unit := more.get("unit"):
        attributes.insert(2, x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    if user_id := more.get("user_id"):
        attributes.append(x509.NameAttribute(NameOID.USER_ID, user_id))
    return x509.Name(attributes)


def _person(name: str, number: str) -> x509.Name:
    return _name(name, unit=_DEPARTMENT, user_id=f"CCCD:{number}")


def _agency(name: str, tax_code: str) -> x509.Name:
    return _name(name, user_id=f"MST:{tax_code}")
