"""What a use case works with. Built once by ``app.wiring``; tests build it with shipped fakes."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.breaker import BreakerPolicy
from app.domain.delivery import Target
from app.domain.retry import Schedules
from app.domain.worktime import WorkingCalendar
from app.reference import Catalogue, ProcedureFacts, UnitFacts
from app.store.session import Database
from connectors.base import Connector
from connectors.population import PersonAnswer, PersonQuestion
from schemas.provincial import DossierIn, StepIn


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: a token's name, the agency it stands for, and what it may do."""

    name: str
    agency: str
    scopes: frozenset[str]


class Encoder(Protocol):
    """Turns a record into the exact message that a target is promised.

    Raises ``connectors.errors.Unmapped`` when a value has no national code: refused at the door.
    """

    def dossier(
        self, code: str, dossier: DossierIn, procedure: ProcedureFacts, field_code: str, unit: UnitFacts
    ) -> str:
        """JSON text of a snapshot."""

    def step(self, dossier_code: str, step: StepIn) -> str:
        """JSON text of a progress step."""


class PersonChecker(Protocol):
    """Asks the population database whether a number, a name and a birth date are one person."""

    async def verify(self, question: PersonQuestion) -> PersonAnswer:
        """Answer by outcome class; never raises for what the far side did."""


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """Bounds of the engine towards one kind of destination.

    ``call_seconds`` is the longest a call may take, all tries within it included. ``settle_seconds`` is how long
    the far side may still be at work on a call that was given up. After ``failing_calls_max`` failed calls in a
    row a round sends no more. What is known is written down every ``flush_messages``. Without a ``breaker`` nothing but
    the schedules holds calls back.
    """

    schedules: Schedules
    lanes_per_claim: int = 100
    steps_per_lane: int = 50
    calls_in_flight: int = 8
    lease_seconds: float = 180.0
    call_seconds: float = 60.0
    settle_seconds: float = 0.0
    failing_calls_max: int = 3
    flush_messages: int = 400
    breaker: BreakerPolicy | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a use case needs, and nothing that reads the environment."""

    database: Database
    catalogue: Catalogue
    agency: str
    encoders: Mapping[Target, Encoder]
    connectors: Mapping[Target, Connector]
    policies: Mapping[Target, DeliveryPolicy]
    population: PersonChecker | None = None
    person_procedures: frozenset[str] | None = None
    subject_key: bytes | None = None
    # Without a list of holidays every Monday to Friday is worked; app.wiring gives the real one.
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    backlog_age_seconds: float = 3600.0
    draw: Callable[[], float] = field(default=random.random)
