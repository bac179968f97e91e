"""Fill a form as far as the state knows its answers: one question to the population database, and what lies here.

Values go to the caller and nowhere else: rows and log hold names of blanks, states and sources. Law: NĐ 224/2026
Điều 18; one source has the last word on a fact, NĐ 278/2025 Điều 5.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import date

from app.domain.audit import AuditEntry, AuditKind
from app.domain.dossier import CLOSED_STATUSES, DossierStatus
from app.domain.prefill import FieldState, Filled, Lack, Origin, Value, fill
from app.domain.rulesets import LEGAL_BASIS, VIETNAM, Purpose
from app.errors import (
    DossierNotOpen,
    Fault,
    InvalidRecord,
    PersonCheckDenied,
    PersonQuotaSpent,
    UnknownCode,
    UnknownDossier,
    UnknownForm,
)
from app.reference.rule_facts import IDENTIFYING, Form, FormField, Holder, ItemKind
from app.store import audit, documents, dossiers, prefills
from app.store.session import Row, WriteSession
from app.usecases import papers, reach
from app.usecases import prefill_values as values
from app.usecases.ask_person import PersonQuestionFacts, PersonTold, ask_person
from app.usecases.context import Caller, Context
from connectors.population import PersonOutcome
from schemas.forms import PrefillIn
from schemas.persons import PersonField
from schemas.provincial import DossierIn, PaperKind

NOT_ASKED = "not_asked"
# Who has the last word, by where it is found here; other holders have no way to this gateway.
_ORIGINS = {
    Holder.POPULATION: Origin.POPULATION,
    Holder.EARLIER_DOSSIER: Origin.EARLIER_DOSSIER,
    Holder.APPLICANT: Origin.DOSSIER,
}
_YEAR_DIGITS = 4


@dataclass(frozen=True, slots=True)
class FilledField:
    """A blank of the form, what became of it, and who has the last word on it."""

    field: FormField
    filled: Filled
    authority: str


@dataclass(frozen=True, slots=True)
class Prefill:
    """A form as far as it could be filled. ``population`` is the outcome class of the question, or ``not_asked``."""

    id: str
    form: Form
    dossier: str
    rules_version: str
    population: str
    fields: tuple[FilledField, ...]

    @property
    def filled(self) -> int:
        """Blanks that were filled."""
        return sum(part.filled.state is FieldState.FILLED for part in self.fields)

    @property
    def to_ask(self) -> int:
        """Blanks on which the citizen has to speak: they are asked, or sources differ."""
        return len(self.fields) - self.filled


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is known before anything leaves the house."""

    form: Form
    fields: tuple[FormField, ...]
    procedure: str
    day: date
    allowed: frozenset[PersonField]
    wanted: frozenset[PersonField]
    subject: str
    here: tuple[dict[str, Value], ...]


async def prefill(context: Context, caller: Caller, asked: PrefillIn, correlation_id: str) -> Prefill:
    """Fill a form for an open dossier. What a silent source would have filled is asked, the rest is filled.

    Raises:
        UnknownDossier, DossierNotOpen, UnknownCode, OutOfReach, UnknownForm, InvalidRecord: refused here, nothing left
            the house.
        OfficerLocked: this officer may not ask now.
        PopulationBlocked: nobody may, until the self-check is green.
    """
    reach.require_unit(context, caller, asked.unit, "/unit")
    reach.require_officer(caller, asked.officer)

    async def before(session: WriteSession) -> _Plan:
        plan = await _plan(context, caller, session, asked)
        named: dict[str, object] = {"wanted": sorted(field.value for field in plan.wanted)}
        entry = _entry(caller, asked, plan, "asked", correlation_id, named)
        await audit.append(session, [entry], await session.now())
        return plan

    plan = await context.database.run(before)
    outcome, told = await _ask(context, caller, asked, plan, correlation_id)
    held = ((values.of_population(plan.fields, told, context.places),) if told else ()) + plan.here
    fields = tuple(_fill(context, asked, plan, field, held, outcome) for field in plan.fields)

    async def after(session: WriteSession) -> Prefill:
        now = await session.now()
        made = Prefill(papers.new_id(now), plan.form, asked.dossier, context.rules.version, outcome, fields)
        await prefills.add(session, _row(caller, asked, plan, made) | {"at": now})
        states = {part.field.name: part.filled.state.value for part in fields}
        detail: dict[str, object] = {"prefill": made.id, "population": outcome, "fields": states}
        await audit.append(session, [_entry(caller, asked, plan, "filled", correlation_id, detail)], now)
        return made

    return await context.database.run(after)


