"""Put a backup back into empty places, hold its log to what it was, and let nothing go that may have gone already.

A restored database is older than the world: what was delivered after the backup is not known in it, and signatures of
the log that were given since cover entries that are gone. The first is asked about before it is sent; the second is
told, and never papered over (``app.usecases.accept_restore``).
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.errors import LienThongError
from app.store import audit, backups, restoring, snapshot
from app.store.session import Row, WriteSession
from app.usecases import backup_archives, backup_files, check_backup, log_signing, verify_log
from app.usecases.backup import copy_documents, entry_of
from app.usecases.backup_files import DATABASE, DOCUMENTS, DRILL, BackupRefused
from app.usecases.check_backup import CheckedBackup
from app.usecases.context import Caller, Context
from app.usecases.verify_log import Wanted
from app.vault import LocalVault, Vault

_REASON_MAX = 500


@dataclass(frozen=True, slots=True)
class Source:
    """Which backup: a folder of backups, and a name in it (None: the newest)."""

    folder: Path
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """A database that was put back. ``in_doubt`` records are asked about before they are sent.

    ``log_checked`` is None where no key is known to check with. ``signed_beyond`` is how many entries the log's memory
    speaks of that this database does not have. ``archives`` were put back; None: there is no folder for them here.
    """

    backup: CheckedBackup
    in_doubt: int
    documents: int
    log_checked: int | None
    signed_beyond: int
    archives: int | None = 0


async def restore(context: Context, caller: Caller, source: Source, reason: str) -> Restored:
    """Put a backup into the database and the store of ``context``, both empty.

    Raises:
        BackupRefused: it is not whole, a place is not empty, or its log does not hold.
        SnapshotFailed, VaultUnavailable: it could not be put back.
    """
    url, vault = context.database.url, context.files.vault if context.files else None
    checked = await check_backup.check(source.folder, source.name, context.log.verifiers)
    await _require_empty(url, vault, checked)
    at = source.folder / checked.manifest.name
    await asyncio.to_thread(snapshot.put_back, url, at / DATABASE, checked.manifest.revision)
    copied = await _documents(vault, source.folder, at, checked)
    lost = frozenset(checked.manifest.missing)
    archives = await backup_archives.put_back(context, at, LocalVault(source.folder / DOCUMENTS), lost)
    log_checked = await _check_log(context, checked)
    in_doubt = await _begin_anew(context, caller, checked, reason)
    beyond = max(_remembered(context) - checked.manifest.log_size, 0)
    return Restored(checked, in_doubt, copied, log_checked, beyond, archives)


async def _require_empty(url: str, vault: Vault | None, checked: CheckedBackup) -> None:
    if not await asyncio.to_thread(snapshot.is_empty, url):
        message = "the database is not empty; a backup is put back into an empty one only"
        raise BackupRefused(message)
    if (url.startswith("sqlite")) is not (checked.manifest.engine == "sqlite"):
        message = f"the backup is of {checked.manifest.engine}, and the database is another"
        raise BackupRefused(message)
    if vault is not None and checked.manifest.documents_kept:
        async for _ in vault.entries():
            message = "the document store is not empty; a backup is put back into an empty one only"
            raise BackupRefused(message)


async def _documents(vault: Vault | None, folder: Path, at: Path, checked: CheckedBackup) -> int:
    if vault is None or not checked.manifest.documents_kept:
        return 0
    listed = await asyncio.to_thread(backup_files.document_list, at)
    lost = set(checked.manifest.missing)
    wanted = [(sha256, size) for sha256, size in listed if sha256 not in lost]
    gone = await copy_documents(LocalVault(folder / DOCUMENTS), vault, wanted)
    if gone:
        message = f"{folder / DOCUMENTS}: {gone[0]} is missing or damaged"
        raise BackupRefused(message)
    return len(wanted)


async def _check_log(context: Context, checked: CheckedBackup) -> int | None:
    """Read the whole restored log against the checkpoint that the manifest names; entries read."""
    policy = context.log
    if not policy.verifiers:
        return None
    outside = () if checked.manifest.checkpoint is None else (checked.manifest.checkpoint,)
    async with context.database.read() as session:
        since = (await session.now() - checked.manifest.taken_at).total_seconds()
    # What had no leaf yet when the picture was taken has none now; nobody sequences here.
    grace_seconds = max(since, 0.0) + policy.age_max_seconds
    wanted = Wanted(
        policy.verifiers,
        policy.origin,
        outside,
        grace_seconds=grace_seconds,
        earlier=policy.earlier,
        archives=context.retention.archive_dir,
    )
    found = await verify_log.verify(context, wanted)
    if found.finding is not None:
        message = f"the log of the restored database does not hold: {found.finding.words}"
        raise BackupRefused(message)
    return found.entries


async def _begin_anew(context: Context, caller: Caller, checked: CheckedBackup, reason: str) -> int:
    manifest = checked.manifest

    async def work(session: WriteSession) -> int:
        now = await session.now()
        in_doubt = await restoring.doubt(session, now)
        await restoring.close_gaps(session)
        await restoring.end_sessions(session, now)
        row: Row = {"at": now, "by": caller.name, "reason": reason[:_REASON_MAX], "backup_name": manifest.name}
        row |= {"taken_at": manifest.taken_at, "manifest_sha256": checked.manifest_sha256}
        await restoring.put(session, row | {"log_size": manifest.log_size})
        made: Row = {"manifest_sha256": checked.manifest_sha256, "log_size": manifest.log_size}
        made |= {"size_bytes": checked.size_bytes, "missing": len(manifest.missing)}
        await backups.keep_restored(session, manifest.name, now, made)
        detail: dict[str, object] = {"backup": manifest.name, "taken_at": manifest.taken_at.isoformat()}
        detail |= {"manifest_sha256": checked.manifest_sha256, "log_size": manifest.log_size, "in_doubt": in_doubt}
        entry = entry_of(caller, "restored", manifest.name, detail | {"reason": reason[:_REASON_MAX]})
        await audit.append(session, [entry], now)
        return in_doubt

    return await context.database.run(work)


def _remembered(context: Context) -> int:
    """How many entries the log's memory speaks of; 0: there is none, or it cannot be read."""
    try:
        return log_signing.remembered_size(context.log)
    except log_signing.NotSigned:
        return 0


