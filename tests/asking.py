"""Questions about persons in tests: invented people in the shipped fake, an open dossier, and what stands on record."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Table, select

from app.domain.breaker import BreakerPolicy
from app.reference.rules import AnomalyAction, AnomalyKind, AnomalyRule, shipped_rules
from app.store.session import Database, Row
from app.usecases.ask_person import PersonQuestionFacts, PersonTold, ask_person
from app.usecases.context import Context, OncePolicy
from connectors.population import FieldValue, Place, Relative
from connectors.testing_population import InMemoryPopulation
from schemas.persons import PersonField as F
from tests.worlds import CALLER, code, context_of, dossier, hand_over

NAME, BIRTH = "H'Bia Niê", "1990-05-17"
TRIO = ["birth_date", "full_name", "number"]
# No bound of ours stands in the way of a test that is about something else.
FREE = OncePolicy(unit_calls_per_second=0, officer_calls_per_day=0)
BREAKER = BreakerPolicy(calls_min=2, failure_share=0.5, waits_seconds=(5.0,), window_seconds=60.0)


def number(place: int = 1) -> str:
    """An invented number: no province has 003."""
    return f"0031901{place:05d}"


def person(place: int = 1, **changes: FieldValue) -> dict[F, FieldValue]:
    """A person whom the population database knows; ``changes`` replace fields by name."""
    found: dict[F, FieldValue] = {
        F.NUMBER: number(place),
        F.FULL_NAME: NAME,
        F.BIRTH_DATE: BIRTH,
        F.GENDER: "female",
        F.ETHNICITY: "12",
        F.RELIGION: "08",
        F.HOME_TOWN: Place("66", None, "24133", "Buôn Mẫu", "VN"),
        F.FATHER: Relative("Y Mẫu Niê", "VN", "097060123456", None, None),
    }
    return found | {F(name): value for name, value in changes.items()}


def question(place: int = 1, **changes: str) -> PersonQuestionFacts:
    """A question about ``person(place)`` that may be asked."""
    facts = {
        "dossier_code": code(),
        "officer": "canbo01",
        "unit": "H15.50",
        "purpose": "Kiểm tra người nộp",
        "number": number(place),
        "full_name": NAME,
        "birth_date": BIRTH,
    }
    return PersonQuestionFacts(**(facts | changes))


async def asking(
    database: Database,
    population: InMemoryPopulation,
    *,
    once: OncePolicy = FREE,
    rules: Sequence[AnomalyRule] = (),
    **more: Any,
) -> Context:
    """A context with an open dossier; of the rules against browsing only those given."""
    book = replace(shipped_rules(), anomalies=tuple(rules))
    context = context_of(database, population=population, once=once, rules=book, **more)
    await hand_over(context, dossier())
    return context


async def ask(context: Context, place: int = 1, wanted: frozenset[F] | None = None, **changes: str) -> PersonTold:
    """Ask about ``person(place)``."""
    return await ask_person(context, CALLER, question(place, **changes), wanted, "c-test")


def rule(
    kind: AnomalyKind, threshold: int, action: AnomalyAction = AnomalyAction.LIST, *, window_seconds: int = 3600
) -> AnomalyRule:
    """A rule against browsing that has long been in force."""
    return AnomalyRule(2, kind, threshold, window_seconds, action, "vì", "why", "test", date(2026, 1, 1), None)


async def rows_of(database: Database, table: Table) -> list[Row]:
    """All rows of a table in the order in which they were written."""
    async with database.read() as session:
        return [dict(row._mapping) for row in await session.rows(select(table).order_by(table.c.id))]
