"""One question about a person on its way: may it be asked, and what is put on record of it."""

import json
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from app.domain.audit import AuditEntry, AuditKind, Personal
from app.domain.dossier import CLOSED_STATUSES, DossierStatus
from app.domain.matching import fold_name
from app.domain.rulesets import LEGAL_BASIS, VIETNAM, Purpose
from app.errors import (
    DossierNotOpen,
    Fault,
    InvalidRecord,
    OfficerLocked,
    PersonCheckDenied,
    PersonQuotaSpent,
    PopulationBlocked,
    UnknownCode,
    UnknownDossier,
)
from app.reference.rule_book import FIELDS
from app.reference.rule_facts import IDENTIFYING, FieldRule
from app.store import anomalies, dossiers, person_queries
from app.store.session import ReadSession, Row
from app.usecases import reach
from app.usecases.context import Caller, Context
from connectors.population import PopulationService
from schemas.persons import PersonField
from schemas.provincial import PaperKind

_PROVIDER = "population"
_BASE = LEGAL_BASIS[Purpose.VERIFY_PERSON]
_AUDIT_BASIS_MAX = 200
# No dossier has a longer code; a longer one that was asked under stands whole with the question.
_AUDIT_CODE_MAX = 60
_BASIS_MAX = 500
_PURPOSE_MAX = 500
_ACTOR_MAX = 100
# With a hyphen and 24 digits 40, as many as the database takes.
_AGENCY_SHOWN_MAX = 15
_NUMBERS = {12: PaperKind.PERSONAL_NUMBER, 9: PaperKind.OLD_IDENTITY_NUMBER}
_BIRTH_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}-[0-9]{2})?")
_YEAR = 4
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PersonQuestionFacts:
    """Who asks about whom, for which dossier and why.

    ``number`` has 12 digits, or 9 of an old paper; ``birth_date`` is ``yyyy-MM-dd`` or ``yyyy``.
    """

    dossier_code: str
    officer: str
    unit: str
    purpose: str
    number: str = field(repr=False)
    full_name: str = field(repr=False)
    birth_date: str = field(repr=False)


