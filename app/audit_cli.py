"""``lienthong audit verify | prove | export | repair-tiles | verify-receipt | keygen``: check it, and let others."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from secrets import token_hex
from typing import Annotated, BinaryIO, Final

import typer
from rich.console import Console

from app.cli_work import NOT_DONE, caller_of, ended, run
from app.config import Settings, load_settings
from app.domain.log_check import Progress
from app.policies import log_policy
from app.tlog import KeyKind, TlogError, Verifier, check_receipt, create_key_file, load_verifiers
from app.usecases import accept_restore as accept_restore_case
from app.usecases import export_log, prove_log, tile_repair, verify_log
from app.usecases.check_values import ValueCounts
from app.usecases.context import Context, LogPolicy
from app.usecases.export_log import About
from app.usecases.verify_log import CannotVerify, Checked, Wanted

audit_cli = typer.Typer(no_args_is_help=True, help="Check the audit log, prove its entries, export them, make keys.")

_LIES: Final = 1
_STATE: Final = Path("var/audit-verify.json")

Keys = Annotated[
    list[str] | None,
    typer.Option("--key", help="a verifier key, or a file of them; may be given again. Default: those of the settings"),
]
Origin = Annotated[str | None, typer.Option(help="name of the log; default: that of the settings, or of the first key")]
Outside = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", exists=True, dir_okay=False, help="kept outside the database; may be given again"),
]


@audit_cli.command()
def verify(
    checkpoint: Outside = None,
    key: Keys = None,
    origin: Origin = None,
    archives: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="folder of archives; default: LIENTHONG_ARCHIVE_DIR"),
    ] = None,
    keep: Annotated[Path | None, typer.Option(help="write the newest checkpoint here when all holds")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on where a broken-off check stood")] = False,  # noqa: FBT002 - an option
    state: Annotated[Path, typer.Option(help="where a check notes how far it has come")] = _STATE,
    grace_seconds: Annotated[float, typer.Option(help="how old an entry may be without a leaf")] = 600.0,
) -> None:
    """Read the whole log again. Exit code 0: all holds; 1: it lies, and the first lie is named; 2: not checked."""
    settings = load_settings()
    console = Console()
    held = _held(state) if resume else None

    async def work(context: Context) -> Checked:
        verifiers, name = _keys(context.log, key, origin)
        outside = [_note(path) for path in checkpoint or []]
        memory = context.log.memory
        if memory is not None and memory.is_file():
            outside.append(_note(memory))
        wanted = Wanted(
            verifiers,
            name,
            tuple(outside),
            grace_seconds,
            resume=held,
            keep=lambda at: _save(state, at),
            earlier=context.log.earlier,
            stamp_roots=context.log.stamps.roots,
            archives=archives or context.retention.archive_dir,
        )
        from app.demo import client  # noqa: PLC0415 - a bar is all that is wanted of it

        with client.progress(console, "entries", await verify_log.count(context)) as tell:
            return await verify_log.verify(context, replace(wanted, tell=tell))

    checked = run(settings, work)
    if resume and not checked.resumed_at:
        console.print("there was nothing to go on from: the check began at the first entry", soft_wrap=True)
    if checked.finding is not None:
        found = checked.finding
        console.print(f"LIES: {found.lie.value}: {found.words}", markup=False, soft_wrap=True)
        raise typer.Exit(_LIES)
    state.unlink(missing_ok=True)
    _tell_checked(console, checked)
    if checked.newest is None:
        raise typer.Exit(NOT_DONE)
    if keep is not None:
        _keep(keep, checked.newest.note)


def _note(path: Path) -> str:
    try:
        # What is not text is no checkpoint either, and is refused as one.
        return path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise CannotVerify(message) from error


def _keep(path: Path, note: str) -> None:
    """Put a checkpoint in place of an older one, whole or not at all: it may be the only one outside."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(note, "utf-8")
        new.replace(path)
    except OSError as error:
        typer.echo(f"lienthong: {path}: {error.strerror}", err=True)
        raise typer.Exit(NOT_DONE) from error


