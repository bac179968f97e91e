"""A log of any size that was never filled: its tiles are made when they are read, and all of them agree."""

from collections.abc import Iterator, Mapping
from functools import cache

from app.domain.merkle import TileKey, leaf_hash, root_of, width_at
from app.domain.tiles import HASH_BYTES, WIDTH, tiles_of


class SyntheticTiles(Mapping[TileKey, bytes]):
    """The tiles of ``size`` entries, which are all alike but for those in ``marked`` (index to leaf hash)."""

    def __init__(self, size: int, marked: Mapping[int, bytes]) -> None:
        """Nothing is computed yet."""
        self._size = size
        self._marked = marked
        self._common = [leaf_hash(b"common")]
        self._tile = cache(self._made)

    def __getitem__(self, key: TileKey) -> bytes:
        if not width_at(*key, self._size):
            raise KeyError(key)
        return self._tile(key)

    def __len__(self) -> int:
        return sum(1 for _ in tiles_of(self._size))

    def __iter__(self) -> Iterator[TileKey]:
        return ((tile.level, tile.index) for tile in tiles_of(self._size))

    def _made(self, key: TileKey) -> bytes:
        level, index = key
        row = [self._common_at(level)] * width_at(level, index, self._size)
        for place in {mark // WIDTH**level - index * WIDTH for mark in self._marked}:
            if 0 <= place < len(row):
                row[place] = self._hash_at(level, index * WIDTH + place)
        return b"".join(row)

    def _hash_at(self, level: int, place: int) -> bytes:
        if level == 0:
            return self._marked[place]
        below = self._tile((level - 1, place))
        return root_of([below[at : at + HASH_BYTES] for at in range(0, len(below), HASH_BYTES)])

    def _common_at(self, level: int) -> bytes:
        while len(self._common) <= level:
            self._common.append(root_of([self._common[-1]] * WIDTH))
        return self._common[level]
