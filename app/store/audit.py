"""The append-only log. No entry, no exchange: when it cannot be written, nothing else may happen."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, select
from sqlalchemy.exc import DBAPIError

from app.domain.audit import AuditEntry
from app.errors import AuditUnavailable
from app.store.session import ReadSession, Row, WriteSession
from app.store.tables import audit


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
    row["detail"] = json.dumps(entry.detail, ensure_ascii=False, separators=(",", ":"))
    return row


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
