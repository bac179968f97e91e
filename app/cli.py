"""The command line: ``lienthong serve | worker | up | migrate | token | client | account | documents | import | …``."""

import asyncio
import json
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from app import observability, tracing
from app.account_cli import account_cli
from app.audit_cli import audit_cli
from app.backup_cli import backup_cli, restore_command
from app.cli_work import NOT_DONE, ScopeOption, UnitOption, caller_of, lines_of, operator, run
from app.client_cli import client_cli
from app.config import Settings, load_settings
from app.conform import run as conform_run
from app.doctor_cli import doctor
from app.domain.documents import Verdict
from app.errors import LienThongError
from app.policies import refuse_unsafe
from app.retention_cli import retention_cli
from app.store import migrate as store_migrate
from app.subject_cli import master_key_cli, subject_cli
from app.usecases import check_store, judge_many, tokens
from app.usecases.context import Caller, Context
from app.usecases.judge_many import Judgements, Refreshed, Tell
from app.wiring import build_context, close_context
from app.worker import run as run_worker
from app.worker import stop_on_signals

cli = typer.Typer(name="lienthong", no_args_is_help=True, add_completion=False, help=__doc__)
token_cli = typer.Typer(no_args_is_help=True, help="Make, list and end bearer tokens.")
cli.add_typer(token_cli, name="token")
cli.add_typer(client_cli, name="client")
cli.add_typer(account_cli, name="account")
documents_cli = typer.Typer(no_args_is_help=True, help="Hold the document store against its rows.")
cli.add_typer(documents_cli, name="documents")
cli.add_typer(audit_cli, name="audit")
cli.add_typer(backup_cli, name="backup")
cli.command("restore")(restore_command)
cli.command()(doctor)
cli.add_typer(subject_cli, name="subject")
cli.add_typer(master_key_cli, name="master-key")
cli.add_typer(retention_cli, name="retention")

Host = Annotated[str, typer.Option(help="address to listen on")]
Port = Annotated[int, typer.Option(help="port to listen on")]
Everything = Annotated[bool, typer.Option("--all", help="all documents that speak")]
RefreshOnly = Annotated[bool, typer.Option("--refresh-only", help="only note anew which results are acceptable")]


def _server(settings: Settings, app: object, host: str, port: int) -> uvicorn.Server:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=30,
        # Whoever a proxy speaks for is whom requests are counted by.
        forwarded_allow_ips=list(settings.proxies),
        log_level=settings.log_level.lower(),
    )
    return uvicorn.Server(config)


