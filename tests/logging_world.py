"""A log with a key of its own: contexts that sign, entries, and what an outsider makes of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.domain.merkle import leaf_hash, root_of
from app.store import audit, checkpoints, translog
from app.store.checkpoints import Signed
from app.store.session import Database, WriteSession
from app.tlog import KeyKind, KeyRing, Signer, generate, open_checkpoint
from app.usecases.context import Context, LogPolicy
from app.usecases.log_leaf import leaf_for
from app.usecases.sequence_log import sequence
from tests.factories import audit_entry
from tests.worlds import context_of

ORIGIN = "log.example/h15"
SIGNER = Signer.parse(generate(ORIGIN))
COSIGNER = Signer.parse(generate("witness.example/w1", KeyKind.COSIGNATURE_V1))


def policy(**changes: Any) -> LogPolicy:
    """A log that signs with ``SIGNER``, every 60 seconds; 4 hours are its limit."""
    ring = KeyRing.of(SIGNER)
    return replace(LogPolicy(origin=ORIGIN, signer=ring.signer, verifiers=ring.verifiers), **changes)


def signing(database: Database, memory: Path | None = None, **more: Any) -> Context:
    """A context whose log is signed."""
    return context_of(database, log=policy(memory=memory), **more)


async def write(database: Database, count: int, **changes: Any) -> None:
    """Put entries on record, all in one transaction."""

    async def work(session: WriteSession) -> None:
        entries = [audit_entry(dossier_code=f"d-{n}", **changes) for n in range(count)]
        await audit.append(session, entries, await session.now())

    await database.run(work)


async def sequence_all(context: Context, worker: str = "w-1", batch: int = 5000) -> None:
    """Until there is nothing more to do at once."""
    while await sequence(context, worker, batch):
        pass


async def execute(database: Database, *statements: str) -> None:
    """Write as somebody with the database's password would."""

    async def work(session: WriteSession) -> None:
        for statement in statements:
            await session.execute(text(statement))

    await database.run(work)


async def leaves(database: Database) -> list[int]:
    """The numbers of the entries in the order of the tree."""
    async with database.read() as session:
        rows = await session.rows(text("SELECT seq, audit_id FROM log_leaves ORDER BY seq"))
    assert [row[0] for row in rows] == list(range(len(rows)))
    return [row[1] for row in rows]


async def newest(database: Database) -> Signed | None:
    """The newest checkpoint."""
    async with database.read() as session:
        return await checkpoints.newest(session)


async def agreed(database: Database) -> int:
    """Check that leaves, tiles and the newest checkpoint say the same of the entries themselves; the signed size."""
    async with database.read() as session:
        head, signed = await translog.head(session), await checkpoints.newest(session)
        entries = await translog.entries(session, 0, head.size)
        tiles = await session.rows(text('SELECT "index", hashes FROM log_tiles WHERE level = 0 ORDER BY "index"'))
    assert [row.pop("seq") for row in entries] == list(range(head.size))
    hashes = [leaf_hash(leaf_for(row)) for row in entries]
    assert b"".join(bytes(row[1]) for row in tiles) == b"".join(hashes)
    if signed is None:
        return 0
    checkpoint, _ = open_checkpoint(signed.note, [SIGNER.verifier], ORIGIN)
    assert (checkpoint.size, checkpoint.root) == (signed.size, signed.root)
    assert root_of(hashes[: signed.size]) == signed.root
    return signed.size


async def open_events(database: Database) -> list[str]:
    """Kinds of the events that have begun and not ended."""
    async with database.read() as session:
        rows = await session.rows(text("SELECT kind FROM events WHERE ended_at IS NULL ORDER BY id"))
    return [row[0] for row in rows]
