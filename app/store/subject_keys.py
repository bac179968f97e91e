"""Keys of subjects: made, unwrapped, wrapped anew, destroyed. Unwrapped they live as long as one transaction.

None is kept in memory beyond that: unwrapping takes some microseconds, and a key that is remembered is not destroyed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

import structlog
from sqlalchemy import bindparam, func, insert, select, update

from app.sealing import MasterKeys, Unsealable, new_key
from app.store.readable import reading
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.subject_tables import subject_keys

_keys = subject_keys
_ID_BYTES: Final = 16
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A living key of a subject, unwrapped."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as it is kept; ``wrapped`` is None once it was destroyed."""

    id: str
    subject_id: str
    wrapped: bytes | None = field(repr=False)
    master_key: str


async def of_subjects(
    session: WriteSession, masters: MasterKeys, subjects: Collection[str], now: datetime
) -> dict[str, SubjectKey]:
    """A living key for each subject, made where there is none that these master keys unwrap.

    Two processes may each make one; that harms nothing, and nobody waits for anybody.
    """
    living = select(_keys).where(
        member_of(_keys.c.subject_id, "subjects", session.dialect), _keys.c.destroyed_at.is_(None)
    )
    parameters = {"subjects": members(sorted(subjects), session.dialect)}
    found: dict[str, SubjectKey] = {}
    for row in map(_row, await session.rows(living.order_by(_keys.c.created_at, _keys.c.id), parameters)):
        secret = None if row.subject_id in found else opened(masters, row)
        if secret is not None:
            found[row.subject_id] = SubjectKey(row.id, secret)
    missing = sorted(set(subjects) - found.keys())
    if missing:
        made = {subject: SubjectKey(token_hex(_ID_BYTES), new_key()) for subject in missing}
        rows = [_new(masters, subject, key, now) for subject, key in made.items()]
        await session.execute(insert(_keys), rows)
        found |= made
    return found


def _new(masters: MasterKeys, subject: str, key: SubjectKey, now: datetime) -> Row:
    return {
        "id": key.id,
        "subject_id": subject,
        "wrapped": masters.current.wrap(key.secret, key.id, subject),
        "master_key": masters.current.id,
        "created_at": now,
    }


def opened(masters: MasterKeys, row: KeyRow) -> bytes | None:
    """The key itself; None when it was destroyed, or no master key that is at hand unwraps it."""
    master = masters.known.get(row.master_key)
    if master is None or row.wrapped is None:
        return None
    try:
        return master.unwrap(row.wrapped, row.id, row.subject_id)
    except Unsealable:
        # Somebody has changed the row. Checks of the log tell of it; what is to be sent now gets another key.
        _log.error("subject_key_damaged", key=row.id)
        return None


def _row(row: Any) -> KeyRow:  # noqa: ANN401 - a row
    return KeyRow(row.id, row.subject_id, None if row.wrapped is None else bytes(row.wrapped), row.master_key)


async def find(session: ReadSession, ids: Collection[str]) -> dict[str, KeyRow]:
    """Keys by id, destroyed ones too.

    Raises:
        UnreadableRow: one of the rows holds what cannot be read.
    """
    if not ids:
        return {}
    statement = select(_keys).where(member_of(_keys.c.id, "ids", session.dialect))
    with reading(session):
        rows = await session.rows(statement, {"ids": members(sorted(ids), session.dialect)})
        return {row.id: _row(row) for row in rows}


async def destroy(session: WriteSession, subject: str, now: datetime) -> list[str]:
    """Overwrite every living key of a subject; their ids."""
    living = update(_keys).where(_keys.c.subject_id == subject, _keys.c.destroyed_at.is_(None))
    gone = await session.execute(living.values(wrapped=None, destroyed_at=now).returning(_keys.c.id))
    return sorted(row.id for row in gone)


async def to_rewrap(session: ReadSession, current: str, after: str, limit: int) -> list[KeyRow]:
    """Living keys that another master key than ``current`` wraps, in the order of their ids, behind ``after``."""
    conditions = (_keys.c.destroyed_at.is_(None), _keys.c.master_key != current, _keys.c.id > after)
    statement = select(_keys).where(*conditions).order_by(_keys.c.id).limit(limit)
    return [_row(row) for row in await session.rows(statement)]


async def rewrap(session: WriteSession, rows: Sequence[KeyRow], current: str) -> int:
    """Put keys that were wrapped anew in place of what they were; one that was destroyed meanwhile stays so."""
    statement = update(_keys).where(_keys.c.id == bindparam("key"), _keys.c.destroyed_at.is_(None))
    values = statement.values(wrapped=bindparam("fresh"), master_key=current)
    changed = 0
    for row in rows:
        changed += (await session.execute(values, {"key": row.id, "fresh": row.wrapped})).rowcount
    return changed


async def figures(session: ReadSession) -> tuple[Mapping[str, int], int]:
    """How many living keys each master key wraps, and how many keys were destroyed."""
    statement = select(_keys.c.master_key, func.count(), func.count(_keys.c.destroyed_at)).group_by(_keys.c.master_key)
    rows = [tuple(row) for row in await session.rows(statement)]
    living = {master: every - gone for master, every, gone in rows if every > gone}
    return living, sum(gone for *_, gone in rows)
