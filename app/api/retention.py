"""``/v1/retention``: what may go from the log, who lets it, and what stays longer."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, status

from app.api import examples
from app.api.deliveries import ID_MAX
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Permission
from app.domain.retention import HoldKind
from app.store.retention import Run
from app.store.session import Row
from app.usecases import retention
from app.usecases.context import Caller
from app.usecases.retention import ClassPlan, HoldWanted
from schemas.answers import TextOut
from schemas.retention import (
    ClassPlanOut,
    HoldIn,
    HoldList,
    HoldOut,
    MendedIn,
    RetentionDecisionIn,
    RetentionPlanOut,
    RetentionRunIn,
    RetentionRunList,
    RetentionRunOut,
)

Editor = Annotated[Caller, may(Permission.RETENTION_EDIT)]
Approver = Annotated[Caller, may(Permission.RETENTION_APPROVE)]
Either = Annotated[Caller, may(Permission.RETENTION_EDIT, Permission.RETENTION_APPROVE)]
# What may go, who let it and what stays is an auditor's to see, as erasures are.
Reader = Annotated[Caller, may(Permission.RETENTION_EDIT, Permission.RETENTION_APPROVE, Permission.LOG_READ)]
router = APIRouter(prefix="/v1/retention", tags=["retention"])
RunId = Annotated[int, Path(ge=1, le=ID_MAX, examples=[3])]
HoldId = Annotated[int, Path(ge=1, le=ID_MAX, examples=[2])]

_CLASS: dict[str, Any] = {
    "code": "exchange",
    "name": {
        "vi": "Tiếp nhận hồ sơ và trao đổi với hệ thống quốc gia",
        "en": "Records taken and exchanges with the national systems",
    },
    "kinds": ["exchange_ended", "exchange_started", "probe", "received", "refused"],
    "days": 731,
    "legal_basis": "QCVN 12:2026/BCA 3.9.2.1.9; NĐ 278/2025/NĐ-CP",
    "before": "2024-07-01T02:00:00Z",
    "may_go": 184210,
    "oldest_at": "2024-05-02T01:05:02Z",
    "stays": {"hold": 41, "open_dossier": 120},
}
_ASKED: dict[str, Any] = {"code": "exchange", "reason": "Quá hạn lưu hai năm"}
_RUN: dict[str, Any] = {
    "id": 3,
    **_ASKED,
    "state": "approved",
    "before": "2024-07-01T02:00:00Z",
    "entries": 184210,
    "archived": 12000,
    "kept": 161,
    "proposed_by": "quan-tri",
    "proposed_at": "2026-07-01T02:00:00Z",
    "decided_by": "phe-duyet",
    "decided_at": "2026-07-01T03:00:00Z",
    "ended_at": None,
}
_HOLD_ASKED: dict[str, Any] = {
    "kind": "legal",
    "dossier": examples.CODE,
    "until": "2028-07-01",
    "reason": "Theo yêu cầu của toà án",
    "legal_basis": "Luật 91/2025/QH15",
}
_HOLD: dict[str, Any] = {
    "id": 2,
    **_HOLD_ASKED,
    "subject": None,
    "first_entry": None,
    "last_entry": None,
    "until": "2028-07-01T17:00:00Z",
    "made_by": "quan-tri",
    "at": "2026-07-01T02:00:00Z",
    "ended_by": None,
}
_MENDED = {"mended_on": "2026-07-01", "reason": "Đã vá và kiểm tra lại"}


@router.get(
    "",
    summary="What could go now, and what stays and why",
    responses={200: examples.good({"items": [_CLASS]}), **examples.problems(401, 403)},
)
async def get_plan(context: ContextDep, _caller: Either) -> RetentionPlanOut:
    """Removes nothing. Reads the whole log once a class: not for a page that reloads itself."""
    return RetentionPlanOut(items=tuple(_class(each) for each in await retention.plan(context)))


@router.get(
    "/runs",
    summary="Runs, newest first",
    responses={200: examples.good({"items": [_RUN]}), **examples.problems(401, 403)},
)
async def list_runs(context: ContextDep, _caller: Reader) -> RetentionRunList:
    """What was proposed, who decided, how far it is; at most 200."""
    return RetentionRunList(items=tuple(_run(each) for each in await retention.runs(context)))


@router.post(
    "/runs",
    status_code=status.HTTP_201_CREATED,
    summary="Propose to archive and remove what may go of a class",
    responses={201: examples.good(_RUN, "Proposed"), **examples.problems(400, 401, 403, 409, 422, 503)},
)
async def propose_run(
    body: Annotated[RetentionRunIn, Body(openapi_examples={"class": {"value": _ASKED}})],
    context: ContextDep,
    caller: Editor,
    correlation: CorrelationDep,
) -> RetentionRunOut:
    """Nothing goes before another account has approved it. A class has one open run at a time."""
    return _run(await retention.propose(context, caller, body.code, body.reason, correlation))


@router.post(
    "/runs/{run_id}/decision",
    summary="Approve or refuse what another has proposed",
    responses={200: examples.good(_RUN, "Decided"), **examples.problems(400, 401, 403, 404, 409, 422, 503)},
)
async def decide_run(
    run_id: RunId,
    body: Annotated[RetentionDecisionIn, Body(openapi_examples={"yes": {"value": {"approve": True, "note": "Đúng"}}})],
    context: ContextDep,
    caller: Approver,
    correlation: CorrelationDep,
) -> RetentionRunOut:
    """Needs `retention:approve` and another name than the proposer's. Workers then archive and remove it."""
    approve, note = body.approve, body.note
    return _run(await retention.decide(context, caller, run_id, approve=approve, note=note, correlation_id=correlation))


