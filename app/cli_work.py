"""What every command that opens the database has in common: its operator, its context, and how it says no."""

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

import typer

from app.config import Settings
from app.domain.access import Scope
from app.errors import LienThongError
from app.store.session import Row
from app.usecases.context import Caller, Context
from app.wiring import build_context, close_context

T = TypeVar("T")
ScopeOption = Annotated[
    list[str],
    typer.Option(
        "--scope",
        help=f"what it may do: {', '.join(Scope)}, or one permission of docs/access.md; may be repeated",
    ),
]
UnitOption = Annotated[
    list[str] | None,
    typer.Option("--unit", help="only this unit and those below it, e.g. H15.101; may be repeated; default: all"),
]
NOT_DONE: Final = 2


def operator() -> str:
    """Whoever gives a command, as the log names them: ``cli:`` and the account, or its number where it has no name.

    By the number that the system runs the command under, and not by a name in the environment: anybody may set that,
    and that two are two is what an approval is worth.
    """
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        # A container may run under a number that no list of accounts knows.
        name = f"uid-{number}"
    return f"cli:{name}"


def caller_of(settings: Settings) -> Caller:
    """Whoever gives a command, for use cases that ask on whose behalf they work."""
    return Caller(operator(), settings.agency, frozenset())


def lines_of(rows: list[Row]) -> str:
    """Tokens or clients as a command lists them: name, agency, scopes, state, units if not all; tabs between."""
    return "\n".join("\t".join(_columns(row)) for row in rows)


def _columns(row: Row) -> list[str]:
    said = [row["name"], row["agency"], row["scopes"], "ended" if row["revoked_at"] else "living"]
    return [*said, row["units"]] if row["units"] else said


def ended(error: Exception) -> typer.Exit:
    """Tell on one line what cannot be done; the exit to raise for it."""
    typer.echo(f"lienthong: {error}", err=True)
    return typer.Exit(NOT_DONE)


def run(settings: Settings, work: Callable[[Context], Awaitable[T]], *passed: type[LienThongError]) -> T:
    """Run work with a context and close it again.

    Raises:
        typer.Exit: code 2; the work could not be done, and why was told on one line.
        LienThongError: it is one of those that are ``passed`` on.
    """

    async def within() -> T:
        context = build_context(settings)
        try:
            return await work(context)
        finally:
            await close_context(context)

    try:
        return asyncio.run(within())
    except passed:
        raise
    except LienThongError as error:
        raise ended(error) from error