async def drill(
    context: Context,
    caller: Caller,
    source: Source,
    rehearsed: Callable[[str, str], Coroutine[Any, Any, Restored]],
    database_url: str | None = None,
) -> Restored:
    """Put a backup back into a place of its own, and keep what that has shown where ``doctor`` looks.

    Args:
        context: the living database, which is told of it.
        caller: on whose behalf.
        source: which backup.
        rehearsed: restores into a database and a folder, by their addresses.
        database_url: an empty database; None: one is made, beside the backups or on the same server.

    Raises:
        BackupRefused, SnapshotFailed, VaultUnavailable: it cannot be put back; that is on record.
    """
    name = source.name or next(reversed(backup_files.names(source.folder)), None)
    if name is None:
        message = f"{source.folder}: there is no backup"
        raise BackupRefused(message)
    with backup_files.alone(source.folder), ExitStack() as place:
        room = Path(place.enter_context(TemporaryDirectory(prefix=DRILL, dir=source.folder)))
        try:
            url = database_url or _scratch(place, context.database.url, room, name)
            restored = await rehearsed(url, str(room / DOCUMENTS))
        except LienThongError as error:
            await _note_drill(context, caller, name, str(error)[:_REASON_MAX])
            raise
        await _note_drill(context, caller, name, None)
        return restored


def _scratch(place: ExitStack, url: str, room: Path, name: str) -> str:
    if url.startswith("sqlite"):
        return f"sqlite:///{room / snapshot.SQLITE_FILE}"
    scratch = f"lienthong_drill_{name.replace('-', '_').lower()}"
    return place.enter_context(snapshot.scratch_database(url, scratch))


async def _note_drill(context: Context, caller: Caller, name: str, fault: str | None) -> None:
    async def work(session: WriteSession) -> None:
        now = await session.now()
        await backups.note_drill(session, name, now, fault)
        detail: dict[str, object] = {"backup": name, "fault": fault or ""}
        outcome = "drill_failed" if fault else "drill_held"
        await audit.append(session, [entry_of(caller, outcome, name, detail)], now)

    await context.database.run(work)
