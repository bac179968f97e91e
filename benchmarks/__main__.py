"""``python -m benchmarks [PART ...]``: measure, print, write ``build/bench.json``.

Parts: drain, claims, intake, outage, uploads, once_only, translog, log_check.
"""

import asyncio
import json
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path

import structlog

from benchmarks import (
    claims,
    drain,
    intake,
    log_check,
    log_delivery,
    log_proof,
    once_only,
    outage,
    stage,
    translog,
    uploads,
)
from benchmarks.bars import Bar

_Measure = Callable[[str, Path], Coroutine[None, None, dict[str, float]]]
BARS = {
    "drain_arrays_vs_procrastinate": Bar(at_least=5.0),
    "drain_single_vs_procrastinate": Bar(at_least=1.5),
    "claim_cost_1m_vs_10k_postgresql": Bar(at_most=1.3),
    "claim_cost_1m_vs_10k_sqlite": Bar(at_most=2.5),
    "intake_records_per_second_sqlite": Bar(at_least=1000.0),
    "outage_beside_dead_vs_alone": Bar(at_least=0.9),
    "outage_happened_vs_forecast": Bar(at_least=0.6, at_most=1.6),
    "uploads_lost": Bar(at_most=0.0),
    "uploads_50_mb_growth_mb_max": Bar(at_most=32.0),
    "once_only_check_p95_ms_sqlite": Bar(at_most=50.0),
    "once_only_check_p95_ms_postgresql": Bar(at_most=50.0),
    "once_only_outside_calls": Bar(at_most=0.0),
    "translog_entries_per_second_sqlite": Bar(at_least=5000.0),
    "translog_entries_per_second_postgresql": Bar(at_least=5000.0),
    "translog_intake_with_vs_without_sqlite": Bar(at_least=0.85),
    "translog_intake_with_vs_without_postgresql": Bar(at_least=0.85),
    "translog_delivery_with_vs_without_sqlite": Bar(at_least=0.85),
    "translog_delivery_with_vs_without_postgresql": Bar(at_least=0.85),
    "translog_proof_ms_10m_sqlite": Bar(at_most=20.0),
    "translog_proof_ms_10m_postgresql": Bar(at_most=20.0),
    "log_check_share_of_a_core_sqlite": Bar(at_most=0.05),
    "log_check_share_of_a_core_postgresql": Bar(at_most=0.05),
}

# In this order; each makes databases of its own.
_MEASURES: dict[str, tuple[_Measure, ...]] = {
    "drain": (drain.measure,),
    "uploads": (uploads.measure,),
    "once_only": (once_only.measure,),
    "translog": (translog.measure, log_delivery.measure, log_proof.measure),
    "log_check": (log_check.measure,),
    "outage": (outage.measure,),
    "claims": (claims.measure,),
}


def main(wanted: list[str]) -> int:
    """Run what is wanted (everything by default); 1 when a bar is missed."""
    # A line a call belongs in a log, not between the figures.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    wanted = wanted or ["intake", *_MEASURES]
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as name:
        folder = Path(name)
        if "intake" in wanted:
            figures |= intake.measure(folder)
        if _MEASURES.keys() & set(wanted):
            with stage.postgresql() as server:
                for measure in (each for name, measures in _MEASURES.items() if name in wanted for each in measures):
                    figures |= asyncio.run(measure(server, folder))
    return _report(figures)


def _report(figures: dict[str, float]) -> int:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    missed = 0
    for name, value in figures.items():
        bar = BARS.get(name)
        missed += bar is not None and not bar.holds(value)
        print(f"{name:48} {value:12,.2f}  {bar.verdict(value) if bar else ''}")
    Path("build").mkdir(exist_ok=True)
    rounded = {name: round(value, 3) for name, value in figures.items()}
    Path("build/bench.json").write_text(json.dumps(rounded, indent=2) + "\n", "utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
