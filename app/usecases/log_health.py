"""Whether the log is as it should be, told by a process that neither sequences nor checks: who watches the watcher."""

from typing import Any

from app.domain.events import EventKind
from app.errors import StoreBusy
from app.store import events as event_store
from app.usecases import log_guard, self_check
from app.usecases.context import Context

_TOLD = (EventKind.LOG_BROKEN, EventKind.LOG_ENTRY_REFUSED)


async def found(context: Context) -> dict[str, dict[str, Any]]:
    """The log among what ``/health/ready`` depends on, by name; nothing where nobody signs.

    ``detail`` names all that is wrong. Judged from rows, so that a worker that has died is seen as well.
    """
    if context.log.signer is None:
        return {}
    try:
        wrong = await _wrong(context)
    except StoreBusy as error:
        wrong = [str(error)]
    return {"log": {"ok": not wrong, "detail": ", ".join(wrong) or "signed, and read again as it should be"}}


async def _wrong(context: Context) -> list[str]:
    async with context.database.read() as session:
        age = await log_guard.age_seconds(session)
        overdue = await log_guard.overdue_seconds(context, session)
        told = [kind.value for kind in _TOLD if await event_store.is_open(session, kind, log_guard.SUBJECT)]
    check = await self_check.view(context)
    limit = context.log.stamps.limit_seconds
    late = {
        "log_late": age > context.log.age_max_seconds / 2,
        "log_unstamped": 0 < limit < overdue,
        "log_lie": check is not None and check.finding is not None,
        "log_check_stopped": check is not None and check.trouble is not None,
    }
    return [*told, *(name for name, holds in late.items() if holds)]
