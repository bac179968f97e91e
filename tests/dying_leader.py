"""A worker's sequencer that dies by SIGKILL at its n-th step: see ``main``.

Steps are: each statement of a transaction that writes, its end before the commit, what follows the commit, and the
file that remembers what was signed: before it is put in place and after.
"""

import asyncio
import importlib
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import structlog

from app.policies import log_policy
from app.store.session import Database, Row, WriteSession
from app.usecases.sequence_log import sequence
from tests.dying import Steps
from tests.factories import ManualClock
from tests.worlds import context_of, settings

T = TypeVar("T")


class SteppingSession(WriteSession):
    """A session whose statements are steps."""

    __slots__ = ("steps",)
    steps: Steps

    async def execute(self, statement: Any, parameters: Row | Sequence[Row] | None = None) -> Any:
        self.steps.step()
        return await super().execute(statement, parameters)


class SteppingDatabase(Database):
    """A database whose transactions are full of steps."""

    steps: Steps

    async def run(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
        async def stepped(session: WriteSession) -> T:
            stepping = SteppingSession(session.connection, session.clock)
            object.__setattr__(stepping, "steps", self.steps)
            found = await work(stepping)
            self.steps.step()
            return found

        found = await super().run(stepped)
        self.steps.step()
        return found


async def _lead(given: dict[str, Any]) -> int:
    database = SteppingDatabase(given["database"], clock=ManualClock(datetime.fromisoformat(given["now"])))
    database.steps = steps = Steps(given["last"])
    policy = log_policy(settings(log_key=Path(given["key"])))
    # Each batch is signed: there is a signature to die at.
    context = context_of(database, log=replace(policy, checkpoint_seconds=1e-9))
    Path.replace = steps.around(Path.replace)  # type: ignore[method-assign]
    while await sequence(context, given["worker"], given["batch"]):
        pass
    await database.aclose()
    return steps.taken


def warm() -> None:
    """Load all that a leader needs, before the fork."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    importlib.import_module("psycopg")


def main() -> None:
    """Sequence and sign all that there is, as the argument (JSON) says, and tell the steps; die at step ``last``."""
    sys.stdout.write(json.dumps(asyncio.run(_lead(json.loads(sys.argv[1])))))
    sys.stdout.flush()
