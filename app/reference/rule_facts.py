"""What one row of the five tables of asking once says (``docs/once-only-tables.md``); ``rules.py`` reads them.

Days are Vietnamese days, and the last day of validity still counts.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from schemas.persons import PersonField

ANY: Final = "*"
# What the question itself says; more than this no procedure gets without a row of its own.
IDENTIFYING: Final = frozenset({PersonField.NUMBER, PersonField.FULL_NAME, PersonField.BIRTH_DATE})
# The fields of an applicant that tell of another person, and what they tell.
RELATIVES: Final = frozenset(
    {
        PersonField.FATHER,
        PersonField.MOTHER,
        PersonField.SPOUSE,
        PersonField.REPRESENTATIVE,
        PersonField.HOUSEHOLD_HEAD,
    }
)


class Sure(StrEnum):
    """How sure a row is: the text was read, a second source states it, it is recalled, or it is ours."""

    READ = "V"
    SEEN = "S"
    RECALLED = "R"
    ASSUMED = "assumed"


class ItemKind(StrEnum):
    """What an authority is for: a field of a form, or a component (a paper)."""

    FIELD = "field"
    COMPONENT = "component"


class Holder(StrEnum):
    """Who has the last word on a fact. ``APPLICANT``: nobody else knows it, so it is asked."""

    POPULATION = "population"
    PROVINCIAL_STORE = "provincial_store"
    NATIONAL_STORE = "national_store"
    BUSINESS_REGISTER = "business_register"
    EARLIER_DOSSIER = "earlier_dossier"
    APPLICANT = "applicant"


class ExemptionKind(StrEnum):
    """Why a paper may be asked for although the state may hold it."""

    SECTOR_LAW = "SECTOR_LAW"


class Role(StrEnum):
    """Whose fact a field of a form is; ``MATTER`` is the case itself (a house, a plot of land, the request)."""

    APPLICANT = "applicant"
    CHILD = "child"
    FATHER = "father"
    MOTHER = "mother"
    SPOUSE = "spouse"
    PARTNER = "partner"
    DECEASED = "deceased"
    REPRESENTATIVE = "representative"
    HOUSEHOLD_HEAD = "household_head"
    MEMBER = "member"
    MATTER = "matter"


class RelativePart(StrEnum):
    """What is told of a relative."""

    FULL_NAME = "full_name"
    NATIONALITY = "nationality"
    NUMBER = "number"
    OLD_NUMBER = "old_number"
    RELATION = "relation"


class AnomalyKind(StrEnum):
    """What an officer's questions may look like that they should not."""

    NO_OPEN_DOSSIER = "no_open_dossier"
    OFF_HOURS = "off_hours"
    MANY_SUBJECTS = "many_subjects"
    REPEATED_MISMATCH = "repeated_mismatch"


class AnomalyAction(StrEnum):
    """What follows: an entry to be signed off, or also a lock that an administrator lifts."""

    LIST = "list"
    LOCK = "lock"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A procedure (or all of a field, or ``*``) may see a fact about a person, for a purpose."""

    row: int
    procedure: str
    field: PersonField
    purpose: str
    source: str
    sure: Sure
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Authority:
    """The one source of an item.

    Attributes:
        item: name of a field, or code of a component.
        fields: facts about a person that prove a component; for a field of a person, itself.
        results: codes of results any of which proves a component.
    """

    row: int
    kind: ItemKind
    procedure: str
    item: str
    holder: Holder
    fields: tuple[PersonField, ...]
    results: tuple[str, ...]
    name_vi: str
    citation: str
    sure: Sure
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Exemption:
    """A paper that sector law wants to be handed in or shown, whoever holds it."""

    row: int
    procedure: str
    component: str
    kind: ExemptionKind
    citation: str
    reason_vi: str
    sure: Sure
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class FormField:
    """A blank of a form.

    Attributes:
        baseline: was asked before reuse.
        asked: is asked today.
        source_field: item of the table of authorities; None: only the applicant knows it, or it is wanted no more.
        person_field: the same as a fact about the applicant, where it is one.
        part: what of a relative, where ``person_field`` tells of one.
    """

    row: int
    name: str
    label_vi: str
    label_en: str
    baseline: bool
    asked: bool
    source_field: str | None
    person_field: PersonField | None
    part: RelativePart | None
    person: Role
    required: bool
    source: str
    sure: Sure
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it stood from ``valid_from`` to ``valid_to``: its fields in the order of the table."""

    id: str
    procedure: str
    name_vi: str
    name_en: str
    fields: tuple[FormField, ...]
    valid_from: date
    valid_to: date | None

    @property
    def baseline_count(self) -> int:
        """Blanks that were asked before reuse."""
        return sum(field.baseline for field in self.fields)

    @property
    def asked_count(self) -> int:
        """Blanks that are asked today."""
        return sum(field.asked for field in self.fields)

    @property
    def burden_cut(self) -> float | None:
        """Share of the declared blanks that reuse took away, as the form stands; None where nothing was asked."""
        return 1 - self.asked_count / self.baseline_count if self.baseline_count else None


@dataclass(frozen=True, slots=True)
class AnomalyRule:
    """When questions of one officer are held to be browsing: ``threshold`` of them within ``window_seconds``."""

    row: int
    rule: AnomalyKind
    threshold: int
    window_seconds: int
    action: AnomalyAction
    reason_vi: str
    reason_en: str
    source: str
    valid_from: date
    valid_to: date | None
