"""A nameless file that is hashed while it is written: the way of every byte into and out of a vault."""

import asyncio
import hashlib
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from app.vault.errors import VaultUnavailable, disk

#: Objects are never written again, and nobody but the service and its group reads them.
OBJECT_MODE = 0o440


def open_nameless(folder: Path) -> int:
    """A new file descriptor for a file without a name, gone with its last descriptor. The folder is made if need be.

    Raises:
        OSError: the folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # tempfile opens with O_EXCL, which forbids giving the file a name later (open(2), O_TMPFILE).
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, OBJECT_MODE)
    except (OSError, AttributeError):
        # Not every file system has O_TMPFILE; a file unlinked at once is the next best.
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.dup(file.fileno())


class Scratch:
    """A context manager over a nameless file: append, then read or put.

    One task writes at a time. Blocks are written and hashed in a thread, whatever their size: the hop costs some
    80 µs, while a full write-back of the disk can hold up a write of one byte for seconds.
    """

    def __init__(self, open_file: Callable[[], int]) -> None:
        """``open_file`` gives the descriptor; it is called at the first use, off the event loop."""
        self._open_file = open_file
        self._descriptor: int | None = None
        self._reader: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self._sealed = self._broken = self._closed = False
        self._users = 0
        self._guard = threading.Lock()
        self._writing = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def size_bytes(self) -> int:
        """How much was written."""
        return self._size_bytes

    @property
    def sha256(self) -> str:
        """The hash of what was written, 64 hex digits."""
        return self._hash.hexdigest()

    @property
    def file(self) -> BinaryIO:
        """What was written, to be read from wherever the caller puts the position; closed with the scratch."""
        with self.in_use() as descriptor:
            if self._reader is None:
                self._reader = open(descriptor, "rb", closefd=False)  # noqa: SIM115 - closed with the scratch
            return self._reader

    def rewind(self) -> BinaryIO:
        """``file`` at its beginning."""
        self.file.seek(0)
        return self.file

    async def write(self, chunk: bytes) -> None:
        """Append a chunk of any size.

        Raises:
            VaultUnavailable: the disk refused; this scratch can no longer be put.
            ValueError: it was put, or is closed.
        """
        await asyncio.to_thread(self._write, chunk)

    def _write(self, chunk: bytes) -> None:
        with disk("write of a file"), self.in_use() as descriptor, self._writing:
            if self._sealed:
                message = "this scratch was put and is no longer written"
                raise ValueError(message)
            try:
                write_all(descriptor, chunk, self._size_bytes)
            except OSError:
                self._broken = True
                raise
            self._hash.update(chunk)
            self._size_bytes += len(chunk)

    async def blocks(self, size_bytes: int) -> AsyncIterator[bytes]:
        """What was written, from its beginning, in blocks of ``size_bytes``; ``file`` keeps its position.

        Raises:
            VaultUnavailable: the disk did not give it back.
        """
        for offset in range(0, self._size_bytes, size_bytes):
            yield await asyncio.to_thread(self._read, offset, size_bytes)

    def _read(self, offset: int, size_bytes: int) -> bytes:
        with disk("read of a file"), self.in_use() as descriptor:
            return os.pread(descriptor, size_bytes, offset)

    def seal(self) -> str:
        """End the writing and give the hash. May wait for a write that was cancelled: not for the event loop.

        Raises:
            VaultUnavailable: a write had failed, so these are not the bytes that were meant.
        """
        with self._writing:
            if self._broken:
                message = "a write of this file has failed"
                raise VaultUnavailable(message)
            self._sealed = True
            return self.sha256

    def release(self) -> BinaryIO:
        """A file of its own over the same bytes, at their beginning, that outlives the scratch; the caller closes."""
        with self.in_use() as descriptor:
            file = os.fdopen(os.dup(descriptor), "rb")
            file.seek(0)
            return file

    @contextmanager
    def in_use(self) -> Iterator[int]:
        """The descriptor, open until the end of the block even when the scratch is closed meanwhile.

        A cancelled task leaves its block while its thread works on. Without this the thread would write into
        whichever file was opened next under the same number.

        Raises:
            ValueError: it is closed.
        """
        with self._guard:
            if self._closed:
                message = "this scratch is closed"
                raise ValueError(message)
            if self._descriptor is None:
                self._descriptor = self._open_file()
            self._users += 1
        try:
            yield self._descriptor
        finally:
            with self._guard:
                self._users -= 1
                self._close_when_idle()

    def close(self) -> None:
        """Let the file go; what was not put is gone. Never waits: the last thread at work closes."""
        with self._guard:
            self._closed = True
            self._close_when_idle()

    def _close_when_idle(self) -> None:
        if not self._closed or self._users or self._descriptor is None:
            return
        if self._reader is not None:
            self._reader.close()
        os.close(self._descriptor)
        self._descriptor = None


def write_all(descriptor: int, chunk: bytes, offset: int) -> None:
    """Write a chunk at a place, all of it.

    Raises:
        OSError: the disk refused; some of it may be there.
    """
    rest = memoryview(chunk)
    while rest:
        done = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[done:], offset + done
