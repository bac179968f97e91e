"""``/v1/once-only`` and ``/v1/discrepancies``: may it be asked of the citizen, and how "ask once" is kept."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request

from app.api import examples, shapes
from app.api import once_only_examples as shown
from app.api.deliveries import ID_MAX, next_page, zoned
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission, Thing
from app.domain.once_only import Decision, Source
from app.store.once_only_figures import UnitFigures
from app.store.session import Row
from app.usecases import once_only, once_only_discrepancies, once_only_figures
from app.usecases.context import Caller
from schemas.once_only import (
    DecisionOut,
    DiscrepancyAnswerIn,
    DiscrepancyList,
    DiscrepancyOut,
    OnceOnlyCheckIn,
    OnceOnlyCheckOut,
    OnceOnlySummaryOut,
    OnceOnlyUnitOut,
    PaperRequestOut,
    PaperRequestPage,
    PointerOut,
)
from schemas.provincial import Time

router = APIRouter(prefix="/v1", tags=["once-only"])
_Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=[shown.ID])]
Unit = Annotated[
    str | None, Query(max_length=35, pattern=shapes.PRINTABLE, description="a unit, with all that are below it")
]
Since = Annotated[Time | None, Query(description="at or after this time")]
Until = Annotated[Time | None, Query(description="before this time")]


@router.post(
    "/once-only/check",
    summary="May this be asked of the citizen? Ask before asking",
    responses={
        200: examples.good(shown.CHECKED, "A decision an item; only HAVE_VALID blocks"),
        **examples.problems(400, 401, 403, 404, 409, 422, 503),
    },
)
async def post_check(
    body: Annotated[
        OnceOnlyCheckIn,
        Body(openapi_examples={"papers": {"value": shown.CHECK}, "wrong_data": {"value": shown.CHECK_FOR_UPDATE}}),
    ],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.PERSONS_ASK, reach=Bound.UNITS)],
    correlation: CorrelationDep,
) -> OnceOnlyCheckOut:
    """Looks here, in the national store and in the population database, all within one budget of time.

    A source that gave no answer is told as that, never as "not held". A component that is asked for then names the
    `decision_id` that allows it.
    """
    return _check(await once_only.check(context, caller, body, correlation))


@router.get(
    "/once-only/checks/{check_id}",
    summary="A check as it was answered",
    responses={200: examples.good(shown.CHECKED), **examples.problems(401, 403, 404, 422)},
)
async def get_check(
    check_id: _Id,
    context: ContextDep,
    _caller: Annotated[Caller, may(Permission.PERSONS_ASK, Permission.PERSONS_READ, reach=Thing.CHECK)],
) -> OnceOnlyCheckOut:
    """The same answer, from rows. It holds no value of a person."""
    return _check(await once_only.read_check(context, check_id))


@router.get(
    "/once-only/redundant",
    summary="What citizens were asked for needlessly, newest first",
    responses={
        200: examples.good({"items": [shown.REDUNDANT], "next": "/v1/once-only/redundant?before=12&limit=50"}),
        **examples.problems(401, 403, 422),
    },
)
async def list_redundant(
    request: Request,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOSSIERS_READ, reach=Bound.UNITS)],
    unit: Unit = None,
    since: Since = None,
    until: Until = None,
    before: Annotated[int | None, Query(ge=1, le=ID_MAX, description="the key of a page: ids below this one")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PaperRequestPage:
    """Without an earlier decision that allows it, or against one; `why` says which."""
    span = once_only_figures.span_of(context, caller, unit, zoned(since), zoned(until))
    rows = await once_only_figures.redundant(context, span, before, limit)
    return PaperRequestPage(items=tuple(_request(row) for row in rows), next=next_page(request, rows, limit))


@router.get(
    "/once-only/summary",
    summary='How "ask once" is kept, over all and by unit',
    responses={200: examples.good(shown.SUMMARY), **examples.problems(401, 403, 422)},
)
async def get_summary(
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.FIGURES_READ, reach=Bound.UNITS)],
    unit: Unit = None,
    since: Since = None,
    until: Until = None,
) -> OnceOnlySummaryOut:
    """Derived from rows when asked. `population` counts the questions of all units."""
    found = await once_only_figures.summary(
        context, caller, once_only_figures.span_of(context, caller, unit, zoned(since), zoned(until))
    )
    return OnceOnlySummaryOut(
        since=since,
        until=until,
        **_figures(found.total),
        source_down_share=once_only_figures.source_down_share(found.total),
        population=dict(found.population),
        units=tuple(OnceOnlyUnitOut(unit=code, name=name, **_figures(figures)) for code, name, figures in found.units),
    )


@router.get(
    "/discrepancies",
    summary="What sources say and is not so",
    responses={200: examples.good({"items": [shown.DISCREPANCY]}), **examples.problems(401, 403, 422)},
)
async def list_discrepancies(
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.PERSONS_READ, reach=Bound.UNITS)],
    *,
    source: Source | None = None,
    open_only: Annotated[bool, Query(alias="open", description="only those that are not answered")] = False,
) -> DiscrepancyList:
    """The open ones first, those due soonest first; at most 500."""
    rows, now = await once_only_discrepancies.listing(
        context, caller, source.value if source else None, open_only=open_only
    )
    return DiscrepancyList(items=tuple(_discrepancy(row, now) for row in rows))


@router.post(
    "/discrepancies/{discrepancy_id}/answer",
    summary="Keep what the source answered",
    responses={
        200: examples.good(
            shown.DISCREPANCY
            | {"answered_at": "2026-07-03T02:00:00Z", "answered_by": "sync-operator", "answer": "Đã chỉnh lý"}
        ),
        **examples.problems(400, 401, 403, 404, 422, 503),
    },
)
async def post_answer(
    discrepancy_id: _Id,
    body: Annotated[DiscrepancyAnswerIn, Body(openapi_examples={"mended": {"value": {"answer": "Đã chỉnh lý"}}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DISCREPANCIES_ANSWER, reach=Thing.DISCREPANCY)],
    correlation: CorrelationDep,
) -> DiscrepancyOut:
    """It is closed then; the same answer again changes nothing."""
    row, now = await once_only_discrepancies.answer(context, caller, discrepancy_id, body.answer, correlation)
    return _discrepancy(row, now)


def _check(kept: once_only.Kept) -> OnceOnlyCheckOut:
    row, decisions = kept
    return OnceOnlyCheckOut(
        id=row["id"],
        at=row["at"],
        procedure=row["procedure_code"],
        dossier=row["dossier_code"],
        unit=row["unit_code"],
        officer=row["officer"],
        subject=row["subject_id"],
        rules_version=row["rules_version"],
        items=tuple(_decision(part) for part in decisions),
        sources=row["sources"],
        address=f"/v1/once-only/checks/{row['id']}",
    )


def _decision(row: Row) -> DecisionOut:
    return DecisionOut(
        decision_id=row["id"],
        kind=row["kind"],
        code=row["code"],
        decision=row["decision"],
        allowed=Decision(row["decision"]).allows,
        meaning=shapes.meaning(f"decision.{row['decision']}"),
        source=row["source"],
        pointer=_pointer(row["pointer"]) if row["pointer"] else None,
        incident=row["incident"],
        discrepancy=row["discrepancy_id"],
        citation=row["citation"],
        reason=row["reason"],
    )


def _pointer(held: dict[str, str]) -> PointerOut:
    address = None
    if "document" in held:
        address = f"/v1/documents/{held['document']}"
    elif "dossier" in held:
        address = f"/v1/dossiers/{held['dossier']}"
    return PointerOut(
        document=held.get("document"),
        lookup_id=held.get("lookup_id"),
        candidate=int(held["candidate"]) if "candidate" in held else None,
        query_id=held.get("query_id"),
        dossier=held.get("dossier"),
        address=address,
    )


def _request(row: Row) -> PaperRequestOut:
    return PaperRequestOut(
        id=row["id"],
        dossier=row["dossier_code"],
        component_code=row["component_code"],
        name=row["name"],
        unit=row["unit_code"],
        procedure=row["procedure_code"],
        officer=row["officer"],
        asked_at=row["asked_at"],
        decision_id=row["decision_id"],
        why=row["why"],
        meaning=shapes.meaning(f"redundant.{row['why']}"),
    )


def _figures(figures: UnitFigures) -> dict[str, object]:
    return {
        "checks": figures.checks,
        "decisions": {decision.value: figures.decisions.get(decision.value, 0) for decision in Decision},
        "requests": figures.requests,
        "redundant": figures.redundant,
        "compliance": once_only_figures.compliance(figures),
        "papers_not_asked": figures.papers_not_asked,
    }


def _discrepancy(row: Row, now: datetime) -> DiscrepancyOut:
    same = {name: row[name] for name in ("id", "at", "source", "item", "officer", "reason", "due_at")}
    answered = {name: row[name] for name in ("answered_at", "answered_by", "answer")}
    return DiscrepancyOut(
        **same,
        **answered,
        dossier=row["dossier_code"],
        unit=row["unit_code"],
        subject=row["subject_id"],
        overdue=row["answered_at"] is None and row["due_at"] < now,
    )
