"""The one way to the population database: a named officer, an open dossier, a purpose, and no field beyond the list.

What may not be asked is refused here, on record, before anything leaves; what comes back beyond the list is dropped.
A question and its entry are committed before it leaves, its outcome and a second entry after it. The outcome classes
stay apart: that no answer came is never told as "no such person".
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from app import observability
from app.domain.audit import AuditKind
from app.domain.breaker import BreakerPolicy
from app.domain.browsing import Trait, in_office_hours, traits_of
from app.domain.events import EventKind, Phase
from app.errors import OfficerLocked, PopulationBlocked, Refusal
from app.reference.rule_facts import IDENTIFYING
from app.store import audit, documents, dossiers, gates, owners, person_queries
from app.store import events as event_store
from app.store.person_queries import ASKED, BREAKER_OPEN, NOT_CONFIGURED
from app.store.session import WriteSession
from app.usecases import browsing, compliance, events, log_guard, papers
from app.usecases.context import Caller, Context
from app.usecases.person_case import Case, PersonQuestionFacts, judge, kind_of, new_request_id
from connectors.population import FieldValue, PersonConnector, PersonOutcome, PersonQuestion, RecordAnswer
from schemas.persons import PersonField

__all__ = ["SOURCE", "PersonQuestionFacts", "PersonTold", "ask_person"]

#: Name of the source: of its gate, of its events, and of what is asked in the log.
SOURCE = "population"
OUT_OF_TIME = "out_of_time"
GIVEN_UP = "given_up"
BROKEN_OFF = "broken_off"
#: Who waits less than this and hears nothing has learned nothing of the source.
FAIR_SECONDS = 5.0
# A call takes 15 seconds at most; a trial of which nothing is heard is not waited for much longer.
_TRIAL_SECONDS_MAX = 30.0
_NO_READABLE_ANSWER = frozenset({PersonOutcome.UNAVAILABLE, PersonOutcome.BAD_REPLY})
_REFUSED = frozenset({PersonOutcome.DENIED, PersonOutcome.QUOTA})
_ABOUT_THE_PERSON = frozenset({PersonOutcome.MATCH, PersonOutcome.NOT_FOUND_OR_MISMATCH})
_REASON_MAX = 200
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PersonTold:
    """What came of a question. Only MATCH and NOT_FOUND_OR_MISMATCH say anything about the person.

    ``record`` has the wanted fields that came with a value and no other; it is kept nowhere. Until ``valid_until`` the
    answer may feed decisions about its dossier; it is ``answered_at`` where there was none. ``incident`` is where it
    is on record that the source gave no answer that helps: ``event:<id>``, or ``query:<id>`` where the source is
    there and does not answer us (None: it answered).
    """

    query_id: str
    request_id: str
    outcome: PersonOutcome
    reason: str
    record: Mapping[PersonField, FieldValue] = field(repr=False)
    subject_id: str
    answered_at: datetime
    valid_until: datetime
    data_at: datetime | None = None
    incident: str | None = None
    retry_after_seconds: int | None = None


async def ask_person(
    context: Context,
    caller: Caller,
    question: PersonQuestionFacts,
    wanted: frozenset[PersonField] | None,
    correlation_id: str,
    *,
    seconds: float | None = None,
) -> PersonTold:
    """Ask once, and never again by itself.

    Args:
        context: the context.
        caller: whose token it is.
        question: who asks about whom, for which dossier and why.
        wanted: fields of the record (service 037); None: yes or no only (service 003).
        correlation_id: the id that goes with the request.
        seconds: how long the caller can wait; None: as long as a call may take. Who cannot wait any longer may also
            cancel: the question is on record as given up then.

    Raises:
        InvalidRecord, PopulationBlocked, OfficerLocked, UnknownDossier, DossierNotOpen, UnknownCode,
            PersonCheckDenied, PersonQuotaSpent: refused here; nothing left the house, and the refusal is on record
            (its member ``query`` is the id).
        AuditUnavailable: the log takes no entries, or is not signed for too long; nothing left the house.
    """
    await log_guard.require(context)
    blocked_by = await compliance.blocked_by(context)

    async def before(session: WriteSession) -> Case | PersonTold | Refusal:
        return await _begin(Case(context, caller, question, wanted, correlation_id, blocked_by=blocked_by), session)

    begun = await context.database.run(before)
    if isinstance(begun, Refusal):
        observability.PERSON_CHECKS.labels(begun.slug).inc()
        begun.on_record = True
        raise begun
    if isinstance(begun, PersonTold):
        observability.PERSON_CHECKS.labels(begun.outcome.value).inc()
        return begun
    try:
        async with asyncio.timeout(seconds):
            answer = await _reach(begun)
    except TimeoutError:
        is_fair = seconds is None or seconds >= FAIR_SECONDS
        return await _finish(begun, RecordAnswer(PersonOutcome.UNAVAILABLE, OUT_OF_TIME, None), of_source=is_fair)
    except asyncio.CancelledError:
        await _finish(begun, RecordAnswer(PersonOutcome.UNAVAILABLE, GIVEN_UP, None), of_source=False)
        raise
    except Exception:
        # A bug of ours; the question is not left as if its answer were still out.
        await _finish(begun, RecordAnswer(PersonOutcome.UNAVAILABLE, BROKEN_OFF, None), of_source=False)
        raise
    # Whom the connector itself refuses has heard nothing of the source.
    # One record that is mixed up is no reason to ask about nobody any more: people are alarmed instead.
    of_source = (answer.exchange is not None or answer.outcome not in _REFUSED) and not answer.alarm
    return await _finish(begun, answer, of_source=of_source)


async def _begin(case: Case, session: WriteSession) -> Case | PersonTold | Refusal:
    """Judge the question and put it on record, whatever comes of it; a case: it may leave now."""
    asked = case.question
    await person_queries.lock(session, asked.officer, asked.unit)
    case.now = await session.now()
    case.query_id, case.request_id = papers.new_id(case.now), new_request_id(case.context)
    case.office_hours = in_office_hours(case.context.calendar, case.now)
    refusal: Refusal | None = None
    try:
        kind = kind_of(asked)
        # Known by its id from here on, also in what is refused: one who asks about many is seen by that.
        subject = await documents.subject(session, kind.value, asked.number, papers.new_id(case.now), case.now)
        case.subject_id = subject
        await judge(case, session)
    except Refusal as found:
        refusal = found
    await person_queries.put(session, case.row(refusal.slug if refusal else ASKED))
    watched = browsing.Watched()
    if not isinstance(refusal, OfficerLocked | PopulationBlocked):
        traits = traits_of(refusal.slug if refusal else ASKED, office_hours=case.office_hours)
        watched = await browsing.watch(
            case.context, session, asked.officer, asked.unit, traits, case.correlation_id, case.now
        )
    if refusal is None and watched.stopped_by is not None:
        # The question that is one too many does not leave either.
        refusal = case.locked(watched.stopped_by)
        await person_queries.settle(session, case.query_id, outcome=refusal.slug)
    told = await _kept_in(case, session) if refusal is None else None
    kind_of_entry = AuditKind.REFUSED if refusal else AuditKind.PERSON_ASKED
    outcome = refusal.slug if refusal else told.outcome.value if told else ASKED
    entry = case.entry(kind_of_entry, outcome, {"reason": told.reason} if told else {})
    await audit.append(session, [entry, *watched.entries], case.now)
    if told is not None:
        told = replace(told, incident=await _source_is_silent(case, session, told, case.now))
    await browsing.tell(session, watched, asked.unit, case.now)
    if refusal is not None:
        refusal.members["query"] = case.query_id
    return refusal or told or case


async def _kept_in(case: Case, session: WriteSession) -> PersonTold | None:
    """What is told when nothing may leave although the question is in order; None: it may leave."""
    retry_after_seconds: int | None = None
    if case.context.population is None:
        reason = NOT_CONFIGURED
    else:
        admission = await gates.admit(session, SOURCE, _policy(case.context), 1, case.now)
        if admission.lanes:
            return None
        reason = BREAKER_OPEN
        if admission.retry_at is not None:
            retry_after_seconds = max(int((admission.retry_at - case.now).total_seconds()) + 1, 1)
    outcome = PersonOutcome.UNAVAILABLE
    await person_queries.settle(session, case.query_id, outcome=outcome.value, reason=reason, answered_at=case.now)
    return _told(case, RecordAnswer(outcome, reason, None), case.now, retry_after_seconds=retry_after_seconds)


def _policy(context: Context) -> BreakerPolicy:
    """Questions do not pile up as deliveries do: after a good trial and one more, all may go again."""
    policy = context.once.breaker
    trial_seconds = min(policy.trial_seconds, _TRIAL_SECONDS_MAX)
    return replace(policy, ramp_start_lanes=1, ramp_full_lanes=1, trial_seconds=trial_seconds)


async def _reach(case: Case) -> RecordAnswer:
    """Ask. No session is open, and nothing is known here that was not wanted."""
    population = _population(case)
    asked = case.question
    question = PersonQuestion(
        request_id=case.request_id,
        procedure_code=case.procedure or "",
        officer=asked.officer,
        unit=asked.unit,
        number=asked.number,
        full_name=asked.full_name,
        birth_date=asked.birth_date,
    )
    if case.wanted is None:
        answer = await population.verify(question)
        return RecordAnswer(answer.outcome, answer.reason, answer.exchange)
    wanted = case.wanted
    read = await population.read(question, wanted)
    # The connector drops what is beyond the list; were it to forget, it ends here.
    matched = read.outcome is PersonOutcome.MATCH
    record = {name: value for name, value in read.record.items() if name in wanted} if matched else {}
    return replace(read, record=record)


def _population(case: Case) -> PersonConnector:
    population = case.context.population
    assert population is not None  # noqa: S101 - without one nothing is let through
    return population


async def _finish(case: Case, answer: RecordAnswer, *, of_source: bool) -> PersonTold:
    """Put the outcome on record, tell the gate, and tell people what they must look at.

    ``of_source``: the outcome says whether the source is there.
    """

    async def after(session: WriteSession) -> PersonTold:
        return await _end(case, answer, session, of_source=of_source)

    told = await case.context.database.run(after)
    observability.PERSON_CHECKS.labels(answer.outcome.value).inc()
    if answer.alarm:
        _log.error("wrong_person", query=case.query_id, correlation_id=case.correlation_id)
    return told


async def _end(case: Case, answer: RecordAnswer, session: WriteSession, *, of_source: bool) -> PersonTold:
    asked, code = case.question, case.question.dossier_code
    await person_queries.lock(session, asked.officer)
    is_first = answer.outcome is PersonOutcome.MATCH and not await owners.matched(session, [code])
    if is_first:
        # Before the row of the gate, which everybody who asks needs: who hands over many dossiers holds this one long.
        await dossiers.lock(session, [code])
    now = await session.now()
    if of_source:
        await _tell_gate(case, answer, session, now)
    told = _told(case, answer, now)
    # What was asked with is confirmed by a yes, whether it came back or not.
    returned = sorted(IDENTIFYING | set(answer.record)) if answer.outcome is PersonOutcome.MATCH else []
    await person_queries.settle(
        session,
        case.query_id,
        outcome=answer.outcome.value,
        reason=answer.reason[:_REASON_MAX],
        fields_returned=returned,
        answered_at=now,
        valid_until=told.valid_until if answer.outcome in _ABOUT_THE_PERSON else None,
    )
    if is_first:
        # The nation is told which databases were used: now there is one more.
        await papers.promise(case.context, session, code, case.correlation_id, now)
    watched = browsing.Watched()
    if Trait.REPEATED_MISMATCH in traits_of(answer.outcome.value, office_hours=True):
        watched = await browsing.watch(
            case.context, session, asked.officer, asked.unit, {Trait.REPEATED_MISMATCH}, case.correlation_id, now
        )
    more: dict[str, object] = {"returned": [name.value for name in returned]}
    if answer.exchange is not None:
        more["wire"] = answer.exchange.facts()
    entry = case.entry(AuditKind.PERSON_ANSWERED, answer.outcome.value, more)
    await audit.append(session, [entry, *watched.entries], now)
    incident = await _source_is_silent(case, session, told, now) if of_source else f"query:{case.query_id}"
    told = replace(told, incident=incident)
    if answer.alarm:
        detail = _about(case)
        subject = f"query:{case.query_id}"
        await events.tell_transition(
            session, EventKind.WRONG_PERSON, Phase.STARTED, subject=subject, target=SOURCE, detail=detail, now=now
        )
    await browsing.tell(session, watched, asked.unit, now)
    return told


async def _tell_gate(case: Case, answer: RecordAnswer, session: WriteSession, now: datetime) -> None:
    bad = answer.outcome in _NO_READABLE_ANSWER
    await gates.record(
        session,
        SOURCE,
        _policy(case.context),
        good=not bad,
        bad=bad,
        now=now,
        begun_at=case.now,
        reason=answer.outcome.value.lower() if bad else None,
        message=answer.reason if bad else None,
    )


async def _source_is_silent(case: Case, session: WriteSession, told: PersonTold, now: datetime) -> str | None:
    """Begin or end the event that the source is silent; gives where the lack of an answer is on record."""
    if told.reason == NOT_CONFIGURED:
        return f"query:{case.query_id}"
    bad = told.outcome in _NO_READABLE_ANSWER
    await events.tell_transition(
        session,
        EventKind.SOURCE_SILENT,
        Phase.STARTED if bad else Phase.ENDED,
        subject=SOURCE,
        target=SOURCE,
        detail=_about(case) | {"outcome": told.outcome.value} if bad else {},
        now=now,
    )
    open_id = await event_store.open_id(session, EventKind.SOURCE_SILENT, SOURCE) if bad else None
    if open_id is not None:
        return f"event:{open_id}"
    return None if told.outcome in _ABOUT_THE_PERSON else f"query:{case.query_id}"


def _about(case: Case) -> dict[str, object]:
    return {"query": case.query_id, "dossier": case.question.dossier_code, "unit": case.question.unit}


def _told(case: Case, answer: RecordAnswer, now: datetime, *, retry_after_seconds: int | None = None) -> PersonTold:
    return PersonTold(
        query_id=case.query_id,
        request_id=case.request_id,
        outcome=answer.outcome,
        reason=answer.reason,
        record=answer.record,
        subject_id=case.subject_id or "",
        answered_at=now,
        valid_until=case.valid_until(now) if answer.outcome in _ABOUT_THE_PERSON else now,
        data_at=answer.data_at,
        retry_after_seconds=retry_after_seconds,
    )