@router.get(
    "/holds",
    summary="Holds, newest first",
    responses={200: examples.good({"items": [_HOLD]}), **examples.problems(401, 403)},
)
async def list_holds(context: ContextDep, _caller: Reader) -> HoldList:
    """What stays beyond its class, and why; at most 200."""
    return HoldList(items=tuple(_hold(row) for row in await retention.holds(context)))


@router.post(
    "/holds",
    status_code=status.HTTP_201_CREATED,
    summary="Keep entries beyond their class",
    responses={201: examples.good(_HOLD, "Kept from now on"), **examples.problems(400, 401, 403, 422, 503)},
)
async def make_hold(
    body: Annotated[HoldIn, Body(openapi_examples={"court": {"value": _HOLD_ASKED}})],
    context: ContextDep,
    caller: Editor,
    correlation: CorrelationDep,
) -> HoldOut:
    """Of a dossier, of a person, or a range of entries. A hold is never shortened; another may be longer."""
    entries = None
    if body.first_entry is not None or body.last_entry is not None:
        entries = (body.first_entry or 0, body.last_entry or 0)
    kind = HoldKind(body.kind)
    wanted = HoldWanted(kind, body.reason, body.legal_basis, body.dossier, body.subject, entries, body.until)
    return _hold(await retention.hold(context, caller, wanted, correlation))


@router.post(
    "/holds/{hold_id}/mended",
    summary="Say when a breach was mended",
    responses={
        200: examples.good(_HOLD, "Noted"),
        **examples.problems(400, 401, 403, 404, 409, 422, 503),
    },
)
async def mend_hold(
    hold_id: HoldId,
    body: Annotated[MendedIn, Body(openapi_examples={"mended": {"value": _MENDED}})],
    context: ContextDep,
    caller: Approver,
    correlation: CorrelationDep,
) -> HoldOut:
    """Needs `retention:approve` and another name than who made the hold. Its entries stay for the class `breach`."""
    return _hold(await retention.mended(context, caller, hold_id, body.mended_on, body.reason, correlation))


def _class(each: ClassPlan) -> ClassPlanOut:
    of = each.of
    return ClassPlanOut(
        code=of.code,
        name=TextOut(vi=of.name_vi, en=of.name_en),
        kinds=tuple(sorted(kind.value for kind in of.kinds)),
        days=of.days,
        legal_basis=of.legal_basis,
        before=each.before,
        may_go=each.going,
        oldest_at=each.oldest_at,
        stays={why.value: count for why, count in each.kept.items()},
    )


def _run(run: Run) -> RetentionRunOut:
    return RetentionRunOut(
        id=run.id,
        code=run.class_code,
        state=run.state.value,
        before=run.before,
        entries=run.entries,
        archived=run.archived,
        kept=run.kept,
        reason=run.reason,
        proposed_by=run.proposed_by,
        proposed_at=run.proposed_at,
        decided_by=run.decided_by,
        decided_at=run.decided_at,
        ended_at=run.ended_at,
    )


def _hold(row: Row) -> HoldOut:
    return HoldOut(
        id=row["id"],
        kind=row["kind"],
        dossier=row["dossier_code"],
        subject=row["subject_ref"],
        first_entry=row["first_id"],
        last_entry=row["last_id"],
        until=row["until"],
        reason=row["reason"],
        legal_basis=row["legal_basis"],
        made_by=row["made_by"],
        at=row["at"],
        ended_by=row["ended_by"],
    )
