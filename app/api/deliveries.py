"""``/v1/deliveries`` and ``/v1/sync/summary``: what is owed to the nation, and what came of it."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request

from app.api import examples, shapes
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission, Thing
from app.domain.delivery import DeliveryState, Target
from app.errors import Fault, InvalidRecord
from app.store.views import DeliveryFilter
from app.usecases import look, operate
from app.usecases.context import Caller
from schemas.answers import DeliveryDetail, DeliveryPage, SummaryOut
from schemas.provincial import Time

router = APIRouter(prefix="/v1", tags=["deliveries"])
# The largest number that either database keeps in a key.
ID_MAX = 2**63 - 1
DeliveryId = Annotated[int, Path(ge=1, le=ID_MAX)]
Zoned = Annotated[Time | None, Query(description="ISO 8601 with a zone")]


@router.get(
    "/deliveries",
    summary="Deliveries, newest first",
    responses={
        200: examples.good({"items": [examples.DELIVERY], "next": "/v1/deliveries?before=41&limit=50"}),
        **examples.problems(401, 403, 422),
    },
)
async def list_deliveries(  # noqa: PLR0913, PLR0917 - query parameters
    request: Request,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELIVERIES_READ, reach=Bound.UNITS)],
    state: DeliveryState | None = None,
    target: Target | None = None,
    dossier: Annotated[str | None, Query(max_length=100, pattern=shapes.PRINTABLE)] = None,
    procedure: Annotated[str | None, Query(max_length=100, pattern=shapes.PRINTABLE)] = None,
    unit: Annotated[str | None, Query(max_length=100, pattern=shapes.PRINTABLE)] = None,
    since: Zoned = None,
    until: Zoned = None,
    before: Annotated[int | None, Query(ge=1, le=ID_MAX, description="the key of a page: ids below this one")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> DeliveryPage:
    """Pages are keyed by id, so none is shown twice or skipped while new ones come in."""
    wanted = DeliveryFilter(state, target, dossier, procedure, unit, zoned(since), zoned(until), before, limit)
    rows = await look.deliveries(context, caller, wanted)
    return DeliveryPage(items=tuple(shapes.delivery(row) for row in rows), next=next_page(request, rows, limit))


@router.get(
    "/deliveries/{delivery_id}",
    summary="One delivery with every attempt",
    responses={
        200: examples.good(examples.DELIVERY | {"tries": [examples.TRY]}),
        **examples.problems(401, 403, 404, 422),
    },
)
async def get_delivery(
    delivery_id: DeliveryId,
    context: ContextDep,
    _caller: Annotated[Caller, may(Permission.DELIVERIES_READ, reach=Thing.DELIVERY)],
) -> DeliveryDetail:
    """Requests and answers are masked and cut; the exact message is kept by its hash in the log."""
    return shapes.delivery_detail(await look.delivery(context, delivery_id))


@router.post(
    "/deliveries/{delivery_id}/retry",
    status_code=202,
    summary="Send a delivery again",
    responses={
        202: examples.good(examples.DELIVERY | {"state": "unknown", "tries": [examples.TRY]}, "Will be sent"),
        **examples.problems(401, 403, 404, 409, 422, 503),
    },
)
async def retry_delivery(
    delivery_id: DeliveryId,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELIVERIES_OPERATE, reach=Thing.DELIVERY)],
    correlation: CorrelationDep,
) -> DeliveryDetail:
    """Takes the place of the scheduled attempt. Pressed twice, it sends once."""
    await operate.retry(context, caller, delivery_id, correlation)
    return shapes.delivery_detail(await look.delivery(context, delivery_id))


@router.get(
    "/sync/summary",
    summary="The state of the sync",
    responses={200: examples.good(examples.SUMMARY), **examples.problems(401, 403)},
)
async def get_summary(
    context: ContextDep, caller: Annotated[Caller, may(Permission.FIGURES_READ, reach=Bound.UNITS)]
) -> SummaryOut:
    """Derived from rows at the time it names, so that no figure can drift."""
    return shapes.summary(await look.summary(context, caller))


def zoned(value: datetime | None) -> datetime | None:
    """Refuse a time without a zone."""
    if value is not None and value.tzinfo is None:
        message = "a time needs its zone, e.g. 2026-07-01T08:00:00+07:00"
        raise InvalidRecord(message, faults=(Fault("/query", message),))
    return value


def next_page(request: Request, rows: list[dict[str, object]], limit: int) -> str | None:
    """The address of the page after ``rows``, or None at the end."""
    if len(rows) < limit:
        return None
    query = dict(request.query_params) | {"before": str(rows[-1]["id"]), "limit": str(limit)}
    return f"{request.url.path}?{urlencode(query)}"
