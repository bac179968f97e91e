"""Register, list, end and try webhooks. The secret is shown once, when it is made."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.access import Permission
from app.domain.audit import AuditEntry, AuditKind
from app.domain.delivery import Destination
from app.domain.events import OFFERED_NEWS, SYSTEM_NEWS, News
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import BadWebhookAddress, Fault, Forbidden, InvalidRecord, StoreBusy, UnknownCode, UnknownWebhook
from app.store import audit, outbox, webhooks
from app.store import events as event_store
from app.store.session import Database, Row, WriteSession
from app.store.webhooks import Webhook
from app.usecases.context import Caller, Context
from app.usecases.events import system_message, trial_payload
from connectors.webhook import BookUnavailable, Endpoint, url_fault

_SECRET_BYTES = 32
_LIVING_MAX = 20


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody asks for: where, which types, and whether also news that is about no dossier of its own."""

    url: str
    kinds: tuple[str, ...]
    system_events: bool = False


class Endpoints:
    """The book of endpoints that the connector reads: the database."""

    def __init__(self, database: Database) -> None:
        """Read from ``database``."""
        self._database = database

    async def find(self, endpoint_id: int) -> Endpoint | None:
        """The living endpoint; None when there is none.

        Raises:
            BookUnavailable: the database does not answer.
        """
        try:
            async with self._database.read() as session:
                found = await webhooks.address(session, endpoint_id)
        except StoreBusy as error:
            raise BookUnavailable(str(error)) from error
        return None if found is None else Endpoint(*found)


async def register(
    context: Context, caller: Caller, wanted: Registration, correlation_id: str, *, plain_http: bool = False
) -> tuple[Webhook, str]:
    """Make an endpoint; gives it and its secret, this once.

    Raises:
        Forbidden: ``system_events`` of who does not operate the whole province's destinations.
        UnknownCode: a type of news that there is not.
        InvalidRecord: a type that only ``system_events`` brings, or more endpoints than one token may have.
        BadWebhookAddress: news may not go there.
    """
    _check(caller, wanted, plain_http=plain_http)
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"

    async def work(session: WriteSession) -> Webhook:
        now = await session.now()
        if len(await webhooks.living(session, caller.name)) >= _LIVING_MAX:
            message = f"'{caller.name}' has {_LIVING_MAX} webhooks already; end one first"
            raise InvalidRecord(message, faults=(Fault("", message),))
        row: Row = {"owner": caller.name, "agency": caller.agency, "url": wanted.url, "secret": secret}
        row |= {"kinds": set(wanted.kinds), "system_events": wanted.system_events, "created_at": now}
        made = Webhook(
            id=await webhooks.add(session, row),
            owner=caller.name,
            agency=caller.agency,
            url=wanted.url,
            kinds=frozenset(wanted.kinds),
            system_events=wanted.system_events,
            created_at=now,
            ended_at=None,
        )
        detail: dict[str, object] = {"webhook": made.id, "url": made.url, "kinds": sorted(made.kinds)}
        detail |= {"system_events": made.system_events}
        await audit.append(session, [_entry(caller, "webhook:registered", correlation_id, detail)], now)
        return made

    return await context.database.run(work), secret


async def listing(context: Context, caller: Caller) -> list[Webhook]:
    """The living endpoints of the caller; all of them for an operator."""
    async with context.database.read() as session:
        return await webhooks.living(session, None if _operates(caller) else caller.name)


async def end(context: Context, caller: Caller, endpoint_id: int, correlation_id: str) -> None:
    """End an endpoint: nothing more goes there, and what waits for it is cancelled.

    Raises:
        UnknownWebhook: no living one of this id, or another's.
    """

    async def work(session: WriteSession) -> None:
        now = await session.now()
        await _own(session, caller, endpoint_id)
        note = f"webhook ended by {caller.name}"
        cancelled = await webhooks.end(session, endpoint_id, by=caller.name, note=note, now=now)
        if cancelled is None:
            raise _unknown(endpoint_id)
        await event_store.end_all_of(session, f"webhook:{endpoint_id}", now)
        detail: dict[str, object] = {"webhook": endpoint_id, "cancelled": cancelled}
        await audit.append(session, [_entry(caller, "webhook:ended", correlation_id, detail)], now)

    await context.database.run(work)


async def trial(context: Context, caller: Caller, endpoint_id: int, correlation_id: str) -> str:
    """Send a message of the type ``webhook.test`` the whole way; gives the ``ref`` of its delivery.

    Raises:
        UnknownWebhook: no living one of this id, or another's.
    """
    ref = f"test:{secrets.token_hex(8)}"

    async def work(session: WriteSession) -> None:
        now = await session.now()
        hook = await _own(session, caller, endpoint_id)
        payload = trial_payload(hook.id, now)
        await outbox.put(session, [system_message(hook.key, payload, ref, now, correlation_id)], now)
        detail: dict[str, object] = {"webhook": endpoint_id, "ref": ref}
        await audit.append(session, [_entry(caller, "webhook:tried", correlation_id, detail)], now)

    await context.database.run(work)
    return ref


async def destinations(context: Context) -> Sequence[Destination]:
    """Where workers may have news to bring."""
    async with context.database.read() as session:
        return await webhooks.destinations(session)


def _check(caller: Caller, wanted: Registration, *, plain_http: bool) -> None:
    if wanted.system_events and not _operates(caller):
        message = (
            f"system_events needs the permission '{Permission.TARGETS_OPERATE}' for the whole province; "
            f"'{caller.name}' does not have it"
        )
        raise Forbidden(message)
    offered = {news.value for news in OFFERED_NEWS}
    strangers = tuple(
        Fault(f"/kinds/{place}", f"'{kind}' is no type of news; there are: {', '.join(sorted(offered))}", "news")
        for place, kind in enumerate(wanted.kinds)
        if kind not in offered
    )
    if strangers:
        raise UnknownCode("; ".join(fault.detail for fault in strangers), faults=strangers)
    beyond = [kind for kind in wanted.kinds if News(kind) in SYSTEM_NEWS and not wanted.system_events]
    if beyond:
        message = f"{', '.join(beyond)}: only endpoints with system_events are told"
        raise InvalidRecord(message, faults=(Fault("/system_events", message),))
    fault = url_fault(wanted.url, plain_http=plain_http)
    if fault is not None:
        raise BadWebhookAddress(fault, faults=(Fault("/url", fault),))


async def _own(session: WriteSession, caller: Caller, endpoint_id: int) -> Webhook:
    """The living endpoint, when the caller may speak for it; another's looks like none."""
    found = await webhooks.find(session, endpoint_id)
    if found is None or found.ended_at is not None or (found.owner != caller.name and not _operates(caller)):
        raise _unknown(endpoint_id)
    return found


def _unknown(endpoint_id: int) -> UnknownWebhook:
    message = f"webhook {endpoint_id} does not exist"
    return UnknownWebhook(message)


def _operates(caller: Caller) -> bool:
    return caller.may(Permission.TARGETS_OPERATE) and caller.reach.is_whole


def _entry(caller: Caller, outcome: str, correlation_id: str, detail: dict[str, object]) -> AuditEntry:
    return AuditEntry(
        kind=AuditKind.OPERATION,
        outcome=outcome,
        actor=caller.name,
        agency=caller.agency,
        purpose=Purpose.OPERATION.value,
        legal_basis=LEGAL_BASIS[Purpose.OPERATION],
        correlation_id=correlation_id,
        detail=detail,
    )
