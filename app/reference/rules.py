"""The five tables of asking once, loaded and held against each other: the door to all that is said of them.

``population_fields`` (what a procedure may see of a person), ``authorities`` (the one source of each item),
``once_only_exceptions`` (papers that sector law wants), ``forms`` (what was and is asked) and ``anomaly_rules``.
They lie in the folder of the code lists, and a province that has its own (``LIENTHONG_REFERENCE_DIR``) brings them
too. What each column means is in ``docs/once-only-tables.md``.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from app.reference import CatalogueError, _read
from app.reference import rule_rows as read
from app.reference.rule_book import (
    ANOMALIES,
    AUTHORITIES,
    EXCEPTIONS,
    FIELDS,
    FORMS,
    TABLES,
    Dated,
    RuleBook,
    Table,
    in_force,
    on_day,
)
from app.reference.rule_checks import check
from app.reference.rule_facts import (
    ANY,
    AnomalyAction,
    AnomalyKind,
    AnomalyRule,
    Authority,
    Exemption,
    FieldRule,
    Form,
    FormField,
    Holder,
    ItemKind,
    RelativePart,
    Role,
    Sure,
)

__all__ = [
    "TABLES",
    "AnomalyAction",
    "AnomalyKind",
    "AnomalyRule",
    "Authority",
    "Exemption",
    "FieldRule",
    "Form",
    "FormField",
    "Holder",
    "ItemKind",
    "RelativePart",
    "Role",
    "RuleBook",
    "Sure",
    "Table",
    "check",
    "load_rules",
    "shipped_rules",
]

_DAY: Final = timedelta(days=1)


class _Placed(Dated, Protocol):
    @property
    def row(self) -> int:
        """Row of the file, its header being row 1."""


_PlacedT = TypeVar("_PlacedT", bound=_Placed)
_KeyT = TypeVar("_KeyT", bound=Hashable)


def load_rules(directory: Path | None = None) -> RuleBook:
    """Load the tables that ship, or those of a folder.

    Raises:
        CatalogueError: a file cannot be read, or a row of it cannot be meant; names the file and the row.
    """
    folder: Traversable = directory or resources.files("app.reference") / "data"
    # On any day one purpose for a fact, one authority for an item (NĐ 278/2025/NĐ-CP Điều 5), one exemption of a paper.
    field_rules = list(read.field_rules(folder, f"{FIELDS}.csv"))
    _timelines(FIELDS, field_rules, lambda rule: (rule.procedure, rule.field))
    authorities = _timelines(
        AUTHORITIES, read.authorities(folder, f"{AUTHORITIES}.csv"), lambda row: (row.kind, row.procedure, row.item)
    )
    exemptions = _timelines(
        EXCEPTIONS, read.exemptions(folder, f"{EXCEPTIONS}.csv"), lambda row: (row.procedure, row.component)
    )
    forms = _forms(read.form_lines(folder, f"{FORMS}.csv"))
    anomalies = list(read.anomaly_rules(folder, f"{ANOMALIES}.csv"))
    _timelines(ANOMALIES, anomalies, lambda rule: (rule.rule, rule.action))
    book = RuleBook(
        version=_version(folder),
        field_rules=MappingProxyType(_grouped(field_rules, lambda rule: rule.procedure)),
        authorities=MappingProxyType(authorities),
        exemptions=MappingProxyType(exemptions),
        form_versions=MappingProxyType(forms),
        anomalies=tuple(anomalies),
        tables=MappingProxyType({name: _table(folder, name) for name in TABLES}),
    )
    _hold_forms_against_authorities(book)
    return book


@cache
def shipped_rules() -> RuleBook:
    """The tables that ship, read once."""
    return load_rules()


def _grouped(found: Iterable[_PlacedT], key: Callable[[_PlacedT], _KeyT]) -> dict[_KeyT, tuple[_PlacedT, ...]]:
    groups: dict[_KeyT, list[_PlacedT]] = {}
    for row in found:
        groups.setdefault(key(row), []).append(row)
    return {code: tuple(group) for code, group in groups.items()}


def _timelines(
    table: str, found: Iterable[_PlacedT], key: Callable[[_PlacedT], _KeyT]
) -> dict[_KeyT, tuple[_PlacedT, ...]]:
    """Rows by key, each key's from the newest to the oldest; two on one day are refused."""
    timelines: dict[_KeyT, tuple[_PlacedT, ...]] = {}
    for code, group in _grouped(found, key).items():
        newest = tuple(sorted(group, key=lambda row: row.valid_from, reverse=True))
        for later, earlier in pairwise(newest):
            if in_force(earlier, later.valid_from):
                first, last = sorted((later.row, earlier.row))
                message = f"{table}.csv, row {last}: it says otherwise than row {first} for {later.valid_from}"
                raise CatalogueError(message)
        timelines[code] = newest
    return timelines


