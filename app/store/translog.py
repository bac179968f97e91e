"""The transparency log's rows: what is next, leaves, tiles, who leads. Checkpoints are ``app.store.checkpoints``.

Numbers of entries are given out before they are committed, so one with a lower number may appear later. Whoever passes
a number without an entry keeps it as a gap, and looks there again until nothing can come any more.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.merkle import TileKey
from app.store.log_tables import log_gaps, log_lease, log_leaves, log_tiles
from app.store.readable import reading
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import audit

#: Whose lease: who brings entries in, who reads the log again.
SEQUENCER, CHECKER = "sequencer", "checker"
# Of the transaction that PostgreSQL gives out next, and of the oldest that runs.
_XID = "CAST(CAST(pg_snapshot_{}(pg_current_snapshot()) AS text) AS bigint)"
_NEXT_XID: ColumnElement[int] = literal_column(_XID.format("xmax"))
_OLDEST_XID: ColumnElement[int] = literal_column(_XID.format("xmin"))


# What stands in the place of a time may be anything once somebody owns the file.
_READABLE = audit.c.at.between(datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Head:
    """How many leaves there are, and the highest audit number among them (0: none)."""

    size: int
    last_id: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Who sequences, until when, and how often that has changed."""

    holder: str
    until: datetime
    fence: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that had no entry when they were passed, both ends included."""

    first_id: int
    last_id: int
    seen_at: datetime
    horizon: int | None


async def head(session: ReadSession) -> Head:
    """Where the tree ends."""
    row = await session.one_or_none(select(_max(log_leaves.c.seq), _max(log_leaves.c.audit_id)))
    assert row is not None  # noqa: S101 - two subqueries are one row
    return Head(0 if row[0] is None else row[0] + 1, row[1] or 0)


def _max(column: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's
    # Each by itself, so that each is one look at the end of an index.
    return select(func.max(column)).scalar_subquery()


async def lease(session: ReadSession, name: str = SEQUENCER) -> Lease | None:
    """Who leads; None: nobody ever has."""
    row = await session.one_or_none(select(log_lease).where(log_lease.c.name == name))
    return None if row is None else Lease(row.holder, row.until, row.fence)


async def take_lease(
    session: WriteSession, holder: str, now: datetime, until: datetime, name: str = SEQUENCER
) -> int | None:
    """Begin to lead where nobody does; the fence, or None: another does."""
    row: Row = {"name": name, "holder": holder, "until": until, "fence": 1}
    new = (postgresql if session.dialect == "postgresql" else sqlite).insert(log_lease).values(row)
    taken = new.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "until": until, "fence": log_lease.c.fence + 1},
        where=or_(log_lease.c.until <= now, log_lease.c.holder == holder),
    ).returning(log_lease.c.fence)
    fence: int | None = (await session.execute(taken)).scalar_one_or_none()
    return fence


async def hold_lease(session: WriteSession, holder: str, fence: int, until: datetime, name: str = SEQUENCER) -> bool:
    """Go on leading, and keep others waiting until this transaction ends; False: another has begun."""
    mine = and_(log_lease.c.name == name, log_lease.c.holder == holder, log_lease.c.fence == fence)
    return (await session.execute(update(log_lease).where(mine).values(until=until))).rowcount == 1


async def depose(session: WriteSession) -> None:
    """Void what whoever sequences has reckoned so far, and keep everybody waiting until this transaction ends."""
    changed = update(log_lease).where(log_lease.c.name == SEQUENCER).values(fence=log_lease.c.fence + 1)
    await session.execute(changed)


async def fresh(session: ReadSession, after_id: int, limit: int) -> list[Row]:
    """Entries above a number, in order; their details as the text that is stored.

    Raises:
        UnreadableRow: one of them holds what cannot be read.
    """
    statement = select(audit).where(audit.c.id > after_id).order_by(audit.c.id).limit(limit)
    return await _entries(session, statement)


async def numbered(session: ReadSession, audit_ids: Sequence[int]) -> list[Row]:
    """Entries by their numbers, in order.

    Raises:
        UnreadableRow: one of them holds what cannot be read.
    """
    given = {"ids": members(list(audit_ids), session.dialect)}
    statement = select(audit).where(member_of(audit.c.id, "ids", session.dialect)).order_by(audit.c.id)
    return await _entries(session, statement, given)


async def _entries(session: ReadSession, statement: Select[Any], parameters: Row | None = None) -> list[Row]:
    with reading(session):
        # In this order; each row's own way to a dictionary takes four times as long, and every entry comes by here.
        names = audit.c.keys()
        return [dict(zip(names, row, strict=True)) for row in await session.rows(statement, parameters)]


async def fresh_ids(session: ReadSession, after_id: int, limit: int) -> list[int]:
    """The numbers of the entries that ``fresh`` gives."""
    statement = select(audit.c.id).where(audit.c.id > after_id).order_by(audit.c.id).limit(limit)
    return [row.id for row in await session.rows(statement)]


async def late_ids(session: ReadSession, limit: int) -> list[int]:
    """The numbers of entries that have appeared in gaps, in order."""
    if session.dialect == "postgresql":
        # From the gaps to the entries: a plain join in the order of the key walks the whole log to find nothing.
        found = select(audit.c.id).where(_in_gap()).order_by(audit.c.id).limit(limit)
        each = found.correlate(log_gaps).lateral("each")
        statement = select(each).select_from(log_gaps.join(each, true())).order_by(log_gaps.c.first_id, each.c.id)
    else:
        statement = select(audit.c.id).join(log_gaps, _in_gap()).order_by(log_gaps.c.first_id, audit.c.id)
    return [row.id for row in await session.rows(statement.limit(limit))]


def _in_gap() -> Any:  # noqa: ANN401 - SQLAlchemy's
    """An entry in a gap that has no leaf: a gap that somebody laid over what is in the tree brings nothing in twice."""
    sequenced = exists().where(log_leaves.c.audit_id == audit.c.id).correlate(audit)
    return and_(audit.c.id.between(log_gaps.c.first_id, log_gaps.c.last_id), ~sequenced)


async def gaps(session: ReadSession) -> list[Gap]:
    """All gaps, in order."""
    rows = await session.rows(select(log_gaps).order_by(log_gaps.c.first_id))
    return [Gap(row.first_id, row.last_id, row.seen_at, row.horizon) for row in rows]


async def horizons(session: ReadSession) -> tuple[int | None, int | None]:
    """PostgreSQL's next transaction, and its oldest that runs; None where only one writes at a time."""
    if session.dialect != "postgresql":
        return None, None
    row = await session.one_or_none(select(_NEXT_XID, _OLDEST_XID))
    assert row is not None  # noqa: S101 - functions give one row
    return row[0], row[1]


