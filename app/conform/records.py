"""Fresh records to hand over: dossiers that no client has seen, their steps, and a second snapshot."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final

Record = dict[str, Any]

PROCEDURE: Final = "1.001193"
#: The portal takes a summary of at most 1,000 characters, and the door one of 4,000.
TOO_LONG: Final = 1_200
_RECEIVED_AT: Final = datetime(2026, 7, 1, 8, 0, tzinfo=timezone(timedelta(hours=7)))
_STATUSES: Final = ("received", "processing")


@dataclass(frozen=True, slots=True)
class Plan:
    """One dossier of a load. ``summary_length`` 0 is an ordinary summary."""

    code: str
    unit: str
    procedure: str = PROCEDURE
    summary_length: int = 0
    steps: int = 2

    def wave(self, number: int) -> list[Record]:
        """Snapshot ``number`` (from 1) and the steps that come with it, in the order to hand them over."""
        return [self._snapshot(number), *self._steps(number)]

    def mended(self) -> "Plan":
        """The same dossier with a summary that the portal takes."""
        return replace(self, summary_length=0)

    def _snapshot(self, number: int) -> Record:
        summary = f"Đăng ký khai sinh, bản {number}"
        return {
            "type": "dossier",
            "code": self.code,
            "revision": number,
            "procedure": {"code": self.procedure},
            "receiving_unit": self.unit,
            "applicant": {
                "kind": "citizen",
                "full_name": "H'Bia Niê",
                "identities": [{"kind": "personal_number", "number": "003190123456"}],
            },
            "summary": summary.ljust(self.summary_length, "."),
            "channel": "online",
            "status": _STATUSES[min(number, len(_STATUSES)) - 1],
            "submitted_at": _RECEIVED_AT.isoformat(),
            "received_at": (_RECEIVED_AT + timedelta(minutes=5)).isoformat(),
            "due_at": (_RECEIVED_AT + timedelta(days=2)).isoformat(),
        }

    def _steps(self, wave: int) -> Iterator[Record]:
        for place in range(1, self.steps + 1):
            number = (wave - 1) * self.steps + place
            yield {
                "type": "step",
                "dossier": self.code,
                "step_id": f"b{number}",
                "officer_name": "Trần Thị Mẫu",
                "content": f"Bước {number}",
                "status": "processing",
                "processed_at": (_RECEIVED_AT + timedelta(hours=1, minutes=number)).isoformat(),
            }


class Codes:
    """Dossier codes that were never used: ``serial`` sets this run apart from all others against the same client."""

    def __init__(self, unit: str, serial: int) -> None:
        """``unit`` receives the dossiers and begins their codes; ``serial`` has at most seven digits."""
        self.unit = unit
        self._serial = serial
        self._given = 0

    def fresh(self) -> str:
        """The next code."""
        self._given += 1
        return f"{self.unit}-260701-{self._serial:07d}{self._given:03d}"
