"""What the self-check of security level 3 answers."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from schemas.answers import Answer


class Words(Answer):
    """A text in both languages."""

    vi: str
    en: str


class CheckOut(Answer):
    """One row of the self-check."""

    id: str
    point: str = Field(description="point of the checklist: G1 to G14, or a rule of the log (D1, D2, D7)")
    title: Words
    legal_basis: str
    required: bool = Field(description="whether questions to the population database wait for it")
    mark: Literal["green", "red", "unseen"] = Field(description="unseen: it could not be looked at now")
    evidence: dict[str, object] = Field(description="what was looked at, and what it was")
    to_do: Words | None = Field(description="null: it is green")


class DutyOut(Answer):
    """A duty that no program sees."""

    id: str
    point: str
    legal_basis: str
    to_do: Words


class ComplianceOut(Answer):
    """The self-check of security level 3, and whether the population database may be asked."""

    at: datetime = Field(description="when it was looked")
    mode: Literal["development", "production"]
    may_ask_population: bool = Field(description="always true in development")
    red: list[str] = Field(description="required rows that are not green")
    checks: list[CheckOut]
    not_ours: list[DutyOut]
