"""What conform says: a matrix for people, a JSON file for machines."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.conform.checks import MARKS, Check, Row, report_of
from app.conform.texts import both

_STYLES = {True: "green", False: "bold red", None: "dim"}


def write(file: Path, connector: str, rows: Sequence[Row]) -> None:
    """Write ``{"connector", "rows": [{"fault", "held", "why", "checks"}], "held", "failed"}``."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(report_of(connector, rows), ensure_ascii=False, indent=2) + "\n", "utf-8")


def show(console: Console, connector: str, rows: Sequence[Row], file: Path) -> None:
    """Print the matrix, then what failed and why."""
    table = Table(title=f"{both('title')}: {connector}", title_justify="left")
    table.add_column(both("fault"), no_wrap=True)
    for check in Check:
        table.add_column(both(check.value).replace(" / ", "\n"), justify="center")
    for row in rows:
        marks = [f"[{_STYLES[row.checks[check]]}]{MARKS[row.checks[check]]}[/]" for check in Check]
        table.add_row(row.fault, *marks)
    console.print(table)
    for row in rows:
        if not row.held:
            console.print(f"{row.fault}: {row.why}", markup=False, highlight=False, soft_wrap=True)
    held = sum(row.held for row in rows)
    failed = len(rows) - held
    console.print(f"{both('held')}: {held}; {both('failed')}: {failed}", highlight=False, soft_wrap=True)
    console.print(f"{both('written')}: {file}", markup=False, highlight=False, soft_wrap=True)
    console.print(both("wrong" if failed else "right"), style="bold red" if failed else "bold green", soft_wrap=True)


def tell(console: Console, row: Row) -> None:
    """One line a row as it is judged, so that a long run shows that it lives."""
    console.print(
        f"{MARKS[row.held]} {row.fault}: {row.why}",
        style=None if row.held else "red",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
