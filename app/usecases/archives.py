"""Entries that are not in the database any more: whether an archive covers them, and what it says of them.

The one place that knows "row or archived". What covers an absent row is not the table of archives, which its keeper
can write, but the entry of the log that recorded the archive, held to its leaf; the table only says where to look.
"""

import asyncio
import heapq
import json
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from app.domain.audit import AuditKind
from app.domain.log_check import Finding, Lie
from app.domain.retention import holds_place
from app.errors import ArchiveNeeded
from app.store import archives, log_reading
from app.store.archives import Archive
from app.store.log_reading import Leaf
from app.store.readable import UnreadableRow
from app.store.session import ReadSession, Row
from app.tlog import BadArchive, archive
from app.tlog.archive import Archived
from app.usecases.log_lies import Lies, as_written, hash_of

ARCHIVED: Final = "archived"
_OPEN_MAX: Final = 8
_BLOCK: Final = 200


class Shelf:
    """The archives at hand. ``read`` counts entries that were read from them, ``unread`` those of others, by file.

    An entry that records an archive may be without a leaf for ``grace_seconds``.
    """

    def __init__(self, directory: Path | None = None, grace_seconds: float = 600.0) -> None:
        """Take the folder where archives lie; None: none is at hand."""
        self.directory = directory
        self.grace = timedelta(seconds=grace_seconds)
        self.read = 0
        self.unread: Counter[str] = Counter()
        self._places: dict[int, tuple[int, int]] = {}
        self._agreed: dict[int, Archive] = {}
        self._open: OrderedDict[int, Mapping[int, Archived] | None] = OrderedDict()

    async def load(self, session: ReadSession, first: int, until: int) -> None:
        """Learn which of the places ``[first, until)`` were archived, at once."""
        self._places = await archives.within(session, first, until)

    async def hold(self, session: ReadSession, leaf: Leaf) -> None:
        """Hold the leaf of an absent row against its archive.

        Raises:
            Lies: nothing covers it, what covers it is forged, or the file at hand holds something else.
        """
        covering, row = await self._row(session, leaf)
        if row is None:
            self.unread[covering.name] += 1
        else:
            self.read += 1

    async def row(self, session: ReadSession, leaf: Leaf) -> Row:
        """The row of an entry, from the database or from its archive.

        Raises:
            ArchiveNeeded: it was archived, and the file is not at hand.
            Lies: it is gone, or the archive is not what was recorded.
        """
        if leaf.row is not None:
            return leaf.row
        covering, row = await self._row(session, leaf)
        if row is None:
            raise needed([covering])
        return row

    async def rows_about(self, session: ReadSession, what: str, value: str) -> list[Leaf]:
        """The archived entries about a dossier or a person, in the order of the tree.

        Raises:
            ArchiveNeeded: one of the files is not at hand; names all that are missing.
            Lies: one of them is not what was recorded.
        """
        found: list[Leaf] = []
        missing = []
        for each in await archives.about(session, what, value):
            held = await self._file(await self._agree(session, each))
            if held is None:
                missing.append(each)
                continue
            found += [
                Leaf(entry.seq, entry.row["id"], entry.leaf_hash, dict(entry.row))
                for entry in held.values()
                if entry.row.get(what) == value
            ]
        if missing:
            raise needed(missing)
        return sorted(found, key=lambda leaf: leaf.seq)

    async def leaves_about(self, session: ReadSession, what: str, value: str) -> AsyncIterator[Leaf]:
        """All entries about a dossier or a person, archived or not, in the order of the tree.

        Raises:
            ArchiveNeeded: one of the files is not at hand.
            Lies: one of them is not what was recorded.
        """
        archived = await self.rows_about(session, what, value)
        after = -1
        while leaves := await log_reading.leaves_about(session, what, value, after=after, limit=_BLOCK):
            last = leaves[-1].seq
            earlier = [leaf for leaf in archived if leaf.seq < last]
            archived = archived[len(earlier) :]
            for leaf in heapq.merge(earlier, leaves, key=lambda leaf: leaf.seq):
                yield leaf
            after = last
        for leaf in archived:
            yield leaf

    async def _row(self, session: ReadSession, leaf: Leaf) -> tuple[Archive, Row | None]:
        """The archive that covers an absent row, and the row; None: the file is not at hand."""
        covering = await self._of(session, leaf)
        held = await self._file(covering)
        if held is None:
            return covering, None
        found = held.get(leaf.seq)
        if found is None or not _is_of(found.row, leaf):
            words = f"the archive {covering.name} does not hold {_where(leaf)} as it was sequenced"
            raise Lies(Finding(Lie.ALTERED_ARCHIVE, words, leaf.seq, leaf.audit_id))
        return covering, dict(found.row)

    async def _of(self, session: ReadSession, leaf: Leaf) -> Archive:
        """The archive that covers an absent row."""
        if leaf.seq not in self._places:
            # Also what was archived since the row was looked for.
            self._places |= await archives.within(session, leaf.seq, leaf.seq + 1)
        entry, archive_id = self._places.get(leaf.seq, (None, None))
        if archive_id is None:
            raise Lies(Finding(Lie.DELETED_ROW, f"{_where(leaf)} was deleted", leaf.seq, leaf.audit_id))
        covering = self._agreed.get(archive_id)
        if covering is None:
            try:
                recorded = await archives.by_id(session, archive_id)
                if recorded is None:
                    raise _forged(leaf.seq, "an archive that is not recorded")
                covering = await self._agree(session, recorded)
            except UnreadableRow as error:
                raise _forged(leaf.seq, "an archive whose record cannot be read") from error
        if entry != leaf.audit_id or not holds_place(covering.ranges, leaf.seq):
            raise _forged(leaf.seq, f"the archive {covering.name}, which does not hold its place")
        return covering

    async def _agree(self, session: ReadSession, recorded: Archive) -> Archive:
        """An archive whose record says what the log says."""
        if recorded.id in self._agreed:
            return recorded
        entry = await archives.recorded(session, recorded)
        first = recorded.ranges[0][0] if recorded.ranges else 0
        words = f"the archive {recorded.name}, of which the log says otherwise or nothing"
        if entry is None or (entry.row["kind"], entry.row["outcome"]) != (AuditKind.RETENTION.value, ARCHIVED):
            raise _forged(first, words)
        try:
            said = json.loads(entry.row["detail"])
        except ValueError:
            said = None
        if not isinstance(said, dict) or recorded.detail() != {key: said.get(key) for key in recorded.detail()}:
            raise _forged(first, words)
        if entry.leaf_hash is None:
            too_old = entry.row["at"] < await session.now() - self.grace
        else:
            too_old = hash_of(entry.row) != entry.leaf_hash
        if too_old:
            raise _forged(first, words)
        self._agreed[recorded.id] = recorded
        return recorded

    async def _file(self, covering: Archive) -> Mapping[int, Archived] | None:
        """What a file holds, by place; None: it is not at hand."""
        if covering.id in self._open:
            self._open.move_to_end(covering.id)
            return self._open[covering.id]
        held = None
        if self.directory is not None:
            try:
                found = await asyncio.to_thread(archive.read, self.directory, covering.name, covering.sha256)
            except BadArchive as error:
                words = f"the archive {covering.name} is not the file that was recorded: {error}"
                raise Lies(Finding(Lie.ALTERED_ARCHIVE, words, seq=covering.ranges[0][0])) from error
            held = None if found is None else {each.seq: each for each in found}
        self._open[covering.id] = held
        if len(self._open) > _OPEN_MAX:
            self._open.popitem(last=False)
        return held


def needed(missing: list[Archive]) -> ArchiveNeeded:
    """The refusal that names the files which somebody must bring."""
    names = ", ".join(each.name for each in missing)
    message = f"archived, and not at hand: put {names} into the folder of LIENTHONG_ARCHIVE_DIR"
    listed = [{"name": each.name, "sha256": each.sha256, "entries": each.entries} for each in missing]
    return ArchiveNeeded(message, members={"archives": listed})


def _is_of(row: Mapping[str, object], leaf: Leaf) -> bool:
    held = dict(row)
    return held.get("id") == leaf.audit_id and hash_of(held) == leaf.leaf_hash and as_written(held)


def _where(leaf: Leaf) -> str:
    return f"entry {leaf.audit_id} (place {leaf.seq})"


def _forged(seq: int, what: str) -> Lies:
    return Lies(Finding(Lie.FORGED_ARCHIVE, f"place {seq} is said to be in {what}", seq=seq))