def _tell_checked(console: Console, checked: Checked) -> None:
    words = f"entries read: {checked.entries}, checkpoints: {checked.checkpoints}"
    if checked.resumed_at:
        words += f", gone on from entry {checked.resumed_at}"
    console.print(words, soft_wrap=True)
    values = checked.values
    if values != ValueCounts():
        words = f"entries with personal values: {values.opened} opened and right, {values.erased} erased"
        console.print(f"{words}, {values.unread} not read (master key not at hand)", soft_wrap=True)
    if checked.archived or checked.unread:
        count = sum(checked.unread.values())
        console.print(f"archived: {checked.archived} read, {count} not read", soft_wrap=True)
        if count:
            names = sorted(checked.unread)
            words = f"their hashes are in the tree; what they say is in {len(names)} files that are not at hand:"
            console.print(words, soft_wrap=True)
            console.print("\n".join(names), markup=False, soft_wrap=True)
    if checked.newest is None:
        console.print("rows and tree agree, but nothing was ever signed: nothing is proved by that", soft_wrap=True)
        return
    console.print(f"all holds up to the checkpoint over {checked.newest.size} entries:", soft_wrap=True)
    above = checked.entries - checked.newest.size
    if above > 0:
        console.print(f"the {above} entries above it agree, and are not signed yet", soft_wrap=True)
    console.print(checked.newest.note.rstrip(), markup=False, soft_wrap=True)
    console.print(f"witnesses: {', '.join(checked.witnesses) or 'none'}", markup=False, soft_wrap=True)
    stamps, newest = checked.stamps, checked.stamps.newest
    words = (
        "none, or none looked at: LIENTHONG_LOG_TIMESTAMP_ROOTS is not set"
        if newest is None
        else (f"{stamps.count}, the newest of {newest.stamped_at.isoformat()} over {newest.size} entries")
    )
    console.print(f"time-stamps: {words}", markup=False, soft_wrap=True)


@audit_cli.command()
def prove(
    entry: Annotated[int | None, typer.Argument(help="number of an entry, as /v1/audit tells it")] = None,
    out: Annotated[Path | None, typer.Option(help="a new file for the proof; default: print it")] = None,
    check: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="verify this proof instead")] = None,
    key: Keys = None,
    origin: Origin = None,
) -> None:
    """Prove that an entry is in the log (C2SP tlog-proof), or check such a proof. Exit code 1: it does not hold."""
    if (entry is None) == (check is None):
        raise typer.BadParameter("an entry, or --check FILE")  # noqa: EM101, TRY003 - typer prints it
    settings = load_settings()
    if check is not None:
        _check(settings, check, key, origin)
        return
    number = entry or 0

    async def work(context: Context) -> str:
        return (await prove_log.prove(context, caller_of(settings), number, _correlation())).to_text()

    proof = run(settings, work)
    if out is None:
        typer.echo(proof, nl=False)
        return
    with _new(out) as file:
        file.write(proof.encode())


def _check(settings: Settings, file: Path, key: list[str] | None, origin: str | None) -> None:
    text = file.read_bytes().decode("utf-8", "replace")

    async def work(context: Context) -> str:
        verifiers, name = _keys(context.log, key, origin)
        proof, checkpoint = prove_log.check(text, verifiers, name)
        return f"{prove_log.shown(proof)}\nholds: place {proof.index} of {checkpoint.size} in {checkpoint.origin}"

    try:
        typer.echo(run(settings, work, prove_log.BadProof))
    except prove_log.BadProof as error:
        typer.echo(f"does not hold: {error}")
        raise typer.Exit(_LIES) from error


@audit_cli.command()
def export(
    out: Annotated[Path, typer.Argument(help="a new ZIP file")],
    dossier: Annotated[str | None, typer.Option(help="code of a dossier")] = None,
    subject: Annotated[str | None, typer.Option(help="what a person is called by in the log (subject_ref)")] = None,
    since: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="a checkpoint held since before: prove that it still holds"),
    ] = None,
) -> None:
    """Write the entries about one dossier or person with their proofs and a verifier. The export is on record."""
    if (dossier is None) == (subject is None):
        raise typer.BadParameter("one of --dossier and --subject")  # noqa: EM101, TRY003 - typer prints it
    settings = load_settings()
    about, value = (About.DOSSIER, dossier or "") if subject is None else (About.SUBJECT, subject)
    file = _new(out)

    async def work(context: Context) -> export_log.Exported:
        note = None if since is None else _note(since)
        caller, correlation_id = caller_of(settings), _correlation()
        return await export_log.export(context, caller, about, value, file, since=note, correlation_id=correlation_id)

    done = False
    try:
        with file:
            found = run(settings, work)
        done = True
    finally:
        if not done:
            out.unlink(missing_ok=True)
    typer.echo(f"entries: {found.entries}, too new to be proved: {found.pending}")
    typer.echo(f"verify it: python -m zipfile -e {out} bundle && python bundle/verify.py")


