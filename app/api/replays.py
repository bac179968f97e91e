"""``/v1/replays``: send a selection again, after a look at what would go."""

import json
from typing import Annotated, Any, cast

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response

from app.api import examples
from app.api.deliveries import ID_MAX, next_page
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission, Thing
from app.domain.delivery import DeliveryState
from app.domain.replay import Selection
from app.store.session import Row
from app.usecases import replay
from app.usecases.context import Caller
from app.usecases.replay import Preview, Progress
from schemas.operations import CandidateOut, PreviewOut, ReplayIn, ReplayOut, ReplayPage, SelectionIn

router = APIRouter(prefix="/v1", tags=["replays"])
ReplayId = Annotated[int, Path(ge=1, le=ID_MAX)]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="your own name for this press; without one, the selection itself is the name",
    ),
]
_OK, _CREATED = 200, 201

_SELECTION: dict[str, Any] = {
    "states": ["rejected"],
    "procedure": "1.001193",
    "since": "2026-07-01T01:00:00+00:00",
    "until": "2026-07-01T05:00:00+00:00",
}
_ASKED: dict[str, Any] = {"selection": _SELECTION, "note": "Cổng đã mở lại thủ tục", "per_second": 20}
_PREVIEW: dict[str, Any] = {
    "dry_run": True,
    "selection": _SELECTION,
    "key": examples.RECEIPT["content_hash"],
    "total": 12,
    "by_state": {"rejected": 12},
    "by_procedure": {"1.001193": 12},
    "by_unit": {"H15.50": 12},
    "cannot_go": {"overtaken": 2},
    "first": [
        {
            "id": 41,
            "target": "portal",
            "kind": "dossier",
            "dossier": examples.CODE,
            "ref": "1",
            "state": "rejected",
            "fate": "ok",
            "payload_hash": examples.RECEIPT["content_hash"],
            "payload": '{"ChuHoSo":"***","TrichYeuHoSo":"***"}',
            "address": "/v1/deliveries/41",
        }
    ],
}
_REPLAY: dict[str, Any] = {
    "id": 5,
    "state": "running",
    "selection": _SELECTION,
    "note": "Cổng đã mở lại thủ tục",
    "per_second": 20,
    "asked_by": "van-hanh",
    "created_at": "2026-07-01T05:00:00Z",
    "ended_at": None,
    "total": 12,
    "sent_again": 3,
    "passed_over": 1,
    "elsewhere": 0,
    "remaining": 8,
    "correlation_id": "6d6f0b0c",
    "address": "/v1/replays/5",
}


@router.post(
    "/replays",
    status_code=_CREATED,
    summary="Send a selection again, or see what would go",
    responses={
        201: examples.good(_REPLAY, "Begun"),
        200: {
            "description": "A dry run; or begun already, by an earlier press of the same button",
            "content": {
                "application/json": {"examples": {"dry_run": {"value": _PREVIEW}, "again": {"value": _REPLAY}}}
            },
        },
        **examples.problems(400, 401, 403, 409, 422, 503),
    },
)
async def start_replay(
    body: Annotated[
        ReplayIn,
        Body(
            openapi_examples={
                "dry_run": {"value": _ASKED | {"dry_run": True}},
                "send": {"value": _ASKED | {"dry_run": False}},
            }
        ),
    ],
    response: Response,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELIVERIES_OPERATE, reach=Bound.UNITS)],
    correlation: CorrelationDep,
    key: Key = None,
) -> PreviewOut | ReplayOut:
    """Oldest first, at most `per_second`, each once; each is asked about before it is sent. Workers do it.

    Take `selection` from the answer to a dry run: it has an end, so that exactly what was shown is sent.
    """
    selection = _selection(body.selection)
    if body.dry_run:
        response.status_code = _OK
        return _preview(await replay.preview(context, caller, selection, correlation))
    begun, new = await replay.start(context, caller, selection, body.per_second, body.note, key, correlation)
    response.status_code = _CREATED if new else _OK
    return _replay(await replay.one(context, begun.id))


