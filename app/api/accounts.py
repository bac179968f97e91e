"""``/v1/accounts``: people who may log in, their rights, and what administrators do when something is the matter."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query

from app.api import examples, shapes
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Permission, Role
from app.store.session import Row
from app.usecases import accounts
from app.usecases.accounts import Invitation, Rights
from app.usecases.context import Caller, Context
from schemas.accounts import AccountIn, AccountOut, AccountPage, InvitationOut, ReasonIn, ResetIn, RightsIn

router = APIRouter(prefix="/v1", tags=["accounts"])
AccountsReader = Annotated[Caller, may(Permission.ACCOUNTS_READ)]
AccountsEditor = Annotated[Caller, may(Permission.ACCOUNTS_EDIT)]
Name = Annotated[str, Path(max_length=59, pattern=r"^[a-z0-9][a-z0-9._-]+$", examples=["an.nv"])]
_CREATED, _LIMIT_MAX = 201, 500

_ACCOUNT: dict[str, Any] = {
    "name": "an.nv",
    "full_name": "Nguyễn Văn Mẫu",
    "agency": "H15",
    "kind": "operation",
    "roles": ["officer"],
    "units": ["H15.50"],
    "state": "invited",
    "meaning": {"vi": "Chờ đăng nhập lần đầu để đổi mật khẩu.", "en": "Has to log in and choose a password."},
    "second_factor": False,
    "locked_until": None,
    "disabled_at": None,
    "disabled_reason": None,
    "created_at": "2026-07-01T01:00:00Z",
    "last_login_at": None,
    "idle_days": 0,
    "address": "/v1/accounts/an.nv",
}
_INVITED: dict[str, Any] = {
    "account": _ACCOUNT,
    "one_time_password": "Kq7w-Rm2x-Tb9d-Zc4e",
    "until": "2026-07-08T01:00:00Z",
}
_NEW = {"name": "an.nv", "full_name": "Nguyễn Văn Mẫu", "roles": ["officer"], "units": ["H15.50"]}
_REFUSALS = examples.problems(400, 401, 403, 404, 409, 422, 503)


@router.get(
    "/accounts",
    summary="Accounts of people",
    responses={200: examples.good({"items": [_ACCOUNT], "next": None}), **examples.problems(401, 403, 422)},
)
async def list_accounts(
    context: ContextDep,
    _caller: AccountsReader,
    idle_days: Annotated[
        int | None, Query(ge=0, le=3650, description="only those not disabled and not used for so long")
    ] = None,
    after: Annotated[str, Query(max_length=59, pattern=r"^[a-z0-9._-]*$", description="names behind this one")] = "",
    limit: Annotated[int, Query(ge=1, le=_LIMIT_MAX)] = 100,
) -> AccountPage:
    """By name. For the quarter's review ask with `idle_days`; at 45 days an account is disabled by itself."""
    rows, now = await accounts.listing(context, after=after, limit=limit, idle_days=idle_days)
    more = f"&idle_days={idle_days}" if idle_days is not None else ""
    following = f"/v1/accounts?after={rows[-1]['name']}&limit={limit}{more}" if len(rows) == limit else None
    return AccountPage(items=tuple(_shown(row, now) for row in rows), next=following)


@router.get(
    "/accounts/{name}",
    summary="One account",
    responses={200: examples.good(_ACCOUNT), **examples.problems(401, 403, 404, 422)},
)
async def show_account(name: Name, context: ContextDep, _caller: AccountsReader) -> AccountOut:
    """Without its secrets."""
    return await _one(context, name)


@router.post(
    "/accounts",
    status_code=_CREATED,
    summary="Make an account",
    responses={201: examples.good(_INVITED, "Made; the one-time password is shown this once"), **_REFUSALS},
)
async def create_account(
    body: Annotated[AccountIn, Body(openapi_examples={"officer": {"value": _NEW}})],
    context: ContextDep,
    caller: AccountsEditor,
    correlation: CorrelationDep,
) -> InvitationOut:
    """One person, one account; names are for ever. Roles of different kinds need different accounts."""
    rights = _rights(body)
    made = await accounts.create(
        context, caller, name=body.name, full_name=body.full_name, rights=rights, correlation_id=correlation
    )
    return await _invited(context, made)


