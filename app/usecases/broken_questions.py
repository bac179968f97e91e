"""Questions whose process died before the answer was written down: nobody knows what came of them, and that is said."""

from datetime import timedelta

from app.domain.audit import AuditEntry, AuditKind
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.store import audit, person_queries
from app.store.session import Row, WriteSession
from app.usecases.context import Context
from connectors.population import PersonOutcome

# Far longer than a question may take.
PATIENCE_SECONDS = 300.0
_BROKEN_OFF = "broken_off"
_AT_ONCE = 100


async def settle_broken(context: Context) -> int:
    """Call them unanswered, on record; gives how many there were."""

    async def work(session: WriteSession) -> int:
        now = await session.now()
        rows = await person_queries.left_asked(session, now - timedelta(seconds=PATIENCE_SECONDS), _AT_ONCE)
        outcome = PersonOutcome.UNAVAILABLE.value
        for row in rows:
            await person_queries.settle(session, row["id"], outcome=outcome, reason=_BROKEN_OFF, answered_at=now)
        await audit.append(session, [_entry(row, outcome) for row in rows], now)
        return len(rows)

    return await context.database.run(work)


def _entry(row: Row, outcome: str) -> AuditEntry:
    return AuditEntry(
        kind=AuditKind.PERSON_ANSWERED,
        outcome=outcome,
        actor=row["officer"],
        agency=row["agency"],
        provider="population",
        purpose=Purpose.VERIFY_PERSON.value,
        legal_basis=LEGAL_BASIS[Purpose.VERIFY_PERSON],
        correlation_id=row["id"],
        dossier_code=row["dossier_code"],
        procedure_code=row["procedure_code"],
        unit_code=row["unit_code"],
        detail={"query": row["id"], "request_id": row["request_id"], "reason": _BROKEN_OFF},
    )
