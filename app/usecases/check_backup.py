"""Read a backup again: the manifest's signature, every file's hash, every document's."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.manifest import MANIFEST, Manifest
from app.tlog import Verifier
from app.usecases import backup_archives, backup_files
from app.usecases.backup_files import DOCUMENTS, SIGNATURE, BackupRefused
from app.vault import LocalVault, ObjectDamaged, ObjectMissing


@dataclass(frozen=True, slots=True)
class CheckedBackup:
    """A backup that is whole. ``signed``: a known key of the log has signed its manifest."""

    manifest: Manifest
    manifest_sha256: str
    signed: bool
    size_bytes: int


async def check(folder: Path, name: str | None, verifiers: Sequence[Verifier]) -> CheckedBackup:
    """Hash all of a backup again; without a name, the newest.

    Raises:
        BackupRefused: it is not whole, or not what was signed; names the first file that is not.
    """
    chosen = name or next(reversed(backup_files.names(folder)), None)
    if chosen is None:
        message = f"{folder}: there is no backup"
        raise BackupRefused(message)
    return await check_at(folder / chosen, chosen, folder / DOCUMENTS, verifiers)


async def check_at(at: Path, name: str, documents: Path, verifiers: Sequence[Verifier]) -> CheckedBackup:
    """The same for the backup ``name`` that lies ``at`` a folder, its files in ``documents``."""
    manifest, digest, signed = await asyncio.to_thread(backup_files.read_manifest, at, name, verifiers)
    await asyncio.to_thread(_check_files, at, manifest)
    listed = await asyncio.to_thread(backup_files.document_list, at)
    vault, gone = LocalVault(documents), set(manifest.missing)
    for sha256, size_bytes in listed if manifest.documents_kept else []:
        if sha256 in gone:
            continue
        try:
            held_bytes = await vault.check(sha256)
        except (ObjectMissing, ObjectDamaged) as error:
            message = f"{documents}: {error}"
            raise BackupRefused(message) from error
        if held_bytes != size_bytes:
            message = f"{documents}: {sha256} has {held_bytes} bytes instead of {size_bytes}"
            raise BackupRefused(message)
    size = sum(mark.size_bytes for mark in manifest.files.values())
    size += await backup_archives.check(at, vault, frozenset(gone))
    return CheckedBackup(manifest, digest, signed, size + manifest.document_bytes)


def _check_files(folder: Path, manifest: Manifest) -> None:
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    strange = there - manifest.files.keys() - {MANIFEST, SIGNATURE}
    if strange:
        message = f"{folder}: {min(strange)} does not belong to this backup"
        raise BackupRefused(message)
    for name, mark in sorted(manifest.files.items()):
        path = folder / name
        if name not in there or path.stat().st_size != mark.size_bytes or backup_files.sha256_of(path) != mark.sha256:
            message = f"{path}: missing, or not what it was"
            raise BackupRefused(message)
