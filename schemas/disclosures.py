"""Right to know: who shared or looked at a person's data, receipts of it, and what is told later."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from schemas.answers import Answer, TextOut
from schemas.provincial import Address, Contract, Day, LongText, Text


class DisclosureOut(Answer):
    """One sharing or look: who, for whom, when, why, what, under which article."""

    id: int = Field(description="number of the entry in the log")
    at: datetime
    what: str
    meaning: TextOut = Field(description="what that means, for the person")
    who: str = Field(description="who did it: an account, or a worker of the gateway")
    agency: str = Field(description="for which agency")
    unit: str | None
    provider: str = Field(description="whose data were asked for, or where they went")
    own_case: bool = Field(description="false: it was for somebody else's dossier, which is not named")
    dossier: str | None
    procedure: str | None
    purpose: str
    legal_basis: str
    items: tuple[str, ...] = Field(description="names of what was asked for or given, never values")
    delayed: bool = Field(description="it was kept back for a while")
    delayed_until: date | None = Field(description="the day from which it may be told")
    delay_legal_basis: str | None
    receipt: str = Field(description="address of the signed receipt")


class DisclosurePage(Answer):
    """One page, newest first. ``next`` is the address of the next page, or None at the end."""

    items: tuple[DisclosureOut, ...]
    next: str | None


class DisclosureDelayIn(Contract):
    """What is on record about a dossier is not told to whom it is about before a day. The newest delay counts."""

    dossier: Address
    until: Day = Field(description="the day (Vietnamese time) on which it is told")
    reason: LongText = Field(description="why; shown to administrators only")
    legal_basis: Annotated[Text, Field(max_length=200)] = Field(
        description="the article that allows it; told afterwards"
    )


class DisclosureDelayOut(Answer):
    """A delay as it was made."""

    id: int
    at: datetime
    dossier: str
    until: date
    reason: str
    legal_basis: str
    made_by: str
    agency: str


class DisclosureDelayPage(Answer):
    """One page, newest first. ``next`` is the address of the next page, or None at the end."""

    items: tuple[DisclosureDelayOut, ...]
    next: str | None
