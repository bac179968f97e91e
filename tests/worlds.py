"""Worlds for tests of whole ways: a context with the shipped fake, records, tokens, an HTTP client on the door."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpx

from app.config import Settings
from app.domain.access import Scope
from app.domain.delivery import PORTAL, Target
from app.domain.retry import Schedule, Schedules
from app.errors import Refusal
from app.main import create_app
from app.reference import load_catalogue
from app.store.session import Database
from app.usecases import tokens
from app.usecases.context import Caller, Context, DeliveryPolicy
from app.usecases.deliver import deliver
from app.usecases.receive import DossierRecord, Receipt, Record, StepRecord, receive
from app.wiring import PortalEncoder
from connectors.base import Connector
from connectors.portal import Profile
from connectors.testing import InMemoryConnector
from schemas.provincial import DossierIn, StepIn

CALLER = Caller("one-stop", "H15", frozenset({"intake"}))
CATALOGUE = load_catalogue()
# What every entry of a request through ``door`` says of where it came from.
FROM_TEST = {"origin": {"address": "127.0.0.1", "auth": "static_token"}}
# Quick enough for a test that moves its own clock, and long enough to be seen.
SCHEDULE = Schedule((10.0, 60.0), attempts_max=5, age_max_seconds=86400.0, jitter_share=0.0)


def settings(url: str = "sqlite:///unused.sqlite3", **overrides: Any) -> Settings:
    """Settings of a test; nothing of the environment matters to them."""
    return Settings(database_url=url, **overrides) if overrides else _plain_settings(url)


@cache
def _plain_settings(url: str) -> Settings:
    return Settings(database_url=url)


def code(number: int = 1) -> str:
    """A dossier code."""
    return f"H15.50-260701-{number:04d}"


def dossier_body(**changes: Any) -> dict[str, Any]:
    """A valid dossier as JSON; ``changes`` replace top-level fields."""
    return {
        "revision": 1,
        "procedure": {"code": "1.000110"},
        "receiving_unit": "H15.50",
        "applicant": {
            "kind": "citizen",
            "full_name": "H'Bia Niê",
            "identities": [{"kind": "personal_number", "number": "003190123456"}],
        },
        "summary": "Đăng ký khai sinh",
        "channel": "online",
        "status": "received",
        "submitted_at": "2026-07-01T08:00:00+07:00",
        "received_at": "2026-07-01T08:05:00+07:00",
        "due_at": "2026-07-03T17:00:00+07:00",
    } | changes


def step_body(place: int = 1, **changes: Any) -> dict[str, Any]:
    """A valid progress step as JSON; ``place`` sets its id, words and minute."""
    return {
        "step_id": f"s{place}",
        "officer_name": "Trần Thị Mẫu",
        "content": f"Bước {place}",
        "status": "received" if place == 1 else "processing",
        "processed_at": f"2026-07-01T09:{place:02d}:00+07:00",
    } | changes


def dossier(number: int = 1, **changes: Any) -> DossierRecord:
    """A valid dossier."""
    return DossierRecord(code(number), DossierIn.model_validate(dossier_body(**changes)))


def step(number: int = 1, place: int = 1, **changes: Any) -> StepRecord:
    """A valid progress step of a dossier."""
    return StepRecord(code(number), StepIn.model_validate(step_body(place, **changes)))


def context_of(
    database: Database,
    connector: Connector | None = None,
    policy: DeliveryPolicy | None = None,
    **more: Any,
) -> Context:
    """A context on the shipped fake."""
    return Context(
        database=database,
        catalogue=CATALOGUE,
        agency="H15",
        encoders={Target.PORTAL: PortalEncoder(Profile.V2)},
        connectors={Target.PORTAL: connector or InMemoryConnector()},
        policies={Target.PORTAL: policy or DeliveryPolicy(Schedules(SCHEDULE), lease_seconds=100.0, call_seconds=40.0)},
        draw=lambda: 0.5,
        **more,
    )


async def hand_over(context: Context, *records: Record) -> list[Receipt]:
    """Take records in; every one must be taken."""
    answers = await receive(context, CALLER, records, "c-test")
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert not refused, [refusal.detail for refusal in refused]
    return [answer for answer in answers if isinstance(answer, Receipt)]


async def refused(context: Context, record: Record) -> Refusal:
    """Hand a record over that must be refused."""
    (answer,) = await receive(context, CALLER, [record], "c-test")
    assert isinstance(answer, Refusal), answer
    return answer


async def drain(context: Context, worker: str = "w-1") -> int:
    """Deliver until nothing is ready; how many lanes were taken."""
    taken = 0
    while lanes := await deliver(context, PORTAL, worker):
        taken += lanes
    return taken


@asynccontextmanager
async def door(
    context: Context, scopes: Iterable[str] = tuple(Scope), **overrides: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client on the door, with a token that has ``scopes``."""
    wanted = frozenset(Scope(scope) for scope in scopes)
    name = f"test-{'-'.join(sorted(wanted))}"
    token = await tokens.create(context, name=name, agency="H15", scopes=wanted, by="test")
    app = create_app(settings(**overrides), context)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test", headers=headers) as client:
        yield client
