"""How fast audit entries come into the signed tree, and what that costs the door while it goes on beside it.

``python -m benchmarks.translog DATABASE_URL`` sequences until it is ended: the process of the worker, alone.
"""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.domain.audit import AuditEntry, AuditKind
from app.store import audit, translog
from app.store.session import Database, WriteSession
from app.tlog import KeyRing, Signer, generate
from app.usecases.context import Context, LogPolicy
from app.usecases.sequence_log import sequence
from app.wiring import close_context
from benchmarks import stage

ENTRIES, PER_COMMIT = 100_000, 5000
ROUNDS, DOSSIERS, STEPS_EACH = 4, 500, 4
_NOWHERE = "http://127.0.0.1:9"
_KEY_NAME = "log.example/bench"
_SERIES_FIRST = 10


def signing(url: str) -> Context:
    """A log that signs with a key of its own."""
    context, ring = stage.context_for(url, _NOWHERE), KeyRing.of(Signer.parse(generate(_KEY_NAME)))
    policy = LogPolicy(origin=_KEY_NAME, signer=ring.signer, verifiers=ring.verifiers, checkpoint_seconds=1.0)
    return replace(context, log=policy)


async def fill(database: Database, count: int) -> None:
    """Put entries on record, of the length that most have."""
    entry = AuditEntry(
        kind=AuditKind.RECEIVED,
        outcome="taken",
        actor="bench",
        agency="H15",
        purpose="intake",
        legal_basis="NĐ 118/2025/NĐ-CP",
        correlation_id="bench",
        dossier_code="H15.50-260101-00001",
        procedure_code="1.000110",
        unit_code="H15.50",
        payload_hash="0" * 64,
        detail={"record": "dossier", "ref": "1"},
    )

    async def work(session: WriteSession) -> None:
        await audit.append(session, [entry] * PER_COMMIT, await session.now())

    for _ in range(count // PER_COMMIT):
        await database.run(work)


async def drain(context: Context) -> None:
    """Bring all that there is into the tree."""
    while await sequence(context, "bench"):
        pass


async def _integrated(url: str) -> float:
    """Entries a second that wait for nothing: read, hashed, in the tree, signed, durable."""
    context = signing(url)
    try:
        await fill(context.database, ENTRIES)
        started = time.perf_counter()
        await drain(context)
        elapsed = time.perf_counter() - started
        async with context.database.read() as session:
            head = await translog.head(session)
        assert head.size == ENTRIES, head
        return ENTRIES / elapsed
    finally:
        await close_context(context)


@contextlib.contextmanager
def _sequencer(url: str) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603 - this module
        [sys.executable, "-m", "benchmarks.translog", url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == stage.READY
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


async def _taken_per_second(context: Context, series: int) -> float:
    dossiers = stage.dossiers_of(series, DOSSIERS)
    steps = stage.steps_of(series, DOSSIERS, STEPS_EACH)
    started = time.perf_counter()
    await stage.hand_over(context, dossiers)
    await stage.hand_over(context, steps)
    return (len(dossiers) + len(steps)) / (time.perf_counter() - started)


async def _paired(url: str) -> float:
    """Records a second at the door with sequencing beside it, over those without: the median of pairs."""
    context = stage.context_for(url, _NOWHERE)
    ratios = []
    try:
        await _taken_per_second(context, _SERIES_FIRST)
        for turn in range(ROUNDS):
            rates: dict[bool, float] = {}
            # By turns, so that neither always meets the fuller database.
            for beside in (bool(turn % 2), not turn % 2):
                await drain(context)
                # The lease of the drain must not keep the other process waiting.
                await context.database.run(_end_lease)
                series = _SERIES_FIRST + 1 + 2 * turn + beside
                with _sequencer(url) if beside else contextlib.nullcontext():
                    rates[beside] = await _taken_per_second(context, series)
                await context.database.run(_end_lease)
            ratios.append(rates[True] / rates[False])
    finally:
        await close_context(context)
    return statistics.median(ratios)


async def _end_lease(session: WriteSession) -> None:
    lease, now = await translog.lease(session), await session.now()
    if lease is not None:
        await translog.hold_lease(session, lease.holder, lease.fence, now)


async def measure(server: str, folder: Path) -> dict[str, float]:
    """Both engines."""
    figures: dict[str, float] = {}
    for engine in ("sqlite", "postgresql"):
        urls = [
            stage.new_sqlite(folder, f"translog_{name}")
            if engine == "sqlite"
            else stage.new_database(server, f"translog_{name}")
            for name in ("alone", "beside")
        ]
        figures[f"translog_entries_per_second_{engine}"] = await _integrated(urls[0])
        figures[f"translog_intake_with_vs_without_{engine}"] = await _paired(urls[1])
    return figures


async def _run_beside(url: str) -> None:
    context = signing(url)
    print(stage.READY, flush=True)
    while True:
        if not await sequence(context, "beside"):
            await asyncio.sleep(1.0)


if __name__ == "__main__":
    asyncio.run(_run_beside(sys.argv[1]))
