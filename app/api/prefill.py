"""``/v1/prefill`` and ``/v1/forms``: forms filled from what the state knows, and what that saves people."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Query

from app.api import examples
from app.api import prefill_examples as shown
from app.api.shapes import meaning
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission, Thing
from app.domain.prefill import Preview, Value
from app.store.prefills import Selection
from app.store.session import Row
from app.usecases import prefill_outcome
from app.usecases.context import Caller
from app.usecases.prefill import FilledField, Prefill, prefill
from app.usecases.prefill_outcome import FormFigure
from schemas.answers import TextOut
from schemas.forms import (
    FormFigureList,
    FormFigureOut,
    HandedInIn,
    PrefilledFieldOut,
    PrefillIn,
    PrefillOut,
    PrefillStateOut,
    PreviewIn,
    SourcedValueOut,
)

router = APIRouter(prefix="/v1", tags=["prefill"])
PrefillPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=[shown.ID], description="id of a prefill")]
_STATE = (
    "id", "form", "preview", "preview_at", "handed_in_at", "baseline", "filled", "kept", "asked", "asked_needlessly",
)  # fmt: skip
_FIGURES = (
    "form", "procedure", "unit", "month", "handed_in", "baseline", "asked", "filled", "kept", "asked_needlessly",
)  # fmt: skip


@router.post(
    "/prefill",
    summary="Fill a form as far as the state knows its answers",
    responses={200: examples.good(shown.PREFILL_OUT), **examples.problems(400, 401, 403, 404, 409, 422, 503)},
)
async def post_prefill(
    body: Annotated[PrefillIn, Body(openapi_examples={"form": {"value": shown.PREFILL}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.PERSONS_ASK, reach=Bound.UNITS)],
    correlation: CorrelationDep,
) -> PrefillOut:
    """For an open dossier and its applicant, with one question to the population database for all blanks.

    Each blank says its value, where it is from, how fresh that is, and who has the last word on it. Where sources or
    what the citizen wrote differ, all are shown and none is chosen. Where the database gave no answer, its blanks are
    asked and say so; the rest is filled. Dates are ISO, genders `male` or `female`, lists by their national code.
    """
    return _prefill(await prefill(context, caller, body, correlation))


@router.post(
    "/prefill/{prefill_id}/preview",
    summary="What the citizen said of the values that were shown to them",
    responses={200: examples.good(shown.STATE), **examples.problems(400, 401, 403, 404, 409, 422)},
)
async def post_preview(
    prefill_id: PrefillPath,
    body: Annotated[PreviewIn, Body(openapi_examples={"accepted": {"value": {"decision": "accepted"}}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.PERSONS_ASK, reach=Thing.PREFILL)],
    correlation: CorrelationDep,
) -> PrefillStateOut:
    """Recorded once. After a refusal no blank can be handed in as kept."""
    decision = Preview(body.decision)
    return _state(await prefill_outcome.note_preview(context, caller, prefill_id, decision, correlation))


@router.post(
    "/prefill/{prefill_id}/handed-in",
    summary="How each blank of the form came about",
    responses={200: examples.good(shown.HANDED_IN_STATE), **examples.problems(400, 401, 403, 404, 409, 422)},
)
async def post_handed_in(
    prefill_id: PrefillPath,
    body: Annotated[HandedInIn, Body(openapi_examples={"form": {"value": shown.HANDED_IN}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.PERSONS_ASK, reach=Thing.PREFILL)],
    correlation: CorrelationDep,
) -> PrefillStateOut:
    """Without values. A blank that is not named was left empty; only one that was filled can be kept or changed.

    What the citizen had to say is `asked`, number, name and birth date too, unless a card or a login said them.
    """
    return _state(await prefill_outcome.hand_in(context, caller, prefill_id, body, correlation))


@router.get(
    "/prefill/{prefill_id}",
    summary="What became of a filled form",
    responses={200: examples.good(shown.HANDED_IN_STATE), **examples.problems(401, 403, 404, 422)},
)
async def get_prefill(
    prefill_id: PrefillPath,
    context: ContextDep,
    _caller: Annotated[Caller, may(Permission.PERSONS_ASK, Permission.PERSONS_READ, reach=Thing.PREFILL)],
) -> PrefillStateOut:
    """Counts only: values are given once and not kept."""
    return _state(await prefill_outcome.look(context, prefill_id))


@router.get(
    "/forms/figures",
    summary="How much less each form asks",
    responses={200: examples.good(shown.FIGURES), **examples.problems(401, 403, 422)},
)
async def get_figures(
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.FIGURES_READ, reach=Bound.UNITS)],
    month: Annotated[str | None, Query(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", examples=["2026-07"])] = None,
    unit: Annotated[str | None, Query(max_length=35, pattern=r"^[A-Z0-9.]+$", examples=["H15.50"])] = None,
    form: Annotated[str | None, Query(max_length=60, pattern=r"^[A-Z0-9.-]+$", examples=[shown.FORM])] = None,
    by: Annotated[
        list[Literal["unit", "month"]], Query(max_length=2, description="what is told apart; may be named twice")
    ] = [],  # noqa: B006 - FastAPI copies it
) -> FormFigureList:
    """From the forms that were handed in; those of which none was are judged by the form registry.

    `below` lists the forms that cut less than 20 % over all that is selected.
    """
    wanted = Selection(form=form, unit=unit, month=month, by_unit="unit" in by, by_month="month" in by)
    items, below = await prefill_outcome.figures(context, caller, wanted)
    return FormFigureList(items=tuple(_figure(item) for item in items), below=below)


def _prefill(made: Prefill) -> PrefillOut:
    return PrefillOut(
        id=made.id,
        form=made.form.id,
        form_name=TextOut(vi=made.form.name_vi, en=made.form.name_en),
        dossier=made.dossier,
        rules_version=made.rules_version,
        population=made.population,
        fields=tuple(_field(part) for part in made.fields),
        baseline=made.form.baseline_count,
        filled=made.filled,
        to_ask=made.to_ask,
        address=f"/v1/prefill/{made.id}",
    )


def _field(part: FilledField) -> PrefilledFieldOut:
    value = part.filled.value
    return PrefilledFieldOut(
        field=part.field.name,
        label=TextOut(vi=part.field.label_vi, en=part.field.label_en),
        state=part.filled.state.value,
        value=value.text if value else None,
        source=value.origin.value if value else None,
        as_of=value.as_of if value else None,
        authority=part.authority,
        reference=value.reference if value else None,
        others=tuple(_sourced(other) for other in part.filled.others),
        required=part.field.required,
        meaning=meaning(f"prefill.{part.filled.why.value}"),
    )


def _sourced(value: Value) -> SourcedValueOut:
    return SourcedValueOut(value=value.text, source=value.origin.value, as_of=value.as_of, reference=value.reference)


def _state(row: Row) -> PrefillStateOut:
    return PrefillStateOut(**{name: row[name] for name in _STATE}, dossier=row["dossier_code"])


def _figure(item: FormFigure) -> FormFigureOut:
    name = item.form
    return FormFigureOut(
        **{part: getattr(item.figures, part) for part in _FIGURES},
        form_name=TextOut(vi=name.name_vi, en=name.name_en)
        if name
        else TextOut(vi=item.figures.form, en=item.figures.form),
        burden_cut=item.burden_cut,
        prefilled_share=item.prefilled_share,
        registry_cut=item.registry_cut,
        below_target=item.below_target,
    )
