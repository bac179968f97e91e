"""What wrong records are made of: a good new dossier, a good next step, and how a wrong one is foretold."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from app.reference import Catalogue
from samples.history import History
from samples.people import Json, People
from samples.quarter import Codes
from samples.worktime import day_of, stamp, start_of

UNIT: Final = "H15.101"
_PROCEDURE: Final = "1.001193"
_FILED_AT: Final = start_of(date(2026, 9, 30))
_ENOUGH: Final = 3


@dataclass(frozen=True, slots=True)
class Wrong:
    """One wrong line and what must become of it.

    Attributes:
        name: short and unique.
        refused_by: ``door`` or ``portal``.
        reason: the slug of the door's problem, or the field that the portal names.
        about: one sentence for people.
        text: the line.
        dossier: code of the dossier it is about, None where nobody can tell.
        step_id: id of the step, None for a dossier.
    """

    name: str
    refused_by: str
    reason: str
    about: str
    text: str
    dossier: str | None
    step_id: str | None

    def foretold(self, line: int) -> Json:
        """The entry of ``expected.json``; ``line`` counts from 1."""
        return {
            "name": self.name,
            "line": line,
            "refused_by": self.refused_by,
            "reason": self.reason,
            "dossier": self.dossier,
            "step_id": self.step_id,
            "about": self.about,
        }


@dataclass(slots=True)
class Desk:
    """Gives good records to be made wrong; each wrong record gets a dossier of its own."""

    catalogue: Catalogue
    history: History
    codes: Codes
    people: People
    _used: int = field(default=0)

    def new_dossier(self, **changes: object) -> Json:
        """A good dossier that was never handed over; ``changes`` replace its fields."""
        number = self.people.personal_number(1990, female=True)
        at = stamp(_FILED_AT)
        return {
            "type": "dossier",
            "code": self.codes.next(UNIT, f"{day_of(_FILED_AT):%y%m%d}"),
            "revision": 1,
            "procedure": {"code": _PROCEDURE},
            "receiving_unit": UNIT,
            "applicant": {
                "kind": "citizen",
                "full_name": self.people.person().full_name,
                "identities": [{"kind": "personal_number", "number": number}],
            },
            "summary": "Đăng ký khai sinh",
            "channel": "direct",
            "status": "received",
            "submitted_at": at,
            "received_at": at,
        } | changes

    def told_dossier(self) -> str:
        """The code of a returned dossier of the quarter with some snapshots and steps; never the same twice."""
        told = [
            code
            for code in self.history.ending("returned")
            if min(len(self.history.snapshots[code]), len(self.history.steps[code])) >= _ENOUGH
        ]
        self._used += 1
        return told[self._used - 1]

    def next_step(self, code: str, **changes: object) -> Json:
        """A good step after the last one of a dossier of the quarter; ``changes`` replace its fields."""
        last = self.history.steps[code][-1]
        step = last | {"step_id": f"b{len(self.history.steps[code]) + 1:02d}", "content": "Ghi chú thêm vào hồ sơ"}
        return step | changes


def wrong(name: str, refused_by: str, reason: str, about: str, record: Json) -> Wrong:
    """A wrong line from its record."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    code = record["code"] if record["type"] == "dossier" else record["dossier"]
    return Wrong(name, refused_by, reason, about, text, code, record.get("step_id"))
