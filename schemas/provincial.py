"""What the one-stop software hands over (REST ``/v1``): dossiers, progress steps, identity checks.

Our own published contract, in the field's English terms; the national names live in ``schemas.portal``.
Texts are normalised to Unicode NFC on entry (canonically the same text), so that a name typed on another
keyboard layout is the same name and a length means what a reader would count.
"""

import re
import unicodedata
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Status(StrEnum):
    """Where a dossier stands; the ten statuses of the national code table ``TrangThaiHoSo``."""

    REGISTERED = "registered"
    RECEIVED = "received"
    REFUSED = "refused"
    PROCESSING = "processing"
    SUPPLEMENT = "supplement"
    FEE_DUE = "fee_due"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    DONE = "done"
    RETURNED = "returned"


class Channel(StrEnum):
    """How the dossier came in (national table ``KenhThucHien``)."""

    DIRECT = "direct"
    ONLINE = "online"
    POSTAL = "postal"


class ApplicantKind(StrEnum):
    """Who applies (national table ``LoaiDoiTuong``)."""

    CITIZEN = "citizen"
    ENTERPRISE = "enterprise"
    STATE_AGENCY = "state_agency"
    ORGANISATION = "organisation"


class PaperKind(StrEnum):
    """Kind of identity number. No source shows a national code for tax numbers: kept here, not sent."""

    PERSONAL_NUMBER = "personal_number"
    OLD_IDENTITY_NUMBER = "old_identity_number"
    TAX_NUMBER = "tax_number"


class ReturnMethod(StrEnum):
    """How the result goes back (national table ``HinhThuc``)."""

    DIRECT = "direct"
    POSTAL = "postal"


class FiledAt(StrEnum):
    """Where it was filed (national table ``NoiNopHoSo``)."""

    NATIONAL_PORTAL = "national_portal"
    PROVINCE = "province"


class OnlinePayment(StrEnum):
    """Whether fees were paid online (national table ``DuocThanhToanTrucTuyen``)."""

    NONE = "none"
    NATIONAL_PORTAL = "national_portal"
    PROVINCE_GATEWAY = "province_gateway"
    OFFLINE = "offline"


class Reuse(StrEnum):
    """Whether a component was reused instead of asked for (national table ``DuocTaiSuDung``)."""

    NO = "no"
    COMPONENT = "component"
    RESULT = "result"


class Database(StrEnum):
    """National databases consulted for this dossier (national table ``MaCSDL``)."""

    POPULATION = "population"


_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FORBIDDEN_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def _nfc(value: object) -> object:
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def _readable(value: str) -> str:
    if not value.strip():
        message = "must not be blank; leave the field out if there is nothing to say"
        raise ValueError(message)
    if _FORBIDDEN_CONTROL.search(value):
        message = "holds control characters, which no reader can see"
        raise ValueError(message)
    return value


def _plausible(value: datetime) -> datetime:
    # Software without a date writes one at the edge of its calendar (0001-01-01, 9999-12-31); that is no date.
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        message = f"year {value.year} cannot be meant; leave the field out if there is no date"
        raise ValueError(message)
    return value


def _written_day(value: object) -> object:
    # A bare number would be taken for days, seconds or milliseconds since 1970, by its size: that is a guess.
    if isinstance(value, int | float) or (isinstance(value, str) and not _DAY.fullmatch(value)):
        message = "must be a day as YYYY-MM-DD"
        raise ValueError(message)
    return value


def _written_time(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and not _DAY.match(value)):
        message = "must be a time as in RFC 3339, e.g. 2026-07-01T08:00:00+07:00"
        raise ValueError(message)
    return value


