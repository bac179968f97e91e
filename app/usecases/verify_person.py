"""Are these facts those of one person? Field by field yes, no or partial, each with its reason; never the record."""

from dataclasses import dataclass, replace

from app.errors import (
    PersonCheckDenied,
    PersonCheckUnavailable,
    PersonQuotaSpent,
    PersonReplyUnreadable,
    Refusal,
)
from app.reference.rule_facts import IDENTIFYING
from app.store.person_queries import BREAKER_OPEN, NOT_CONFIGURED
from app.usecases import compare_person
from app.usecases.ask_person import PersonTold, ask_person
from app.usecases.compare_person import FieldVerdict
from app.usecases.context import Caller, Context
from app.usecases.person_case import PersonQuestionFacts
from connectors.population import PersonOutcome
from schemas.persons import PersonCheckIn

_REFUSALS: dict[PersonOutcome, type[Refusal]] = {
    PersonOutcome.DENIED: PersonCheckDenied,
    PersonOutcome.QUOTA: PersonQuotaSpent,
    PersonOutcome.UNAVAILABLE: PersonCheckUnavailable,
    PersonOutcome.BAD_REPLY: PersonReplyUnreadable,
}
_IN_WORDS = {
    BREAKER_OPEN: "it has not answered lately, so nothing was asked",
    NOT_CONFIGURED: "no population database is configured",
}


@dataclass(frozen=True, slots=True)
class PersonCheck:
    """The database's own yes or no, and what it means for each declared fact."""

    told: PersonTold
    fields: tuple[FieldVerdict, ...]
    warnings: tuple[FieldVerdict, ...]

    @property
    def match(self) -> bool:
        """Whether number, name and birth date are one person's."""
        return self.told.outcome is PersonOutcome.MATCH


async def verify_person(context: Context, caller: Caller, asked: PersonCheckIn, correlation_id: str) -> PersonCheck:
    """Ask once, and keep the outcome classes apart: a time-out is never "no such person".

    Without declared facts the database is asked for yes or no only; with them for those fields, to compare. For a
    person of whom only the year is known, the officer asks anew with the year; nothing is asked twice by itself.

    Raises:
        InvalidRecord, OfficerLocked, UnknownDossier, DossierNotOpen, UnknownCode, PersonCheckDenied, PersonQuotaSpent:
            refused here, nothing left the house.
        PersonCheckDenied, PersonQuotaSpent, PersonCheckUnavailable, PersonReplyUnreadable: no verdict.
    """
    wanted = compare_person.declared_fields(asked.declared)
    question = PersonQuestionFacts(
        dossier_code=asked.dossier_code,
        officer=asked.officer,
        unit=asked.unit,
        purpose=asked.purpose,
        number=asked.number,
        full_name=asked.full_name,
        birth_date=asked.birth_date,
    )
    try:
        told = await ask_person(context, caller, question, (wanted | IDENTIFYING) if wanted else None, correlation_id)
    except PersonCheckDenied as refused:
        declared = {f"/{name}" for name in wanted}
        refused.faults = tuple(
            replace(fault, pointer=f"/declared{fault.pointer}") if fault.pointer in declared else fault
            for fault in refused.faults
        )
        raise
    kind = _REFUSALS.get(told.outcome)
    if kind is not None:
        raise _no_verdict(kind, told)
    if told.outcome is PersonOutcome.MATCH:
        fields = compare_person.compared(asked, told.record, context.places)
    else:
        fields = compare_person.nothing_told(asked)
    return PersonCheck(told, fields, compare_person.warnings(asked, context.places))


def _no_verdict(kind: type[Refusal], told: PersonTold) -> Refusal:
    """The question's own entries tell of it already."""
    refusal = kind(
        _IN_WORDS.get(told.reason, told.reason) or told.outcome.value,
        members={"outcome": told.outcome.value, "match": None},
        retry_after_seconds=told.retry_after_seconds,
    )
    refusal.on_record = True
    return refusal
