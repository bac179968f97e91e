"""``/v1/dossiers``: hand over a dossier or a step, and see where it stands."""

from typing import Annotated

from fastapi import APIRouter, Body, Path

from app.api import examples, shapes
from app.api.shapes import PRINTABLE
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission, Thing
from app.errors import Refusal
from app.usecases import look
from app.usecases.context import Caller, Context
from app.usecases.receive import DossierRecord, Record, StepRecord, receive
from schemas.answers import DossierOut, ReceiptOut
from schemas.provincial import DossierIn, StepIn

router = APIRouter(prefix="/v1/dossiers", tags=["dossiers"])
CodePath = Annotated[str, Path(max_length=100, pattern=PRINTABLE, examples=[examples.CODE], description="dossier code")]


@router.put(
    "/{code}",
    status_code=202,
    summary="Hand over a dossier as it stands now",
    responses={202: examples.good(examples.RECEIPT, "Taken"), **examples.problems(400, 401, 403, 409, 413, 422, 503)},
)
async def put_dossier(
    code: CodePath,
    body: Annotated[DossierIn, Body(openapi_examples={"received": {"value": examples.DOSSIER}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOSSIERS_WRITE, reach=Bound.UNITS)],
    correlation: CorrelationDep,
) -> ReceiptOut:
    """The newest snapshot wins; the same revision with the same content gets the same answer."""
    return await _take(context, caller, DossierRecord(code, body), correlation)


@router.post(
    "/{code}/steps",
    status_code=202,
    summary="Hand over a progress step",
    responses={
        202: examples.good(examples.RECEIPT | {"kind": "step", "ref": "buoc-1"}, "Taken"),
        **examples.problems(400, 401, 403, 404, 409, 413, 422, 503),
    },
)
async def post_step(
    code: CodePath,
    body: Annotated[StepIn, Body(openapi_examples={"received": {"value": examples.STEP}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOSSIERS_WRITE, reach=Bound.UNITS)],
    correlation: CorrelationDep,
) -> ReceiptOut:
    """Steps go to the nation in the order they were handed over, each once; the same step_id again changes nothing."""
    return await _take(context, caller, StepRecord(code, body), correlation)


@router.get(
    "/{code}",
    summary="A dossier and where it stands with each national system",
    responses={200: examples.good(examples.DOSSIER_OUT), **examples.problems(401, 403, 404, 422)},
)
async def get_dossier(
    code: CodePath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOSSIERS_READ, reach=Thing.DOSSIER)],
    correlation: CorrelationDep,
) -> DossierOut:
    """Facts as handed over; per target: state, attempts, last answer, next attempt. The look is on record."""
    return shapes.dossier(await look.dossier(context, caller, code, correlation))


async def _take(context: Context, caller: Caller, record: Record, correlation: str) -> ReceiptOut:
    answer = (await receive(context, caller, [record], correlation))[0]
    if isinstance(answer, Refusal):
        raise answer
    return shapes.receipt(answer)
