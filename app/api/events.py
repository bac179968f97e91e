"""``/v1/events``: what begins and ends, for people and for programs that do not take webhooks."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from app.api import examples, shapes
from app.api.deliveries import ID_MAX, next_page
from app.deps import ContextDep, may
from app.domain.access import Bound, Permission
from app.domain.events import EventKind
from app.store.session import Row
from app.usecases import events
from app.usecases.context import Caller
from schemas.webhooks import EventOut, EventPage

router = APIRouter(prefix="/v1", tags=["events"])

_EVENT: dict[str, Any] = {
    "id": 12,
    "kind": "target_down",
    "meaning": {
        "vi": "Nơi nhận không trả lời; các bản ghi được giữ nguyên và tự gửi khi nơi nhận trở lại.",
        "en": "The destination does not answer; nothing is lost, and all is sent by itself when it is back.",
    },
    "subject": "portal",
    "target": "portal",
    "dossier": None,
    "started_at": "2026-07-01T01:00:00Z",
    "ended_at": None,
    "detail": {"reason": "http_503"},
}


@router.get(
    "/events",
    summary="Events, newest first",
    responses={
        200: examples.good({"items": [_EVENT], "next": "/v1/events?before=12&limit=50"}),
        **examples.problems(401, 403, 422),
    },
)
async def list_events(  # noqa: PLR0913 - query parameters
    request: Request,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELIVERIES_READ, reach=Bound.UNITS)],
    *,
    open_only: Annotated[bool, Query(alias="open", description="only what lasts")] = False,
    kind: EventKind | None = None,
    target: Annotated[str | None, Query(max_length=30, pattern=shapes.PRINTABLE)] = None,
    dossier: Annotated[str | None, Query(max_length=100, pattern=shapes.PRINTABLE)] = None,
    before: Annotated[int | None, Query(ge=1, le=ID_MAX, description="the key of a page: ids below this one")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> EventPage:
    """Each is one row from its start to its end; what is open already does not begin a second time."""
    rows = await events.page(
        context,
        caller,
        before_id=before,
        limit=limit,
        open_only=open_only,
        kind=kind,
        target=target,
        dossier_code=dossier,
    )
    return EventPage(items=tuple(_event(row) for row in rows), next=next_page(request, rows, limit))


def _event(row: Row) -> EventOut:
    key = f"event.{row['kind']}" if row["ended_at"] is None else f"event.{row['kind']}.ended"
    return EventOut(
        id=row["id"],
        kind=row["kind"],
        meaning=shapes.meaning(key),
        subject=row["subject"],
        target=row["target"],
        dossier=row["dossier_code"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        detail=row["detail"],
    )
