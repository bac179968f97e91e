"""Questions about persons that look like browsing: found as they are asked, signed off and forgiven by people."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.audit import AuditEntry, AuditKind
from app.domain.browsing import Breach, Threshold, Trait, counted_from, judge
from app.domain.events import EventKind, Phase
from app.domain.rulesets import LEGAL_BASIS, VIETNAM, Purpose
from app.errors import UnknownAnomaly, UnknownLock
from app.reference.rule_facts import AnomalyAction
from app.store import anomalies, audit, person_queries
from app.store.session import Row, WriteSession
from app.usecases import events, reach
from app.usecases.context import Caller, Context

_SELF = "lienthong"
_SHOWN_MAX = 500


@dataclass(slots=True)
class Watched:
    """What one question did: anomalies that begin, whether the officer was stopped, and what goes on record."""

    begun: list[tuple[int, Breach]] = field(default_factory=list)
    stopped_by: int | None = None
    entries: list[AuditEntry] = field(default_factory=list)


async def watch(
    context: Context,
    session: WriteSession,
    officer: str,
    unit: str,
    traits: Collection[Trait],
    correlation_id: str,
    now: datetime,
) -> Watched:
    """Hold an officer's questions, the present one among them, against the thresholds of what it shows.

    Costs one walk along an index while nothing is broken. The caller holds the officer's lock
    (``person_queries.lock``), writes the entries, and tells of what began with ``tell``.
    """
    rows = [row for row in _thresholds(context, now) if row.trait in traits]
    counts = await anomalies.count(session, officer, [(r, counted_from(now, r.window_seconds, ())) for r in rows])
    watched = Watched()
    if not any(count.broken for count in counts):
        return watched
    forgiven, signed = await anomalies.forgiven_at(session, officer), await anomalies.signed_off_at(session, officer)
    spans = [(r, counted_from(now, r.window_seconds, (forgiven, signed.get(r.trait)))) for r in rows]
    counts = await anomalies.count(session, officer, spans)
    held = await anomalies.held(session, officer)
    found = judge(counts, {trait: one.finding for trait, one in held.items()}, now)
    for trait, breach in found.items():
        known = held.get(trait)
        if known is not None and await anomalies.go_on(session, known.id, breach.finding):
            anomaly_id = known.id
        else:
            anomaly_id = await anomalies.begin(session, officer, unit, breach.finding)
            watched.begun.append((anomaly_id, breach))
            watched.entries.append(_found(context, officer, unit, anomaly_id, breach, "begun", correlation_id))
        if breach.locks and await anomalies.locked_by(session, officer) is None:
            await anomalies.stop(session, officer, anomaly_id, now)
            watched.stopped_by = anomaly_id
            watched.entries.append(_found(context, officer, unit, anomaly_id, breach, "officer locked", correlation_id))
    return watched


async def tell(session: WriteSession, watched: Watched, unit: str, now: datetime) -> None:
    """Tell those who hear of the system of anomalies that began; who the officer is, they ask the door."""
    for anomaly_id, breach in watched.begun:
        detail: dict[str, object] = {
            "anomaly": anomaly_id,
            "rule": breach.finding.trait.value,
            "unit": unit,
            "locked": breach.locks,
        }
        await events.tell_transition(
            session,
            EventKind.ANOMALY,
            Phase.STARTED,
            subject=_subject(anomaly_id),
            target=_SELF,
            detail=detail,
            now=now,
        )
    if watched.stopped_by is not None:
        await _tell_lock(session, Phase.STARTED, watched.stopped_by, {"unit": unit}, now)


async def _tell_lock(
    session: WriteSession, phase: Phase, anomaly_id: int, more: dict[str, object], now: datetime
) -> None:
    await events.tell_transition(
        session,
        EventKind.OFFICER_LOCKED,
        phase,
        subject=f"officer-lock:{anomaly_id}",
        target=_SELF,
        detail={"anomaly": anomaly_id} | more,
        now=now,
    )


async def listing(context: Context, caller: Caller, *, is_open: bool | None) -> list[Row]:
    """Anomalies, the open ones first, newest first; at most 500."""
    async with context.database.read() as session:
        units = reach.units_of(context, caller)
        return await anomalies.listing(session, is_open=is_open, limit=_SHOWN_MAX, units=units)


async def sign_off(context: Context, caller: Caller, anomaly_id: int, note: str, correlation_id: str) -> Row:
    """Somebody has looked into an anomaly. A lock stays; a second time changes nothing.

    Raises:
        UnknownAnomaly: there is none of this number.
    """

    async def work(session: WriteSession) -> Row:
        now = await session.now()
        new = await anomalies.sign_off(session, anomaly_id, by=caller.name, note=note, now=now)
        row = await anomalies.find(session, anomaly_id)
        if row is None:
            message = f"anomaly {anomaly_id} does not exist"
            raise UnknownAnomaly(message)
        outcome = "signed off" if new else "signed off already"
        entry = _operated(caller, AuditKind.ANOMALY, outcome, row["unit_code"], anomaly_id, correlation_id)
        await audit.append(session, [entry], now)
        if new:
            detail: dict[str, object] = {"anomaly": anomaly_id, "rule": row["rule"], "unit": row["unit_code"]}
            await events.tell_transition(
                session,
                EventKind.ANOMALY,
                Phase.ENDED,
                subject=_subject(anomaly_id),
                target=_SELF,
                detail=detail,
                now=now,
            )
        return row

    return await context.database.run(work)


async def locks(context: Context, caller: Caller) -> list[Row]:
    """Locks for what happened at units in reach, those in force first, newest first; at most 500."""
    async with context.database.read() as session:
        return await anomalies.locks(session, _SHOWN_MAX, reach.units_of(context, caller))


async def lift(context: Context, caller: Caller, officer: str, note: str, correlation_id: str) -> Row:
    """Let an officer ask again. What they asked before does not count against them any more.

    Raises:
        UnknownLock: they are not stopped.
    """

    async def work(session: WriteSession) -> Row:
        await person_queries.lock(session, officer)
        now = await session.now()
        row = await anomalies.lift(session, officer, by=caller.name, note=note, now=now)
        if row is None:
            message = f"officer '{officer}' is not locked"
            raise UnknownLock(message)
        entry = _operated(caller, AuditKind.OPERATION, "lock:lifted", None, row["anomaly_id"], correlation_id)
        await audit.append(session, [entry], now)
        await _tell_lock(session, Phase.ENDED, row["anomaly_id"], {}, now)
        return row

    return await context.database.run(work)


def _thresholds(context: Context, now: datetime) -> list[Threshold]:
    """The rows in force on this Vietnamese day."""
    rules = context.rules.anomaly_rules(now.astimezone(VIETNAM).date())
    return [
        Threshold(Trait(row.rule.value), row.threshold, row.window_seconds, locks=row.action is AnomalyAction.LOCK)
        for row in rules
    ]


def _subject(anomaly_id: int) -> str:
    return f"anomaly:{anomaly_id}"


def _found(
    context: Context,
    officer: str,
    unit: str,
    anomaly_id: int,
    breach: Breach,
    outcome: str,
    correlation_id: str,
) -> AuditEntry:
    found = breach.finding
    return AuditEntry(
        kind=AuditKind.ANOMALY,
        outcome=outcome,
        actor=_SELF,
        agency=context.agency,
        purpose=Purpose.ANTI_BROWSING.value,
        legal_basis=LEGAL_BASIS[Purpose.ANTI_BROWSING],
        correlation_id=correlation_id,
        unit_code=unit,
        detail={
            "anomaly": anomaly_id,
            "rule": found.trait.value,
            "officer": officer,
            "times": found.times,
            "threshold": found.many,
            "window_seconds": found.window_seconds,
        },
    )


def _operated(
    caller: Caller, kind: AuditKind, outcome: str, unit: str | None, anomaly_id: int, correlation_id: str
) -> AuditEntry:
    """The note stands with the anomaly or the lock itself; the log names it."""
    return AuditEntry(
        kind=kind,
        outcome=outcome,
        actor=caller.name,
        agency=caller.agency,
        purpose=Purpose.ANTI_BROWSING.value,
        legal_basis=LEGAL_BASIS[Purpose.ANTI_BROWSING],
        correlation_id=correlation_id,
        unit_code=unit,
        detail={"anomaly": anomaly_id},
    )
