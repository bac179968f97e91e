"""The addresses of documents that the nation is given: which work, which are to be tried, who fetched what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, insert, select, update

from app.store.document_tables import documents, links
from app.store.session import ReadSession, Row, WriteSession

#: Why a link counts as dead that works: its dossier has left our code lists, so that the nation cannot be told.
NOT_PROMISABLE = "not_promisable"


class LinkState(StrEnum):
    """``new``: not tried yet; ``live``: seen to work; ``dead``: tried, and did not; ``withdrawn``: speaks no more."""

    NEW = "new"
    LIVE = "live"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class DueLink:
    """A link that is to be tried now, as it stood when it was claimed: ``failures`` and ``successes`` in a row."""

    id: int
    document_id: str
    dossier_code: str
    capability: str
    failures: int
    successes: int
    reason: str | None
    sha256: str
    size_bytes: int


async def add(session: WriteSession, document_id: str, capability: str, now: datetime) -> None:
    """Make the address of a document; it is tried at once, and told to the nation when it works."""
    row = {
        "document_id": document_id,
        "capability": capability,
        "state": LinkState.NEW.value,
        "next_probe_at": now,
        "created_at": now,
    }
    await session.execute(insert(links), row)


async def any_due(session: ReadSession, now: datetime) -> bool:
    """Whether there is a link whose turn it is; costs no lock."""
    due = select(links.c.id).where(links.c.next_probe_at.is_not(None), links.c.next_probe_at <= now).limit(1)
    return await session.one_or_none(due) is not None


async def claim_due(session: WriteSession, now: datetime, limit: int, lease_seconds: float) -> list[DueLink]:
    """Links whose turn it is, and nobody else's until the lease is over."""
    chosen = (
        select(links.c.id)
        .where(links.c.next_probe_at.is_not(None), links.c.next_probe_at <= now)
        .order_by(links.c.next_probe_at, links.c.id)
        .limit(limit)
    )
    if session.dialect == "postgresql":
        chosen = chosen.with_for_update(skip_locked=True)
    ids = [row.id for row in await session.rows(chosen)]
    if not ids:
        return []
    await session.execute(
        update(links).where(links.c.id.in_(ids)).values(next_probe_at=now + timedelta(seconds=lease_seconds))
    )
    rows = await session.rows(
        select(links, documents.c.dossier_code, documents.c.sha256, documents.c.size_bytes)
        .join(documents, documents.c.id == links.c.document_id)
        .where(links.c.id.in_(ids))
        .order_by(links.c.id)
    )
    return [
        DueLink(
            row.id,
            row.document_id,
            row.dossier_code,
            row.capability,
            row.failures,
            row.successes,
            row.reason,
            row.sha256,
            row.size_bytes,
        )
        for row in rows
    ]


async def set_live(session: WriteSession, link_id: int, now: datetime, again_at: datetime) -> bool:
    """It was seen to work. True: for the first time, so that the nation is told of it now, and by nobody else.

    One that was withdrawn meanwhile stays so.
    """
    speaks = (links.c.id == link_id, links.c.state != LinkState.WITHDRAWN.value)
    values: Row = {
        "state": LinkState.LIVE.value,
        "probed_at": now,
        "next_probe_at": again_at,
        "failures": 0,
        "successes": links.c.successes + 1,
        "reason": None,
        "detail": None,
    }
    first = update(links).where(*speaks, links.c.published_at.is_(None)).values(**values, published_at=now)
    if (await session.execute(first)).rowcount == 1:
        return True
    await session.execute(update(links).where(*speaks).values(**values))
    return False


async def set_dead(
    session: WriteSession, link_id: int, now: datetime, again_at: datetime, reason: str, why: str
) -> bool:
    """It did not work this time. A link that lived goes on standing with the nation, and people are told.

    True: it has never worked, and this was its first trial. One that was withdrawn meanwhile stays so.
    """
    done = await session.execute(
        update(links)
        .where(links.c.id == link_id, links.c.state != LinkState.WITHDRAWN.value)
        .values(
            state=LinkState.DEAD.value,
            probed_at=now,
            next_probe_at=again_at,
            failures=links.c.failures + 1,
            successes=0,
            reason=reason,
            detail=why,
        )
        .returning(links.c.failures, links.c.published_at)
    )
    row = done.one_or_none()
    return row is not None and row.failures == 1 and row.published_at is None


async def take_back(session: WriteSession, due: DueLink, again_at: datetime, why: str) -> None:
    """It was tried, and the nation could not be told: a failed trial, whatever was written of it just now."""
    await session.execute(
        update(links)
        .where(links.c.id == due.id)
        .values(
            state=LinkState.DEAD.value,
            next_probe_at=again_at,
            failures=due.failures + 1,
            successes=0,
            reason=NOT_PROMISABLE,
            detail=why,
            published_at=None,
        )
    )


async def note_untold(session: WriteSession, document_id: str) -> None:
    """The nation could not be told that the document speaks no more, as its dossier has left our code lists."""
    await session.execute(update(links).where(links.c.document_id == document_id).values(reason=NOT_PROMISABLE))


async def withdraw(session: WriteSession, document_id: str) -> None:
    """The document speaks no more: its link says so, and is not tried again."""
    await session.execute(
        update(links)
        .where(links.c.document_id == document_id)
        .values(state=LinkState.WITHDRAWN.value, next_probe_at=None)
    )


async def by_capability(session: ReadSession, capability: str) -> Row | None:
    """The document that an address shows, or None."""
    row = await session.one_or_none(
        select(documents, links.c.id.label("link_id"), links.c.state.label("link_state"))
        .join(links, links.c.document_id == documents.c.id)
        .where(links.c.capability == capability)
    )
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


async def note_fetch(session: WriteSession, link_id: int, now: datetime) -> None:
    """Somebody fetched it who is not our own prober."""
    await session.execute(
        update(links).where(links.c.id == link_id).values(fetches=links.c.fetches + 1, last_fetched_at=now)
    )


async def by_state(session: ReadSession) -> dict[str, int]:
    """How many links there are in each state."""
    rows = await session.rows(select(links.c.state, func.count()).group_by(links.c.state))
    return {state.value: 0 for state in LinkState} | {row[0]: row[1] for row in rows}


async def failing(session: ReadSession, failures_min: int) -> int:
    """How many links have not worked several times in a row. Those of documents that speak no more are withdrawn."""
    dead = (links.c.state == LinkState.DEAD.value, links.c.failures >= failures_min)
    return int((await session.rows(select(func.count()).select_from(links).where(*dead)))[0][0])


async def capabilities(session: ReadSession, document_ids: Sequence[str]) -> dict[str, str]:
    """The capability of each of these documents."""
    rows = await session.rows(
        select(links.c.document_id, links.c.capability).where(links.c.document_id.in_(list(document_ids)))
    )
    return {row.document_id: row.capability for row in rows}
