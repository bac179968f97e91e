"""Documents: what a file is to a dossier, what its signatures are worth, and what may be said of it to the nation.

Sources: NĐ 45/2020/NĐ-CP and NĐ 118/2025/NĐ-CP on electronic results and digitised components, NĐ 30/2020/NĐ-CP
Điều 13 and 25 on who signs what, the portal's ``DanhSachGiayToKetQua`` and ``TaiLieuNop`` for the marks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a document is to its dossier: a paper handed in, or what the procedure gave."""

    COMPONENT = "component"
    RESULT = "result"


class Source(StrEnum):
    """Where a document came from."""

    SCANNED = "scanned"
    ELECTRONIC = "electronic"
    PROVINCIAL_STORE = "provincial_store"
    NATIONAL_STORE = "national_store"


class Standing(StrEnum):
    """Whether a document still speaks. Nothing is ever deleted: what does not, says by what or why."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


class FileKind(StrEnum):
    """What a file really is, by its content."""

    PDF = "pdf"
    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    XML = "xml"


MEDIA_TYPES = {
    FileKind.PDF: "application/pdf",
    FileKind.PNG: "image/png",
    FileKind.JPEG: "image/jpeg",
    FileKind.TIFF: "image/tiff",
    FileKind.XML: "application/xml",
}


class FileFault(StrEnum):
    """Why a file is refused, by name."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY_PAGES = "too_many_pages"
    UNKNOWN_TYPE = "unknown_type"
    OFFICE_FORMAT = "office_format"
    TYPE_NOT_ALLOWED = "type_not_allowed"
    PASSWORD_PROTECTED = "password_protected"  # noqa: S105 - the name of a fault
    TRUNCATED = "truncated"
    POLYGLOT = "polyglot"
    BOMB = "bomb"
    DAMAGED = "damaged"
    INFECTED = "infected"


class Verdict(StrEnum):
    """What the signatures of a document are worth."""

    VALID = "VALID"
    MODIFIED = "MODIFIED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    UNTRUSTED = "UNTRUSTED"
    UNSIGNED = "UNSIGNED"
    INCOMPLETE = "INCOMPLETE"


class SignerKind(StrEnum):
    """Whom a certificate names. ``UNKNOWN`` stands for neither: nobody is guessed to be an officer or an agency."""

    PERSON = "person"
    AGENCY = "agency"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of a file, judged by itself; ``verdict`` is never UNSIGNED or INCOMPLETE.

    ``signed_at`` is the time of the time-stamp when there is a trusted one, else the signer's own claim.
    ``revocation`` says by what the certificate was checked: ``embedded``, ``configured``, ``online``, ``unchecked``.
    ``reason`` says in English what was found, for the record.
    """

    field: str
    signer: str
    agency: str | None
    kind: SignerKind
    verdict: Verdict
    reason: str
    signed_at: datetime | None
    time_stamped: bool
    time_stamp_by: str | None
    covers_whole_file: bool
    later_changes: str | None
    certificate_sha256: str
    issuer: str
    valid_from: datetime
    valid_to: datetime
    revocation: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The signatures of a file, and what they were judged by: plain JSON values (fingerprint of the trust, …)."""

    signatures: tuple[Signature, ...] = ()
    judged_by: Mapping[str, object] = field(default_factory=dict)


# The worst comes first: what was changed after signing is worth less than what nobody here trusts.
_SEVERITY = (Verdict.MODIFIED, Verdict.REVOKED, Verdict.UNTRUSTED, Verdict.EXPIRED)


def overall(signatures: Iterable[Signature], wanted: frozenset[SignerKind]) -> Verdict:
    """The verdict on a file: its worst signature, and whether all who must sign have.

    ``wanted`` are the kinds of signer that this kind of document needs (for a result: officer and agency,
    NĐ 30/2020/NĐ-CP Điều 13.7). Without any signature the file is UNSIGNED, whoever is wanted.
    """
    found = list(signatures)
    if not found:
        return Verdict.UNSIGNED
    for worst in _SEVERITY:
        if any(signature.verdict is worst for signature in found):
            return worst
    return Verdict.VALID if wanted <= {signature.kind for signature in found} else Verdict.INCOMPLETE


@dataclass(frozen=True, slots=True)
class Held:
    """As much of a held document as the rules about marks look at.

    ``code`` is a component code or a result code. ``origin_role`` and ``origin_code`` are those of the document that
    a reused one was taken from; ``published`` says that its link was seen to work.
    """

    id: str
    role: Role
    code: str | None
    name: str
    source: Source
    standing: Standing
    url: str | None
    verdict: Verdict
    origin_role: Role | None = None
    origin_code: str | None = None
    place: int | None = None


class Reused(StrEnum):
    """Whether a component was reused instead of asked for (national table ``DuocTaiSuDung``)."""

    NO = "no"
    COMPONENT = "component"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class ComponentMark:
    """What the nation is told of one component with a file."""

    document_id: str
    component_code: str | None
    name: str
    url: str
    digitised: bool
    reused: Reused
    from_national_store: bool
    replacing_result_code: str | None


