"""FastAPI dependencies of people: the session that a cookie opens, and what a request must prove that comes by one."""

from typing import Annotated

from fastapi import Depends, Request

from app import cookies
from app.errors import CrossSite, Unauthenticated
from app.rates import Rates
from app.usecases import origin, sessions
from app.usecases.context import Caller, Context


async def person(request: Request) -> Caller:
    """Who is calling by a session whose login is complete.

    Raises:
        Unauthenticated, CrossSite: as for ``session_holder``.
        LoginStepNeeded: the login is not complete.
    """
    live = await session_holder(request)
    sessions.require_complete(live)
    return live.caller


async def session_holder(request: Request) -> sessions.Live:
    """The session of who is calling, its login complete or not.

    Raises:
        Unauthenticated: no session.
        CrossSite: it would change something, and does not come from our own pages or lacks the token.
    """
    live = await _holder(request)
    if request.method not in cookies.SAFE_METHODS:
        cookies.require_token(live.cookie, request.headers.get(cookies.CSRF_HEADER, ""))
    return live


async def page_holder(request: Request) -> sessions.Live:
    """The same for our own pages, whose forms bring the token themselves: whoever takes one must look at it.

    Raises:
        Unauthenticated, CrossSite: as above; a browser is led on.
    """
    try:
        return await _holder(request)
    except Unauthenticated as refusal:
        refusal.leads_to, refusal.on_record = "/login", True
        raise
    except CrossSite as refusal:
        refusal.leads_to = "/account"
        raise


async def _holder(request: Request) -> sessions.Live:
    context: Context = request.app.state.context
    cookie = cookies.cookie_of(request)
    if cookie is None:
        rates_of(request).count_address(host_of(request))
        message = "this address needs a bearer token, or a session"
        raise Unauthenticated(message)
    try:
        live = await sessions.look(context, cookie)
    except Unauthenticated:
        rates_of(request).count_address(host_of(request))
        raise
    origin.recognised("session", sorted(live.caller.scopes))
    request.state.caller = live.caller
    rates_of(request).count_caller(live.name)
    if request.method not in cookies.SAFE_METHODS:
        cookies.require_own_page(request)
    return live


def rates_of(request: Request) -> Rates:
    """Where requests are counted."""
    rates: Rates = request.app.state.rates
    return rates


def host_of(request: Request) -> str:
    """The network address that a request comes from."""
    return request.client.host if request.client else "unknown"


def count_login(request: Request) -> None:
    """Count a try to log in by the address it comes from, once a request, whatever its body turns out to be.

    Raises:
        RateLimited: too many within a minute.
    """
    if getattr(request.state, "login_counted", False):
        return
    request.state.login_counted = True
    rates_of(request).count_login(host_of(request))


LiveDep = Annotated[sessions.Live, Depends(session_holder)]
