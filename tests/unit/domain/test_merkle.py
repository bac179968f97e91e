"""The tree against what is published (RFC 6962's reference leaves) and against pymerkle, for every size up to 2,000."""

import pytest
from pymerkle import InclusionProof, InmemoryTree  # type: ignore[import-untyped]

from app.domain.merkle import (
    EMPTY_ROOT,
    TileMissing,
    consistency_proof,
    grow,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_at,
    root_of,
    tiles_for_consistency,
    tiles_for_growth,
    tiles_for_inclusion,
    tiles_for_root,
    verify_consistency,
    verify_inclusion,
)
from tests.synthetic_log import SyntheticTiles

# The leaves, roots and proofs of the reference implementations of Certificate Transparency (merkle/testonly).
_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
_B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
_C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
_D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
_E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
_F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
_HASHES = [leaf_hash(leaf) for leaf in _LEAVES]
_TEN_MILLION = 10_000_000


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots(size: int) -> None:
    grown = grow(0, {}, _HASHES[:size])
    assert root_of(_HASHES[:size]).hex() == grown.root.hex() == _ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [(0, 1, []), (0, 8, [_A, _B, _C]), (5, 8, [_D, _E, _ROOTS[4]]), (2, 3, [_ROOTS[2]])],
)
def test_the_published_inclusion_proofs(index: int, size: int, expected: list[str]) -> None:
    proof = inclusion_proof(index, size, grow(0, {}, _HASHES[:size]).tiles)
    assert [each.hex() for each in proof] == expected
    assert verify_inclusion(_HASHES[index], index, size, proof, bytes.fromhex(_ROOTS[size]))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [(1, 1, []), (1, 8, [_A, _B, _C]), (6, 8, [_F, _E, _ROOTS[4]]), (2, 5, [_B, _D])],
)
def test_the_published_consistency_proofs(old: int, new: int, expected: list[str]) -> None:
    proof = consistency_proof(old, new, grow(0, {}, _HASHES).tiles)
    assert [each.hex() for each in proof] == expected
    assert verify_consistency(old, bytes.fromhex(_ROOTS[old]), new, bytes.fromhex(_ROOTS[new]), proof)


def test_every_size_up_to_2000_has_the_root_that_pymerkle_has_and_proofs_pass_both_ways() -> None:
    oracle = InmemoryTree(algorithm="sha256")
    data = [b"entry %d" % number for number in range(2000)]
    hashes = [leaf_hash(each) for each in data]
    tiles = grow(0, {}, hashes).tiles
    roots = [EMPTY_ROOT]
    for size in range(1, 2001):
        oracle.append_entry(data[size - 1])
        roots.append(oracle.get_root())
        assert root_at(size, tiles) == roots[size]
        if size % 10 and size & (size - 1):
            continue
        # Spread over the tree without chance.
        index, old = 7919 * size // 3 % size, 1 + 104729 * size // 7 % size
        ours = inclusion_proof(index, size, tiles)
        theirs = oracle.prove_inclusion(index + 1, size)
        assert theirs.path == [hashes[index], *ours]
        again = InclusionProof(
            "sha256", security=True, size=size, index=index + 1, rule=theirs.rule, path=[hashes[index], *ours]
        )
        again.verify(hashes[index], roots[size])
        assert verify_inclusion(hashes[index], index, size, theirs.path[1:], roots[size])
        assert verify_consistency(old, roots[old], size, roots[size], consistency_proof(old, size, tiles))
        # pymerkle's proofs of consistency repeat the old tree's parts, so they cannot be exchanged; they meet in roots.
        oracle.prove_consistency(old, size).verify(root_at(old, tiles), root_at(size, tiles), old, size)


def test_every_entry_and_every_growth_up_to_40_is_proven() -> None:
    hashes = [leaf_hash(b"%d" % number) for number in range(40)]
    tiles = grow(0, {}, hashes).tiles
    roots = [root_of(hashes[:size]) for size in range(41)]
    for size, root in enumerate(roots):
        for index in range(size):
            assert verify_inclusion(hashes[index], index, size, inclusion_proof(index, size, tiles), root)
        for old in range(size + 1):
            proof = consistency_proof(old, size, tiles)
            assert verify_consistency(old, roots[old], size, root, proof)
            if 0 < old < size:
                assert not verify_consistency(old, roots[old - 1], size, root, proof)
                assert not verify_consistency(old, roots[old], size, roots[size - 1], proof)


