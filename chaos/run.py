"""One run: everything is started, the records flow in while the storm rages, and the ledgers are compared."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.demo.client import Gateway
from app.demo.drive import audit
from chaos import flow, verdict
from chaos.database import Database, database
from chaos.desks import Acknowledged, Desks
from chaos.house import LEASE_SECONDS, House
from chaos.schedule import REFUSING, Act, schedule
from chaos.storm import Damage, Storm
from chaos.verdict import Quiet, Verdict

Say = Callable[[str], None]

_FLOW_SHARE: Final = 0.9
_CATCH_UP_SECONDS: Final = 300.0
_QUIET_SECONDS: Final = 120.0
_RECORDS_PER_SECOND_MIN: Final = 50
_TAIL_LINES: Final = 15
_TOLD: Final = ("acknowledged", "lost", "doubled", "out_of_order", "kills", "blackouts", "stops")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made of; ``engine`` is postgresql or sqlite, and sqlite has one process."""

    seed: int
    engine: str
    dossiers: int
    steps: int
    seconds: float
    workers: int = 3
    apis: int = 2


@dataclass(slots=True)
class Outcome:
    """How a run ended; ``complaints`` holds what is wrong beside the ledgers."""

    plan: Plan
    verdict: Verdict = field(default_factory=Verdict)
    damage: Damage = field(default_factory=Damage)
    acknowledged: Acknowledged = field(default_factory=Acknowledged)
    complaints: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def right(self) -> bool:
        """Whether the run shows what it is to show."""
        return self.verdict.right and not self.complaints and self.verdict.acknowledged > 0

    def figures(self) -> dict[str, Any]:
        """As written to ``build/chaos.json``."""
        found = self.verdict
        return {
            "seed": self.plan.seed,
            "engine": self.plan.engine,
            "acknowledged": found.acknowledged,
            "lost": len(found.lost),
            "doubled": len(found.doubled),
            "out_of_order": len(found.out_of_order),
            "misreported": len(found.misreported),
            "sent_again_by_hand": len(found.by_hand),
            "complaints": self.complaints,
            "faults_by_kind": dict(sorted(self.damage.faults.items())),
            "kills": self.damage.kills,
            "blackouts": self.damage.blackouts,
            "stops": self.damage.stops,
            "restarts": {"database": self.damage.database_restarts, "mock": self.damage.mock_restarts},
            "seconds": round(self.seconds, 1),
        }


async def run(plan: Plan, say: Say) -> Outcome:
    """Carry a plan out. All processes have ended when it returns, and however else it ends.

    The folder with the logs is kept when something is wrong.
    """
    folder = Path(tempfile.mkdtemp(prefix="lienthong-chaos-"))
    say(f"seed {plan.seed}, {plan}")
    outcome = Outcome(plan)
    began = time.monotonic()
    try:
        with database(plan.engine, folder) as held:
            house = House(folder, held.url)
            try:
                await _live(plan, house, held, outcome, say)
            finally:
                house.end()
                if not outcome.right:
                    say(house.tails(_TAIL_LINES))
                    say(held.tail(_TAIL_LINES))
    finally:
        outcome.seconds = time.monotonic() - began
        if outcome.right:
            shutil.rmtree(folder)
        else:
            say(f"logs and databases are kept in {folder}")
    return outcome


async def _live(plan: Plan, house: House, held: Database, outcome: Outcome, say: Say) -> None:
    began = time.monotonic()
    await asyncio.to_thread(house.open, plan.engine, plan.workers, plan.apis)
    token = house.run("token", "create", "chaos", *(p for s in ("intake", "read", "operate") for p in ("--scope", s)))
    lives = flow.lives(plan.seed, plan.dossiers, plan.steps)
    say(f"to come: {flow.counts(lives)}; kept in {house.folder}")
    desks = Desks(plan.seed, lives, list(house.apis.values()), token, plan.seconds * _FLOW_SHARE)
    outcome.acknowledged = desks.acknowledged
    storm = Storm(house, held, say)
    outcome.damage = storm.damage
    async with asyncio.timeout(plan.seconds + _CATCH_UP_SECONDS), asyncio.TaskGroup() as group:
        group.create_task(desks.work())
        group.create_task(storm.rage(_acts(plan, house)))
    records = desks.acknowledged.records
    again = dict(desks.acknowledged.again)
    say(f"quiet after {time.monotonic() - began:.1f} s: {len(records)} acknowledged; handed over again: {again}")
    await _judge(house, token, outcome, say)
    say(f"compared after {time.monotonic() - began:.1f} s in all")
    outcome.complaints += house.died + desks.acknowledged.refused + sorted(storm.damage.missing)


async def _judge(house: House, token: str, outcome: Outcome, say: Say) -> None:
    url = next(iter(house.apis.values()))
    records = outcome.acknowledged.records
    with Gateway(url, token) as gateway:
        quiet = Quiet(house, gateway, say, refusing=bool(REFUSING & outcome.damage.faults.keys()))
        began = time.monotonic()
        settled = await quiet.settle(_QUIET_SECONDS + len(records) / _RECORDS_PER_SECOND_MIN)
        say(f"settled after {time.monotonic() - began:.1f} s" if settled else "NOT settled")
        outcome.verdict = verdict.weigh(await asyncio.to_thread(audit, gateway, house.mock_url, records))
        outcome.verdict.by_hand = quiet.by_hand
        outcome.verdict.undecided = await asyncio.to_thread(quiet.stuck)


def _acts(plan: Plan, house: House) -> list[Act]:
    postgresql = plan.engine == "postgresql"
    return schedule(
        plan.seed,
        plan.seconds,
        house.victims(),
        lease_seconds=LEASE_SECONDS,
        stops=postgresql,
        database=postgresql,
    )


def tell(outcome: Outcome, say: Say) -> None:
    """Print how it ended."""
    found = outcome.verdict
    rows = {
        "lost": found.lost,
        "doubled": found.doubled,
        "out of order": found.out_of_order,
        "in the ledger, never acknowledged": found.foreign,
        "told otherwise than it is": found.misreported,
        "not settled, or for a person to decide": found.undecided,
        "refused while a fault made the nation refuse, sent again by hand": found.by_hand,
        "complaints": outcome.complaints,
    }
    for title, names in rows.items():
        verdict.show(title, names, say)
    figures = outcome.figures()
    for name in (*_TOLD, "restarts", "faults_by_kind"):
        say(f"{name}: {figures[name]}")
    say(f"seed {outcome.plan.seed}, {outcome.plan.engine}: {'HELD' if outcome.right else 'FAILED'}")
