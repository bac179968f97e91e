"""Backups that can be put back: whole, signed, elsewhere; and what a restored gateway must not believe."""

import asyncio
import itertools
import os
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.cli import cli
from app.domain.manifest import MANIFEST
from app.store import backups, snapshot
from app.store.session import Database
from app.store.tables import audit
from app.tlog import create_key_file, load_signer
from app.usecases import accept_restore, backup, backup_files, check_backup, restore, verify_log
from app.usecases.accept_restore import NothingToAccept
from app.usecases.backup import Plan
from app.usecases.backup_files import DOCUMENTS, BackupRefused
from app.usecases.context import Context
from app.usecases.restore import Source
from app.usecases.verify_log import Wanted
from app.vault import LocalVault
from connectors.testing import InMemoryConnector
from tests import papers_world
from tests.asking import rows_of
from tests.bounds import AMPLE_SECONDS
from tests.factories import ManualClock
from tests.logging_world import ORIGIN, SIGNER, open_events, policy, sequence_all
from tests.papers_world import World, metadata, paper
from tests.retention_world import approved, archiving, prune_all, years
from tests.worlds import CALLER, code, dossier, drain, hand_over, step

_places = itertools.count(1)
ROOT = Path(__file__).parents[2]
NEXT = "log.example/h15-2"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of backups that nobody has made yet."""
    return tmp_path / "backups"


@contextmanager
def empty_place(like: Database, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of the same engine."""
    number = next(_places)
    with ExitStack() as stack:
        if like.is_sqlite:
            yield f"sqlite:///{tmp_path / f'restored-{number}' / 'lienthong.sqlite3'}"
        else:
            name = f"restored_{os.getpid()}_{number}"
            yield stack.enter_context(snapshot.scratch_database(like.url, name))


