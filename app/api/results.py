"""The rule of signed results: who lacks one, and where the rule is enforced."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Path, Query

from app.api import document_examples as shown
from app.api import examples, shapes
from app.api.deliveries import ID_MAX
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission, Thing
from app.domain.documents import GateMode
from app.errors import UnknownCode
from app.store.session import Row
from app.usecases import gate
from app.usecases.context import Caller
from app.usecases.gate import Gate
from schemas.documents import GateIn, GateOut, MissingOut, MissingPage

router = APIRouter(prefix="/v1", tags=["documents"])
Unit = Annotated[str, Path(max_length=35, pattern=r"^[A-Z0-9]+(\.[A-Z0-9]+)*$", description="unit code")]


@router.get(
    "/results/missing",
    summary="Resolved dossiers without an acceptable electronic result",
    responses={200: examples.good({"items": [shown.MISSING], "next": None}), **examples.problems(401, 403, 422)},
)
async def list_missing(
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOSSIERS_READ, reach=Bound.UNITS)],
    unit: Annotated[str | None, Query(max_length=35, pattern=shapes.PRINTABLE)] = None,
    procedure: Annotated[str | None, Query(max_length=50, pattern=shapes.PRINTABLE)] = None,
    before: Annotated[int | None, Query(ge=1, le=ID_MAX, description="key of the last one seen")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> MissingPage:
    """Of procedures that yield a paper; newest first."""
    rows, rule = await gate.missing(context, caller, unit=unit, procedure=procedure, before_id=before, limit=limit)
    following = None
    if len(rows) == limit:
        asked: dict[str, Any] = {"unit": unit, "procedure": procedure, "limit": limit, "before": rows[-1]["id"]}
        query = {name: value for name, value in asked.items() if value is not None}
        following = f"/v1/results/missing?{urlencode(query)}"
    return MissingPage(items=tuple(_missing(row, rule) for row in rows), next=following)


def _missing(row: Row, rule: Gate) -> MissingOut:
    return MissingOut(
        dossier=row["code"],
        status=row["status"],
        procedure=row["procedure_code"],
        unit=row["unit_code"],
        updated_at=row["updated_at"],
        results=len(row["verdicts"]),
        verdicts=tuple(row["verdicts"]),
        mode=rule.mode(row["unit_code"]).value,
        address=f"/v1/dossiers/{row['code']}/documents",
    )


@router.get(
    "/units/{unit}/result-gate",
    summary="The rule of signed results for a unit",
    responses={200: examples.good(shown.GATE), **examples.problems(401, 403, 422)},
)
async def get_gate(
    unit: Unit, context: ContextDep, _caller: Annotated[Caller, may(Permission.FIGURES_READ, reach=Thing.UNIT)]
) -> GateOut:
    """``enforce`` refuses at the door what lacks a result; ``report`` lets it pass and lists it."""
    if unit not in context.catalogue.units:
        message = f"'{unit}' is not in the table 'units'"
        raise UnknownCode(message)
    return _gate(unit, await gate.rule(context))


@router.put(
    "/units/{unit}/result-gate",
    summary="Switch the rule of signed results for a unit",
    responses={200: examples.good(shown.GATE), **examples.problems(400, 401, 403, 422, 503)},
)
async def put_gate(
    unit: Unit,
    body: Annotated[
        GateIn, Body(openapi_examples={"enforce": {"value": {"mode": "enforce", "reason": shown.GATE["reason"]}}})
    ],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.RULES_EDIT)],
    correlation: CorrelationDep,
) -> GateOut:
    """Holds for the unit and all below it that have no setting of their own; what was set before stays on record."""
    await gate.switch(context, caller, unit, GateMode(body.mode), body.reason, correlation)
    return _gate(unit, await gate.rule(context))


def _gate(unit: str, rule: Gate) -> GateOut:
    at = rule.set_for(unit)
    setting = rule.settings[at] if at else None
    mode = rule.mode(unit)
    return GateOut(
        unit=unit,
        mode=mode.value,
        meaning=shapes.meaning(f"result_gate.{mode.value}"),
        set_for=at,
        set_by=setting.set_by if setting else None,
        set_at=setting.set_at if setting else None,
        reason=setting.reason if setting else None,
    )
