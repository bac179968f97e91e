"""Ask once: may this be asked of a citizen, what was asked needlessly, what sources have wrong (``/v1/once-only``)."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.answers import Answer, TextOut
from schemas.documents import PaperCode
from schemas.persons import Account, BirthDate, PersonName, Why
from schemas.provincial import Address, Contract, Flag, IdentityPaper, LongText, Name, UnitCode

ProcedureCode = Annotated[str, Field(max_length=50, pattern=r"^[0-9]\.[0-9]{6}(\.[A-Z0-9.]+)?$")]


class AskedItem(Contract):
    """One thing that the officer is about to ask for: a component of the dossier, or a field of a form."""

    component_code: PaperCode | None = None
    component_name: LongText | None = Field(default=None, description="only for a component without a code")
    field: Annotated[str, Field(max_length=60, pattern=r"^[a-z][a-z0-9_]*$")] | None = None
    result_codes: tuple[PaperCode, ...] = Field(
        default=(), max_length=50, description="results that would stand for the component"
    )
    grounds: Literal["update", "verify", "inaccurate"] | None = Field(
        default=None, description="why it is asked for although it is held"
    )
    reason: LongText | None = Field(default=None, description="in words; needed with grounds")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        named = [self.component_code, self.component_name, self.field]
        if sum(part is not None for part in named) != 1:
            message = "component_code, component_name or field: name exactly one"
            raise ValueError(message)
        if (self.grounds is None) != (self.reason is None):
            message = "reason goes with grounds, and only with it"
            raise ValueError(message)
        return self


class OnceOnlyCheckIn(Contract):
    """May these things be asked of this person? To be called before the citizen is asked.

    Name, birth date and an open dossier are needed where an item's authority is the population database;
    ``requester_name`` and ``requester_number`` where it is the national store.
    """

    procedure: ProcedureCode
    dossier: Address | None = None
    unit: UnitCode
    officer: Account
    purpose: Why
    subject: IdentityPaper
    full_name: PersonName | None = None
    birth_date: BirthDate | None = None
    items: tuple[AskedItem, ...] = Field(min_length=1, max_length=100)
    national: Flag = Field(
        default=True,
        description="false: the national store is not asked; an item that only it could answer is refused then",
    )
    requester_name: Name | None = None
    requester_number: Annotated[str, Field(pattern=r"^[0-9]{12}$")] | None = None

    @model_validator(mode="after")
    def _each_thing_once(self) -> Self:
        named = [item.component_code or item.component_name or item.field for item in self.items]
        if len(set(named)) != len(named):
            message = "items: the same thing is named twice"
            raise ValueError(message)
        return self


class PointerOut(Answer):
    """Where to take what is held from, instead of asking for it."""

    document: str | None = Field(default=None, description="id of a document that lies here")
    lookup_id: str | None = Field(default=None, description="for POST /v1/dossiers/{code}/documents/reuse")
    candidate: int | None = None
    query_id: str | None = Field(default=None, description="the answer of the population database")
    dossier: str | None = Field(default=None, description="the earlier dossier that it stands in")
    address: str | None = None


class DecisionOut(Answer):
    """The gate's decision on one item. A component that is asked for refers to ``decision_id``."""

    decision_id: str
    kind: Literal["component", "field"]
    code: str
    decision: str = Field(description="HAVE_VALID, SOURCE_DOWN, INACCURATE, NOT_IN_SOURCE, SECTOR_LAW, UPDATE, VERIFY")
    allowed: bool
    meaning: TextOut
    source: str | None
    pointer: PointerOut | None
    incident: str | None = Field(description="the event under which a silent source is on record")
    discrepancy: str | None
    citation: str | None
    reason: str | None


class OnceOnlyCheckOut(Answer):
    """The answer to a check; it stays readable under its id."""

    id: str
    at: datetime
    procedure: str
    dossier: str | None
    unit: str
    officer: str
    subject: str
    rules_version: str
    items: tuple[DecisionOut, ...]
    sources: dict[str, str] = Field(description="what each source said: held, not_held, silent, not_connected, …")
    address: str


class PaperRequestOut(Answer):
    """A component that a citizen was asked for without an earlier decision that allows it, or against one."""

    id: int
    dossier: str
    component_code: str | None
    name: str
    unit: str
    procedure: str
    officer: str | None
    asked_at: datetime
    decision_id: str | None
    why: str
    meaning: TextOut


class PaperRequestPage(Answer):
    """One page, newest first. ``next`` is the address of the next page, or None at the end."""

    items: tuple[PaperRequestOut, ...]
    next: str | None


class OnceOnlyUnitOut(Answer):
    """How a unit keeps "ask once": ``compliance`` is 1 − redundant / requests (1.0 without requests)."""

    unit: str
    name: str
    checks: int
    decisions: dict[str, int]
    requests: int
    redundant: int
    compliance: float
    papers_not_asked: int


class OnceOnlySummaryOut(Answer):
    """Figures of a time span, over all units and by unit, those with most redundant requests first."""

    since: datetime | None
    until: datetime | None
    checks: int
    decisions: dict[str, int]
    requests: int
    redundant: int
    compliance: float
    papers_not_asked: int
    source_down_share: float
    population: dict[str, int] = Field(description="questions to the population database by outcome")
    units: tuple[OnceOnlyUnitOut, ...]


class DiscrepancyOut(Answer):
    """Something that a source says and an officer found to be wrong."""

    id: str
    at: datetime
    source: str
    item: str
    dossier: str | None
    unit: str
    officer: str
    subject: str
    reason: str
    due_at: datetime
    overdue: bool
    answered_at: datetime | None
    answered_by: str | None
    answer: str | None


class DiscrepancyList(Answer):
    """Discrepancies, the open ones first, those due soonest first."""

    items: tuple[DiscrepancyOut, ...]


class DiscrepancyAnswerIn(Contract):
    """What the source answered."""

    answer: LongText
