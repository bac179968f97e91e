"""``/v1/contracts``: answers of a shape that nobody had seen, for the technician who makes sense of them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.api import examples
from app.api.deliveries import ID_MAX, next_page
from app.deps import ContextDep, may
from app.domain.access import Permission
from app.usecases import look
from app.usecases.context import Caller
from schemas.operations import SightingOut, SightingPage

router = APIRouter(prefix="/v1", tags=["contracts"])


@router.get(
    "/contracts",
    summary="Answers of a new shape, the newest shape first",
    responses={
        200: examples.good({"items": [examples.SIGHTING], "next": "/v1/contracts?before=2&limit=50"}),
        **examples.problems(401, 403, 422),
    },
)
async def list_contracts(
    request: Request,
    context: ContextDep,
    _caller: Annotated[Caller, may(Permission.TARGETS_OPERATE)],
    before: Annotated[int | None, Query(ge=1, le=ID_MAX, description="the key of a page: ids below this one")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SightingPage:
    """One line a shape, with the first example, masked and cut; the same shape again is only counted."""
    rows = await look.contracts(context, before, limit)
    items = tuple(
        SightingOut(
            id=row["id"],
            target=row["target"],
            service=row["service"],
            shape=row["shape"],
            example=row["example"],
            first_seen_at=row["first_at"],
            last_seen_at=row["last_at"],
            count=row["times"],
        )
        for row in rows
    )
    return SightingPage(items=items, next=next_page(request, rows, limit))
