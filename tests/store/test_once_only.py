"""Decisions and requests as they are kept: who used what first, what is noted once, and answered from an index."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest_asyncio
from sqlalchemy import insert, text

from app.domain.documents import Role, Verdict
from app.domain.once_only import Decided, Decision
from app.store import discrepancies, once_only, once_only_figures
from app.store.document_tables import blobs as blob_table
from app.store.document_tables import documents as document_table
from app.store.document_tables import subjects as subject_table
from app.store.once_only_figures import Span
from app.store.once_only_tables import discrepancies as discrepancy_table
from app.store.once_only_tables import once_only_checks, once_only_decisions, paper_requests
from app.store.session import Database, Row, WriteSession
from app.store.tables import dossiers as dossier_table
from tests.factories import NOW, digest, dossier_code, dossier_row
from tests.store.test_document_plans import _without_scans, plan_of
from tests.store.test_documents import document_row

ROWS, PEOPLE = 3000, 300
VERDICTS = {Role.RESULT: [Verdict.VALID], Role.COMPONENT: [Verdict.VALID, Verdict.UNSIGNED]}


def person(number: int) -> str:
    return f"{number % PEOPLE:032x}"


def check_row(number: int, **changes: Any) -> Row:
    by = {"caller": "one-stop", "agency": "H15", "officer": "cb.01", "unit_code": f"H15.{number % 20}"}
    about = {"dossier_code": dossier_code(number), "procedure_code": "1.000110", "subject_id": person(number)}
    return {"id": f"{number:032x}", "at": NOW, "rules_version": "0" * 12, "sources": "{}"} | by | about | changes


def decision_row(number: int, **changes: Any) -> Row:
    what = {"kind": "component", "code": "KQ1", "decision": "HAVE_VALID" if number % 2 else "NOT_IN_SOURCE"}
    none = dict.fromkeys(("source", "pointer", "incident", "discrepancy_id", "citation", "reason"))
    return {"id": f"{number:032x}", "check_id": f"{number:032x}", "at": NOW, "place": 0} | what | none | changes


def request_row(number: int, **changes: Any) -> Row:
    about = {"dossier_code": dossier_code(number), "paper": "KQ1", "component_code": "KQ1", "name": "Giấy"}
    by = {"unit_code": f"H15.{number % 20}", "procedure_code": "1.000110", "officer": None}
    bad = {"redundant": number % 500 == 0, "why": None, "decision_id": f"{number:032x}"}
    return about | by | bad | {"asked_at": NOW, "at": NOW} | changes


async def run(database: Database, *rows: tuple[Any, list[Row]]) -> None:
    async def fill(session: WriteSession) -> None:
        for table, of_table in rows:
            await session.execute(insert(table), of_table)

    await database.run(fill)


@pytest_asyncio.fixture
async def few(database: Database) -> Database:
    people = [
        {"id": person(n), "kind": "personal_number", "number": f"00319{n:07d}", "created_at": NOW} for n in (1, 2)
    ]
    await run(
        database,
        (subject_table, people),
        (dossier_table, [dossier_row(dossier_code(n)) for n in (1, 2)]),
        (once_only_checks, [check_row(1), check_row(2, dossier_code=None)]),
        (once_only_decisions, [decision_row(1, pointer=json.dumps({"document": "d"})), decision_row(2)]),
    )
    return database


async def test_a_check_is_read_as_it_was_kept(few: Database) -> None:
    async with few.read() as session:
        found = await once_only.find(session, person(1))
        assert await once_only.find(session, "f" * 32) is None
    assert found is not None
    row, (decision,) = found
    assert (row["id"], row["sources"], row["at"]) == (person(1), {}, NOW)
    assert (decision["pointer"], decision["used_by"]) == ({"document": "d"}, None)


async def test_a_decision_is_used_by_the_first_dossier_that_names_it(few: Database) -> None:
    one, two, none = person(1), person(2), "f" * 32

    async def use(session: WriteSession) -> tuple[dict[str, Decided], set[str], set[str]]:
        before = await once_only.decided(session, {one, two, none}, lock=True)
        mine = await once_only.use(session, {one: "A", two: "A"}, NOW)
        theirs = await once_only.use(session, {one: "A", two: "B", none: "B"}, NOW + timedelta(hours=1))
        return before, mine, theirs

    before, mine, theirs = await few.run(use)
    assert before == {
        one: Decided(
            one, "KQ1", Decision.HAVE_VALID, NOW, "1.000110", ("personal_number", "003190000001"), dossier_code(1)
        ),
        two: Decided(two, "KQ1", Decision.NOT_IN_SOURCE, NOW, "1.000110", ("personal_number", "003190000002")),
    }
    assert (mine, theirs) == (set(), {two, none})
    async with few.read() as session:
        assert {key: found.used_by for key, found in (await once_only.decided(session, [one, two])).items()} == {
            one: "A",
            two: "A",
        }
        assert await once_only.decided(session, []) == {}
        rows = await session.rows(text("SELECT used_at FROM once_only_decisions"))
        assert len({row.used_at for row in rows}) == 1


async def test_what_was_asked_for_is_noted_once(few: Database) -> None:
    async def note(session: WriteSession) -> set[tuple[str, str]]:
        await once_only.add_requests(session, [])
        await once_only.add_requests(session, [request_row(1), request_row(2)])
        await once_only.add_requests(session, [request_row(1, redundant=True), request_row(1, paper="KQ2")])
        assert await once_only.requested(session, []) == set()
        return await once_only.requested(session, [dossier_code(1)])

    assert await few.run(note) == {(dossier_code(1), "KQ1"), (dossier_code(1), "KQ2")}
    async with few.read() as session:
        assert await once_only_figures.redundant(session, Span(), None, 10) == []


@pytest_asyncio.fixture
async def filled(database: Database) -> Database:
    numbers = range(1, ROWS + 1)
    people = [
        {"id": person(n), "kind": "personal_number", "number": f"{n:012d}", "created_at": NOW} for n in range(PEOPLE)
    ]
    papers = [document_row(n, n, subject_id=person(n), code=f"KQ{n % 7}") for n in numbers]
    files = [
        {"sha256": digest(f"file {n}"), "size_bytes": n, "state": "kept", "created_at": NOW, "checked_at": NOW}
        for n in numbers
    ]
    wrong = {"source": "population", "item": "KQ1", "unit_code": "H15", "officer": "cb", "reason": "sai"}
    await run(
        database,
        (subject_table, people),
        (dossier_table, [dossier_row(dossier_code(n)) | {"subject_id": person(n)} for n in numbers]),
        (blob_table, files),
        (document_table, papers),
        (once_only_checks, [check_row(n) for n in numbers]),
        (once_only_decisions, [decision_row(n) for n in numbers]),
        (paper_requests, [request_row(n) for n in numbers]),
        (
            discrepancy_table,
            [wrong | {"id": f"{n:032x}", "at": NOW, "due_at": NOW, "subject_id": person(n)} for n in numbers],
        ),
    )

    async def analyse(session: WriteSession) -> None:
        if session.dialect == "postgresql":
            await session.execute(text("ANALYZE"))

    await database.run(analyse)
    return database


WANTED = {Role.RESULT: ["KQ1", "KQ2"], Role.COMPONENT: ["KQ3"]}
NARROW = Span(frozenset({"H15.3"}), NOW - timedelta(hours=1), NOW)
QUESTIONS: dict[str, tuple[Any, str]] = {
    "papers": (
        lambda s: once_only.papers_of(s, person(7), WANTED, VERDICTS, "2026-07-01"),
        "ix_documents_subject_id_id",
    ),
    "earlier dossiers": (lambda s: once_only.earlier_dossiers(s, person(7), None), "ix_dossiers_subject_id"),
    "a check": (lambda s: once_only.find(s, f"{7:032x}"), "ix_once_only_decisions_check_id"),
    "decisions": (lambda s: once_only.decided(s, [f"{7:032x}", f"{8:032x}"]), "once_only_decisions"),
    "requests": (lambda s: once_only.requested(s, [dossier_code(7), dossier_code(8)]), "paper_requests"),
    "discrepancy": (
        lambda s: discrepancies.open_one(s, "population", person(7), "KQ1"),
        "ix_discrepancies_subject_id",
    ),
    "redundant of a unit": (
        lambda s: once_only_figures.redundant(s, Span(frozenset({"H15.3"})), 2000, 10),
        "ix_paper_requests_redundant",
    ),
    "redundant of all": (lambda s: once_only_figures.redundant(s, Span(), 2000, 10), "ix_paper_requests_redundant_id"),
}


async def test_what_is_asked_before_every_request_is_answered_from_an_index(filled: Database) -> None:
    async with filled.read() as session:
        await _without_scans(session)
        for name, (asked, index) in QUESTIONS.items():
            plan = await plan_of(session, asked)
            assert index in plan, f"{name}: {plan}"
            # A bare table; what is made of a statement's own parts is scanned, and is small.
            bare = r"Seq Scan on|SCAN (documents|dossiers|once_only_\w+|paper_requests|discrepancies)$"
            assert not re.search(bare, plan, re.MULTILINE), f"{name}: {plan}"


async def test_of_many_alike_only_the_newest_are_looked_at(filled: Database) -> None:
    async def many(session: WriteSession) -> list[Row]:
        rows = [
            document_row(ROWS + n, 1, subject_id=person(1), code="KQ9", sha256=digest("file 1"), role="component")
            for n in range(1, 31)
        ]
        await session.execute(insert(document_table), rows)
        return await once_only.papers_of(session, person(1), {Role.COMPONENT: ["KQ9"]}, VERDICTS, "2026-07-01")

    found = await filled.run(many)
    assert [row["id"] for row in found] == [f"{ROWS + n:032x}" for n in range(30, 10, -1)]


async def test_figures_of_a_span_are_those_of_its_rows(filled: Database) -> None:
    async with filled.read() as session:
        every = await once_only_figures.by_unit(session, Span())
        narrow = await once_only_figures.by_unit(session, replace_until(NARROW))
        assert await once_only_figures.by_unit(session, NARROW) == {}
    assert len(every) == 20
    assert sum(unit.checks for unit in every.values()) == ROWS
    assert narrow == {"H15.3": every["H15.3"]}
    # Each was asked for all the same.
    assert {unit.papers_not_asked for unit in every.values()} == {0}


def replace_until(span: Span) -> Span:
    return Span(span.units, span.since, NOW + timedelta(seconds=1))
