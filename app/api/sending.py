"""Files as answers: names of any letters, and blocks from a byte on."""

import urllib.parse
from collections.abc import Iterator
from typing import BinaryIO

from app.usecases.bundle_document import Bundle

_BLOCK_BYTES = 256 * 1024


def bundle_headers(made: Bundle) -> dict[str, str]:
    """Length and name of a bundle."""
    return {"Content-Length": str(made.size_bytes), "Content-Disposition": disposition("attachment", made.name)}


def disposition(kind: str, name: str) -> str:
    """``Content-Disposition`` with a name of any letters (RFC 6266, RFC 8187)."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%' else "_" for letter in name
    )
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{urllib.parse.quote(name, safe='')}"


def play(file: BinaryIO, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """A file in blocks, from a byte on; closes it at the end."""
    with file:
        file.seek(start)
        left = length
        while left is None or left > 0:
            block = file.read(_BLOCK_BYTES if left is None else min(_BLOCK_BYTES, left))
            if not block:
                return
            left = None if left is None else left - len(block)
            yield block
