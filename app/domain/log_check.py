"""What re-reading the log needs and finds: the tree as far as it was climbed, and the first entry that lies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.domain.merkle import EMPTY_ROOT, node_hash

_HEIGHT: Final = 8
_WIDTH: Final = 256


class Lie(StrEnum):
    """How a log can lie."""

    ALTERED_BYTE = "altered_byte"
    DELETED_ROW = "deleted_row"
    SWAPPED_ROWS = "swapped_rows"
    INSERTED_ROW = "inserted_row"
    REWRITTEN_HISTORY = "rewritten_history"
    FORGED_CHECKPOINT = "forged_checkpoint"
    ROLLED_BACK = "rolled_back"
    # The rows tell the truth, but leaves or tiles beside them were changed: proofs cannot be made from them.
    BROKEN_TREE = "broken_tree"
    FALSE_TIMESTAMP = "false_timestamp"
    # What stands beside the log: a value that is not the one that an entry commits to, or one that is gone.
    ALTERED_VALUE = "altered_value"
    DELETED_VALUE = "deleted_value"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first lie: what kind, in words, and where: the place in the tree (from 0) and the entry's id, if known."""

    lie: Lie
    words: str
    seq: int | None = None
    audit_id: int | None = None


@dataclass(frozen=True, slots=True)
class TileHash:
    """A hash that stands in a tile: its level, the tile's index there, its place in the tile (0 to 255)."""

    level: int
    index: int
    slot: int
    value: bytes


@dataclass(slots=True)
class Climb:
    """A tree that grows leaf by leaf in constant memory: only the roots of whole subtrees, largest first.

    A second reckoning beside ``app.domain.merkle.grow``: what sequenced the log does not check it.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def add(self, leaf_hash: bytes) -> list[TileHash]:
        """Take the next leaf hash; the hashes of tiles that are known from now on."""
        at, height, value = self.size, 0, leaf_hash
        known = [TileHash(0, at // _WIDTH, at % _WIDTH, value)]
        while at & 1:
            value, at, height = node_hash(self.peaks.pop(), value), at >> 1, height + 1
            if height % _HEIGHT == 0:
                known.append(TileHash(height // _HEIGHT, at // _WIDTH, at % _WIDTH, value))
        self.peaks.append(value)
        self.size += 1
        return known

    def root(self) -> bytes:
        """The root of all that was taken."""
        if not self.peaks:
            return EMPTY_ROOT
        *rest, found = self.peaks
        for peak in reversed(rest):
            found = node_hash(peak, found)
        return found


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check has come; made to be kept as JSON, and bound to what is checked.

    ``target`` and ``outside`` are sizes and roots (hex) of the checkpoint that is checked against, and of those kept
    outside. ``good`` is the size of the last checkpoint that held.
    """

    origin: str
    target: tuple[int, str]
    outside: tuple[tuple[int, str], ...]
    size: int
    peaks: tuple[str, ...]
    good: int
    checkpoint_id: int

    @classmethod
    def parse(cls, held: Mapping[str, object]) -> "Progress":
        """Read what ``dataclasses.asdict`` and JSON made of one.

        Raises:
            ValueError: it is not one.
        """
        try:
            origin = str(held["origin"])
            [target, *outside] = [_head(each) for each in [held["target"], *_list(held["outside"])]]
            peaks = tuple(str(peak) for peak in _list(held["peaks"]))
            size, good, last = (_number(held[name]) for name in ("size", "good", "checkpoint_id"))
        except (KeyError, TypeError) as error:
            message = "not the state of a check"
            raise ValueError(message) from error
        if len(peaks) != size.bit_count() or any(len(bytes.fromhex(peak)) != len(EMPTY_ROOT) for peak in peaks):
            message = "the state of a check does not fit together"
            raise ValueError(message)
        return cls(origin, target, tuple(outside), size, peaks, good, last)

    def climb(self) -> Climb:
        """The tree as it stood."""
        return Climb(self.size, [bytes.fromhex(peak) for peak in self.peaks])


def _list(held: object) -> list[object]:
    if not isinstance(held, list):
        message = "not a list"
        raise TypeError(message)
    return held


def _number(held: object) -> int:
    if not isinstance(held, int):
        message = "not a number"
        raise TypeError(message)
    return held


def _head(held: object) -> tuple[int, str]:
    size, root = _list(held)
    return _number(size), str(root)