async def given_out(session: ReadSession) -> int | None:
    """The highest number that PostgreSQL has given to an entry; None where each one follows the highest there is."""
    if session.dialect != "postgresql":
        return None
    sequence = func.pg_get_serial_sequence(audit.name, audit.c.id.name).cast(postgresql.REGCLASS)
    row = await session.one_or_none(select(func.coalesce(func.pg_sequence_last_value(sequence), 0)))
    return None if row is None else int(row[0])


async def replace_gaps(session: WriteSession, gone: Collection[Gap], new: Sequence[Gap]) -> None:
    """Let go of gaps that were filled or in which nothing can come any more, and keep new ones."""
    if gone:
        # After a long standstill they may be more than a statement takes values.
        firsts = {"firsts": members(sorted(gap.first_id for gap in gone), session.dialect)}
        await session.execute(delete(log_gaps).where(member_of(log_gaps.c.first_id, "firsts", session.dialect)), firsts)
    if new:
        rows = [
            {"first_id": gap.first_id, "last_id": gap.last_id, "seen_at": gap.seen_at, "horizon": gap.horizon}
            for gap in new
        ]
        once = (postgresql if session.dialect == "postgresql" else sqlite).insert(log_gaps)
        await session.execute(once.on_conflict_do_nothing(index_elements=["first_id"]), rows)


_PUT_LEAF: Final = "INSERT INTO log_leaves (seq, audit_id, leaf_hash) VALUES (?, ?, ?)"


