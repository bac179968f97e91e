"""How fast waiting steps drain: our worker with arrays, with arrays of one, and Procrastinate, one job a step.

All three use the same PostgreSQL, the same mock portal, the same connector and HTTP client, 8 calls in flight.
"""

import time
from pathlib import Path

from procrastinate import App, PsycopgConnector
from procrastinate.types import JSONValue
from sqlalchemy import func, select, update

from app.domain.delivery import PORTAL, Target
from app.store.session import WriteSession
from app.store.tables import lanes, messages
from app.usecases.context import Context
from app.usecases.deliver import deliver
from app.wiring import close_context
from benchmarks import stage
from connectors.base import Accepted, Kind, Parcel

DOSSIERS, STEPS_EACH, ROUNDS = 1000, 10, 2


async def _drain(context: Context) -> None:
    async def until_dry() -> None:
        while await deliver(context, PORTAL, "bench"):
            pass

    await stage.side_by_side(ROUNDS, until_dry)


async def _pending(context: Context) -> int:
    async with context.database.read() as session:
        rows = await session.rows(
            select(func.count()).select_from(messages).where(messages.c.state.not_in(["delivered", "superseded"]))
        )
    return int(rows[0][0])


async def ours(database_url: str, adapter_url: str, series: int, *, steps_per_call: int) -> float:
    """Steps a second of our engine draining 10,000 waiting steps of dossiers that the portal knows."""
    context = stage.context_for(database_url, adapter_url, portal_steps_per_call=steps_per_call)
    try:
        await stage.hand_over(context, stage.dossiers_of(series, DOSSIERS))
        await _drain(context)
        await stage.hand_over(context, stage.steps_of(series, DOSSIERS, STEPS_EACH))
        await _settle_statistics(context)
        assert await _pending(context) == DOSSIERS * STEPS_EACH
        started = time.perf_counter()
        await _drain(context)
        elapsed = time.perf_counter() - started
        assert await _pending(context) == 0
    finally:
        await close_context(context)
    return DOSSIERS * STEPS_EACH / elapsed


async def _settle_statistics(context: Context) -> None:
    """What autovacuum would have done by the time a backlog stands there."""
    if context.database.is_sqlite:
        return

    async def analyze(session: WriteSession) -> None:
        await session.connection.exec_driver_sql("ANALYZE")
        await session.execute(update(lanes).where(lanes.c.id < 0).values(fence=0))

    await context.database.run(analyze)


async def procrastinate(database_url: str, adapter_url: str, series: int, work_url: str) -> float:
    """Steps a second of Procrastinate: one job a step, concurrency 8, through the same connector."""
    context = stage.context_for(database_url, adapter_url)
    connector = context.connectors[Target.PORTAL]
    app = App(connector=PsycopgConnector(conninfo=work_url, min_size=4, max_size=12))

    @app.task(name="send_step")
    async def send_step(dossier_code: str, payload: str) -> None:
        parcel = Parcel(0, Kind.STEP, dossier_code, payload, known=True, correlation_id="bench")
        sent = await connector.send([parcel])
        assert isinstance(sent.outcomes[0], Accepted), sent.outcomes

    try:
        await stage.hand_over(context, stage.dossiers_of(series, DOSSIERS))
        await _drain(context)
        encode = context.encoders[Target.PORTAL].step
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            jobs: list[dict[str, JSONValue]] = [
                {"dossier_code": record.code, "payload": encode(record.code, record.body)}  # type: ignore[arg-type]
                for record in stage.steps_of(series, DOSSIERS, STEPS_EACH)
            ]
            await send_step.batch_defer_async(*jobs)
            started = time.perf_counter()
            await app.run_worker_async(wait=False, concurrency=8, listen_notify=False, install_signal_handlers=False)
            elapsed = time.perf_counter() - started
    finally:
        await close_context(context)
    return DOSSIERS * STEPS_EACH / elapsed


async def measure(server: str, folder: Path) -> dict[str, float]:
    """All three, one after the other, in one run."""
    with stage.mock_portal(folder) as adapter_url:
        url = stage.new_database(server, "drain_arrays")
        arrays = await ours(url, adapter_url, 1, steps_per_call=100)
        url = stage.new_database(server, "drain_single")
        single = await ours(url, adapter_url, 2, steps_per_call=1)
        url = stage.new_database(server, "drain_procrastinate")
        theirs = await procrastinate(url, adapter_url, 3, stage.new_plain_database(server, "procrastinate"))
    return {
        "drain_arrays_per_second": arrays,
        "drain_single_per_second": single,
        "drain_procrastinate_per_second": theirs,
        "drain_arrays_vs_procrastinate": arrays / theirs,
        "drain_single_vs_procrastinate": single / theirs,
    }
