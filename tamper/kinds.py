"""The ways of lying. Each is done as a keeper with root would do it: triggers taken away first, all hashes at hand."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, insert, select, text, update

from app.domain.commitments import Opening
from app.domain.log_check import Lie
from app.domain.merkle import grow, leaf_hash, root_of
from app.sealing import seal, unseal
from app.store import audit as audit_store
from app.store import audit_values, subject_keys
from app.store.log_tables import log_checkpoints, log_leaves, log_tiles
from app.store.session import WriteSession
from app.store.subject_tables import audit_values as values_table
from app.store.tables import audit
from app.tlog import Checkpoint, Signer, generate, sign
from app.usecases.log_leaf import leaf_for

_TABLES: Final = ("audit", "log_leaves", "log_checkpoints", "log_cosignatures", "audit_values", "subject_keys")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a lie is planted: two entries of one dossier, the log's name and its own key (for who holds it).

    ``valued`` is an entry that commits to personal values.
    """

    first: int
    second: int
    origin: str
    signer: Signer
    valued: int


async def disarm(session: WriteSession) -> None:
    """Take away what refuses changes."""
    if session.dialect == "postgresql":
        for table in _TABLES:
            await session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        return
    names = await session.rows(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    for (name,) in names:
        await session.execute(text(f"DROP TRIGGER {name}"))


async def altered_byte(session: WriteSession, target: Target) -> None:
    """One letter of one value."""
    row = await session.one_or_none(select(audit.c.outcome).where(audit.c.id == target.first))
    assert row is not None
    changed = chr(ord(row.outcome[0]) ^ 1) + row.outcome[1:]
    await session.execute(update(audit).where(audit.c.id == target.first).values(outcome=changed))


async def deleted_row(session: WriteSession, target: Target) -> None:
    """An entry is gone; its leaf cannot go without the places behind it moving."""
    await session.execute(delete(audit).where(audit.c.id == target.first))


async def swapped_rows(session: WriteSession, target: Target) -> None:
    """Two entries change places: each has the other's number."""
    for old, new in ((target.first, -1), (target.second, target.first), (-1, target.second)):
        await session.execute(update(audit).where(audit.c.id == old).values(id=new))


async def inserted_row(session: WriteSession, target: Target) -> None:
    """An entry that was never sequenced, as if of the day before."""
    row = await session.one_or_none(select(audit).where(audit.c.id == target.first))
    last = await session.one_or_none(select(audit.c.id).order_by(audit.c.id.desc()).limit(1))
    assert row is not None
    assert last is not None
    put = row._asdict() | {"id": last[0] + 1, "at": row.at - timedelta(days=1)}
    await session.execute(insert(audit), put)


async def rewritten_history(session: WriteSession, target: Target) -> None:
    """The entry, its leaf and every tile above; the checkpoints stay as they were signed."""
    await altered_byte(session, target)
    await _reckon_anew(session)


async def rewritten_other_key(session: WriteSession, target: Target) -> None:
    """The same, and every checkpoint is signed anew with a key of the liar's own, under the log's name."""
    await rewritten_history(session, target)
    await _sign_anew(session, target.origin, Signer.parse(generate(target.origin)))


async def rewritten_own_key(session: WriteSession, target: Target) -> None:
    """The same with the log's own key: the keeper himself. Nothing within the database gives it away."""
    await rewritten_history(session, target)
    await _sign_anew(session, target.origin, target.signer)


async def forged_checkpoint(session: WriteSession, _target: Target) -> None:
    """The newest checkpoint says another root, above a signature of something else."""
    row = await session.one_or_none(select(log_checkpoints).order_by(log_checkpoints.c.id.desc()).limit(1))
    assert row is not None
    root = leaf_hash(b"another")
    lines = row.note.split("\n")
    lines[2] = base64.b64encode(root).decode()
    changed = {"root": root, "note": "\n".join(lines)}
    await session.execute(update(log_checkpoints).where(log_checkpoints.c.id == row.id).values(**changed))


async def roll_back(session: WriteSession, size: int) -> None:
    """Make the log what it was at ``size`` entries, as an older copy would be."""
    gone = select(log_leaves.c.audit_id).where(log_leaves.c.seq >= size)
    await session.execute(delete(log_checkpoints).where(log_checkpoints.c.size > size))
    last = await session.one_or_none(gone.order_by(log_leaves.c.seq).limit(1))
    if last is not None:
        await session.execute(delete(audit).where(audit.c.id >= last[0]))
    await session.execute(delete(log_leaves).where(log_leaves.c.seq >= size))
    await _tiles_anew(session)


async def altered_value(session: WriteSession, target: Target) -> None:
    """Another value in the place of one, encrypted as it should be: the keeper has the master key, too."""
    row, held = await audit_store.entry(session, target.valued), await audit_values.find(session, [target.valued])
    assert row is not None
    assert session.keys is not None
    key = (await subject_keys.find(session, [held[target.valued].key_id]))[held[target.valued].key_id]
    secret = subject_keys.opened(session.keys, key)
    assert secret is not None
    openings = unseal(secret, target.valued, row["commitments"], held[target.valued].sealed)
    lies = {name: Opening(each.salt, each.value + "x") for name, each in openings.items()}
    sealed = seal(secret, target.valued, row["commitments"], lies)
    changed = update(values_table).where(values_table.c.audit_id == target.valued)
    await session.execute(changed.values(nonce=sealed.nonce, ciphertext=sealed.ciphertext))


async def deleted_value(session: WriteSession, target: Target) -> None:
    """The values of an entry are gone, and no erasure was ever asked for."""
    await session.execute(delete(values_table).where(values_table.c.audit_id == target.valued))


async def _reckon_anew(session: WriteSession) -> None:
    joined = select(audit).join(log_leaves, log_leaves.c.audit_id == audit.c.id).order_by(log_leaves.c.seq)
    for row in await session.rows(joined):
        hashed = leaf_hash(leaf_for(row._asdict()))
        await session.execute(update(log_leaves).where(log_leaves.c.audit_id == row.id).values(leaf_hash=hashed))
    await _tiles_anew(session)


async def _hashes(session: WriteSession) -> list[bytes]:
    rows = await session.rows(select(log_leaves.c.leaf_hash).order_by(log_leaves.c.seq))
    return [bytes(row.leaf_hash) for row in rows]


async def _tiles_anew(session: WriteSession) -> None:
    grown = grow(0, {}, await _hashes(session))
    await session.execute(delete(log_tiles))
    rows = [{"level": level, "index": index, "hashes": held} for (level, index), held in grown.tiles.items()]
    await session.execute(insert(log_tiles), rows)


async def _sign_anew(session: WriteSession, origin: str, signer: Signer) -> None:
    hashes = await _hashes(session)
    for row in await session.rows(select(log_checkpoints.c.id, log_checkpoints.c.size)):
        root = root_of(hashes[: row.size])
        note = sign(Checkpoint(origin, row.size, root).to_text(), signer)
        changed = update(log_checkpoints).where(log_checkpoints.c.id == row.id).values(root=root, note=note)
        await session.execute(changed)


@dataclass(frozen=True, slots=True)
class Kind:
    """A way of lying, and what our own check must call it."""

    name: str
    lie: Lie
    plant: Callable[[WriteSession, Target], Awaitable[None]]
    names_entry: bool = True


# Rolled back is a copy of the file, not a change of it: see ``tamper.run``.
ROLLED_BACK: Final = "rolled_back"
KINDS: Final = (
    Kind("altered_byte", Lie.ALTERED_BYTE, altered_byte),
    Kind("deleted_row", Lie.DELETED_ROW, deleted_row),
    Kind("swapped_rows", Lie.SWAPPED_ROWS, swapped_rows),
    Kind("inserted_row", Lie.INSERTED_ROW, inserted_row, names_entry=False),
    Kind("rewritten_history", Lie.REWRITTEN_HISTORY, rewritten_history, names_entry=False),
    Kind("rewritten_history_other_key", Lie.FORGED_CHECKPOINT, rewritten_other_key, names_entry=False),
    Kind("rewritten_history_own_key", Lie.REWRITTEN_HISTORY, rewritten_own_key, names_entry=False),
    Kind("forged_checkpoint", Lie.FORGED_CHECKPOINT, forged_checkpoint, names_entry=False),
)
# What stands beside the log: a bundle holds no values, so it cannot see these.
BESIDE: Final = (
    Kind("altered_value", Lie.ALTERED_VALUE, altered_value),
    Kind("deleted_value", Lie.DELETED_VALUE, deleted_value),
)
