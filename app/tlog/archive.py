"""Archive files: entries that left the database, as they stood there, a JSON line each, compressed with gzip.

The first line says what the file is. Each further line has the place in the tree (``seq``), the leaf's hash and the
row with all its columns; a time is ``{"time": …}``, bytes are ``{"hex": …}``, anything else stands as it is.
"""

import gzip
import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.tlog.errors import BadArchive

FORMAT: Final = "lienthong-archive@1"
_MODE: Final = 0o600
_NOT_ONE: Final = f"it is not a {FORMAT}"


@dataclass(frozen=True, slots=True)
class Archived:
    """An entry in an archive: its place, the hash of its leaf, its row."""

    seq: int
    leaf_hash: bytes
    row: Mapping[str, Any]


def encode(head: Mapping[str, object], entries: Iterable[Archived]) -> bytes:
    """The file; the same entries give the same bytes."""
    lines = [{"format": FORMAT, **head}]
    lines += [{"seq": each.seq, "leaf_hash": each.leaf_hash.hex(), "row": _packed(each.row)} for each in entries]
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    return gzip.compress(text.encode(), mtime=0)


def decode(data: bytes) -> tuple[dict[str, Any], list[Archived]]:
    """What a file says of itself, and its entries in order. Verifies nothing but the form.

    Raises:
        BadArchive: it is no archive.
    """
    try:
        head, *lines = [json.loads(line) for line in gzip.decompress(data).decode().removesuffix("\n").split("\n")]
        found = [Archived(line["seq"], bytes.fromhex(line["leaf_hash"]), _unpacked(line["row"])) for line in lines]
    except (ValueError, KeyError, TypeError, EOFError, OSError, zlib.error, RecursionError) as error:
        raise BadArchive(_NOT_ONE) from error
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise BadArchive(_NOT_ONE)
    return head, found


def digest(data: bytes) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write(folder: Path, name: str, data: bytes) -> None:
    """Put a file in place, whole or not at all, on the disk when this returns, for its owner only.

    What stands there under the same name is replaced: a name holds the hash of what is in the file.

    Raises:
        BadArchive: it could not be written; says why.
    """
    new = folder / f".{name}.{secrets.token_hex(4)}"
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(folder / name)
        finally:
            new.unlink(missing_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        message = f"{folder / name}: {error.strerror or type(error).__name__}"
        raise BadArchive(message) from error


def read(folder: Path, name: str, sha256: str) -> list[Archived] | None:
    """The entries of a file; None when it is not there.

    Raises:
        BadArchive: it is not the file that was recorded.
    """
    if Path(name).name != name:
        message = "its name is no name of a file"
        raise BadArchive(message)
    try:
        data = (folder / name).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"it cannot be read: {error.strerror or type(error).__name__}"
        raise BadArchive(message) from error
    if digest(data) != sha256:
        message = f"its SHA-256 is {digest(data)}, and {sha256} was recorded"
        raise BadArchive(message)
    return decode(data)[1]


def _packed(row: Mapping[str, Any]) -> dict[str, object]:
    return {name: _pack(value) for name, value in row.items()}


def _pack(value: object) -> object:
    if isinstance(value, datetime):
        return {"time": value.astimezone(UTC).isoformat(timespec="microseconds")}
    if isinstance(value, bytes | memoryview):
        return {"hex": bytes(value).hex()}
    return value


def _unpacked(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _unpack(value) for name, value in row.items()}


def _unpack(value: object) -> object:
    match value:
        case {"time": str(text)}:
            return datetime.fromisoformat(text)
        case {"hex": str(text)}:
            return bytes.fromhex(text)
    return value


def name_of(places: Sequence[int], sha256: str) -> str:
    """What a file is called: the places it reaches from and to, and the hash of what is in it."""
    return f"lienthong-log-{places[0]:012d}-{places[-1]:012d}-{sha256[:32]}.ndjson.gz"
