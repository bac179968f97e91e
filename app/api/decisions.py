"""``/v1/deliveries/{id}/…``: what a person decides about one delivery, and both sides of it to decide by."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from app.api import examples, shapes
from app.api.deliveries import DeliveryId
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Permission, Thing
from app.domain.delivery import Decision
from app.usecases import decide, look
from app.usecases import sides as both
from app.usecases.context import Caller
from app.usecases.sides import Sides
from schemas.answers import DeliveryDetail
from schemas.operations import DecideIn, DifferenceOut, ReasonIn, SidesOut, StepSideOut, SupersedeIn

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])
_WHY = "Cổng báo đã có hồ sơ này"


def _done(state: str, situation: str) -> dict[int | str, dict[str, Any]]:
    vi, en = shapes.meaning(f"situation.{situation}").vi, shapes.meaning(f"situation.{situation}").en
    shown: dict[str, Any] = {"state": state, "situation": situation, "meaning": {"vi": vi, "en": en}}
    shown |= {"decided_by": "van-hanh", "decision_note": _WHY, "tries": [examples.TRY]}
    return {200: examples.good(examples.DELIVERY | shown), **examples.problems(400, 401, 403, 404, 409, 422, 503)}


_SIDES: dict[str, Any] = {
    "id": 41,
    "dossier": examples.CODE,
    "kind": "dossier",
    "ref": "2",
    "state": "unknown",
    "ours": {"TrangThai": "4", "ChuHoSo": "***"},
    "theirs": {"TRANGTHAI": "2", "CHUHOSO": "***"},
    "theirs_text": None,
    "source": "live",
    "at": "2026-07-01T05:00:00Z",
    "knowledge": "lacks",
    "dossier_known": True,
    "failure": None,
    "differences": [{"field": "TrangThai", "ours": "4", "theirs": "2"}],
    "hidden": ["ChuHoSo"],
    "steps": [],
    "in_order": None,
}


@router.post("/{delivery_id}/cancel", summary="Take a delivery back", responses=_done("cancelled", "cancelled"))
async def cancel_delivery(
    delivery_id: DeliveryId,
    body: Annotated[ReasonIn, Body(openapi_examples={"cancel": {"value": {"reason": _WHY, "with_steps": False}}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELIVERIES_OPERATE, reach=Thing.DELIVERY)],
    correlation: CorrelationDep,
) -> DeliveryDetail:
    """It is not sent; what waits behind it goes on. Possible while no worker has it and nobody asks about it."""
    await decide.cancel(context, caller, delivery_id, body.reason, correlation, with_steps=body.with_steps)
    return shapes.delivery_detail(await look.delivery(context, delivery_id))


@router.post(
    "/{delivery_id}/supersede",
    summary="Let a newer delivery stand for this one",
    responses=_done("superseded", "superseded_by_decision"),
)
async def supersede_delivery(
    delivery_id: DeliveryId,
    body: Annotated[SupersedeIn, Body(openapi_examples={"supersede": {"value": {"by": 44, "reason": _WHY}}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELIVERIES_OPERATE, reach=Thing.DELIVERY)],
    correlation: CorrelationDep,
) -> DeliveryDetail:
    """It is not sent; the other one is of the same dossier, destination and kind, and goes in its own turn."""
    await decide.supersede(context, caller, delivery_id, body.by, body.reason, correlation)
    return shapes.delivery_detail(await look.delivery(context, delivery_id))


@router.post(
    "/{delivery_id}/decide",
    summary="Say what the nation could not be asked",
    responses=_done("delivered", "delivered_by_decision"),
)
async def decide_delivery(
    delivery_id: DeliveryId,
    body: Annotated[
        DecideIn, Body(openapi_examples={"delivered": {"value": {"decision": "delivered", "reason": _WHY}}})
    ],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELIVERIES_OPERATE, reach=Thing.DELIVERY)],
    correlation: CorrelationDep,
) -> DeliveryDetail:
    """For a delivery that waits for a person (`undecided`): look at both sides first. Then its dossier goes on."""
    decision = Decision(body.decision)
    await decide.decide(context, caller, delivery_id, decision, body.reason, correlation, with_steps=body.with_steps)
    return shapes.delivery_detail(await look.delivery(context, delivery_id))


@router.get(
    "/{delivery_id}/sides",
    summary="What was promised and what the nation holds",
    responses={200: examples.good(_SIDES), **examples.problems(401, 403, 404, 422, 503)},
)
async def get_sides(
    delivery_id: DeliveryId,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELIVERIES_OPERATE, reach=Thing.DELIVERY)],
    correlation: CorrelationDep,
) -> SidesOut:
    """Asks the nation now, for ten seconds at most; else shows its last answer that is kept. The look is on record."""
    return _sides(await both.sides(context, caller, delivery_id, correlation))


def _sides(found: Sides) -> SidesOut:
    row = found.row
    return SidesOut.model_validate(
        {
            "id": row["id"],
            "dossier": row["dossier_code"],
            "kind": row["kind"],
            "ref": row["ref"],
            "state": row["state"],
            "ours": found.ours,
            "theirs": found.theirs,
            "theirs_text": found.theirs_text,
            "source": found.source,
            "at": found.at,
            "knowledge": found.knowledge,
            "dossier_known": found.dossier_known,
            "failure": found.failure,
            "differences": [DifferenceOut(field=d.field, ours=d.ours, theirs=d.theirs) for d in found.differences],
            "hidden": found.hidden,
            "steps": [
                StepSideOut(id=s.id, ref=s.ref, place=s.place, address=f"/v1/deliveries/{s.id}") for s in found.steps
            ],
            "in_order": found.in_order,
        }
    )