def _whole(value: object) -> object:
    # JSON has one kind of number: to the published shape 5.0 is a whole one too, and some software writes sums so.
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Lax reading takes 0, "off" or "no" for false, and "5" for 5; the published shape does not.
Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, BeforeValidator(_whole), Field(strict=True)]
Day = Annotated[date, BeforeValidator(_written_day)]
Time = Annotated[datetime, BeforeValidator(_written_time)]
ZonedTime = Annotated[AwareDatetime, BeforeValidator(_written_time)]
Moment = Annotated[ZonedTime, AfterValidator(_plausible)]
Text = Annotated[str, BeforeValidator(_nfc), Field(min_length=1), AfterValidator(_readable)]
Name = Annotated[Text, Field(max_length=300)]
LongText = Annotated[Text, Field(max_length=4000)]
Code = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:/-]+$")]
UnitCode = Annotated[str, Field(max_length=35, pattern=r"^[A-Z0-9]+(\.[A-Z0-9]+)*$")]
FieldCode = Annotated[str, Field(max_length=50, pattern=r"^[A-Z][0-9]{2}-[A-Z]{2}[0-9]{2,}$")]
NumericCode = Annotated[str, Field(max_length=10, pattern=r"^[0-9]+$")]
Url = Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s/]+(/\S*)?$")]
Revision = Annotated[Whole, Field(ge=1, le=2**53 - 1)]
# What stands in an address or a line as a dossier's code; its legal form is judged by a rule, not by this shape.
Address = Annotated[str, Field(max_length=100, pattern=r"^[\x20-\x7e]*$")]
DecisionId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Officer = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._@-]+$")]
StepId = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:/-]+$")]


class Contract(BaseModel):
    """Base of every published shape: unknown keys are refused, values cannot be changed after parsing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class IdentityPaper(Contract):
    """One identity number of the applicant."""

    kind: PaperKind
    number: Annotated[str, Field(pattern=r"^[0-9-]{9,14}$")]

    @model_validator(mode="after")
    def _length_fits_kind(self) -> Self:
        wanted = {PaperKind.PERSONAL_NUMBER: r"\d{12}", PaperKind.OLD_IDENTITY_NUMBER: r"\d{9}"}.get(
            self.kind, r"\d{10}(-\d{3})?|\d{12}|\d{13}"
        )
        if not re.fullmatch(wanted, self.number):
            message = f"number does not have the form of a {self.kind.value} (12 digits, 9 digits, or a tax number)"
            raise ValueError(message)
        return self


class VneidLogin(Contract):
    """The login by VNeID under which the dossier was filed: whose account, how strong, when (NĐ 69/2024/NĐ-CP)."""

    number: Annotated[str, Field(pattern=r"^[0-9]{12}$", description="the account's personal number")]
    level: Literal[1, 2]
    authenticated_at: Moment


class Applicant(Contract):
    """Who the dossier is for. ``portal_account_id`` is the national portal's TechID, when the portal gave one."""

    kind: ApplicantKind
    full_name: Name
    identities: tuple[IdentityPaper, ...] = Field(default=(), max_length=5)
    phone: Annotated[str, Field(pattern=r"^\+?[0-9 .-]{6,20}$")] | None = None
    email: Annotated[str, Field(max_length=254, pattern=r"^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$")] | None = None
    fax: Annotated[str, Field(pattern=r"^\+?[0-9 .-]{6,20}$")] | None = None
    portal_account_id: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,100}$")] | None = None
    vneid_verified: Flag = Field(default=False, description="a claim: kept, and not told to the nation without `vneid`")
    vneid: VneidLogin | None = None

    @model_validator(mode="after")
    def _citizen_has_a_number(self) -> Self:
        if self.kind is ApplicantKind.CITIZEN and not any(
            paper.kind is not PaperKind.TAX_NUMBER for paper in self.identities
        ):
            message = "identities: a citizen needs a personal number or an old identity number"
            raise ValueError(message)
        return self


class Procedure(Contract):
    """The national procedure. ``field_code`` is needed only where the shipped table does not know it."""

    code: Annotated[str, Field(max_length=50, pattern=r"^[0-9]\.[0-9]{6}(\.[A-Z0-9.]+)?$")]
    field_code: FieldCode | None = None


