"""The five tables of asking once, indexed by what is asked and by day.

A decision is made under the rows in force on its day, so a row is never edited: another follows it. The once-only
gate asks here for every item, so each question is a look-up or two.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from app.reference.rule_facts import (
    ANY,
    AnomalyRule,
    Authority,
    Exemption,
    FieldRule,
    Form,
    ItemKind,
)
from schemas.persons import PersonField

FIELDS: Final = "population_fields"
AUTHORITIES: Final = "authorities"
EXCEPTIONS: Final = "once_only_exceptions"
FORMS: Final = "forms"
ANOMALIES: Final = "anomaly_rules"
TABLES: Final = (FIELDS, AUTHORITIES, EXCEPTIONS, FORMS, ANOMALIES)


class Dated(Protocol):
    """What is in force from a day to a day, both included."""

    @property
    def valid_from(self) -> date:
        """First day."""

    @property
    def valid_to(self) -> date | None:
        """Last day; None: until further notice."""


DatedT = TypeVar("DatedT", bound=Dated)


def in_force(row: Dated, day: date) -> bool:
    """Whether the row counts on that day."""
    return row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)


def on_day(rows: Iterable[DatedT], day: date) -> DatedT | None:
    """The row in force; the loader has seen to it that there is at most one."""
    return next((row for row in rows if in_force(row, day)), None)


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it stands in its file, to be shown."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def on(self, day: date) -> "Table":
        """Only the rows in force on that day."""
        start, end, text = self.header.index("valid_from"), self.header.index("valid_to"), day.isoformat()
        kept = tuple([row for row in self.rows if row[start] <= text and (not row[end] or text <= row[end])])
        return Table(self.name, self.header, kept)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rows. ``version`` (12 hexadecimal digits) changes with any letter of any of the files."""

    version: str
    field_rules: Mapping[str, Sequence[FieldRule]]
    authorities: Mapping[tuple[ItemKind, str, str], Sequence[Authority]]
    exemptions: Mapping[tuple[str, str], Sequence[Exemption]]
    form_versions: Mapping[str, Sequence[Form]]
    anomalies: Sequence[AnomalyRule]
    tables: Mapping[str, Table]

    def __repr__(self) -> str:
        # Not its rows, as with the catalogue.
        return f"<RuleBook {self.version}>"

    def allowed_fields(self, procedure: str, field_code: str | None, day: date) -> Mapping[PersonField, FieldRule]:
        """What a procedure may see of a person: the rows of the procedure, of its field and of ``*`` together.

        Where several allow the same, the closest one says for what purpose.
        """
        found: dict[PersonField, FieldRule] = {}
        for code in (ANY, field_code, procedure):
            rows = self.field_rules.get(code, ()) if code else ()
            found |= {rule.field: rule for rule in rows if in_force(rule, day)}
        return MappingProxyType(found)

    def authority_of(self, kind: ItemKind, procedure: str, item: str, day: date) -> Authority | None:
        """The one source of an item; a row of the procedure goes before one of ``*``. None: nobody is known."""
        own = on_day(self.authorities.get((kind, procedure, item), ()), day)
        return own or on_day(self.authorities.get((kind, ANY, item), ()), day)

    def exemption_for(self, procedure: str, field_code: str | None, component: str, day: date) -> Exemption | None:
        """The closest exemption of a paper: by procedure, then field, then ``*``; its own before any paper's."""
        for code in (procedure, field_code, ANY):
            for part in (component, ANY):
                found = on_day(self.exemptions.get((code, part), ()), day) if code else None
                if found is not None:
                    return found
        return None

    def form(self, form_id: str, day: date) -> Form | None:
        """A form as it stands on that day."""
        return on_day(self.form_versions.get(form_id, ()), day)

    def forms_on(self, day: date) -> tuple[Form, ...]:
        """Every form in force, in the order of the table."""
        found = (on_day(versions, day) for versions in self.form_versions.values())
        return tuple([form for form in found if form is not None])

    def forms_of(self, procedure: str, day: date) -> tuple[Form, ...]:
        """The forms of a procedure, in the order of the table."""
        return tuple([form for form in self.forms_on(day) if form.procedure == procedure])

    def anomaly_rules(self, day: date) -> tuple[AnomalyRule, ...]:
        """The rules against browsing."""
        return tuple([rule for rule in self.anomalies if in_force(rule, day)])

    def table(self, name: str) -> Table:
        """A table to be shown, by its name without ``.csv``.

        Raises:
            KeyError: there is none of that name.
        """
        return self.tables[name]
