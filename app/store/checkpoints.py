"""Signed checkpoints of our log with the cosignatures of witnesses, and the checkpoints of others that we cosigned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.store.log_tables import log_checkpoints, log_cosignatures, log_witnessed
from app.store.readable import reading
from app.store.session import ReadSession, Row, WriteSession


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it was signed. ``id`` is 0 where it is not ours but one that we witness."""

    id: int
    size: int
    root: bytes
    at: datetime
    note: str


def _signed(row: Any) -> Signed:  # noqa: ANN401 - a row
    return Signed(getattr(row, "id", 0), row.size, bytes(row.root), row.at, row.note)


async def newest(session: ReadSession) -> Signed | None:
    """The last one that was signed.

    Raises:
        UnreadableRow: its row holds what cannot be read.
    """
    with reading(session):
        row = await session.one_or_none(select(log_checkpoints).order_by(log_checkpoints.c.id.desc()).limit(1))
    return None if row is None else _signed(row)


async def first_at(session: ReadSession) -> datetime | None:
    """When the first one was signed."""
    row = await session.one_or_none(select(log_checkpoints.c.at).order_by(log_checkpoints.c.id).limit(1))
    return None if row is None else row[0]


async def put(session: WriteSession, size: int, root: bytes, at: datetime, note: str) -> None:
    """Keep one that was signed."""
    row: Row = {"size": size, "root": root, "at": at, "note": note}
    await session.execute(insert(log_checkpoints), row)


async def cosignatures(session: ReadSession, checkpoint_id: int) -> list[tuple[str, str]]:
    """The witnesses of a checkpoint and their lines, in the order in which they came."""
    statement = select(log_cosignatures.c.witness, log_cosignatures.c.line)
    statement = statement.where(log_cosignatures.c.checkpoint_id == checkpoint_id).order_by(log_cosignatures.c.id)
    return [(row[0], row[1]) for row in await session.rows(statement)]


async def last_cosigned(session: ReadSession, witness: str) -> Signed | None:
    """The newest checkpoint that a witness has cosigned."""
    statement = select(log_checkpoints).join(log_cosignatures, log_cosignatures.c.checkpoint_id == log_checkpoints.c.id)
    statement = statement.where(log_cosignatures.c.witness == witness).order_by(log_cosignatures.c.id.desc()).limit(1)
    row = await session.one_or_none(statement)
    return None if row is None else _signed(row)


async def put_cosignature(session: WriteSession, checkpoint_id: int, witness: str, at: datetime, line: str) -> None:
    """Keep a witness's line; a second one for the same checkpoint is left out."""
    held = select(log_cosignatures.c.id).where(
        log_cosignatures.c.checkpoint_id == checkpoint_id, log_cosignatures.c.witness == witness
    )
    # Asked first: on SQLite the table refuses even an insert that would be passed over.
    if await session.one_or_none(held) is None:
        row: Row = {"checkpoint_id": checkpoint_id, "witness": witness, "at": at, "line": line}
        await session.execute(insert(log_cosignatures), row)


async def witnessed(session: WriteSession, origin: str, nothing: Signed) -> Signed:
    """The last checkpoint of another log that was cosigned here, locked; made as ``nothing`` where there is none."""
    row: Row = {"origin": origin, "size": nothing.size, "root": nothing.root, "at": nothing.at, "note": nothing.note}
    new = (postgresql if session.dialect == "postgresql" else sqlite).insert(log_witnessed).values(row)
    await session.execute(new.on_conflict_do_nothing(index_elements=["origin"]))
    statement = select(log_witnessed).where(log_witnessed.c.origin == origin).with_for_update()
    found = await session.one_or_none(statement)
    return nothing if found is None else _signed(found)


async def last_witnessed(session: ReadSession, origin: str) -> Signed | None:
    """As ``witnessed``, without waiting for anybody; None: none was cosigned yet."""
    found = await session.one_or_none(select(log_witnessed).where(log_witnessed.c.origin == origin))
    return None if found is None else _signed(found)


async def note_witnessed(session: WriteSession, origin: str, signed: Signed) -> None:
    """Keep what is cosigned now."""
    values: Row = {"size": signed.size, "root": signed.root, "at": signed.at, "note": signed.note}
    await session.execute(update(log_witnessed).where(log_witnessed.c.origin == origin).values(**values))
