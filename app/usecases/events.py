"""Telling others: outcomes and transitions become events, and messages to the webhooks that asked for them.

Everything here but ``check_backlog`` runs inside the caller's transaction, so that nothing is told that did not
happen. A payload holds codes and references only; who may read more asks the door for it.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.audit import AuditEntry, AuditKind
from app.domain.delivery import NATIONAL, DeliveryState, Destination, HoldReason, Target
from app.domain.events import (
    OUTCOME_NEWS,
    EventKind,
    News,
    Phase,
    event_of,
    news_of,
    subject_of,
)
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.store import audit, holds, outbox, webhooks
from app.store import events as store
from app.store.events import Settled
from app.store.outbox import NewMessage
from app.store.session import ReadSession, Row, WriteSession
from app.store.webhooks import Webhook
from app.usecases import reach
from app.usecases.context import Caller, Context

BACKLOG_AGE_SECONDS = 3600.0
SYSTEM = "system"
GONE = "http_410"
_NOWHERE = "-"
_ENDS_A_TURN = 500
_WEBHOOKS = f"{Target.WEBHOOK.value}:"


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """What became of one delivery. ``destination`` is a key; ``undecided`` says that its lane waits for a person.

    ``orphaned`` says that it waits for a dossier that nothing is to bring to the nation.
    """

    message_id: int
    destination: str
    kind: str
    dossier_code: str
    procedure_code: str
    unit_code: str
    ref: str
    state: DeliveryState
    correlation_id: str
    undecided: bool = False
    orphaned: bool = False
    failure_class: str | None = None
    reason: str | None = None
    code: str | None = None
    message: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """One piece of news about one delivery."""

    news: News
    event: EventKind | None
    outcome: DeliveryOutcome
    event_id: int | None = None


async def tell_outcomes(session: WriteSession, outcomes: Sequence[DeliveryOutcome], now: datetime) -> None:
    """Begin the events that outcomes are, and promise news of them to the webhooks of those who own the dossiers.

    Costs one short query when nobody has registered a webhook and nothing stands still. Ends of events are told by
    ``check_backlog``, whoever brought them about. What became of news itself is never told to webhooks.
    """
    if not outcomes:
        return
    told: list[_Told] = []
    for outcome in outcomes:
        found = await _note(session, outcome, now)
        if found is not None and not outcome.destination.startswith(_WEBHOOKS):
            told.append(found)
    await _promise(session, told, now)
    for outcome in outcomes:
        if outcome.code == GONE and outcome.destination.startswith(_WEBHOOKS):
            await _end_endpoint(session, outcome, now)


async def tell_settled(session: WriteSession, message_ids: Sequence[int], now: datetime) -> None:
    """The same for deliveries that a person has moved: call it after the move, in the same transaction."""
    if not message_ids:
        return
    outcomes = [
        DeliveryOutcome(
            message_id=row["id"],
            destination=row["target"],
            kind=row["kind"],
            dossier_code=row["dossier_code"],
            procedure_code=row["procedure_code"],
            unit_code=row["unit_code"],
            ref=row["ref"],
            state=DeliveryState(row["state"]),
            correlation_id=row["correlation_id"],
            undecided=row["hold_reason"] == HoldReason.UNDECIDED.value,
            failure_class=row["failure_class"],
            reason=row["reason"],
            code=row["answer_code"],
            field=row["answer_field"],
        )
        for row in await store.standings(session, message_ids)
    ]
    await tell_outcomes(session, outcomes, now)


async def _note(session: WriteSession, outcome: DeliveryOutcome, now: datetime) -> _Told | None:
    """Begin the event that an outcome is, if it is one; None when there is nothing to tell, or it has been told."""
    kind = event_of(outcome.state, undecided=outcome.undecided, orphaned=outcome.orphaned)
    if kind is None:
        news = OUTCOME_NEWS.get(outcome.state)
        return None if news is None else _Told(news, None, outcome)
    if kind is EventKind.REFUSED and outcome.destination.startswith(_WEBHOOKS):
        return None  # no word of the nation, and passed over by itself
    event_id = await store.start(
        session,
        kind,
        subject=subject_of(outcome.message_id),
        target=outcome.destination,
        dossier_code=outcome.dossier_code,
        detail=_about(outcome),
        now=now,
    )
    news = news_of(kind, Phase.STARTED)
    return None if event_id is None or news is None else _Told(news, kind, outcome, event_id)


async def tell_transition(
    session: WriteSession,
    kind: EventKind,
    phase: Phase,
    *,
    subject: str,
    target: str,
    detail: dict[str, object],
    now: datetime,
) -> bool:
    """Begin or end an event about a destination, and tell those who hear of the system; False: told already."""
    if phase is Phase.STARTED:
        event_id = await store.start(
            session, kind, subject=subject, target=target, dossier_code=None, detail=detail, now=now
        )
    else:
        event_id = await store.end(session, kind, subject, now)
    news = news_of(kind, phase)
    if event_id is None:
        return False
    if news is None or target.startswith(_WEBHOOKS):
        return True
    data = {"event": event_id, "phase": phase.value, "subject": subject, "destination": target} | detail
    payload = _payload(news, now, data)
    hearers = [hook for hook in await webhooks.living(session) if hook.system_events and news.value in hook.kinds]
    await outbox.put(session, [system_message(hook.key, payload, f"event:{event_id}", now) for hook in hearers], now)
    return True


def system_message(key: str, payload: str, ref: str, now: datetime, correlation_id: str | None = None) -> NewMessage:
    """A message to one endpoint that is about no dossier."""
    return NewMessage(
        target=key,
        kind="event",
        dossier_code=SYSTEM,
        procedure_code=_NOWHERE,
        unit_code=_NOWHERE,
        ref=ref,
        payload=payload,
        payload_hash=hashlib.sha256(payload.encode()).hexdigest(),
        correlation_id=correlation_id or ref,
        due_at=now,
    )


def trial_payload(endpoint_id: int, now: datetime) -> str:
    """The payload of a message that only tries the way out."""
    return _payload(News.TEST, now, {"webhook": endpoint_id})


async def _promise(session: WriteSession, told: Sequence[_Told], now: datetime) -> None:
    """Promise each piece of news to every living endpoint that wants it and may hear it."""
    if not told:
        return
    hooks = [hook for hook in await webhooks.living(session) if any(item.news.value in hook.kinds for item in told)]
    if not hooks:
        return
    owners = await webhooks.owners(session, sorted({item.outcome.dossier_code for item in told}))
    news: list[NewMessage] = []
    for item in told:
        about = item.outcome
        data = ({"event": item.event_id} if item.event_id else {}) | _about(about)
        payload = _payload(item.news, now, data)
        digest = hashlib.sha256(payload.encode()).hexdigest()
        news.extend(
            NewMessage(
                target=hook.key,
                kind="event",
                dossier_code=about.dossier_code,
                procedure_code=about.procedure_code,
                unit_code=about.unit_code,
                ref=f"event:{item.event_id}" if item.event_id else subject_of(about.message_id),
                payload=payload,
                payload_hash=digest,
                correlation_id=about.correlation_id,
                due_at=now,
            )
            for hook in hooks
            if _hears(hook, item, owners.get(about.dossier_code))
        )
    await outbox.put(session, news, now)


def _hears(hook: Webhook, told: _Told, owner: str | None) -> bool:
    """Its own dossiers' outcomes, and what stands still anywhere when it hears of the system."""
    if told.news.value not in hook.kinds:
        return False
    return hook.owner == owner or (hook.system_events and told.event is not None)


