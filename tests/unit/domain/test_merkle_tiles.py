"""Paths and widths of tiles as C2SP tlog-tiles gives them, its own examples above all."""

import pytest

from app.domain.merkle import grow, leaf_hash
from app.domain.tiles import (
    BadBundle,
    BadTilePath,
    Tile,
    parse_bundle,
    parse_entries_path,
    parse_tile_path,
    tiles_of,
    to_bundle,
    width_at,
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(3, 1234067), "tile/3/x001/x234/067"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(63, 1000, 1), "tile/63/x001/000.p/1"),
    ],
)
def test_a_path_and_back(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_tile_path(path) == tile


def test_a_path_of_entries_and_back() -> None:
    assert Tile(0, 1234067, 5).entries_path == "tile/entries/x001/x234/067.p/5"
    assert parse_entries_path("tile/entries/x001/x234/067.p/5") == Tile(0, 1234067, 5)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/entries/000",
    ],
)
def test_another_writing_is_refused(path: str) -> None:
    with pytest.raises(BadTilePath):
        parse_tile_path(path)


@pytest.mark.parametrize("path", ["tile/0/000", "tile/entries/0", "tile/entries/000.p/256"])
def test_a_path_of_hashes_is_not_one_of_entries(path: str) -> None:
    with pytest.raises(BadTilePath):
        parse_entries_path(path)


@pytest.mark.parametrize("bad", [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), (0, 2**56, 1)])
def test_a_tile_that_no_tree_holds(bad: tuple[int, int, int]) -> None:
    with pytest.raises(BadTilePath):
        Tile(*bad)


def test_the_tiles_of_seventy_thousand() -> None:
    # "273 full level 0 tiles, one partial of width 112, one full level 1 tile, one partial of 17, one level 2 of 1".
    tiles = list(tiles_of(70_000))
    assert [tile.width for tile in tiles] == [256] * 273 + [112] + [256, 17] + [1]
    assert [tile.level for tile in tiles[273:]] == [0, 1, 1, 2]
    assert width_at(0, 274, 70_000) == 0


def test_growth_makes_just_the_tiles_of_its_size() -> None:
    grown = grow(0, {}, [leaf_hash(b"%d" % number) for number in range(513)])
    assert {key: len(hashes) // 32 for key, hashes in grown.tiles.items()} == {
        (tile.level, tile.index): tile.width for tile in tiles_of(513)
    }


def test_a_bundle_and_back() -> None:
    entries = [b"", b"a", b"x" * 65_535]
    assert to_bundle(entries[:2]) == b"\0\0\0\1a"
    assert parse_bundle(to_bundle(entries)) == entries
    for cut in (b"\0", b"\0\1", b"\0\2a"):
        with pytest.raises(BadBundle):
            parse_bundle(cut)
    with pytest.raises(BadBundle):
        to_bundle([b"x" * 65_536])
