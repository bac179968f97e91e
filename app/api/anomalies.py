"""``/v1/anomalies`` and ``/v1/officer-locks``: questions about persons that look like browsing, and who is stopped."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from app.api import examples, shapes
from app.api import person_examples as shown
from app.api.deliveries import ID_MAX
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission, Thing
from app.store.session import Row
from app.usecases import browsing
from app.usecases.context import Caller
from schemas.persons import AnomalyList, AnomalyOut, NoteIn, OfficerLockList, OfficerLockOut

router = APIRouter(prefix="/v1", tags=["anomalies"])
AnomalyId = Annotated[int, Path(ge=1, le=ID_MAX)]
Officer = Annotated[
    str, Path(max_length=100, pattern=r"^[A-Za-z0-9._@-]+$", examples=[shown.OFFICER], description="account")
]


@router.get(
    "/anomalies",
    summary="Questions that look like browsing",
    responses={200: examples.good({"items": [shown.ANOMALY]}), **examples.problems(401, 403, 422)},
)
async def list_anomalies(
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.PERSONS_READ, reach=Bound.UNITS)],
    is_open: Annotated[bool | None, Query(alias="open", description="true: not signed off; false: signed off")] = None,
) -> AnomalyList:
    """The open ones first, newest first; at most 500."""
    rows = await browsing.listing(context, caller, is_open=is_open)
    return AnomalyList(items=tuple(_anomaly(row) for row in rows))


@router.post(
    "/anomalies/{anomaly_id}/sign-off",
    summary="Say that an anomaly was looked into",
    responses={
        200: examples.good(shown.SIGNED_OFF, "Signed off; a second time gives the first one's answer"),
        **examples.problems(400, 401, 403, 404, 422, 503),
    },
)
async def sign_off(
    anomaly_id: AnomalyId,
    body: Annotated[NoteIn, Body(openapi_examples={"note": {"value": {"note": shown.SIGNED_OFF["note"]}}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.ANOMALIES_SIGN, reach=Thing.ANOMALY)],
    correlation: CorrelationDep,
) -> AnomalyOut:
    """What was asked before does not count again. A lock stays until an administrator lifts it."""
    return _anomaly(await browsing.sign_off(context, caller, anomaly_id, body.note, correlation))


@router.get(
    "/officer-locks",
    summary="Officers who may not ask about persons",
    responses={200: examples.good({"items": [shown.LOCK]}), **examples.problems(401, 403)},
)
async def list_locks(
    context: ContextDep, caller: Annotated[Caller, may(Permission.PERSONS_READ, reach=Bound.UNITS)]
) -> OfficerLockList:
    """Locks in force first, newest first; at most 500."""
    return OfficerLockList(items=tuple(_lock(row) for row in await browsing.locks(context, caller)))


@router.post(
    "/officer-locks/{officer}/lift",
    summary="Let an officer ask again",
    responses={200: examples.good(shown.LIFTED, "Lifted"), **examples.problems(400, 401, 403, 404, 422, 503)},
)
async def lift_lock(
    officer: Officer,
    body: Annotated[NoteIn, Body(openapi_examples={"note": {"value": {"note": shown.LIFTED["note"]}}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.LOCKS_EDIT)],
    correlation: CorrelationDep,
) -> OfficerLockOut:
    """What they asked before does not count against them any more. The anomaly stays until it is signed off."""
    return _lock(await browsing.lift(context, caller, officer, body.note, correlation))


def _anomaly(row: Row) -> AnomalyOut:
    renamed = {"unit": row["unit_code"], "meaning": shapes.meaning(f"anomaly.{row['rule']}")}
    same = {name: row[name] for name in AnomalyOut.model_fields if name not in renamed}
    return AnomalyOut(**same, **renamed)


def _lock(row: Row) -> OfficerLockOut:
    same = {name: row[name] for name in OfficerLockOut.model_fields if name != "anomaly"}
    return OfficerLockOut(**same, anomaly=row["anomaly_id"])
