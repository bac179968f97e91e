"""A world in which two communes have one of everything, each row with its unit's code in it."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from app.domain.access import Thing
from app.domain.events import EventKind
from app.store import events
from app.store.once_only_tables import (
    anomalies,
    discrepancies,
    officer_locks,
    once_only_checks,
    once_only_decisions,
    paper_requests,
    person_queries,
    prefills,
)
from app.store.session import Database, Row, WriteSession
from app.store.tables import messages, replays
from app.usecases import keep_document
from app.usecases.context import Caller
from app.usecases.receive import DossierRecord, Receipt, Record, StepRecord, receive
from schemas.documents import DocumentIn
from schemas.provincial import DossierIn, StepIn
from tests import papers_world
from tests.papers_world import COMPONENT, OWNER, PROCEDURE, World, metadata, paper
from tests.worlds import CALLER, dossier_body, step_body

OURS, THEIRS = "H15.101", "H15.102"
UNITS = (OURS, THEIRS)
# What no commune has: of each kind of thing, the key of none.
NOWHERE: dict[Thing, str] = {
    Thing.DOSSIER: f"{OURS}-260701-9999",
    Thing.DELIVERY: "999999",
    Thing.DOCUMENT: "f" * 32,
    Thing.CHECK: "f" * 32,
    Thing.PREFILL: "f" * 32,
    Thing.ANOMALY: "999999",
    Thing.DISCREPANCY: "f" * 32,
    Thing.REPLAY: "999999",
    Thing.UNIT: "H15.999",
}


@dataclass
class TwoCommunes:
    """The world, and by unit the key of each kind of thing."""

    world: World
    things: dict[str, dict[Thing, str]]
    subject: str
    marks: dict[str, list[str]] = field(default_factory=dict)

    def is_told(self, unit: str, words: str) -> bool:
        """Whether an answer holds anything of a unit."""
        return any(mark in words for mark in self.marks[unit])


def code_of(unit: str, number: int = 1) -> str:
    """A dossier code of a unit."""
    return f"{unit}-260701-{number:04d}"


def asker_of(unit: str) -> str:
    """The name of the token of a unit's software."""
    return f"software-{unit}"


async def make(database: Database, root: Path) -> TwoCommunes:
    """Both communes, with one of everything."""
    world = papers_world.make(database, root)
    things, subject = {}, ""
    for place, unit in enumerate(UNITS):
        things[unit], subject = await _fill(world, unit, place)
    made = TwoCommunes(world, things, subject)
    for unit in UNITS:
        hexes = [key for key in things[unit].values() if len(key) == len("f" * 32)]
        made.marks[unit] = [unit, *hexes]
    return made


async def _fill(world: World, unit: str, place: int) -> tuple[dict[Thing, str], str]:
    context, code = world.context, code_of(unit)
    returned = dossier_body(
        receiving_unit=unit,
        status="returned",
        finished_at="2026-07-02T09:00:00+07:00",
        returned_at="2026-07-02T10:00:00+07:00",
    )
    records: list[Record] = [
        DossierRecord(code, DossierIn.model_validate(dossier_body(receiving_unit=unit))),
        StepRecord(code, StepIn.model_validate(step_body(content=f"Bước của {unit}"))),
        DossierRecord(code_of(unit, 2), DossierIn.model_validate(returned)),
    ]
    caller = Caller(asker_of(unit), CALLER.agency, CALLER.scopes)
    answers = await receive(context, caller, records, "c-seed")
    assert all(isinstance(answer, Receipt) for answer in answers), answers
    said = metadata("component", code=COMPONENT, title=f"Tờ khai của {unit}", owner=OWNER)
    facts = keep_document.facts_of(DocumentIn.model_validate_json(json.dumps(said)), "giay-to.pdf")
    with world.vault.scratch() as scratch:
        await scratch.write(paper(unit))
        document, _ = await keep_document.keep(context, caller, code, facts, scratch, "c-seed")
    subject = str(document["subject_id"])

    async def work(session: WriteSession) -> dict[Thing, str]:
        keys = await _rows(session, unit, code, subject, place)
        delivery = (await session.rows(select(messages.c.id).where(messages.c.dossier_code == code).limit(1)))[0].id
        detail: dict[str, object] = {"unit": unit}
        now = await session.now()
        for kind, about in ((EventKind.REFUSED, code), (EventKind.ANOMALY, None)):
            await events.start(
                session, kind, subject=f"{kind}:{unit}", target="portal", dossier_code=about, detail=detail, now=now
            )
        return keys | {Thing.DELIVERY: str(delivery)}

    keys = await context.database.run(work)
    return keys | {Thing.DOSSIER: code, Thing.DOCUMENT: document["id"], Thing.UNIT: unit}, subject