@dataclass(slots=True)
class Case:
    """A question and what has become known of it so far. ``wanted`` is None where only yes or no is asked for."""

    context: Context
    caller: Caller
    question: PersonQuestionFacts
    wanted: frozenset[PersonField] | None
    correlation_id: str
    now: datetime = _NEVER
    query_id: str = ""
    request_id: str = ""
    office_hours: bool = True
    subject_id: str | None = None
    procedure: str | None = None
    applicant: bool | None = None
    legal_basis: str = _BASE
    # Rows of the self-check for which nobody is asked about anybody now.
    blocked_by: tuple[str, ...] = ()

    @property
    def asked_fields(self) -> frozenset[PersonField]:
        """What is asked for, and what is asked with: who asks with it must be allowed to see it."""
        return IDENTIFYING | (self.wanted or frozenset())

    @property
    def service(self) -> str:
        """The database's number of the service."""
        return (PopulationService.VERIFY if self.wanted is None else PopulationService.RECORD).value

    def valid_until(self, answered_at: datetime) -> datetime:
        """How long an answer of this moment feeds decisions about its dossier."""
        return answered_at + timedelta(seconds=self.context.once.answer_seconds)

    def locked(self, anomaly_id: int) -> OfficerLocked:
        """The refusal of an officer who is stopped."""
        message = f"officer '{self.question.officer}' is locked because of anomaly {anomaly_id}"
        return OfficerLocked(message, faults=(Fault("/officer", message),))

    def blocked(self) -> PopulationBlocked:
        """The refusal of everybody until the self-check is green."""
        message = f"the self-check is red: {', '.join(self.blocked_by)}"
        return PopulationBlocked(message, members={"red": list(self.blocked_by)})

    def row(self, outcome: str) -> Row:
        """The question as it is kept."""
        asked = self.question
        return {
            "id": self.query_id,
            "request_id": self.request_id,
            "at": self.now,
            "caller": self.caller.name,
            "agency": self.caller.agency,
            "officer": asked.officer,
            "unit_code": asked.unit,
            "dossier_code": asked.dossier_code,
            "procedure_code": self.procedure,
            "subject_id": self.subject_id,
            "service": self.service,
            "purpose": asked.purpose[:_PURPOSE_MAX],
            "legal_basis": self.legal_basis[:_BASIS_MAX],
            "fields_asked": self.asked_fields,
            "outcome": outcome,
            "in_office_hours": self.office_hours,
        }

    def entry(self, kind: AuditKind, outcome: str, more: Mapping[str, object]) -> AuditEntry:
        """An entry of the log. It commits to whom a question was about; refusals told nobody, answers name theirs."""
        asked = self.question
        detail: dict[str, object] = {
            "query": self.query_id,
            "request_id": self.request_id,
            "service": self.service,
            "items": sorted(self.asked_fields),
        }
        if self.applicant is not None:
            detail["applicant"] = self.applicant
        # A citation that is cut would cite something else; the whole of it stands with the question.
        fits = len(self.legal_basis) <= _AUDIT_BASIS_MAX
        return AuditEntry(
            kind=kind,
            outcome=outcome,
            actor=f"{asked.officer} ({self.caller.name})"[:_ACTOR_MAX],
            agency=self.caller.agency,
            provider=_PROVIDER,
            purpose=f"{Purpose.VERIFY_PERSON.value}: {asked.purpose}"[:_PURPOSE_MAX],
            legal_basis=self.legal_basis if fits else _BASE,
            correlation_id=self.correlation_id,
            dossier_code=asked.dossier_code[:_AUDIT_CODE_MAX],
            procedure_code=self.procedure,
            unit_code=asked.unit,
            subject_ref=self.subject_id,
            detail=detail | dict(more),
            personal=self._personal() if (kind, outcome) == (AuditKind.PERSON_ASKED, person_queries.ASKED) else None,
        )

    def _personal(self) -> Personal | None:
        asked = self.question
        if self.subject_id is None:
            return None
        values = {"number": asked.number, "full_name": asked.full_name, "birth_date": asked.birth_date}
        return Personal(self.subject_id, values)


def new_request_id(context: Context) -> str:
    """An id of at most 40 characters that was never used."""
    return f"{context.agency[:_AGENCY_SHOWN_MAX]}-{uuid.uuid4().hex[:24]}"


def kind_of(question: PersonQuestionFacts) -> PaperKind:
    """What kind of number it is.

    Raises:
        InvalidRecord: the facts have a form that no question may have.
    """
    faults = []
    kind = _NUMBERS.get(len(question.number)) if question.number.isascii() and question.number.isdecimal() else None
    if kind is None:
        faults.append(Fault("/number", "the number has 12 digits, or 9 of an old paper"))
    # What the database does not compare does not leave: without a name it would match two facts of three.
    if not any(letter.isalpha() for letter in fold_name(question.full_name)):
        faults.append(Fault("/full_name", "the name has no letter that the population database compares"))
    if not _is_birth_date(question.birth_date):
        faults.append(Fault("/birth_date", "the birth date is no day (yyyy-MM-dd) and no year (yyyy)"))
    if kind is None or faults:
        raise InvalidRecord("; ".join(fault.detail for fault in faults), faults=tuple(faults))
    return kind


def _is_birth_date(text: str) -> bool:
    try:
        date.fromisoformat(f"{text}-01-01" if len(text) == _YEAR else text)
    except ValueError:
        return False
    return _BIRTH_DATE.fullmatch(text) is not None


