"""Who asked about persons; to look at that is on record too."""

from dataclasses import replace

from app.domain.audit import AuditEntry, AuditKind
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.store import audit, person_queries
from app.store.person_queries import Wanted
from app.store.session import Row, WriteSession
from app.usecases import reach
from app.usecases.context import Caller, Context


async def queries(context: Context, caller: Caller, wanted: Wanted, correlation_id: str) -> list[Row]:
    """One page of questions, newest first."""
    names = ("officer", "unit", "dossier", "outcome")
    asked = {name: getattr(wanted, name) for name in names if getattr(wanted, name) is not None}

    async def note(session: WriteSession) -> None:
        entry = AuditEntry(
            kind=AuditKind.LOG_ACCESS,
            outcome="read",
            actor=caller.name,
            agency=caller.agency,
            purpose=Purpose.AUDIT.value,
            legal_basis=LEGAL_BASIS[Purpose.AUDIT],
            correlation_id=correlation_id,
            detail={"log": "person_queries", "filter": asked, "limit": wanted.limit},
        )
        await audit.append(session, [entry], await session.now())

    await context.database.run(note)
    async with context.database.read() as session:
        return await person_queries.page(session, replace(wanted, units=reach.units_of(context, caller)))
