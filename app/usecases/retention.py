"""What may go and what must stay: a look first, a proposal, another's approval; holds, and breaches once mended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from app.domain.access import Permission
from app.domain.audit import AuditEntry, AuditKind
from app.domain.erasure import same_hands
from app.domain.retention import HoldKind, Kept, RetentionClass, RunState, held_until, kept_since
from app.domain.rulesets import LEGAL_BASIS, VIETNAM, Purpose
from app.errors import Fault, Forbidden, InvalidRecord, RetentionRefused, UnknownCode, UnknownRetention
from app.store import audit, checkpoints, retention
from app.store.retention import Run, Share
from app.store.session import ReadSession, Row, WriteSession
from app.usecases.context import Caller, Context

_RUNS_MAX: Final = 200
# A hold beyond this is a slip of the hand.
_HOLD_DAYS_MAX: Final = 36600


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """What there is of a class from before ``before`` (None: it is kept for ever), by why it stays."""

    of: RetentionClass
    before: datetime | None
    shares: Sequence[Share]

    @property
    def going(self) -> int:
        """How many may go."""
        return sum(share.count for share in self.shares if share.kept is None)

    @property
    def oldest_at(self) -> datetime | None:
        """When the oldest was written that may go."""
        return min((share.oldest_at for share in self.shares if share.kept is None), default=None)

    @property
    def kept(self) -> dict[Kept, int]:
        """How many stay though they are old enough, by why."""
        return {share.kept: share.count for share in self.shares if share.kept is not None}


@dataclass(frozen=True, slots=True)
class HoldWanted:
    """What is to be kept: a dossier's entries, a person's, or a range of numbers; until a day (Vietnamese time).

    A breach has no day: it is open until it was mended.
    """

    kind: HoldKind
    reason: str
    legal_basis: str
    dossier: str | None = None
    subject: str | None = None
    entries: tuple[int, int] | None = None
    until: date | None = None


async def plan(context: Context) -> list[ClassPlan]:
    """What could be proposed now; removes nothing. Walks the log once a class."""
    async with context.database.read() as session:
        return [await _plan(session, each) for each in context.retention.classes.by_code.values()]


async def _plan(session: ReadSession, of: RetentionClass) -> ClassPlan:
    if of.days is None or not of.kinds:
        return ClassPlan(of, None, ())
    now, newest = await session.now(), await checkpoints.newest(session)
    before = kept_since(now, of.days)
    kinds = frozenset(kind.value for kind in of.kinds)
    found = await retention.shares(session, kinds, before, signed_size=newest.size if newest else 0, now=now)
    return ClassPlan(of, before, found)


async def propose(context: Context, caller: Caller, class_code: str, reason: str, correlation_id: str) -> Run:
    """Propose to archive and remove what may go of a class now.

    Raises:
        Forbidden: the caller may not propose.
        UnknownCode: no such class.
        RetentionRefused: it is kept for ever, a run of it is open already, or nothing of it may go.
    """
    _must(caller, Permission.RETENTION_EDIT)
    of = context.retention.classes.by_code.get(class_code)
    if of is None:
        message = f"'{class_code}' is no class of retention"
        raise UnknownCode(message, faults=(Fault("/class", message, "retention"),))
    async with context.database.read() as session:
        found = await _plan(session, of)
    if found.before is None:
        message = f"nothing of the class '{class_code}' is ever removed by a run"
        raise RetentionRefused(message)
    if not found.going:
        message = f"nothing of the class '{class_code}' may go now"
        raise RetentionRefused(message)
    before, until_id = found.before, max(share.last_id for share in found.shares)

    async def work(session: WriteSession) -> Run:
        now = await session.now()
        for run in await retention.runs(session, _RUNS_MAX):
            if run.class_code == class_code and run.state in {RunState.PROPOSED, RunState.APPROVED}:
                message = f"run {run.id} of the class '{class_code}' is open: decide or finish it first"
                raise RetentionRefused(message)
        row: Row = {"before": before, "until_id": until_id, "entries": found.going, "reason": reason}
        row |= {"proposed_by": caller.name, "agency": caller.agency, "proposed_at": now}
        run_id = await retention.add_run(session, of, row)
        detail: dict[str, object] = {"run": run_id, "class": class_code, "days": of.days}
        detail |= {"before": before.isoformat(), "entries": found.going, "until": until_id}
        await audit.append(session, [_entry(caller, "proposed", correlation_id, detail)], now)
        return await _run(session, run_id)

    return await context.database.run(work)


async def decide(
    context: Context, caller: Caller, run_id: int, *, approve: bool, note: str, correlation_id: str
) -> Run:
    """Approve or refuse a run that another has proposed; workers begin with what was approved.

    Raises:
        Forbidden: the caller may not approve, or has proposed it.
        UnknownRetention: no such run.
        RetentionRefused: it was decided already.
    """
    _must(caller, Permission.RETENTION_APPROVE)

    async def work(session: WriteSession) -> Run:
        run, now = await _run(session, run_id), await session.now()
        if same_hands(run.proposed_by, caller.name):
            message = "who proposed a run does not decide it"
            raise Forbidden(message)
        if run.state is not RunState.PROPOSED:
            message = f"run {run_id} was decided already: {run.state.value}"
            raise RetentionRefused(message)
        row: Row = {"run_id": run_id, "approved": approve, "decided_by": caller.name, "agency": caller.agency}
        await retention.add_decision(session, row | {"decided_at": now, "note": note})
        detail: dict[str, object] = {"run": run_id, "class": run.class_code, "proposed_by": run.proposed_by}
        outcome = "approved" if approve else "refused"
        await audit.append(session, [_entry(caller, outcome, correlation_id, detail)], now)
        return await _run(session, run_id)

    return await context.database.run(work)


async def runs(context: Context) -> list[Run]:
    """The newest runs, newest first."""
    async with context.database.read() as session:
        return await retention.runs(session, _RUNS_MAX)


async def hold(context: Context, caller: Caller, wanted: HoldWanted, correlation_id: str) -> Row:
    """Keep entries beyond their class, from now on. A hold is never shortened; another may be longer.

    Raises:
        Forbidden: the caller may not.
        InvalidRecord: not one of dossier, person and range, or a day that cannot be.
    """
    _must(caller, Permission.RETENTION_EDIT)

    async def work(session: WriteSession) -> Row:
        now = await session.now()
        row: Row = {
            "kind": wanted.kind.value,
            "dossier_code": wanted.dossier,
            "subject_ref": wanted.subject,
            "first_id": wanted.entries[0] if wanted.entries else None,
            "last_id": wanted.entries[1] if wanted.entries else None,
            "until": _until(wanted, now),
            "reason": wanted.reason,
            "legal_basis": wanted.legal_basis,
        }
        row |= {"made_by": caller.name, "agency": caller.agency, "at": now}
        hold_id = await retention.add_hold(session, row)
        detail: dict[str, object] = {"hold": hold_id, "kind": wanted.kind.value}
        detail |= {"until": wanted.until.isoformat()} if wanted.until else {}
        detail |= {"entries": list(wanted.entries)} if wanted.entries else {}
        entry = _entry(caller, "held", correlation_id, detail, wanted.dossier, wanted.subject)
        await audit.append(session, [entry], now)
        return await _hold(session, hold_id)

    return await context.database.run(work)


def _until(wanted: HoldWanted, now: datetime) -> datetime | None:
    named = [each for each in (wanted.dossier, wanted.subject, wanted.entries) if each is not None]
    if len(named) != 1 or (wanted.entries and not 1 <= wanted.entries[0] <= wanted.entries[1]):
        message = "a hold names one of: a dossier, a person, a range of entries from the lower number to the higher"
        raise InvalidRecord(message, faults=(Fault("", message),))
    if wanted.kind is HoldKind.BREACH:
        if wanted.until is not None:
            message = "a breach has no day: say when it was mended"
            raise InvalidRecord(message, faults=(Fault("/until", message),))
        return None
    today = now.astimezone(VIETNAM).date()
    if wanted.until is None or not today < wanted.until <= today + timedelta(days=_HOLD_DAYS_MAX):
        message = f"until must lie after {today}, at most {_HOLD_DAYS_MAX} days ahead"
        raise InvalidRecord(message, faults=(Fault("/until", message),))
    return _end_of(wanted.until)


def _end_of(day: date) -> datetime:
    """When a day is over in Vietnam."""
    return datetime.combine(day + timedelta(days=1), time(), VIETNAM).astimezone(UTC)


async def mended(
    context: Context, caller: Caller, hold_id: int, fixed_on: date, reason: str, correlation_id: str
) -> Row:
    """Say when a breach was mended: what it holds stays for the days of the class ``breach`` from then on.

    Raises:
        Forbidden: the caller may not approve, or has made the hold.
        UnknownRetention: no such hold.
        RetentionRefused: it is no open breach.
        InvalidRecord: a day that has not come.
    """
    _must(caller, Permission.RETENTION_APPROVE)

    async def work(session: WriteSession) -> Row:
        held, now = await _hold(session, hold_id), await session.now()
        if same_hands(held["made_by"], caller.name):
            message = "who made a hold does not end it"
            raise Forbidden(message)
        if held["kind"] != HoldKind.BREACH.value or held["ended_at"] is not None:
            message = f"hold {hold_id} is no open breach"
            raise RetentionRefused(message)
        if fixed_on > now.astimezone(VIETNAM).date():
            message = f"{fixed_on} has not come yet"
            raise InvalidRecord(message, faults=(Fault("/mended_on", message),))
        until = held_until(_end_of(fixed_on), context.retention.classes.breach_days)
        row: Row = {"hold_id": hold_id, "until": until, "reason": reason, "ended_by": caller.name}
        await retention.end_hold(session, row | {"agency": caller.agency, "at": now})
        detail: dict[str, object] = {"hold": hold_id, "mended_on": fixed_on.isoformat(), "until": until.isoformat()}
        entry = _entry(caller, "mended", correlation_id, detail, held["dossier_code"], held["subject_ref"])
        await audit.append(session, [entry], now)
        return await _hold(session, hold_id)

    return await context.database.run(work)


async def holds(context: Context) -> list[Row]:
    """The newest holds, newest first."""
    async with context.database.read() as session:
        return await retention.holds(session, _RUNS_MAX)


async def _run(session: ReadSession, run_id: int) -> Run:
    run = await retention.run_by_id(session, run_id)
    if run is None:
        message = f"there is no run {run_id}"
        raise UnknownRetention(message)
    return run


async def _hold(session: ReadSession, hold_id: int) -> Row:
    held = await retention.hold_by_id(session, hold_id)
    if held is None:
        message = f"there is no hold {hold_id}"
        raise UnknownRetention(message)
    return held


def _must(caller: Caller, permission: Permission) -> None:
    if not caller.may(permission):
        message = f"this needs the permission '{permission.value}'"
        raise Forbidden(message)


def _entry(
    caller: Caller,
    outcome: str,
    correlation_id: str,
    detail: dict[str, object],
    dossier: str | None = None,
    subject: str | None = None,
) -> AuditEntry:
    return AuditEntry(
        kind=AuditKind.RETENTION,
        outcome=outcome,
        actor=caller.name,
        agency=caller.agency,
        purpose=Purpose.RETENTION.value,
        legal_basis=LEGAL_BASIS[Purpose.RETENTION],
        correlation_id=correlation_id,
        dossier_code=dossier,
        subject_ref=subject,
        detail=detail,
    )
