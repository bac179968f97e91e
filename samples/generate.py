"""Makes the sample quarter: ``python -m samples.generate --seed 20261001 --out samples``.

The same seed gives the same bytes. It reads the shipped code lists and ``names.json``, and nothing else.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

from app.reference import load_catalogue
from samples.desk import Wrong
from samples.history import History
from samples.people import Json
from samples.quarter import Quarter, live_through
from samples.wrong import wrong_records

SEED: Final = 20261001


def make(seed: int) -> dict[str, str]:
    """The three files by name."""
    catalogue = load_catalogue()
    quarter = live_through(Random(seed), catalogue)
    history = History.of(line.text for line in quarter.lines)
    wrong = wrong_records(catalogue, history, quarter)
    expected = {
        "seed": seed,
        "counts": _counts(quarter, history, wrong),
        "wrong": [item.foretold(place) for place, item in enumerate(wrong, 1)],
    }
    return {
        "quarter.ndjson": "".join(f"{line.text}\n" for line in quarter.lines),
        "wrong.ndjson": "".join(f"{item.text}\n" for item in wrong),
        "expected.json": json.dumps(expected, ensure_ascii=False, indent=1) + "\n",
    }


def _counts(quarter: Quarter, history: History, wrong: Sequence[Wrong]) -> Json:
    newest = [history.newest(code) for code in history.snapshots]
    return {
        "lines": len(quarter.lines),
        "dossiers": len(newest),
        "snapshots": sum(map(len, history.snapshots.values())),
        "steps": sum(map(len, history.steps.values())),
        "procedures": len({facts["procedure"]["code"] for facts in newest}),
        "units": len({facts["receiving_unit"] for facts in newest}),
        "final_statuses": _sorted(Counter(facts["status"] for facts in newest)),
        "channels": _sorted(Counter(facts["channel"] for facts in newest)),
        "applicants": _sorted(Counter(facts["applicant"]["kind"] for facts in newest)),
        "peoples": _sorted(quarter.peoples),
        "wrong": _sorted(Counter(item.refused_by for item in wrong)),
    }


def _sorted(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the three files into a folder."""
    parser = argparse.ArgumentParser(prog="python -m samples", description="Make the sample quarter.")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, text in make(options.seed).items():
        # Bytes, so that no system changes the ends of lines.
        (options.out / name).write_bytes(text.encode())


if __name__ == "__main__":
    main()