@router.put(
    "/accounts/{name}/rights",
    summary="Give an account other rights",
    responses={200: examples.good(_ACCOUNT, "Changed; its sessions have ended"), **_REFUSALS},
)
async def change_rights(
    name: Name,
    body: Annotated[RightsIn, Body(openapi_examples={"rights": {"value": {"roles": ["officer"], "units": []}}})],
    context: ContextDep,
    caller: AccountsEditor,
    correlation: CorrelationDep,
) -> AccountOut:
    """Not one's own. The kind of an account never changes."""
    await accounts.change_rights(context, caller, name, _rights(body), correlation)
    return await _one(context, name)


@router.post(
    "/accounts/{name}/disable",
    summary="Let an account in no more",
    responses={200: examples.good(_ACCOUNT, "Disabled; its sessions have ended"), **_REFUSALS},
)
async def disable_account(
    name: Name,
    body: Annotated[ReasonIn, Body(openapi_examples={"left": {"value": {"reason": "Chuyển công tác"}}})],
    context: ContextDep,
    caller: AccountsEditor,
    correlation: CorrelationDep,
) -> AccountOut:
    """Not one's own, and not the last administrator's."""
    await accounts.disable(context, caller, name, body.reason, correlation)
    return await _one(context, name)


@router.post(
    "/accounts/{name}/enable",
    summary="Let an account in again",
    responses={200: examples.good(_ACCOUNT, "Enabled"), **_REFUSALS},
)
async def enable_account(
    name: Name, context: ContextDep, caller: AccountsEditor, correlation: CorrelationDep
) -> AccountOut:
    """Its idle days begin anew."""
    await accounts.enable(context, caller, name, correlation)
    return await _one(context, name)


@router.post(
    "/accounts/{name}/unlock",
    summary="End a lock before its time",
    responses={200: examples.good(_ACCOUNT, "Not locked"), **_REFUSALS},
)
async def unlock_account(
    name: Name, context: ContextDep, caller: AccountsEditor, correlation: CorrelationDep
) -> AccountOut:
    """The lock that wrong tries brought; by itself it ends after twelve hours."""
    await accounts.unlock(context, caller, name, correlation)
    return await _one(context, name)


@router.post(
    "/accounts/{name}/reset",
    summary="A new one-time password",
    responses={200: examples.good(_INVITED, "Shown this once; its sessions have ended"), **_REFUSALS},
)
async def reset_account(
    name: Name,
    body: Annotated[ResetIn, Body(openapi_examples={"lost_telephone": {"value": {"second_factor": True}}})],
    context: ContextDep,
    caller: AccountsEditor,
    correlation: CorrelationDep,
) -> InvitationOut:
    """For who forgot the password, or lost the telephone (`second_factor`). Hand it over in person."""
    made = await accounts.reset(context, caller, name, second_factor=body.second_factor, correlation_id=correlation)
    return await _invited(context, made)


def _rights(body: AccountIn | RightsIn) -> Rights:
    return Rights(frozenset(map(Role, body.roles)), frozenset(body.units))


async def _invited(context: Context, made: Invitation) -> InvitationOut:
    return InvitationOut(account=await _one(context, made.name), one_time_password=made.password, until=made.until)


async def _one(context: Context, name: str) -> AccountOut:
    row, now = await accounts.one(context, name)
    return _shown(row, now)


def _shown(row: Row, now: datetime) -> AccountOut:
    state = row["state"].value
    renamed = {
        "roles": row["roles"].split(),
        "units": row["units"].split(),
        "state": state,
        "meaning": shapes.meaning(f"account.{state}"),
        "idle_days": (now - row["active_at"]).days,
        "address": f"/v1/accounts/{row['name']}",
    }
    same = {name: row[name] for name in AccountOut.model_fields if name not in renamed}
    return AccountOut.model_validate(same | renamed)
