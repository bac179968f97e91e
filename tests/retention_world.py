"""A log with years behind it: entries of long ago, all in the tree and signed, and who may let them go."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from app.domain.audit import AuditKind
from app.store import audit
from app.store.session import Database, WriteSession
from app.usecases import retention
from app.usecases.context import Caller, Context, RetentionPolicy
from app.usecases.prune_log import Block, prune
from tests.factories import NOW, ManualClock, audit_entry
from tests.logging_world import sequence_all, signing

T = TypeVar("T")
EDITOR = Caller("quan-tri", "H15", frozenset({"retention:edit"}))
APPROVER = Caller("phe-duyet", "H15", frozenset({"retention:approve"}))
LONG_AGO = NOW - timedelta(days=2000)


def archiving(database: Database, folder: Path, **changes: Any) -> Context:
    """A context that signs, archives to a folder, and works in small blocks."""
    policy = replace(RetentionPolicy(archive_dir=folder, block=10, window=40), **changes)
    return signing(database, retention=policy)


async def record(database: Database, at: datetime, count: int, **changes: Any) -> None:
    """Put entries on record as of a time."""

    async def work(session: WriteSession) -> None:
        entries = [audit_entry(**{"dossier_code": f"d-{n}", **changes}) for n in range(count)]
        await audit.append(session, entries, at)

    await database.run(work)


async def years(context: Context, clock: ManualClock) -> None:
    """26 old exchanges, 6 old questions among them, 9 young exchanges; a checkpoint over all."""
    await record(context.database, LONG_AGO, 12)
    await record(context.database, LONG_AGO, 6, kind=AuditKind.PERSON_ASKED, subject_ref="s-1")
    await record(context.database, LONG_AGO, 14)
    await record(context.database, NOW - timedelta(days=5), 9)
    await sequence_all(context)
    clock.advance(120)
    await sequence_all(context)


async def approved(context: Context, code: str = "exchange") -> int:
    """A run of a class that another has approved."""
    run = await retention.propose(context, EDITOR, code, "quá hạn lưu", "c-1")
    await retention.decide(context, APPROVER, run.id, approve=True, note="đúng", correlation_id="c-2")
    return run.id


async def prune_all(context: Context) -> list[Block]:
    """Every block there is."""
    found = []
    while (block := await prune(context)) is not None:
        found.append(block)
    return found


class DyingDatabase(Database):
    """One whose process dies by SIGKILL when its n-th transaction is written, and not yet committed."""

    def __init__(self, url: str, clock: ManualClock, last: int) -> None:
        """Count down to ``last``."""
        super().__init__(url, clock=clock)
        self.left = last

    async def _once(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
        async def then_die(session: WriteSession) -> T:
            result = await work(session)
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return await super()._once(then_die)


def main() -> None:
    """Prune until the n-th transaction: database, folder, n."""
    url, folder, last = sys.argv[1:]
    context = archiving(DyingDatabase(url, ManualClock(), int(last)), Path(folder))
    asyncio.run(prune_all(context))


if __name__ == "__main__":
    main()
