"""``lienthong client create | list | revoke | keygen | …``: who gets short-lived tokens, and what signs them."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli_work import ScopeOption, UnitOption, ended, lines_of, operator, run
from app.config import load_settings
from app.errors import ConfigurationError, LienThongError
from app.policies import public_keys_path
from app.tlog import TlogError, create_key_file, rotate_key_file
from app.usecases import access_tokens, clients, external_clients
from app.usecases.context import Context

AgencyOption = Annotated[str | None, typer.Option(help="agency it stands for; default: ours")]

client_cli = typer.Typer(no_args_is_help=True, help="Make, list and end software that gets short-lived tokens.")


@client_cli.command()
def create(
    name: Annotated[str, typer.Argument(help="its client_id, e.g. mot-cua-so-tnmt; letters A-Z a-z 0-9 . _ -")],
    scope: ScopeOption,
    agency: AgencyOption = None,
    unit: UnitOption = None,
) -> None:
    """Make a client and print its secret, this once."""

    async def work(context: Context) -> str:
        wanted = agency or context.agency
        return await clients.create(context, name=name, agency=wanted, scopes=scope, units=unit or (), by=operator())

    typer.echo(run(load_settings(), work))


@client_cli.command("register-external")
def register_external(
    name: Annotated[str, typer.Argument(help="what it is called here; letters A-Z a-z 0-9 . _ -")],
    subject: Annotated[str, typer.Option(help="`sub` of its tokens, as LIENTHONG_OIDC_ISSUER gives them")],
    scope: ScopeOption,
    agency: AgencyOption = None,
    unit: UnitOption = None,
) -> None:
    """Let in software whose tokens LIENTHONG_OIDC_ISSUER gives; what it may do is said here, not by its tokens."""

    async def work(context: Context) -> str:
        wanted = agency or context.agency
        await external_clients.register(
            context, name=name, subject=subject, agency=wanted, scopes=scope, units=unit or (), by=operator()
        )
        return "registered"

    typer.echo(run(load_settings(), work))


@client_cli.command("list")
def list_() -> None:
    """List clients; their secrets are not kept."""

    async def work(context: Context) -> str:
        return lines_of([*await clients.listing(context), *await external_clients.listing(context)])

    typer.echo(run(load_settings(), work))


@client_cli.command()
def revoke(name: str) -> None:
    """End a client and all its tokens, at once."""

    async def work(context: Context) -> str:
        done = await clients.revoke(context, name=name, by=operator())
        done = done or await external_clients.revoke(context, name=name, by=operator())
        return "ended" if done else "no living client has this name"

    typer.echo(run(load_settings(), work))


@client_cli.command()
def keygen(
    out: Annotated[Path, typer.Option(help="a new file for the private key; only its owner may read it")],
    name: Annotated[str, typer.Option(help="a name for the key; it is no secret")] = "tokens",
) -> None:
    """Make the key that signs tokens, and print its public half. A file that is there is never overwritten."""
    try:
        typer.echo(create_key_file(out, name).vkey)
    except TlogError as error:
        raise ended(error) from error


@client_cli.command()
def rotate() -> None:
    """Put a new key in place of LIENTHONG_OAUTH_KEY; running processes take it up by themselves.

    What the old one signed lets in until it is over: its public half stays in the list of public keys. Take its line
    out of there when nothing of it can live any more, or at once when the key is lost.
    """
    try:
        settings = load_settings()
        if settings.oauth_key is None:
            message = "LIENTHONG_OAUTH_KEY is not set"
            raise ConfigurationError(message)
        fresh = rotate_key_file(settings.oauth_key, public_keys_path(settings.oauth_key, settings.oauth_public_keys))
    except (LienThongError, TlogError) as error:
        raise ended(error) from error
    typer.echo(f"{access_tokens.kid_of(fresh)}\t{fresh.vkey}")