@dataclass(frozen=True, slots=True)
class ResultMark:
    """What the nation is told of one result."""

    document_id: str
    result_code: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Marks:
    """All that the nation is told beside the record itself; nothing here is said without a row behind it.

    ``databases`` are those that confirmed a person of the dossier. ``vneid``: it was filed under the applicant's own
    login by VNeID.
    """

    components: tuple[ComponentMark, ...] = ()
    results: tuple[ResultMark, ...] = ()
    databases: tuple[str, ...] = ()
    vneid: bool = False

    @property
    def has_digitised_component(self) -> bool:
        """The national mark ``HoSoCoThanhPhanSoHoa``."""
        return any(mark.digitised for mark in self.components)


NO_MARKS = Marks()

#: Results with these verdicts are kept and shown, and never told to the nation.
NEVER_TOLD = frozenset({Verdict.MODIFIED, Verdict.REVOKED})


def marks_of(held: Iterable[Held], databases: tuple[str, ...] = ()) -> Marks:
    """The marks of a dossier, computed from the documents that speak and whose links were seen to work.

    A result that was changed after signing, or signed with a revoked certificate, is not told: it must not stand with
    the nation as what the state decided.
    """
    speaking = [document for document in held if document.standing is Standing.ACTIVE and document.url]
    return Marks(
        tuple(_component(document) for document in speaking if document.role is Role.COMPONENT),
        tuple(
            ResultMark(document.id, document.code, document.name, document.url)
            for document in speaking
            if document.role is Role.RESULT and document.code and document.url and document.verdict not in NEVER_TOLD
        ),
        databases,
    )


def stands_for(role: Role, verdict: Verdict, acceptable_verdicts: frozenset[Verdict]) -> bool:
    """Whether a paper that is held may stand for another one.

    A result as the gate would take it; a scan that nothing speaks against.
    """
    return verdict in (acceptable_verdicts if role is Role.RESULT else {Verdict.VALID, Verdict.UNSIGNED})


def _component(document: Held) -> ComponentMark:
    taken = document.source in {Source.PROVINCIAL_STORE, Source.NATIONAL_STORE}
    # What lies in the national store as a paper of a person is a result of some procedure.
    origin = document.origin_role or (Role.RESULT if document.source is Source.NATIONAL_STORE else Role.COMPONENT)
    reused = Reused.NO if not taken else Reused.RESULT if origin is Role.RESULT else Reused.COMPONENT
    return ComponentMark(
        document_id=document.id,
        component_code=document.code,
        name=document.name,
        url=document.url or "",
        # What was electronic from the beginning was not digitised.
        digitised=document.source is not Source.ELECTRONIC,
        reused=reused,
        from_national_store=document.source is Source.NATIONAL_STORE,
        replacing_result_code=document.origin_code if reused is Reused.RESULT else None,
    )


class GateMode(StrEnum):
    """Whether a dossier may be called returned without a signed electronic result behind it."""

    REPORT = "report"
    ENFORCE = "enforce"


def acceptable(held: Iterable[Held], verdicts: frozenset[Verdict]) -> bool:
    """Whether a result that speaks, with one of these verdicts, stands behind a dossier."""
    return any(
        document.role is Role.RESULT and document.standing is Standing.ACTIVE and document.verdict in verdicts
        for document in held
    )


class ClaimKind(StrEnum):
    """What software says of a paper without handing its file over."""

    DIGITISED = "digitised"
    REUSED = "reused"
    FROM_NATIONAL_STORE = "from_national_store"
    LINK = "link"
    RESULT = "result"
    DATABASE = "database"
    VNEID = "vneid"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something said of one paper of a dossier, or (``role`` None) of what was used for it.

    ``pointer`` is a JSON pointer (RFC 6901) into the record.
    """

    pointer: str
    kind: ClaimKind
    role: Role | None
    code: str | None
    name: str


def undocumented(claims: Iterable[Claim], held: Iterable[Held]) -> list[Claim]:
    """The claims that no document bears out: the nation is not told them, and people are shown them.

    A paper is found by its code, or by its name where it has none.
    """
    speaking = [document for document in held if document.standing is Standing.ACTIVE]
    return [claim for claim in claims if not any(_bears_out(document, claim) for document in speaking)]


def _bears_out(document: Held, claim: Claim) -> bool:
    same = document.code == claim.code if claim.code else document.name == claim.name
    if document.role is not claim.role or not same:
        return False
    if claim.kind is ClaimKind.REUSED:
        return document.source in {Source.PROVINCIAL_STORE, Source.NATIONAL_STORE}
    if claim.kind is ClaimKind.FROM_NATIONAL_STORE:
        return document.source is Source.NATIONAL_STORE
    return True


def gate_of(unit: str, parents: Mapping[str, str | None], modes: Mapping[str, GateMode]) -> str | None:
    """The unit whose setting counts for a unit: itself, or the nearest one above it that has one; None: nobody's."""
    seen: set[str] = set()
    at: str | None = unit
    while at is not None and at not in seen:
        if at in modes:
            return at
        seen.add(at)
        at = parents.get(at)
    return None
