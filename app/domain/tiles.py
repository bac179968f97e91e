"""Where the hashes of a log lie: tiles 256 wide and 8 tree levels high, as C2SP tlog-tiles lays them out.

Tile (level, index) holds, for i below its width, the Merkle Tree Hash of the entries
``[(index * 256 + i) * 256**level, (index * 256 + i + 1) * 256**level)``; a partial one is never hashed upward.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HEIGHT = 8
WIDTH = 1 << HEIGHT
HASH_BYTES = 32
TILE_BYTES = WIDTH * HASH_BYTES
SIZE_MAX = 2**63 - 1
ENTRY_BYTES_MAX = 2**16 - 1
_LEVEL_MAX = 63
_TILE_PATH = re.compile(
    r"tile/(0|[1-9][0-9]?|entries)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


class BadTilePath(ValueError):
    """Not a path of tlog-tiles, or not the one way to write it."""


class BadBundle(ValueError):
    """An entry bundle that is cut off, or an entry that is too long for one."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile, or the first ``width`` hashes of it (1 to 256); 256 is a full one."""

    level: int
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        """Refuse what no tree holds.

        Raises:
            BadTilePath: a level, an index or a width outside the layout.
        """
        if not (0 <= self.level <= _LEVEL_MAX and 0 <= self.index <= SIZE_MAX // WIDTH and 1 <= self.width <= WIDTH):
            message = "level 0 to 63, index 0 to 2**55, width 1 to 256"
            raise BadTilePath(message)

    @property
    def path(self) -> str:
        """``tile/<L>/<N>[.p/<W>]``, relative to the log's prefix."""
        return f"tile/{self.level}/{self._place()}"

    @property
    def entries_path(self) -> str:
        """``tile/entries/<N>[.p/<W>]``: the bundle of the entries under a tile of level 0."""
        return f"tile/entries/{self._place()}"

    def _place(self) -> str:
        rest, last = divmod(self.index, 1000)
        steps = [f"{last:03d}"]
        while rest:
            rest, step = divmod(rest, 1000)
            steps.append(f"x{step:03d}")
        part = "" if self.width == WIDTH else f".p/{self.width}"
        return "/".join(reversed(steps)) + part


def parse_tile_path(text: str) -> Tile:
    """Read ``tile/<L>/<N>[.p/<W>]``.

    Raises:
        BadTilePath: anything else, a path of entries too.
    """
    return _parsed(text, is_entries=False)


def parse_entries_path(text: str) -> Tile:
    """Read ``tile/entries/<N>[.p/<W>]``; the tile that is given is the one of level 0 above these entries.

    Raises:
        BadTilePath: anything else, a path of hashes too.
    """
    return _parsed(text, is_entries=True)


def _parsed(text: str, *, is_entries: bool) -> Tile:
    found = _TILE_PATH.fullmatch(text)
    if found is None or (found[1] == "entries") is not is_entries:
        message = "not a tile path"
        raise BadTilePath(message)
    index = int(found[2].replace("x", "").replace("/", ""))
    tile = Tile(0 if is_entries else int(found[1]), index, int(found[3] or WIDTH))
    # ``x000/001``, ``.p/256``: another writing of a tile that has a name already.
    if text != (tile.entries_path if is_entries else tile.path):
        message = "not the canonical tile path"
        raise BadTilePath(message)
    return tile


def width_at(level: int, index: int, size: int) -> int:
    """How many hashes tile (level, index) holds in a tree of ``size`` entries: 0 (it is not there) to 256."""
    return min(max((size >> (HEIGHT * level)) - index * WIDTH, 0), WIDTH)


def partial_tiles(size: int) -> set[tuple[int, int]]:
    """The rightmost partial tiles, at most one a level: all that growing a tree and its root need."""
    found = set()
    level = 0
    while count := size >> (HEIGHT * level):
        if count % WIDTH:
            found.add((level, count // WIDTH))
        level += 1
    return found


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of ``size`` entries, level by level, as wide as it is at that size."""
    level = 0
    while count := size >> (HEIGHT * level):
        for index in range((count + WIDTH - 1) // WIDTH):
            yield Tile(level, index, width_at(level, index, size))
        level += 1


def to_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as tlog-tiles serves them: each behind its length, two bytes big-endian.

    Raises:
        BadBundle: an entry of more than 65,535 bytes.
    """
    if any(len(entry) > ENTRY_BYTES_MAX for entry in entries):
        message = f"an entry is longer than {ENTRY_BYTES_MAX} bytes"
        raise BadBundle(message)
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def parse_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        BadBundle: it ends within an entry.
    """
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        if at + 2 > len(data) or end > len(data):
            message = "the bundle is cut off"
            raise BadBundle(message)
        entries.append(data[at + 2 : end])
        at = end
    return entries
