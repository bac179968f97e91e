"""What a person decides about one delivery, with a reason: cancel, supersede, or say what nobody can tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.audit import AuditEntry, AuditKind
from app.domain.decisions import ASKED_NO_MORE, DECIDED, Act, Verdict, lane_after, may, may_replace
from app.domain.delivery import PENDING_STATES, Decision, DeliveryState
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import NotDecidable, Refusal, UnknownDelivery
from app.store import audit, decisions
from app.store.decisions import Neighbour, Subject
from app.store.session import WriteSession
from app.usecases import events
from app.usecases.context import Caller, Context
from app.usecases.events import DeliveryOutcome
from connectors.base import Kind

_KINDS = {Kind.DOSSIER.value, Kind.STEP.value}
_WHY_NOT = {
    Verdict.UNDER_WAY: "its dossier is being sent right now; wait for the end of that and try again",
    Verdict.ASKING: "the nation is being asked whether it has it; wait for the answer, or for being asked to decide",
    Verdict.SETTLED: "it is settled already",
    Verdict.NOT_IN_DOUBT: "nobody is in doubt about it",
    Verdict.NOT_NEWER: "the other delivery is not newer than it",
    Verdict.OTHER_DOSSIER: "the other delivery is of another dossier, destination or kind",
    Verdict.REPLACEMENT_ENDED: "the other delivery was itself taken back",
    Verdict.STEPS_BEHIND: "the nation would never know its dossier, so the steps behind it could not go; "
    "cancel them too ('with_steps': true), or hand over a corrected dossier",
}


async def cancel(
    context: Context, caller: Caller, delivery_id: int, reason: str, correlation_id: str, *, with_steps: bool = False
) -> None:
    """Take a delivery back: it is not sent. ``with_steps``: so are the steps that could not go without it.

    Raises:
        UnknownDelivery, NotDecidable: with the reason.
    """
    order = _Order(Act.CANCEL, DeliveryState.CANCELLED, reason, with_steps=with_steps)
    await _carry_out(context, caller, delivery_id, order, correlation_id)


async def supersede(
    context: Context, caller: Caller, delivery_id: int, by: int, reason: str, correlation_id: str
) -> None:
    """Let a newer delivery of the same dossier and kind stand for this one, which is not sent.

    Raises:
        UnknownDelivery, NotDecidable: with the reason.
    """
    order = _Order(Act.SUPERSEDE, DeliveryState.SUPERSEDED, reason, by=by)
    await _carry_out(context, caller, delivery_id, order, correlation_id)


async def decide(
    context: Context,
    caller: Caller,
    delivery_id: int,
    decision: Decision,
    reason: str,
    correlation_id: str,
    *,
    with_steps: bool = False,
) -> None:
    """Say what the nation could not be asked: it has it, it is to be sent without asking again, or it is not sent.

    Raises:
        UnknownDelivery, NotDecidable: with the reason.
    """
    order = _Order(Act.DECIDE, DECIDED[decision], reason, with_steps=with_steps, decision=decision)
    await _carry_out(context, caller, delivery_id, order, correlation_id)


@dataclass(frozen=True, slots=True)
class _Order:
    """What a person wants done, and the state that it leads to."""

    act: Act
    state: DeliveryState
    reason: str
    by: int | None = None
    with_steps: bool = False
    decision: Decision | None = None

    @property
    def name(self) -> str:
        return self.act.value if self.decision is None else f"{self.act.value} {self.decision.value}"


async def _carry_out(context: Context, caller: Caller, delivery_id: int, order: _Order, correlation_id: str) -> None:
    async def work(session: WriteSession) -> Verdict:
        now = await session.now()
        subject = await decisions.lock(session, delivery_id)
        around = await decisions.neighbours(session, subject) if subject else []
        verdict, also = await _judge(session, subject, around, order)
        if subject is not None and verdict is Verdict.OK:
            await _write(session, caller, subject, around, order, also=also, now=now)
        detail: dict[str, object] = {"delivery": delivery_id}
        if order.by is not None:
            detail["by"] = order.by
        if also and verdict is Verdict.OK:
            detail["with_steps"] = [step.id for step in also]
        entry = operation(caller, subject, f"{order.name}:{verdict.value}", correlation_id, detail)
        await audit.append(session, [entry], now)
        return verdict

    verdict = await context.database.run(work)
    if verdict is Verdict.MISSING:
        message = f"delivery {delivery_id} does not exist"
        raise _on_record(UnknownDelivery(message))
    if verdict is not Verdict.OK:
        message = f"{order.name} cannot be done to delivery {delivery_id}: {_WHY_NOT[verdict]}"
        raise _on_record(NotDecidable(message, members={"why": verdict.value}))


async def _judge(
    session: WriteSession, subject: Subject | None, around: Sequence[Neighbour], order: _Order
) -> tuple[Verdict, list[Neighbour]]:
    """Whether the order may be carried out, and the steps that go with it."""
    if subject is None:
        return Verdict.MISSING, []
    verdict = may(order.act, subject.state, subject.lane_state, subject.hold)
    if verdict is not Verdict.OK:
        return verdict, []
    if order.by is not None:
        other = await decisions.read(session, order.by)
        found = may_replace(subject.standing, other.standing) if other else Verdict.OTHER_DOSSIER
        return found, []
    orphans = _orphans(subject, around) if order.state is DeliveryState.CANCELLED else []
    return _judge_orphans(subject, orphans, order), orphans


def _judge_orphans(subject: Subject, orphans: Sequence[Neighbour], order: _Order) -> Verdict:
    if orphans and not order.with_steps:
        return Verdict.STEPS_BEHIND
    asked = subject.hold not in ASKED_NO_MORE and any(step.state is DeliveryState.UNKNOWN for step in orphans)
    return Verdict.ASKING if asked else Verdict.OK


def _orphans(subject: Subject, around: Sequence[Neighbour]) -> list[Neighbour]:
    """Steps that could not go without this snapshot: the nation knows of no other one, and none is under way."""
    if subject.row["kind"] != Kind.DOSSIER.value or subject.known:
        return []
    others = [n for n in around if n.id != subject.row["id"]]
    if any(n.kind == Kind.DOSSIER.value for n in others):
        return []
    return [n for n in others if n.kind == Kind.STEP.value]


async def _write(
    session: WriteSession,
    caller: Caller,
    subject: Subject,
    around: Sequence[Neighbour],
    order: _Order,
    *,
    also: Sequence[Neighbour],
    now: datetime,
) -> None:
    message_id, lane_id = subject.row["id"], subject.row["lane_id"]
    if order.state is DeliveryState.WAITING:
        # The engine will say what became of it; who let it go is in the note.
        note = f"{caller.name}: {order.reason}"
        await decisions.settle(session, [message_id], order.state, by=None, note=note, now=now)
    else:
        ids = [message_id, *(step.id for step in also)]
        await decisions.settle(session, ids, order.state, by=caller.name, note=order.reason, now=now)
    if order.state is DeliveryState.DELIVERED and subject.row["kind"] in _KINDS:
        await decisions.make_known(session, lane_id)
    pending = [n.id for n in around if n.state in PENDING_STATES]
    gone = message_id in pending[:1]
    left = await decisions.neighbours(session, subject)
    await decisions.leave(session, lane_id, lane_after(decisions.facts_of(subject, left, first_gone=gone)))
    if order.state is not DeliveryState.WAITING:
        row = subject.row
        own = Neighbour(message_id, row["kind"], subject.state, row["ref"], row["correlation_id"])
        await events.tell_outcomes(session, [_outcome(subject, each, order.state) for each in (own, *also)], now)


def _outcome(subject: Subject, about: Neighbour, state: DeliveryState) -> DeliveryOutcome:
    row = subject.row
    return DeliveryOutcome(
        message_id=about.id,
        destination=row["target"],
        kind=about.kind,
        dossier_code=row["dossier_code"],
        procedure_code=row["procedure_code"],
        unit_code=row["unit_code"],
        ref=about.ref,
        state=state,
        correlation_id=about.correlation_id,
    )


def operation(
    caller: Caller, subject: Subject | None, outcome: str, correlation_id: str, detail: dict[str, object]
) -> AuditEntry:
    """Entry of what a person did to a delivery. The reason stands with the delivery itself; the log names it."""
    row = subject.row if subject else {}
    return AuditEntry(
        kind=AuditKind.OPERATION,
        outcome=outcome,
        actor=caller.name,
        agency=caller.agency,
        purpose=Purpose.OPERATION.value,
        legal_basis=LEGAL_BASIS[Purpose.OPERATION],
        correlation_id=correlation_id,
        dossier_code=row.get("dossier_code"),
        procedure_code=row.get("procedure_code"),
        unit_code=row.get("unit_code"),
        payload_hash=row.get("payload_hash"),
        detail=detail,
    )


def _on_record(refusal: Refusal) -> Refusal:
    """The operation's own entry tells of it already."""
    refusal.on_record = True
    return refusal
