"""What an officer found to be wrong in a source: reported to it, with a term, and answered.

The term is the house's own: seven working days, as it used to be for problems of shared data (``docs/once-only.md``);
that errors are reported to who keeps the data is NĐ 278/2025/NĐ-CP.
"""

from datetime import datetime

from app.domain.audit import AuditEntry, AuditKind
from app.domain.events import EventKind, Phase
from app.domain.once_only import Source
from app.domain.rulesets import LEGAL_BASIS, VIETNAM, Purpose
from app.errors import Fault, UnknownDiscrepancy
from app.store import audit, discrepancies, documents
from app.store.session import Row, WriteSession
from app.usecases import events, papers, reach
from app.usecases.context import Caller, Context
from app.usecases.once_only_items import Item
from schemas.once_only import OnceOnlyCheckIn

TERM_WORKING_DAYS = 7


async def report(
    context: Context,
    session: WriteSession,
    asked: OnceOnlyCheckIn,
    subject: str,
    source: Source,
    item: Item,
    now: datetime,
) -> str:
    """The id of the open discrepancy of a source about an item, made and told when there is none."""
    # So that two checks at the same time do not report it twice.
    await documents.lock_owner(session, asked.subject.kind.value, asked.subject.number)
    known = await discrepancies.open_one(session, source.value, subject, item.code)
    if known is not None:
        return known
    new_id = papers.new_id(now)
    calendar = context.calendar
    due_at = calendar.closing(calendar.add_working_days(now.astimezone(VIETNAM).date(), TERM_WORKING_DAYS))
    row: Row = {
        "id": new_id,
        "at": now,
        "source": source.value,
        "item": item.code,
        "dossier_code": asked.dossier,
        "unit_code": asked.unit,
        "officer": asked.officer,
        "subject_id": subject,
        "reason": item.reason or "",
        "due_at": due_at,
    }
    await discrepancies.add(session, row)
    # Its reason may quote a person: who may read more asks the door for it.
    detail: dict[str, object] = {
        "source": source.value,
        "item": item.code,
        "dossier": asked.dossier,
        "unit": asked.unit,
        "subject": subject,
        "due_at": due_at.isoformat(),
        "address": f"/v1/discrepancies?source={source.value}&open=true",
    }
    await events.tell_transition(
        session, EventKind.DISCREPANCY, Phase.STARTED, subject=new_id, target=source.value, detail=detail, now=now
    )
    return new_id


async def answer(
    context: Context, caller: Caller, discrepancy_id: str, words: str, correlation_id: str
) -> tuple[Row, datetime]:
    """Keep what the source answered, and give the discrepancy and the time. Again: the same answer.

    Raises:
        UnknownDiscrepancy: there is none, or it was answered in other words.
    """

    async def work(session: WriteSession) -> tuple[Row, datetime]:
        now = await session.now()
        is_new = await discrepancies.answer(session, discrepancy_id, by=caller.name, words=words, now=now)
        row = await discrepancies.find(session, discrepancy_id)
        if row is None or row["answer"] != words:
            what = "does not exist" if row is None else "was answered already"
            message = f"discrepancy '{discrepancy_id}' {what}"
            raise UnknownDiscrepancy(message, faults=(Fault("/answer", message),))
        if is_new:
            await _tell_end(session, caller, row, correlation_id, now)
        return row, now

    return await context.database.run(work)


async def _tell_end(session: WriteSession, caller: Caller, row: Row, correlation_id: str, now: datetime) -> None:
    await events.tell_transition(
        session,
        EventKind.DISCREPANCY,
        Phase.ENDED,
        subject=row["id"],
        target=row["source"],
        detail={"source": row["source"], "item": row["item"]},
        now=now,
    )
    entry = AuditEntry(
        kind=AuditKind.ONCE_ONLY,
        outcome="discrepancy_answered",
        actor=caller.name,
        agency=caller.agency,
        purpose=Purpose.ONCE_ONLY.value,
        legal_basis=LEGAL_BASIS[Purpose.ONCE_ONLY],
        correlation_id=correlation_id,
        dossier_code=row["dossier_code"],
        unit_code=row["unit_code"],
        subject_ref=row["subject_id"],
        detail={"discrepancy": row["id"], "source": row["source"], "item": row["item"]},
    )
    await audit.append(session, [entry], now)


async def listing(
    context: Context, caller: Caller, source: str | None, *, open_only: bool
) -> tuple[list[Row], datetime]:
    """Discrepancies, the open ones first, and the time of the look."""
    async with context.database.read() as session:
        units = reach.units_of(context, caller)
        return await discrepancies.listing(session, source, open_only=open_only, units=units), await session.now()
