"""What a use case works with. Built once by ``app.wiring``; tests build it with shipped fakes."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.delivery import Target
from app.domain.retry import Schedule
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
    """Bounds of the engine. ``call_seconds`` is the longest a call may take, all tries within it included."""

    schedule: Schedule
    lanes_per_claim: int = 100
    steps_per_lane: int = 50
    calls_in_flight: int = 8
    lease_seconds: float = 180.0
    call_seconds: float = 60.0


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
    draw: Callable[[], float] = field(default=random.random)
