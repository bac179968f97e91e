"""What was archived: which file holds which place of the tree, and the removal of rows that a file holds."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, insert, select

from app.domain.audit import AuditKind
from app.domain.retention import Ranges
from app.store.log_tables import log_leaves
from app.store.readable import reading
from app.store.retention_tables import log_archive_about, log_archived, log_archives
from app.store.session import ReadSession, Row, WriteSession, member_of, members
from app.store.tables import audit

#: Columns of the log by which archived entries are looked for.
ABOUT: Final = ("dossier_code", "subject_ref")


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive as it is recorded; ``entry_id`` is the entry of the log that says the same."""

    id: int
    run_id: int
    name: str
    sha256: str
    entries: int
    ranges: Ranges
    entry_id: int
    at: datetime

    def detail(self) -> dict[str, object]:
        """What the entry of the log says of it."""
        return detail_of(self.run_id, self.name, self.sha256, self.ranges)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The entry that records an archive: its row, and its leaf where it has one."""

    row: Row
    leaf_hash: bytes | None


def detail_of(run_id: int, name: str, sha256: str, ranges: Ranges) -> dict[str, object]:
    """What the entry of the log says of an archive."""
    entries = sum(last - first + 1 for first, last in ranges)
    places = [[first, last] for first, last in ranges]
    return {"run": run_id, "archive": name, "sha256": sha256, "entries": entries, "places": places}


def _archive(row: Any) -> Archive:  # noqa: ANN401 - a row
    ranges = tuple((int(first), int(last)) for first, last in json.loads(row.ranges))
    return Archive(row.id, row.run_id, row.name, row.sha256, row.entries, ranges, row.entry_id, row.at)


async def by_id(session: ReadSession, archive_id: int) -> Archive | None:
    """One archive, or None.

    Raises:
        UnreadableRow: its row holds what cannot be read.
    """
    with reading(session):
        row = await session.one_or_none(select(log_archives).where(log_archives.c.id == archive_id))
        return None if row is None else _archive(row)


async def all_of(session: ReadSession) -> list[Archive]:
    """Every archive, oldest first."""
    return [_archive(row) for row in await session.rows(select(log_archives).order_by(log_archives.c.id))]


async def within(session: ReadSession, first: int, until: int) -> dict[int, tuple[int, int]]:
    """Entry and archive by place, of the places ``[first, until)`` that are recorded as archived."""
    statement = select(log_archived).where(log_archived.c.seq >= first, log_archived.c.seq < until)
    return {row.seq: (row.audit_id, row.archive_id) for row in await session.rows(statement)}


async def about(session: ReadSession, what: str, value: str) -> list[Archive]:
    """The archives that hold something about a dossier or a person, oldest first."""
    found = select(log_archive_about.c.archive_id).where(
        log_archive_about.c.what == what, log_archive_about.c.value == value
    )
    statement = select(log_archives).where(log_archives.c.id.in_(found)).order_by(log_archives.c.id)
    return [_archive(row) for row in await session.rows(statement)]


async def recorded(session: ReadSession, archive: Archive) -> Recorded | None:
    """The entry that records an archive; None when there is none.

    Raises:
        UnreadableRow: its row holds what cannot be read.
    """
    joined = audit.outerjoin(log_leaves, log_leaves.c.audit_id == audit.c.id)
    statement = select(log_leaves.c.leaf_hash, *audit.c).select_from(joined).where(audit.c.id == archive.entry_id)
    with reading(session):
        row = await session.one_or_none(statement)
    if row is None:
        return None
    leaf, *rest = row
    names = [column.name for column in audit.c]
    return Recorded(dict(zip(names, rest, strict=True)), bytes(leaf) if leaf is not None else None)


async def entry_id(session: ReadSession, above: int, correlation_id: str) -> int:
    """The number of the entry that was just written about an archive."""
    statement = select(func.max(audit.c.id)).where(
        audit.c.id > above, audit.c.kind == AuditKind.RETENTION.value, audit.c.correlation_id == correlation_id
    )
    row = await session.one_or_none(statement)
    assert row is not None  # noqa: S101 - an aggregate is one row
    return int(row[0])


async def put(
    session: WriteSession, archive: Row, rows: Sequence[tuple[int, int]], names: Mapping[str, Collection[str]]
) -> None:
    """Record an archive with the (entry, place) that it holds and the dossiers and persons that it is about."""
    values = archive | {"ranges": json.dumps(archive["ranges"], separators=(",", ":"))}
    made = (await session.execute(insert(log_archives).values(values).returning(log_archives.c.id))).scalar_one()
    held = [{"audit_id": audit_id, "seq": seq, "archive_id": made} for audit_id, seq in rows]
    await session.execute(insert(log_archived), held)
    found = [
        {"what": what, "value": value, "archive_id": made} for what, values in names.items() for value in sorted(values)
    ]
    if found:
        await session.execute(insert(log_archive_about), found)


async def remove(session: WriteSession, audit_ids: Sequence[int]) -> int:
    """Remove entries that are recorded as archived; how many. The database refuses any other."""
    statement = delete(audit).where(member_of(audit.c.id, "ids", session.dialect))
    parameters: Row = {"ids": members(audit_ids, session.dialect)}
    return int((await session.execute(statement, parameters)).rowcount)
