"""Make a backup: the database at one moment, the files it speaks of, a signed manifest; keys apart; then read it again.

Database first, then files: a file never changes, so whatever the picture speaks of is still what it was. What is made
while the files are copied is in the next backup. On record before anything is copied, and once more when it is done.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.audit import AuditEntry, AuditKind
from app.domain.manifest import Manifest, name_of, to_prune
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import LienThongError
from app.store import audit, backups, snapshot
from app.store.session import Row, WriteSession
from app.usecases import backup_archives, backup_files, check_backup
from app.usecases.backup_files import DATABASE, DOCUMENT_LIST, DOCUMENTS, BackupRefused
from app.usecases.context import Caller, Context
from app.vault import LocalVault, ObjectDamaged, ObjectMissing, Vault
from app.vault.base import BLOCK_BYTES

_FAULT_MAX = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a backup goes. Of verified backups ``keep`` stay (None: all). ``version`` is the software's."""

    folder: Path
    version: str
    keys_to: Path | None = None
    key_files: Mapping[str, Path] = field(default_factory=dict)
    keep: int | None = None
    tell: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made and read again. ``missing`` are files that are spoken of and were not there."""

    name: str
    manifest: Manifest
    manifest_sha256: str
    keys: tuple[str, ...]
    pruned: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Files that are spoken of and were not there, or damaged."""
        return self.manifest.missing


async def make(context: Context, caller: Caller, plan: Plan) -> Made:
    """Make a backup.

    Raises:
        BackupRefused, SnapshotFailed, VaultUnavailable: it was not made, and that is on record.
        AuditUnavailable, StoreBusy: nothing may be put on record, so nothing was copied.
    """
    _check_places(context, plan)
    with backup_files.alone(plan.folder):
        async with context.database.read() as session:
            name = name_of(await session.now(), backup_files.names(plan.folder))
        backup_id = await _begin(context, caller, plan, name)
        try:
            broken = await asyncio.to_thread(backup_files.clear_broken, plan.folder)
            if broken:
                plan.tell(f"broken-off backups taken away: {broken}")
            work = await asyncio.to_thread(backup_files.begin, plan.folder, name)
            await _copy(context, plan, name, work)
            plan.tell("reading it again")
            # Before it has its name: whatever has one is whole.
            checked = await check_backup.check_at(work, name, plan.folder / DOCUMENTS, context.log.verifiers)
            keys = await _keys(plan, name)
            await asyncio.to_thread(backup_files.finish, work, plan.folder, name)
        except (LienThongError, OSError) as error:
            with suppress(OSError):
                # Where a disk is full, what was begun must not keep it so.
                await asyncio.to_thread(backup_files.clear_broken, plan.folder)
            await _end(context, caller, name, backup_id, {"state": backups.FAILED, "fault": str(error)[:_FAULT_MAX]})
            if isinstance(error, OSError):
                message = f"{error.filename}: {error.strerror}"
                raise BackupRefused(message) from error
            raise
        manifest = checked.manifest
        row: Row = {"state": backups.VERIFIED, "manifest_sha256": checked.manifest_sha256}
        row |= {"log_size": manifest.log_size, "size_bytes": checked.size_bytes, "missing": len(manifest.missing)}
        await _end(context, caller, name, backup_id, row, manifest)
        # Only now: what is there must never be less than it was.
        pruned = await _prune(plan)
        return Made(name, manifest, checked.manifest_sha256, keys, pruned)


def _check_places(context: Context, plan: Plan) -> None:
    places = {"folder of backups": plan.folder}
    if plan.keys_to is not None:
        places["place of the keys"] = plan.keys_to
    vault = context.files.vault if context.files else None
    if isinstance(vault, LocalVault):
        places["document store"] = vault.root
    if context.retention.archive_dir is not None:
        places["folder of archives"] = context.retention.archive_dir
    backup_files.check_apart(places)


