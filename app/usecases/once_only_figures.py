"""How "ask once" is kept: the redundant requests, and the figures of a time span. All of it comes from rows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Reach
from app.domain.once_only import Decision
from app.store import once_only_figures, person_queries
from app.store.once_only_figures import Span, UnitFigures
from app.store.session import Row
from app.usecases import reach
from app.usecases.context import Caller, Context


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures over all units, by unit (code, name, figures), and of the questions to the population database."""

    total: UnitFigures
    units: tuple[tuple[str, str, UnitFigures], ...]
    population: Mapping[str, int]


def span_of(context: Context, caller: Caller, unit: str | None, since: datetime | None, until: datetime | None) -> Span:
    """The span of a question: a unit stands for those below it too, as far as they are in the caller's reach."""
    units = reach.units_of(context, caller)
    if unit is not None:
        asked = Reach(frozenset({unit})).below(reach.parents(context)) or frozenset()
        units = asked if units is None else asked & units
    return Span(units, since, until)


async def redundant(context: Context, span: Span, before_id: int | None, limit: int) -> list[Row]:
    """A page of redundant requests, newest first."""
    async with context.database.read() as session:
        return await once_only_figures.redundant(session, span, before_id, limit)


async def summary(context: Context, caller: Caller, span: Span) -> Summary:
    """The figures; units with most redundant requests come first. Questions count for all units in reach."""
    own = reach.units_of(context, caller)
    async with context.database.read() as session:
        found = await once_only_figures.by_unit(session, span)
        population = await person_queries.figures(session, span.since, span.until, own)
    known = context.catalogue.units
    units = sorted(found.items(), key=lambda pair: (-pair[1].redundant, -pair[1].requests, pair[0]))
    named = tuple((code, known[code].name if code in known else code, figures) for code, figures in units)
    return Summary(_total(found.values()), named, population)


def _total(units: Iterable[UnitFigures]) -> UnitFigures:
    total, decisions = UnitFigures(), Counter[str]()
    for figures in units:
        total.checks += figures.checks
        total.requests += figures.requests
        total.redundant += figures.redundant
        total.papers_not_asked += figures.papers_not_asked
        decisions.update(figures.decisions)
    total.decisions = dict(decisions)
    return total


def compliance(figures: UnitFigures) -> float:
    """1 − redundant / requests; 1 where nothing was asked for."""
    return 1.0 - figures.redundant / figures.requests if figures.requests else 1.0


def source_down_share(figures: UnitFigures) -> float:
    """Which part of all decisions was made without an answer of the source."""
    made = sum(figures.decisions.values())
    return figures.decisions.get(Decision.SOURCE_DOWN.value, 0) / made if made else 0.0
