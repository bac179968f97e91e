"""``python -m chaos --seed 1``: the run on PostgreSQL, then a smaller one on SQLite; writes ``build/chaos.json``."""

import argparse
import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from app.demo.processes import StackError
from chaos.run import Outcome, Plan, run, tell

_BUILD: Final = Path("build")
# One process on one file takes less at a time, and there is nobody to take over while it is down.
_SQLITE_SHARE: Final = 5
_SUMS: Final = ("acknowledged", "lost", "doubled", "out_of_order", "kills", "blackouts", "stops", "seconds")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dossiers", type=int, default=5000)
    parser.add_argument("--steps", type=int, default=25000)
    parser.add_argument("--seconds", type=float, default=110.0, help="how long things go wrong")
    parser.add_argument("--engine", choices=("postgresql", "sqlite"), help="one of them; default: both, SQLite smaller")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--apis", type=int, default=2)
    return parser.parse_args()


def _plans(wanted: argparse.Namespace) -> list[Plan]:
    plans: list[Plan] = []
    for engine in (wanted.engine,) if wanted.engine else ("postgresql", "sqlite"):
        share = 1 if wanted.engine or engine == "postgresql" else _SQLITE_SHARE
        plans.append(
            Plan(
                wanted.seed,
                engine,
                max(1, wanted.dossiers // share),
                wanted.steps // share,
                wanted.seconds if share == 1 else max(15.0, wanted.seconds / 3),
                wanted.workers,
                wanted.apis,
            )
        )
    return plans


def _say(words: str) -> None:
    print(words, flush=True)


async def _main(plans: Sequence[Plan]) -> list[Outcome]:
    task = asyncio.current_task()
    assert task is not None
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(wanted, task.cancel)
    outcomes: list[Outcome] = []
    for plan in plans:
        outcome = await run(plan, _say)
        tell(outcome, _say)
        outcomes.append(outcome)
    return outcomes


def _figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The sums of all runs, and each run by itself."""
    runs = [outcome.figures() for outcome in outcomes]
    faults: Counter[str] = sum((Counter(figures["faults_by_kind"]) for figures in runs), Counter())
    restarts: Counter[str] = sum((Counter(figures["restarts"]) for figures in runs), Counter())
    return {
        "seed": runs[0]["seed"],
        "engine": "+".join(figures["engine"] for figures in runs),
        **{name: sum(figures[name] for figures in runs) for name in _SUMS},
        "restarts": dict(restarts),
        "faults_by_kind": dict(sorted(faults.items())),
        "runs": runs,
    }


def main() -> int:
    """Run.

    Returns:
        0 when nothing was lost, doubled or out of order; 1 when something was; 2 when no run came about; 130 when
        it was broken off.
    """
    try:
        outcomes = asyncio.run(_main(_plans(_options())))
    except asyncio.CancelledError:
        return 130
    except StackError as error:
        print(f"chaos: {error}")
        return 2
    _BUILD.mkdir(exist_ok=True)
    (_BUILD / "chaos.json").write_text(json.dumps(_figures(outcomes), indent=2) + "\n", "utf-8")
    return 0 if all(outcome.right for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
