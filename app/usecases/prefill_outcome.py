"""What became of a form that was filled: the citizen's word on it, how it was handed in, and what reuse saved.

Each is taken once: the same again gets the same answer, something else is refused.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.audit import AuditEntry, AuditKind
from app.domain.prefill import (
    FieldState,
    How,
    Preview,
    below_target,
    burden_cut,
    kept_wrongly,
    prefilled_share,
    tally,
)
from app.domain.rulesets import LEGAL_BASIS, VIETNAM, Purpose
from app.errors import Fault, InvalidRecord, PrefillEnded, UnknownPrefill
from app.reference.rule_facts import Form
from app.store import audit, prefills
from app.store.prefills import Figures, Selection
from app.store.session import Row, WriteSession
from app.usecases import reach
from app.usecases.context import Caller, Context
from schemas.forms import HandedInIn


async def look(context: Context, prefill_id: str) -> Row:
    """A prefill and what became of it.

    Raises:
        UnknownPrefill: there is none.
    """
    async with context.database.read() as session:
        return _known(await prefills.find(session, prefill_id), prefill_id)


async def note_preview(
    context: Context, caller: Caller, prefill_id: str, decision: Preview, correlation_id: str
) -> Row:
    """Record what the citizen said of the values that were shown to them.

    Raises:
        UnknownPrefill: there is none.
        PrefillEnded: the citizen said otherwise before, or the form was handed in.
    """

    async def work(session: WriteSession) -> Row:
        row = _known(await prefills.lock(session, prefill_id), prefill_id)
        if row["preview"] == decision.value:
            return row
        if row["preview"] is not None or row["handed_in_at"] is not None:
            said = f"the citizen {row['preview']} it" if row["preview"] else "it was handed in"
            message = f"prefill '{prefill_id}' was dealt with already: {said}"
            raise PrefillEnded(message, faults=(Fault("/decision", message),))
        now = await session.now()
        new = {"preview": decision.value, "preview_at": now}
        await prefills.change(session, prefill_id, new)
        await audit.append(session, [_entry(caller, row, f"preview_{decision.value}", correlation_id, {})], now)
        return row | new

    return await context.database.run(work)


async def hand_in(context: Context, caller: Caller, prefill_id: str, handed: HandedInIn, correlation_id: str) -> Row:
    """Record how each blank came about; every one is named, so that what was asked cannot be left out.

    Raises:
        UnknownPrefill: there is none.
        InvalidRecord: a blank that the form does not have, one that is not named, or one that cannot have been kept
            or changed.
        PrefillEnded: it was handed in otherwise before.
    """

    async def work(session: WriteSession) -> Row:
        row = _known(await prefills.lock(session, prefill_id), prefill_id)
        states = {name: FieldState(part["state"]) for name, part in row["fields"].items()}
        hows = _hows(row, states, handed)
        named = {name: how.value for name, how in hows.items()}
        if row["handed_in"] is not None:
            if row["handed_in"] == named:
                return row
            message = f"prefill '{prefill_id}' was handed in already, otherwise"
            raise PrefillEnded(message, faults=(Fault("/fields", message),))
        identifying = [name for name, part in row["fields"].items() if part["identifying"]]
        counted = tally(states, hows, Preview(row["preview"]) if row["preview"] else None, identifying)
        now = await session.now()
        figures: Row = {name: getattr(counted, name) for name in counted.__slots__}
        new = figures | {
            "handed_in_at": now,
            "handed_in": json.dumps(named),
            "month": f"{now.astimezone(VIETNAM):%Y-%m}",
        }
        await prefills.change(session, prefill_id, new)
        await audit.append(session, [_entry(caller, row, "handed_in", correlation_id, {"fields": named})], now)
        return row | new | {"handed_in": named}

    return await context.database.run(work)


def _known(row: Row | None, prefill_id: str) -> Row:
    if row is None:
        message = f"prefill '{prefill_id}' does not exist"
        raise UnknownPrefill(message)
    return row


def _hows(row: Row, states: dict[str, FieldState], handed: HandedInIn) -> dict[str, How]:
    said = {part.field: How(part.how) for part in handed.fields}
    unknown = [name for name in said if name not in states]
    places = {part.field: place for place, part in enumerate(handed.fields)}
    if unknown:
        message = f"form '{row['form']}' has no such blank"
        faults = tuple(Fault(f"/fields/{places[name]}/field", message, "forms") for name in unknown)
        raise InvalidRecord(message, faults=faults)
    if missing := [name for name in states if name not in said]:
        message = f"how these blanks came about is not said: {', '.join(missing)}"
        raise InvalidRecord(message, faults=(Fault("/fields", message, "forms"),))
    hows = {name: said[name] for name in states}
    wrong = kept_wrongly(states, hows, Preview(row["preview"]) if row["preview"] else None)
    if wrong:
        message = "only what was filled, and not refused by the citizen, can be kept; only what was filled, changed"
        raise InvalidRecord(message, faults=tuple(Fault(f"/fields/{places[name]}/how", message) for name in wrong))
    return hows


@dataclass(frozen=True, slots=True)
class FormFigure:
    """What reuse saved in a form. ``form`` is its newest version (None: it has left the table)."""

    figures: Figures
    form: Form | None
    burden_cut: float | None
    prefilled_share: float | None
    registry_cut: float | None
    below_target: bool


async def figures(context: Context, caller: Caller, wanted: Selection) -> tuple[Sequence[FormFigure], tuple[str, ...]]:
    """Figures of the forms that were handed in, and the forms that cut too little.

    Where nothing is told apart and no unit or month is named, forms of which none was handed in are there too: they
    are judged by what the form registry says of them.
    """
    wanted = replace(wanted, units=reach.units_of(context, caller))
    async with context.database.read() as session:
        counted = await prefills.figures(session, wanted)
        today = (await session.now()).astimezone(VIETNAM).date()
    newest = {
        form_id: max(versions, key=lambda form: form.valid_from)
        for form_id, versions in context.rules.form_versions.items()
    }
    registered = newest | {form.id: form for form in context.rules.forms_on(today)}
    if not (wanted.by_unit or wanted.by_month or wanted.unit or wanted.month):
        seen = {row.form for row in counted}
        counted += [
            Figures(form.id, form.procedure, None, None, 0, 0, 0, 0, 0, 0)
            for form in context.rules.forms_on(today)
            if form.id not in seen and wanted.form in {None, form.id}
        ]
    shown = tuple(_figure(row, registered.get(row.form)) for row in counted)
    return shown, _below(counted, registered)


def _figure(row: Figures, form: Form | None) -> FormFigure:
    cut, registry = burden_cut(row.asked, row.baseline), form.burden_cut if form else None
    return FormFigure(
        row,
        form,
        cut,
        prefilled_share(row.kept, row.asked),
        registry,
        below_target(cut if row.handed_in else registry),
    )


def _below(counted: Sequence[Figures], registered: dict[str, Form]) -> tuple[str, ...]:
    """Forms that cut too little over all that was counted, however it was told apart."""
    sums: dict[str, tuple[int, int, int]] = {}
    for row in counted:
        handed_in, asked, baseline = sums.get(row.form, (0, 0, 0))
        sums[row.form] = (handed_in + row.handed_in, asked + row.asked, baseline + row.baseline)
    cuts = {
        form_id: burden_cut(asked, baseline)
        if handed_in
        else (registered[form_id].burden_cut if form_id in registered else None)
        for form_id, (handed_in, asked, baseline) in sums.items()
    }
    return tuple(sorted(form_id for form_id, cut in cuts.items() if below_target(cut)))


def _entry(caller: Caller, row: Row, outcome: str, correlation_id: str, detail: dict[str, object]) -> AuditEntry:
    return AuditEntry(
        kind=AuditKind.PREFILL,
        outcome=outcome,
        actor=f"{row['officer']} ({caller.name})"[:100],
        agency=caller.agency,
        purpose=Purpose.PREFILL.value,
        legal_basis=LEGAL_BASIS[Purpose.PREFILL],
        correlation_id=correlation_id,
        dossier_code=row["dossier_code"],
        procedure_code=row["procedure_code"],
        unit_code=row["unit_code"],
        subject_ref=row["subject_id"],
        detail={"prefill": row["id"], "form": row["form"]} | detail,
    )