async def judge(case: Case, session: ReadSession) -> None:
    """Whether the question may be asked; what becomes known on the way stands in the case.

    Raises:
        PopulationBlocked, OfficerLocked, UnknownDossier, DossierNotOpen, UnknownCode, OutOfReach, PersonCheckDenied,
        PersonQuotaSpent: it may not.
    """
    asked, context = case.question, case.context
    if case.blocked_by:
        raise case.blocked()
    stopped_by = await anomalies.locked_by(session, asked.officer)
    if stopped_by is not None:
        raise case.locked(stopped_by)
    await _open_dossier(case, session)
    if asked.unit not in context.catalogue.units:
        message = f"'{asked.unit}' is not in the table 'units'"
        raise UnknownCode(message, faults=(Fault("/unit", message, "units"),))
    reach.require_unit(context, case.caller, asked.unit, "/unit")
    reach.require_officer(case.caller, asked.officer)
    if context.person_officers is not None and asked.officer not in context.person_officers:
        message = f"officer '{asked.officer}' is not among those who may ask"
        raise PersonCheckDenied(message, faults=(Fault("/officer", message, "population officers"),))
    if context.person_procedures is not None and case.procedure not in context.person_procedures:
        message = f"procedure '{case.procedure}' is not licensed to ask the population database"
        raise PersonCheckDenied(message, faults=(Fault("/dossier_code", message, "population procedures"),))
    _within_the_list(case)
    await _within_the_quota(case, session)


async def _open_dossier(case: Case, session: ReadSession) -> None:
    code = case.question.dossier_code
    held = await dossiers.facts(session, code)
    if held is None or not reach.holds(case.context, case.caller, held["unit_code"]):
        message = f"dossier '{code}' was never handed over"
        raise UnknownDossier(message, faults=(Fault("/dossier_code", message),))
    case.procedure = held["procedure_code"]
    identities = json.loads(held["facts"]).get("applicant", {}).get("identities", [])
    case.applicant = case.question.number in {paper["number"] for paper in identities}
    status = DossierStatus(held["status"])
    if status in CLOSED_STATUSES:
        message = f"dossier '{code}' is closed ('{status.value}')"
        raise DossierNotOpen(message, faults=(Fault("/dossier_code", message),))


def _within_the_list(case: Case) -> None:
    """Only what the reviewed table lets this procedure see today; the rows that do so are the legal basis."""
    procedure = case.procedure or ""
    facts = case.context.catalogue.procedures.get(procedure)
    allowed: Mapping[PersonField, FieldRule] = case.context.rules.allowed_fields(
        procedure, facts.field_code if facts else None, case.now.astimezone(VIETNAM).date()
    )
    faults = tuple(
        Fault(f"/{name}", f"procedure '{procedure}' may not see '{name}' of a person", FIELDS)
        for name in sorted(case.asked_fields - allowed.keys())
    )
    if faults:
        raise PersonCheckDenied("; ".join(fault.detail for fault in faults), faults=faults)
    sources = [allowed[name].source for name in sorted(case.asked_fields)]
    case.legal_basis = "; ".join(dict.fromkeys([_BASE, *sources]))


async def _within_the_quota(case: Case, session: ReadSession) -> None:
    """Our own bounds, so that those of the database are not found by running into them."""
    once, asked = case.context.once, case.question
    if once.officer_calls_per_day:
        today = case.now.astimezone(VIETNAM).date()
        midnight = datetime.combine(today, time(), VIETNAM)
        if await person_queries.sent_by_officer(session, asked.officer, midnight) >= once.officer_calls_per_day:
            message = f"officer '{asked.officer}' has asked {once.officer_calls_per_day} questions today"
            left = midnight + timedelta(days=1) - case.now
            raise PersonQuotaSpent(message, retry_after_seconds=math.ceil(left.total_seconds()))
    if once.unit_calls_per_second:
        second = timedelta(seconds=1)
        if await person_queries.sent_by_unit(session, asked.unit, case.now - second) >= once.unit_calls_per_second:
            message = f"unit '{asked.unit}' has asked {once.unit_calls_per_second} questions within a second"
            raise PersonQuotaSpent(message, retry_after_seconds=1)