async def _plan(context: Context, caller: Caller, session: WriteSession, asked: PrefillIn) -> _Plan:
    now = await session.now()
    day = now.astimezone(VIETNAM).date()
    row = await dossiers.facts(session, asked.dossier)
    if row is None or not reach.holds(context, caller, row["unit_code"]):
        message = f"dossier '{asked.dossier}' was never handed over"
        raise UnknownDossier(message, faults=(Fault("/dossier", message),))
    if DossierStatus(row["status"]) in CLOSED_STATUSES:
        message = f"dossier '{asked.dossier}' is closed ('{row['status']}')"
        raise DossierNotOpen(message, faults=(Fault("/dossier", message),))
    body, procedure = DossierIn.model_validate_json(row["facts"]), row["procedure_code"]
    form = _form(context, asked, procedure, day)
    _check(context, asked, body, form)
    known = context.catalogue.procedures.get(procedure)
    fields = blanks(form)
    allowed = frozenset(context.rules.allowed_fields(procedure, known.field_code if known else None, day))
    wanted = frozenset(field.person_field for field in fields if field.person_field in allowed)
    may_ask = asked.subject.kind is not PaperKind.TAX_NUMBER and (
        context.person_procedures is None or procedure in context.person_procedures
    )
    subject = await documents.subject(session, asked.subject.kind.value, asked.subject.number, papers.new_id(now), now)
    here = [values.of_dossier(fields, row, Origin.DOSSIER)]
    earlier = await prefills.newest_other(session, row["subject_id"] or subject, asked.dossier)
    if earlier is not None:
        here.append(values.of_dossier(fields, earlier, Origin.EARLIER_DOSSIER))
    return _Plan(form, fields, procedure, day, allowed, wanted if may_ask else frozenset(), subject, tuple(here))


def blanks(form: Form) -> tuple[FormField, ...]:
    """The blanks that somebody fills today: what is neither asked nor held by anybody is wanted no more."""
    return tuple(field for field in form.fields if field.asked or field.source_field is not None)


def _form(context: Context, asked: PrefillIn, procedure: str, day: date) -> Form:
    form = context.rules.form(asked.form, day)
    if form is None or form.procedure != procedure:
        message = f"form '{asked.form}' is not in force on {day}, or is not of procedure '{procedure}'"
        raise UnknownForm(message, faults=(Fault("/form", message, "forms"),))
    return form


def _check(context: Context, asked: PrefillIn, body: DossierIn, form: Form) -> None:
    if asked.unit not in context.catalogue.units:
        message = f"'{asked.unit}' is not in the table 'units'"
        raise UnknownCode(message, faults=(Fault("/unit", message, "units"),))
    # A form is filled with what is known of whom the dossier is for, and of nobody else.
    if asked.subject not in body.applicant.identities:
        message = f"subject: not the applicant of dossier '{asked.dossier}'"
        raise InvalidRecord(message, faults=(Fault("/subject", message),))
    known = {field.name for field in blanks(form)}
    faults = tuple(
        Fault(f"/declared/{name}", f"form '{form.id}' has no blank of this name", "forms")
        for name in asked.declared
        if name not in known
    )
    if faults:
        message = f"form '{form.id}' has no such blank"
        raise InvalidRecord(message, faults=faults)


