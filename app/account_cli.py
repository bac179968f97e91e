"""``lienthong account create | list | roles | disable | enable | unlock | reset | keygen``: people who may log in."""

import base64
import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from app.cli_work import caller_of, run
from app.config import load_settings
from app.domain.access import Role
from app.store.session import Row
from app.usecases import accounts
from app.usecases.accounts import Invitation, Rights
from app.usecases.context import Caller, Context

account_cli = typer.Typer(no_args_is_help=True, help="Make, list and mend accounts of people.")
Name = Annotated[str, typer.Argument(help="the account")]
Roles = Annotated[list[Role], typer.Option("--role", help="what the person is here for; may be given again")]
Units = Annotated[list[str] | None, typer.Option("--unit", help="unit in reach; may be given again; none: all")]
_PAGE = 500
_ON = "account-cli"


def _do(work: Callable[[Context, Caller], Awaitable[str]]) -> None:
    settings = load_settings()
    typer.echo(run(settings, lambda context: work(context, caller_of(settings))))


def _handed(made: Invitation) -> str:
    return f"{made.password}\t(one-time password of '{made.name}', until {made.until:%Y-%m-%d %H:%M} UTC)"


@account_cli.command()
def create(
    name: Annotated[str, typer.Argument(help="e.g. quan-tri; letters a-z 0-9 . _ -; for ever")],
    role: Roles,
    full_name: Annotated[str, typer.Option(help="whose it is: one person, one account")] = "",
    unit: Units = None,
) -> None:
    """Make an account and print its one-time password, this once. The first administrator is made here."""

    async def work(context: Context, caller: Caller) -> str:
        rights = Rights(frozenset(role), frozenset(unit or ()))
        made = await accounts.create(
            context, caller, name=name, full_name=full_name or name, rights=rights, correlation_id=_ON
        )
        return _handed(made)

    _do(work)


@account_cli.command("list")
def list_(
    idle: Annotated[int | None, typer.Option(min=0, help="only those not used for so many days: the review")] = None,
) -> None:
    """List accounts: name, full name, kind, roles, units, state, second factor, last login; tabs between."""

    async def work(context: Context, _caller: Caller) -> str:
        rows: list[Row] = []
        while True:
            after = rows[-1]["name"] if rows else ""
            found, _ = await accounts.listing(context, after=after, limit=_PAGE, idle_days=idle)
            rows += found
            if len(found) < _PAGE:
                return "\n".join(map(_line, rows))

    _do(work)


def _line(row: Row) -> str:
    last = f"{row['last_login_at']:%Y-%m-%d}" if row["last_login_at"] else "never"
    factor = "two factors" if row["second_factor"] else "one factor"
    parts = (row["name"], row["full_name"], row["kind"], row["roles"], row["units"] or "all", row["state"].value)
    return "\t".join((*parts, factor, last))


@account_cli.command()
def roles(name: Name, role: Roles, unit: Units = None) -> None:
    """Give an account other roles and units, in place of those it has; its sessions end."""

    async def work(context: Context, caller: Caller) -> str:
        rights = Rights(frozenset(role), frozenset(unit or ()))
        await accounts.change_rights(context, caller, name, rights, _ON)
        return "changed"

    _do(work)


@account_cli.command()
def disable(name: Name, reason: Annotated[str, typer.Option(help="why; it goes on record")]) -> None:
    """Let an account in no more, and end its sessions."""

    async def work(context: Context, caller: Caller) -> str:
        await accounts.disable(context, caller, name, reason, _ON)
        return "disabled"

    _do(work)


@account_cli.command()
def enable(name: Name) -> None:
    """Let an account in again."""

    async def work(context: Context, caller: Caller) -> str:
        await accounts.enable(context, caller, name, _ON)
        return "enabled"

    _do(work)


@account_cli.command()
def unlock(name: Name) -> None:
    """End the lock that wrong tries brought."""

    async def work(context: Context, caller: Caller) -> str:
        await accounts.unlock(context, caller, name, _ON)
        return "not locked"

    _do(work)


@account_cli.command()
def reset(
    name: Name,
    second_factor: Annotated[bool, typer.Option("--second-factor", help="forget the telephone too")] = False,  # noqa: FBT002 - an option
) -> None:
    """Print a new one-time password, this once; lock and sessions end."""

    async def work(context: Context, caller: Caller) -> str:
        return _handed(await accounts.reset(context, caller, name, second_factor=second_factor, correlation_id=_ON))

    _do(work)


@account_cli.command()
def keygen() -> None:
    """Print a new key for LIENTHONG_ACCOUNT_KEY, under which second factors are sealed. Keep it out of the database."""
    typer.echo(base64.b64encode(secrets.token_bytes(32)).decode())
