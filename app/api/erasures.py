"""``/v1/audit/{id}/values`` and ``/v1/erasures``: personal values beside the log, looked at and made unreadable."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Path, Query, Response, status

from app.api import examples
from app.api.deliveries import ID_MAX
from app.api.shapes import PRINTABLE
from app.api.subjects import SubjectPath
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Permission
from app.domain.erasure import LookReason
from app.store.session import Row
from app.usecases import erase, open_values
from app.usecases.context import Caller
from app.usecases.erase import Erasure
from schemas.erasures import ErasureDecisionIn, ErasureIn, ErasureOut, ErasurePage, ErasureStandingOut, ValuesOut

router = APIRouter(prefix="/v1", tags=["personal values"])
_ID = r"^[0-9a-f]{32}$"
_SUBJECT = "0197c2a4b5d6e7f8091a2b3c4d5e6f70"
_ERASURE = "0197c2a4b5d6a1b2c3d4e5f60718293a"
EntryPath = Annotated[int, Path(ge=1, le=ID_MAX, description="number of an entry of the log", examples=[41])]
ErasurePath = Annotated[str, Path(pattern=_ID, description="id of a request", examples=[_ERASURE])]
_ASKED: dict[str, Any] = {"reason": "Người dân yêu cầu xoá", "legal_basis": "Luật 91/2025/QH15"}
_DECISION: dict[str, Any] = {"approve": True, "note": "Đã kiểm tra đơn và căn cước"}
_ROW: dict[str, Any] = {
    "id": _ERASURE,
    "subject": _SUBJECT,
    "at": "2026-11-25T01:05:02Z",
    "asked_by": "quan-tri",
    "agency": "H15",
    **_ASKED,
    "state": "asked",
    "decided_at": None,
    "decided_by": None,
    "note": None,
    "keys_destroyed": None,
}
_STANDING = _ROW | {"dossiers": 1, "documents": 0, "detached": False, "scrubbed": None}
_DONE = _STANDING | {
    "state": "done",
    "decided_at": "2026-11-25T02:00:00Z",
    "decided_by": "phe-duyet",
    "note": _DECISION["note"],
    "keys_destroyed": 1,
    "scrubbed": True,
}
_VALUES = {
    "entry": 41,
    "at": "2026-07-01T01:05:02Z",
    "kind": "person_asked",
    "dossier": examples.CODE,
    "subject": _SUBJECT,
    "values": {"birth_date": "1990-05-17", "full_name": "H'Bia Niê", "number": "003190123456"},
}


@router.get(
    "/audit/{entry}/values",
    summary="The personal values that an entry commits to",
    responses={200: examples.good(_VALUES), **examples.problems(401, 403, 404, 409, 410, 422, 503)},
)
async def get_values(
    entry: EntryPath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.LOG_READ)],
    correlation: CorrelationDep,
    response: Response,
    purpose: Annotated[LookReason, Query(description="why this is looked at", examples=["complaint"])],
    reason: Annotated[
        str, Query(min_length=10, max_length=400, pattern=PRINTABLE, description="in words; on record", examples=["x"])
    ],
) -> ValuesOut:
    """Opened and held to the commitments in the log. The look is on record, and told to whom the values are about."""
    found = await open_values.open_values(context, caller, entry, purpose, reason, correlation)
    response.headers["Cache-Control"] = "private, no-store"
    return ValuesOut(
        entry=found.audit_id,
        at=found.at,
        kind=found.kind,
        dossier=found.dossier_code,
        subject=found.subject,
        values=found.values,
    )


@router.post(
    "/subjects/{subject_id}/erasure",
    summary="Ask that a person's values be made unreadable",
    status_code=status.HTTP_201_CREATED,
    responses={201: examples.good(_STANDING, "Asked"), **examples.problems(400, 401, 403, 404, 409, 422, 503)},
)
async def post_erasure(
    subject_id: SubjectPath,
    body: Annotated[ErasureIn, Body(openapi_examples={"erasure": {"value": _ASKED}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.ERASURE_EDIT)],
    correlation: CorrelationDep,
) -> ErasureStandingOut:
    """Nothing is destroyed until somebody else approves. The answer says what the register holds of the person."""
    found = await erase.request(context, caller, subject_id, body.reason, body.legal_basis, correlation)
    return _standing(found)


@router.post(
    "/erasures/{erasure}/approval",
    summary="Approve or decline an erasure",
    responses={200: examples.good(_DONE, "Decided"), **examples.problems(400, 401, 403, 404, 409, 422, 503)},
)
async def post_approval(
    erasure: ErasurePath,
    body: Annotated[ErasureDecisionIn, Body(openapi_examples={"approval": {"value": _DECISION}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.ERASURE_APPROVE)],
    correlation: CorrelationDep,
) -> ErasureStandingOut:
    """Approved, the keys are destroyed at once and for good; every proof holds on. Nobody approves their own."""
    found = await erase.decide(context, caller, erasure, body.note, correlation, approve=body.approve)
    return _standing(found)


@router.get(
    "/erasures",
    summary="Requests for erasures, newest first",
    responses={200: examples.good({"items": [_ROW], "next": None}), **examples.problems(401, 403, 422, 503)},
)
async def list_erasures(
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.ERASURE_EDIT, Permission.ERASURE_APPROVE, Permission.LOG_READ)],
    correlation: CorrelationDep,
    waiting: Annotated[bool, Query(description="only those that wait for an approval")] = False,  # noqa: FBT002 - a query
    before: Annotated[str | None, Query(pattern=_ID, description="key of the last one seen")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ErasurePage:
    """By whom, why, on which law, and who decided. This look is on record."""
    rows = await erase.listing(context, caller, before, limit, correlation, waiting=waiting)
    following = None
    if len(rows) == limit:
        asked = {"waiting": str(waiting).lower(), "limit": limit, "before": rows[-1]["id"]}
        following = f"/v1/erasures?{urlencode(asked)}"
    return ErasurePage(items=tuple(ErasureOut(**_shown(row)) for row in rows), next=following)


def _shown(row: Row) -> Row:
    renamed = {"subject": row["subject_id"]}
    return {name: row[name] for name in ErasureOut.model_fields if name not in renamed} | renamed


def _standing(found: Erasure) -> ErasureStandingOut:
    return ErasureStandingOut(
        **_shown(found.row),
        dossiers=found.dossiers,
        documents=found.documents,
        detached=found.detached,
        scrubbed=found.scrubbed,
    )
