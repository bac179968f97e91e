"""The gate before a citizen is asked for something: may it be asked, or does the state hold it already?

Whatever the answer, it is kept, with a decision an item; a component that is asked for refers to it. Law: NĐ
118/2025/NĐ-CP Điều 4, NĐ 224/2026/NĐ-CP Điều 18.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.audit import AuditEntry, AuditKind
from app.domain.documents import Source as HeldIn
from app.domain.events import EventKind, Phase
from app.domain.once_only import Decision, Found, Ruling, Source, decide
from app.domain.rulesets import LEGAL_BASIS, VIETNAM, Purpose
from app.errors import FactsMissing, Fault, UnknownCheck, UnknownCode
from app.reference.rule_facts import ItemKind
from app.store import audit, documents, lookups, once_only, person_queries
from app.store import events as event_store
from app.store.session import Row, WriteSession
from app.usecases import events, found_papers, once_only_discrepancies, papers, reach
from app.usecases import once_only_sources as sources
from app.usecases.context import Caller, Context
from app.usecases.found_papers import NOT_ASKED, Question, Told
from app.usecases.once_only_items import check_codes, items_of
from app.usecases.once_only_sources import Looked, Outside, Silence
from schemas.once_only import OnceOnlyCheckIn

# A check with its decisions, as ``app.store.once_only`` reads them.
Kept = tuple[Row, list[Row]]
_NEEDED = {
    Source.POPULATION: ("dossier", "full_name", "birth_date"),
    # ``national``: who does not want it asked gets no "nobody has it" either.
    Source.NATIONAL_STORE: ("dossier", "national", "requester_name", "requester_number"),
}
# Of several that hold it, the first of these is where it is taken from.
_NEAREST = (Source.PROVINCIAL_STORE, Source.EARLIER_DOSSIER, Source.POPULATION, Source.NATIONAL_STORE)
_TELLING = (Found.HELD, Found.SILENT, Found.NOT_HELD, Found.NOT_CONNECTED, Found.NOT_NEEDED)


@dataclass(frozen=True, slots=True)
class _Check:
    """One check on its way."""

    context: Context
    caller: Caller
    asked: OnceOnlyCheckIn
    correlation_id: str

    def entry(self, subject: str, outcome: str, detail: dict[str, object]) -> AuditEntry:
        """An entry about it. A token serves many: it says which officer it was."""
        asked = self.asked
        named = [item.component_code or item.field or "-" for item in asked.items]
        return AuditEntry(
            kind=AuditKind.ONCE_ONLY,
            outcome=outcome,
            actor=f"{asked.officer} ({self.caller.name})"[:100],
            agency=self.caller.agency,
            purpose=f"{Purpose.ONCE_ONLY.value}: {asked.purpose}"[:500],
            legal_basis=LEGAL_BASIS[Purpose.ONCE_ONLY],
            correlation_id=self.correlation_id,
            dossier_code=asked.dossier,
            procedure_code=asked.procedure,
            unit_code=asked.unit,
            subject_ref=subject,
            detail={"items": named} | detail,
        )


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A check that has looked here and must ask outside."""

    subject: str
    found: list[Looked]
    outside: Outside


async def check(context: Context, caller: Caller, asked: OnceOnlyCheckIn, correlation_id: str) -> Kept:
    """Decide on every item, keep the decisions and give them. One transaction when nothing must leave the house.

    Raises:
        UnknownCode, OutOfReach, UnknownDossier, DossierNotOpen: refused before anybody looks.
        FactsMissing: a source would have to be asked and cannot be without these.
        OfficerLocked: this officer may not ask about persons.
        PopulationBlocked: nobody may, until the self-check is green.
    """
    check_codes(context, asked)
    reach.require_unit(context, caller, asked.unit, "/unit")
    reach.require_officer(caller, asked.officer)
    doing = _Check(context, caller, asked, correlation_id)

    async def before(session: WriteSession) -> Kept | _Waiting:
        return await _begin(doing, session)

    begun = await context.database.run(before)
    if not isinstance(begun, _Waiting):
        return begun
    silences, told = await sources.ask_outside(context, caller, asked, begun.outside, correlation_id)

    async def after(session: WriteSession) -> Kept:
        now = await session.now()
        await _tell_silences(doing, session, begun.outside, silences, now)
        return await _keep(doing, session, begun.subject, begun.found, told, now)

    return await context.database.run(after)


