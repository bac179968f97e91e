"""Ask the population database, for an open dossier, by a named officer, with a purpose on record.

The entry before the question is written first: no entry, no question. Nothing of the person is kept but a hash.
"""

import hashlib
import hmac
import uuid
from dataclasses import dataclass

from app import observability
from app.domain.audit import AuditEntry, AuditKind
from app.domain.dossier import CLOSED_STATUSES, DossierStatus
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import (
    DossierNotOpen,
    Fault,
    PersonCheckDenied,
    PersonCheckUnavailable,
    PersonQuotaSpent,
    PersonReplyUnreadable,
    Refusal,
    UnknownCode,
    UnknownDossier,
)
from app.store import audit, dossiers
from app.store.session import WriteSession
from app.usecases.context import Caller, Context
from connectors.population import PersonAnswer, PersonOutcome, PersonQuestion
from schemas.provincial import PersonCheckIn

_REFUSALS: dict[PersonOutcome, type[Refusal]] = {
    PersonOutcome.DENIED: PersonCheckDenied,
    PersonOutcome.QUOTA: PersonQuotaSpent,
    PersonOutcome.UNAVAILABLE: PersonCheckUnavailable,
    PersonOutcome.BAD_REPLY: PersonReplyUnreadable,
}
_PROVIDER = "population"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The database's own yes or no."""

    outcome: str
    match: bool
    request_id: str


async def verify_person(context: Context, caller: Caller, asked: PersonCheckIn, correlation_id: str) -> Verdict:
    """Ask once, and keep the outcome classes apart: a time-out is never "no such person".

    Raises:
        UnknownDossier, DossierNotOpen, UnknownCode, PersonCheckDenied: refused here, nothing left the house.
        PersonCheckDenied, PersonQuotaSpent, PersonCheckUnavailable, PersonReplyUnreadable: no verdict.
    """
    request_id = f"{context.agency}-{uuid.uuid4().hex[:24]}"

    async def before(session: WriteSession) -> str:
        procedure = await _check(context, session, asked)
        entry = _entry(context, caller, asked, procedure, AuditKind.PERSON_ASKED, "asked", correlation_id, request_id)
        await audit.append(session, [entry], await session.now())
        return procedure

    try:
        procedure = await context.database.run(before)
    except Refusal as refused:
        await _put_on_record(context, caller, asked, refused, correlation_id, request_id)
        raise
    answer = await _ask(context, asked, procedure, request_id)

    async def after(session: WriteSession) -> None:
        entry = _entry(
            context,
            caller,
            asked,
            procedure,
            AuditKind.PERSON_ANSWERED,
            answer.outcome.value,
            correlation_id,
            request_id,
        )
        await audit.append(session, [entry], await session.now())

    await context.database.run(after)
    observability.PERSON_CHECKS.labels(answer.outcome.value).inc()
    refusal = _REFUSALS.get(answer.outcome)
    if refusal is not None:
        told = refusal(answer.reason or answer.outcome.value, members={"outcome": answer.outcome.value, "match": None})
        told.on_record = True
        raise told
    return Verdict(answer.outcome.value, answer.outcome is PersonOutcome.MATCH, request_id)


async def _put_on_record(
    context: Context, caller: Caller, asked: PersonCheckIn, refusal: Refusal, correlation_id: str, request_id: str
) -> None:
    """A question that was refused here is on record with its officer, dossier and purpose too."""

    async def work(session: WriteSession) -> None:
        entry = _entry(context, caller, asked, None, AuditKind.REFUSED, refusal.slug, correlation_id, request_id)
        await audit.append(session, [entry], await session.now())

    await context.database.run(work)
    refusal.on_record = True


async def _check(context: Context, session: WriteSession, asked: PersonCheckIn) -> str:
    held = (await dossiers.load(session, [asked.dossier_code])).get(asked.dossier_code)
    if held is None:
        message = f"dossier '{asked.dossier_code}' was never handed over"
        raise UnknownDossier(message, faults=(Fault("/dossier_code", message),))
    status = DossierStatus(held.snapshot.status)
    if status in CLOSED_STATUSES:
        message = f"dossier '{asked.dossier_code}' is closed ('{status.value}')"
        raise DossierNotOpen(message, faults=(Fault("/dossier_code", message),))
    if asked.unit not in context.catalogue.units:
        message = f"'{asked.unit}' is not in the table 'units'"
        raise UnknownCode(message, faults=(Fault("/unit", message, "units"),))
    if context.person_procedures is not None and held.procedure_code not in context.person_procedures:
        message = f"procedure '{held.procedure_code}' is not licensed to ask the population database"
        raise PersonCheckDenied(message, faults=(Fault("/dossier_code", message, "population procedures"),))
    return held.procedure_code


async def _ask(context: Context, asked: PersonCheckIn, procedure: str, request_id: str) -> PersonAnswer:
    if context.population is None:
        return PersonAnswer(PersonOutcome.UNAVAILABLE, "no population database is configured", None)
    return await context.population.verify(
        PersonQuestion(
            request_id=request_id,
            procedure_code=procedure,
            officer=asked.officer,
            unit=asked.unit,
            number=asked.number,
            full_name=asked.full_name,
            birth_date=asked.birth_date,
        )
    )


def _subject(context: Context, number: str) -> str | None:
    """A keyed hash: the same person is the same reference, and nobody without the key can try all numbers."""
    if context.subject_key is None:
        return None
    return hmac.new(context.subject_key, number.encode(), hashlib.sha256).hexdigest()


def _entry(
    context: Context,
    caller: Caller,
    asked: PersonCheckIn,
    procedure: str | None,
    kind: AuditKind,
    outcome: str,
    correlation_id: str,
    request_id: str,
) -> AuditEntry:
    return AuditEntry(
        kind=kind,
        outcome=outcome,
        actor=f"{asked.officer} ({caller.name})"[:100],
        agency=caller.agency,
        provider=_PROVIDER,
        purpose=f"{Purpose.VERIFY_PERSON.value}: {asked.purpose}"[:500],
        legal_basis=LEGAL_BASIS[Purpose.VERIFY_PERSON],
        correlation_id=correlation_id,
        dossier_code=asked.dossier_code,
        procedure_code=procedure,
        unit_code=asked.unit,
        subject_ref=_subject(context, asked.number),
        detail={"request_id": request_id, "items": ["number", "full_name", "birth_date"], "service": "003"},
    )
