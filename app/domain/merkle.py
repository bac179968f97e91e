"""The Merkle tree of RFC 6962 over SHA-256: roots, proofs and growth, pure, over tiles that somebody else reads.

A reader asks ``tiles_for_*`` which tiles a question needs, loads them, and calls the pure function with what was
loaded: a mapping of (level, index) to the concatenated 32-byte hashes, as wide as they are known. Leaves are always
given as their leaf hashes. Numbering of sections is that of RFC 9162, which keeps the tree of RFC 6962.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from app.domain.tiles import (
    HASH_BYTES,
    HEIGHT,
    SIZE_MAX,
    TILE_BYTES,
    WIDTH,
    Tile,
    parse_entries_path,
    parse_tile_path,
    partial_tiles,
    width_at,
)
from app.domain.tree_shape import (
    Node,
    Range,
    TileKey,
    checked_size,
    consistency_ranges,
    inclusion_ranges,
    nodes,
    tile_of,
)

__all__ = [
    "EMPTY_ROOT",
    "Grown",
    "Tile",
    "TileKey",
    "TileMissing",
    "Tiles",
    "consistency_proof",
    "grow",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "parse_entries_path",
    "parse_tile_path",
    "root_at",
    "root_of",
    "tiles_for_consistency",
    "tiles_for_growth",
    "tiles_for_inclusion",
    "tiles_for_root",
    "verify_consistency",
    "verify_inclusion",
    "width_at",
]

#: (level, index) to concatenated hashes; a tile may be wider than a question needs, never narrower.
Tiles = Mapping[TileKey, bytes]
EMPTY_ROOT = sha256(b"").digest()


class TileMissing(LookupError):
    """A tile that a question needs was not given, or not as wide as it must be at this size."""

    def __init__(self, level: int, index: int) -> None:
        """Keep which."""
        super().__init__(f"tile {level}/{index} is missing or too narrow")
        self.level = level
        self.index = index


@dataclass(frozen=True, slots=True)
class Grown:
    """A tree after growth: its size, its root, and only the tiles that changed or are new, as wide as they are now."""

    size: int
    root: bytes
    tiles: Mapping[TileKey, bytes]


def leaf_hash(data: bytes) -> bytes:
    """The hash of one entry (section 2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over all leaf hashes at once; EMPTY_ROOT for none."""
    if not leaf_hashes:
        return EMPTY_ROOT
    row = list(leaf_hashes)
    while len(row) > 1:
        above = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        # The tree of RFC 6962 never doubles the odd one: it goes up as it is.
        row = above if len(row) % 2 == 0 else [*above, row[-1]]
    return row[0]


def tiles_for_root(size: int) -> set[TileKey]:
    """The tiles that ``root_at`` reads: the rightmost partial ones."""
    return _tiles_of_ranges([(0, checked_size(size))])


def tiles_for_growth(size: int) -> set[TileKey]:
    """The tiles that ``grow`` reads when the tree holds ``size`` entries."""
    return partial_tiles(checked_size(size))


def tiles_for_inclusion(index: int, size: int) -> set[TileKey]:
    """The tiles that ``inclusion_proof`` reads.

    Raises:
        ValueError: no such entry in a tree of this size.
    """
    return _tiles_of_ranges(inclusion_ranges(index, size))


def tiles_for_consistency(old: int, new: int) -> set[TileKey]:
    """The tiles that ``consistency_proof`` reads.

    Raises:
        ValueError: not ``0 <= old <= new``.
    """
    return _tiles_of_ranges(consistency_ranges(old, new))


def root_at(size: int, tiles: Tiles) -> bytes:
    """The root when the tree held ``size`` entries; EMPTY_ROOT for none.

    Raises:
        TileMissing: see ``tiles_for_root``.
    """
    return _range_hash((0, checked_size(size)), tiles) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, tiles: Tiles) -> list[bytes]:
    """That entry ``index`` is in the tree of ``size`` entries (section 2.1.3.1): sibling hashes, from the leaf upward.

    Raises:
        ValueError: no such entry in a tree of this size.
        TileMissing: see ``tiles_for_inclusion``.
    """
    return [_range_hash(span, tiles) for span in inclusion_ranges(index, size)]


def consistency_proof(old: int, new: int, tiles: Tiles) -> list[bytes]:
    """That the tree of ``new`` entries begins with the tree of ``old`` (section 2.1.4.1).

    Empty from nothing and to itself, as C2SP tlog-witness wants it.

    Raises:
        ValueError: not ``0 <= old <= new``.
        TileMissing: see ``tiles_for_consistency``.
    """
    return [_range_hash(span, tiles) for span in consistency_ranges(old, new)]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows that the entry with leaf hash ``leaf`` is at ``index`` (section 2.1.3.2)."""
    if not 0 <= index < size <= SIZE_MAX or not _are_hashes([leaf, root, *proof]):
        return False
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that the new tree begins with the old one (section 2.1.4.2).

    From the empty tree every tree has grown; a tree has grown from itself. Both with an empty proof only.
    """
    if not 0 <= old_size <= new_size <= SIZE_MAX or not _are_hashes([old_root, new_root, *proof]):
        return False
    if old_size == 0:
        return old_root == EMPTY_ROOT and not proof and (new_size > 0 or new_root == EMPTY_ROOT)
    if old_size == new_size:
        return old_root == new_root and not proof
    # An old tree that is one whole subtree is its own first step, and is not repeated in the proof.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path or not proof:
        return False
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_found, new_found = node_hash(sibling, old_found), node_hash(sibling, new_found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root


def grow(size: int, tiles: Tiles, new_leaf_hashes: Iterable[bytes]) -> Grown:
    """Append leaves to a tree of ``size`` entries, given its rightmost partial tiles (``tiles_for_growth``).

    Args:
        size: how many entries the tree holds before.
        tiles: the partial tiles, exactly as wide as ``size`` says; a wider one means that the tree has grown already.
        new_leaf_hashes: in the order of their entries; none is allowed.

    Raises:
        TileMissing: a partial tile was not given, or is too narrow.
        ValueError: a tile wider than ``size``, or a leaf hash that is not 32 bytes.
    """
    rising = list(new_leaf_hashes)
    if not _are_hashes(rising):
        message = "a leaf hash has 32 bytes"
        raise ValueError(message)
    new_size = checked_size(size + len(rising))
    changed: dict[TileKey, bytes] = {}
    level = 0
    while rising:
        index, held = divmod(checked_size(size) >> (HEIGHT * level), WIDTH)
        row = _held(tiles, level, index, held) + b"".join(rising)
        rising = []
        for step, at in enumerate(range(0, len(row), TILE_BYTES)):
            piece = row[at : at + TILE_BYTES]
            changed[level, index + step] = piece
            if len(piece) == TILE_BYTES:
                rising.append(root_of(_split(piece)))
        level += 1
    return Grown(new_size, root_at(new_size, {**tiles, **changed}), changed)


def _held(tiles: Tiles, level: int, index: int, width: int) -> bytes:
    if width == 0:
        return b""
    held = tiles.get((level, index), b"")
    if len(held) < width * HASH_BYTES:
        raise TileMissing(level, index)
    if len(held) > width * HASH_BYTES:
        message = f"tile {level}/{index} is wider than the tree is large"
        raise ValueError(message)
    return bytes(held)


def _are_hashes(hashes: Iterable[bytes]) -> bool:
    # A hash of another length could move bytes over the border between left and right.
    return all(len(each) == HASH_BYTES for each in hashes)


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def _tiles_of_ranges(ranges: Iterable[Range]) -> set[TileKey]:
    return {tile_of(node)[0] for span in ranges for node in nodes(span)}


def _range_hash(span: Range, tiles: Tiles) -> bytes:
    hashes = [_subtree_hash(node, tiles) for node in nodes(span)]
    found = hashes.pop()
    while hashes:
        found = node_hash(hashes.pop(), found)
    return found


def _subtree_hash(node: Node, tiles: Tiles) -> bytes:
    key, at, count = tile_of(node)
    part = tiles.get(key, b"")[at * HASH_BYTES : (at + count) * HASH_BYTES]
    if len(part) != count * HASH_BYTES:
        raise TileMissing(*key)
    return root_of(_split(part))
