"""Leaders are killed by SIGKILL at each step of sequencing and signing, one after the other: the log stays whole."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from app.store.session import Database
from app.tlog import create_key_file, load_signer, open_checkpoint
from app.usecases import verify_log
from app.usecases.verify_log import Wanted
from tests.factories import ManualClock
from tests.logging_world import ORIGIN, leaves, policy, write
from tests.nursery import nursery
from tests.worlds import context_of

BATCH, PER_LIFE = 5000, 60
_KILLED = -signal.SIGKILL


async def test_no_entry_is_lost_or_doubled_whenever_a_leader_is_killed(
    clocked_database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    key = tmp_path / "log.key"
    create_key_file(key, ORIGIN)
    given: dict[str, Any] = {"key": str(key), "batch": BATCH, "database": clocked_database.url}

    def lead(last: int) -> int:
        # The lease of the one before has ended.
        life = {"last": last, "worker": f"w-{last}", "now": clock.advance(60).isoformat()}
        return nursery().run("tests.dying_leader", [json.dumps(given | life)], dict(os.environ), tmp_path / "out")[0]

    step = 0
    while True:
        step += 1
        await write(clocked_database, PER_LIFE)
        code = lead(step)
        if code == 0:
            break
        assert code == _KILLED, (tmp_path / "out").read_text("utf-8")
    # Lease, leaves, tiles, checkpoint, commit and memory: each was died at, before and after.
    assert step > 9
    entries = step * PER_LIFE
    assert lead(0) == 0
    numbers = await leaves(clocked_database)
    assert sorted(numbers) == list(range(1, entries + 1))
    signer = load_signer(key)
    context = context_of(clocked_database, log=policy(signer=signer, verifiers=(signer.verifier,)))
    memory = key.with_name("log.key.signed").read_text("utf-8")
    assert open_checkpoint(memory, [signer.verifier], ORIGIN)[0].size == entries
    checked = await verify_log.verify(context, Wanted(context.log.verifiers, ORIGIN, (memory,), grace_seconds=0.0))
    assert (checked.finding, checked.entries) == (None, entries)
    assert checked.newest is not None
    assert checked.newest.size == entries
    # What dies after its commit has signed: the chain of checkpoints has no hole that verify could not see across.
    assert checked.checkpoints > 2
