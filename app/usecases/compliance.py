"""The self-check as a whole, and what hangs on it: in production nobody is asked about persons before it is green.

What was judged is kept for a minute in each process. That it has changed is put on record once, by whoever sees it
first, in the transaction that keeps the new judgement.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

import structlog

from app.domain.audit import AuditEntry, AuditKind
from app.domain.compliance import Judged, judge, red
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.domain.standing import Facts, Mode
from app.store import audit
from app.store import compliance as marks
from app.store.session import SystemClock, WriteSession
from app.usecases import standing
from app.usecases.context import Context

Gather: TypeAlias = Callable[[Context], Awaitable[Facts]]
LOOK_SECONDS: Final = 60.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, when, and whether the population database may be asked."""

    at: datetime
    mode: Mode
    judged: tuple[Judged, ...]

    @property
    def red(self) -> tuple[str, ...]:
        """The rows that the population database waits for."""
        return red(self.judged)

    @property
    def may_ask(self) -> bool:
        """Whether questions about persons may leave: always in development, in production when nothing is red."""
        return self.mode is not Mode.PRODUCTION or not self.red


async def report(context: Context, gather: Gather = standing.gather) -> Report:
    """Look at everything now.

    Raises:
        StoreBusy: the database is out of reach.
    """
    facts = await gather(context)
    return Report(facts.at, facts.mode, judge(facts))


async def blocked_by(context: Context, gather: Gather = standing.gather) -> tuple[str, ...]:
    """The rows that keep questions about persons in the house, by a look that is at most a minute old; empty: none.

    Raises:
        StoreBusy: the database is out of reach; nothing may leave.
        AuditUnavailable: the change could not be put on record.
    """
    if context.posture.mode is not Mode.PRODUCTION:
        return ()
    look = context.compliance_look
    now = (context.database.clock or SystemClock()).now()
    if look.at is None or not 0 <= (now - look.at).total_seconds() < LOOK_SECONDS:
        found = (await report(context, gather)).red
        await _note(context, found)
        look.red, look.at = found, now
    return look.red


async def _note(context: Context, found: tuple[str, ...]) -> None:
    """Keep the judgement where it differs from the last one, with an entry of the log."""
    async with context.database.read() as session:
        if await marks.standing(session) == found:
            return

    async def work(session: WriteSession) -> bool:
        now = await session.now()
        if not await marks.change(session, found, now):
            return False
        entry = AuditEntry(
            kind=AuditKind.OPERATION,
            outcome="population_blocked" if found else "population_open",
            actor="self-check",
            agency=context.agency,
            purpose=Purpose.OPERATION.value,
            legal_basis=LEGAL_BASIS[Purpose.OPERATION],
            correlation_id="self-check",
            detail={"red": list(found)},
        )
        await audit.append(session, [entry], now)
        return True

    if await context.database.run(work):
        _log.warning("population_blocked" if found else "population_open", red=list(found))