async def put_leaves(session: WriteSession, start: int, leaves: Sequence[tuple[int, bytes]]) -> None:
    """Append leaves, as (audit number, hash), from place ``start`` on."""
    if not leaves:
        return
    if session.dialect == "sqlite":
        # As the driver takes them: each entry of the log comes by here, and to bind it costs as much as to hash it.
        told = [(start + n, audit_id, leaf) for n, (audit_id, leaf) in enumerate(leaves)]
        await session.connection.exec_driver_sql(_PUT_LEAF, told)
        return
    rows = [{"seq": start + n, "audit_id": audit_id, "leaf_hash": leaf} for n, (audit_id, leaf) in enumerate(leaves)]
    await session.execute(insert(log_leaves), rows)


async def leaf_hashes(session: ReadSession, start: int, end: int) -> list[tuple[int, bytes]]:
    """The leaves ``start`` to ``end`` (not included) as they are kept, in order: place and hash."""
    statement = select(log_leaves.c.seq, log_leaves.c.leaf_hash).where(log_leaves.c.seq >= start)
    rows = await session.rows(statement.where(log_leaves.c.seq < end).order_by(log_leaves.c.seq))
    return [(row[0], bytes(row[1])) for row in rows]


async def tiles(session: ReadSession, keys: Collection[TileKey]) -> dict[TileKey, bytes]:
    """Those of the tiles that there are, as wide as they are now."""
    if not keys:
        return {}
    statement = select(log_tiles).where(tuple_(log_tiles.c.level, log_tiles.c["index"]).in_(sorted(keys)))
    return {(row[0], row[1]): bytes(row[2]) for row in await session.rows(statement)}


async def put_tiles(session: WriteSession, changed: Mapping[TileKey, bytes]) -> None:
    """Write tiles that are new or have grown."""
    if not changed:
        return
    new = (postgresql if session.dialect == "postgresql" else sqlite).insert(log_tiles)
    statement = new.on_conflict_do_update(index_elements=["level", "index"], set_={"hashes": new.excluded.hashes})
    rows = [{"level": level, "index": index, "hashes": hashes} for (level, index), hashes in changed.items()]
    await session.execute(statement, rows)


async def entries(session: ReadSession, start: int, end: int) -> list[Row]:
    """The entries of the leaves ``start`` to ``end`` (not included), in the order of the tree, each with its ``seq``.

    One that is not in the audit table any more is left out.
    """
    statement = (
        select(audit, log_leaves.c.seq)
        .join(log_leaves, log_leaves.c.audit_id == audit.c.id)
        .where(log_leaves.c.seq >= start, log_leaves.c.seq < end)
        .order_by(log_leaves.c.seq)
    )
    return [row._asdict() for row in await session.rows(statement)]


async def oldest_uncovered_at(session: ReadSession, size: int, last_id: int) -> datetime | None:
    """When the first entry was written that is not among the first ``size`` leaves; None: all are.

    Entries are looked at in the order of the tree, which is that of their times to within one transaction's length.
    One whose time nobody can read counts from when it was passed over.
    """
    sequenced = select(audit.c.at).join(log_leaves, log_leaves.c.audit_id == audit.c.id)
    in_gap = select(audit.c.id).where(_in_gap()).limit(1).correlate(log_gaps).scalar_subquery()
    first = [
        sequenced.where(log_leaves.c.seq >= size, _READABLE).order_by(log_leaves.c.seq).limit(1),
        select(audit.c.at).where(audit.c.id > last_id, _READABLE).order_by(audit.c.id).limit(1),
        # When it was passed over: a moment after it was written, or after it should have been.
        select(func.min(log_gaps.c.seen_at)).where(in_gap.is_not(None)),
    ]
    found = [await session.one_or_none(statement) for statement in first]
    return min((row[0] for row in found if row is not None and row[0] is not None), default=None)


async def unsequenced(session: ReadSession, last_id: int) -> int:
    """How many entries have no leaf yet."""
    above = await session.one_or_none(select(func.count()).select_from(audit).where(audit.c.id > last_id))
    in_gap = select(func.count()).select_from(audit).where(_in_gap()).correlate(log_gaps).scalar_subquery()
    between = await session.one_or_none(select(func.coalesce(func.sum(in_gap), 0)).select_from(log_gaps))
    return int((above or (0,))[0] + (between or (0,))[0])
