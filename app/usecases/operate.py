"""What an operator does by hand: send a delivery again."""

from app.domain.audit import AuditEntry, AuditKind
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import NotRetriable, Refusal, UnknownDelivery
from app.store import audit, keeping
from app.store.session import WriteSession
from app.usecases.context import Caller, Context

_WHY_NOT = {
    "settled": "it is delivered, overtaken by a newer snapshot, or under way right now",
    "overtaken": "a newer snapshot or a later step of this dossier went after it; hand in a new record instead",
    "behind": "an earlier record of this dossier has spent its tries; send that one again first",
}


async def retry(context: Context, caller: Caller, delivery_id: int, correlation_id: str) -> None:
    """Take the place of the scheduled attempt: send this delivery as soon as a worker is free.

    One that was refused or given up is asked about first (the nation may hold it), then sent.

    Raises:
        UnknownDelivery, NotRetriable: with the reason.
    """

    async def work(session: WriteSession) -> str:
        now = await session.now()
        verdict = await keeping.revive(session, delivery_id)
        dossier_code = await keeping.dossier_of(session, delivery_id)
        entry = AuditEntry(
            kind=AuditKind.OPERATION,
            outcome=f"retry:{verdict}",
            actor=caller.name,
            agency=caller.agency,
            purpose=Purpose.OPERATION.value,
            legal_basis=LEGAL_BASIS[Purpose.OPERATION],
            correlation_id=correlation_id,
            dossier_code=dossier_code,
            detail={"delivery": delivery_id},
        )
        await audit.append(session, [entry], now)
        return verdict

    verdict = await context.database.run(work)
    if verdict == "missing":
        message = f"delivery {delivery_id} does not exist"
        raise _on_record(UnknownDelivery(message))
    if verdict != "ok":
        message = f"delivery {delivery_id} cannot be sent again: {_WHY_NOT[verdict]}"
        raise _on_record(NotRetriable(message))


def _on_record(refusal: Refusal) -> Refusal:
    """The operation's own entry tells of it already."""
    refusal.on_record = True
    return refusal
