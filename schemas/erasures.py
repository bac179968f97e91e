"""Personal values beside the log: a look at those of an entry, and their erasure."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from schemas.answers import Answer
from schemas.provincial import Contract, LongText, Text


class ValuesOut(Answer):
    """The personal values that an entry of the log commits to; each was held to its commitment."""

    entry: int = Field(description="number of the entry")
    at: datetime
    kind: str
    dossier: str | None
    subject: str = Field(description="id of whom the values are about")
    values: dict[str, str]


class ErasureIn(Contract):
    """Why the values of a person are to be made unreadable, and on which law."""

    reason: LongText
    legal_basis: Annotated[Text, Field(max_length=200)]


class ErasureDecisionIn(Contract):
    """What somebody else decides."""

    approve: bool = Field(description="true: the keys are destroyed at once, and nobody can bring them back")
    note: LongText


class ErasureOut(Answer):
    """A request and what became of it."""

    id: str
    subject: str
    at: datetime
    asked_by: str
    agency: str
    reason: str
    legal_basis: str
    state: str = Field(description="asked, done or declined")
    decided_at: datetime | None
    decided_by: str | None
    note: str | None
    keys_destroyed: int | None


class ErasureStandingOut(ErasureOut):
    """The same, and what the register holds of the person, which an erasure here does not touch."""

    dossiers: int = Field(description="dossiers of this person in the register")
    documents: int = Field(description="documents of this person in the store")
    detached: bool = Field(description="the person's number is gone too: the id leads to nobody")
    scrubbed: bool | None = Field(
        description="no page of the database holds a remnant of the keys; false: run `lienthong subject scrub`"
    )


class ErasurePage(Answer):
    """One page, newest first. ``next`` is the address of the next page, or None at the end."""

    items: tuple[ErasureOut, ...]
    next: str | None
