"""``/v1/webhooks``: who wants to be told of what, and where."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response

from app.api import examples
from app.api.deliveries import ID_MAX
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission
from app.domain.events import News
from app.store.webhooks import Webhook
from app.usecases import webhooks
from app.usecases.context import Caller
from app.usecases.webhooks import Registration
from schemas.webhooks import TrialOut, WebhookIn, WebhookList, WebhookMade, WebhookOut

router = APIRouter(prefix="/v1", tags=["webhooks"])
EndpointId = Annotated[int, Path(ge=1, le=ID_MAX)]

_WANTED: dict[str, Any] = {
    "url": "https://motcua.example/lien-thong",
    "kinds": ["delivery.refused", "delivery.delivered"],
    "system_events": False,
}
_WEBHOOK: dict[str, Any] = _WANTED | {
    "id": 7,
    "key": "webhook:7",
    "owner": "mot-cua",
    "kinds": ["delivery.delivered", "delivery.refused"],
    "created_at": "2026-07-01T01:00:00Z",
    "address": "/v1/webhooks/7",
}
_MADE = _WEBHOOK | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}
_TRIAL: dict[str, Any] = {"webhook": 7, "type": "webhook.test", "ref": "test:6d6f0b0c5a3b1e22"}


@router.post(
    "/webhooks",
    status_code=201,
    summary="Be told of outcomes and events",
    responses={201: examples.good(_MADE, "Registered"), **examples.problems(400, 401, 403, 422, 503)},
)
async def register_webhook(
    request: Request,
    body: Annotated[WebhookIn, Body(openapi_examples={"outcomes": {"value": _WANTED}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.WEBHOOKS_WRITE, reach=Bound.OWN)],
    correlation: CorrelationDep,
) -> WebhookMade:
    """Of the dossiers that this token hands over. Messages are signed as Standard Webhooks says; keep the secret."""
    plain_http: bool = request.app.state.settings.webhook_plain_http
    wanted = Registration(body.url, body.kinds, body.system_events)
    made, secret = await webhooks.register(context, caller, wanted, correlation, plain_http=plain_http)
    return WebhookMade(**_fields(made), secret=secret)


@router.get(
    "/webhooks",
    summary="Registered webhooks",
    responses={200: examples.good({"items": [_WEBHOOK]}), **examples.problems(401, 403)},
)
async def list_webhooks(
    context: ContextDep, caller: Annotated[Caller, may(Permission.WEBHOOKS_WRITE, reach=Bound.OWN)]
) -> WebhookList:
    """Those of this token; an operator sees all. Secrets are not shown again."""
    return WebhookList(items=tuple(WebhookOut(**_fields(hook)) for hook in await webhooks.listing(context, caller)))


@router.delete(
    "/webhooks/{webhook_id}",
    status_code=204,
    response_class=Response,
    summary="End a webhook",
    responses={204: {"description": "Ended"}, **examples.problems(401, 403, 404, 422, 503)},
)
async def end_webhook(
    webhook_id: EndpointId,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.WEBHOOKS_WRITE, reach=Bound.OWN)],
    correlation: CorrelationDep,
) -> None:
    """Nothing more goes there; what still waits for it is cancelled. A message on its way may still arrive."""
    await webhooks.end(context, caller, webhook_id, correlation)


@router.post(
    "/webhooks/{webhook_id}/test",
    status_code=202,
    summary="Send a test message",
    responses={202: examples.good(_TRIAL, "On its way"), **examples.problems(401, 403, 404, 422, 503)},
)
async def try_webhook(
    webhook_id: EndpointId,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.WEBHOOKS_WRITE, reach=Bound.OWN)],
    correlation: CorrelationDep,
) -> TrialOut:
    """Signed, and sent the whole way that news goes."""
    ref = await webhooks.trial(context, caller, webhook_id, correlation)
    return TrialOut(webhook=webhook_id, type=News.TEST.value, ref=ref)


def _fields(hook: Webhook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "key": hook.key,
        "owner": hook.owner,
        "url": hook.url,
        "kinds": tuple(sorted(hook.kinds)),
        "system_events": hook.system_events,
        "created_at": hook.created_at,
        "address": f"/v1/webhooks/{hook.id}",
    }
