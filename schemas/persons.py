"""Questions about persons, and what looks like browsing (REST ``/v1/persons``, ``/v1/anomalies``).

``PersonField`` is the one list of facts that matching, tables and connectors speak of, in our own names. A question
names who asks, for which open dossier and why.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.answers import Answer, TextOut
from schemas.provincial import Address, Contract, LongText, Text, UnitCode


class PersonField(StrEnum):
    """One fact about a person."""

    NUMBER = "number"
    OLD_NUMBER = "old_number"
    FULL_NAME = "full_name"
    BIRTH_DATE = "birth_date"
    GENDER = "gender"
    ETHNICITY = "ethnicity"
    RELIGION = "religion"
    MARITAL_STATUS = "marital_status"
    BLOOD_GROUP = "blood_group"
    NATIONALITY = "nationality"
    BIRTH_REGISTRATION_PLACE = "birth_registration_place"
    HOME_TOWN = "home_town"
    PERMANENT_ADDRESS = "permanent_address"
    CURRENT_ADDRESS = "current_address"
    FATHER = "father"
    MOTHER = "mother"
    SPOUSE = "spouse"
    REPRESENTATIVE = "representative"
    HOUSEHOLD_HEAD = "household_head"
    HOUSEHOLD_BOOK = "household_book"


# The population database takes at most 20 characters of an officer's account.
Account = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9._@-]+$")]
Why = Annotated[Text, Field(min_length=5, max_length=500)]
# As the population database compares names, letters and digits are all that is left of one.
PersonName = Annotated[Text, Field(max_length=100, pattern=r"[^\W_]")]
BirthDate = Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$", description="yyyy-MM-dd, or yyyy")]
Number = Annotated[str, Field(pattern=r"^([0-9]{12}|[0-9]{9})$", description="12 digits, or 9 of an old paper")]
ListCode = Annotated[str, Field(pattern=r"^[0-9]{1,2}$")]
PlaceCode = Annotated[str, Field(pattern=r"^[0-9]{2,5}$")]


class DeclaredPlace(Contract):
    """A place as the citizen says it: codes of the administrative units, the rest in words."""

    province_code: PlaceCode | None = None
    ward_code: PlaceCode | None = None
    detail: Annotated[Text, Field(max_length=500)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.province_code or self.ward_code or self.detail):
            message = "province_code, ward_code or detail: a place says at least one of them"
            raise ValueError(message)
        return self


class DeclaredRelative(Contract):
    """A relative as the citizen names them."""

    full_name: PersonName
    number: Number | None = None


class DeclaredFacts(Contract):
    """What the citizen says beside number, name and birth date, to be compared field by field."""

    old_number: Annotated[str, Field(pattern=r"^[0-9]{9}$")] | None = None
    gender: Literal["male", "female"] | None = None
    ethnicity: ListCode | None = None
    marital_status: ListCode | None = None
    nationality: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    birth_registration_place: DeclaredPlace | None = None
    home_town: DeclaredPlace | None = None
    permanent_address: DeclaredPlace | None = None
    current_address: DeclaredPlace | None = None
    father: DeclaredRelative | None = None
    mother: DeclaredRelative | None = None
    spouse: DeclaredRelative | None = None
    household_head: DeclaredRelative | None = None


class PersonCheckIn(Contract):
    """Are these facts those of one person? Asked for one open dossier, by one named officer, for a purpose.

    Without ``declared`` the database is asked for yes or no only.
    """

    dossier_code: Address
    officer: Account
    unit: UnitCode
    purpose: Why
    number: Number
    full_name: PersonName
    birth_date: BirthDate
    declared: DeclaredFacts | None = None


class FieldVerdictOut(Answer):
    """How one declared fact compares: ``yes``, ``no``, ``partial`` or ``unknown``, and why. Never the record itself."""

    field: PersonField
    agreement: str
    whys: tuple[str, ...] = Field(description="closed set of reasons; `meaning` says the first one in words")
    meaning: TextOut


class PersonCheckOut(Answer):
    """The database's answer, field by field. It serves this dossier only, until ``valid_until``."""

    query_id: str
    request_id: str
    outcome: str = Field(description="MATCH or NOT_FOUND_OR_MISMATCH; anything else is a problem and says nothing")
    match: bool
    meaning: TextOut
    fields: tuple[FieldVerdictOut, ...]
    warnings: tuple[FieldVerdictOut, ...] = Field(description="what the digits of the number itself speak against")
    answered_at: datetime
    valid_until: datetime
    correlation_id: str


class PersonQueryOut(Answer):
    """A question about a person, answered or refused: who asked and why, names of fields, and what came of it."""

    id: str
    request_id: str
    at: datetime
    officer: str
    caller: str
    agency: str
    unit: str
    dossier: str | None
    procedure: str | None
    subject: str | None = Field(description="id of the person, as in /v1/subjects")
    service: str = Field(description="003: yes or no; 037: fields of the record")
    purpose: str
    legal_basis: str
    fields_asked: tuple[str, ...]
    fields_returned: tuple[str, ...] = Field(description="what the answer told or confirmed")
    outcome: str = Field(description="the database's outcome, `asked` while it is out, or the slug of a refusal")
    reason: str | None
    in_office_hours: bool
    answered_at: datetime | None
    valid_until: datetime | None


class PersonQueryPage(Answer):
    """One page, newest first. ``next`` is the address of the next page, or None at the end."""

    items: tuple[PersonQueryOut, ...]
    next: str | None


class AnomalyOut(Answer):
    """Questions that look like browsing, until somebody has signed them off."""

    id: int
    rule: str
    meaning: TextOut
    officer: str
    unit: str
    first_at: datetime
    last_at: datetime
    times: int
    threshold: int
    window_seconds: int
    locked: bool
    signed_off_at: datetime | None
    signed_off_by: str | None
    note: str | None


class AnomalyList(Answer):
    """Anomalies, the open ones first, newest first."""

    items: tuple[AnomalyOut, ...]


class OfficerLockOut(Answer):
    """An officer who may not ask until an administrator lifts it."""

    officer: str
    since: datetime
    anomaly: int
    rule: str
    lifted_at: datetime | None
    lifted_by: str | None
    note: str | None


class OfficerLockList(Answer):
    """Locks, those in force first."""

    items: tuple[OfficerLockOut, ...]


class NoteIn(Contract):
    """Why, in words."""

    note: LongText
