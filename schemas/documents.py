"""Documents as the one-stop software hands them over, looks them up and changes them (REST ``/v1``).

Our own contract, in the field's English terms. What a digitised item must say comes from TT 01/2023/TT-VPCP as
``docs/requirements.csv`` quotes it (B6) and from the result record in use at the nation (B7).
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.answers import Answer, TextOut
from schemas.provincial import (
    Address,
    Contract,
    Day,
    Flag,
    IdentityPaper,
    LongText,
    Name,
    Officer,
    Text,
    UnitCode,
    Whole,
)

DocumentId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Title = Annotated[Text, Field(max_length=2000)]
NumberSymbol = Annotated[Text, Field(max_length=100)]
Body = Annotated[Text, Field(max_length=500)]
Scope = Annotated[Text, Field(max_length=1000)]
FileName = Annotated[Text, Field(max_length=255), StringConstraints(pattern=r"^[^/\\]+$")]
# Some codes of the published catalogues hold blanks and Vietnamese letters; whether there is one says its table.
PaperCode = Annotated[Text, Field(max_length=100)]


class Role(StrEnum):
    """What a document is to its dossier."""

    COMPONENT = "component"
    RESULT = "result"


class HandedSource(StrEnum):
    """Where a file that is handed over came from; what lies in a store is taken by ``…/documents/reuse``."""

    SCANNED = "scanned"
    ELECTRONIC = "electronic"


class DocumentFacts(Contract):
    """What is said of a document beside its file."""

    title: Title
    number_symbol: NumberSymbol | None = Field(default=None, description="number and symbol, e.g. 12/GP-UBND")
    issuing_body: Body | None = None
    issued_on: Day | None = None
    valid_until: Day | None = Field(default=None, description="last day of validity; left out: without end")
    scope: Scope | None = Field(default=None, description="where and for what it is valid")


class DocumentIn(DocumentFacts):
    """A file and what it is. ``upload_id`` names an upload that is complete; otherwise the file comes along."""

    role: Role
    code: PaperCode | None = Field(
        default=None, description="component or result code from the procedure's own list; a result always has one"
    )
    source: HandedSource
    owner: IdentityPaper = Field(description="whose paper it is")
    owner_name: Name
    digitised_by: Name | None = Field(default=None, description="who scanned it; needed with source 'scanned'")
    file_name: FileName | None = Field(default=None, description="left out: that of the file part")
    sha256: Sha256 | None = Field(default=None, description="of the file, to be refused when it came otherwise")
    supersedes: DocumentId | None = Field(default=None, description="a document that this one replaces")
    supersede_reason: LongText | None = None
    upload_id: DocumentId | None = None

    @model_validator(mode="after")
    def _says_enough(self) -> Self:
        complaints = []
        if self.role is Role.RESULT:
            complaints = [
                (getattr(self, name) is None, f"{name}: a result needs it")
                for name in ("code", "number_symbol", "issuing_body", "issued_on", "scope")
            ]
        complaints += [
            (
                self.source is HandedSource.SCANNED and self.digitised_by is None,
                "digitised_by: with source 'scanned' somebody has scanned it",
            ),
            (
                bool(self.issued_on and self.valid_until and self.valid_until < self.issued_on),
                "valid_until lies before issued_on",
            ),
            (
                (self.supersedes is None) != (self.supersede_reason is None),
                "supersede_reason goes with supersedes, and only with it",
            ),
        ]
        for broken, message in complaints:
            if broken:
                raise ValueError(message)
        return self


class CorrectIn(Contract):
    """Say something else of a document; its file stays. Only the fields that are given change; null empties one."""

    reason: LongText
    title: Title | None = None
    number_symbol: NumberSymbol | None = None
    issuing_body: Body | None = None
    issued_on: Day | None = None
    valid_until: Day | None = None
    scope: Scope | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set - {"reason"}:
            message = "nothing is to be changed"
            raise ValueError(message)
        if "title" in self.model_fields_set and self.title is None:
            message = "title: a document has one"
            raise ValueError(message)
        return self


class ReplaceIn(Contract):
    """Let another document of the same dossier stand for this one."""

    by: DocumentId
    reason: LongText


class RevokeIn(Contract):
    """Withdraw a document. It stays, and its link says that it is withdrawn."""

    reason: LongText = Field(description="shown to whoever opens the link")


class SubjectIn(IdentityPaper):
    """A person or organisation by number; the answer is the id that stands in addresses instead."""


class LookupIn(Contract):
    """Is this paper held already? Asked before it is scanned, for one open dossier, by one named officer."""

    dossier: Address
    unit: UnitCode
    officer: Officer
    owner: IdentityPaper
    component_code: PaperCode | None = Field(default=None, description="the component that is about to be asked for")
    result_codes: tuple[PaperCode, ...] = Field(
        default=(), max_length=50, description="results that would stand for it"
    )
    number_symbol: NumberSymbol | None = None
    national: Flag = Field(default=True, description="ask the national store too")
    requester_name: Name | None = Field(default=None, description="who asks, as the national store wants to know")
    requester_number: Annotated[str, Field(pattern=r"^[0-9]{12}$")] | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.component_code is None and not self.result_codes:
            message = "component_code or result_codes: name what is looked for"
            raise ValueError(message)
        return self


class ReuseIn(Contract):
    """Take what a look-up found into a dossier, instead of a scan."""

    lookup_id: DocumentId
    candidate: Annotated[Whole, Field(ge=0, le=999)] = Field(description="place in the look-up's `candidates`, from 0")
    component_code: PaperCode | None = None
    officer: Officer


class GateIn(Contract):
    """Switch the rule of signed results for a unit and all below it."""

    mode: Literal["report", "enforce"]
    reason: LongText


class SignatureOut(Answer):
    """One signature and what it is worth. Times are those of Viet Nam (+07:00)."""

    signer: str
    agency: str | None
    signer_kind: str = Field(description="person, agency, unknown")
    verdict: str
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
    revocation: str = Field(description="embedded, configured, online, unchecked")


class JudgementOut(Answer):
    """A verdict, when it was reached, and what it was judged by."""

    at: datetime
    verdict: str
    meaning: TextOut
    signatures: tuple[SignatureOut, ...]
    judged_by: dict[str, Any]
    asked_by: str


class ChangeOut(Answer):
    """Something that a person changed."""

    at: datetime
    by: str
    kind: str
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]


class LinkOut(Answer):
    """The address that the nation is given. ``live``: seen to work; only then is it told to the nation."""

    url: str
    state: str
    meaning: TextOut
    probed_at: datetime | None
    failures: int
    reason: str | None
    detail: str | None
    fetches: int
    last_fetched_at: datetime | None


class DocumentOut(Answer):
    """A document: what it is, whose, where it came from, what its signatures are worth."""

    id: str
    dossier: str
    role: str
    code: str | None
    title: str
    number_symbol: str | None
    issuing_body: str | None
    issued_on: str | None
    valid_until: str | None
    scope: str | None
    subject: str | None = Field(description="id of the owner; see /v1/subjects")
    owner_name: str | None
    digitised_by: str | None
    source: str
    origin: str | None = Field(description="id of the document that this one was taken from")
    lookup_id: str | None
    standing: str = Field(description="active, superseded, revoked")
    replaced_by: str | None
    sha256: str
    size_bytes: int
    media_type: str
    pages: int
    file_name: str
    verdict: str
    meaning: TextOut
    version: int
    handed_over_by: str
    created_at: datetime
    updated_at: datetime
    link: LinkOut | None
    address: str


class DocumentDetail(DocumentOut):
    """A document with every judgement and change, oldest first."""

    judgements: tuple[JudgementOut, ...]
    changes: tuple[ChangeOut, ...]
    copies: tuple[str, ...] = Field(description="documents that speak and were taken from this one")


class UndocumentedOut(Answer):
    """Something the software says of a dossier that no file here bears out; the nation is not told it."""

    pointer: str
    claim: str
    meaning: TextOut


class DossierDocumentsOut(Answer):
    """The documents of a dossier, and what is claimed without one."""

    items: tuple[DocumentOut, ...]
    undocumented: tuple[UndocumentedOut, ...]
    e_result: bool = Field(description="a result with an acceptable verdict stands behind the dossier")


class SubjectOut(Answer):
    """What a person is called by here; their number stands in no address."""

    id: str
    address: str


class DocumentPage(Answer):
    """One page, newest first. ``next`` is the address of the next page, or None at the end."""

    items: tuple[DocumentOut, ...]
    next: str | None


class CandidateOut(Answer):
    """A paper that is held already. ``document`` is set when it lies here."""

    place: int
    held_in: Literal["provincial_store", "national_store"]
    document: str | None
    role: str
    code: str | None
    title: str
    number_symbol: str | None
    issuing_body: str | None
    issued_on: str | None
    valid_until: str | None
    verdict: str | None


class LookupOut(Answer):
    """Whether it is held, where, and the id under which this answer is on record."""

    id: str
    held: bool
    national_outcome: str = Field(description="found, nothing_held, not_asked, denied, unavailable, bad_reply")
    meaning: TextOut
    candidates: tuple[CandidateOut, ...]


class UploadOut(Answer):
    """An upload that goes on (tus 1.0.0). ``offset`` bytes are durable."""

    id: str
    offset: int
    size_bytes: int
    expires_at: datetime
    address: str


class GateOut(Answer):
    """The rule in force for a unit, and where it was set: for it, for one above it, or by the settings."""

    unit: str
    mode: str
    meaning: TextOut
    set_for: str | None
    set_by: str | None
    set_at: datetime | None
    reason: str | None


class MissingOut(Answer):
    """A resolved dossier without an acceptable electronic result."""

    dossier: str
    status: str
    procedure: str
    unit: str
    updated_at: datetime
    results: int = Field(description="results that are held, whatever their verdict")
    verdicts: tuple[str, ...]
    mode: str = Field(description="the rule in force for its unit: report, enforce")
    address: str


class MissingPage(Answer):
    """One page, newest first. ``next`` is the address of the next page, or None at the end."""

    items: tuple[MissingOut, ...]
    next: str | None


class StoreOut(Answer):
    """The document store: what lies in it, what was re-read, what is wrong."""

    objects: int
    bytes: int
    promised: int = Field(description="announced, and no document speaks of them (a hand-over that was cut off)")
    damaged: int
    oldest_check_at: datetime | None = Field(description="every object was read again after this time")
    links: dict[str, int] = Field(description="links by state")
    verdicts: dict[str, int] = Field(description="active results by verdict")
    lookups: int
    scans_avoided: int