async def read_check(context: Context, check_id: str) -> Kept:
    """A check as it was answered.

    Raises:
        UnknownCheck: there is none.
    """
    async with context.database.read() as session:
        found = await once_only.find(session, check_id)
    if found is None:
        message = f"check '{check_id}' does not exist"
        raise UnknownCheck(message)
    return found


async def _begin(doing: _Check, session: WriteSession) -> Kept | _Waiting:
    context, asked = doing.context, doing.asked
    now = await session.now()
    field_code = context.catalogue.procedures[asked.procedure].field_code
    if asked.dossier is not None:
        dossier = await found_papers.open_dossier(context, doing.caller, session, asked.dossier)
        if dossier.procedure_code != asked.procedure:
            message = f"dossier '{asked.dossier}' is one of procedure '{dossier.procedure_code}'"
            raise UnknownCode(message, faults=(Fault("/procedure", message, "procedure of the dossier"),))
    owner = asked.subject
    subject = await documents.subject(session, owner.kind.value, owner.number, papers.new_id(now), now)
    items = items_of(context, asked, now.astimezone(VIETNAM).date())
    found = await sources.look_here(context, session, asked, items, subject, now)
    outside = sources.to_ask(context, asked, found, field_code, now)
    if not outside.sources:
        return await _keep(doing, session, subject, found, Told(), now)
    _refuse_without_facts(asked, outside)
    detail: dict[str, object] = {"sources": [source.value for source in outside.sources]}
    await audit.append(session, [doing.entry(subject, "asked", detail)], now)
    return _Waiting(subject, found, outside)


def _refuse_without_facts(asked: OnceOnlyCheckIn, outside: Outside) -> None:
    missing = {
        name: f"{name}: {source.value} is not asked without it"
        for source in reversed(outside.sources)
        for name in _NEEDED[source]
        if not getattr(asked, name)
    }
    if missing:
        faults = tuple(Fault(f"/{name}", message) for name, message in sorted(missing.items()))
        message = f"{', '.join(sorted(missing))}: needed to ask where these items are held"
        raise FactsMissing(message, faults=faults)


async def _tell_silences(
    doing: _Check, session: WriteSession, outside: Outside, silences: Sequence[Silence], now: datetime
) -> None:
    """Begin and end what is told of the national store; of the population database tells whoever asked it."""
    incidents = {silent.source: silent.incident for silent in silences}
    for silent in silences:
        if silent.source is Source.NATIONAL_STORE:
            await _tell(session, silent.source, Phase.STARTED, {"reason": silent.reason}, now)
            number = await event_store.open_id(session, EventKind.SOURCE_SILENT, silent.source.value)
            incidents[silent.source] = f"event:{number}"
        elif silent.incident is None:
            incidents[silent.source] = await _refused_question(doing, session, silent.reason)
    if outside.papers and Source.NATIONAL_STORE not in incidents:
        await _tell(session, Source.NATIONAL_STORE, Phase.ENDED, {}, now)
    sources.note_silences(outside, incidents)


async def _refused_question(doing: _Check, session: WriteSession, slug: str) -> str | None:
    """Where it is on record that a question was kept in the house."""
    asked = doing.asked
    wanted = person_queries.Wanted(officer=asked.officer, dossier=asked.dossier, outcome=slug, limit=1)
    rows = await person_queries.page(session, wanted)
    return f"query:{rows[0]['id']}" if rows else None


async def _tell(session: WriteSession, source: Source, phase: Phase, detail: dict[str, object], now: datetime) -> None:
    kind, name = EventKind.SOURCE_SILENT, source.value
    await events.tell_transition(session, kind, phase, subject=name, target=name, detail=detail, now=now)