async def _ask(
    context: Context, caller: Caller, asked: PrefillIn, plan: _Plan, correlation_id: str
) -> tuple[str, PersonTold | None]:
    """One question for all blanks. What our own rules refuse leaves the rest of the form to be filled."""
    if not plan.wanted:
        return NOT_ASKED, None
    question = PersonQuestionFacts(
        dossier_code=asked.dossier,
        officer=asked.officer,
        unit=asked.unit,
        purpose=asked.purpose,
        number=asked.subject.number,
        full_name=asked.full_name,
        birth_date=asked.birth_date[:_YEAR_DIGITS] if asked.year_only else asked.birth_date,
    )
    seconds_left = context.once.seconds
    while True:
        try:
            told = await ask_person(context, caller, question, plan.wanted, correlation_id)
        except PersonQuotaSpent as spent:
            wait_seconds = spent.retry_after_seconds
            if wait_seconds is None or wait_seconds >= seconds_left:
                return PersonOutcome.QUOTA.value, None
            # That a desk is busy for a second is no reason to ask a citizen.
            seconds_left -= wait_seconds
            await asyncio.sleep(wait_seconds)
        except PersonCheckDenied:
            return PersonOutcome.DENIED.value, None
        else:
            return told.outcome.value, told if told.outcome is PersonOutcome.MATCH else None


def _fill(
    context: Context,
    asked: PrefillIn,
    plan: _Plan,
    field: FormField,
    held: tuple[dict[str, Value], ...],
    outcome: str,
) -> FilledField:
    holder = _holder(context, plan, field)
    found = [source[field.name] for source in held if field.name in source]
    filled = fill(
        found,
        _ORIGINS.get(holder),
        _lack(plan, field, holder, outcome),
        asked.declared.get(field.name),
        values.same_for(field),
    )
    return FilledField(field, filled, holder.value)


def _holder(context: Context, plan: _Plan, field: FormField) -> Holder:
    if field.source_field is None:
        return Holder.APPLICANT
    authority = context.rules.authority_of(ItemKind.FIELD, plan.procedure, field.source_field, plan.day)
    return authority.holder if authority is not None else Holder.APPLICANT


_LACKS = {
    NOT_ASKED: Lack.NOT_ASKED,
    PersonOutcome.MATCH.value: Lack.NOT_HELD,
    PersonOutcome.NOT_FOUND_OR_MISMATCH.value: Lack.UNCONFIRMED,
}


def _lack(plan: _Plan, field: FormField, holder: Holder, outcome: str) -> Lack:
    """Why the holder gave nothing, should it have given nothing."""
    match holder:
        case Holder.APPLICANT:
            return Lack.NO_SOURCE
        case Holder.EARLIER_DOSSIER:
            return Lack.NOT_HELD
        case Holder.POPULATION:
            return _LACKS.get(outcome, Lack.SILENT) if field.person_field in plan.allowed else Lack.NOT_ALLOWED
    return Lack.NOT_ASKED


def _row(caller: Caller, asked: PrefillIn, plan: _Plan, made: Prefill) -> Row:
    fields = {
        part.field.name: {
            "state": part.filled.state.value,
            "why": part.filled.why.value,
            "source": part.filled.value.origin.value if part.filled.value else None,
            "authority": part.authority,
            "identifying": part.field.person_field in IDENTIFYING,
        }
        for part in made.fields
    }
    return {
        "id": made.id,
        "caller": caller.name,
        "agency": caller.agency,
        "officer": asked.officer,
        "unit_code": asked.unit,
        "dossier_code": asked.dossier,
        "procedure_code": plan.procedure,
        "subject_id": plan.subject,
        "form": made.form.id,
        "rules_version": made.rules_version,
        "fields": json.dumps(fields),
        "baseline": made.form.baseline_count,
        "filled": made.filled,
    }


def _entry(
    caller: Caller,
    asked: PrefillIn,
    plan: _Plan,
    outcome: str,
    correlation_id: str,
    detail: dict[str, object],
) -> AuditEntry:
    """A token serves many: the record says which officer it was, and why."""
    return AuditEntry(
        kind=AuditKind.PREFILL,
        outcome=outcome,
        actor=f"{asked.officer} ({caller.name})"[:100],
        agency=caller.agency,
        purpose=f"{Purpose.PREFILL.value}: {asked.purpose}"[:500],
        legal_basis=LEGAL_BASIS[Purpose.PREFILL],
        correlation_id=correlation_id,
        dossier_code=asked.dossier,
        procedure_code=plan.procedure,
        unit_code=asked.unit,
        subject_ref=plan.subject,
        detail={"form": plan.form.id} | detail,
    )
