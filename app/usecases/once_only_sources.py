"""Looking for what officers are about to ask for: here first, then outside, each source once for all items.

Looking here is a part of the caller's transaction. What is asked outside goes out with no session open, all at the
same time and within one budget; who has not answered by then was silent.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.documents import Role, Verdict, stands_for
from app.domain.once_only import Finding, Found, Source
from app.domain.rulesets import VIETNAM
from app.errors import PersonQuotaSpent
from app.reference.rule_facts import IDENTIFYING
from app.store import once_only, person_queries
from app.store.session import ReadSession, Row
from app.usecases import found_papers
from app.usecases.ask_person import PersonTold, ask_person
from app.usecases.context import Caller, Context
from app.usecases.found_papers import Asker, Told
from app.usecases.once_only_items import Item
from app.usecases.person_case import PersonQuestionFacts
from connectors.national_store import StoreOutcome
from connectors.population.outcomes import PersonOutcome
from schemas.once_only import OnceOnlyCheckIn
from schemas.persons import PersonField

_TOO_LATE = "out_of_time"
_ABOUT_THE_PERSON = frozenset({PersonOutcome.MATCH, PersonOutcome.NOT_FOUND_OR_MISMATCH})
_SAYS_SOMETHING = frozenset({StoreOutcome.FOUND.value.lower(), StoreOutcome.NOTHING_HELD.value.lower()})


@dataclass(slots=True)
class Looked:
    """What was found of one item: a finding a source, and the papers that could be taken, best first."""

    item: Item
    findings: dict[Source, Finding] = field(default_factory=dict)
    candidates: list[Row] = field(default_factory=list)

    @property
    def is_held(self) -> bool:
        """Whether a source has it."""
        return any(finding.found is Found.HELD for finding in self.findings.values())

    def note(self, source: Source, found: Found, incident: str | None = None, **pointer: str) -> None:
        """Keep what a source said."""
        self.findings[source] = Finding(source, found, tuple(pointer.items()), incident)


@dataclass(frozen=True, slots=True)
class Silence:
    """A source that gave no answer that helps. ``incident`` is None where nobody has put it on record yet."""

    source: Source
    reason: str
    incident: str | None = None


@dataclass(slots=True)
class Outside:
    """What must be asked outside, for which items."""

    persons: list[Looked] = field(default_factory=list)
    papers: list[Looked] = field(default_factory=list)

    @property
    def sources(self) -> list[Source]:
        """The sources that are asked."""
        asked = {Source.POPULATION: self.persons, Source.NATIONAL_STORE: self.papers}
        return [source for source, wanted in asked.items() if wanted]

    @property
    def fields(self) -> frozenset[PersonField]:
        """The facts about the person that are asked for, all in one question."""
        return frozenset().union(*(looked.item.fields for looked in self.persons))

    @property
    def results(self) -> list[tuple[str, str | None]]:
        """The results that are asked for."""
        codes = frozenset().union(*(looked.item.results for looked in self.papers))
        return [(code, None) for code in sorted(codes)]


async def look_here(
    context: Context, session: ReadSession, asked: OnceOnlyCheckIn, items: Iterable[Item], subject: str, now: datetime
) -> list[Looked]:
    """Look in the provincial store, in earlier dossiers and at answers about the person that still count."""
    found = [Looked(item) for item in items]
    open_items = [looked for looked in found if looked.item.exemption is None]
    await _papers(context, session, asked, open_items, subject, now)
    if any(looked.item.told for looked in open_items):
        await _earlier_words(session, asked, open_items, subject)
    if asked.dossier is not None and any(looked.item.fields for looked in open_items):
        living = await person_queries.answered(session, asked.dossier, subject, now)
        for looked in open_items:
            wanted = frozenset(field.value for field in looked.item.fields)
            answer = next((answer for answer in living if wanted and wanted <= answer.fields), None)
            if answer is not None and not looked.is_held:
                looked.note(Source.POPULATION, Found.HELD, query_id=answer.query_id)
    return found


async def _papers(
    context: Context,
    session: ReadSession,
    asked: OnceOnlyCheckIn,
    items: Sequence[Looked],
    subject: str,
    now: datetime,
) -> None:
    results = frozenset().union(*(looked.item.results for looked in items))
    components = frozenset(looked.item.component for looked in items if looked.item.component)
    wanted = {role: codes for role, codes in ((Role.RESULT, results), (Role.COMPONENT, components)) if codes}
    if not wanted:
        return
    good = context.papers.verdicts
    verdicts = {role: [verdict for verdict in Verdict if stands_for(role, verdict, good)] for role in wanted}
    today = now.astimezone(VIETNAM).date().isoformat()
    rows = await once_only.papers_of(session, subject, wanted, verdicts, today)
    for looked in items:
        item = looked.item
        ours = [row for row in rows if row["role"] == Role.RESULT.value and row["code"] in item.results]
        # What this dossier holds already is no earlier dossier's.
        theirs = [
            row
            for row in rows
            if row["role"] == Role.COMPONENT.value
            and row["code"] == item.component
            and row["dossier_code"] != asked.dossier
        ]
        if item.results:
            _note_papers(looked, Source.PROVINCIAL_STORE, ours)
        if item.component:
            _note_papers(looked, Source.EARLIER_DOSSIER, theirs)


def _note_papers(looked: Looked, source: Source, rows: Iterable[Row]) -> None:
    offered = found_papers.once_each(rows)
    looked.candidates += [found_papers.held_here(row) for row in offered]
    if offered:
        looked.note(source, Found.HELD, document=offered[0]["id"])
    else:
        looked.note(source, Found.NOT_HELD)


async def _earlier_words(session: ReadSession, asked: OnceOnlyCheckIn, items: Iterable[Looked], subject: str) -> None:
    """What the person has said of themself in an earlier dossier, where it was left at the newest that says it."""
    earlier = [
        (code, json.loads(facts).get("applicant", {}))
        for code, facts in await once_only.earlier_dossiers(session, subject, asked.dossier)
    ]
    for looked in items:
        told = looked.item.told
        if told is not None:
            at = next((code for code, applicant in earlier if applicant.get(told)), None)
            if at is None:
                looked.note(Source.EARLIER_DOSSIER, Found.NOT_HELD)
            else:
                looked.note(Source.EARLIER_DOSSIER, Found.HELD, dossier=at)


def to_ask(
    context: Context, asked: OnceOnlyCheckIn, found: Iterable[Looked], field_code: str | None, now: datetime
) -> Outside:
    """What is left to be asked outside; where a source may or can not be asked, that is noted."""
    outside = Outside()
    allowed = context.rules.allowed_fields(asked.procedure, field_code, now.astimezone(VIETNAM).date())
    licensed = context.person_procedures is None or asked.procedure in context.person_procedures
    for looked in found:
        if looked.is_held:
            continue
        fields, results = looked.item.fields, looked.item.results
        if fields and (context.population is None or not licensed or not IDENTIFYING | fields <= allowed.keys()):
            looked.note(Source.POPULATION, Found.NOT_CONNECTED)
        elif fields:
            outside.persons.append(looked)
        if not results or not found_papers.may_hold(asked.subject):
            continue
        if found_papers.national_store(context) is None:
            looked.note(Source.NATIONAL_STORE, Found.NOT_CONNECTED)
        else:
            outside.papers.append(looked)
    return outside


async def ask_outside(
    context: Context, caller: Caller, asked: OnceOnlyCheckIn, outside: Outside, correlation_id: str
) -> tuple[list[Silence], Told]:
    """Ask all that is left, at the same time, and note what each source said of its items.

    Raises:
        Refusal: a question about the person was refused here, so the whole check is.
    """
    deadline = asyncio.get_running_loop().time() + context.once.seconds
    person, papers = await asyncio.gather(
        _ask_population(context, caller, asked, outside, deadline, correlation_id),
        _ask_nation(context, asked, outside, deadline),
        return_exceptions=True,
    )
    for answer in (person, papers):
        if isinstance(answer, BaseException):
            raise answer
    assert not isinstance(person, BaseException)  # noqa: S101 - raised above
    assert not isinstance(papers, BaseException)  # noqa: S101 - raised above
    told, silence = papers
    return [silent for silent in (person, silence) if silent is not None], told


async def _ask_population(
    context: Context, caller: Caller, asked: OnceOnlyCheckIn, outside: Outside, deadline: float, correlation_id: str
) -> Silence | None:
    if not outside.persons:
        return None
    question = PersonQuestionFacts(
        dossier_code=asked.dossier or "",
        officer=asked.officer,
        unit=asked.unit,
        purpose=asked.purpose,
        number=asked.subject.number,
        full_name=asked.full_name or "",
        birth_date=asked.birth_date or "",
    )
    # No more than is needed: where yes or no tells it, the record is not read.
    wanted = outside.fields - IDENTIFYING or None
    told: PersonTold | None = None
    while told is None:
        seconds = max(deadline - asyncio.get_running_loop().time(), 0.0)
        try:
            told = await ask_person(context, caller, question, wanted, correlation_id, seconds=seconds)
        except PersonQuotaSpent as spent:
            wait_seconds = spent.retry_after_seconds
            if wait_seconds is None or wait_seconds >= seconds:
                return Silence(Source.POPULATION, PersonQuotaSpent.slug)
            # That a desk is busy for a second is no reason to ask a citizen.
            await asyncio.sleep(wait_seconds)
    if told.outcome not in _ABOUT_THE_PERSON:
        return Silence(Source.POPULATION, told.outcome.value.lower(), told.incident)
    known = IDENTIFYING | told.record.keys() if told.outcome is PersonOutcome.MATCH else frozenset()
    for looked in outside.persons:
        if looked.item.fields <= known:
            looked.note(Source.POPULATION, Found.HELD, query_id=told.query_id)
        else:
            looked.note(Source.POPULATION, Found.NOT_HELD)
    return None


async def _ask_nation(
    context: Context, asked: OnceOnlyCheckIn, outside: Outside, deadline: float
) -> tuple[Told, Silence | None]:
    if not outside.papers:
        return Told(), None
    asker = Asker(asked.requester_name, asked.requester_number)
    try:
        async with asyncio.timeout_at(deadline):
            told = await found_papers.ask_nation(context, asked.subject, asker, asked.procedure, outside.results)
    except TimeoutError:
        return Told(StoreOutcome.UNAVAILABLE.value.lower()), Silence(Source.NATIONAL_STORE, _TOO_LATE)
    if told.outcome not in _SAYS_SOMETHING:
        return told, Silence(Source.NATIONAL_STORE, told.outcome)
    for looked in outside.papers:
        offered = [candidate for candidate in told.candidates if candidate["code"] in looked.item.results]
        looked.candidates += offered
        # A paper that cannot be kept as it was described may be this one: that is not "not held".
        if offered or not told.dropped:
            looked.note(Source.NATIONAL_STORE, Found.HELD if offered else Found.NOT_HELD)
    is_untold = any(Source.NATIONAL_STORE not in looked.findings for looked in outside.papers)
    return told, Silence(Source.NATIONAL_STORE, StoreOutcome.BAD_REPLY.value.lower()) if is_untold else None


def note_silences(outside: Outside, incidents: Mapping[Source, str | None]) -> None:
    """Note of all items of which a source said nothing under which incident that is on record."""
    waiting = {Source.POPULATION: outside.persons, Source.NATIONAL_STORE: outside.papers}
    for source, incident in incidents.items():
        for looked in waiting[source]:
            if source not in looked.findings:
                looked.note(source, Found.SILENT, incident)
