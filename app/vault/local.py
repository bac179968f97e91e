"""A vault in a folder: ``objects/ab/cd/<sha256>``, ``parts/<upload>/<offset>``, ``incoming/``, ``damaged/``.

Many processes may work on one folder at once. Folders that hold nothing are left standing.
"""

import asyncio
import errno
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from app.vault.base import (
    BLOCK_BYTES,
    DAMAGED,
    INCOMING,
    OBJECTS,
    Entry,
    Leftover,
    joined_bytes,
    leftover,
    object_key,
    offset_at,
    part_key,
    sha256_at,
    upload_key,
)
from app.vault.errors import ObjectDamaged, ObjectMissing, disk
from app.vault.placing import Way, place, replace, sync_folder
from app.vault.scratch import Scratch, open_nameless

_TRIES = 5


class LocalVault:
    """Implements ``Vault`` in the folder ``root``, which is made at the first write; all disk work is in threads."""

    def __init__(self, root: Path, *, ways: Sequence[Way] = tuple(Way)) -> None:
        """``ways`` are the ways to name a file that may be tried, the best first."""
        self._root = root.absolute()
        self._incoming = self._root / INCOMING
        self._ways = ways
        # Folders whose own names this process has seen to the disk.
        self._lasting: set[Path] = set()

    @property
    def root(self) -> Path:
        """The folder, as an absolute path."""
        return self._root

    @property
    def spool_dir(self) -> Path:
        """A folder on the same disk, for nameless files of others."""
        return self._incoming

    def scratch(self) -> Scratch:
        """See ``Vault``: in the vault's own folder, so that it can be given a name there."""
        return Scratch(lambda: open_nameless(self._incoming))

    async def put(self, scratch: Scratch) -> bool:
        """See ``Vault``. The rest of a cancelled put goes on in its thread: the object may be there or not."""
        return await asyncio.to_thread(self._put, scratch)

    def _put(self, scratch: Scratch) -> bool:
        with disk("put of an object"), scratch.in_use() as descriptor:
            sha256 = scratch.seal()
            target = self._root / object_key(sha256)
            self._make(target.parent)
            is_new = not os.path.lexists(target) and place(descriptor, target, self._incoming, self._ways)
            if not is_new and _sha256_of(target) != sha256:
                self._set_aside(target)
                replace(descriptor, target, self._incoming)
                is_new = True
            # Held already, too: whoever put it may not have come to this line yet.
            sync_folder(target.parent)
            return is_new

    def _set_aside(self, damaged: Path) -> None:
        # A copy, so that at no moment there is neither the damaged object nor a good one.
        self._make(self._root / DAMAGED)
        with _open(damaged) as file:
            aside = self._root / DAMAGED / f"{damaged.name}.{secrets.token_hex(8)}"
            replace(file.fileno(), aside, self._incoming)
        sync_folder(aside.parent)

    async def fetch(self, sha256: str) -> BinaryIO:
        """See ``Vault``."""
        return await asyncio.to_thread(self._open_whole, sha256)

    async def check(self, sha256: str) -> int:
        """See ``Vault``."""

        def check() -> int:
            with self._open_whole(sha256) as file:
                return os.fstat(file.fileno()).st_size

        return await asyncio.to_thread(check)

    def _open_whole(self, sha256: str) -> BinaryIO:
        path = self._root / object_key(sha256)
        with disk("read of an object"), ExitStack() as closing:
            try:
                file = closing.enter_context(_open(path))
            except FileNotFoundError as error:
                raise ObjectMissing(sha256) from error
            found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != sha256:
                raise ObjectDamaged(sha256, found)
            file.seek(0)
            closing.pop_all()
            return file

    async def holds(self, sha256: str) -> bool:
        """See ``Vault``."""
        return await asyncio.to_thread(os.path.isfile, self._root / object_key(sha256))

    async def entries(self) -> AsyncIterator[Entry]:
        """See ``Vault``: one folder of the first level at a time is in memory."""
        for folder in await asyncio.to_thread(self._folders):
            for entry in await asyncio.to_thread(self._entries_under, folder):
                yield entry

    def _folders(self) -> list[str]:
        with disk("list of files"), suppress(FileNotFoundError):
            return [path.name for path in (self._root / OBJECTS).iterdir() if path.is_dir()]
        return []

    def _entries_under(self, folder: str) -> list[Entry]:
        return [
            Entry(sha256, size_bytes, modified_at)
            for key, size_bytes, modified_at in self._walk(f"{OBJECTS}/{folder}")
            if (sha256 := sha256_at(key))
        ]

    async def leftovers(self) -> list[Leftover]:
        """See ``Vault``."""

        def leftovers() -> list[Leftover]:
            return [leftover(*found) for found in self._walk("") if sha256_at(found[0]) is None]

        return await asyncio.to_thread(leftovers)

    async def put_part(self, upload_id: str, offset: int, part: Scratch) -> None:
        """See ``Vault``."""
        await asyncio.to_thread(self._put_part, self._root / part_key(upload_id, offset), part)

    def _put_part(self, target: Path, part: Scratch) -> None:
        with disk("put of a part"), part.in_use() as descriptor:
            part.seal()
            self._make(target.parent.parent)
            for tries_left in reversed(range(_TRIES)):
                try:
                    self._place_part(descriptor, target)
                except (FileNotFoundError, FileExistsError):
                    # Another process dropped the upload between two steps; what comes later counts.
                    if not tries_left:
                        raise
                else:
                    return

    def _place_part(self, descriptor: int, target: Path) -> None:
        # Uploads come and go, in other processes too: that this folder lasts is seen to each time.
        target.parent.mkdir(exist_ok=True)
        sync_folder(target.parent.parent)
        if not place(descriptor, target, self._incoming, self._ways):
            replace(descriptor, target, self._incoming)
        with suppress(FileNotFoundError):  # dropped since
            sync_folder(target.parent)

    async def parts(self, upload_id: str) -> list[tuple[int, int]]:
        """See ``Vault``."""

        def parts() -> list[tuple[int, int]]:
            found = [(offset_at(key), size_bytes) for key, size_bytes, _ in self._walk(upload_key(upload_id))]
            return sorted((offset, size_bytes) for offset, size_bytes in found if offset is not None)

        return await asyncio.to_thread(parts)

    async def read_parts(self, upload_id: str, into: Scratch) -> None:
        """See ``Vault``."""
        parts = await self.parts(upload_id)
        joined_bytes(parts)
        for offset, size_bytes in parts:
            path = self._root / part_key(upload_id, offset)
            for start in range(0, size_bytes, BLOCK_BYTES):
                await into.write(await asyncio.to_thread(_read, path, start))

    async def drop_parts(self, upload_id: str) -> None:
        """See ``Vault``."""
        folder = self._root / upload_key(upload_id)

        def drop() -> None:
            with disk("drop of parts"), suppress(FileNotFoundError):
                for path in folder.iterdir():
                    path.unlink(missing_ok=True)
                try:
                    folder.rmdir()
                except OSError as error:
                    # Somebody goes on with this upload at this moment: what comes later counts.
                    if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                        raise

        await asyncio.to_thread(drop)

    async def aclose(self) -> None:
        """See ``Vault``: nothing is held open between calls."""

    def _make(self, folder: Path) -> None:
        """Make a folder below ``root`` and see its name to the disk, once in the life of this process."""
        if folder in self._lasting and folder.is_dir():
            return
        if folder == self._root:
            folder.mkdir(parents=True, exist_ok=True)
        else:
            self._make(folder.parent)
            folder.mkdir(exist_ok=True)
        # Made by another process it may not be on the disk yet, so that this one must see to it too.
        sync_folder(folder.parent)
        self._lasting.add(folder)

    def _walk(self, under: str) -> Iterator[tuple[str, int, datetime]]:
        """Key, size in bytes and time of all files under a key; what goes meanwhile is left out.

        Raises:
            VaultUnavailable: a folder cannot be read.
        """
        with disk("list of files"):
            for folder, _, names in os.walk(self._root / under, onerror=_unless_gone):
                for name in names:
                    path = Path(folder, name)
                    with suppress(FileNotFoundError):
                        status = path.lstat()
                        at = datetime.fromtimestamp(status.st_mtime, UTC)
                        yield path.relative_to(self._root).as_posix(), status.st_size, at


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _open(path: Path) -> BufferedReader:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb")


def _sha256_of(path: Path) -> str:
    with _open(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, start: int) -> bytes:
    with disk("read of a part"), _open(path) as file:
        file.seek(start)
        return file.read(BLOCK_BYTES)
