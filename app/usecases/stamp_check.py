"""Hold each time-stamp that is kept against the checkpoint that it is of, and against the roots that are trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.x509 import Certificate

from app.domain.log_check import Finding, Lie
from app.store import log_stamps
from app.store.log_stamps import Stamp
from app.usecases.context import Context
from connectors.timestamp import BadTimestamp, verify_reply

_PER_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class StampsChecked:
    """How many time-stamps hold, the newest of them, and the first that does not."""

    count: int = 0
    newest: Stamp | None = None
    finding: Finding | None = None


NO_STAMPS: Final = StampsChecked()


async def check_stamps(context: Context, roots: Sequence[Certificate]) -> StampsChecked:
    """Verify all that are kept; without roots none is looked at."""
    count, newest, after = 0, None, 0
    while roots:
        async with context.database.read() as session:
            page = await log_stamps.page(session, after, _PER_PAGE)
        for after, stamp in page:
            words = _wrong_with(stamp, roots)
            if words is not None:
                finding = Finding(Lie.FALSE_TIMESTAMP, f"time-stamp {after} is false: {words}", seq=stamp.size)
                return StampsChecked(count, newest, finding)
            count, newest = count + 1, stamp
        if len(page) < _PER_PAGE:
            break
    return StampsChecked(count, newest)


def _wrong_with(stamp: Stamp, roots: Sequence[Certificate]) -> str | None:
    where = f"by {stamp.authority} over the checkpoint of {stamp.size} entries"
    try:
        at = verify_reply(stamp.reply, stamp.note.encode(), roots)
    except BadTimestamp as error:
        return f"{where}: {error}"
    return None if at == stamp.stamped_at else f"{where} is of {at.isoformat()}, not {stamp.stamped_at.isoformat()}"
