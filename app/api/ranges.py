"""One range of a file (RFC 9110 section 14): what a reader asked for, or that it cannot be had."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """``length`` bytes from byte ``start`` on."""

    start: int
    length: int

    def header(self, size_bytes: int) -> str:
        """``Content-Range`` of this part."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size_bytes}"


class Unsatisfiable(Exception):
    """The range begins behind the end of the file."""


def part_of(asked: str | None, size_bytes: int) -> Part | None:
    """The part that a ``Range`` header asks for; None: the whole file.

    Several ranges at once, other units and what cannot be read get the whole file, as the RFC allows.

    Raises:
        Unsatisfiable: nothing of it lies in the file.
    """
    found = _ONE.fullmatch(asked.strip()) if asked else None
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        length = min(int(found[2]), size_bytes)
        if not length:
            raise Unsatisfiable
        return Part(size_bytes - length, length)
    start = int(found[1])
    end = min(int(found[2]), size_bytes - 1) if found[2] else size_bytes - 1
    if found[2] and int(found[2]) < start:
        return None
    if start >= size_bytes:
        raise Unsatisfiable
    return Part(start, end - start + 1)


def matches(asked: str | None, tag: str) -> bool:
    """Whether an ``If-None-Match`` names this file; ``*`` names any."""
    if not asked:
        return False
    return "*" in asked or tag in {part.strip().removeprefix("W/") for part in asked.split(",")}
