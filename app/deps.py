"""FastAPI dependencies: the context, who is calling, and what they may do."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Annotated

from asgi_correlation_id import correlation_id
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app import cookies
from app.domain.access import SCOPES, Permission, Scope, permissions_of
from app.errors import CrossSite, Forbidden, LoginStepNeeded, Unauthenticated
from app.rates import Rates
from app.usecases import clients, origin, sessions, tokens
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
            return _may(await _person(request, context), scope, *others)
        return await _admit(request, context, credentials.credentials, scope, *others)

    caller.scope = scope  # type: ignore[attr-defined]
    return caller


async def browser_reader(request: Request, context: ContextDep) -> Caller:
    """Let people in by session, or be led to the login; and, by HTTP Basic, a token that may read as password."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        try:
            return _may(await _person(request, context), Permission.DELIVERIES_READ)
        except (Unauthenticated, LoginStepNeeded) as refusal:
            # Nobody has claimed anything yet, or who it is is known to the log by its session.
            refusal.leads_to, refusal.on_record = (
                ("/login" if isinstance(refusal, Unauthenticated) else "/account"),
                True,
            )
            raise
        except Forbidden as refusal:
            refusal.leads_to = "/account"
            raise
    try:
        token = base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        token = ""
    return await _admit(request, context, token, Scope.READ)


async def _person(request: Request, context: Context) -> Caller:
    """Who is calling by a session whose login is complete."""
    live = await session_holder(request, context)
    sessions.require_complete(live)
    return live.caller


async def session_holder(request: Request, context: ContextDep) -> sessions.Live:
    """The session of who is calling, its login complete or not.

    Raises:
        Unauthenticated: no session.
        CrossSite: it would change something, and does not come from our own pages or lacks the token.
    """
    live = await _holder(request, context)
    if request.method not in cookies.SAFE_METHODS:
        cookies.require_token(live.cookie, request.headers.get(cookies.CSRF_HEADER, ""))
    return live


async def page_holder(request: Request, context: ContextDep) -> sessions.Live:
    """The same for our own pages, whose forms bring the token themselves: whoever takes one must look at it.

    Raises:
        Unauthenticated, CrossSite: as above; a browser is led on.
    """
    try:
        return await _holder(request, context)
    except Unauthenticated as refusal:
        refusal.leads_to, refusal.on_record = "/login", True
        raise
    except CrossSite as refusal:
        refusal.leads_to = "/account"
        raise


async def _holder(request: Request, context: Context) -> sessions.Live:
    cookie = cookies.cookie_of(request)
    if cookie is None:
        _rates(request).count_address(_host(request))
        message = "this address needs a bearer token, or a session"
        raise Unauthenticated(message)
    try:
        live = await sessions.look(context, cookie)
    except Unauthenticated:
        _rates(request).count_address(_host(request))
        raise
    request.state.caller = live.caller
    _rates(request).count_caller(live.name)
    if request.method not in cookies.SAFE_METHODS:
        cookies.require_own_page(request)
    return live


async def _admit(request: Request, context: Context, token: str, scope: Wanted, *others: Wanted) -> Caller:
    rates = _rates(request)
    try:
        caller = await _recognise(context, token)
    except Unauthenticated:
        rates.count_address(_host(request))
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


def _rates(request: Request) -> Rates:
    rates: Rates = request.app.state.rates
    return rates


def _host(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def count_login(request: Request) -> None:
    """Count a try to log in by the address it comes from.

    Raises:
        RateLimited: too many within a minute.
    """
    _rates(request).count_login(_host(request))


IntakeCaller = Annotated[Caller, Depends(requires(Scope.INTAKE))]
ReadCaller = Annotated[Caller, Depends(requires(Scope.READ))]
PaperCaller = Annotated[Caller, Depends(requires(Scope.INTAKE, Scope.READ))]
ChangeCaller = Annotated[Caller, Depends(requires(Scope.INTAKE, Scope.OPERATE))]
WebhookCaller = Annotated[Caller, Depends(requires(Scope.INTAKE, Scope.OPERATE))]
OperateCaller = Annotated[Caller, Depends(requires(Scope.OPERATE))]
AdminCaller = Annotated[Caller, Depends(requires(Scope.ADMIN))]
AccountsReader = Annotated[Caller, Depends(requires(Permission.ACCOUNTS_READ))]
AccountsEditor = Annotated[Caller, Depends(requires(Permission.ACCOUNTS_EDIT))]
LiveDep = Annotated[sessions.Live, Depends(session_holder)]
