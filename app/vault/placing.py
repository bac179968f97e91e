"""How a file comes to stand under a name, whole or not at all, over nothing that stood there.

Three ways, tried in turn, because not every file system has the first (nor the second):

- LINK_OPEN gives the nameless file its name. There is never anything half-done to be left over. Of a file whose
  last name was taken away again Linux refuses this, and the next way is gone.
- LINK_NAMED copies to a file in ``incoming/`` and links that. A SIGKILL can leave the copy there.
- RENAME, where there are no hard links, looks whether the name is free and renames the copy. Of two who do it at
  once the later replaces the earlier; a name is the hash of the content, so that the bytes stay the same.
"""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from app.vault.base import BLOCK_BYTES
from app.vault.scratch import OBJECT_MODE, write_all


class Way(Enum):
    """A way to name a file."""

    LINK_OPEN = "link_open"
    LINK_NAMED = "link_named"
    RENAME = "rename"


def place(descriptor: int, target: Path, incoming: Path, ways: Sequence[Way]) -> bool:
    """Let the open file appear as ``target``, its bytes on the disk first; False when something stands there.

    The name itself is on the disk only after ``sync_folder``.

    Raises:
        OSError: no way worked, nothing appeared; this is what the last one said.
    """
    try:
        _PLACERS[ways[0]](descriptor, target, incoming)
    except FileExistsError:
        return False
    except OSError:
        if len(ways) == 1:
            raise
        return place(descriptor, target, incoming, ways[1:])
    return True


def replace(descriptor: int, target: Path, incoming: Path) -> None:
    """Let the bytes of the open file appear as ``target`` in place of whatever stands there, in one step.

    Raises:
        OSError: ``target`` is as it was.
    """
    with _named(descriptor, incoming) as name:
        name.replace(target)


def sync_folder(folder: Path) -> None:
    """See that the names in a folder are on the disk.

    Raises:
        OSError: nobody knows whether they are.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link_open(descriptor: int, target: Path, _incoming: Path) -> None:
    os.fchmod(descriptor, OBJECT_MODE)
    os.fsync(descriptor)
    # With a dir_fd Python calls linkat(2), which can follow the link in /proc; link(2) never does.
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.link(f"/proc/self/fd/{descriptor}", target.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _link_named(descriptor: int, target: Path, incoming: Path) -> None:
    with _named(descriptor, incoming) as name:
        os.link(name, target)


def _rename(descriptor: int, target: Path, incoming: Path) -> None:
    with _named(descriptor, incoming) as name:
        if os.path.lexists(target):
            raise FileExistsError
        name.rename(target)


_PLACERS: Mapping[Way, Callable[[int, Path, Path], None]] = {
    Way.LINK_OPEN: _link_open,
    Way.LINK_NAMED: _link_named,
    Way.RENAME: _rename,
}


@contextmanager
def _named(descriptor: int, incoming: Path) -> Iterator[Path]:
    """The bytes of an open file under a name in ``incoming``, on the disk; the name goes with the block."""
    incoming.mkdir(parents=True, exist_ok=True)
    name = incoming / secrets.token_hex(16)
    try:
        _copy(descriptor, name)
        yield name
    finally:
        name.unlink(missing_ok=True)


def _copy(descriptor: int, name: Path) -> None:
    copy = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OBJECT_MODE)
    try:
        offset = 0
        while block := os.pread(descriptor, BLOCK_BYTES, offset):
            write_all(copy, block, offset)
            offset += len(block)
        os.fchmod(copy, OBJECT_MODE)
        os.fsync(copy)
    finally:
        os.close(copy)
