"""A log with a past, an outsider who keeps a bundle of it, a lie in a copy, and the two who look for it."""

import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from app.domain.log_check import Finding, Lie
from app.sealing import MasterKey, MasterKeys
from app.store import migrate
from app.store.log_tables import log_leaves
from app.store.session import Database, WriteSession
from app.store.tables import audit
from app.tlog import Signer, generate, load_signer
from app.usecases import export_log, prove_log, verify_log
from app.usecases.context import Caller, Context, LogPolicy
from app.usecases.export_log import About
from app.usecases.sequence_log import sequence
from app.usecases.verify_log import Wanted
from tamper import liar
from tamper.kinds import BESIDE, KINDS, ROLLED_BACK, Kind, Target, disarm
from tests import worlds

ORIGIN: Final = "lienthong.test/tamper"
_CALLER: Final = Caller("outsider", "H15", frozenset())
_BATCH: Final = 50
# Wraps the keys of whom the scene's own entries are about.
MASTER: Final = MasterKeys.of(MasterKey.generate())


@dataclass(frozen=True, slots=True)
class Found:
    """Whether a lie was found, and the words of each finder."""

    kind: str
    found_by_us: bool
    found_by_bundle: bool
    words: str
    bundle_words: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What lies ready: the older copy, the log of today, the bundle that the outsider holds, its checkpoint."""

    folder: Path
    older: Path
    today: Path
    bundle: Path
    checkpoint: str
    size: int
    dossier: str
    target: Target


def policy_of(signer: Signer) -> LogPolicy:
    """Sign whenever the log has grown."""
    return LogPolicy(origin=signer.name, signer=signer, verifiers=(signer.verifier,), checkpoint_seconds=0.0)


@asynccontextmanager
async def opened(file: Path, signer: Signer) -> AsyncIterator[Context]:
    """The gateway over a database file, signing whenever the log has grown."""
    database = Database(f"sqlite:///{file}", keys=MASTER)
    try:
        yield worlds.context_of(database, log=policy_of(signer))
    finally:
        await database.aclose()


async def live(context: Context, first: int, dossiers: int) -> None:
    """Take dossiers in, with two steps each, deliver them to the fake, and sequence all that was put on record."""
    for number in range(first, first + dossiers):
        records = (worlds.dossier(number), worlds.step(number, 1), worlds.step(number, 2))
        await worlds.hand_over(context, *records)
    await worlds.drain(context)
    await sequence_all(context)


async def sequence_all(context: Context) -> None:
    """Bring everything into the tree, in small batches, so that there are checkpoints in between."""
    while await sequence(context, "tamper", _BATCH):
        pass


async def prepare(folder: Path, source: Path | None, dossiers: int) -> Scene:
    """Make the scene; from a copy of ``source`` when there is one, else from a database of its own."""
    older, today, key = folder / "older.sqlite3", folder / "today.sqlite3", _key_of(source)
    if source is not None:
        copy(source, older)
    migrate.upgrade(f"sqlite:///{older}")
    async with opened(older, key) as context:
        if source is None:
            await live(context, 1, dossiers)
        await sequence_all(context)
    copy(older, today)
    bundle = folder / "held"
    async with opened(today, key) as context:
        # Life goes on after the older copy was taken, and again after the outsider has got the bundle.
        await live(context, 9001, 3)
        target, dossier = await target_of(context, key)
        held = folder / "held.zip"
        with held.open("xb") as file:
            await export_log.export(context, _CALLER, About.DOSSIER, dossier, file, correlation_id="tamper")
        async with context.database.read() as session:
            signed = await prove_log.newest(session)
        await live(context, 9101, 3)
    unpack(held, bundle)
    return Scene(folder, older, today, bundle, signed.note, signed.size, dossier, target)


def _key_of(source: Path | None) -> Signer:
    """The key of the log that is copied, which lies beside it: what it has signed already must go on."""
    beside = None if source is None else source.with_name("log.key")
    return load_signer(beside) if beside is not None and beside.is_file() else Signer.parse(generate(ORIGIN))


async def target_of(context: Context, key: Signer) -> tuple[Target, str]:
    """Two entries of one dossier that has stood in the log for long."""
    counted = select(audit.c.dossier_code).join(log_leaves, log_leaves.c.audit_id == audit.c.id)
    grouped = counted.where(audit.c.dossier_code.is_not(None)).group_by(audit.c.dossier_code)
    async with context.database.read() as session:
        rows = await session.rows(grouped.having(func.count() > 1).order_by(func.min(audit.c.id)).limit(1))
        dossier = rows[0][0]
        ids = await session.rows(
            select(audit.c.id).where(audit.c.dossier_code == dossier).order_by(audit.c.id).limit(2)
        )
        [(valued,)] = await session.rows(select(func.max(audit.c.id)).where(audit.c.commitments.is_not(None)))
    return Target(ids[0][0], ids[1][0], key.name, key, valued or 0), dossier


async def try_all(scene: Scene, tell: Callable[[Found], None]) -> list[Found]:
    """Plant each lie in a copy of its own, and look for it; first that nobody cries wolf over what is right."""
    found: list[Found] = []
    control = await _look(scene, "untouched", scene.today, None)
    tell(control)
    for kind in (*KINDS, *BESIDE):
        file = scene.folder / f"{kind.name}.sqlite3"
        copy(scene.today, file)
        found.append(await _look(scene, kind.name, file, kind))
        tell(found[-1])
    found.append(await _look(scene, ROLLED_BACK, scene.older, None))
    tell(found[-1])
    if control.found_by_us or control.found_by_bundle:
        message = f"a lie was found where none is: {control.words} {control.bundle_words}"
        raise RuntimeError(message)
    return found


async def _look(scene: Scene, name: str, file: Path, kind: Kind | None) -> Found:
    async with opened(file, scene.target.signer) as context:
        if kind is not None:
            await plant(context, kind, scene.target)
        finding = await look(context, (scene.checkpoint,))
        archive, folder = scene.folder / f"{name}.zip", scene.folder / name
        async with context.database.read() as session:
            await liar.export(session, scene.dossier, context.log.verifiers, scene.size, archive)
    unpack(archive, folder)
    exit_code, words = ask_bundle(folder, scene.bundle, scene.target.signer.verifier.vkey)
    wanted = kind.lie if kind else Lie.ROLLED_BACK
    right = finding is not None and finding.lie is wanted
    if kind is not None and kind.names_entry and finding is not None:
        right = right and finding.audit_id == (scene.target.valued if kind in BESIDE else scene.target.first)
    return Found(name, right, exit_code == 1 and words.startswith("SAI"), finding.words if finding else "", words)


async def plant(context: Context, kind: Kind, target: Target) -> None:
    """Do the deed."""

    async def work(session: WriteSession) -> None:
        await disarm(session)
        await kind.plant(session, target)

    await context.database.run(work)


async def look(context: Context, outside: Sequence[str]) -> Finding | None:
    """Our own check, with the checkpoints that were kept outside."""
    checked = await verify_log.verify(context, Wanted(context.log.verifiers, context.log.origin, tuple(outside)))
    return checked.finding


def ask_bundle(what: Path, older: Path | None, vkey: str) -> tuple[int, str]:
    """Run our verifier, never the liar's, on an unpacked bundle or a proof: exit code and last words."""
    command = [sys.executable, "-I", str(export_log.VERIFIER), str(what), "--key", vkey]
    if older is not None:
        command += ["--older", str(older)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - ours
    said = (ended.stderr or ended.stdout).strip().splitlines()
    return ended.returncode, said[-1] if said else ""


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a bundle."""
    with zipfile.ZipFile(archive) as bundle:
        bundle.extractall(folder)


def copy(source: Path, target: Path) -> None:
    """A copy of a database, whatever of it stands in its log file still."""
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def clear(folder: Path) -> None:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
