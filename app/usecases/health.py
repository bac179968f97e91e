"""Readiness and figures: what the door depends on, and how the lanes are."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app import observability
from app.domain.breaker import GateState
from app.domain.delivery import PORTAL, DeliveryState, LaneState, Target
from app.errors import StoreBusy
from app.store import blobs, gates, holds, links, migrate, views
from app.usecases import log_guard, log_health, self_check
from app.usecases.ask_person import SOURCE
from app.usecases.context import Context
from app.vault import VaultError

_PROBE_SECONDS = 5.0
_CACHE_SECONDS = 15.0
# No file has this hash; asking for it touches the store and nothing in it.
_NOTHING = "0" * 64


@dataclass(slots=True)
class Doctor:
    """Looks at the dependencies; the far sides at most every 15 s, so that a monitor cannot flood them."""

    context: Context
    _far: dict[str, Any] = field(default_factory=dict)
    _looked: float = float("-inf")

    async def readiness(self) -> tuple[bool, dict[str, dict[str, Any]]]:
        """Whether records can be taken (database and schema), and how everything else is.

        A national system that is down does not close the door: what is handed over meanwhile waits.
        """
        store = await self._store()
        now = time.monotonic()
        if now - self._looked > _CACHE_SECONDS:
            checks = await asyncio.gather(*(self._far_side(target) for target in self.context.connectors))
            self._far, self._looked = dict(checks) | await self._files() | await log_health.found(self.context), now
        return bool(store["ok"]), {"database": store} | self._far

    async def _store(self) -> dict[str, Any]:
        try:
            async with self.context.database.read() as session:
                current = await migrate.is_current(session)
        except StoreBusy as error:
            return {"ok": False, "detail": str(error)}
        return {"ok": current, "detail": "schema is current" if current else "run `lienthong migrate`"}

    async def _far_side(self, target: Target) -> tuple[str, dict[str, Any]]:
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                found = await self.context.connectors[target].check()
        except TimeoutError:
            return target.value, {"ok": False, "detail": "no answer in time"}
        return target.value, {"ok": found.reachable, "detail": found.detail}

    async def _files(self) -> dict[str, dict[str, Any]]:
        """Where files lie, and who looks into them. Dossiers can be taken without either."""
        files = self.context.files
        if files is None:
            return {}
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await files.vault.holds(_NOTHING)
            found = {"documents": {"ok": True, "detail": "the document store answers"}}
        except (VaultError, TimeoutError) as error:
            found = {"documents": {"ok": False, "detail": str(error) or "no answer in time"}}
        if files.scanner is not None:
            health = await files.scanner.check()
            found["scanner"] = {"ok": health.reachable, "detail": health.detail}
        return found


async def measure(context: Context) -> None:
    """Bring the gauges up to date from rows."""
    await log_guard.measure(context)
    await self_check.measure(context)
    async with context.database.read() as session:
        link_counts, (file_counts, _) = await links.by_state(session), await blobs.figures(session)
        lane_rows, message_rows, oldest = await views.gauges(session)
        standing = {key: gate.state for key, gate in await gates.listing(session)}
        held = Counter(hold.target for hold in await holds.active(session))
        now = await session.now()
    # What is not there any more has no figure; nothing is served between this and what follows.
    for gauge in (
        observability.LANES,
        observability.MESSAGES,
        observability.OLDEST_WAITING_SECONDS,
        observability.BREAKER,
        observability.HELD,
    ):
        gauge.clear()
    keys = {PORTAL.key, *standing, *held, *(row["target"] for row in lane_rows)}
    for key in keys:
        for gate_state in GateState:
            observability.BREAKER.labels(key, gate_state.value).set(standing.get(key, GateState.CLOSED) is gate_state)
        if key == SOURCE:
            continue  # it is asked: it has a gate, and no lanes
        for lane_state in LaneState:
            observability.LANES.labels(key, lane_state.value).set(0)
        for state in DeliveryState:
            observability.MESSAGES.labels(key, state.value).set(0)
        observability.OLDEST_WAITING_SECONDS.labels(key).set(0)
        observability.HELD.labels(key).set(held[key])
    for row in lane_rows:
        observability.LANES.labels(row["target"], row["state"]).set(row["count"])
    for row in message_rows:
        observability.MESSAGES.labels(row["target"], row["state"]).set(row["count"])
    _tell_files(link_counts, {state: count for state, (count, _) in file_counts.items()})
    for row in oldest:
        observability.OLDEST_WAITING_SECONDS.labels(row["target"]).set((now - row["at"]).total_seconds())


def _tell_files(link_counts: Mapping[str, int], file_counts: Mapping[str, int]) -> None:
    for link, count in link_counts.items():
        observability.LINKS.labels(link).set(count)
    for kept in (blobs.PROMISED, blobs.KEPT, blobs.DAMAGED):
        observability.FILES.labels(kept).set(file_counts.get(kept, 0))
