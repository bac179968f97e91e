"""What was handed over so far, by dossier: wrong records are wrong against it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from samples.people import Json


@dataclass(frozen=True, slots=True)
class History:
    """Snapshots and steps by dossier code, in the order they are handed over."""

    snapshots: dict[str, list[Json]] = field(default_factory=dict)
    steps: dict[str, list[Json]] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: Iterable[str]) -> Self:
        """Read lines of a quarter."""
        history = cls()
        for line in lines:
            record: Json = json.loads(line)
            if record["type"] == "dossier":
                history.snapshots.setdefault(record["code"], []).append(record)
            else:
                history.steps.setdefault(record["dossier"], []).append(record)
        return history

    def newest(self, code: str) -> Json:
        """The newest snapshot of a dossier."""
        return self.snapshots[code][-1]

    def ending(self, status: str) -> list[str]:
        """Codes of the dossiers that end in a status, in the order they were filed."""
        return [code for code in self.snapshots if self.newest(code)["status"] == status]
