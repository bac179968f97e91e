"""What whoever follows the log reads: the newest checkpoint, tiles, and entries (C2SP tlog-tiles).

Nothing is given that the newest checkpoint does not cover. Hashes say nothing of an entry; entries hold codes of
dossiers, so a look at them is on record like any other look into the log.
"""

from app.domain.merkle import Tile
from app.domain.tiles import HASH_BYTES, WIDTH, BadTilePath, parse_entries_path, parse_tile_path, to_bundle, width_at
from app.errors import UnknownLogPart
from app.store import checkpoints, log_reading, translog
from app.store.readable import UnreadableRow
from app.store.session import ReadSession, Row
from app.usecases import prove_log
from app.usecases.archives import Shelf
from app.usecases.context import Caller, Context
from app.usecases.log_leaf import leaf_for
from app.usecases.log_lies import Lies

_NOTHING_SIGNED, _NOT_COVERED = "no checkpoint was signed yet", "no checkpoint covers this yet"
_TILE_MISSING, _ENTRY_MISSING = "this tile is missing", "an entry of this bundle is missing"


async def checkpoint(context: Context) -> str:
    """The newest checkpoint, with the cosignatures that have come.

    Raises:
        UnknownLogPart: nothing was signed yet.
    """
    async with context.database.read() as session:
        newest = await checkpoints.newest(session)
        if newest is None:
            raise _unknown(_NOTHING_SIGNED)
        return newest.note + "".join(line for _, line in await checkpoints.cosignatures(session, newest.id))


async def tile(context: Context, path: str) -> tuple[bytes, bool]:
    """The hashes of a tile by its path, and whether it is full.

    Raises:
        UnknownLogPart: no such path, or beyond the newest checkpoint.
    """
    try:
        wanted = parse_tile_path(path)
    except BadTilePath as error:
        raise _unknown(str(error)) from error
    async with context.database.read() as session:
        await _must_be_covered(session, wanted)
        found = await translog.tiles(session, {(wanted.level, wanted.index)})
    hashes = found.get((wanted.level, wanted.index), b"")[: wanted.width * HASH_BYTES]
    if len(hashes) < wanted.width * HASH_BYTES:
        raise _unknown(_TILE_MISSING)
    return hashes, wanted.width == WIDTH


async def entries(context: Context, caller: Caller, path: str, correlation_id: str) -> tuple[bytes, bool]:
    """The entries under a tile of level 0, as a bundle, and whether it is full. The look is on record first.

    Raises:
        UnknownLogPart: no such path, beyond the newest checkpoint, or an entry of it is not there any more.
        ArchiveNeeded: an entry of it was archived, and the file is not at hand.
    """
    try:
        wanted = parse_entries_path(path)
    except BadTilePath as error:
        raise _unknown(str(error)) from error
    await prove_log.note_access(context, caller, "read", correlation_id, {"tile": wanted.entries_path})
    start = wanted.index * WIDTH
    async with context.database.read() as session:
        await _must_be_covered(session, wanted)
        rows = await translog.entries(session, start, start + wanted.width)
        if len(rows) < wanted.width:
            rows = await _with_archived(context, session, start, start + wanted.width)
    if [row.pop("seq") for row in rows] != list(range(start, start + wanted.width)):
        raise _unknown(_ENTRY_MISSING)
    return to_bundle([leaf_for(row) for row in rows]), wanted.width == WIDTH


async def _with_archived(context: Context, session: ReadSession, start: int, end: int) -> list[Row]:
    """The entries of a bundle, those from archives among them; one that is gone is left out."""
    shelf = Shelf(context.retention.archive_dir)
    await shelf.load(session, start, end)
    try:
        leaves = await log_reading.leaves(session, start, end)
        return [{**await shelf.row(session, leaf), "seq": leaf.seq} for leaf in leaves]
    except (Lies, UnreadableRow):
        return []


async def proof(context: Context, caller: Caller, audit_id: int, correlation_id: str) -> str:
    """An entry with its proof and the checkpoint that it is under (C2SP tlog-proof). The look is on record first.

    Raises:
        UnknownLogPart: there is no such entry, or no checkpoint covers it yet.
        ArchiveNeeded: it was archived, and the file is not at hand.
    """
    try:
        found = await prove_log.prove(context, caller, audit_id, correlation_id)
    except prove_log.NoProof as error:
        raise _unknown(str(error)) from error
    return found.to_text()


async def _must_be_covered(session: ReadSession, wanted: Tile) -> None:
    newest = await checkpoints.newest(session)
    if wanted.width > width_at(wanted.level, wanted.index, newest.size if newest else 0):
        raise _unknown(_NOT_COVERED)


def _unknown(detail: str) -> UnknownLogPart:
    refusal = UnknownLogPart(detail)
    # Anybody may ask without a login: what is not there must not make the log grow.
    refusal.on_record = True
    return refusal
