"""The append-only log. No entry, no exchange: when it cannot be written, nothing else may happen."""

import json
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, select
from sqlalchemy.exc import DBAPIError

from app.domain.audit import AuditEntry, Origin
from app.errors import AuditUnavailable
from app.store.session import ReadSession, Row, WriteSession
from app.store.tables import audit

#: The request that is being served; None in a worker and on the command line. Set at the door, so that no entry of a
#: request can be written without it.
ORIGIN: ContextVar[Origin | None] = ContextVar("origin", default=None)


async def append(session: WriteSession, entries: Sequence[AuditEntry], at: datetime) -> None:
    """Write entries in the caller's transaction, in order.

    Raises:
        AuditUnavailable: the log did not take them; the caller's transaction must not be committed.
    """
    if not entries:
        return
    rows = [_row(entry, at) for entry in entries]
    try:
        await session.execute(insert(audit), rows)
    except DBAPIError as error:
        message = "the audit log did not take the entry"
        raise AuditUnavailable(message) from error


def _row(entry: AuditEntry, at: datetime) -> Row:
    row = {name: getattr(entry, name) for name in entry.__slots__}
    row["kind"] = entry.kind.value
    row["at"] = at
    origin = ORIGIN.get()
    detail = entry.detail if origin is None else entry.detail | {"origin": _told(origin)}
    row["detail"] = json.dumps(detail, ensure_ascii=False, separators=(",", ":"))
    return row


def _told(origin: Origin) -> dict[str, str]:
    told = {"address": origin.address}
    return told | ({"auth": origin.auth} if origin.auth else {})


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
