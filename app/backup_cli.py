"""``lienthong backup make | list | verify | drill`` and ``lienthong restore``: copies, and proof that they are."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.cli_work import caller_of, ended, run
from app.config import Settings, load_settings
from app.policies import key_files, version
from app.tlog import TlogError, load_verifiers
from app.usecases import backup, backup_files, check_backup, restore
from app.usecases.backup import Made, Plan
from app.usecases.check_backup import CheckedBackup
from app.usecases.context import Context
from app.usecases.restore import Restored, Source
from app.wiring import build_context, close_context

backup_cli = typer.Typer(no_args_is_help=True, help="Copy database and documents, check the copies, try them out.")
_MISSING: Final = 1

Folder = Annotated[Path, typer.Argument(help="the folder of backups", file_okay=False)]
Name = Annotated[str | None, typer.Option(help="which backup; default: the newest")]


@backup_cli.command()
def make(
    folder: Folder,
    keys_to: Annotated[Path | None, typer.Option(help="copy the keys here, to another place than the data")] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="of verified backups keep so many; default: all")] = None,
) -> None:
    """Make a backup and read it again. Exit code 1: it is whole, but documents were missing already; 2: not made."""
    settings = load_settings()
    plan = Plan(folder.absolute(), version(), keys_to and keys_to.absolute(), key_files(settings), keep, typer.echo)

    async def work(context: Context) -> Made:
        return await backup.make(context, caller_of(settings), plan)

    made = run(settings, work)
    typer.echo(f"backup {made.name}: verified, manifest {made.manifest_sha256}")
    typer.echo(f"documents: {made.manifest.documents}, log entries: {made.manifest.log_size}")
    if not made.manifest.documents_kept:
        typer.echo("documents lie in a bucket: only their list is here; its own versions and copies keep them")
    if keys_to is None:
        typer.echo("keys: not copied (--keys-to); without them the log cannot be signed on")
    else:
        typer.echo(f"keys: {', '.join(made.keys) or 'none there'}")
    if made.pruned:
        typer.echo(f"older ones taken away: {', '.join(made.pruned)}")
    if made.missing:
        typer.echo(f"MISSING OR DAMAGED in the document store: {len(made.missing)}, the first: {made.missing[0]}")
        raise typer.Exit(_MISSING)


@backup_cli.command("list")
def list_(folder: Folder) -> None:
    """Name the backups in a folder, the oldest first."""
    for name in backup_files.names(folder):
        typer.echo(name)


@backup_cli.command()
def verify(
    folder: Folder,
    name: Name = None,
    key: Annotated[
        list[str] | None, typer.Option(help="a verifier key of the log; may be given again. Default: the settings'")
    ] = None,
) -> None:
    """Hash all of a backup again, documents too. Exit code 2: it is not whole, or not what was signed."""
    settings = load_settings()
    try:
        given = load_verifiers(key or [])
    except TlogError as error:
        raise ended(error) from error

    async def work(context: Context) -> CheckedBackup:
        return await check_backup.check(folder.absolute(), name, given or context.log.verifiers)

    checked = run(settings, work)
    signed = "signed by the log's key" if checked.signed else "NOT SIGNED: no key of the log is known here"
    typer.echo(f"backup {checked.manifest.name}: whole, {checked.size_bytes} bytes, {signed}")


@backup_cli.command()
def drill(
    folder: Folder,
    name: Name = None,
    database_url: Annotated[
        str | None, typer.Option(help="an empty database; default: one that is made and thrown away")
    ] = None,
) -> None:
    """Put a backup back into a place of its own, verify its log there, and keep what that has shown for doctor."""
    settings = load_settings()

    async def work(context: Context) -> Restored:
        source = Source(folder.absolute(), name)
        return await restore.drill(context, caller_of(settings), source, _rehearsal(settings, source), database_url)

    _tell(run(settings, work))
    typer.echo("the drill held, and is on record")


def _rehearsal(settings: Settings, source: Source) -> Callable[[str, str], Coroutine[Any, Any, Restored]]:
    async def rehearsed(database_url: str, documents_url: str) -> Restored:
        archives = Path(documents_url).with_name("archives")
        archives.mkdir(mode=0o700)
        there = settings.model_copy(
            update={"database_url": database_url, "documents_url": documents_url, "archive_dir": archives}
        )
        context = build_context(there)
        try:
            return await restore.restore(context, caller_of(settings), source, "drill")
        finally:
            await close_context(context)

    return rehearsed


def restore_command(
    folder: Folder,
    database_url: Annotated[str, typer.Option(help="an empty database")],
    documents: Annotated[str, typer.Option(help="an empty folder for the documents, as LIENTHONG_DOCUMENTS_URL")],
    reason: Annotated[str, typer.Option(help="what happened, for the record")],
    name: Name = None,
) -> None:
    """Put a backup back into empty places, bring it to the newest schema, and verify its log. Exit code 2: not done."""
    settings = load_settings(database_url=database_url, documents_url=documents)
    source = Source(folder.absolute(), name)

    async def work(context: Context) -> Restored:
        return await restore.restore(context, caller_of(settings), source, reason)

    restored = run(settings, work)
    _tell(restored)
    typer.echo(f"waiting records that the nation is asked about before they are sent: {restored.in_doubt}")
    typer.echo("What was revoked, locked, erased or disabled after the backup was made is as before: do it again.")
    if restored.signed_beyond:
        typer.echo(
            f"THE LOG: {restored.signed_beyond} signed entries are lost. It is not signed under its old name any more: "
            "`lienthong audit accept-restore`"
        )


def _tell(restored: Restored) -> None:
    manifest = restored.backup.manifest
    typer.echo(f"backup {manifest.name} of {manifest.taken_at.isoformat()}: put back, documents: {restored.documents}")
    if restored.archives is None:
        typer.echo("archives: NOT PUT BACK, LIENTHONG_ARCHIVE_DIR names no folder; the backup still has them")
    elif restored.archives:
        typer.echo(f"archives of the log: {restored.archives}")
    if restored.log_checked is None:
        typer.echo("log: NOT VERIFIED, no key of the log is known here (LIENTHONG_LOG_KEY)")
    else:
        typer.echo(f"log: holds, entries read: {restored.log_checked}")
