"""Reading the log again, row by row, as the database gives it: for checks, proofs and bundles. Writes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.store.checkpoints import Signed
from app.store.log_tables import log_checkpoints, log_leaves
from app.store.readable import reading
from app.store.session import ReadSession, Row
from app.store.tables import audit


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf and the row it speaks of; None when that row is gone."""

    seq: int
    audit_id: int
    leaf_hash: bytes
    row: Row | None


async def newest_entry(session: ReadSession) -> int:
    """The highest number of an entry; 0 for none."""
    row = await session.one_or_none(select(func.max(audit.c.id)))
    return (row[0] if row else None) or 0


async def checkpoints_from(session: ReadSession, *, after: tuple[int, int], size_max: int, limit: int) -> list[Signed]:
    """Checkpoints up to a size, smallest first, behind ``after`` (size, id)."""
    size, key = log_checkpoints.c.size, log_checkpoints.c.id
    behind = or_(size > after[0], and_(size == after[0], key > after[1]))
    statement = select(log_checkpoints).where(behind, size <= size_max).order_by(size, key).limit(limit)
    return [Signed(row.id, row.size, bytes(row.root), row.at, row.note) for row in await session.rows(statement)]


async def has_checkpoint(session: ReadSession, size: int, root: bytes) -> bool:
    """Whether a checkpoint of this size and root stands."""
    statement = select(log_checkpoints.c.id).where(log_checkpoints.c.size == size, log_checkpoints.c.root == root)
    return await session.one_or_none(statement.limit(1)) is not None


async def leaves(session: ReadSession, first: int, until: int) -> list[Leaf]:
    """Leaves with places ``[first, until)``, each with its row.

    Raises:
        UnreadableRow: one of the rows holds what cannot be read.
    """
    return await _leaves(session, and_(log_leaves.c.seq >= first, log_leaves.c.seq < until), until - first + 1)


async def leaf_of_entry(session: ReadSession, audit_id: int) -> Leaf | None:
    """The leaf of an entry; None when it has none.

    Raises:
        UnreadableRow: the row holds what cannot be read.
    """
    found = await _leaves(session, log_leaves.c.audit_id == audit_id, 1)
    return found[0] if found else None


async def leaves_about(session: ReadSession, column: str, value: str, *, after: int, limit: int) -> list[Leaf]:
    """Leaves of the entries that have ``value`` in a column, in the order of the tree, behind place ``after``.

    Raises:
        UnreadableRow: one of the rows holds what cannot be read.
    """
    return await _leaves(session, and_(audit.c[column] == value, log_leaves.c.seq > after), limit)


async def _leaves(session: ReadSession, condition: ColumnElement[bool], limit: int) -> list[Leaf]:
    joined = log_leaves.outerjoin(audit, audit.c.id == log_leaves.c.audit_id)
    columns = [log_leaves.c.seq, log_leaves.c.audit_id, log_leaves.c.leaf_hash, *audit.c]
    statement = select(*columns).select_from(joined).where(condition).order_by(log_leaves.c.seq).limit(limit)
    with reading(session):
        found = [tuple(row) for row in await session.rows(statement)]
    names = [column.name for column in audit.c]
    return [
        Leaf(seq, audit_id, bytes(leaf_hash), dict(zip(names, rest, strict=True)) if rest[0] is not None else None)
        for seq, audit_id, leaf_hash, *rest in found
    ]


async def leaf_hashes(session: ReadSession, audit_ids: tuple[int, int]) -> dict[int, bytes]:
    """The leaf hashes of entries with ids from the first to the second."""
    statement = select(log_leaves.c.audit_id, log_leaves.c.leaf_hash).where(log_leaves.c.audit_id.between(*audit_ids))
    return {row.audit_id: bytes(row.leaf_hash) for row in await session.rows(statement)}


async def doubled(session: ReadSession) -> int | None:
    """An entry that has two leaves; None when there is none."""
    statement = select(log_leaves.c.audit_id).group_by(log_leaves.c.audit_id).having(func.count() > 1)
    row = await session.one_or_none(statement.order_by(log_leaves.c.audit_id).limit(1))
    return row[0] if row else None


async def window_end(session: ReadSession, after_id: int, until_id: int, width: int) -> int:
    """The highest of the next ``width`` numbers that have an entry, up to ``until_id``."""
    nth = select(audit.c.id).where(audit.c.id > after_id).order_by(audit.c.id).offset(width - 1).limit(1)
    row = await session.one_or_none(nth)
    return until_id if row is None else min(int(row[0]), until_id)


async def without_leaf(session: ReadSession, ids: tuple[int, int], before: datetime) -> list[int]:
    """Entries with ids above the first, up to the second, older than ``before``, that have no leaf."""
    joined = audit.outerjoin(log_leaves, log_leaves.c.audit_id == audit.c.id)
    conditions = (audit.c.id > ids[0], audit.c.id <= ids[1], log_leaves.c.seq.is_(None), audit.c.at < before)
    statement = select(audit.c.id).select_from(joined).where(*conditions).order_by(audit.c.id)
    return [row.id for row in await session.rows(statement)]


async def count_pending(session: ReadSession, column: str, value: str) -> int:
    """How many entries with ``value`` in a column have no leaf yet."""
    joined = audit.outerjoin(log_leaves, log_leaves.c.audit_id == audit.c.id)
    statement = select(func.count()).select_from(joined).where(audit.c[column] == value, log_leaves.c.seq.is_(None))
    row: Any = await session.one_or_none(statement)
    return int(row[0])
