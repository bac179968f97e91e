"""Laws of the tree: what is proven verifies, nothing else does, and how it grew leaves no trace."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.merkle import (
    EMPTY_ROOT,
    TileKey,
    consistency_proof,
    grow,
    inclusion_proof,
    leaf_hash,
    root_at,
    root_of,
    tiles_for_consistency,
    tiles_for_growth,
    tiles_for_inclusion,
    tiles_for_root,
    verify_consistency,
    verify_inclusion,
)

_HASHES = [leaf_hash(b"%d" % number) for number in range(70_000)]
_ALL = grow(0, {}, _HASHES).tiles
# Small ones, those about a tile's edge, and any.
_SIZES = (
    st.integers(1, 20)
    | st.sampled_from([255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537])
    | (st.integers(1, 70_000))
)
_BITS = st.integers(0, 255)


def _only(keys: set[TileKey]) -> dict[TileKey, bytes]:
    return {key: _ALL[key] for key in keys}


def _flipped(data: bytes, bit: int) -> bytes:
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


@settings(max_examples=60)
@given(size=_SIZES, bit=_BITS, data=st.data())
def test_an_inclusion_proof_verifies_and_no_other_does(size: int, bit: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, _only(tiles_for_inclusion(index, size)))
    leaf, root = _HASHES[index], root_at(size, _only(tiles_for_root(size)))
    assert verify_inclusion(leaf, index, size, proof, root)
    assert not verify_inclusion(_flipped(leaf, bit), index, size, proof, root)
    assert not verify_inclusion(leaf, index, size, proof, _flipped(root, bit))
    assert verify_inclusion(leaf, other, size, proof, root) == (other == index)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        wrong = [*proof[:at], _flipped(proof[at], bit), *proof[at + 1 :]]
        assert not verify_inclusion(leaf, index, size, wrong, root)


@settings(max_examples=60)
@given(size=_SIZES, other=_SIZES, data=st.data())
def test_a_proof_for_one_size_proves_nothing_against_the_root_of_another(
    size: int, other: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(index, size, _ALL), root_at(other, _ALL)
    assert verify_inclusion(_HASHES[index], index, other, proof, root) == (size == other)


@settings(max_examples=60)
@given(sizes=st.tuples(_SIZES, _SIZES), bit=_BITS, data=st.data())
def test_a_tree_is_consistent_with_what_it_grew_from_and_with_nothing_else(
    sizes: tuple[int, int], bit: int, data: st.DataObject
) -> None:
    old, new = sorted(sizes)
    proof = consistency_proof(old, new, _only(tiles_for_consistency(old, new)))
    old_root, new_root = root_at(old, _ALL), root_at(new, _ALL)
    assert verify_consistency(old, old_root, new, new_root, proof)
    assert not verify_consistency(old, _flipped(old_root, bit), new, new_root, proof)
    assert not verify_consistency(old, old_root, new, _flipped(new_root, bit), proof)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        wrong = [*proof[:at], _flipped(proof[at], bit), *proof[at + 1 :]]
        assert not verify_consistency(old, old_root, new, new_root, wrong)
    if old > 1:
        assert not verify_consistency(old - 1, old_root, new, new_root, proof)


@settings(max_examples=40)
@given(batches=st.lists(st.integers(0, 12) | st.integers(250, 520), max_size=8))
def test_growth_in_any_batches_gives_the_tiles_and_the_root_of_all_at_once(batches: list[int]) -> None:
    held: dict[TileKey, bytes] = {}
    size, root = 0, EMPTY_ROOT
    for batch in batches:
        needed = {key: held[key] for key in tiles_for_growth(size)}
        grown = grow(size, needed, _HASHES[size : size + batch])
        # A full tile is never written again.
        assert all(len(held.get(key, b"")) < 8192 for key in grown.tiles)
        held |= grown.tiles
        size, root = grown.size, grown.root
    at_once = grow(0, {}, _HASHES[:size])
    assert (held, size, root) == (dict(at_once.tiles), at_once.size, root_of(_HASHES[:size]))


@settings(max_examples=100)
@given(
    index=st.integers(-2, 2**64),
    size=st.integers(-2, 2**64),
    proof=st.lists(st.binary(max_size=40) | st.just(_HASHES[0]), max_size=70),
)
def test_a_verifier_never_raises(index: int, size: int, proof: list[bytes]) -> None:
    assert not verify_inclusion(_HASHES[1], index, size, proof, _HASHES[2])
    assert not verify_consistency(index, _HASHES[1], size, _HASHES[2], proof)
