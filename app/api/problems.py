"""Refusals as problem details (RFC 9457): what is wrong, where, what to do. Every refusal is on record."""

import re
from contextlib import AsyncExitStack
from http import HTTPStatus

import structlog
from asgi_correlation_id import correlation_id
from fastapi import FastAPI, Request
from fastapi.dependencies.utils import solve_dependencies
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from app.domain.identifiers import hide_numbers
from app.errors import (
    OAUTH_REFUSALS,
    AuditUnavailable,
    BodyTooLarge,
    BodyTooSlow,
    Refusal,
    StoreBusy,
    UnreadableBody,
)
from app.texts import text
from app.usecases import receive
from app.usecases.context import Caller
from app.usecases.parsing import refusal_of
from schemas.answers import FaultOut, Problem

_log = structlog.get_logger(__name__)
_QUOTED = re.compile(r"'[^']*'")
_NOBODY = Caller("anonymous", "", frozenset())
_BUSY_SECONDS = 5
_BAD_REQUEST, _NOT_FOUND, _NOT_ALLOWED = 400, 404, 405


def _fit(said: str) -> str:
    """Fit to be kept by whoever logs answers: what is quoted is the caller's, and may be somebody's number."""
    return _QUOTED.sub(lambda found: hide_numbers(found[0]), said)


def problem_of(refusal: Refusal) -> Problem:
    """The problem document of a refusal."""
    advice = text(f"advice.{refusal.slug}")
    return Problem(
        type=f"/problems/{refusal.slug}",
        title=refusal.title,
        status=refusal.status.value,
        detail=_fit(refusal.detail),
        advice=refusal.advice or advice.vi,
        advice_en=advice.en,
        errors=tuple(FaultOut(pointer=f.pointer, detail=_fit(f.detail), table=f.table) for f in refusal.faults),
        correlation_id=correlation_id.get(),
        **refusal.members,
    )


def _answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    body = problem.model_dump(mode="json")
    return JSONResponse(body, problem.status, headers, media_type="application/problem+json")


def _plain(slug: str, title: str, status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    advice = text(f"advice.{slug}")
    return _answer(
        Problem(
            type=f"/problems/{slug}",
            title=title,
            status=status,
            detail=detail,
            advice=advice.vi,
            advice_en=advice.en,
            correlation_id=correlation_id.get(),
        ),
        headers,
    )


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for this class only
    return await refuse(request, error)


async def refuse(request: Request, error: Refusal) -> Response:
    """The answer to a refusal, which is put on record if it is not yet."""
    if not error.on_record:
        about = request.path_params.get("code")
        try:
            caller = getattr(request.state, "caller", _NOBODY)
            await receive.refuse(request.app.state.context, caller, error, correlation_id.get() or "none", about)
        except (AuditUnavailable, StoreBusy) as failure:
            return await _on_unavailable(request, failure)
    return answer(error)


def answer(error: Refusal) -> Response:
    """The answer to a refusal."""
    if error.leads_to is not None:
        return RedirectResponse(error.leads_to, HTTPStatus.SEE_OTHER)
    headers = dict[str, str]()
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, BodyTooSlow):
        # The rest of the body must not be taken for the next request.
        headers["Connection"] = "close"
    asks_client = isinstance(error, OAUTH_REFUSALS)
    if error.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="LienThong", charset="UTF-8"' if asks_client else "Bearer"
    if asks_client:
        # RFC 6749, 5.2: a form of its own, for clients that know no problem documents.
        body = {"error": error.slug.replace("-", "_"), "error_description": _quotable(error.detail)}
        return JSONResponse(body, error.status.value, headers | {"Pragma": "no-cache"})
    return _answer(problem_of(error), headers)


def _quotable(text: str) -> str:
    """Only what RFC 6749 lets stand in an error_description."""
    return "".join(letter for letter in text if " " <= letter <= "~" and letter not in '"\\')


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    return await _on_body(request, refusal_of(error.errors(), skip=1))


async def _on_body(request: Request, refusal: Refusal) -> Response:
    """Refuse a body. The framework reads it before it asks who sent it: whoever may not is told that, and no more."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute) and not hasattr(request.state, "caller"):
        try:
            async with AsyncExitStack() as stack:
                await solve_dependencies(
                    request=request, dependant=route.dependant, async_exit_stack=stack, embed_body_fields=False
                )
        except Refusal as first:
            refusal = first
    return await refuse(request, refusal)


async def _on_unavailable(_request: Request, error: Exception) -> Response:
    slug = "audit-unavailable" if isinstance(error, AuditUnavailable) else "store-busy"
    _log.error(slug, exc_info=error)
    return _plain(slug, "Not taken, try again", 503, str(error), {"Retry-After": str(_BUSY_SECONDS)})


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    limit = getattr(request.state, "too_large", None)
    if limit is not None:
        return await _on_body(request, BodyTooLarge(f"the body is longer than {limit} bytes"))
    if isinstance(error.__cause__, Refusal):
        # Raised while the body was read; the framework made a 400 of it.
        return await _on_refusal(request, error.__cause__)
    if error.status_code == _BAD_REQUEST:
        return await _on_body(request, UnreadableBody(f"the body cannot be read: {error.detail}"))
    title = "No such address" if error.status_code == _NOT_FOUND else "Not possible here"
    headers = dict(error.headers or {})
    if error.status_code == _NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
    return _plain("not-found", title, error.status_code, str(error.detail), headers)


def _allowed(request: Request) -> str:
    """What an address takes (RFC 9110, 15.5.6): the framework names the methods of the first route only."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    fitting = [route.methods or set() for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted(set().union(*fitting)))


async def _on_bug(_request: Request, error: Exception) -> JSONResponse:
    _log.error("bug", exc_info=error)
    return _plain("internal", "A fault of the gateway", 500, "an unexpected fault; it is in the log")


def install(app: FastAPI) -> None:
    """Render every refusal and every failure as a problem."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(AuditUnavailable, _on_unavailable)
    app.add_exception_handler(StoreBusy, _on_unavailable)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)
