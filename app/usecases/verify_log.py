"""Read the whole log again and find the first entry that lies. Writes nothing, and believes no hash it has not made.

Every row is read as the database gives it and its leaf made anew; leaves, tiles and the root of every checkpoint are
reckoned from those leaves alone. A log that is whole in itself may still be another than it was: that only a
checkpoint kept outside the database can tell.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from cryptography.x509 import Certificate

from app.domain.log_check import Climb, Finding, Lie, Progress, TileHash
from app.errors import LienThongError
from app.store import checkpoints, log_reading, translog
from app.store.checkpoints import Signed
from app.store.log_reading import Leaf
from app.store.readable import UnreadableRow
from app.store.session import ReadSession
from app.tlog import Checkpoint, TlogError, Verifier, open_checkpoint
from app.usecases import log_rows
from app.usecases.archives import Shelf
from app.usecases.check_values import Beside, ValueCounts, load_beside
from app.usecases.context import Context
from app.usecases.log_lies import Lies
from app.usecases.log_marks import Marks
from app.usecases.stamp_check import NO_STAMPS, StampsChecked, check_stamps

_HASH: Final = 32
_CHECKPOINTS: Final = 200


class CannotVerify(LienThongError):
    """The check cannot be made: no key, or a checkpoint from outside that this log's keys did not sign."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to check against.

    ``earlier`` are names that the log has had. ``outside`` are checkpoints (notes) kept outside the database. Entries
    older than ``grace_seconds`` must have a leaf. ``block`` entries are in memory at a time. ``keep`` is told after
    each block how far it has come; where ``pause`` then says so, no more is read. A row that lies is the end, unless
    ``go_on`` wants what follows too.
    Time-stamps are held to ``stamp_roots``; without any they are not looked at.
    Entries that were archived are read from the folder ``archives``, as far as their files lie there.
    """

    verifiers: tuple[Verifier, ...]
    origin: str
    outside: tuple[str, ...] = ()
    grace_seconds: float = 600.0
    block: int = 1000
    resume: Progress | None = None
    archives: Path | None = None
    keep: Callable[[Progress], None] = lambda _: None
    tell: Callable[[int], None] = lambda _: None
    pause: Callable[[], bool] = lambda: False
    go_on: Callable[[Finding], bool] = lambda _: False
    stamp_roots: Sequence[Certificate] = ()
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked. ``newest`` is the checkpoint that covers it; without a ``finding`` all holds.

    One that was ``paused`` has read ``entries`` of ``until`` and says nothing of the rest.
    Of ``entries``, ``archived`` were read from archives; ``unread`` are archived too, by file, and were not read: of
    them only the hash is known.
    """

    entries: int
    checkpoints: int
    newest: Signed | None
    witnesses: tuple[str, ...]
    resumed_at: int
    finding: Finding | None
    until: int = 0
    paused: bool = False
    stamps: StampsChecked = NO_STAMPS
    values: ValueCounts = field(default_factory=ValueCounts)
    archived: int = 0
    unread: Mapping[str, int] = field(default_factory=dict)


async def count(context: Context) -> int:
    """How many leaves there are to be read."""
    async with context.database.read() as session:
        return (await translog.head(session)).size


async def verify(context: Context, wanted: Wanted) -> Checked:
    """Check the whole log.

    Raises:
        CannotVerify: there is no key to check with, or an outside checkpoint is not one of this log.
    """
    if not wanted.verifiers:
        message = "no verifier key is known: set LIENTHONG_LOG_KEY, or name one with --key"
        raise CannotVerify(message)
    outside = [_outside(note, wanted) for note in wanted.outside]
    async with context.database.read() as session:
        # The checkpoint first: leaves that come in between only stand above it.
        newest = await checkpoints.newest(session)
        size = (await translog.head(session)).size
    reader = _Reader(context, wanted, outside, size, newest)
    finding, stamps = None, NO_STAMPS
    try:
        await reader.run()
        if not reader.paused:
            stamps = await check_stamps(context, wanted.stamp_roots)
            finding = stamps.finding
    except Lies as lies:
        finding = lies.finding
    return Checked(
        entries=reader.climb.size,
        checkpoints=reader.checked,
        newest=newest,
        witnesses=tuple(sorted(reader.marks.witnesses)),
        resumed_at=reader.resumed_at,
        finding=finding,
        until=size,
        paused=reader.paused,
        stamps=stamps,
        values=reader.values,
        archived=reader.shelf.read,
        unread=dict(reader.shelf.unread),
    )


def _outside(note: str, wanted: Wanted) -> Checkpoint:
    try:
        return open_checkpoint(note, wanted.verifiers, wanted.origin, wanted.earlier)[0]
    except TlogError as error:
        message = f"the checkpoint kept outside is not one of this log: {error}"
        raise CannotVerify(message) from error