@dataclass(frozen=True, slots=True)
class _Blank:
    """A line of a form, dated as its field is."""

    line: read.FormLine

    @property
    def row(self) -> int:
        return self.line.field.row

    @property
    def valid_from(self) -> date:
        return self.line.field.valid_from

    @property
    def valid_to(self) -> date | None:
        return self.line.field.valid_to


def _forms(lines: Iterable[read.FormLine]) -> dict[str, tuple[Form, ...]]:
    """Every form in all its versions: it has a new one on each day on which a row begins or has ended."""
    blanks = [_Blank(line) for line in lines]
    _timelines(FORMS, blanks, lambda blank: (blank.line.form, blank.line.field.name))
    forms = _grouped(blanks, lambda blank: blank.line.form)
    return {form: tuple(_versions(form, rows))[::-1] for form, rows in forms.items()}


def _versions(form: str, blanks: tuple[_Blank, ...]) -> Iterator[Form]:
    ends = [blank.valid_to + _DAY for blank in blanks if blank.valid_to is not None]
    days = sorted({*(blank.valid_from for blank in blanks), *ends})
    for start, after in zip(days, [*days[1:], None], strict=True):
        rows = [blank for blank in blanks if in_force(blank, start)]
        if not rows:
            continue
        first = rows[0].line
        for blank in rows:
            line = blank.line
            if (line.procedure, line.name_vi, line.name_en) != (first.procedure, first.name_vi, first.name_en):
                message = f"{FORMS}.csv, row {blank.row}: {form} has another procedure or name in row {rows[0].row}"
                raise CatalogueError(message)
        fields = tuple([blank.line.field for blank in rows])
        end = after - _DAY if after is not None else None
        yield Form(form, first.procedure, first.name_vi, first.name_en, fields, start, end)


def _hold_forms_against_authorities(book: RuleBook) -> None:
    """Whatever fills a blank has an authority for as long as it does."""
    for form in (form for versions in book.form_versions.values() for form in reversed(versions)):
        for field in form.fields:
            if field.source_field is None:
                continue
            lines = [
                row
                for code in (form.procedure, ANY)
                for row in book.authorities.get((ItemKind.FIELD, code, field.source_field), ())
            ]
            ends = [row.valid_to + _DAY for row in lines if row.valid_to is not None]
            days = [form.valid_from, *(day for day in ends if in_force(form, day))]
            for day in days:
                if on_day(lines, day) is None:
                    message = f"{FORMS}.csv, row {field.row}: '{field.source_field}' has no authority on {day}"
                    raise CatalogueError(message)


def _table(folder: Traversable, name: str) -> Table:
    rows = [tuple(row) for row in _read(folder, f"{name}.csv") if row]
    return Table(name, rows[0], tuple(rows[1:]))


def _version(folder: Traversable) -> str:
    """A short hash of all five files, letter for letter."""
    digest = sha256()
    for name in TABLES:
        content = (folder / f"{name}.csv").read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]
