"""What must hold under a fault, and how a row of the matrix is put together. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

_IDS_SHOWN: Final = 5
_SAID_SHOWN: Final = 3


class Check(StrEnum):
    """The five promises."""

    NOT_LOST = "not_lost"
    NOT_DOUBLED = "not_doubled"
    IN_ORDER = "in_order"
    STATE_SHOWN = "state_shown"
    RECOVERED = "recovered"


MARKS: Final = {True: "✓", False: "✗", None: "–"}


@dataclass(slots=True)
class Findings:
    """What was found against each promise; a promise without findings held."""

    against: dict[Check, list[str]] = field(default_factory=dict)

    def add(self, check: Check, words: str) -> None:
        """Note one finding; the same words twice are one finding."""
        said = self.against.setdefault(check, [])
        if words not in said:
            said.append(words)

    def add_ids(self, check: Check, words: str, ids: Sequence[str]) -> None:
        """Note records by their ids, a few of many; nothing when there are none."""
        if ids:
            more = f" and {len(ids) - _IDS_SHOWN} more" if len(ids) > _IDS_SHOWN else ""
            self.add(check, f"{words}: {', '.join(ids[:_IDS_SHOWN])}{more}")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the matrix. A check that is None was not asked."""

    fault: str
    checks: Mapping[Check, bool | None]
    why: str

    @property
    def held(self) -> bool:
        """Whether nothing that was asked failed."""
        return False not in self.checks.values()

    def shown(self) -> dict[str, Any]:
        """The row as ``conform.json`` holds it."""
        checks = {check.value: value for check, value in self.checks.items()}
        return {"fault": self.fault, "held": self.held, "why": self.why, "checks": checks}


def row_of(fault: str, findings: Findings, asked: Sequence[Check], good: str) -> Row:
    """The row of a fault: what was found names the promise that failed and the evidence, else ``good`` says why."""
    checks = {check: (check not in findings.against) if check in asked else None for check in Check}
    told = [f"{check.value}: {_few(findings.against[check])}" for check in Check if check in findings.against]
    return Row(fault, checks, " | ".join(told) or good)


def _few(said: Sequence[str]) -> str:
    more = f"; and {len(said) - _SAID_SHOWN} more" if len(said) > _SAID_SHOWN else ""
    return "; ".join(said[:_SAID_SHOWN]) + more


def report_of(connector: str, rows: Sequence[Row]) -> dict[str, Any]:
    """What is written to the JSON file."""
    held = sum(row.held for row in rows)
    return {
        "connector": connector,
        "rows": [row.shown() for row in rows],
        "held": held,
        "failed": len(rows) - held,
    }
