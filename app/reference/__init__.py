"""The code lists that ship with the gateway, and their loader; what they hold and how sure is in ``data/SOURCES.md``.

A province may point to its own folder with the same file names (``LIENTHONG_REFERENCE_DIR``).
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType


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


def load_catalogue(directory: Path | None = None) -> Catalogue:
    """Load the lists that ship, or those of a folder.

    Raises:
        CatalogueError: a file, column or code is missing, or a code stands twice.
    """
    folder: Traversable = directory or resources.files(__name__) / "data"
    return Catalogue(
        procedures=MappingProxyType(_procedures(folder)),
        results=MappingProxyType({row["code"]: row["name"] for row in _rows(folder, "results.csv", ("code", "name"))}),
        components=MappingProxyType(_components(folder)),
        units=MappingProxyType(_units(folder)),
    )


def _procedures(folder: Traversable) -> dict[str, ProcedureFacts]:
    columns = ("code", "name", "field_code", "field_name", "result_codes")
    return {
        row["code"]: ProcedureFacts(
            row["code"],
            row["name"],
            row["field_code"] or None,
            row["field_name"],
            frozenset(filter(None, row["result_codes"].split(";"))),
        )
        for row in _rows(folder, "procedures.csv", columns)
    }


def _components(folder: Traversable) -> dict[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    columns = ("procedure_code", "component_code", "name")
    for row in _rows(folder, "components.csv", columns, keys=2):
        found.setdefault(row["procedure_code"], {})[row["component_code"]] = row["name"]
    return {code: MappingProxyType(parts) for code, parts in found.items()}


def _units(folder: Traversable) -> dict[str, UnitFacts]:
    rows = list(_rows(folder, "units.csv", ("code", "name", "parent", "assumed")))
    units = {
        row["code"]: UnitFacts(row["code"], row["name"], row["parent"] or None, row["assumed"] == "yes") for row in rows
    }
    for place, unit in enumerate(units.values(), start=2):
        if unit.parent is not None and unit.parent not in units:
            message = f"units.csv, row {place}: the parent '{unit.parent}' of '{unit.code}' is not in the table"
            raise CatalogueError(message)
    return units


def _rows(folder: Traversable, name: str, columns: tuple[str, ...], *, keys: int = 1) -> Iterator[dict[str, str]]:
    """Rows of one list; the first ``keys`` columns are the code and must be there once, not blank."""
    file = folder / name
    if not file.is_file():
        message = f"{name}: the file is missing"
        raise CatalogueError(message)
    seen = set()
    with file.open("r", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        lacking = [column for column in columns if column not in (reader.fieldnames or [])]
        if lacking:
            message = f"{name}: the column '{lacking[0]}' is missing"
            raise CatalogueError(message)
        for place, row in enumerate(reader, start=2):
            if None in row or any(value is None for value in row.values()):
                message = f"{name}, row {place}: the number of columns is wrong"
                raise CatalogueError(message)
            key = tuple(row[column] for column in columns[:keys])
            if not all(part and part == part.strip() for part in key):
                message = f"{name}, row {place}: a code is blank or has stray blanks"
                raise CatalogueError(message)
            if key in seen:
                message = f"{name}, row {place}: the code {'/'.join(key)} stands twice"
                raise CatalogueError(message)
            seen.add(key)
            yield row
