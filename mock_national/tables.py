"""Reading the rule files of the package."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

RULES = Path(__file__).parent / "rules"


def rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of `rules/<name>.csv`, each a mapping from column to text ("" when empty).

    Raises:
        OSError: when the package lost the file.
    """
    with (RULES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def document(name: str) -> object:
    """The JSON value of `rules/<name>.json`."""
    return json.loads((RULES / f"{name}.json").read_text(encoding="utf-8"))