class Component(Contract):
    """One submitted paper of the dossier."""

    name: LongText
    component_code: Code | None = None
    file_id: Code | None = None
    url: Url | None = None
    digitised: Flag = False
    reuse: Reuse = Reuse.NO
    from_national_store: Flag = False
    replacing_result_code: Code | None = None
    decision_id: DecisionId | None = Field(
        default=None, description="the once-only decision under which the citizen was asked for it"
    )
    asked_by: Officer | None = Field(default=None, description="the officer who asked the citizen for it")
    asked_at: Moment | None = Field(default=None, description="when; left out: when the record is handed over")

    @model_validator(mode="after")
    def _marks_agree(self) -> Self:
        if (self.reuse is Reuse.RESULT) != (self.replacing_result_code is not None):
            message = "replacing_result_code goes with reuse 'result', and only with it"
            raise ValueError(message)
        if self.digitised and self.url is None:
            message = "url: a digitised component needs the address of its file"
            raise ValueError(message)
        return self


class Fee(Contract):
    """One fee or charge. Amount in whole đồng; the three codes as the procedure catalogue gives them."""

    name: Name
    code: NumericCode
    amount_vnd: Annotated[Whole, Field(ge=0, le=10**12)]
    collection_code: NumericCode
    kind_code: NumericCode


class Result(Contract):
    """One result of the procedure; the nation wants both the result code and the link."""

    name: Annotated[Text, Field(max_length=2000)]
    result_code: Code
    url: Url
    component_code: Code | None = None


class SupplementRequest(Contract):
    """One request to the applicant to complete the dossier. Asking without a reason is not possible."""

    number: Annotated[Whole, Field(ge=1, le=2**31 - 1)]
    requested_by: Name
    reason: LongText
    requested_at: Moment
    received_by: Name | None = None
    received_note: LongText | None = None
    received_at: Moment | None = None
    previous_due_at: Moment | None = None
    new_due_at: Moment | None = None


class DossierIn(Contract):
    """A dossier as it stands now. ``revision`` is the source's own number and only ever grows."""

    revision: Revision
    procedure: Procedure
    receiving_unit: UnitCode
    applicant: Applicant
    summary: LongText
    channel: Channel
    filed_at: FiledAt = FiledAt.PROVINCE
    status: Status
    submitted_at: Moment
    received_at: Moment
    due_at: Moment | None = None
    finished_at: Moment | None = None
    returned_at: Moment | None = None
    refused_at: Moment | None = None
    return_method: ReturnMethod = ReturnMethod.DIRECT
    return_note: Name | None = None
    note: LongText | None = None
    online_payment: OnlinePayment = OnlinePayment.NONE
    databases_consulted: tuple[Database, ...] = Field(default=(), max_length=20)
    components: tuple[Component, ...] = Field(default=(), max_length=200)
    fees: tuple[Fee, ...] = Field(default=(), max_length=100)
    supplements: tuple[SupplementRequest, ...] = Field(default=(), max_length=50)
    results: tuple[Result, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _dates_fit_the_status(self) -> Self:
        finished = self.status in {Status.DONE, Status.RETURNED}
        complaints = [
            (self.received_at < self.submitted_at, "received_at lies before submitted_at"),
            (finished and self.finished_at is None, f"finished_at is needed with status '{self.status.value}'"),
            (
                self.status is Status.RETURNED and self.returned_at is None,
                "returned_at is needed with status 'returned'",
            ),
            (self.status is Status.REFUSED and self.refused_at is None, "refused_at is needed with status 'refused'"),
            (
                self.status in {Status.REFUSED, Status.STOPPED} and self.note is None,
                f"note: status '{self.status.value}' needs the reason told to the applicant",
            ),
            (
                self.status is Status.SUPPLEMENT and not self.supplements,
                "supplements: status 'supplement' needs the request and its reason",
            ),
        ]
        for broken, message in complaints:
            if broken:
                raise ValueError(message)
        return self


class StepIn(Contract):
    """One processing step. ``step_id`` is the source's own id, unique in the dossier."""

    step_id: StepId
    officer_name: Name
    officer_title: Name | None = None
    department: Name | None = None
    content: LongText
    status: Status
    processed_at: Moment
    started_at: Moment | None = None
    due_at: Moment | None = None


class DossierLine(DossierIn):
    """A dossier as one line of ``POST /v1/intake``."""

    type: Literal["dossier"]
    code: Address


class StepLine(StepIn):
    """A progress step as one line of ``POST /v1/intake``."""

    type: Literal["step"]
    dossier: Address
