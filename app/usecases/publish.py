"""Links that live: each is tried from outside before the nation is told it, and now and then after that.

Only what was seen to work is ever promised; what does not work is tried again, and people are told.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

import structlog

from app.domain.audit import AuditKind
from app.domain.events import EventKind, Phase
from app.domain.rulesets import Purpose
from app.errors import Refusal
from app.store import audit, documents, dossiers, links
from app.store import events as told
from app.store.links import DueLink
from app.store.session import WriteSession
from app.usecases import events, papers
from app.usecases.context import Caller, Context
from connectors.links import Dead, Live
from connectors.links import LinkState as Found

_log = structlog.get_logger(__name__)
_LINKS_PER_ROUND = 64
_AT_ONCE = 8
_LEASE_SECONDS = 120.0
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
        try:
            await _note(context, code, list(of_dossier), worker)
        except Refusal as refusal:
            # A code that has left its table since: this dossier is tried again, and holds nobody else up.
            _log.error("dossier_not_promised", dossier=code, refusal=refusal.slug, detail=refusal.detail)
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
        born = [link for link, state in found if await _set(context, session, link, state, now)]
        still_born = [
            link.document_id
            for link, state in found
            if isinstance(state, Dead) and not link.is_published and not link.failures
        ]
        # What replaces a document that the nation was told of may take long to come: the old one speaks no more.
        if not born and not await documents.any_told_replaced(session, still_born):
            return
        correlation_id = f"link-{found[0][0].document_id}"
        await papers.promise(context, session, code, correlation_id, now)
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


async def _set(context: Context, session: WriteSession, link: DueLink, state: Found, now: datetime) -> bool:
    """Write down what was found; True when the nation must be told of the link now."""
    policy = context.papers
    if isinstance(state, Live):
        again = now + timedelta(seconds=policy.recheck_seconds)
        return await links.set_live(session, link.id, now, again) and not link.is_published
    if isinstance(state, Dead):
        wait = policy.retry_seconds[min(link.failures, len(policy.retry_seconds) - 1)]
        again = now + timedelta(seconds=wait)
        await links.set_dead(session, link, now, again, state.reason, state.detail)
    return False


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
