"""Rows of the five tables, read strictly: whatever cannot be meant is refused, by file and row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources.abc import Traversable
from typing import Final, NoReturn, TypeVar

from app.reference import CatalogueError, _rows
from app.reference.rule_facts import (
    ANY,
    IDENTIFYING,
    RELATIVES,
    AnomalyAction,
    AnomalyKind,
    AnomalyRule,
    Authority,
    Exemption,
    ExemptionKind,
    FieldRule,
    FormField,
    Holder,
    ItemKind,
    RelativePart,
    Role,
    Sure,
)
from schemas.persons import PersonField

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_COUNT: Final = re.compile(r"[1-9]\d{0,8}")
_TERM: Final = ("valid_from", "valid_to")
_ChoiceT = TypeVar("_ChoiceT", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Line:
    """One row by column names, with the place to name in a refusal."""

    file: str
    row: int
    values: dict[str, str]

    def refuse(self, words: str) -> NoReturn:
        """Say what is wrong, and where.

        Raises:
            CatalogueError: always.
        """
        message = f"{self.file}, row {self.row}: {words}"
        raise CatalogueError(message)

    def text(self, column: str) -> str:
        """What must not be blank."""
        value = self.values[column]
        if not value or value != value.strip():
            self.refuse(f"{column} is blank or has stray blanks")
        return value

    def choice(self, column: str, kind: type[_ChoiceT]) -> _ChoiceT:
        """One of a closed set."""
        return self._member(column, self.values[column], kind)

    def choices(self, column: str, text: str, kind: type[_ChoiceT]) -> tuple[_ChoiceT, ...]:
        """Several of a closed set, joined by ``;``."""
        return tuple([self._member(column, part, kind) for part in text.split(";")])

    def _member(self, column: str, value: str, kind: type[_ChoiceT]) -> _ChoiceT:
        if value not in set(kind):
            self.refuse(f"{column} cannot be '{value}' ({', '.join(kind)})")
        return kind(value)

    def yes(self, column: str) -> bool:
        """Yes or no."""
        value = self.values[column]
        if value not in {"yes", "no"}:
            self.refuse(f"{column} must be 'yes' or 'no', not '{value}'")
        return value == "yes"

    def count(self, column: str) -> int:
        """A whole number above 0."""
        value = self.values[column]
        if not _COUNT.fullmatch(value):
            self.refuse(f"{column} must be a whole number above 0, not '{value}'")
        return int(value)

    def name(self, column: str) -> str:
        """A name of a field, in small letters with ``_``."""
        value = self.values[column]
        if not _NAME.fullmatch(value):
            self.refuse(f"{column} must be like 'birth_date', not '{value}'")
        return value

    def term(self) -> tuple[date, date | None]:
        """First and last day."""
        start = self._day("valid_from")
        end = self._day("valid_to") if self.values["valid_to"] else None
        if end is not None and end < start:
            self.refuse(f"it ends on {end}, before it begins")
        return start, end

    def _day(self, column: str) -> date:
        value = self.values[column]
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        # Not 20260102 either: rows are compared as they are written.
        if day is None or day.isoformat() != value:
            self.refuse(f"'{value}' in {column} is no date (YYYY-MM-DD)")
        return day


def _lines(folder: Traversable, file: str, keys: tuple[str, ...], others: tuple[str, ...]) -> Iterator[Line]:
    """Rows that differ in ``keys`` and their first day."""
    columns = (*keys, _TERM[0], *others, _TERM[1])
    for row, values in _rows(folder, file, columns, keys=len(keys) + 1):
        yield Line(file, row, dict(zip(columns, values, strict=True)))


def field_rules(folder: Traversable, file: str) -> Iterator[FieldRule]:
    """Which procedure may see what of a person."""
    for line in _lines(folder, file, ("procedure", "field"), ("purpose", "source", "sure")):
        field, procedure = line.choice("field", PersonField), line.text("procedure")
        if procedure == ANY and field not in IDENTIFYING:
            line.refuse(f"'{ANY}' may see only {', '.join(sorted(IDENTIFYING))}, not {field}")
        yield FieldRule(
            line.row,
            procedure,
            field,
            line.text("purpose"),
            line.text("source"),
            line.choice("sure", Sure),
            *line.term(),
        )


def authorities(folder: Traversable, file: str) -> Iterator[Authority]:
    """Who has the last word on an item."""
    others = ("authority", "provides", "name_vi", "citation", "sure")
    for line in _lines(folder, file, ("item_kind", "procedure", "item"), others):
        kind, holder = line.choice("item_kind", ItemKind), line.choice("authority", Holder)
        fields, results = _provided(line, kind, holder)
        yield Authority(
            line.row,
            kind,
            line.text("procedure"),
            line.text("item"),
            holder,
            fields,
            results,
            line.text("name_vi"),
            line.text("citation"),
            line.choice("sure", Sure),
            *line.term(),
        )


def _provided(line: Line, kind: ItemKind, holder: Holder) -> tuple[tuple[PersonField, ...], tuple[str, ...]]:
    """What of its source an item is: facts about a person, or codes of results."""
    provides, item = line.values["provides"], line.values["item"]
    if kind is ItemKind.FIELD:
        line.name("item")
        known = item in set(PersonField)
        if provides != item:
            line.refuse(f"a field provides itself, '{item}', not '{provides}'")
        if known != (holder is Holder.POPULATION):
            line.refuse(f"'{item}' is {'' if known else 'not '}of the population database")
        return ((PersonField(item),) if known else ()), ()
    if holder is Holder.APPLICANT:
        if provides:
            line.refuse("what the applicant declares is provided by nothing else")
        return (), ()
    of_what, _, listed = provides.partition(":")
    wanted = "fields" if holder is Holder.POPULATION else "results"
    if of_what != wanted or not listed:
        line.refuse(f"provides must be '{wanted}:' and what proves the paper, joined by ';', not '{provides}'")
    if holder is Holder.POPULATION:
        return line.choices("provides", listed, PersonField), ()
    codes = tuple(listed.split(";"))
    if any(not code or code != code.strip() for code in codes):
        line.refuse("a code in provides is blank or has stray blanks")
    return (), codes


def exemptions(folder: Traversable, file: str) -> Iterator[Exemption]:
    """Papers that sector law wants in any case."""
    others = ("kind", "citation", "reason_vi", "sure")
    for line in _lines(folder, file, ("procedure", "component_code"), others):
        procedure, component = line.text("procedure"), line.text("component_code")
        # It would let every paper of every procedure be asked for, and so end the once-only rule.
        if procedure == component == ANY:
            line.refuse("an exemption must name a procedure, a field or a component")
        yield Exemption(
            line.row,
            procedure,
            component,
            line.choice("kind", ExemptionKind),
            line.text("citation"),
            line.text("reason_vi"),
            line.choice("sure", Sure),
            *line.term(),
        )


@dataclass(frozen=True, slots=True)
class FormLine:
    """A blank with the form that it stands in."""

    form: str
    procedure: str
    name_vi: str
    name_en: str
    field: FormField


def form_lines(folder: Traversable, file: str) -> Iterator[FormLine]:
    """Blanks of all forms."""
    others = (
        "procedure", "form_name_vi", "form_name_en", "label_vi", "label_en",
        "baseline", "asked", "source_field", "person", "required", "source", "sure",
    )  # fmt: skip
    for line in _lines(folder, file, ("form", "field"), others):
        names = (line.text("form_name_vi"), line.text("form_name_en"))
        yield FormLine(line.text("form"), line.text("procedure"), *names, _form_field(line))


def _form_field(line: Line) -> FormField:
    baseline, asked, required = line.yes("baseline"), line.yes("asked"), line.yes("required")
    person = line.choice("person", Role)
    source_field, person_field, part = _source_field(line, person)
    if not baseline and not asked:
        line.refuse("a blank was asked before, or is asked today, or both")
    if required and not asked and source_field is None:
        line.refuse("nobody is asked for it and nothing fills it, so it cannot be required")
    return FormField(
        line.row,
        line.name("field"),
        line.text("label_vi"),
        line.text("label_en"),
        baseline,
        asked,
        source_field,
        person_field,
        part,
        person,
        required,
        line.text("source"),
        line.choice("sure", Sure),
        *line.term(),
    )


def _source_field(line: Line, person: Role) -> tuple[str | None, PersonField | None, RelativePart | None]:
    """What fills a blank; of a relative, only what the applicant's own record tells."""
    text = line.values["source_field"]
    if not text:
        return None, None, None
    name, dot, rest = text.partition(".")
    known = PersonField(name) if name in set(PersonField) else None
    relative = known in RELATIVES
    if relative and person.value != name:
        line.refuse(f"{name} tells of the applicant's {name}, not of the {person}")
    if not relative and person is not Role.APPLICANT:
        line.refuse(f"the question is about the applicant, so '{text}' tells nothing of the {person}")
    if relative != bool(dot):
        line.refuse(f"'{text}': of a relative a part is taken ('father.full_name'), of the applicant the whole")
    if known is None and not _NAME.fullmatch(name):
        line.refuse(f"source_field must be like 'birth_date', not '{text}'")
    return name, known, (line.choices("source_field", rest, RelativePart)[0] if relative else None)


def anomaly_rules(folder: Traversable, file: str) -> Iterator[AnomalyRule]:
    """When questions are held to be browsing."""
    others = ("threshold", "window_seconds", "reason_vi", "reason_en", "source")
    for line in _lines(folder, file, ("rule", "action"), others):
        yield AnomalyRule(
            line.row,
            line.choice("rule", AnomalyKind),
            line.count("threshold"),
            line.count("window_seconds"),
            line.choice("action", AnomalyAction),
            line.text("reason_vi"),
            line.text("reason_en"),
            line.text("source"),
            *line.term(),
        )
