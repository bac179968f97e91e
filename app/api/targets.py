"""``/v1/targets`` and ``/v1/holds``: how each destination stands, and what operators hold there."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response

from app.api import examples, shapes
from app.api.deliveries import ID_MAX
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Permission
from app.store.holds import Hold
from app.store.overview import DestinationView
from app.texts import TEXTS
from app.usecases import holds
from app.usecases.context import Caller
from schemas.targets import HoldIn, HoldList, HoldOut, ResumeIn, TargetList, TargetOut

router = APIRouter(prefix="/v1", tags=["targets"])
Key = Annotated[str, Path(max_length=30, pattern=shapes.PRINTABLE, description="`portal`, or `webhook:` and its id")]
HoldId = Annotated[int, Path(ge=1, le=ID_MAX)]
_CREATED = 201

_HOLD: dict[str, Any] = {
    "id": 3,
    "target": "portal",
    "procedure": "1.001193",
    "unit": None,
    "reason": "Cổng bảo trì thủ tục này đến 17 giờ",
    "held_by": "van-hanh",
    "held_at": "2026-07-01T07:00:00Z",
    "released_by": None,
    "released_at": None,
    "release_note": None,
    "address": "/v1/holds/3",
}
_RESUMED = _HOLD | {
    "released_by": "van-hanh",
    "released_at": "2026-07-01T10:00:00Z",
    "release_note": "Cổng báo đã xong",
}
_TARGET: dict[str, Any] = {
    "key": "portal",
    "gate": "closed",
    "meaning": {"vi": "Đang gửi bình thường.", "en": "Sending as usual."},
    "gate_since": "2026-07-01T01:00:00Z",
    "retry_at": None,
    "reason": None,
    "reason_meaning": None,
    "reason_message": None,
    "held": False,
    "holds": [_HOLD],
    "waiting_dossiers": 120,
    "waiting_messages": 300,
    "standing_messages": 20,
    "oldest_waiting_seconds": 64.0,
    "delivered_per_second": 70.0,
    "drain_seconds": 4.0,
    "forecast_seconds": 4.0,
}


@router.get(
    "/targets",
    summary="How each destination stands",
    responses={200: examples.good({"items": [_TARGET]}), **examples.problems(401, 403)},
)
async def list_targets(context: ContextDep, _caller: Annotated[Caller, may(Permission.DELIVERIES_READ)]) -> TargetList:
    """The gate, what is held, what waits and since when, how fast it goes, and when it will be done."""
    return TargetList(items=tuple(_target(view) for view in await holds.target_overview(context)))


@router.post(
    "/targets/{key}/holds",
    status_code=_CREATED,
    summary="Hold a destination, a procedure or a unit",
    responses={
        201: examples.good(_HOLD, "Held"),
        200: examples.good(_HOLD, "Held already, by this hold"),
        **examples.problems(400, 401, 403, 404, 422, 503),
    },
)
async def place_hold(
    key: Key,
    body: Annotated[
        HoldIn, Body(openapi_examples={"procedure": {"value": {k: _HOLD[k] for k in ("procedure", "reason")}}})
    ],
    response: Response,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.TARGETS_OPERATE)],
    correlation: CorrelationDep,
) -> HoldOut:
    """What is held waits, in its order, until the hold is ended; none of it is lost. Calls under way are finished."""
    held, new = await holds.hold(context, caller, key, body.procedure, body.unit, body.reason, correlation)
    response.status_code = _CREATED if new else 200
    return _hold(held)


@router.get(
    "/holds",
    summary="What is held now",
    responses={200: examples.good({"items": [_HOLD]}), **examples.problems(401, 403)},
)
async def list_holds(context: ContextDep, _caller: Annotated[Caller, may(Permission.DELIVERIES_READ)]) -> HoldList:
    """Those of all destinations, oldest first."""
    return HoldList(items=tuple(_hold(held) for held in await holds.active(context)))


@router.post(
    "/holds/{hold_id}/resume",
    summary="End a hold",
    responses={200: examples.good(_RESUMED, "Ended"), **examples.problems(400, 401, 403, 404, 409, 422, 503)},
)
async def resume_hold(
    hold_id: HoldId,
    body: Annotated[ResumeIn, Body(openapi_examples={"resume": {"value": {"note": _RESUMED["release_note"]}}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.TARGETS_OPERATE)],
    correlation: CorrelationDep,
) -> HoldOut:
    """What waited goes on by itself, the most urgent first."""
    return _hold(await holds.resume(context, caller, hold_id, body.note or "", correlation))


def _hold(held: Hold) -> HoldOut:
    return HoldOut(
        id=held.id,
        target=held.target,
        procedure=held.procedure_code,
        unit=held.unit_code,
        reason=held.reason,
        held_by=held.held_by,
        held_at=held.held_at,
        released_by=held.released_by,
        released_at=held.released_at,
        release_note=held.release_note or None,
        address=f"/v1/holds/{held.id}",
    )


def _target(view: DestinationView) -> TargetOut:
    why = f"reason.{view.reason}"
    return TargetOut(
        key=view.key,
        gate=view.gate.state.value,
        meaning=shapes.meaning("gate.held" if view.held else f"gate.{view.gate.state.value}"),
        gate_since=view.gate.since,
        retry_at=view.gate.retry_at,
        reason=view.reason,
        reason_meaning=shapes.meaning(why) if why in TEXTS else None,
        reason_message=view.reason_message,
        held=view.held,
        holds=tuple(_hold(held) for held in view.holds),
        waiting_dossiers=view.waiting.lanes,
        waiting_messages=view.waiting.messages,
        standing_messages=view.waiting.standing_messages,
        oldest_waiting_seconds=view.oldest_seconds,
        delivered_per_second=view.delivered_rate,
        drain_seconds=view.drain_seconds,
        forecast_seconds=view.forecast_seconds,
    )