def _about(outcome: DeliveryOutcome) -> dict[str, object]:
    """Codes and references. The far side's own words are left out: they may quote a person."""
    return {
        "delivery": outcome.message_id,
        "destination": outcome.destination,
        "kind": outcome.kind,
        "dossier": outcome.dossier_code,
        "procedure": outcome.procedure_code,
        "unit": outcome.unit_code,
        "ref": outcome.ref,
        "state": outcome.state.value,
        "failure_class": outcome.failure_class,
        "reason": outcome.reason,
        "answer_code": outcome.code,
        "answer_field": outcome.field,
        "correlation_id": outcome.correlation_id,
        "address": f"/v1/deliveries/{outcome.message_id}",
    }


def _payload(news: News, now: datetime, data: dict[str, object]) -> str:
    at = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = {"type": news.value, "timestamp": at, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


async def _end_endpoint(session: WriteSession, outcome: DeliveryOutcome, now: datetime) -> None:
    """An endpoint that says "gone" is told nothing more; Standard Webhooks asks for that."""
    endpoint = Destination.of(outcome.destination).endpoint
    if endpoint is None:
        return
    cancelled = await webhooks.end(session, endpoint, by="lienthong", note="HTTP 410", now=now)
    if cancelled is None:
        return
    await store.end_all_of(session, outcome.destination, now)
    hook = await webhooks.find(session, endpoint)
    entry = AuditEntry(
        kind=AuditKind.OPERATION,
        outcome="webhook:gone",
        actor="lienthong",
        agency=hook.agency if hook else "",
        purpose=Purpose.OPERATION.value,
        legal_basis=LEGAL_BASIS[Purpose.OPERATION],
        correlation_id=outcome.correlation_id,
        detail={"webhook": endpoint, "cancelled": cancelled},
    )
    await audit.append(session, [entry], now)


async def page(
    context: Context,
    caller: Caller,
    *,
    before_id: int | None,
    limit: int,
    open_only: bool = False,
    kind: EventKind | None = None,
    target: str | None = None,
    dossier_code: str | None = None,
) -> list[Row]:
    """A page of events, newest first.

    Whoever is of some units only hears that a system is silent, and not by whose question that was found.
    """
    async with context.database.read() as session:
        rows = await store.page(
            session,
            before_id=before_id,
            limit=limit,
            open_only=open_only,
            kind=kind,
            target=target,
            dossier_code=dossier_code,
            units=reach.units_of(context, caller),
        )
    if caller.reach.is_whole:
        return rows
    return [row if row["dossier_code"] else row | {"detail": {}} for row in rows]


async def check_backlog(context: Context, age_seconds: float = BACKLOG_AGE_SECONDS) -> None:
    """Tell when the oldest record that may move waits longer than ``age_seconds``, and what is over meanwhile.

    Looks first and writes only when there is something to tell; several workers may do it at the same time.
    """
    async with context.database.read() as session:
        over = await store.settled(session, _ENDS_A_TURN)
        aged = [(key, found) for key in NATIONAL if (found := await _turned(session, key, age_seconds)) is not None]
    if not over and not aged:
        return

    async def work(session: WriteSession) -> None:
        now = await session.now()
        await _tell_ends(session, over, now)
        for key, (phase, seconds) in aged:
            detail: dict[str, object] = {"oldest_seconds": round(seconds), "limit_seconds": round(age_seconds)}
            await tell_transition(
                session, EventKind.BACKLOG_OLD, phase, subject=key, target=key, detail=detail, now=now
            )

    await context.database.run(work)


async def _turned(session: ReadSession, key: str, age_seconds: float) -> tuple[Phase, float] | None:
    """Whether the backlog of a destination has become old, or young again, since it was told; with its age."""
    # What a person holds waits because a person wants it so.
    held = holds.blocks_destination(await holds.active(session, key))
    oldest = None if held else await store.oldest_moving(session, key)
    seconds = 0.0 if oldest is None else max((await session.now() - oldest).total_seconds(), 0.0)
    is_old, was_old = seconds > age_seconds, await store.is_open(session, EventKind.BACKLOG_OLD, key)
    if is_old is was_old:
        return None
    return (Phase.STARTED if is_old else Phase.ENDED), seconds


async def _tell_ends(session: WriteSession, over: Iterable[Settled], now: datetime) -> None:
    told: list[_Told] = []
    for item in over:
        event_id = await store.end(session, item.kind, subject_of(item.message_id), now)
        news = news_of(item.kind, Phase.ENDED)
        if event_id is None or news is None or item.destination.startswith(_WEBHOOKS):
            continue
        outcome = DeliveryOutcome(
            message_id=item.message_id,
            destination=item.destination,
            kind=item.message_kind,
            dossier_code=item.dossier_code,
            procedure_code=item.procedure_code,
            unit_code=item.unit_code,
            ref=item.ref,
            state=item.state,
            correlation_id=item.correlation_id,
        )
        told.append(_Told(news, item.kind, outcome, event_id))
    await _promise(session, told, now)
