"""Retention: what may go from the log and what stays, runs and who decided, holds."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.answers import Answer, TextOut
from schemas.provincial import Address, Contract, LongText, Text

Law = Annotated[Text, Field(max_length=200)]
EntryId = Annotated[int, Field(ge=1, le=2**53 - 1)]


class ClassPlanOut(Answer):
    """A class: how long it is kept, and what of it is old enough to go."""

    code: str
    name: TextOut
    kinds: tuple[str, ...] = Field(description="kinds of entries")
    days: int | None = Field(description="kept for so many days; none: for ever")
    legal_basis: str
    before: datetime | None = Field(description="what is older has been kept for all its days")
    may_go: int
    oldest_at: datetime | None = Field(description="of what may go")
    stays: dict[str, int] = Field(description="old enough, and why it stays")


class RetentionPlanOut(Answer):
    """Every class."""

    items: tuple[ClassPlanOut, ...]


class RetentionRunIn(Contract):
    """A proposal to archive and remove what may go of a class now."""

    code: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$", description="a class")]
    reason: LongText


class RetentionDecisionIn(Contract):
    """Another's word on a proposal."""

    approve: bool
    note: Annotated[str, Field(max_length=4000)] = ""


class RetentionRunOut(Answer):
    """A run as it stands."""

    id: int
    code: str
    state: Literal["proposed", "approved", "refused", "ended"]
    before: datetime
    entries: int = Field(description="that could go when it was proposed")
    archived: int
    kept: int = Field(description="old enough, and kept all the same")
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    ended_at: datetime | None


class RetentionRunList(Answer):
    """The newest runs, newest first."""

    items: tuple[RetentionRunOut, ...]


class HoldIn(Contract):
    """Entries that stay beyond their class: of a dossier, of a person, or a range of numbers; one of the three."""

    kind: Literal["legal", "breach"]
    dossier: Address | None = None
    subject: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    first_entry: EntryId | None = None
    last_entry: EntryId | None = None
    until: date | None = Field(None, description="last day (Vietnamese time); a breach has none until it was mended")
    reason: LongText
    legal_basis: Law


class MendedIn(Contract):
    """When a breach was mended."""

    mended_on: date
    reason: LongText


class HoldOut(Answer):
    """A hold; without ``until`` it is open."""

    id: int
    kind: str
    dossier: str | None
    subject: str | None
    first_entry: int | None
    last_entry: int | None
    until: datetime | None
    reason: str
    legal_basis: str
    made_by: str
    at: datetime
    ended_by: str | None


class HoldList(Answer):
    """The newest holds, newest first."""

    items: tuple[HoldOut, ...]
