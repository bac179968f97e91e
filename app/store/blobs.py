"""What lies in the document store, as the database knows it: announced, kept, re-read, damaged."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from app.store.document_tables import blobs, documents
from app.store.session import ReadSession, WriteSession, member_of, members

PROMISED, KEPT, DAMAGED = "promised", "kept", "damaged"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Blob:
    """One object as the database knows it; ``documents`` speak of it."""

    sha256: str
    size_bytes: int
    state: str
    created_at: datetime
    documents: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """One object that is to be read again: read last at ``checked_at``, taken at ``claimed_at``."""

    sha256: str
    size_bytes: int
    state: str
    checked_at: datetime
    claimed_at: datetime


async def claim_checks(session: WriteSession, before: datetime, limit: int, bytes_max: int) -> list[Claimed]:
    """Objects that are to be read again, and are nobody else's: none was read after ``before``.

    Damaged ones come first, and take no more than half. At most ``limit`` (2 or more), and no more after those that
    make up ``bytes_max``. They count as read from now on, so what a process that is killed has claimed waits for one
    more turn; ``release`` gives back what was not read.
    """
    now, claimed = await session.now(), list[Claimed]()
    for state, share in ((DAMAGED, 2), (KEPT, 1)):
        # One state at a time: so the index gives the oldest first.
        statement = (
            select(blobs.c.sha256, blobs.c.size_bytes, blobs.c.checked_at)
            .where(blobs.c.state == state, blobs.c.checked_at <= before)
            .order_by(blobs.c.checked_at)
            .limit(limit // share - len(claimed))
        )
        if session.dialect == "postgresql":
            statement = statement.with_for_update(skip_locked=True)
        for row in await session.rows(statement):
            if sum(one.size_bytes for one in claimed) >= bytes_max / share:
                break
            claimed.append(Claimed(row.sha256, row.size_bytes, state, row.checked_at, now))
    hashes = [one.sha256 for one in claimed]
    if hashes:
        taken = update(blobs).where(member_of(blobs.c.sha256, "hashes", session.dialect)).values(checked_at=now)
        await session.execute(taken, {"hashes": members(hashes, session.dialect)})
    return claimed


async def release(session: WriteSession, claimed: Iterable[Claimed]) -> None:
    """These were not read after all: they are as old as they were."""
    for one in claimed:
        mine = (blobs.c.sha256 == one.sha256, blobs.c.checked_at == one.claimed_at)
        await session.execute(update(blobs).where(*mine).values(checked_at=one.checked_at))


async def note_check(session: WriteSession, sha256: str, now: datetime, fault: str | None) -> None:
    """It was read again: whole, or with a fault."""
    state = DAMAGED if fault else KEPT
    await session.execute(
        update(blobs)
        .where(blobs.c.sha256 == sha256, blobs.c.state.in_((KEPT, DAMAGED)))
        .values(state=state, checked_at=now, fault=fault)
    )


async def any_due(session: ReadSession, before: datetime) -> bool:
    """Whether there is an object that was not read after ``before``; costs no lock."""
    for state in (KEPT, DAMAGED):
        due = select(blobs.c.sha256).where(blobs.c.state == state, blobs.c.checked_at <= before)
        if await session.rows(due.order_by(blobs.c.checked_at).limit(1)):
            return True
    return False


async def any_damaged(session: ReadSession) -> bool:
    """Whether an object is damaged."""
    found = select(blobs.c.sha256).where(blobs.c.state == DAMAGED)
    # In order: without, a planner that knows next to no damage might read all objects to find the one.
    return bool(await session.rows(found.order_by(blobs.c.checked_at).limit(1)))


async def damaged(session: ReadSession) -> int:
    """How many objects are damaged."""
    found = await session.rows(select(func.count()).select_from(blobs).where(blobs.c.state == DAMAGED))
    return int(found[0][0])


async def pages(session: ReadSession) -> AsyncIterator[list[Blob]]:
    """All objects that the database knows, in the order of their hashes, some at a time."""
    after = ""
    while True:
        speaking = select(func.count()).where(documents.c.sha256 == blobs.c.sha256).scalar_subquery()
        statement = (
            select(blobs.c.sha256, blobs.c.size_bytes, blobs.c.state, blobs.c.created_at, speaking.label("documents"))
            .where(blobs.c.sha256 > after)
            .order_by(blobs.c.sha256)
            .limit(_PAGE)
        )
        found = [
            Blob(row.sha256, row.size_bytes, row.state, row.created_at, row.documents)
            for row in await session.rows(statement)
        ]
        if not found:
            return
        yield found
        after = found[-1].sha256


async def figures(session: ReadSession) -> tuple[dict[str, tuple[int, int]], datetime | None]:
    """Objects and bytes by state, and when the one that was read again longest ago was.

    Reads one narrow index to its end: some ten milliseconds for half a million objects, once a look at the figures.
    """
    rows = await session.rows(
        select(blobs.c.state, func.count(), func.coalesce(func.sum(blobs.c.size_bytes), 0)).group_by(blobs.c.state)
    )
    oldest = [
        (await session.rows(select(func.min(blobs.c.checked_at)).where(blobs.c.state == state)))[0][0]
        for state in (KEPT, DAMAGED)
    ]
    return {row[0]: (row[1], int(row[2])) for row in rows}, min(filter(None, oldest), default=None)
