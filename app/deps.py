"""FastAPI dependencies: the context, who is calling, and what they may do."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Annotated

from asgi_correlation_id import correlation_id
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.domain.access import SCOPES, Permission, Scope, permissions_of
from app.errors import Forbidden, LoginStepNeeded, Unauthenticated
from app.session_deps import host_of, person, rates_of
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


Wanted = Scope | Permission


def requires(scope: Wanted, *others: Wanted) -> Callable[..., Awaitable[Caller]]:
    """A dependency that lets in callers with a scope, or with one of several, by bearer token or by session."""

    async def caller(
        request: Request,
        context: ContextDep,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Caller:
        if credentials is None:
            return _may(await person(request), scope, *others)
        return await _admit(request, context, credentials.credentials, scope, *others)

    caller.scope = scope  # type: ignore[attr-defined]
    return caller


async def browser_reader(request: Request, context: ContextDep) -> Caller:
    """Let people in by session, or be led to the login; and, by HTTP Basic, a token that may read as password."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return await _reader(request)
    try:
        token = base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        token = ""
    return await _admit(request, context, token, Scope.READ)


async def _reader(request: Request) -> Caller:
    try:
        caller = _may(await person(request), Permission.DELIVERIES_READ)
    except Unauthenticated as refusal:
        # Nobody has claimed anything yet.
        refusal.leads_to, refusal.on_record = "/login", True
        raise
    except (Forbidden, LoginStepNeeded) as refusal:
        refusal.leads_to = "/account"
        raise
    if not caller.reach.is_whole:
        message = "the page shows the whole province"
        beyond = Forbidden(message)
        beyond.leads_to = "/account"
        raise beyond
    return caller


async def _admit(request: Request, context: Context, token: str, scope: Wanted, *others: Wanted) -> Caller:
    rates = rates_of(request)
    try:
        caller = await _recognise(context, token)
    except Unauthenticated:
        rates.count_address(host_of(request))
        raise
    request.state.caller = caller
    rates.count_caller(caller.name)
    return _may(caller, scope, *others)


def _may(caller: Caller, *wanted: Wanted) -> Caller:
    if not any(_allows(caller, one) for one in wanted):
        named = " or ".join(f"'{one.value}'" for one in wanted)
        message = f"this needs the scope {named}; token '{caller.name}' has: {', '.join(sorted(caller.scopes))}"
        raise Forbidden(message)
    return caller


def _allows(caller: Caller, wanted: Wanted) -> bool:
    if isinstance(wanted, Permission):
        return caller.may(wanted)
    return wanted.value in caller.scopes or SCOPES[wanted] <= permissions_of(caller.scopes)


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


IntakeCaller = Annotated[Caller, Depends(requires(Scope.INTAKE))]
ReadCaller = Annotated[Caller, Depends(requires(Scope.READ))]
PaperCaller = Annotated[Caller, Depends(requires(Scope.INTAKE, Scope.READ))]
ChangeCaller = Annotated[Caller, Depends(requires(Scope.INTAKE, Scope.OPERATE))]
WebhookCaller = Annotated[Caller, Depends(requires(Scope.INTAKE, Scope.OPERATE))]
OperateCaller = Annotated[Caller, Depends(requires(Scope.OPERATE))]
AdminCaller = Annotated[Caller, Depends(requires(Scope.ADMIN))]
AccountsReader = Annotated[Caller, Depends(requires(Permission.ACCOUNTS_READ))]
AccountsEditor = Annotated[Caller, Depends(requires(Permission.ACCOUNTS_EDIT))]
