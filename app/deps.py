"""FastAPI dependencies: the context, who is calling, and what they may do."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from asgi_correlation_id import correlation_id
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.domain.access import Bound, Permission, Thing
from app.errors import Forbidden, IssuerUnavailable, Unauthenticated
from app.rates import Rates
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
    """A dependency that lets in callers with a permission, or with one of several, by bearer token.

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
            _rates(request).count_address(_host(request))
            message = "this address needs a bearer token"
            raise Unauthenticated(message)
        return await _admit(request, context, credentials.credentials, self)


class BrowserRequires(Requires):
    """The same by the browser's own login box: any name, a token as password."""

    of_browsers = True

    async def __call__(self, request: Request, context: ContextDep) -> Caller:  # type: ignore[override]
        """As ``Requires``."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            token = (
                base64.b64decode(value, validate=True).decode().partition(":")[2] if scheme.lower() == "basic" else ""
            )
        except (binascii.Error, UnicodeDecodeError):
            token = ""
        if not token:
            _rates(request).count_address(_host(request))
            message = "log in with any name, and a token as password"
            raise Unauthenticated(message, members={"browser": True})
        return await _admit(request, context, token, self)


async def _admit(request: Request, context: Context, token: str, wanted: Requires) -> Caller:
    rates = _rates(request)
    try:
        caller = await _recognise(context, token)
    except (Unauthenticated, IssuerUnavailable):
        rates.count_address(_host(request))
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


def _rates(request: Request) -> Rates:
    rates: Rates = request.app.state.rates
    return rates


def _host(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def may(*permissions: Permission, reach: Bound | Thing = Bound.WHOLE) -> Any:  # noqa: ANN401 - FastAPI's own type
    """The dependency of a route: one of these permissions, and where it is bounded; stands in its ``Annotated``."""
    return Depends(Requires(permissions, reach))
