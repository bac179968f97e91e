"""``lienthong subject … | master-key …``: erasures asked for, remnants scrubbed, master keys made and rotated."""

from pathlib import Path
from secrets import token_hex
from typing import Annotated, Final

import typer
from rich.console import Console

from app.cli_work import NOT_DONE, caller_of, ended, run
from app.config import load_settings
from app.sealing import MasterKey, SealingError
from app.usecases import erase, master_keys
from app.usecases.context import Context
from app.usecases.erase import Erasure
from app.usecases.master_keys import Rotated, Standing

subject_cli = typer.Typer(no_args_is_help=True, help="Personal values beside the log: ask for their erasure.")
master_key_cli = typer.Typer(no_args_is_help=True, help="Make and rotate the master key, see how keys stand.")

_LEFT: Final = 1
_BASIS_MAX: Final = 200


@subject_cli.command("erase")
def erase_(
    subject: Annotated[str, typer.Argument(help="id of a person, as POST /v1/subjects gives it")],
    reason: Annotated[str, typer.Option(help="why; kept with the request")],
    legal_basis: Annotated[str, typer.Option(help="the article that demands or allows it")],
) -> None:
    """Ask that a person's values be made unreadable. It is done when somebody else approves it at the door.

    The command line cannot tell two people apart, so nothing is approved here.
    """
    if not reason.strip() or not 0 < len(legal_basis.strip()) <= _BASIS_MAX:
        raise typer.BadParameter("say why, and on which law (at most 200 letters)")  # noqa: EM101, TRY003 - typer prints it
    settings = load_settings()

    async def work(context: Context) -> Erasure:
        correlation_id = f"erase-{token_hex(8)}"
        return await erase.request(context, caller_of(settings), subject, reason, legal_basis, correlation_id)

    found = run(settings, work)
    typer.echo(f"asked: {found.row['id']}")
    typer.echo(f"the register holds dossiers: {found.dossiers}, documents: {found.documents}; they are not touched")
    typer.echo(f"somebody else approves it: POST /v1/erasures/{found.row['id']}/approval")


@subject_cli.command()
def scrub() -> None:
    """See that no page of the database holds a destroyed key. Exit code 1: others were in the way, try again."""
    done = run(load_settings(), lambda context: context.database.scrub())
    typer.echo(
        "no page of the database holds a remnant" if done else "not done: others use the table, or it is not ours"
    )
    if not done:
        raise typer.Exit(_LEFT)


@master_key_cli.command()
def keygen(out: Annotated[Path, typer.Option(help="a new file for the key; only its owner may read it")]) -> None:
    """Make a master key and print its id, which is no secret. A file that is there already is never overwritten."""
    made = MasterKey.generate()
    try:
        made.save(out)
    except SealingError as error:
        raise ended(error) from error
    typer.echo(made.id)


@master_key_cli.command()
def rotate() -> None:
    """Wrap the keys of all persons under LIENTHONG_MASTER_KEY; those before it stand in LIENTHONG_MASTER_OLD_KEYS.

    Values are not encrypted again. Broken off, it goes on where it stood. Exit code 1: an older key is needed still.
    """
    settings, console = load_settings(), Console()

    async def work(context: Context) -> Rotated:
        from app.demo import client  # noqa: PLC0415 - a bar is all that is wanted of it

        total = (await master_keys.standing(context)).to_rewrap
        with client.progress(console, "keys", total) as tell:
            return await master_keys.rotate(context, caller_of(settings), f"rotate-{token_hex(8)}", tell)

    done = run(settings, work)
    typer.echo(f"wrapped anew: {done.rewrapped}, not unwrapped by any key at hand: {done.failed}")
    if not done.scrubbed:
        typer.echo("older wrappings may stand in the database's pages still: lienthong subject scrub")
    if done.failed:
        raise typer.Exit(_LEFT)
    typer.echo("older master keys can be taken out of the settings and destroyed, and backups of before with them")


@master_key_cli.command()
def status() -> None:
    """How keys stand. Exit code 1: an older key is needed still, or one is missing; 2: there is no master key."""
    found: Standing = run(load_settings(), master_keys.standing)
    typer.echo(f"master key: {found.current or 'none: no personal value is kept'}, destroyed keys: {found.destroyed}")
    for master, count in sorted(found.living.items()):
        missing = ", not at hand" if master in found.unknown else ""
        typer.echo(f"{master}\tliving keys: {count}{missing}")
    if found.current is None:
        raise typer.Exit(NOT_DONE)
    if found.unknown or found.to_rewrap:
        raise typer.Exit(_LEFT)
