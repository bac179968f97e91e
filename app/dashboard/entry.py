"""The pages that let people in: login, another password, the second factor, one's own account. They need no script.

Every form brings its session's token; what it does, the API does too, by the same use cases.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app import cookies
from app.dashboard.frame import render
from app.deps import ContextDep, CorrelationDep
from app.domain.access import Permission
from app.domain.accounts import LoginStep
from app.domain.passwords import PasswordFault
from app.errors import CrossSite, LoginRefused, NoSecondFactorHere, PasswordRefused, ProofRefused, RateLimited
from app.session_deps import count_login, page_holder
from app.texts import Text, text
from app.usecases import own_account, sessions
from app.usecases.sessions import Live

router = APIRouter(include_in_schema=False)
Holder = Annotated[Live, Depends(page_holder)]
_OK, _REFUSED = HTTPStatus.OK, HTTPStatus.UNPROCESSABLE_ENTITY
_FIELDS_MAX: Final = 10
_LETTERS_MAX: Final = 512
_PAGES: Final = {LoginStep.CHANGE_PASSWORD: "/account/password", LoginStep.ENROL: "/account/second-factor"}


@router.get("/login", response_class=HTMLResponse)
async def login_page(full: Annotated[str, Query()] = "") -> HTMLResponse:
    """The form; with ``full`` for who has tried too often."""
    return _login(HTTPStatus.TOO_MANY_REQUESTS, "entry.too-many") if full else _login()


@router.post("/login", response_class=HTMLResponse)
async def login(request: Request, context: ContextDep, correlation: CorrelationDep) -> Response:
    """In, or the form again with one answer for every reason."""
    try:
        cookies.require_own_page(request)
        count_login(request)
    except CrossSite as refusal:
        refusal.leads_to = "/login"
        raise
    except RateLimited as refusal:
        refusal.leads_to = "/login?full=1"
        raise
    form = await _fields(request)
    account = form.get("account", "")
    try:
        live = await sessions.login(
            context,
            account=account,
            password=form.get("password", ""),
            code=form.get("code", ""),
            correlation_id=correlation,
            instead_of=cookies.cookie_of(request),
        )
    except LoginRefused:
        return _login(HTTPStatus.UNAUTHORIZED, "entry.refused", account)
    return _on_with(request, live)


def _login(status: int = _OK, fault: str | None = None, account: str = "") -> HTMLResponse:
    told = () if fault is None else (text(fault),)
    more = (text("entry.refused-more"),) if fault == "entry.refused" else ()
    return render("login.html", status, faults=(*told, *more), account=account)


@router.post("/logout")
async def logout(request: Request, context: ContextDep, live: Holder, correlation: CorrelationDep) -> Response:
    """Out, and back to the form."""
    await _proven_fields(request, live)
    await sessions.logout(context, live, correlation)
    response = _to("/login")
    cookies.take(request, response)
    return response


@router.get("/account", response_class=HTMLResponse)
async def account_page(context: ContextDep, live: Holder) -> Response:
    """Who one is here, and until when."""
    if live.step is not LoginStep.NONE:
        return _to(_PAGES[live.step])
    return render(
        "account.html",
        live=live,
        csrf=cookies.token_of(live.cookie),
        units=context.catalogue.units,
        idle_minutes=int(context.people.sessions.idle.total_seconds() // 60),
        may_see=_may_see(live),
    )


@router.get("/account/password", response_class=HTMLResponse)
async def password_page(live: Holder) -> HTMLResponse:
    """The form of another password."""
    return _password(live)


@router.post("/account/password", response_class=HTMLResponse)
async def change_password(request: Request, context: ContextDep, live: Holder, correlation: CorrelationDep) -> Response:
    """Another password, or the form again with what is wrong."""
    form = await _proven_fields(request, live)
    new = form.get("new", "")
    if new != form.get("again", ""):
        return _password(live, _REFUSED, [text("entry.not-alike")])
    try:
        cookie = await own_account.change_password(context, live, form.get("old", ""), new, correlation)
    except ProofRefused:
        return _password(live, HTTPStatus.FORBIDDEN, [text("entry.wrong-password")])
    except PasswordRefused as refusal:
        found = refusal.members["faults"]
        faults = [text(f"password.{PasswordFault(one).value}") for one in found] if isinstance(found, tuple) else []
        return _password(live, _REFUSED, faults)
    return _on_with(request, await sessions.look(context, cookie))


def _password(live: Live, status: int = _OK, faults: Sequence[Text] = ()) -> HTMLResponse:
    return render("password.html", status, live=live, csrf=cookies.token_of(live.cookie), faults=faults)


@router.get("/account/second-factor", response_class=HTMLResponse)
async def second_factor_page(live: Holder) -> Response:
    """The form that asks for the password before a second factor is offered."""
    if live.step is LoginStep.CHANGE_PASSWORD:
        return _to(_PAGES[live.step])
    return _second_factor(live)


@router.post("/account/second-factor/offer", response_class=HTMLResponse)
async def offer_second_factor(
    request: Request, context: ContextDep, live: Holder, correlation: CorrelationDep
) -> Response:
    """The secret, this once, and the form that takes a code of it."""
    if live.step is LoginStep.CHANGE_PASSWORD:
        return _to(_PAGES[live.step])
    form = await _proven_fields(request, live)
    try:
        offer = await own_account.offer(context, live, form.get("password", ""), correlation)
    except ProofRefused:
        return _second_factor(live, HTTPStatus.FORBIDDEN, [text("entry.wrong-password")])
    except NoSecondFactorHere:
        return _second_factor(live, HTTPStatus.SERVICE_UNAVAILABLE, [text("entry.no-key")])
    return _code(live, offer=offer)


def _second_factor(live: Live, status: int = _OK, faults: Sequence[Text] = ()) -> HTMLResponse:
    return render("second_factor.html", status, live=live, csrf=cookies.token_of(live.cookie), faults=faults)


def _code(
    live: Live, status: int = _OK, faults: Sequence[Text] = (), offer: own_account.Offer | None = None
) -> HTMLResponse:
    return render("code.html", status, live=live, csrf=cookies.token_of(live.cookie), faults=faults, offer=offer)


@router.post("/account/second-factor", response_class=HTMLResponse)
async def enrol_second_factor(
    request: Request, context: ContextDep, live: Holder, correlation: CorrelationDep
) -> Response:
    """The recovery codes, this once, or the form again."""
    form = await _proven_fields(request, live)
    try:
        enrolled = await own_account.enrol(context, live, form.get("code", ""), correlation)
    except ProofRefused:
        return _code(live, _REFUSED, [text("entry.wrong-code")])
    response = _recovery(await sessions.look(context, enrolled.cookie), enrolled.recovery_codes)
    cookies.give(request, response, enrolled.cookie)
    return response


@router.get("/account/recovery-codes", response_class=HTMLResponse)
async def recovery_page(live: Holder) -> Response:
    """The form that asks for the password before new codes are made."""
    if live.step is not LoginStep.NONE:
        return _to(_PAGES[live.step])
    return _recovery(live)


@router.post("/account/recovery-codes", response_class=HTMLResponse)
async def renew_recovery_codes(
    request: Request, context: ContextDep, live: Holder, correlation: CorrelationDep
) -> Response:
    """New codes, this once."""
    if live.step is not LoginStep.NONE:
        return _to(_PAGES[live.step])
    form = await _proven_fields(request, live)
    try:
        codes = await own_account.renew_recovery_codes(context, live, form.get("password", ""), correlation)
    except ProofRefused:
        return _recovery(live, (), HTTPStatus.FORBIDDEN, [text("entry.wrong-password")])
    return _recovery(live, codes)


def _recovery(live: Live, codes: Sequence[str] = (), status: int = _OK, faults: Sequence[Text] = ()) -> HTMLResponse:
    token = cookies.token_of(live.cookie)
    return render("recovery.html", status, live=live, csrf=token, codes=codes, faults=faults)


def _may_see(live: Live) -> bool:
    """Whether the page of the whole province is theirs."""
    return live.caller.may(Permission.DELIVERIES_READ) and live.caller.reach.is_whole


def _on_with(request: Request, live: Live) -> Response:
    """On to what the session still needs, or to what its holder may see; with its new cookie."""
    response = _to(_PAGES.get(live.step, "/" if _may_see(live) else "/account"))
    cookies.give(request, response, live.cookie)
    return response


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})


async def _proven_fields(request: Request, live: Live) -> dict[str, str]:
    """The fields of a form that brings its session's token; of an old form, back to the account."""
    form = await _fields(request)
    try:
        cookies.require_token(live.cookie, form.get("csrf", ""))
    except CrossSite as refusal:
        refusal.leads_to = "/account"
        raise
    return form


async def _fields(request: Request) -> dict[str, str]:
    """The text fields of a form, cut to what any of them may hold."""
    async with request.form(max_files=0, max_fields=_FIELDS_MAX) as form:
        return {name: value[:_LETTERS_MAX] for name, value in form.items() if isinstance(value, str)}
