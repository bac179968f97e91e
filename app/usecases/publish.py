"""Links that live: each is tried from outside before the nation is told it, and now and then after that.

Only what was seen to work is ever promised; what does not work is tried again, and people are told.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from app.domain.audit import AuditKind
from app.domain.events import EventKind, Phase
from app.domain.rulesets import Purpose
from app.store import audit, documents, dossiers, links
from app.store import events as told
from app.store.links import DueLink
from app.store.session import WriteSession
from app.usecases import events, papers
from app.usecases.context import Caller, Context, PaperPolicy
from connectors.links import Dead, Live
from connectors.links import LinkState as Found

_LINKS_PER_ROUND = 64
_AT_ONCE = 8
# A trial takes at most 33 s with its tries, a round eight of them in a row.
_LEASE_SECONDS = 360.0
_RECHECK_SECONDS_MAX = 30 * 86400.0
_DOUBLINGS_MAX = 32
#: A link that has not worked so often in a row is no hiccup: people are told.
FAILURES_TOLD = 3
SUBJECT = "links"


def address(context: Context, capability: str) -> str:
    """The address of a document as the nation is given it."""
    return f"{context.papers.public_url}/files/{capability}"


async def publish(context: Context, worker: str) -> int:
    """Try the links whose turn it is, and promise the dossiers whose links have come to life; how many were tried."""
    if context.files is None:
        return 0
    async with context.database.read() as session:
        if not await links.any_due(session, await session.now()):
            return 0

    async def claim(session: WriteSession) -> list[DueLink]:
        return await links.claim_due(session, await session.now(), _LINKS_PER_ROUND, _LEASE_SECONDS)

    due = await context.database.run(claim)
    if not due:
        return 0
    found = await _probe(context, due)
    pairs = sorted(zip(due, found, strict=True), key=lambda pair: pair[0].dossier_code)
    for code, of_dossier in groupby(pairs, key=lambda pair: pair[0].dossier_code):
        await _note(context, code, list(of_dossier), worker)
    await tell_dead_links(context)
    return len(due)


async def _probe(context: Context, due: Sequence[DueLink]) -> list[Found]:
    prober, gate = papers.files_of(context).prober, asyncio.Semaphore(_AT_ONCE)

    async def one(link: DueLink) -> Found:
        async with gate:
            return await prober.probe(address(context, link.capability), link.sha256, link.size_bytes)

    return await asyncio.gather(*[one(link) for link in due])


async def _note(context: Context, code: str, found: Sequence[tuple[DueLink, Found]], worker: str) -> None:
    async def work(session: WriteSession) -> None:
        await dossiers.lock(session, [code])
        now = await session.now()
        born, still_born = await _set(context.papers, session, found, now)
        # What replaces a document that the nation was told of may take long to come: the old one speaks no more.
        if not born and not await documents.any_told_replaced(session, [link.document_id for link in still_born]):
            return
        correlation_id = f"link-{found[0][0].document_id}"
        if not await papers.promise(context, session, code, correlation_id, now):
            for link in (*born, *still_born):
                again = _again(context.papers, link, now)
                await links.take_back(session, link, again, "a code of the dossier has left its table")
            return
        caller = Caller(worker, context.agency, frozenset())
        entries = [
            papers.entry(
                caller,
                AuditKind.DOCUMENT,
                "published",
                correlation_id,
                purpose=Purpose.DOCUMENT_LINK,
                dossier_code=code,
                sha256=link.sha256,
                detail={"document": link.document_id},
            )
            for link in born
        ]
        if entries:
            await audit.append(session, entries, now)

    await context.database.run(work)


async def _set(
    policy: PaperPolicy, session: WriteSession, found: Sequence[tuple[DueLink, Found]], now: datetime
) -> tuple[list[DueLink], list[DueLink]]:
    """Write down what was found: the links that have come to life, and those that did not at their first trial.

    One whose failure could not be told to the nation counts as new to failing until it is.
    """
    born, still_born = [], []
    for link, state in found:
        if isinstance(state, Live):
            again = now + timedelta(seconds=recheck_seconds(policy.recheck_seconds, link.successes))
            if await links.set_live(session, link.id, now, again):
                born.append(link)
        elif isinstance(state, Dead):
            again = _again(policy, link, now)
            is_first = await links.set_dead(session, link.id, now, again, state.reason, state.detail)
            if is_first or link.reason == links.NOT_PROMISABLE:
                still_born.append(link)
    return born, still_born


def recheck_seconds(first_seconds: float, successes: int) -> float:
    """How long a link that works is let alone: twice as long each time that it worked in a row, up to 30 days."""
    doublings = min(successes, _DOUBLINGS_MAX)
    return max(first_seconds, min(first_seconds * 2.0**doublings, _RECHECK_SECONDS_MAX))


def _again(policy: PaperPolicy, link: DueLink, now: datetime) -> datetime:
    """When a link that did not work is tried again."""
    return now + timedelta(seconds=policy.retry_seconds[min(link.failures, len(policy.retry_seconds) - 1)])


async def tell_dead_links(context: Context) -> None:
    """Links that stay dead begin an event; it ends when none is left."""
    async with context.database.read() as session:
        failing = await links.failing(session, FAILURES_TOLD)
        was = await told.is_open(session, EventKind.LINK_DEAD, SUBJECT)
    if bool(failing) is was:
        return

    async def work(session: WriteSession) -> None:
        phase = Phase.STARTED if failing else Phase.ENDED
        now = await session.now()
        await events.tell_transition(
            session, EventKind.LINK_DEAD, phase, subject=SUBJECT, target=SUBJECT, detail={"links": failing}, now=now
        )

    await context.database.run(work)
