"""Forms that are filled from what the state holds, and the tables of rules (REST ``/v1/prefill``, ``/v1/tables``)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.answers import Answer, TextOut
from schemas.persons import Account, BirthDate, PersonName, Why
from schemas.provincial import Address, Contract, Flag, IdentityPaper, Text, UnitCode


class PrefillIn(Contract):
    """Fill a form as far as the state knows its answers, for one open dossier.

    ``declared`` is what the form already holds, as the citizen wrote it: shown beside the sources' values.
    """

    form: Annotated[str, Field(max_length=60, pattern=r"^[A-Z0-9.-]+$")]
    dossier: Address
    unit: UnitCode
    officer: Account
    purpose: Why
    subject: IdentityPaper
    full_name: PersonName
    birth_date: BirthDate
    year_only: Flag = Field(
        default=False, description="the officer asks again with the year alone, for a person without a full date"
    )
    declared: dict[Annotated[str, Field(max_length=60)], Annotated[Text, Field(max_length=1000)]] = Field(
        default_factory=dict, max_length=200, description="what the citizen has written so far, by field"
    )


class SourcedValueOut(Answer):
    """A value and where it is from. ``as_of`` says how fresh it is, as far as the source says."""

    value: str
    source: str
    as_of: datetime | None
    reference: str | None = Field(description="query, document or dossier that it was read from")


class PrefilledFieldOut(Answer):
    """One field of the form.

    ``filled``: one value, from the field's one authority. ``conflict``: sources differ; all are shown and none is
    chosen. ``ask``: the state does not hold it, so the citizen is asked.
    """

    field: str
    label: TextOut
    state: Literal["filled", "conflict", "ask"]
    value: str | None
    source: str | None
    as_of: datetime | None
    authority: str | None
    reference: str | None
    others: tuple[SourcedValueOut, ...]
    required: bool
    meaning: TextOut


class PrefillOut(Answer):
    """The form as far as it can be filled. Values are given once and not kept."""

    id: str
    form: str
    form_name: TextOut
    dossier: str
    rules_version: str
    population: str = Field(description="what the population database answered, or not_asked")
    fields: tuple[PrefilledFieldOut, ...]
    baseline: int = Field(description="fields that this form asked for before anything was reused")
    filled: int
    to_ask: int
    address: str


class PreviewIn(Contract):
    """What the citizen said of the values that were shown to them."""

    decision: Literal["accepted", "refused"]


class HandedInField(Contract):
    """One field as it was handed in: taken as filled, changed, asked of the citizen, or left empty."""

    field: Annotated[str, Field(max_length=60)]
    how: Literal["kept", "changed", "asked", "empty"]


class HandedInIn(Contract):
    """The form was handed in: how every field of it came about. No values. What was changed counts as asked."""

    fields: tuple[HandedInField, ...] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _each_field_once(self) -> Self:
        names = [part.field for part in self.fields]
        if len(set(names)) != len(names):
            message = "fields: the same field is named twice"
            raise ValueError(message)
        return self


class PrefillStateOut(Answer):
    """What became of a prefill. ``asked_needlessly``: fields that were asked although they had been filled."""

    id: str
    form: str
    dossier: str
    preview: str | None
    preview_at: datetime | None
    handed_in_at: datetime | None
    baseline: int
    filled: int
    kept: int | None
    asked: int | None
    asked_needlessly: int | None


class FormFigureOut(Answer):
    """How much less a form asks. ``burden_cut`` is 1 − asked / baseline, from the forms that were handed in."""

    form: str
    form_name: TextOut
    procedure: str
    unit: str | None
    month: str | None
    handed_in: int
    baseline: int
    asked: int
    filled: int
    kept: int
    asked_needlessly: int
    burden_cut: float | None
    prefilled_share: float | None = Field(description="kept / (kept + asked)")
    registry_cut: float | None = Field(description="1 − asked today / baseline, as the form registry says")
    below_target: bool = Field(description="under the 20 % that the plan wants")


class FormFigureList(Answer):
    """Figures by form, unit and month; ``below`` are the forms under 20 %."""

    items: tuple[FormFigureOut, ...]
    below: tuple[str, ...]


class TableOut(Answer):
    """A table of rules as it is kept, row by row; ``on`` is the day for which rows in force are shown."""

    name: str
    version: str
    on: str | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class RuleKind(StrEnum):
    """The tables that are shown."""

    POPULATION_FIELDS = "population_fields"
    AUTHORITIES = "authorities"
    ONCE_ONLY_EXCEPTIONS = "once_only_exceptions"
    FORMS = "forms"
    ANOMALY_RULES = "anomaly_rules"