def inside(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def copied(place: Path) -> bool:
    """Whether a backup that is under way holds a database."""
    return any(path.stat().st_size for path in place.glob(".incoming-*/database/*.sqlite3"))


def files_below(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]


def world_of(database: Database, root: Path, connector: InMemoryConnector, memory: Path) -> World:
    made = papers_world.make(database, root, connector=connector)
    # No time between two signatures: a test waits for none.
    made.context = replace(made.context, log=policy(memory=memory, checkpoint_seconds=0.001))
    return made


async def rehearse(
    context: Context, database: Database, root: Path, source: Source
) -> tuple[Context, restore.Restored]:
    """Restore into another database and folder, with the same far side and log."""
    assert context.files is not None
    files = replace(context.files, vault=LocalVault(root))
    there = replace(context, database=database, files=files)
    return there, await restore.restore(there, CALLER, source, "the disk is gone")


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> World:
    """One delivered dossier with a paper, one that waits, all in a signed log."""
    made = world_of(database, tmp_path / "documents", InMemoryConnector(), tmp_path / "log.signed")
    await hand_over(made.context, dossier(), step())
    await papers_world.keep(made, metadata(), paper())
    await drain(made.context)
    await hand_over(made.context, dossier(2), step(2))
    await sequence_all(made.context)
    return made


async def test_after_a_restore_nothing_goes_twice_and_the_log_holds(world: World, place: Path, tmp_path: Path) -> None:
    context, national = world.context, world.context.connectors
    portal = next(iter(national.values()))
    assert isinstance(portal, InMemoryConnector)
    made = await backup.make(context, CALLER, Plan(place, "test"))
    assert (made.manifest.documents, made.missing) == (1, ())
    # The lost time: what waited is delivered, a step comes and goes, the log is signed on.
    await drain(context)
    await hand_over(context, step(2, 2))
    await drain(context)
    await sequence_all(context)
    before = list(portal.ledger)
    with empty_place(context.database, tmp_path) as url:
        database = Database(url)
        there, restored = await rehearse(context, database, tmp_path / "restored-documents", Source(place))
        try:
            assert (restored.in_doubt, restored.documents) == (2, 1)
            assert restored.log_checked == made.manifest.log_size
            assert restored.signed_beyond > 0
            assert sorted(await _objects(there)) == world.objects()
            await drain(there)
            assert portal.ledger == before
            # Handed over again by the one-stop software, which has not lost it.
            await hand_over(there, step(2, 2), step(2, 3))
            await drain(there)
            assert [each.kind for each in portal.ledger[len(before) :]] == ["step"]
            assert len(portal.steps(code(2))) == 3
            await _goes_on(there, tmp_path)
        finally:
            await database.aclose()


async def _objects(context: Context) -> list[str]:
    assert context.files is not None
    return [entry.sha256 async for entry in context.files.vault.entries()]


async def _goes_on(there: Context, tmp_path: Path) -> None:
    """The leader refuses what lies behind its memory; under a new name the log goes on, and holds."""
    await sequence_all(there)
    assert "log_broken" in await open_events(there.database)
    with pytest.raises(NothingToAccept, match="a new one"):
        await accept_restore.accept(there, CALLER, ORIGIN, tmp_path / "no.key", "gone")
    key = tmp_path / "next.key"
    epoch = await accept_restore.accept(there, CALLER, NEXT, key, "the disk is gone")
    assert (epoch.lost > 0, epoch.old) == (True, SIGNER.verifier)
    signer = load_signer(key)
    keys = (signer.verifier, SIGNER.verifier)
    on = replace(there.log, origin=NEXT, signer=signer, verifiers=keys, earlier=(ORIGIN,), memory=tmp_path / "next.mem")
    context = replace(there, log=on)
    await sequence_all(context)
    assert "log_broken" not in await open_events(there.database)
    held = await verify_log.verify(
        context, Wanted(keys, NEXT, ((tmp_path / "next.mem").read_text("utf-8"),), earlier=(ORIGIN,))
    )
    assert held.finding is None
    with pytest.raises(NothingToAccept, match="goes on by itself"):
        await accept_restore.accept(context, CALLER, "log.example/h15-3", tmp_path / "no.key", "again")
    # Whoever kept a checkpoint of the lost time finds the loss, and the log says why.
    outside = (tmp_path / "log.signed").read_text("utf-8")
    found = await verify_log.verify(context, Wanted(keys, NEXT, (outside,), earlier=(ORIGIN,)))
    assert found.finding is not None
    outcomes = {row["outcome"] for row in await rows_of(there.database, audit)}
    assert {"restored", "log_loss_accepted"} <= outcomes


async def test_a_backup_is_on_record_whole_signed_and_older_ones_go_only_after_it(
    world: World, place: Path, tmp_path: Path
) -> None:
    context, keys = world.context, tmp_path / "keys"
    (tmp_path / "log.key").write_text("a secret", "utf-8")
    (tmp_path / "log.key").chmod(0o644)
    files = {"log.key": tmp_path / "log.key", "absent": tmp_path / "absent"}
    plan = Plan(place, "test", keys_to=keys, key_files=files, keep=1)
    first = await backup.make(context, CALLER, plan)
    assert first.keys == ("log.key",)
    assert (keys / first.name / "log.key").stat().st_mode & 0o777 == 0o600
    assert not [path for path in files_below(place) if b"a secret" in path.read_bytes()]
    assert (place / first.name / MANIFEST).stat().st_mode & 0o077 == 0
    checked = await check_backup.check(place, None, context.log.verifiers)
    assert (checked.signed, checked.manifest_sha256) == (True, first.manifest_sha256)
    # One that cannot be made takes nothing away.
    with pytest.raises(BackupRefused, match="must not lie in one another"):
        await backup.make(context, CALLER, replace(plan, keys_to=place / "keys"))
    (keys / "blocked").write_text("no folder", "utf-8")
    with pytest.raises(BackupRefused, match="the keys cannot be copied"):
        await backup.make(context, CALLER, replace(plan, keys_to=keys / "blocked"))
    assert inside(place) == sorted([".lock", "documents", first.name])
    second = await backup.make(context, CALLER, plan)
    assert (second.pruned, backup_files.names(place)) == ((first.name,), [second.name])
    await check_backup.check(place, second.name, context.log.verifiers)
    assert len(files_below(place / "documents" / "objects")) == 1
    outcomes = [row["outcome"] for row in await rows_of(context.database, audit) if row["outcome"].startswith("backup")]
    assert outcomes == [
        "backup_begun",
        "backup_verified",
        "backup_begun",
        "backup_failed",
        "backup_begun",
        "backup_verified",
    ]


async def test_what_was_touched_is_found_and_not_put_back(world: World, place: Path, tmp_path: Path) -> None:
    context = world.context
    made = await backup.make(context, CALLER, Plan(place, "test"))
    at, verifiers = place / made.name, context.log.verifiers
    document = files_below(place / "documents" / "objects")[0]

    async def refused(words: str) -> None:
        with pytest.raises(BackupRefused, match=words):
            await check_backup.check(place, made.name, verifiers)

    table = max((at / "database").iterdir(), key=lambda path: path.stat().st_size)
    for victim in (table, document):
        whole = victim.read_bytes()
        victim.chmod(0o600)
        victim.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        await refused("not what it was|damaged")
        victim.write_bytes(whole)
    (at / "stranger").write_text("x", "utf-8")
    await refused("does not belong")
    (at / "stranger").unlink()
    manifest = at / MANIFEST
    told = manifest.read_text("utf-8")
    manifest.write_text(told.replace('"agency": "H15"', '"agency": "H16"'), "utf-8")
    await refused("the signature is not over this manifest")
    manifest.write_text(told, "utf-8")
    (at / "manifest.note").rename(tmp_path / "note")
    await refused("not signed by a known key")
    (tmp_path / "note").rename(at / "manifest.note")
    assert (await check_backup.check(place, made.name, ())).signed is False
    with pytest.raises(BackupRefused, match="not empty"):
        await restore.restore(context, CALLER, Source(place), "again")


async def test_a_drill_is_on_record_also_when_it_fails(world: World, place: Path) -> None:
    context = world.context
    made = await backup.make(context, CALLER, Plan(place, "test"))

    async def rehearsed(url: str, documents: str) -> restore.Restored:
        database = Database(url)
        try:
            return (await rehearse(context, database, Path(documents), Source(place)))[1]
        finally:
            await database.aclose()

    held = await restore.drill(context, CALLER, Source(place), rehearsed)
    assert held.log_checked == made.manifest.log_size
    async with context.database.read() as session:
        row = await backups.newest_drill(session)
    assert row is not None
    assert (row["name"], row["drill_fault"]) == (made.name, None)
    next((place / made.name / "database").iterdir()).unlink()
    with pytest.raises(BackupRefused):
        await restore.drill(context, CALLER, Source(place), rehearsed)
    async with context.database.read() as session:
        row = await backups.newest_drill(session)
    assert row is not None
    assert "missing" in str(row["drill_fault"])
    assert inside(place) == sorted([".lock", "documents", made.name])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_copies_are_made_tried_and_put_back_on_the_command_line(
    database_url: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    key = create_key_file(tmp_path / "log.key", ORIGIN)
    monkeypatch.setenv("LIENTHONG_LOG_KEY", str(tmp_path / "log.key"))
    monkeypatch.setenv("LIENTHONG_DATABASE_URL", database_url)
    runner = CliRunner()

    def said(*arguments: str, code: int = 0) -> str:
        result = runner.invoke(cli, list(arguments))
        assert result.exit_code == code, result.output
        return result.output

    made = said("backup", "make", str(place), "--keys-to", str(tmp_path / "keys"), "--keep", "1")
    assert "verified" in made
    assert "keys: log.key" in made
    (name,) = said("backup", "list", str(place)).split()
    assert "signed by the log's key" in said("backup", "verify", str(place), "--name", name)
    assert "the drill held" in said("backup", "drill", str(place))
    there = ("--database-url", f"sqlite:///{tmp_path / 'new' / 'db.sqlite3'}", "--documents", str(tmp_path / "new"))
    told = said("restore", str(place), *there, "--reason", "thử")
    assert "log: holds" in told
    assert "THE LOG" not in told
    assert "not empty" in said("restore", str(place), *there, "--reason", "thử", code=2)
    new = ("--out", str(tmp_path / "2.key"), "--reason", "thử")
    assert "goes on by itself" in said("audit", "accept-restore", NEXT, *new, code=2)
    # Elsewhere the public key is enough, and without any key a copy is told to be unsigned.
    monkeypatch.delenv("LIENTHONG_LOG_KEY")
    assert "signed by the log's key" in said("backup", "verify", str(place), "--key", key.vkey)
    assert "NOT SIGNED" in said("backup", "verify", str(place))
    said("backup", "verify", str(place), "--key", "x+y", code=2)
    assert "there is no backup" in said("backup", "verify", str(tmp_path / "nothing"), code=2)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(
    world: World, place: Path, tmp_path: Path
) -> None:
    # Reading it waits for a writer that never comes: the backup stands in the middle for as long as we like.
    (document,) = files_below(world.root / "objects")
    whole = document.read_bytes()
    document.unlink()
    os.mkfifo(document)
    database = world.context.database
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LIENTHONG_DATABASE_URL": database.url.replace("+aiosqlite", ""),
        "LIENTHONG_DOCUMENTS_URL": str(world.root),
    }
    command = (sys.executable, "-m", "app", "backup", "make", str(place))
    process = await asyncio.create_subprocess_exec(*command, env=environment, cwd=tmp_path, stdout=DEVNULL)
    async with asyncio.timeout(AMPLE_SECONDS):
        while not copied(place):
            assert process.returncode is None
            await asyncio.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
    assert backup_files.names(place) == []
    document.unlink()
    document.write_bytes(whole)
    made = await backup.make(world.context, CALLER, Plan(place, "test"))
    assert inside(place) == sorted([".lock", "documents", made.name])
    async with database.read() as session:
        rows = await session.rows(text("SELECT state, fault FROM backups ORDER BY id"))
    assert [tuple(row) for row in rows] == [("failed", "broken off"), ("verified", None)]


async def test_a_backup_keeps_what_has_left_the_log_and_a_restore_puts_it_back(
    clocked_database: Database, clock: ManualClock, place: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "archives"
    folder.mkdir()
    context = archiving(clocked_database, folder)
    await years(context, clock)
    await approved(context)
    await prune_all(context)
    clock.advance(120)
    await sequence_all(context)
    names = inside(folder)
    assert len(names) == 3
    made = await backup.make(context, CALLER, Plan(place, "0"))
    assert made.missing == ()
    # They are copied once, and go with the last backup that speaks of them.
    held = len(files_below(place / DOCUMENTS))
    await backup.make(context, CALLER, Plan(place, "0", keep=1))
    assert len(files_below(place / DOCUMENTS)) == held

    there = replace(context.retention, archive_dir=tmp_path / "put-back")
    with empty_place(clocked_database, tmp_path) as url:
        restored_to = Database(url, clock=clock)
        try:
            moved = replace(context, database=restored_to, retention=there)
            restored = await restore.restore(moved, CALLER, Source(place), "the disk is gone")
            assert (restored.archives, inside(tmp_path / "put-back")) == (3, names)
            wanted = Wanted(context.log.verifiers, ORIGIN, archives=there.archive_dir)
            checked = await verify_log.verify(moved, wanted)
            assert (checked.finding, checked.archived, checked.unread) == (None, 26, {})
        finally:
            await restored_to.aclose()

    (folder / names[0]).unlink()
    kept = next(path for path in files_below(place / DOCUMENTS) if path.name in names[0] or path.stat().st_size)
    kept.chmod(0o600)
    kept.write_bytes(b"another file")
    with pytest.raises(BackupRefused, match="archive"):
        await check_backup.check(place, None, context.log.verifiers)