@cli.command()
def serve(host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Run the HTTP process: REST door, page, health."""
    settings = load_settings()
    refuse_unsafe(settings)
    observability.configure_logs(settings.log_level, process="api")
    tracing.configure(settings.traces_endpoint, process="api")
    from app.main import create_app  # noqa: PLC0415 - making the doors ready takes a second, and few commands serve

    _server(settings, create_app(settings), host, port).run()


@cli.command()
def worker(
    metrics_port: Annotated[int, typer.Option(help="serve this process's figures for Prometheus here; 0: do not")] = 0,
) -> None:
    """Run the delivery process; as many as you like share one PostgreSQL."""
    settings = load_settings()
    refuse_unsafe(settings)
    observability.configure_logs(settings.log_level, process="worker")
    tracing.configure(settings.traces_endpoint, process="worker")
    if metrics_port:
        observability.serve_metrics(metrics_port)

    async def work() -> None:
        stopping = asyncio.Event()
        stop_on_signals(stopping)
        context = build_context(settings)
        try:
            await run_worker(context, settings, stopping)
        finally:
            await close_context(context)

    asyncio.run(work())


@cli.command()
def up(host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Run everything in one process, schema included: one office, one file."""
    settings = load_settings()
    refuse_unsafe(settings)
    observability.configure_logs(settings.log_level, process="up")
    tracing.configure(settings.traces_endpoint, process="up")
    store_migrate.upgrade(settings.database_url)

    async def work() -> None:
        stopping = asyncio.Event()
        # Set before the server's own handlers: it raises the signal again when it is done, and that must not kill.
        stop_on_signals(stopping)
        context = build_context(settings)
        from app.main import create_app  # noqa: PLC0415 - as above

        server = _server(settings, create_app(settings, context), host, port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(run_worker(context, settings, stopping))
                await server.serve()
                stopping.set()
        finally:
            await close_context(context)

    asyncio.run(work())


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema; harmless when it is there already."""
    settings = load_settings()
    store_migrate.upgrade(settings.database_url)
    typer.echo(f"schema: {store_migrate.current(settings.database_url)}")


@cli.command("access-table")
def access_table() -> None:
    """Print docs/access.md: who may do what, as the routes and the roles say."""
    from app import access_table as made  # noqa: PLC0415 - as for serve
    from app.main import create_app  # noqa: PLC0415 - as for serve

    typer.echo(made.page(create_app(load_settings())), nl=False)


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def mock(context: typer.Context) -> None:
    """Run the mock national systems in their own process (options: see `lienthong mock --help`)."""
    # The mock is an outsider: no code of ours imports it, not even to start it.
    os.execv(sys.executable, [sys.executable, "-m", "mock_national", *context.args])  # noqa: S606 - our own module


@token_cli.command("create")
def token_create(
    name: Annotated[str, typer.Argument(help="who will use it, e.g. mot-cua-so-tnmt")],
    scope: ScopeOption,
    agency: Annotated[str | None, typer.Option(help="agency it stands for; default: ours")] = None,
    unit: UnitOption = None,
) -> None:
    """Make a token and print it, this once."""

    async def work(context: Context) -> str:
        wanted = agency or context.agency
        return await tokens.create(context, name=name, agency=wanted, scopes=scope, units=unit or (), by=operator())

    typer.echo(run(load_settings(), work))


@token_cli.command("list")
def token_list() -> None:
    """List tokens; their values are not kept."""

    async def work(context: Context) -> str:
        return lines_of(await tokens.listing(context))

    typer.echo(run(load_settings(), work))


@token_cli.command("revoke")
def token_revoke(name: str) -> None:
    """End a token at once."""

    async def work(context: Context) -> str:
        done = await tokens.revoke(context, name=name, by=operator())
        return "ended" if done else "no living token has this name"

    typer.echo(run(load_settings(), work))


@documents_cli.command("report")
def documents_report(
    settled_seconds: Annotated[
        float, typer.Option(help="what is younger may be on its way, and is passed over")
    ] = 3600,
) -> None:
    """Say where store and rows differ, and what nobody speaks of. Deletes nothing; exit code 1 when they differ."""

    async def work(context: Context) -> tuple[str, bool]:
        found = await check_store.report(context, settled_seconds=settled_seconds)
        return json.dumps(asdict(found), ensure_ascii=False, indent=1, default=str), found.agrees

    told, agrees = run(load_settings(), work)
    typer.echo(told)
    raise typer.Exit(0 if agrees else 1)


@documents_cli.command("judge")
def documents_judge(
    verdict: Annotated[list[Verdict] | None, typer.Option(help="those with this verdict; may be given again")] = None,
    everything: Everything = False,  # noqa: FBT002 - an option
    refresh_only: RefreshOnly = False,  # noqa: FBT002 - an option
    concurrency: Annotated[int, typer.Option(min=1, max=32, help="documents at a time")] = 2,
) -> None:
    """Judge documents anew after a change of LIENTHONG_TRUST_… or LIENTHONG_RESULT_…; may be stopped and run again.

    Of every dossier with documents it is noted anew whether an acceptable result stands behind it. Exit code 1 when
    files cannot be read: their documents are listed, and keep their verdicts.
    """
    if [bool(verdict), everything, refresh_only].count(True) != 1:
        raise typer.BadParameter("one of --verdict, --all and --refresh-only")  # noqa: EM101, TRY003 - typer prints it
    settings = load_settings()
    console = Console()

    async def work(context: Context) -> tuple[Judgements | None, Refreshed]:
        caller = caller_of(settings)
        correlation_id = f"judge-{token_hex(8)}"
        judged = None
        if not refresh_only:
            judged = await _judge(context, caller, verdict, correlation_id, concurrency, console)
        with _progress(console, "dossiers", await judge_many.count_dossiers(context)) as tell:
            return judged, await judge_many.refresh(context, caller, correlation_id, tell=tell)

    judged, refreshed = run(settings, work)
    _show_judged(console, judged, refreshed)
    raise typer.Exit(1 if judged is not None and judged.unreadable else 0)


async def _judge(
    context: Context,
    caller: Caller,
    verdicts: list[Verdict] | None,
    correlation_id: str,
    concurrency: int,
    console: Console,
) -> Judgements:
    selection = await judge_many.select(context, verdicts or None)
    with _progress(console, "documents", selection.documents) as tell:
        return await judge_many.judge(context, caller, selection, correlation_id, concurrency=concurrency, tell=tell)


def _progress(console: Console, title: str, total: int) -> AbstractContextManager[Tell]:
    from app.demo import client  # noqa: PLC0415 - as for the demo

    return client.progress(console, title, total)


def _show_judged(console: Console, judged: Judgements | None, refreshed: Refreshed) -> None:
    if judged is not None:
        table = Table("old verdict", "new verdict", "documents")
        for (before, after), count in sorted(judged.moves.items()):
            table.add_row(before, after, str(count))
        console.print(table)
        for unreadable in judged.unreadable:
            console.print(f"not judged: {unreadable.detail}", markup=False, soft_wrap=True)
        console.print(f"documents judged: {sum(judged.moves.values())}, not judged: {len(judged.unreadable)}")
    told = f"dossiers: {refreshed.dossiers}, gained an acceptable result: {refreshed.gained}, lost it: {refreshed.lost}"
    console.print(told, soft_wrap=True)


@cli.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="NDJSON, one record a line")],
    url: Annotated[str, typer.Option(help="address of the gateway")] = "http://127.0.0.1:8080",
    token: Annotated[str, typer.Option(envvar="LIENTHONG_TOKEN", help="a token with the scope intake")] = "",
) -> None:
    """Hand a file of records over through the REST door; refused lines are listed, and the exit code is 1."""
    from app.demo import client  # noqa: PLC0415 - as for the demo

    raise typer.Exit(client.import_file(file, url, token))


@cli.command()
def demo(
    samples: Annotated[Path, typer.Option(help="folder with the sample quarter")] = Path("samples"),
    build: Annotated[Path, typer.Option(help="folder for demo.json")] = Path("build"),
) -> None:
    """Load a quarter of one province, deliver it to the mock, and compare ledger and promises id by id."""
    from app.demo import run  # noqa: PLC0415 - signs papers: nobody who serves or works should wait for that

    raise typer.Exit(run.demo(samples, build))


@cli.command("run")
def run_() -> None:
    """Start mock, API and worker, and stay up; prints the addresses and a token."""
    from app.demo import run  # noqa: PLC0415 - as for the demo

    raise typer.Exit(run.stay_up())


@cli.command()
def conform(  # noqa: PLR0913, PLR0917 - options
    system: Annotated[
        conform_run.ConnectorName | None, typer.Argument(help="what is tried; the same as --connector")
    ] = None,
    connector: Annotated[conform_run.ConnectorName, typer.Option(help="what is tried")] = (
        conform_run.ConnectorName.PORTAL
    ),
    address: Annotated[str, typer.Option(help="a client that runs already; without it our own is started")] = "",
    token: Annotated[str, typer.Option(envvar="LIENTHONG_TOKEN", help="its bearer token: intake and read")] = "",
    mock: Annotated[str, typer.Option(help="the mock that this client sends to; it is emptied")] = "",
    fault: Annotated[list[str] | None, typer.Option(help="only this one; may be given again")] = None,
    unit: Annotated[str, typer.Option(help="unit that receives the dossiers; their codes begin with it")] = "H15.50",
    time_out_seconds: Annotated[
        float | None, typer.Option(help="how long the client waits for an answer; default: as ours")
    ] = None,
    patience_seconds: Annotated[float, typer.Option(help="how long it may take to settle a fault")] = 60.0,
    build: Annotated[Path, typer.Option(help="folder for conform.json")] = Path("build"),
) -> None:
    """Play the whole fault catalogue against a client of the national systems; exit code 1 when anything failed."""
    if bool(address) != bool(mock):
        raise typer.BadParameter("--address and --mock go together")  # noqa: EM101, TRY003 - typer prints it
    wanted = conform_run.Wanted(
        connector=system or connector,
        faults=fault or [],
        build=build,
        address=address or None,
        token=token,
        mock=mock or None,
        unit=unit,
        time_out_seconds=time_out_seconds,
        patience_seconds=patience_seconds,
    )
    raise typer.Exit(conform_run.conform(wanted))


def main() -> None:
    """Entry point; what cannot work is told on one line."""
    try:
        cli()
    except LienThongError as error:
        typer.echo(f"lienthong: {error}", err=True)
        sys.exit(NOT_DONE)