class _Reader:
    """One pass over the log."""

    def __init__(
        self, context: Context, wanted: Wanted, outside: Sequence[Checkpoint], size: int, newest: Signed | None
    ) -> None:
        self.context = context
        self.wanted = wanted
        self.outside = sorted(outside, key=lambda each: each.size)
        self.until = size
        self.newest = newest
        self.climb = Climb()
        self.good, self.last = 0, (-1, 0)
        self.checked = self.resumed_at = 0
        self.paused = False
        self.marks = Marks(wanted.verifiers, wanted.origin, wanted.earlier)
        self.shelf = Shelf(wanted.archives, wanted.grace_seconds)
        self.values = ValueCounts()

    async def run(self) -> None:
        """Find the first lie.

        Raises:
            Lies: there is one.
        """
        self._still_there()
        await self._resume()
        while True:
            async with self.context.database.read() as session:
                marks = await self._marks(session)
                await self._block(session, marks)
                await self.marks.cosigned(session, marks)
            self.wanted.keep(self._progress())
            self.wanted.tell(self.climb.size)
            if self.wanted.pause():
                self.paused = True
                return
            if self.climb.size >= self.until and len(marks) < _CHECKPOINTS:
                break
        await self._rest()

    def _still_there(self) -> None:
        """What a checkpoint speaks of cannot be gone."""
        held = self.newest.size if self.newest else 0
        for kept in self.outside:
            if kept.size > max(held, self.until):
                words = (
                    f"rolled back: the checkpoint kept outside covers {kept.size} entries, the log has "
                    f"{self.until}; the first one that is gone is that of place {self.until}"
                )
                raise Lies(Finding(Lie.ROLLED_BACK, words, seq=self.until))

    async def _resume(self) -> None:
        held = self.wanted.resume
        if held is None or held.origin != self.wanted.origin:
            return
        # What was read was held against the outside checkpoints of then: a new one must lie ahead.
        if any(head[0] < held.size and head not in held.outside for head in self._heads()):
            return
        async with self.context.database.read() as session:
            if held.size <= self.until and await log_reading.has_checkpoint(
                session, held.target[0], bytes.fromhex(held.target[1])
            ):
                self.climb = held.climb()
                self.good, self.last = held.good, (held.size, held.checkpoint_id)
                self.resumed_at = held.size

    def _heads(self) -> tuple[tuple[int, str], ...]:
        return tuple((kept.size, kept.root.hex()) for kept in self.outside)

    def _progress(self) -> Progress:
        target = (self.newest.size, self.newest.root.hex()) if self.newest else (0, "")
        peaks = tuple(peak.hex() for peak in self.climb.peaks)
        return Progress(self.wanted.origin, target, self._heads(), self.climb.size, peaks, self.good, self.last[1])

    async def _marks(self, session: ReadSession) -> list[Signed]:
        """The checkpoints that fall into the next block."""
        reach = min(self.climb.size + self.wanted.block, self.until)
        # Past the leaves there is no block; a checkpoint that speaks of more is found here all the same.
        size_max = reach if reach < self.until else max(reach, self.newest.size if self.newest else 0)
        return await log_reading.checkpoints_from(session, after=self.last, size_max=size_max, limit=_CHECKPOINTS)

    async def _block(self, session: ReadSession, marks: list[Signed]) -> None:
        """Read on, as far as the block goes or the checkpoints that were read reach."""
        first, until = self.climb.size, min(self.climb.size + self.wanted.block, self.until)
        if len(marks) == _CHECKPOINTS:
            until = min(until, max(marks[-1].size, first))
        await self.shelf.load(session, first, until)
        leaves = await self._leaves(session, first, until)
        beside = await load_beside(session, leaves.values())
        waiting, stops = list(marks), {kept.size for kept in self.outside}
        known: list[TileHash] = []
        self._reached(waiting, first)
        for place in range(first, until):
            leaf = leaves.get(place)
            if leaf is None:
                words = f"place {place} of the tree has no leaf any more"
                raise Lies(Finding(Lie.BROKEN_TREE, words, seq=place))
            try:
                await self._check_entry(session, leaf, beside)
            except Lies as lies:
                # The leaf still stands for the row: what follows can be held against it.
                if not self.wanted.go_on(lies.finding):
                    raise
            known += self.climb.add(leaf.leaf_hash)
            if place + 1 in stops or (waiting and waiting[0].size == place + 1):
                self._reached(waiting, place + 1)
        self.values += beside.counts
        await self._check_tiles(session, known)
        for left in waiting:
            self.marks.open(left)
            words = f"a checkpoint was signed over {left.size} entries, and {self.until} are left"
            raise Lies(Finding(Lie.ROLLED_BACK, words, seq=self.until))

    async def _check_entry(self, session: ReadSession, leaf: Leaf, beside: Beside) -> None:
        await log_rows.check_row(session, leaf, self.shelf)
        if lie := beside.lie(leaf):
            again = await log_reading.leaf_of_entry(session, leaf.audit_id)
            if again is None or again.row is not None:
                raise Lies(lie)
            # Archived since it was read, and its values went with it.
            await log_rows.check_row(session, again, self.shelf)

    async def _leaves(self, session: ReadSession, first: int, until: int) -> dict[int, Leaf]:
        try:
            found = await log_reading.leaves(session, first, until)
        except UnreadableRow as error:
            if until - first == 1:
                words = f"the entry of place {first} holds what nobody of ours wrote, and cannot be read"
                raise Lies(Finding(Lie.ALTERED_BYTE, words, seq=first)) from error
            # One of them is bad: read one by one, so that the first is named.
            return {
                place: leaf for at in range(first, until) for place, leaf in (await self._upto(session, at)).items()
            }
        for earlier, later in pairwise(found):
            if earlier.seq == later.seq:
                words = f"place {later.seq} of the tree has two leaves"
                raise Lies(Finding(Lie.BROKEN_TREE, words, later.seq, later.audit_id))
        return {leaf.seq: leaf for leaf in found}

    async def _upto(self, session: ReadSession, place: int) -> dict[int, Leaf]:
        found = await self._leaves(session, place, place + 1)
        for leaf in found.values():
            await log_rows.check_row(session, leaf, self.shelf)
        return found

    async def _check_tiles(self, session: ReadSession, known: Sequence[TileHash]) -> None:
        keys = sorted({(each.level, each.index) for each in known})
        held = await translog.tiles(session, keys)
        for each in known:
            at = each.slot * _HASH
            if held.get((each.level, each.index), b"")[at : at + _HASH] != each.value:
                place = (each.index * 256 + each.slot) << (8 * each.level)
                words = f"tile {each.level}/{each.index} is not over the leaves: it differs from place {place} on"
                raise Lies(Finding(Lie.BROKEN_TREE, words, seq=place))

    def _reached(self, waiting: list[Signed], size: int) -> None:
        """Hold all checkpoints of this size against what was reckoned."""
        while waiting and waiting[0].size == size:
            mark = waiting.pop(0)
            self.marks.open(mark)
            if mark.id < self.last[1]:
                words = f"checkpoint {mark.id} speaks of {mark.size} entries, and an earlier one of fewer"
                raise Lies(Finding(Lie.FORGED_CHECKPOINT, words, seq=mark.size))
            self._hold("the signed checkpoint", mark.size, mark.root, self.good)
            self.last = (mark.size, mark.id)
            self.checked += 1
        for kept in self.outside:
            if kept.size == size:
                # Of the checkpoints within nothing follows here: who holds the key can have signed them anew.
                good = max((other.size for other in self.outside if other.size < size), default=0)
                self._hold("the checkpoint kept outside", kept.size, kept.root, good)
        if self.last[0] == size:
            self.good = size

    def _hold(self, what: str, size: int, root: bytes, good: int) -> None:
        if self.climb.root() != root:
            words = (
                f"history was rewritten: {what} over {size} entries has another root; the first entry that lies is "
                f"one of the places {good} to {size - 1}"
            )
            raise Lies(Finding(Lie.REWRITTEN_HISTORY, words, seq=good))

    async def _rest(self) -> None:
        """Checkpoints that are gone, two leaves of one entry, and entries that nothing sequenced."""
        held = self.newest.size if self.newest else 0
        if self.outside and self.outside[-1].size > held:
            # Its entries still stand, unsigned: they could be written anew, and the smaller checkpoint be kept.
            words = (
                f"rolled back: the checkpoint kept outside covers {self.outside[-1].size} entries, the newest one in "
                f"the log {held}; those above have no signature any more"
            )
            raise Lies(Finding(Lie.ROLLED_BACK, words, seq=held))
        async with self.context.database.read() as session:
            twice = await log_reading.doubled(session)
            if twice is not None:
                words = f"entry {twice} has two leaves"
                raise Lies(Finding(Lie.BROKEN_TREE, words, audit_id=twice))
            before = await session.now() - timedelta(seconds=self.wanted.grace_seconds)
            low, last = 0, await log_reading.newest_entry(session)
            while low < last:
                # By entries and not by numbers: one that somebody put in far above the others must not be walked to.
                high = await log_reading.window_end(session, low, last, self.wanted.block * 10)
                found = await log_reading.without_leaf(session, (low, high), before)
                if found:
                    words = (
                        f"entry {found[0]} has no leaf, though it says to be older than "
                        f"{self.wanted.grace_seconds:.0f} s: put in by another hand, or nothing is sequenced any more"
                    )
                    raise Lies(Finding(Lie.INSERTED_ROW, words, audit_id=found[0]))
                low = high
