"""The shape of a Merkle tree of RFC 6962, in numbers alone: which ranges a proof names, and in which tile each lies."""

from collections.abc import Iterator

from app.domain.tiles import HEIGHT, SIZE_MAX, WIDTH

#: Level and index of a tile.
TileKey = tuple[int, int]
#: Entries ``[start, end)``, where start is a multiple of the largest power of two that fits into their number.
Range = tuple[int, int]
#: A whole subtree: 2**height entries, the index-th of this height.
Node = tuple[int, int]


def checked_size(size: int) -> int:
    """The size, if a tree can have it.

    Raises:
        ValueError: it cannot.
    """
    if not 0 <= size <= SIZE_MAX:
        message = "a tree holds 0 to 2**63 - 1 entries"
        raise ValueError(message)
    return size


def _left_of(count: int) -> int:
    """The largest power of two below ``count``: how many entries go to the left."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The siblings on the way from entry ``index`` to the root, from the leaf upward (RFC 9162, 2.1.3.1).

    Raises:
        ValueError: no such entry in a tree of this size.
    """
    if not 0 <= index < checked_size(size):
        message = "no such entry in a tree of this size"
        raise ValueError(message)
    ranges, start, end = [], 0, size
    while end - start > 1:
        middle = start + _left_of(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """What shows that ``old`` entries are the beginning of ``new`` (RFC 9162, 2.1.4.1); nothing from 0 and to itself.

    Raises:
        ValueError: not ``0 <= old <= new``.
    """
    if not 0 <= old <= checked_size(new):
        message = "a tree only grows: 0 <= old <= new"
        raise ValueError(message)
    if old in (0, new):
        return []
    ranges, start, end = [], 0, new
    while end != old:
        middle = start + _left_of(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    # Where the old tree is this whole left edge, who asks has its root already.
    return ranges[::-1] if start == 0 else [(start, end), *ranges[::-1]]


def nodes(span: Range) -> Iterator[Node]:
    """The whole subtrees that a range is made of, largest first."""
    start, end = span
    while start < end:
        height = (end - start).bit_length() - 1
        yield height, start >> height
        start += 1 << height


def tile_of(node: Node) -> tuple[TileKey, int, int]:
    """The tile that holds a subtree, the first of its hashes there, and how many they are."""
    height, index = node
    level, above = divmod(height, HEIGHT)
    tile, at = divmod(index << above, WIDTH)
    return (level, tile), at, 1 << above
