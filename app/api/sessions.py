"""``/v1/sessions``: people log in and out, choose passwords, enrol second factors."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response

from app import cookies
from app.api import examples
from app.deps import ContextDep, CorrelationDep
from app.domain.access import permissions_of
from app.session_deps import LiveDep, count_login
from app.usecases import own_account, sessions
from app.usecases.context import Context
from app.usecases.sessions import Live
from schemas.accounts import CodeIn, LoginIn, OfferOut, PasswordIn, ProofIn, RecoveryOut, SessionOut

router = APIRouter(prefix="/v1", tags=["sessions"])
_CREATED, _NO_CONTENT = 201, 204
_SESSION: dict[str, Any] = {
    "account": "an.nv",
    "full_name": "Nguyễn Văn Mẫu",
    "kind": "operation",
    "roles": ["auditor"],
    "units": ["H15.50"],
    "permissions": ["accounts:read", "log:read"],
    "second_factor": True,
    "step": "none",
    "idle_seconds": 900,
    "ends_at": "2026-07-01T09:00:00Z",
    "csrf_token": examples.RECEIPT["content_hash"],
}
_CODES: dict[str, Any] = {"recovery_codes": ["ABCD-EFGH-IJKL-MNOP"], "session": _SESSION}
_OFFER: dict[str, Any] = {
    "secret": "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
    "address": "otpauth://totp/LienThong:an.nv?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=LienThong",
}


@router.post(
    "/sessions",
    status_code=_CREATED,
    summary="Log in",
    # Before the body is read: each refusal is an entry of the log, and nobody is known here who could be counted.
    dependencies=[Depends(count_login)],
    responses={
        201: examples.good(_SESSION, "Let in; the cookie is in Set-Cookie"),
        **examples.problems(400, 401, 403, 422, 429, 503),
    },
)
async def log_in(
    body: Annotated[
        LoginIn,
        Body(openapi_examples={"login": {"value": {"account": "an.nv", "password": "Mat-khau-9", "code": "123456"}}}),
    ],
    request: Request,
    response: Response,
    context: ContextDep,
    correlation: CorrelationDep,
) -> SessionOut:
    """One answer for all who are refused: unknown, wrong, locked, disabled. The audit log tells which.

    Five wrong tries lock an account for twelve hours, unless an administrator unlocks it.
    """
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        cookies.require_own_page(request)
    live = await sessions.login(
        context,
        account=body.account,
        password=body.password,
        code=body.code,
        correlation_id=correlation,
        instead_of=cookies.cookie_of(request),
    )
    return _given(context, request, response, live)


@router.get(
    "/sessions/current",
    summary="Who am I?",
    responses={200: examples.good(_SESSION), **examples.problems(401, 429)},
)
async def show_session(context: ContextDep, live: LiveDep) -> SessionOut:
    """The session of the cookie, its login complete or not."""
    return _shown(context, live)


@router.delete(
    "/sessions/current",
    status_code=_NO_CONTENT,
    summary="Log out",
    responses={204: {"description": "Left"}, **examples.problems(401, 403, 429, 503)},
)
async def log_out(
    request: Request, response: Response, context: ContextDep, live: LiveDep, correlation: CorrelationDep
) -> None:
    """The cookie opens nothing any more."""
    await sessions.logout(context, live, correlation)
    cookies.take(request, response)


@router.put(
    "/sessions/current/password",
    summary="Choose another password",
    responses={
        200: examples.good(_SESSION, "Changed; a new cookie is in Set-Cookie"),
        **examples.problems(400, 401, 403, 422, 429, 503),
    },
)
async def change_password(
    body: Annotated[
        PasswordIn, Body(openapi_examples={"change": {"value": {"old": "Mat-khau-9", "new": "Mat-khau-moi-10"}}})
    ],
    request: Request,
    response: Response,
    context: ContextDep,
    live: LiveDep,
    correlation: CorrelationDep,
) -> SessionOut:
    """At least 8 letters with a small one, a capital, a digit and another sign; not the name, none of the last ten."""
    cookie = await own_account.change_password(context, live, body.old, body.new, correlation)
    return _given(context, request, response, await sessions.look(context, cookie))


@router.post(
    "/sessions/current/second-factor",
    summary="Begin to enrol a second factor",
    responses={200: examples.good(_OFFER, "Shown this once"), **examples.problems(400, 401, 403, 422, 429, 503)},
)
async def offer_second_factor(
    body: Annotated[ProofIn, Body(openapi_examples={"proof": {"value": {"password": "Mat-khau-9"}}})],
    context: ContextDep,
    live: LiveDep,
    correlation: CorrelationDep,
) -> OfferOut:
    """For an app that makes codes by time (RFC 6238). One that is enrolled stays until the new one has given a code."""
    offer = await own_account.offer(context, live, body.password, correlation)
    return OfferOut(secret=offer.secret, address=offer.address)


@router.put(
    "/sessions/current/second-factor",
    summary="Enrol it, by a code of it",
    responses={
        200: examples.good(_CODES, "Enrolled; a new cookie is in Set-Cookie"),
        **examples.problems(400, 401, 403, 422, 429, 503),
    },
)
async def enrol_second_factor(
    body: Annotated[CodeIn, Body(openapi_examples={"code": {"value": {"code": "123456"}}})],
    request: Request,
    response: Response,
    context: ContextDep,
    live: LiveDep,
    correlation: CorrelationDep,
) -> RecoveryOut:
    """From now on each login asks for a code. Keep the recovery codes on paper."""
    enrolled = await own_account.enrol(context, live, body.code, correlation)
    session = _given(context, request, response, await sessions.look(context, enrolled.cookie))
    return RecoveryOut(recovery_codes=enrolled.recovery_codes, session=session)


@router.post(
    "/sessions/current/recovery-codes",
    summary="New recovery codes",
    responses={200: examples.good(_CODES, "Shown this once"), **examples.problems(400, 401, 403, 422, 429, 503)},
)
async def renew_recovery_codes(
    body: Annotated[ProofIn, Body(openapi_examples={"proof": {"value": {"password": "Mat-khau-9"}}})],
    context: ContextDep,
    live: LiveDep,
    correlation: CorrelationDep,
) -> RecoveryOut:
    """The old ones let nobody in any more."""
    sessions.require_complete(live)
    codes = await own_account.renew_recovery_codes(context, live, body.password, correlation)
    return RecoveryOut(recovery_codes=codes, session=_shown(context, live))


def _given(context: Context, request: Request, response: Response, live: Live) -> SessionOut:
    cookies.give(request, response, live.cookie)
    return _shown(context, live)


def _shown(context: Context, live: Live) -> SessionOut:
    return SessionOut.model_validate(
        {
            "account": live.name,
            "full_name": live.full_name,
            "kind": live.kind,
            "roles": sorted(live.roles),
            "units": sorted(live.units),
            "permissions": sorted(permissions_of(live.roles)),
            "second_factor": live.second_factor,
            "step": live.step.value,
            "idle_seconds": context.people.sessions.idle.total_seconds(),
            "ends_at": live.ends_at,
            "csrf_token": cookies.token_of(live.cookie),
        }
    )
