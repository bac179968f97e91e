"""Make tiles of the tree anew from its leaves, if and only if those leaves are what was signed.

Tiles say nothing that leaves do not say, so they can be lost; leaves are believed as far as a signed root is over them,
and beyond that as far as their entries stand.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from app.domain.audit import AuditEntry, AuditKind
from app.domain.log_check import Climb
from app.domain.merkle import TileKey
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.domain.tiles import HASH_BYTES, WIDTH
from app.errors import LienThongError
from app.store import audit, checkpoints, log_check, log_reading, translog
from app.store.checkpoints import Signed
from app.store.readable import UnreadableRow
from app.store.session import ReadSession, WriteSession
from app.tlog import TlogError, open_checkpoint
from app.usecases import log_signing
from app.usecases.context import Caller, Context, LogPolicy
from app.usecases.log_lies import hash_of

_BLOCK: Final = 2000
_TILES_PER_WRITE: Final = 100
_log = structlog.get_logger(__name__)


class NotRepaired(LienThongError):
    """The leaves are not what was signed, or cannot be held against a signature: nothing was changed."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many tiles were wrong or missing, and over how many leaves all of them stand now."""

    tiles: int
    size: int


@dataclass(slots=True)
class _Tree:
    """Climbs the leaves; ``edge`` are the tiles that are not full yet, ``full`` those that have become so."""

    climb: Climb = field(default_factory=Climb)
    edge: dict[TileKey, bytearray] = field(default_factory=dict)
    full: dict[TileKey, bytes] = field(default_factory=dict)

    def add(self, leaf_hash: bytes) -> None:
        """Take the next leaf."""
        for known in self.climb.add(leaf_hash):
            key = known.level, known.index
            tile = self.edge.setdefault(key, bytearray())
            tile += known.value
            if len(tile) == WIDTH * HASH_BYTES:
                self.full[key] = bytes(self.edge.pop(key))


async def repair(context: Context, caller: Caller, correlation_id: str) -> Repaired:
    """Write each tile that is missing or not over the leaves. That it was done, or refused, is on record.

    Full tiles never change again, so they are mended a few at a time; the edge of the tree is mended while nobody
    sequences.

    Raises:
        NotRepaired: nothing was signed, or the leaves are not what was signed; nothing was changed.
    """
    try:
        return await _repair(context, caller, correlation_id)
    except NotRepaired as error:
        detail: dict[str, object] = {"reason": str(error)}
        _log.error("tiles_not_repaired", **detail)
        await context.database.run(lambda session: _note(session, caller, "tiles_not_repaired", correlation_id, detail))
        raise


async def _repair(context: Context, caller: Caller, correlation_id: str) -> Repaired:
    tree, wrong = await _read(context)
    keys = sorted(wrong)
    for at in range(0, len(keys), _TILES_PER_WRITE):
        some = {key: wrong[key] for key in keys[at : at + _TILES_PER_WRITE]}
        await context.database.run(partial(translog.put_tiles, changed=some))
    return await context.database.run(lambda session: _edge(session, tree, len(wrong), caller, correlation_id))


async def _read(context: Context) -> tuple[_Tree, dict[TileKey, bytes]]:
    """All leaves climbed, held against what was signed; and the full tiles that the database does not hold so."""
    tree, wrong = _Tree(), dict[TileKey, bytes]()
    async with context.database.read() as session:
        signed = await checkpoints.newest(session)
        size = (await translog.head(session)).size
    marks = _marks(context.log, signed)
    if size < max(marks):
        message = f"a checkpoint was signed over {max(marks)} entries, and {size} leaves are left"
        raise NotRepaired(message)
    for first in range(0, size, _BLOCK):
        async with context.database.read() as session:
            for leaf_hash in await _leaves(session, first, min(first + _BLOCK, size), max(marks)):
                tree.add(leaf_hash)
                signed_root = marks.get(tree.climb.size)
                if signed_root is not None and signed_root != tree.climb.root():
                    message = f"the leaves are not what was signed over {tree.climb.size} entries"
                    raise NotRepaired(message)
            wrong |= await _differing(session, tree.full)
            tree.full.clear()
    return tree, wrong


