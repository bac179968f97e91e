"""``lienthong retention plan | propose | approve | refuse | run | runs | hold | holds | mended``."""

import asyncio
from datetime import date, datetime
from secrets import token_hex
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from app.cli_work import operator, run
from app.config import Settings, load_settings
from app.domain.access import Permission
from app.domain.retention import HoldKind, RunState
from app.domain.rulesets import VIETNAM
from app.store.retention import Run
from app.usecases import prune_log, retention
from app.usecases.context import Caller, Context
from app.usecases.retention import ClassPlan, HoldWanted

retention_cli = typer.Typer(no_args_is_help=True, help="Archive and remove old entries of the log; keep others longer.")

_MAY: Final = frozenset({Permission.RETENTION_EDIT.value, Permission.RETENTION_APPROVE.value})
_WAIT_SECONDS: Final = 1.0
Reason = Annotated[str, typer.Option(min=1, help="why; goes on record")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="a day, Vietnamese time")]


@retention_cli.command()
def plan() -> None:
    """Show what could go now, by class, and what stays and why. Removes nothing."""
    found = run(load_settings(), retention.plan)
    table = Table("class", "kept for", "may go", "oldest", "stays", box=None, pad_edge=False)
    for each in found:
        days = "always" if each.of.days is None else f"{each.of.days} d"
        oldest = each.oldest_at.date().isoformat() if each.oldest_at else "-"
        table.add_row(each.of.code, days, str(each.going), oldest, _stays(each))
    Console().print(table)


def _stays(each: ClassPlan) -> str:
    if each.before is None:
        return "by holds of the kind breach" if each.of.days else "everything"
    return ", ".join(f"{why.value}: {count}" for why, count in each.kept.items()) or "-"


@retention_cli.command()
def propose(
    class_code: Annotated[str, typer.Argument(help="a class of `retention plan`")],
    reason: Reason,
) -> None:
    """Propose to archive and remove what may go of a class now. Another account approves it."""
    settings = load_settings()

    async def work(context: Context) -> Run:
        return await retention.propose(context, _caller(settings), class_code, reason, _correlation())

    made = run(settings, work)
    typer.echo(f"run {made.id}: {made.entries} entries of '{made.class_code}' from before {made.before.isoformat()}")
    typer.echo("it begins when another account has approved it: lienthong retention approve " + str(made.id))


@retention_cli.command()
def approve(run_id: int, note: Annotated[str, typer.Option(help="goes on record")] = "") -> None:
    """Approve a run that another account has proposed."""
    _decide(run_id, note, approve=True)


@retention_cli.command()
def refuse(run_id: int, note: Annotated[str, typer.Option(help="goes on record")] = "") -> None:
    """Refuse a run that another account has proposed."""
    _decide(run_id, note, approve=False)


def _decide(run_id: int, note: str, *, approve: bool) -> None:
    settings = load_settings()

    async def work(context: Context) -> Run:
        caller = _caller(settings)
        return await retention.decide(
            context, caller, run_id, approve=approve, note=note, correlation_id=_correlation()
        )

    typer.echo(f"run {run_id}: {run(settings, work).state.value}")


@retention_cli.command("run")
def run_() -> None:
    """Work off approved runs now, block by block; broken off, it goes on where it was. Workers do the same."""
    console = Console()

    async def work(context: Context) -> tuple[int, int]:
        from app.demo import client  # noqa: PLC0415 - a bar is all that is wanted of it

        waiting = [each for each in await retention.runs(context) if each.state is RunState.APPROVED]
        archived = kept = 0
        with client.progress(console, "entries", sum(each.entries - each.archived for each in waiting)) as tell:
            while (block := await prune_log.prune(context)) is not None:
                archived, kept = archived + block.archived, kept + block.kept
                tell(archived)
                if block.last_id == block.run.last_id:
                    await asyncio.sleep(_WAIT_SECONDS)
        return archived, kept

    archived, kept = run(load_settings(), work)
    typer.echo(f"archived and removed: {archived}, kept though old enough: {kept}")


@retention_cli.command()
def runs() -> None:
    """List runs, newest first."""
    table = Table("run", "class", "state", "entries", "archived", "kept", "proposed by", "decided by", box=None)
    for each in run(load_settings(), retention.runs):
        numbers = (each.entries, each.archived, each.kept)
        who = (each.proposed_by, each.decided_by or "-")
        table.add_row(str(each.id), each.class_code, each.state.value, *map(str, numbers), *who)
    Console().print(table)


@retention_cli.command()
def hold(
    reason: Reason,
    law: Annotated[str, typer.Option(min=1, max=200, help="the article that wants it")],
    dossier: Annotated[str | None, typer.Option(help="code of a dossier")] = None,
    subject: Annotated[str | None, typer.Option(help="what a person is called by in the log (subject_ref)")] = None,
    entries: Annotated[tuple[int, int] | None, typer.Option(help="lowest and highest number of entries")] = None,
    until: Day = None,
    breach: Annotated[bool, typer.Option("--breach", help="until mended, and 5 years on")] = False,  # noqa: FBT002 - an option
) -> None:
    """Keep entries beyond their class, from now on."""
    settings = load_settings()
    kind = HoldKind.BREACH if breach else HoldKind.LEGAL
    day = until.date() if until else None
    wanted = HoldWanted(kind, reason, law, dossier, subject, entries, day)

    async def work(context: Context) -> int:
        return int((await retention.hold(context, _caller(settings), wanted, _correlation()))["id"])

    typer.echo(f"hold {run(settings, work)}")


@retention_cli.command()
def holds() -> None:
    """List holds, newest first."""
    table = Table("hold", "kind", "of", "until", "reason", box=None)
    for row in run(load_settings(), retention.holds):
        of = row["dossier_code"] or row["subject_ref"] or f"{row['first_id']}-{row['last_id']}"
        until = row["until"].astimezone(VIETNAM).date().isoformat() if row["until"] else "open"
        table.add_row(str(row["id"]), row["kind"], of, until, row["reason"])
    Console().print(table)


@retention_cli.command()
def mended(
    hold_id: int,
    reason: Reason,
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="the day on which it was mended")],
) -> None:
    """Say when a breach was mended; its entries stay for the days of the class `breach` from then on."""
    settings = load_settings()

    async def work(context: Context) -> date:
        caller = _caller(settings)
        held = await retention.mended(context, caller, hold_id, on.date(), reason, _correlation())
        until: datetime = held["until"]
        return until.astimezone(VIETNAM).date()

    typer.echo(f"hold {hold_id}: until {run(settings, work)}")


def _caller(settings: Settings) -> Caller:
    """Whoever has an account on this machine and may read the settings."""
    return Caller(operator(), settings.agency, _MAY)


def _correlation() -> str:
    return f"retention-{token_hex(8)}"
