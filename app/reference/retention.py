"""The classes of retention, loaded and checked: how long which kinds of entries are kept, and on what law.

The table lies in the folder of the code lists (``retention.csv``); a province that has its own folder brings it too.
A kind that is in no class is never removed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.domain.audit import AuditKind
from app.domain.retention import ALWAYS, BREACH, BREACH_DAYS_MIN, LOG_DAYS_MIN, RetentionClass
from app.reference import CatalogueError, _rows
from app.reference.rule_rows import Line

FILE: Final = "retention.csv"
_COLUMNS: Final = ("class", "kinds", "days", "legal_basis", "name_vi", "name_en")
_ALWAYS: Final = "always"


@dataclass(frozen=True, slots=True)
class Classes:
    """All classes by code, in the order of the table."""

    by_code: Mapping[str, RetentionClass]

    @property
    def breach_days(self) -> int:
        """For how many days what a breach holds stays once it is mended."""
        return self.by_code[BREACH].days or BREACH_DAYS_MIN

    def of_kind(self, kind: AuditKind) -> RetentionClass | None:
        """The class of a kind; None: it is in none, and never removed."""
        return next((each for each in self.by_code.values() if kind in each.kinds), None)


def load_classes(directory: Path | None = None) -> Classes:
    """Load the table that ships, or that of a folder.

    Raises:
        CatalogueError: it cannot be read, or a row cannot be meant; names the row.
    """
    folder: Traversable = directory or resources.files("app.reference") / "data"
    found = {each.code: each for each in _classes(folder)}
    if BREACH not in found:
        message = f"{FILE}: the class '{BREACH}' is missing"
        raise CatalogueError(message)
    return Classes(MappingProxyType(found))


@cache
def shipped_classes() -> Classes:
    """The table that ships, read once."""
    return load_classes()


def _classes(folder: Traversable) -> Iterator[RetentionClass]:
    seen: dict[AuditKind, str] = {}
    for row, values in _rows(folder, FILE, _COLUMNS):
        line = Line(FILE, row, dict(zip(_COLUMNS, values, strict=True)))
        code, kinds = line.name("class"), _kinds(line)
        for kind in kinds:
            if kind in seen:
                line.refuse(f"'{kind}' is in the class '{seen[kind]}' already")
            seen[kind] = code
        if bool(kinds) is (code == BREACH):
            line.refuse(f"every class names kinds, but '{BREACH}', which holds by dossier, person or number")
        days = _days(line, code, kinds)
        yield RetentionClass(
            row, code, kinds, days, line.text("legal_basis"), line.text("name_vi"), line.text("name_en")
        )


def _kinds(line: Line) -> frozenset[AuditKind]:
    text = line.values["kinds"]
    return frozenset(line.choices("kinds", text, AuditKind)) if text else frozenset()


def _days(line: Line, code: str, kinds: frozenset[AuditKind]) -> int | None:
    if line.values["days"] == _ALWAYS:
        if code == BREACH:
            line.refuse(f"'{BREACH}' needs a number of days")
        return None
    days = line.count("days")
    if kinds & ALWAYS:
        line.refuse(f"{', '.join(sorted(kinds & ALWAYS))} tells what was archived or erased: days must be '{_ALWAYS}'")
    least = BREACH_DAYS_MIN if code == BREACH else LOG_DAYS_MIN
    if days < least:
        line.refuse(f"'{code}' must be kept for {least} days at least, not {days}")
    return days