async def _keep(
    doing: _Check, session: WriteSession, subject: str, found: Sequence[Looked], told: Told, now: datetime
) -> Kept:
    """Rule on every item and write it all down."""
    context, asked = doing.context, doing.asked
    check_id = papers.new_id(now)
    decisions = [
        await _decision(doing, session, subject, looked, told, now) | {"check_id": check_id} for looked in found
    ]
    row: Row = {
        "id": check_id,
        "at": now,
        "caller": doing.caller.name,
        "agency": doing.caller.agency,
        "officer": asked.officer,
        "unit_code": asked.unit,
        "dossier_code": asked.dossier,
        "procedure_code": asked.procedure,
        "subject_id": subject,
        "rules_version": context.rules.version,
        "sources": json.dumps(dict(_said(found))),
    }
    await once_only.add_check(session, row, decisions)
    detail: dict[str, object] = {"check": check_id, "decisions": [part["decision"] for part in decisions]}
    await audit.append(session, [doing.entry(subject, "answered", detail)], now)
    kept = await once_only.find(session, check_id)
    assert kept is not None  # noqa: S101 - written by the lines above
    return kept


def _said(found: Iterable[Looked]) -> Iterator[tuple[str, str]]:
    """What each source said, over all items: the most telling."""
    seen = list(found)
    for source in Source:
        said = {looked.findings[source].found for looked in seen if source in looked.findings}
        yield source.value, next((one for one in _TELLING if one in said), Found.NOT_NEEDED).value


async def _decision(
    doing: _Check, session: WriteSession, subject: str, looked: Looked, told: Told, now: datetime
) -> Row:
    item = looked.item
    findings = [looked.findings[source] for source in _NEAREST if source in looked.findings]
    ruling = decide(findings, sector_law=item.exemption is not None, grounds=item.grounds)
    finding = ruling.finding
    pointer = await _pointer(doing, session, subject, looked, ruling, told, now)
    discrepancy = None
    if ruling.decision is Decision.INACCURATE and finding is not None:
        discrepancy = await once_only_discrepancies.report(
            doing.context, session, doing.asked, subject, finding.source, item, now
        )
    return {
        "id": papers.new_id(now),
        "at": now,
        "place": item.place,
        "kind": item.kind.value,
        "code": item.code,
        "decision": ruling.decision.value,
        "source": finding.source.value if finding else None,
        "pointer": json.dumps(pointer) if pointer else None,
        "incident": finding.incident if finding else None,
        "discrepancy_id": discrepancy,
        "citation": item.exemption.citation if item.exemption else item.citation if finding else None,
        "reason": item.reason,
    }


async def _pointer(
    doing: _Check,
    session: WriteSession,
    subject: str,
    looked: Looked,
    ruling: Ruling,
    told: Told,
    now: datetime,
) -> dict[str, str]:
    """Where to take it from. A paper for a dossier is offered as a look-up offers it, and counts as one."""
    asked, finding = doing.asked, ruling.finding
    pointer = dict(finding.pointer) if finding else {}
    is_paper = looked.item.kind is ItemKind.COMPONENT and looked.candidates
    of_a_store = finding is not None and finding.source is not Source.POPULATION
    if ruling.decision is not Decision.HAVE_VALID or asked.dossier is None or not (is_paper and of_a_store):
        return pointer
    wanted = {"component_code": looked.item.code, "result_codes": sorted(looked.item.results), "number_symbol": None}
    question = Question(
        doing.caller.name, asked.officer, asked.dossier, asked.unit, subject, json.dumps(wanted, ensure_ascii=False)
    )
    of_the_nation = any(paper["held_in"] == HeldIn.NATIONAL_STORE.value for paper in looked.candidates)
    outcome = told.outcome if of_the_nation else NOT_ASKED
    row = found_papers.lookup_row(question, looked.candidates, outcome, now)
    await lookups.add(session, row)
    return pointer | {"lookup_id": row["id"], "candidate": "0"}
