"""The document store held against its rows: a check that re-reads everything on a budget, and a report of garbage.

Nothing is ever deleted here. What nobody speaks of is reported, and a person decides.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.events import EventKind, Phase
from app.store import blobs
from app.store import events as told
from app.store.blobs import Claimed
from app.store.session import WriteSession
from app.usecases import events, papers
from app.usecases.context import Context
from app.vault import Leftover, ObjectDamaged, ObjectMissing, Vault, VaultError

_OBJECTS_PER_CLAIM = 100
SUBJECT = "documents"
#: Nothing is read again sooner than this, however small the store is.
_REST_SECONDS = 3600.0
#: A hand-over takes at most so long; what is older and unfinished was cut off.
_SETTLED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Report:
    """What store and rows say of each other. All lists are empty when they agree.

    ``orphans`` lie in the store and no row knows them; ``dangling`` are spoken of by a document and are not there;
    ``unreferenced`` are known and no document speaks of them; ``leftovers`` are no objects at all.
    """

    objects: int
    rows: int
    orphans: tuple[str, ...] = ()
    dangling: tuple[str, ...] = ()
    wrong_size: tuple[str, ...] = ()
    unreferenced: tuple[str, ...] = ()
    promised_only: tuple[str, ...] = ()
    leftovers: tuple[Leftover, ...] = field(default=())

    @property
    def agrees(self) -> bool:
        """Whether every object has a row, and every document its object."""
        return not (self.orphans or self.dangling or self.wrong_size)


async def report(context: Context, *, settled_seconds: float = _SETTLED_SECONDS) -> Report:
    """Hold the store against its rows. What is younger than ``settled_seconds`` may be on its way, and is passed over.

    Raises:
        FileStoreSilent: this process has no store.
    """
    vault = papers.files_of(context).vault
    lying = {entry.sha256: entry async for entry in vault.entries()}
    leftovers = await vault.leftovers()
    known: dict[str, blobs.Blob] = {}
    async with context.database.read() as session:
        now = await session.now()
        async for page in blobs.pages(session):
            known |= {blob.sha256: blob for blob in page}
    young = now - timedelta(seconds=settled_seconds)
    speaking = [blob for blob in known.values() if blob.documents]
    silent = [blob for blob in known.values() if not blob.documents and blob.created_at <= young]
    # Looked for again: it may have come since the list was made.
    missing = [blob.sha256 for blob in speaking if blob.sha256 not in lying and not await vault.holds(blob.sha256)]
    return Report(
        objects=len(lying),
        rows=len(known),
        orphans=_sorted(sha for sha, entry in lying.items() if sha not in known and entry.modified_at <= young),
        dangling=_sorted(missing),
        wrong_size=_sorted(
            blob.sha256
            for blob in speaking
            if blob.sha256 in lying and lying[blob.sha256].size_bytes != blob.size_bytes
        ),
        unreferenced=_sorted(blob.sha256 for blob in silent if blob.sha256 in lying),
        promised_only=_sorted(blob.sha256 for blob in silent if blob.sha256 not in lying),
        leftovers=tuple(left for left in leftovers if left.modified_at <= young),
    )


def _sorted(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(found))


async def recheck(context: Context, seconds: float, stopping: asyncio.Event | None = None) -> int:
    """Re-read what was read longest ago, as much as the budget allows for ``seconds``, and no longer; bytes read.

    What was begun within the budget is read to its end. What is not what was kept is marked, told, and never given
    out. Ends early once ``stopping`` is set.
    """
    budget_bytes = int(context.papers.check_bytes_per_second * seconds)
    if context.files is None or not budget_bytes:
        return 0
    ends, read_bytes = time.monotonic() + seconds, 0

    def is_over() -> bool:
        return time.monotonic() >= ends or (stopping is not None and stopping.is_set())

    while read_bytes < budget_bytes and not is_over():
        claimed = await _claim(context, budget_bytes - read_bytes)
        done = await _read(context, context.files.vault, claimed, is_over)
        read_bytes += sum(one.size_bytes for one in claimed[:done])
        if done < len(claimed) or not claimed:
            break
    await _tell(context)
    return read_bytes


async def _claim(context: Context, bytes_max: int) -> list[Claimed]:
    async def work(session: WriteSession) -> list[Claimed]:
        before = await session.now() - timedelta(seconds=_REST_SECONDS)
        return await blobs.claim_checks(session, before, _OBJECTS_PER_CLAIM, bytes_max)

    async with context.database.read() as session:
        before = await session.now() - timedelta(seconds=_REST_SECONDS)
        if not await blobs.any_due(session, before):
            return []
    return await context.database.run(work)


async def _read(context: Context, vault: Vault, claimed: Sequence[Claimed], is_over: Callable[[], bool]) -> int:
    """Re-read what was claimed until the time is over; how many were read. The others are given back."""
    done = 0
    try:
        for one in claimed:
            if is_over():
                break
            try:
                await vault.check(one.sha256)
                fault = None
            except (ObjectDamaged, ObjectMissing) as error:
                fault = str(error)
            if fault or one.state != blobs.KEPT:
                await _note(context, one.sha256, fault)
            done += 1
    except VaultError:
        # A store that cannot be reached says nothing about what lies in it.
        pass
    finally:
        # Also what was read and could not be written down.
        if done < len(claimed):
            await context.database.run(lambda session: blobs.release(session, claimed[done:]))
    return done


async def _note(context: Context, sha256: str, fault: str | None) -> None:
    async def work(session: WriteSession) -> None:
        await blobs.note_check(session, sha256, await session.now(), fault)

    await context.database.run(work)


async def _tell(context: Context) -> None:
    async with context.database.read() as session:
        damaged = await blobs.any_damaged(session)
        was = await told.is_open(session, EventKind.FILE_DAMAGED, SUBJECT)
    if damaged is was:
        return

    async def work(session: WriteSession) -> None:
        phase = Phase.STARTED if damaged else Phase.ENDED
        now: datetime = await session.now()
        await events.tell_transition(
            session,
            EventKind.FILE_DAMAGED,
            phase,
            subject=SUBJECT,
            target=SUBJECT,
            detail={"files": await blobs.damaged(session)},
            now=now,
        )

    await context.database.run(work)


@dataclass(slots=True)
class Rechecks:
    """The looks of one process, one after another: what one reads beyond its budget the next ones go without.

    ``now`` gives seconds that only grow. What could not be used is not saved up for longer than ``saved_seconds``.
    """

    context: Context
    saved_seconds: float
    now: Callable[[], float] = time.monotonic
    _looked: float | None = None
    _credit_seconds: float = 0.0

    async def look(self, stopping: asyncio.Event | None = None) -> int:
        """Re-read what the time since the last look allows; bytes read."""
        now = self.now()
        since = self.saved_seconds if self._looked is None else now - self._looked
        self._looked = now
        self._credit_seconds = min(self._credit_seconds + since, self.saved_seconds)
        if self._credit_seconds <= 0:
            return 0
        read_bytes = await recheck(self.context, self._credit_seconds, stopping)
        if read_bytes:
            self._credit_seconds -= read_bytes / self.context.papers.check_bytes_per_second
        return read_bytes