@router.get(
    "/replays",
    summary="Replays, newest first",
    responses={
        200: examples.good({"items": [_REPLAY], "next": None}),
        **examples.problems(401, 403, 422),
    },
)
async def list_replays(
    request: Request,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELIVERIES_OPERATE, reach=Bound.OWN)],
    before: Annotated[int | None, Query(ge=1, le=ID_MAX, description="the key of a page: ids below this one")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ReplayPage:
    """How far each one is."""
    found = await replay.listing(context, caller, before, limit)
    rows: list[Row] = [{"id": progress.replay.id} for progress in found]
    return ReplayPage(
        items=tuple(_replay(progress) for progress in found),
        next=next_page(request, cast("list[dict[str, object]]", rows), limit),
    )


@router.get(
    "/replays/{replay_id}",
    summary="One replay and how far it is",
    responses={200: examples.good(_REPLAY), **examples.problems(401, 403, 404, 422)},
)
async def get_replay(
    replay_id: ReplayId,
    context: ContextDep,
    _caller: Annotated[Caller, may(Permission.DELIVERIES_OPERATE, reach=Thing.REPLAY)],
) -> ReplayOut:
    """What is `sent_again` may be on its way still: each delivery's own state tells."""
    return _replay(await replay.one(context, replay_id))


@router.post(
    "/replays/{replay_id}/stop",
    summary="Send no more of a replay",
    responses={
        200: examples.good(
            _REPLAY | {"state": "stopped", "ended_at": "2026-07-01T05:01:00Z"}, "Stopped, or ended before"
        ),
        **examples.problems(401, 403, 404, 422, 503),
    },
)
async def stop_replay(
    replay_id: ReplayId,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELIVERIES_OPERATE, reach=Thing.REPLAY)],
    correlation: CorrelationDep,
) -> ReplayOut:
    """What has gone has gone; what has not stays refused or given up."""
    return _replay(await replay.stop(context, caller, replay_id, correlation))


def _selection(asked: SelectionIn) -> Selection:
    return Selection(
        ids=asked.ids,
        states=tuple(DeliveryState(state) for state in asked.states),
        target=asked.target,
        procedure=asked.procedure,
        unit=asked.unit,
        failure_class=asked.failure_class,
        reason=asked.reason,
        since=asked.since,
        until=asked.until,
    )


def _preview(seen: Preview) -> PreviewOut:
    return PreviewOut(
        selection=_shown(seen.selection.text()),
        key=seen.key,
        total=seen.total,
        by_state=seen.by(lambda share: share.state),
        by_procedure=seen.by(lambda share: share.procedure),
        by_unit=seen.by(lambda share: share.unit),
        cannot_go=seen.cannot_go,
        first=tuple(
            CandidateOut(
                id=row["id"],
                target=row["target"],
                kind=row["kind"],
                dossier=row["dossier_code"],
                ref=row["ref"],
                state=row["state"],
                fate=row["fate"],
                payload_hash=row["payload_hash"],
                payload=row["payload"],
                address=f"/v1/deliveries/{row['id']}",
            )
            for row in seen.first
        ),
    )


def _shown(text: str) -> dict[str, Any]:
    """The selection as a caller may send it again: named deliveries need no end."""
    shown: dict[str, Any] = json.loads(text)
    # Whose it is follows from who sends it.
    shown.pop("units", None)
    if "ids" in shown:
        shown.pop("until", None)
    return shown


def _replay(progress: Progress) -> ReplayOut:
    row = progress.replay
    return ReplayOut.model_validate(
        {
            "id": row.id,
            "state": row.state,
            "selection": _shown(row.selection),
            "note": row.note,
            "per_second": row.per_second,
            "asked_by": row.asked_by,
            "created_at": row.created_at,
            "ended_at": row.ended_at,
            "total": row.total,
            "sent_again": row.revived,
            "passed_over": row.skipped,
            "elsewhere": progress.elsewhere,
            "remaining": progress.remaining,
            "correlation_id": row.correlation_id,
            "address": f"/v1/replays/{row.id}",
        }
    )
