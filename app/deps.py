"""FastAPI dependencies: the context, who is calling, and what they may do."""

import base64
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from asgi_correlation_id import correlation_id
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.domain.access import Bound, Permission, Thing
from app.errors import Forbidden, IssuerUnavailable, LoginStepNeeded, OutOfReach, Unauthenticated
from app.session_deps import host_of, person, rates_of
from app.usecases import clients, external_clients, origin, reach, tokens
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


@dataclass(frozen=True, slots=True)
class Requires:
    """A dependency that lets in callers with a permission, or with one of several, by bearer token or by session.

    ``reach`` says how the operation is bounded for callers of some units only; who says nothing needs all of them.
    ``docs/access.md`` is made of these.
    """

    permissions: tuple[Permission, ...]
    reach: Bound | Thing = Bound.WHOLE
    of_browsers: ClassVar[bool] = False

    async def __call__(
        self,
        request: Request,
        context: ContextDep,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Caller:
        """Whoever calls.

        Raises:
            Unauthenticated: nobody that is known.
            Forbidden, OutOfReach: known, and not to do this.
        """
        if credentials is None:
            return await _let_in(request, context, await person(request), self)
        return await _admit(request, context, credentials.credentials, self)


class BrowserRequires(Requires):
    """The same for a page: a browser is led to the login; programs may send a token as password by HTTP Basic."""

    of_browsers = True

    async def __call__(self, request: Request, context: ContextDep) -> Caller:  # type: ignore[override]
        """As ``Requires``; a browser is led on instead."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return await self._by_session(request, context)
        try:
            token = base64.b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:  # not base64, not UTF-8, or letters that no base64 has
            token = ""
        return await _admit(request, context, token, self)

    async def _by_session(self, request: Request, context: Context) -> Caller:
        try:
            return await _let_in(request, context, await person(request), self)
        except Unauthenticated as refusal:
            # Nobody has claimed anything yet.
            refusal.leads_to, refusal.on_record = "/login", True
            raise
        except (Forbidden, OutOfReach, LoginStepNeeded) as refusal:
            refusal.leads_to = "/account"
            raise


async def _admit(request: Request, context: Context, token: str, wanted: Requires) -> Caller:
    rates = rates_of(request)
    try:
        caller = await _recognise(context, token)
    except (Unauthenticated, IssuerUnavailable):
        rates.count_address(host_of(request))
        raise
    request.state.caller = caller
    rates.count_caller(caller.name)
    return await _let_in(request, context, caller, wanted)


async def _let_in(request: Request, context: Context, caller: Caller, wanted: Requires) -> Caller:
    """Let somebody who is known do what the route does, or not, however they were recognised.

    Raises:
        Forbidden: none of the permissions.
        OutOfReach: the whole province is not theirs.
        Refusal: what the path names is not there for them.
    """
    if not any(caller.may(permission) for permission in wanted.permissions):
        named = " or ".join(f"'{permission}'" for permission in wanted.permissions)
        message = f"this needs the permission {named}; '{caller.name}' has: {', '.join(sorted(caller.scopes))}"
        raise Forbidden(message)
    await reach.guard(context, caller, wanted.reach, request.path_params)
    return caller


async def _recognise(context: Context, token: str) -> Caller:
    # A static token is one word; a JWT has three, with dots between.
    if "." in token:
        external = context.access.external
        if external is not None and external_clients.issues(external, token):
            caller = await external_clients.recognise(context, external, token)
            origin.recognised("oidc")
            return caller
        caller = await clients.recognise(context, token)
        origin.recognised("oauth_token")
        return caller
    if not context.access.static:
        message = "static tokens are switched off here; ask for a short-lived one at /oauth/token"
        raise Unauthenticated(message)
    caller = await tokens.recognise(context, token)
    origin.recognised("static_token")
    return caller


def may(*permissions: Permission, reach: Bound | Thing = Bound.WHOLE) -> Any:  # noqa: ANN401 - FastAPI's own type
    """The dependency of a route: one of these permissions, and where it is bounded; stands in its ``Annotated``."""
    return Depends(Requires(permissions, reach))
