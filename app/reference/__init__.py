"""The code lists that ship with the gateway, and their loader; what they hold and how sure is in ``data/SOURCES.md``.

A province may point to its own folder with the same file names (``LIENTHONG_REFERENCE_DIR``).
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Final

_YES_NO: Final = frozenset({"yes", "no"})


class CatalogueError(Exception):
    """A code list cannot be used; names the file and the row."""


@dataclass(frozen=True, slots=True)
class ProcedureFacts:
    """A national procedure. ``field_code`` is None where no source shows it."""

    code: str
    name: str
    field_code: str | None
    field_name: str
    result_codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """A receiving unit. ``assumed`` marks codes that no source shows."""

    code: str
    name: str
    parent: str | None
    assumed: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All code lists, by code; components by procedure, then by component code."""

    procedures: Mapping[str, ProcedureFacts]
    results: Mapping[str, str]
    components: Mapping[str, Mapping[str, str]]
    units: Mapping[str, UnitFacts]

    def __repr__(self) -> str:
        # Whoever shows what holds it (a log of a fault, asyncio a task's result) would write 2.3 MB of lists.
        return f"<Catalogue of {len(self.procedures)} procedures, {len(self.units)} units>"


def load_catalogue(directory: Path | None = None) -> Catalogue:
    """Load the lists that ship, or those of a folder.

    Raises:
        CatalogueError: a file cannot be read, a column or code is missing, or a code stands twice.
    """
    folder: Traversable = directory or resources.files(__name__) / "data"
    return Catalogue(
        procedures=MappingProxyType(_procedures(folder)),
        results=MappingProxyType({code: name for _, (code, name) in _rows(folder, "results.csv", ("code", "name"))}),
        components=MappingProxyType(_components(folder)),
        units=MappingProxyType(_units(folder)),
    )


def _procedures(folder: Traversable) -> dict[str, ProcedureFacts]:
    columns = ("code", "name", "field_code", "field_name", "result_codes")
    return {
        code: ProcedureFacts(code, name, field_code or None, field_name, frozenset(filter(None, results.split(";"))))
        for _, (code, name, field_code, field_name, results) in _rows(folder, "procedures.csv", columns)
    }


def _components(folder: Traversable) -> dict[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    columns = ("procedure_code", "component_code", "name")
    for _, (procedure, component, name) in _rows(folder, "components.csv", columns, keys=2):
        found.setdefault(procedure, {})[component] = name
    return {code: MappingProxyType(parts) for code, parts in found.items()}


def _units(folder: Traversable) -> dict[str, UnitFacts]:
    units: dict[str, UnitFacts] = {}
    rows = list(_rows(folder, "units.csv", ("code", "name", "parent", "assumed")))
    codes = {code for _, (code, *_) in rows}
    for place, (code, name, parent, assumed) in rows:
        # Anything else would silently pass an invented code off as a known one.
        if assumed not in _YES_NO:
            message = f"units.csv, row {place}: assumed must be 'yes' or 'no', not '{assumed}'"
            raise CatalogueError(message)
        if parent and parent not in codes:
            message = f"units.csv, row {place}: the parent '{parent}' of '{code}' is not in the table"
            raise CatalogueError(message)
        units[code] = UnitFacts(code, name, parent or None, assumed == "yes")
    return units


def _rows(
    folder: Traversable, name: str, columns: tuple[str, ...], *, keys: int = 1
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The wanted columns of one list, with the row they stand in; the header is row 1, blank lines count.

    The first ``keys`` columns are the code, which must be there once and not blank.
    """
    rows = _read(folder, name)
    header = next(rows, [])
    lacking = [column for column in columns if column not in header]
    if lacking:
        message = f"{name}: the column '{lacking[0]}' is missing"
        raise CatalogueError(message)
    places = [header.index(column) for column in columns]
    seen: set[tuple[str, ...]] = set()
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(header):
            message = f"{name}, row {number}: the number of columns is wrong"
            raise CatalogueError(message)
        wanted = tuple([row[place] for place in places])
        key = wanted[:keys]
        if any(not part or part != part.strip() for part in key):
            message = f"{name}, row {number}: a code is blank or has stray blanks"
            raise CatalogueError(message)
        if key in seen:
            message = f"{name}, row {number}: the code {'/'.join(key)} stands twice"
            raise CatalogueError(message)
        seen.add(key)
        yield number, wanted


def _read(folder: Traversable, name: str) -> Iterator[list[str]]:
    file = folder / name
    if not file.is_file():
        message = f"{name}: the file is missing"
        raise CatalogueError(message)
    try:
        # Spreadsheet programs put a byte order mark before the first column's name.
        text = file.read_text(encoding="utf-8-sig")
        # Not splitlines(): it would also cut at line separators inside a name.
        return iter(list(csv.reader(io.StringIO(text, newline=""))))
    except (UnicodeDecodeError, csv.Error) as error:
        message = f"{name}: not a CSV file in UTF-8 ({error})"
        raise CatalogueError(message) from error
