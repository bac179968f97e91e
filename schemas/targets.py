"""Destinations and what operators hold there (REST ``/v1/targets``, ``/v1/holds``)."""

from datetime import datetime

from pydantic import Field

from schemas.answers import Answer, TextOut
from schemas.provincial import Code, Contract, LongText, UnitCode


class HoldIn(Contract):
    """What to hold. Without a procedure and a unit: everything that goes to the destination."""

    procedure: Code | None = Field(default=None, description="hold this procedure only")
    unit: UnitCode | None = Field(default=None, description="hold this receiving unit only")
    reason: LongText = Field(description="why, for those who come after; shown to everybody who reads")


class ResumeIn(Contract):
    """Why work goes on."""

    note: LongText | None = None


class HoldOut(Answer):
    """One hold. ``procedure`` and ``unit`` empty: the whole destination."""

    id: int
    target: str
    procedure: str | None
    unit: str | None
    reason: str
    held_by: str
    held_at: datetime
    released_by: str | None
    released_at: datetime | None
    release_note: str | None
    address: str


class HoldList(Answer):
    """What is held now, oldest first."""

    items: tuple[HoldOut, ...]


class TargetOut(Answer):
    """One destination: whether anything may go there, what waits, and when it will be done."""

    key: str
    gate: str = Field(description="closed (all goes), open (nothing goes), trial (one goes), ramp (more and more go)")
    meaning: TextOut
    gate_since: datetime
    retry_at: datetime | None = Field(description="when the next grant may be made; None: at once")
    reason: str | None = Field(description="why the gate opened last, while it is not closed")
    reason_meaning: TextOut | None
    reason_message: str | None
    held: bool = Field(description="whether an operator holds the whole destination")
    holds: tuple[HoldOut, ...]
    waiting_dossiers: int
    waiting_messages: int
    standing_messages: int = Field(description="of these, in dossiers that wait for a person or for the end of a hold")
    oldest_waiting_seconds: float | None
    delivered_per_second: float | None
    drain_seconds: float | None = Field(
        description="how long what waits takes if the next trial goes well: the gate's remaining wait, its ramp, "
        "then the rate measured last; also during an outage"
    )
    forecast_seconds: float | None = Field(description="until all is sent that may go; None when nobody can tell")


class TargetList(Answer):
    """All destinations, national ones first."""

    items: tuple[TargetOut, ...]
