"""The append-only log. No entry, no exchange: when it cannot be written, nothing else may happen."""

import json
from collections.abc import Collection, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, insert, select
from sqlalchemy.exc import DBAPIError

from app.domain.audit import AuditEntry, AuditKind, Origin
from app.errors import AuditUnavailable
from app.sealing import MasterKeys
from app.store import audit_values
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import audit

#: The request that is being served; None in a worker and on the command line. Set at the door, so that no entry of a
#: request can be written without it.
ORIGIN: ContextVar[Origin | None] = ContextVar("origin", default=None)
#: The outcome of the entry that tells which keys of a subject were destroyed (``keys`` in its detail).
ERASED: Final = "erased"
_COLUMNS: Final = tuple(name for name in AuditEntry.__slots__ if name != "personal")


async def append(session: WriteSession, entries: Sequence[AuditEntry], at: datetime) -> None:
    """Write entries in the caller's transaction, in order; with them the values of persons that they commit to.

    Raises:
        AuditUnavailable: the log did not take them; the caller's transaction must not be committed.
    """
    if not entries:
        return
    try:
        if session.keys is not None and any(entry.personal for entry in entries):
            await _append_with_values(session, session.keys, entries, at)
        else:
            await session.execute(insert(audit), [_row(entry, at) for entry in entries])
    except DBAPIError as error:
        message = "the audit log did not take the entry"
        raise AuditUnavailable(message) from error


async def _append_with_values(
    session: WriteSession, masters: MasterKeys, entries: Sequence[AuditEntry], at: datetime
) -> None:
    committed = await audit_values.commit_to(session, masters, entries, at)
    rows = [
        _row(entry, at) | {"commitments": one.text if one else None}
        for entry, one in zip(entries, committed, strict=True)
    ]
    # The values are bound to the number of their entry, which the database gives.
    numbered = await session.execute(insert(audit).returning(audit.c.id, sort_by_parameter_order=True), rows)
    ids = numbered.scalars().all()
    await audit_values.put(session, [(key, one) for key, one in zip(ids, committed, strict=True) if one is not None])


def _row(entry: AuditEntry, at: datetime) -> Row:
    row = {name: getattr(entry, name) for name in _COLUMNS}
    row["kind"] = entry.kind.value
    row["at"] = at
    origin = ORIGIN.get()
    detail = entry.detail if origin is None else entry.detail | {"origin": _told(origin)}
    row["detail"] = json.dumps(detail, ensure_ascii=False, separators=(",", ":"))
    return row


def _told(origin: Origin) -> dict[str, object]:
    told: dict[str, object] = {"address": origin.address, "auth": origin.auth, "roles": list(origin.roles)}
    return {name: value for name, value in told.items() if value}


async def erased_keys(session: ReadSession, subjects: Collection[str]) -> frozenset[str]:
    """Ids of the keys of these subjects whose destruction is on record."""
    if not subjects:
        return frozenset()
    named = member_of(audit.c.subject_ref, "subjects", session.dialect)
    statement = select(audit.c.detail).where(named, audit.c.kind == AuditKind.ERASURE.value, audit.c.outcome == ERASED)
    rows = await session.rows(statement, {"subjects": members(sorted(subjects), session.dialect)})
    return frozenset(key for row in rows for key in _keys_named(row.detail))


def _keys_named(detail: str) -> list[str]:
    """The keys that an entry says were destroyed; none where nobody of ours wrote it."""
    try:
        named = json.loads(detail)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
    return [key for key in named if isinstance(key, str)] if isinstance(named, list) else []


async def page(
    session: ReadSession,
    *,
    before_id: int | None,
    limit: int,
    equal: dict[str, str],
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Row]:
    """Entries, newest first, below a key; ``equal`` filters by column."""
    conditions = [audit.c[name] == value for name, value in equal.items()]
    if before_id is not None:
        conditions.append(audit.c.id < before_id)
    if since is not None:
        conditions.append(audit.c.at >= since)
    if until is not None:
        conditions.append(audit.c.at < until)
    statement = select(audit).where(and_(True, *conditions)).order_by(audit.c.id.desc()).limit(limit)  # noqa: FBT003 - SQL
    return [_readable(row._asdict()) for row in await session.rows(statement)]


def _readable(row: dict[str, Any]) -> Row:
    return row | {"detail": json.loads(row["detail"])}