def test_a_proof_is_not_one_more_or_one_less() -> None:
    tiles = grow(0, {}, _HASHES).tiles
    root, old = bytes.fromhex(_ROOTS[8]), bytes.fromhex(_ROOTS[6])
    proof, growth = inclusion_proof(5, 8, tiles), consistency_proof(6, 8, tiles)
    for wrong in (proof[:-1], proof[1:], [*proof, root], [proof[0] + b"\0", *proof[1:]], []):
        assert not verify_inclusion(_HASHES[5], 5, 8, wrong, root)
    for wrong in (growth[:-1], growth[1:], [*growth, root], [growth[0][:31], *growth[1:]], []):
        assert not verify_consistency(6, old, 8, root, wrong)


def test_a_node_is_not_a_leaf() -> None:
    node = node_hash(_HASHES[0], _HASHES[1])
    assert leaf_hash(_HASHES[0] + _HASHES[1]) != node
    # What stands at index 0 of a tree of four cannot pass for entry 0 of a tree of two with the same root.
    root = bytes.fromhex(_ROOTS[4])
    assert not verify_inclusion(node, 0, 4, [node_hash(_HASHES[2], _HASHES[3])], root)


@pytest.mark.parametrize(("index", "size"), [(-1, 8), (8, 8), (9, 8), (0, 0), (0, -1), (0, 2**63)])
def test_an_entry_that_cannot_be_is_refused_by_the_prover_and_false_to_the_verifier(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"entr(y|ies)"):
        tiles_for_inclusion(index, size)
    assert not verify_inclusion(_HASHES[0], index, size, [], _HASHES[0])


def test_a_tree_does_not_shrink_and_grows_from_nothing_to_anything() -> None:
    root = bytes.fromhex(_ROOTS[8])
    with pytest.raises(ValueError, match="only grows"):
        tiles_for_consistency(9, 8)
    assert consistency_proof(0, 8, {}) == []
    assert verify_consistency(0, EMPTY_ROOT, 8, root, [])
    assert verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert not verify_consistency(0, root, 8, root, [])
    assert not verify_consistency(0, EMPTY_ROOT, 0, root, [])
    assert not verify_consistency(0, EMPTY_ROOT, 8, root, [root])
    assert not verify_consistency(8, root, 8, root, [root])
    assert not verify_consistency(8, root, 6, bytes.fromhex(_ROOTS[6]), [])


def test_growth_refuses_tiles_that_do_not_fit_its_size() -> None:
    held = grow(0, {}, _HASHES[:5])
    with pytest.raises(TileMissing):
        grow(5, {}, _HASHES[5:])
    with pytest.raises(TileMissing):
        grow(6, held.tiles, _HASHES[6:])
    with pytest.raises(ValueError, match="wider"):
        grow(4, held.tiles, _HASHES[4:])
    with pytest.raises(ValueError, match="32 bytes"):
        grow(5, held.tiles, [b"short"])
    assert grow(5, held.tiles, []).root == held.root


def test_an_upper_tile_that_is_missing_is_missed_even_when_it_does_not_change() -> None:
    held = grow(0, {}, [leaf_hash(b"%d" % number) for number in range(300)])
    assert tiles_for_growth(300) == tiles_for_root(300) == {(0, 1), (1, 0)}
    with pytest.raises(TileMissing):
        grow(300, {(0, 1): held.tiles[0, 1]}, [_HASHES[0]])


@pytest.mark.parametrize("index", [0, 1, 4_567_891, 9_999_872, 9_999_999])
def test_one_entry_of_ten_million_is_proven_from_a_handful_of_tiles(index: int) -> None:
    leaf = leaf_hash(b"the one")
    log = SyntheticTiles(_TEN_MILLION, {index: leaf})
    needed = tiles_for_inclusion(index, _TEN_MILLION) | tiles_for_root(_TEN_MILLION)
    assert len(needed) <= 6
    tiles = {key: log[key] for key in needed}
    proof, root = inclusion_proof(index, _TEN_MILLION, tiles), root_at(_TEN_MILLION, tiles)
    assert len(proof) <= 24
    assert verify_inclusion(leaf, index, _TEN_MILLION, proof, root)
    assert not verify_inclusion(leaf, index ^ 1, _TEN_MILLION, proof, root)
