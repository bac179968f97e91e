"""What a process was started with, on record: a change of settings is a change of what is done with people's data."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import structlog

from app.domain.audit import AuditEntry, AuditKind
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import AuditUnavailable, StoreBusy
from app.store import audit
from app.store.session import WriteSession
from app.usecases.context import Context

_AGAIN_SECONDS = 5.0
_log = structlog.get_logger(__name__)


async def note_start(context: Context, process: str, version: str, settings: Mapping[str, str]) -> None:
    """Put the start of a process on record, with every setting that is not as shipped.

    Args:
        context: what to work with.
        process: ``api`` or ``worker``, and its machine and number.
        version: of the program.
        settings: text by name; a secret only as ``set``.

    Raises:
        AuditUnavailable, StoreBusy: it is not on record.
    """

    async def work(session: WriteSession) -> None:
        entry = AuditEntry(
            kind=AuditKind.CONFIGURATION,
            outcome="started",
            actor=process[:100],
            agency=context.agency,
            purpose=Purpose.OPERATION.value,
            legal_basis=LEGAL_BASIS[Purpose.OPERATION],
            correlation_id="start",
            detail={"version": version, "settings": dict(settings)},
        )
        await audit.append(session, [entry], await session.now())

    await context.database.run(work)


async def keep_noting(
    context: Context, process: str, version: str, settings: Mapping[str, str], stopping: asyncio.Event
) -> None:
    """As ``note_start``, again and again while the database is away: until then nothing is exchanged either.

    Ends by ``stopping`` and not by being cancelled: a transaction that is cut off keeps its connection from others.
    """
    while not stopping.is_set():
        try:
            await note_start(context, process, version, settings)
        except (AuditUnavailable, StoreBusy) as error:
            _log.warning("start_not_on_record", process=process, error=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _AGAIN_SECONDS)
        else:
            return