@audit_cli.command("repair-tiles")
def repair_tiles() -> None:
    """Make damaged or missing tiles anew, if the leaves are what was signed. On record. Exit code 1: they are not."""
    settings = load_settings()

    async def work(context: Context) -> tile_repair.Repaired:
        return await tile_repair.repair(context, caller_of(settings), _correlation())

    try:
        done = run(settings, work, tile_repair.NotRepaired)
    except tile_repair.NotRepaired as error:
        typer.echo(f"not repaired: {error}")
        raise typer.Exit(_LIES) from error
    typer.echo(f"tiles made anew: {done.tiles}, over {done.size} leaves")


@audit_cli.command("verify-receipt")
def verify_receipt(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a receipt of a disclosure")],
    key: Keys = None,
    origin: Origin = None,
) -> None:
    """Verify a receipt; with --key nothing else is needed. Exit code 0: it holds; 1: it does not; 2: not checked."""
    try:
        verifiers, name = _receipt_keys(key, origin)
        found, checkpoint = check_receipt(file.read_bytes(), verifiers, name)
    except CannotVerify as error:
        raise ended(error) from error
    except TlogError as error:
        typer.echo(f"does not hold: {error}")
        raise typer.Exit(_LIES) from error
    typer.echo(json.dumps(found.told, ensure_ascii=False, indent=1))
    typer.echo(f"holds: place {found.index} of {checkpoint.size} in {checkpoint.origin}")


def _receipt_keys(given: list[str] | None, origin: str | None) -> tuple[tuple[Verifier, ...], str]:
    """As ``_keys``, without a database: who holds a receipt has none of ours."""
    policy = log_policy(load_settings()) if not given else LogPolicy()
    verifiers, name = _keys(policy, given, origin)
    if not verifiers:
        message = "no key to verify with: give --key"
        raise CannotVerify(message)
    return verifiers, name


@audit_cli.command()
def keygen(
    name: Annotated[str, typer.Argument(help="name of the log or witness, e.g. tinh.gov.vn/lienthong")],
    out: Annotated[Path, typer.Option(help="a new file for the private key; only its owner may read it")],
    witness: Annotated[bool, typer.Option("--witness", help="a key that cosigns the checkpoints of others")] = False,  # noqa: FBT002 - an option
) -> None:
    """Make a key and print the verifier that may be published. A file that is there already is never overwritten."""
    try:
        made = create_key_file(out, name, KeyKind.COSIGNATURE_V1 if witness else KeyKind.ED25519)
    except TlogError as error:
        raise ended(error) from error
    typer.echo(made.vkey)


@audit_cli.command("accept-restore")
def accept_restore(
    name: Annotated[str, typer.Argument(help="a new name for the log, e.g. tinh.gov.vn/lienthong-2")],
    out: Annotated[Path, typer.Option(help="a new file for the new log's key")],
    reason: Annotated[str, typer.Option(help="what happened, for the record")],
) -> None:
    """After a restore that lies behind what was signed: make the key of a new log, and put the loss on record."""
    settings = load_settings()

    async def work(context: Context) -> accept_restore_case.NewEpoch:
        return await accept_restore_case.accept(context, caller_of(settings), name, out, reason)

    made = run(settings, work)
    typer.echo(f"{made.lost} entries that were signed are lost; the log goes on from entry {made.restored_size}.")
    typer.echo(f"Set LIENTHONG_LOG_KEY to {out}, and add to LIENTHONG_LOG_OLD_KEYS: {made.old.vkey}")
    typer.echo("Where LIENTHONG_LOG_MEMORY is set, name a new file there. Restart, and publish the new verifier key:")
    typer.echo(made.new.vkey)


def _keys(policy: LogPolicy, given: list[str] | None, origin: str | None) -> tuple[tuple[Verifier, ...], str]:
    """The keys to verify with, and the log they are of."""
    if not given:
        return (*policy.verifiers, *policy.witnesses.values()), origin or policy.origin
    try:
        verifiers = load_verifiers([text if "+" in text else Path(text) for text in given])
    except (TlogError, OSError) as error:
        message = f"--key: {error}"
        raise CannotVerify(message) from error
    return verifiers, origin or policy.origin or verifiers[0].name


def _held(state: Path) -> Progress | None:
    try:
        held = json.loads(state.read_text("utf-8"))
        return Progress.parse(held)
    except (OSError, ValueError):
        return None


def _save(state: Path, progress: Progress) -> None:
    state.parent.mkdir(parents=True, exist_ok=True)
    new = state.with_name(f"{state.name}.new")
    new.write_text(json.dumps(asdict(progress)), "utf-8")
    new.replace(state)


def _new(path: Path) -> BinaryIO:
    try:
        return path.open("xb")
    except OSError as error:
        typer.echo(f"lienthong: {path}: {error.strerror}", err=True)
        raise typer.Exit(NOT_DONE) from error


def _correlation() -> str:
    return f"audit-{token_hex(8)}"
