"""Let old entries go, one small block at a time: archive, read back, record, and only then remove.

A block is whole or not at all. Broken off before its transaction it leaves a file that nothing speaks of, and the next
block writes the same file again; broken off after it, the run goes on behind what was removed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.domain.audit import AuditEntry, AuditKind
from app.domain.retention import ranges_of
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import LienThongError
from app.store import archives, audit, checkpoints, log_reading, retention
from app.store.archives import ABOUT
from app.store.retention import Candidate, Run
from app.store.session import ReadSession, Row, WriteSession
from app.tlog import BadArchive, archive
from app.tlog.archive import Archived
from app.usecases.archives import ARCHIVED
from app.usecases.context import Context
from app.usecases.log_lies import as_written, hash_of

_ACTOR: Final = "retention"


class NotPruned(LienThongError):
    """Nothing may be removed now; says why."""


class _Overtaken(Exception):
    """Somebody else has gone on, or an entry must stay that could have gone: look again."""


@dataclass(frozen=True, slots=True)
class Block:
    """What one block did. ``name`` is the file (None: nothing was archived); ``ended``: the run is over."""

    run: Run
    last_id: int
    archived: int
    kept: int
    name: str | None
    ended: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    run: Run
    last_id: int
    end_id: int
    signed_size: int
    going: Sequence[Candidate]
    staying: int


async def prune(context: Context) -> Block | None:
    """Do the next block of the oldest approved run; None: there is none. Where another was quicker nothing is done.

    Raises:
        NotPruned: there is no folder for archives, it cannot be written, or an entry is not what was sequenced.
    """
    async with context.database.read() as session:
        run = await retention.next_run(session)
        if run is None:
            return None
        seen = await _look(context, session, run)
    folder = context.retention.archive_dir
    if folder is None:
        message = "LIENTHONG_ARCHIVE_DIR is not set: nothing is removed that is not archived"
        raise NotPruned(message)
    try:
        written = await asyncio.to_thread(_write, folder, context.log.origin, seen) if seen.going else None
    except BadArchive as error:
        message = f"nothing is removed, the archive could not be written: {error}"
        raise NotPruned(message) from error
    try:
        return await context.database.run(lambda session: _record(context, session, seen, written))
    except _Overtaken:
        return Block(run, run.last_id, 0, 0, None, ended=False)


async def _look(context: Context, session: ReadSession, run: Run) -> _Seen:
    policy = context.retention
    newest = await checkpoints.newest(session)
    size = newest.size if newest else 0
    end = await log_reading.window_end(session, run.last_id, run.until_id, policy.window)
    found = await _candidates(session, run, end, size, policy.block)
    last = found[-1].row["id"] if len(found) == policy.block else end
    going = [each for each in found if each.kept is None]
    return _Seen(run, last, end, size, going, len(found) - len(going))


async def _candidates(session: ReadSession, run: Run, end: int, size: int, limit: int) -> list[Candidate]:
    now = await session.now()
    return await retention.candidates(session, run, end, signed_size=size, now=now, limit=limit)


@dataclass(frozen=True, slots=True)
class _Written:
    name: str
    sha256: str


def _write(folder: Path, origin: str, seen: _Seen) -> _Written:
    """Write the archive, and read it back from the disk before anybody relies on it."""
    entries = []
    for each in sorted(seen.going, key=_place):
        if hash_of(each.row) != each.leaf_hash or not as_written(each.row):
            message = (
                f"entry {each.row['id']} is not what was sequenced: nothing is removed; run `lienthong audit verify`"
            )
            raise NotPruned(message)
        entries.append(Archived(_place(each), each.leaf_hash or b"", each.row))
    places = [each.seq for each in entries]
    head = {
        "log": origin,
        "run": seen.run.id,
        "class": seen.run.class_code,
        "entries": len(entries),
        "places": ranges_of(places),
    }
    data = archive.encode(head, entries)
    sha256 = archive.digest(data)
    name = archive.name_of(places, sha256)
    archive.write(folder, name, data)
    back = archive.read(folder, name, sha256) or []
    same = [(each.seq, hash_of(dict(each.row))) for each in back] == [(each.seq, each.leaf_hash) for each in entries]
    if not same or not all(as_written(dict(each.row)) for each in back):
        message = f"{name} does not read as it was written"
        raise BadArchive(message)
    return _Written(name, sha256)


def _place(each: Candidate) -> int:
    assert each.seq is not None  # noqa: S101 - what has no leaf stays
    return each.seq


async def _record(context: Context, session: WriteSession, seen: _Seen, written: _Written | None) -> Block:
    """Record the archive in the tables and in the log, and remove what it holds, in one transaction."""
    run, now = seen.run, await session.now()
    again = await _candidates(session, run, seen.end_id, seen.signed_size, context.retention.block)
    if [each.row for each in again if each.kept is None] != [each.row for each in seen.going]:
        raise _Overtaken
    count = len(seen.going)
    if not await retention.advance(session, run, seen.last_id, archived=count, kept=seen.staying, now=now):
        raise _Overtaken
    if written is not None:
        await _move_out(context, session, seen, written)
    ended = seen.last_id >= run.until_id
    if ended:
        detail: dict[str, object] = {
            "run": run.id,
            "archived": run.archived + count,
            "kept": run.kept + seen.staying,
        }
        await audit.append(session, [_entry(context, "ended", f"retention-{run.id}", detail)], now)
    return Block(run, seen.last_id, count, seen.staying, written.name if written else None, ended)


async def _move_out(context: Context, session: WriteSession, seen: _Seen, written: _Written) -> None:
    now, run = await session.now(), seen.run
    ranges = ranges_of(_place(each) for each in seen.going)
    correlation_id = f"archive-{written.sha256[:32]}"
    above = await log_reading.newest_entry(session)
    detail = archives.detail_of(run.id, written.name, written.sha256, ranges)
    await audit.append(session, [_entry(context, ARCHIVED, correlation_id, detail)], now)
    recorded: Row = {"run_id": run.id, "name": written.name, "sha256": written.sha256, "entries": len(seen.going)}
    recorded |= {"ranges": ranges, "at": now, "entry_id": await archives.entry_id(session, above, correlation_id)}
    names = {what: {each.row[what] for each in seen.going if each.row[what] is not None} for what in ABOUT}
    ids = [each.row["id"] for each in seen.going]
    await archives.put(session, recorded, [(each.row["id"], _place(each)) for each in seen.going], names)
    removed = await archives.remove(session, ids)
    if removed != len(ids):
        message = f"{removed} of {len(ids)} entries could be removed; none was"
        raise NotPruned(message)


def _entry(context: Context, outcome: str, correlation_id: str, detail: dict[str, object]) -> AuditEntry:
    return AuditEntry(
        kind=AuditKind.RETENTION,
        outcome=outcome,
        actor=_ACTOR,
        agency=context.agency,
        purpose=Purpose.RETENTION.value,
        legal_basis=LEGAL_BASIS[Purpose.RETENTION],
        correlation_id=correlation_id,
        detail=detail,
    )
