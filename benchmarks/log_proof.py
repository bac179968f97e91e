"""How long the proof of one entry takes among 10,000,000: its row, the tiles and the checkpoint read, the proof tried.

Nobody waits for ten million entries: one is real, and the tiles above all others are made, each as it would be.
"""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from app.domain.merkle import TileKey, root_at, tiles_for_root
from app.store import checkpoints, log_reading, translog
from app.store.session import WriteSession
from app.tlog import Checkpoint, sign
from app.usecases.context import Context
from app.usecases.prove_log import newest, proof_of
from app.usecases.sequence_log import sequence
from app.wiring import close_context
from benchmarks import stage
from tests.synthetic_log import SyntheticTiles

SIZE, PROOFS, WARM = 10_000_000, 200, 10
_TILES_PER_COMMIT = 4000


async def _grow(context: Context, tiles: SyntheticTiles) -> None:
    keys: Sequence[TileKey] = list(tiles)
    for start in range(0, len(keys), _TILES_PER_COMMIT):
        part = {key: tiles[key] for key in keys[start : start + _TILES_PER_COMMIT]}

        async def put(session: WriteSession, part: dict[TileKey, bytes] = part) -> None:
            await translog.put_tiles(session, part)

        await context.database.run(put)
    root = root_at(SIZE, {key: tiles[key] for key in tiles_for_root(SIZE)})
    assert context.log.signer is not None
    note = sign(Checkpoint(context.log.origin, SIZE, root).to_text(), context.log.signer)

    async def put_checkpoint(session: WriteSession) -> None:
        await checkpoints.put(session, SIZE, root, await session.now(), note)

    await context.database.run(put_checkpoint)


async def _proof_milliseconds(url: str) -> float:
    """The median."""
    context = stage.signing_context(url, stage.NOWHERE)
    times = []
    try:
        await stage.fill_log(context.database, 1)
        await sequence(context, "bench")
        async with context.database.read() as session:
            entry = await log_reading.newest_entry(session)
            leaf = await log_reading.leaf_of_entry(session, entry)
        assert leaf is not None
        await _grow(context, SyntheticTiles(SIZE, {leaf.seq: leaf.leaf_hash}))
        for _ in range(PROOFS + WARM):
            started = time.perf_counter()
            async with context.database.read() as session:
                signed = await newest(session)
                found = await log_reading.leaf_of_entry(session, entry)
                assert found is not None
                proof = await proof_of(session, found, signed)
            times.append(1000 * (time.perf_counter() - started))
            assert signed.size == SIZE
            assert proof.path
    finally:
        await close_context(context)
    return statistics.median(times[WARM:])


async def measure(server: str, folder: Path) -> dict[str, float]:
    """Both engines."""
    return {
        "translog_proof_ms_10m_sqlite": await _proof_milliseconds(stage.new_sqlite(folder, "log_proof")),
        "translog_proof_ms_10m_postgresql": await _proof_milliseconds(stage.new_database(server, "log_proof")),
    }
