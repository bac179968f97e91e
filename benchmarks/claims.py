"""What a claim costs with 1,000,000 waiting lanes against 10,000, the million ready or scheduled for later.

The lanes look like a backlog does: dossiers came in over sixty days, each is due at 17:00 some 3 to 20 days later.
"""

import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from app.domain.delivery import Target
from app.store import outbox
from app.store.session import Database, WriteSession
from benchmarks import stage

FEW, MANY, CLAIM, CLAIMS, WARM = 10_000, 1_000_000, 100, 60, 10

_FILL = {
    "postgresql": """
        INSERT INTO lanes (target, dossier_code, state, known, fence, attempts, next_at, due_at)
        SELECT 'portal', CAST(:prefix AS text) || n, CAST(:state AS text), true, 0, 0,
               CASE WHEN CAST(:state AS text) = 'scheduled' THEN now() + interval '1 day' END,
               timestamptz '2026-01-01 17:00+07' + (CAST(n AS bigint) * 60 / :count + 3 + n % 18) * interval '1 day'
        FROM generate_series(1, :count) AS n
    """,
    "sqlite": """
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
        INSERT INTO lanes (target, dossier_code, state, known, fence, attempts, next_at, due_at)
        SELECT 'portal', CAST(:prefix AS text) || n, CAST(:state AS text), true, 0, 0,
               CASE WHEN :state = 'scheduled' THEN 4102444800000000 END,
               1767261600000000 + (n * 60 / :count + 3 + n % 18) * 86400000000
        FROM numbers
    """,
}


async def _fill(database: Database, prefix: str, state: str, count: int) -> None:
    async def work(session: WriteSession) -> None:
        statement = text(_FILL[session.dialect])
        await session.execute(statement, {"prefix": prefix, "state": state, "count": count})

    await database.run(work)

    async def analyze(session: WriteSession) -> None:
        await session.connection.exec_driver_sql("ANALYZE")

    await database.run(analyze)


async def claim_microseconds(database: Database) -> float:
    """Median time of the claim of 100 lanes for each lane: the statement and its rows, without the commit's disk."""
    times = []
    now = datetime.now(UTC) + timedelta(seconds=1)

    async def work(session: WriteSession) -> float:
        started = time.perf_counter()
        lanes = await outbox.claim(session, Target.PORTAL, limit=CLAIM, now=now, lease_seconds=60, worker="bench")
        assert len(lanes) == CLAIM
        return (time.perf_counter() - started) / CLAIM

    for _ in range(CLAIMS + WARM):
        times.append(await database.run(work))  # noqa: PERF401 - one transaction after the other
    return statistics.median(times[WARM:]) * 1e6


async def _world(url: str, ready: int, scheduled: int) -> float:
    database = Database(url)
    try:
        await _fill(database, "r", "ready", ready)
        if scheduled:
            await _fill(database, "s", "scheduled", scheduled)
        return await claim_microseconds(database)
    finally:
        await database.aclose()


async def measure(server: str, folder: Path) -> dict[str, float]:
    """Both engines, three worlds each."""
    figures: dict[str, float] = {}
    worlds = {"10k": (FEW, 0), "1m_ready": (MANY, 0), "1m_scheduled": (FEW, MANY)}
    for engine in ("sqlite", "postgresql"):
        for name, (ready, scheduled) in worlds.items():
            url = (
                stage.new_sqlite(folder, f"claims_{name}")
                if engine == "sqlite"
                else stage.new_database(server, f"claims_{name}")
            )
            figures[f"claim_microseconds_{name}_{engine}"] = await _world(url, ready, scheduled)
        base = figures[f"claim_microseconds_10k_{engine}"]
        ready_cost = figures[f"claim_microseconds_1m_ready_{engine}"] / base
        scheduled_cost = figures[f"claim_microseconds_1m_scheduled_{engine}"] / base
        figures[f"claim_cost_1m_ready_vs_10k_{engine}"] = ready_cost
        figures[f"claim_cost_1m_scheduled_vs_10k_{engine}"] = scheduled_cost
        figures[f"claim_cost_1m_vs_10k_{engine}"] = max(ready_cost, scheduled_cost)
    return figures