async def _rows(session: WriteSession, unit: str, code: str, subject: str, place: int) -> dict[Thing, str]:
    now, officer = await session.now(), f"cb.{unit}"
    about: Row = {"officer": officer, "unit_code": unit, "dossier_code": code, "subject_id": subject}
    asked: Row = about | {"at": now, "caller": asker_of(unit), "agency": "H15", "procedure_code": PROCEDURE}
    check, question, prefill, discrepancy = (f"{letter}{place}".ljust(32, letter) for letter in "abcd")
    await _add(session, once_only_checks, asked | {"id": check, "rules_version": "v", "sources": "{}"})
    decision: Row = {"id": check, "check_id": check, "at": now, "place": 0, "kind": "component", "code": COMPONENT}
    await _add(session, once_only_decisions, decision | {"decision": "NOT_IN_SOURCE"})
    of_question: Row = {"id": question, "request_id": question, "service": "003", "purpose": f"vì {unit}"}
    of_question |= {"legal_basis": "NĐ", "fields_asked": "[]", "outcome": "MATCH", "in_office_hours": True}
    await _add(session, person_queries, asked | of_question)
    of_form: Row = {"id": prefill, "form": "TP-KS", "rules_version": "v", "fields": "{}", "baseline": 10, "filled": 5}
    of_form |= {"handed_in_at": now, "handed_in": "{}", "asked": 5, "kept": 5, "asked_needlessly": 0}
    await _add(session, prefills, asked | of_form | {"month": "2026-07"})
    of_source: Row = {"id": discrepancy, "source": "population", "item": "full_name", "reason": f"sai ở {unit}"}
    await _add(session, discrepancies, about | of_source | {"at": now, "due_at": now + timedelta(days=7)})
    needless: Row = {"paper": COMPONENT, "name": f"giấy của {unit}", "asked_at": now, "redundant": True}
    needless |= {"dossier_code": code, "unit_code": unit, "officer": officer, "procedure_code": PROCEDURE, "at": now}
    await _add(session, paper_requests, needless | {"why": "no_decision"})
    looks: Row = {"rule": "off_hours", "officer": officer, "unit_code": unit, "first_at": now, "last_at": now}
    anomaly = await _add(session, anomalies, looks | {"times": 3, "threshold": 1, "window_seconds": 60, "locked": True})
    await _add(session, officer_locks, {"officer": officer, "anomaly_id": anomaly, "since": now})
    again: Row = {"key": unit.ljust(64, "0"), "selection": '{"states":["dead"]}', "note": f"lại {unit}"}
    again |= {"per_second": 1, "asked_by": asker_of(unit), "agency": "H15", "correlation_id": "c", "created_at": now}
    replay = await _add(session, replays, again | {"state": "done", "until_id": 0, "total": 0, "ended_at": now})
    return {
        Thing.CHECK: check,
        Thing.PREFILL: prefill,
        Thing.ANOMALY: str(anomaly),
        Thing.DISCREPANCY: discrepancy,
        Thing.REPLAY: str(replay),
    }


async def _add(session: WriteSession, table: Any, row: Row) -> Any:
    return (await session.execute(insert(table).values(row).returning(table.c.id))).scalar_one()
