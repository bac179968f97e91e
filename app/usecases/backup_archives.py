"""What has left the log is in archive files only, so each backup keeps them too: once each, beside the documents.

An archive never changes, and its hash is recorded in the log; it is kept under that hash, as a document is.
"""

import asyncio
from pathlib import Path

from app.store import archives
from app.tlog import BadArchive, archive
from app.usecases.backup_files import ARCHIVE_LIST, BackupRefused, archive_list
from app.usecases.context import Context
from app.vault import LocalVault, ObjectDamaged, ObjectMissing


async def copy(context: Context, target: LocalVault, work: Path) -> list[str]:
    """Copy each archive that the log speaks of and that is not there yet; gives the names of those that are gone.

    Taken after the picture of the database, so that it holds every one that the picture speaks of.
    """
    folder = context.retention.archive_dir
    async with context.database.read() as session:
        spoken = await archives.all_of(session)
    missing = []
    for each in spoken:
        if await target.holds(each.sha256):
            continue
        data = None if folder is None else await asyncio.to_thread(_bytes_of, folder / each.name)
        if data is None or archive.digest(data) != each.sha256:
            missing.append(each.name)
            continue
        with target.scratch() as scratch:
            await scratch.write(data)
            await target.put(scratch)
    listed = "".join(f"{each.sha256} {each.name}\n" for each in spoken)
    (work / ARCHIVE_LIST).write_text(listed, "utf-8")
    return missing


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


async def check(at: Path, source: LocalVault, gone: frozenset[str]) -> int:
    """Hash the archives of a backup again; their size in bytes.

    Raises:
        BackupRefused: one that is not ``gone`` is missing or damaged.
    """
    size_bytes = 0
    for sha256, name in await asyncio.to_thread(archive_list, at):
        if name not in gone:
            try:
                size_bytes += await source.check(sha256)
            except (ObjectMissing, ObjectDamaged) as error:
                message = f"archive {name}: {error}"
                raise BackupRefused(message) from error
    return size_bytes


async def put_back(context: Context, at: Path, source: LocalVault, gone: frozenset[str]) -> int | None:
    """Put the archives of a backup into the folder of archives; how many. None: there is no such folder.

    Raises:
        BackupRefused: one cannot be read or written.
    """
    folder = context.retention.archive_dir
    wanted = [(sha256, name) for sha256, name in await asyncio.to_thread(archive_list, at) if name not in gone]
    if folder is None:
        return None if wanted else 0
    for sha256, name in wanted:
        try:
            with await source.fetch(sha256) as file:
                data = await asyncio.to_thread(file.read)
            await asyncio.to_thread(_write, folder, name, data)
        except (ObjectMissing, ObjectDamaged, BadArchive) as error:
            message = f"archive {name}: {error}"
            raise BackupRefused(message) from error
    return len(wanted)


def _write(folder: Path, name: str, data: bytes) -> None:
    if Path(name).name != name:
        message = "its name is no name of a file"
        raise BadArchive(message)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    archive.write(folder, name, data)