async def _begin(context: Context, caller: Caller, plan: Plan, name: str) -> int:
    async def work(session: WriteSession) -> int:
        now = await session.now()
        detail: dict[str, object] = {"backup": name, "folder": str(plan.folder), "keys": plan.keys_to is not None}
        await audit.append(session, [entry_of(caller, "backup_begun", name, detail)], now)
        return await backups.begin(session, name, str(plan.folder)[:500], caller.name, now)

    return await context.database.run(work)


async def _end(
    context: Context, caller: Caller, name: str, backup_id: int, values: Row, manifest: Manifest | None = None
) -> None:
    detail: dict[str, object] = {"backup": name} | {key: values[key] for key in values if key != "state"}
    if manifest is not None:
        detail |= {"documents": manifest.documents, "tables": len(manifest.tables)}

    async def work(session: WriteSession) -> None:
        now = await session.now()
        await backups.end(session, backup_id, values | {"ended_at": now})
        await audit.append(session, [entry_of(caller, f"backup_{values['state']}", name, detail)], now)

    await context.database.run(work)


async def _copy(context: Context, plan: Plan, name: str, work: Path) -> None:
    plan.tell("database")
    taken = await asyncio.to_thread(snapshot.take, context.database.url, work / DATABASE)
    plan.tell(f"documents: {len(taken.objects)}")
    vault = context.files.vault if context.files else None
    missing: list[str] = []
    if isinstance(vault, LocalVault):
        missing = await copy_documents(vault, LocalVault(plan.folder / DOCUMENTS), taken.objects)
    missing += await backup_archives.copy(context, LocalVault(plan.folder / DOCUMENTS), work)
    listed = "".join(f"{sha256} {size}\n" for sha256, size in taken.objects)
    (work / DOCUMENT_LIST).write_text(listed, "ascii")
    manifest = Manifest(
        name=name,
        version=plan.version,
        agency=context.agency,
        engine=taken.engine,
        revision=taken.revision,
        taken_at=taken.at,
        log_origin=context.log.origin,
        log_size=taken.log_size,
        checkpoint=taken.checkpoint,
        tables=taken.tables,
        files=await asyncio.to_thread(backup_files.marks, work),
        documents=len(taken.objects),
        document_bytes=sum(size for _, size in taken.objects),
        documents_kept=vault is None or isinstance(vault, LocalVault),
        missing=tuple(missing),
    )
    await asyncio.to_thread(backup_files.write_manifest, work, manifest, context.log.signer)


async def copy_documents(source: Vault, target: Vault, objects: Iterable[tuple[str, int]]) -> list[str]:
    """Copy each file (hash, size) that is not there yet, hashed on the way; gives those that are missing or damaged."""
    missing = []
    for sha256, _ in objects:
        if await target.holds(sha256):
            continue
        try:
            file = await source.fetch(sha256)
        except (ObjectMissing, ObjectDamaged):
            missing.append(sha256)
            continue
        with file, target.scratch() as scratch:
            while block := await asyncio.to_thread(file.read, BLOCK_BYTES):
                await scratch.write(block)
            await target.put(scratch)
    return missing


async def _keys(plan: Plan, name: str) -> tuple[str, ...]:
    if plan.keys_to is None:
        return ()
    return tuple(await asyncio.to_thread(backup_files.copy_keys, plan.key_files, plan.keys_to / name))


async def _prune(plan: Plan) -> tuple[str, ...]:
    if plan.keep is None:
        return ()
    gone = tuple(to_prune(backup_files.names(plan.folder), plan.keep))
    if gone:
        await asyncio.to_thread(backup_files.prune, plan.folder, gone)
    return gone


def entry_of(caller: Caller, outcome: str, correlation_id: str, detail: dict[str, object]) -> AuditEntry:
    """What the log says of a backup, a restore or a drill."""
    return AuditEntry(
        kind=AuditKind.OPERATION,
        outcome=outcome,
        actor=caller.name,
        agency=caller.agency,
        purpose=Purpose.OPERATION.value,
        legal_basis=LEGAL_BASIS[Purpose.OPERATION],
        correlation_id=correlation_id,
        detail=detail,
    )
