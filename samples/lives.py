"""One dossier from filing to its end: a snapshot for each status it enters, and the steps in between."""

from collections.abc import Iterator
from random import Random
from typing import Final

from app.reference import Catalogue
from samples import papers, words
from samples.entering import enter
from samples.offices import Office, Officer
from samples.paths import Stay
from samples.people import Json, People, chance
from samples.tale import Case, Line, Tale
from samples.worktime import RECORDS_END

_SUMMARY_LIMIT: Final = 1000
# The order in which a snapshot's fields are written; what a dossier does not have is left out.
_FIELDS: Final = (
    *("type", "code", "revision", "procedure", "receiving_unit", "applicant", "summary", "channel", "filed_at"),
    *("status", "submitted_at", "received_at", "due_at", "finished_at", "returned_at", "refused_at"),
    *("return_method", "return_note", "note", "online_payment", "databases_consulted"),
    *("components", "fees", "supplements", "results"),
)


def tell(random: Random, catalogue: Catalogue, people: People, office: Office, case: Case) -> tuple[list[Line], str]:
    """The lines of one dossier in causal order, and the people its applicant belongs to ("" for bodies)."""
    kinds = case.plan.trade.applicants
    kind = random.choices(list(kinds), weights=list(kinds.values()))[0]
    applicant, folk = people.applicant(kind, office.place)
    tale = Tale(
        case,
        random,
        catalogue,
        office,
        _first_facts(random, catalogue, case, applicant, office.place),
        utc=case.rare(25, 7),
        decomposed=case.rare(15, 4),
        due=case.plan.due,
    )
    if case.plan.channel == "online":
        _filed_online(tale, people)
    stays = case.plan.stays
    for place, stay in enumerate(stays):
        enter(tale, stay, stays[place - 1] if place else None)
        _snapshot(tale, stay, middle=0 < place < len(stays) - 1)
        _work(tale, stay)
    return tale.lines, folk


def _first_facts(random: Random, catalogue: Catalogue, case: Case, applicant: Json, place: str) -> Json:
    plan, procedure = case.plan, case.procedure
    chain = {stay.status for stay in plan.stays}
    summary = f"{procedure.name} - {applicant['full_name']}, {place}"
    if case.rare(120, 11):
        summary = papers.filled(f"{summary}. {words.STORY} ", _SUMMARY_LIMIT)
    parts = papers.components(random, catalogue, procedure, case.code)
    known: Json = {
        "type": "dossier",
        "code": case.code,
        "procedure": {"code": procedure.code} | ({"field_code": procedure.field_code} if case.rare(9, 5) else {}),
        "receiving_unit": case.unit.code,
        "applicant": applicant,
        "summary": summary,
        "channel": plan.channel,
        "components": [*parts, papers.long_paper(case.code)] if case.rare(240, 30) else parts,
        "fees": papers.fees(random, plan.trade, chain),
        "supplements": [],
    }
    if applicant["kind"] == "citizen" and chance(random, 0.6):
        known["databases_consulted"] = ["population"]
    if plan.channel == "postal" or chance(random, 0.1):
        known["return_method"] = "postal"
    return known


def _filed_online(tale: Tale, people: People) -> None:
    facts, random = tale.facts, tale.random
    if chance(random, 0.85):
        facts["filed_at"] = "national_portal"
        facts["applicant"]["portal_account_id"] = people.account()
        facts["applicant"]["vneid_verified"] = chance(random, 0.9)
    if facts["fees"]:
        national = facts.get("filed_at") == "national_portal"
        facts["online_payment"] = "national_portal" if national else "province_gateway"


def _snapshot(tale: Tale, stay: Stay, *, middle: bool) -> None:
    """Hand the dossier over; some programs skip a state in between, and some count savings nobody sees."""
    random = tale.random
    if middle and tale.case.rare(8, 3) and chance(random, 0.35):
        tale.skipped += 1
        return
    hidden = random.randint(1, 3) if chance(random, 0.15) else 0
    tale.revision += 1 + tale.skipped + hidden
    tale.skipped = 0
    _hand_over(tale, stay.begins)
    if stay.status == "processing" and tale.case.rare(10, 6):
        # A correction without a change of status.
        tale.facts["applicant"]["phone"] = f"0000 {random.randrange(1000):03d} {random.randrange(1000):03d}"
        tale.revision += 1
        _hand_over(tale, stay.begins)


def _hand_over(tale: Tale, at: int) -> None:
    facts = tale.facts | {"revision": tale.revision}
    tale.write(at, {name: facts[name] for name in _FIELDS if facts.get(name) not in (None, [], "")})


def _work(tale: Tale, stay: Stay) -> None:
    """The steps of a stay: the first when it begins, the others before it ends."""
    for place, (content, at) in enumerate(_contents(tale, stay)):
        officer = _officer(tale.office, stay.status, place)
        tale.steps += 1
        step: Json = {"type": "step", "dossier": tale.case.code, "step_id": f"b{tale.steps:02d}"}
        step["officer_name"] = officer.name
        if officer.title:
            step["officer_title"] = officer.title
        step |= {"department": officer.department, "content": content, "status": stay.status}
        step["processed_at"] = tale.stamp(at)
        if tale.steps > 1 and chance(tale.random, 0.8):
            step["started_at"] = tale.stamp(tale.last_step_at)
        if tale.due is not None and stay.status == "processing" and chance(tale.random, 0.7):
            step["due_at"] = tale.deadline()
        tale.write(at, step)
        tale.last_step_at = at


def _contents(tale: Tale, stay: Stay) -> Iterator[tuple[str, int]]:
    random, told = tale.random, words.STEPS[stay.status]
    last = min(stay.ends, RECORDS_END) - 1
    count = random.randint(min(2, len(told)), len(told))
    later = sorted(random.randint(stay.begins, last) for _ in range(count - 1))
    if later and chance(random, 0.05):
        # Two clicks within one second happen; the words then tell the steps apart.
        later[0] = stay.begins
    first = told[0]
    if stay.status == "supplement":
        first = f"{first}: {tale.facts['supplements'][-1]['reason']}"
    yield from zip((first, *told[1:]), (stay.begins, *later), strict=False)


def _officer(office: Office, status: str, place: int) -> Officer:
    if status in {"processing", "fee_due", "stopped"}:
        return office.staff[place % len(office.staff)]
    if status == "done" and place == 0:
        return office.head
    return office.desk
