"""FastAPI dependencies: the context, who is calling, and what they may do."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Annotated

from asgi_correlation_id import correlation_id
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.domain.access import Scope
from app.errors import Forbidden, Unauthenticated
from app.rates import Rates
from app.usecases import clients, origin, tokens
from app.usecases.context import Caller, Context

_bearer = HTTPBearer(
    auto_error=False,
    description="A short-lived token of `POST /oauth/token`, or one made by `lienthong token create`.",
)


def get_context(request: Request) -> Context:
    """The context that wiring built."""
    context: Context = request.app.state.context
    return context


def get_correlation_id() -> str:
    """The id that goes with this request from the door to the nation."""
    return correlation_id.get() or "none"


ContextDep = Annotated[Context, Depends(get_context)]
CorrelationDep = Annotated[str, Depends(get_correlation_id)]


def requires(scope: Scope, *others: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency that lets in callers with a scope, or with one of several, by bearer token."""

    async def caller(
        request: Request,
        context: ContextDep,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Caller:
        if credentials is None:
            _rates(request).count_address(_host(request))
            message = "this address needs a bearer token"
            raise Unauthenticated(message)
        return await _admit(request, context, credentials.credentials, scope, *others)

    caller.scope = scope  # type: ignore[attr-defined]
    return caller


async def browser_reader(request: Request, context: ContextDep) -> Caller:
    """Let people in by the browser's own login box: any name, a token with the scope ``read`` as password."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        token = base64.b64decode(value, validate=True).decode().partition(":")[2] if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        token = ""
    if not token:
        _rates(request).count_address(_host(request))
        message = "log in with any name, and a token as password"
        raise Unauthenticated(message, members={"browser": True})
    return await _admit(request, context, token, Scope.READ)


async def _admit(request: Request, context: Context, token: str, scope: Scope, *others: Scope) -> Caller:
    rates = _rates(request)
    try:
        caller = await _recognise(context, token)
    except Unauthenticated:
        rates.count_address(_host(request))
        raise
    request.state.caller = caller
    rates.count_caller(caller.name)
    if not any(wanted.value in caller.scopes for wanted in (scope, *others)):
        named = " or ".join(f"'{wanted.value}'" for wanted in (scope, *others))
        message = f"this needs the scope {named}; token '{caller.name}' has: {', '.join(sorted(caller.scopes))}"
        raise Forbidden(message)
    return caller


async def _recognise(context: Context, token: str) -> Caller:
    # A static token is one word; a JWT has three, with dots between.
    if "." in token:
        caller = await clients.recognise(context, token)
        origin.recognised("oauth_token")
        return caller
    if not context.access.static:
        message = "static tokens are switched off here; ask for a short-lived one at /oauth/token"
        raise Unauthenticated(message)
    caller = await tokens.recognise(context, token)
    origin.recognised("static_token")
    return caller


def _rates(request: Request) -> Rates:
    rates: Rates = request.app.state.rates
    return rates


def _host(request: Request) -> str:
    return request.client.host if request.client else "unknown"


IntakeCaller = Annotated[Caller, Depends(requires(Scope.INTAKE))]
ReadCaller = Annotated[Caller, Depends(requires(Scope.READ))]
PaperCaller = Annotated[Caller, Depends(requires(Scope.INTAKE, Scope.READ))]
ChangeCaller = Annotated[Caller, Depends(requires(Scope.INTAKE, Scope.OPERATE))]
WebhookCaller = Annotated[Caller, Depends(requires(Scope.INTAKE, Scope.OPERATE))]
OperateCaller = Annotated[Caller, Depends(requires(Scope.OPERATE))]
AdminCaller = Annotated[Caller, Depends(requires(Scope.ADMIN))]
