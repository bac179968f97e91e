"""What every vault offers, whatever lies beneath it, and the names that things have in it."""

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol

from app.vault.errors import PartsDisagree
from app.vault.scratch import Scratch

OBJECTS, PARTS, INCOMING, DAMAGED = "objects", "parts", "incoming", "damaged"
#: How much is read, hashed or sent at once, in bytes.
BLOCK_BYTES = 2**20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UPLOAD_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_OBJECT_KEY = re.compile(rf"{OBJECTS}/([0-9a-f]{{2}})/([0-9a-f]{{2}})/(\1\2[0-9a-f]{{60}})")
_PART_KEY = re.compile(rf"{PARTS}/{_UPLOAD_ID.pattern}/([0-9]{{20}})")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that the vault now holds; ``is_new`` is False when it held the same bytes already."""

    sha256: str
    size_bytes: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One object that is held, unread; ``modified_at`` is in UTC."""

    sha256: str
    size_bytes: int
    modified_at: datetime


class LeftoverKind(StrEnum):
    """What it is that lies in the vault and is no object."""

    INCOMING = "incoming"
    PART = "part"
    DAMAGED = "damaged"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something in the vault that is no object: a part of an upload, a killed write's rest, or nothing of ours.

    ``path`` is relative to the vault; ``modified_at`` is in UTC. Parts of an upload that still goes on are here too:
    whoever reports must look at their age.
    """

    path: str
    size_bytes: int
    modified_at: datetime
    kind: LeftoverKind


class Vault(Protocol):
    """Objects under their SHA-256 (64 lower-case hex digits), and parts of uploads that go on later.

    Every method may raise VaultUnavailable, and ValueError for a name that is no name.
    """

    def scratch(self) -> Scratch:
        """A nameless temporary file, to be filled and then put; nothing of it stays after the block or a SIGKILL."""

    async def put(self, scratch: Scratch) -> bool:
        """Hold what was written, under its hash; the scratch can be read after this, no longer written.

        It appears whole or not at all, and is on the disk when this returns. True: newly written. False: held
        already, which is said only after the held bytes were re-hashed. Were they damaged, they go aside (see
        ``leftovers``), the good ones take their place, and the answer is True.
        """

    async def fetch(self, sha256: str) -> BinaryIO:
        """The whole object as a seekable file at its beginning, re-hashed before it is given; the caller closes it.

        Raises:
            ObjectMissing: nothing is held under this hash.
            ObjectDamaged: the bytes have another hash; none of them is given.
        """

    async def check(self, sha256: str) -> int:
        """Re-hash the object and give its size in bytes; raises as ``fetch`` does."""

    async def holds(self, sha256: str) -> bool:
        """Whether there is an object under this hash; its bytes are not looked at."""

    def entries(self) -> AsyncIterator[Entry]:
        """All objects, in any order, unread."""

    async def leftovers(self) -> list[Leftover]:
        """All that lies in the vault and is no object. Nothing is deleted."""

    async def put_part(self, upload_id: str, offset: int, part: Scratch) -> None:
        """Hold a part of an upload, which begins at byte ``offset``; on the disk when this returns.

        A part that is held at the same offset is replaced. ``upload_id``: 8 to 64 of ``A-Z a-z 0-9 _ -``.
        """

    async def parts(self, upload_id: str) -> list[tuple[int, int]]:
        """Offset and size in bytes of each part that is held, by offset; empty for an unknown upload."""

    async def read_parts(self, upload_id: str, into: Scratch) -> None:
        """Append all parts in their order.

        Raises:
            PartsDisagree: they leave a gap or lie over one another; nothing was appended.
        """

    async def drop_parts(self, upload_id: str) -> None:
        """Forget an upload: it was put together, or given up. An unknown one is no error."""

    async def aclose(self) -> None:
        """Let go of what is held open."""


async def keep(vault: Vault, blocks: AsyncIterable[bytes]) -> Kept:
    """Put a stream into the vault, with flat memory.

    Raises:
        VaultUnavailable: nothing of the stream was kept.
    """
    with vault.scratch() as scratch:
        async for block in blocks:
            await scratch.write(block)
        is_new = await vault.put(scratch)
        return Kept(scratch.sha256, scratch.size_bytes, is_new)


def joined_bytes(parts: Iterable[tuple[int, int]]) -> int:
    """The size of the file that these parts (offset, size; by offset) make, in bytes.

    Raises:
        PartsDisagree: they leave a gap or lie over one another.
    """
    end = 0
    for offset, size_bytes in parts:
        if offset != end:
            raise PartsDisagree(end, offset)
        end += size_bytes
    return end


def object_key(sha256: str) -> str:
    """Where an object lies: ``objects/ab/cd/abcd…``.

    Raises:
        ValueError: this is no SHA-256 in lower-case hex.
    """
    if not _SHA256.fullmatch(sha256):
        message = "a SHA-256 has 64 lower-case hex digits"
        raise ValueError(message)
    return f"{OBJECTS}/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def upload_key(upload_id: str) -> str:
    """Where the parts of an upload lie.

    Raises:
        ValueError: the id could be a path, or is too short to be hard to guess.
    """
    if not _UPLOAD_ID.fullmatch(upload_id):
        message = "an upload id has 8 to 64 of A-Z a-z 0-9 _ -"
        raise ValueError(message)
    return f"{PARTS}/{upload_id}"


def part_key(upload_id: str, offset: int) -> str:
    """Where a part lies: its offset has 20 digits, so that names sort as offsets do.

    Raises:
        ValueError: no id, or an offset below zero or of more than 20 digits.
    """
    if not 0 <= offset < 10**20:
        message = "an offset has 1 to 20 digits"
        raise ValueError(message)
    return f"{upload_key(upload_id)}/{offset:020d}"


def sha256_at(key: str) -> str | None:
    """The hash of the object that lies at ``key``, None when what lies there is no object."""
    match = _OBJECT_KEY.fullmatch(key)
    return match[3] if match else None


def offset_at(key: str) -> int | None:
    """The offset of the part that lies at ``key``, None when what lies there is no part."""
    match = _PART_KEY.fullmatch(key)
    return int(match[1]) if match else None


def leftover(key: str, size_bytes: int, modified_at: datetime) -> Leftover:
    """Name what lies at ``key`` and is no object."""
    kind = LeftoverKind.STRANGER
    if offset_at(key) is not None:
        kind = LeftoverKind.PART
    elif key.startswith(f"{INCOMING}/"):
        kind = LeftoverKind.INCOMING
    elif key.startswith(f"{DAMAGED}/"):
        kind = LeftoverKind.DAMAGED
    return Leftover(key, size_bytes, modified_at, kind)
