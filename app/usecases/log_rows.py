"""One entry held against its leaf: what was sequenced, archived since, or the lie that it tells."""

from typing import Final

from app.domain.log_check import Finding, Lie
from app.store import log_reading, translog
from app.store.log_reading import Leaf
from app.store.session import ReadSession
from app.usecases.archives import Shelf
from app.usecases.log_lies import Lies, as_written, hash_of

_HASH: Final = 32
_SWAP_REACH: Final = 5000


async def check_row(session: ReadSession, leaf: Leaf, shelf: Shelf | None = None) -> None:
    """Hold an entry against its leaf; one that is not in the database against its archive (``shelf``).

    Raises:
        Lies: it is not what was sequenced.
    """
    where = f"entry {leaf.audit_id} (place {leaf.seq})"
    if leaf.row is None:
        await (shelf or Shelf()).hold(session, leaf)
        return
    hashed = hash_of(leaf.row)
    if hashed == leaf.leaf_hash:
        if not as_written(leaf.row):
            words = f"{where}: its detail means the same, but is not written as it was"
            raise Lies(Finding(Lie.ALTERED_BYTE, words, leaf.seq, leaf.audit_id))
        return
    tile = await translog.tiles(session, [(0, leaf.seq // 256)])
    slot = leaf.seq % 256 * _HASH
    if hashed is not None and tile.get((0, leaf.seq // 256), b"")[slot : slot + _HASH] == hashed:
        words = f"the leaf of {where} was changed; the entry itself stands as it was sequenced"
        raise Lies(Finding(Lie.BROKEN_TREE, words, leaf.seq, leaf.audit_id))
    other = await _stands_in_place_of(session, leaf)
    if other is not None:
        words = f"{where} and entry {other} stand in each other's place"
        raise Lies(Finding(Lie.SWAPPED_ROWS, words, leaf.seq, leaf.audit_id))
    words = f"{where} was altered: it is not what was sequenced"
    raise Lies(Finding(Lie.ALTERED_BYTE, words, leaf.seq, leaf.audit_id))


async def _stands_in_place_of(session: ReadSession, leaf: Leaf) -> int | None:
    """The entry whose leaf this row would be the right one for, looked for on both sides; None when there is none."""
    near = (leaf.audit_id - _SWAP_REACH, leaf.audit_id + _SWAP_REACH)
    row = leaf.row or {}
    for audit_id, hashed in (await log_reading.leaf_hashes(session, near)).items():
        if audit_id != leaf.audit_id and hash_of(row, id=audit_id) == hashed:
            return audit_id
    return None
