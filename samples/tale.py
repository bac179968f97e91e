"""A dossier while it is being told: what stays, what grows, and the lines so far."""

import json
import unicodedata
from dataclasses import dataclass, field
from random import Random

from app.reference import Catalogue, ProcedureFacts, UnitFacts
from samples.offices import Office
from samples.paths import Plan
from samples.people import Json
from samples.worktime import deadline, stamp


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file and its place in time: working second, then the order inside its dossier."""

    at: int
    dossier: int
    place: int
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """A dossier that is to be told. ``number`` counts all dossiers and decides which carry the rare things."""

    number: int
    code: str
    plan: Plan
    procedure: ProcedureFacts
    unit: UnitFacts

    def rare(self, every: int, offset: int) -> bool:
        """Whether this is one of the few with a rare trait."""
        return self.number % every == offset


@dataclass(slots=True)
class Tale:
    """State of the telling.

    Attributes:
        facts: the snapshot as it stands now, without its revision.
        utc: the program writes times in UTC.
        decomposed: the program writes letters and their marks apart (Unicode NFD).
        due: the term that runs now, a working second at which a day is over.
        skipped: states that were passed through since the last snapshot without one.
    """

    case: Case
    random: Random
    catalogue: Catalogue
    office: Office
    facts: Json
    utc: bool
    decomposed: bool
    due: int | None
    revision: int = 0
    skipped: int = 0
    steps: int = 0
    last_step_at: int = 0
    lines: list[Line] = field(default_factory=list)

    def write(self, at: int, record: Json) -> None:
        """Add a line."""
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        # Codes and addresses are ASCII and the same in both forms.
        text = unicodedata.normalize("NFD" if self.decomposed else "NFC", text)
        self.lines.append(Line(at, self.case.number, len(self.lines), text))

    def stamp(self, at: int) -> str:
        """A working second as this program writes it."""
        return stamp(at, utc=self.utc)

    def deadline(self) -> str | None:
        """The term that runs now, as this program writes it."""
        return None if self.due is None else deadline(self.due, utc=self.utc)
