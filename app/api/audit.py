"""``/v1/audit``: the log, for auditors."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.api import examples
from app.api.deliveries import ID_MAX, Zoned, next_page, zoned
from app.api.shapes import PRINTABLE
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Permission
from app.domain.audit import AuditKind
from app.usecases import look
from app.usecases.context import Caller
from schemas.answers import AuditEntryOut, AuditPage

router = APIRouter(prefix="/v1", tags=["audit"])


@router.get(
    "/audit",
    summary="The log, newest first",
    responses={200: examples.good({"items": [examples.AUDIT_ENTRY], "next": None}), **examples.problems(401, 403, 422)},
)
async def get_log(  # noqa: PLR0913, PLR0917 - query parameters
    request: Request,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.LOG_READ)],
    correlation: CorrelationDep,
    kind: AuditKind | None = None,
    dossier: Annotated[str | None, Query(max_length=100, pattern=PRINTABLE)] = None,
    actor: Annotated[str | None, Query(max_length=100, pattern=PRINTABLE)] = None,
    correlation_id: Annotated[str | None, Query(max_length=64, pattern=PRINTABLE)] = None,
    since: Zoned = None,
    until: Zoned = None,
    before: Annotated[int | None, Query(ge=1, le=ID_MAX)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """Who shared what about which dossier, for whom, why and under which law. This look is on record too."""
    wanted = {"kind": kind, "dossier_code": dossier, "actor": actor, "correlation_id": correlation_id}
    rows = await look.log(
        context,
        caller,
        equal={name: str(value) for name, value in wanted.items() if value},
        since=zoned(since),
        until=zoned(until),
        before_id=before,
        limit=limit,
        correlation_id=correlation,
    )
    return AuditPage(items=tuple(AuditEntryOut(**row) for row in rows), next=next_page(request, rows, limit))