def _marks(policy: LogPolicy, signed: Signed | None) -> dict[int, bytes]:
    """What was signed, root by size: the newest checkpoint, and the one that this machine remembers."""
    if signed is None or not policy.verifiers:
        message = "nothing was signed, or no key is known: there is nothing to hold the leaves against"
        raise NotRepaired(message)
    try:
        memory = log_signing.recall(policy)
        found = [
            open_checkpoint(note, policy.verifiers, policy.origin, policy.earlier)[0]
            for note in (signed.note, memory)
            if note
        ]
    except (TlogError, log_signing.NotSigned) as error:
        message = f"a checkpoint cannot be believed: {error}"
        raise NotRepaired(message) from error
    marks = {each.size: each.root for each in found}
    if any(marks[each.size] != each.root for each in found):
        message = "the newest checkpoint and the one that this machine remembers contradict each other"
        raise NotRepaired(message)
    return marks


async def _leaves(session: ReadSession, first: int, until: int, signed: int) -> list[bytes]:
    """Leaves in order, none missing; those that no signature covers are held against their entries."""
    found = await translog.leaf_hashes(session, first, until)
    if [place for place, _ in found] != list(range(first, until)):
        message = f"of the places {first} to {until - 1} not each has one leaf: run 'lienthong audit verify'"
        raise NotRepaired(message)
    try:
        unsigned = await log_reading.leaves(session, max(first, signed), until) if until > signed else []
    except UnreadableRow as error:
        message = f"an entry of the places {max(first, signed)} to {until - 1} is not signed yet, and cannot be read"
        raise NotRepaired(message) from error
    for leaf in unsigned:
        if leaf.row is None or hash_of(leaf.row) != leaf.leaf_hash:
            message = f"entry {leaf.audit_id} (place {leaf.seq}) is not signed yet, and its leaf is not that of its row"
            raise NotRepaired(message)
    return [leaf_hash for _, leaf_hash in found]


async def _differing(session: ReadSession, right: dict[TileKey, bytes]) -> dict[TileKey, bytes]:
    held = await translog.tiles(session, right)
    return {key: tile for key, tile in right.items() if held.get(key) != tile}


async def _edge(session: WriteSession, tree: _Tree, mended: int, caller: Caller, correlation_id: str) -> Repaired:
    """Mend what still grows, with what was sequenced meanwhile, and put it on record."""
    await translog.depose(session)
    grown = _Tree(Climb(tree.climb.size, list(tree.climb.peaks)), {key: bytearray(t) for key, t in tree.edge.items()})
    size = (await translog.head(session)).size
    # Nothing but what came since is looked at: it is short, and nobody else may write.
    for leaf_hash in await _leaves(session, tree.climb.size, size, tree.climb.size):
        grown.add(leaf_hash)
    wrong = await _differing(session, grown.full | {key: bytes(tile) for key, tile in grown.edge.items()})
    await translog.put_tiles(session, wrong)
    done = Repaired(mended + len(wrong), size)
    if done.tiles:
        await log_check.begin_anew(session)
    detail: dict[str, object] = {"tiles": done.tiles, "size": size, "root": grown.climb.root().hex()}
    await _note(session, caller, "tiles_repaired", correlation_id, detail)
    _log.warning("tiles_repaired", tiles=done.tiles, size=size)
    return done


async def _note(
    session: WriteSession, caller: Caller, outcome: str, correlation_id: str, detail: dict[str, object]
) -> None:
    entry = AuditEntry(
        kind=AuditKind.OPERATION,
        outcome=outcome,
        actor=caller.name,
        agency=caller.agency,
        purpose=Purpose.OPERATION.value,
        legal_basis=LEGAL_BASIS[Purpose.OPERATION],
        correlation_id=correlation_id,
        detail=detail,
    )
    await audit.append(session, [entry], await session.now())
