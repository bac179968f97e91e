"""What is asked again and again is answered from an index, on both engines, however many documents there are."""

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest_asyncio
from sqlalchemy import event, insert, text

from app.store import blobs, documents, links, lookups, results
from app.store.document_tables import blobs as blob_table
from app.store.document_tables import documents as document_table
from app.store.document_tables import links as link_table
from app.store.session import Database, ReadSession, Row, WriteSession
from app.store.tables import dossiers as dossier_table
from tests.factories import NOW, digest, dossier_code, dossier_row
from tests.store.test_documents import document_row

ROWS = 3000


def rows() -> Iterator[tuple[Row, Row, Row, Row]]:
    """A dossier, its object, its document and its link; few of them are what is looked for."""
    for number in range(ROWS):
        resolved = {"status": "done" if number % 3 else "processing", "e_result": number % 100 != 1}
        units = {"unit_code": f"H15.{number % 20}", "procedure_code": f"1.{number % 50:06d}"}
        sha256, rare = digest(f"file {number}"), number % 500 == 0
        of_document = dict.fromkeys(("replaced_by", "origin_id", "lookup_id"), f"{number:032x}" if rare else None)
        blob = {"sha256": sha256, "size_bytes": number, "created_at": NOW, "fault": None}
        link = {"document_id": f"{number:032x}", "capability": f"{number:043d}", "created_at": NOW}
        yield (
            dossier_row(dossier_code(number)) | resolved | units,
            blob
            | {"state": "damaged" if number == 7 else "kept", "checked_at": NOW - timedelta(seconds=number * 7 % 5000)},
            document_row(number, number, subject_id=None, **of_document),
            link | {"state": "dead" if rare else "live", "failures": 5 if rare else 0, "published_at": NOW},
        )


@pytest_asyncio.fixture
async def filled(database: Database) -> Database:
    async def fill(session: WriteSession) -> None:
        tables = (dossier_table, blob_table, document_table, link_table)
        for table, of_table in zip(tables, zip(*rows(), strict=True), strict=True):
            await session.execute(insert(table), list(of_table))

    await database.run(fill)

    async def analyse(session: WriteSession) -> None:
        if session.dialect == "postgresql":
            await session.execute(text("ANALYZE"))

    await database.run(analyse)
    return database


@contextmanager
def overheard(session: ReadSession) -> Iterator[list[tuple[str, Any]]]:
    """The statements that go to the driver meanwhile, with what is bound to them."""
    heard: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        heard.append((statement, parameters))

    connection = session.connection.sync_connection
    assert connection is not None
    event.listen(connection, "before_cursor_execute", hear)
    yield heard
    event.remove(connection, "before_cursor_execute", hear)


async def plan_of(session: ReadSession, asked: Callable[[ReadSession], Awaitable[object]]) -> str:
    """How the engine would answer what a function of the store asks, statement by statement."""
    with overheard(session) as heard:
        await asked(session)
    assert heard
    told = []
    for statement, parameters in heard:
        if not statement.lstrip().upper().startswith("SELECT") or "clock_timestamp" in statement:
            continue
        how = "EXPLAIN QUERY PLAN" if session.dialect == "sqlite" else "EXPLAIN"
        found = await session.connection.exec_driver_sql(f"{how} {statement}", parameters)
        told += [" ".join(map(str, row)) for row in found]
    return "\n".join(told)


def listed(**narrower: Any) -> Callable[[ReadSession], Awaitable[object]]:
    wanted = {"unit_code": None, "procedure_code": None, "before_id": None} | narrower
    procedures = [f"1.{number:06d}" for number in range(40)]
    return lambda session: results.missing(session, procedures=procedures, limit=50, **wanted)


QUESTIONS: dict[str, tuple[Callable[[ReadSession], Awaitable[object]], str]] = {
    "shares": (results.shares, "ix_dossiers_resolved"),
    "missing": (listed(), "ix_dossiers_lacking"),
    "missing, further": (listed(before_id=1000), "ix_dossiers_lacking"),
    "missing of a procedure": (listed(procedure_code="1.000001"), "ix_dossiers_lacking"),
    "missing of a unit": (listed(unit_code="H15.1"), "ix_dossiers_"),
    "failing links": (lambda session: links.failing(session, 3), "ix_links_state_failures"),
    "links by state": (links.by_state, "ix_links_state_failures"),
    "objects that are due": (
        lambda session: blobs.any_due(session, NOW - timedelta(hours=1)),
        "ix_blobs_state_checked_at_size_bytes",
    ),
    "any damage": (blobs.any_damaged, "ix_blobs_state_checked_at_size_bytes"),
    "damage": (blobs.damaged, "ix_blobs_state_checked_at_size_bytes"),
    "figures": (blobs.figures, "ix_blobs_state_checked_at_size_bytes"),
    "what came of a look-up": (lambda session: lookups.document_of(session, f"{500:032x}"), "ix_documents_lookup_id"),
    "what was taken from it": (lambda session: documents.copies_of(session, f"{500:032x}"), "ix_documents_origin_id"),
    "what was replaced": (
        lambda session: documents.any_told_replaced(session, [f"{500:032x}", f"{1000:032x}"]),
        "ix_documents_replaced_by",
    ),
}


async def test_what_is_asked_often_is_answered_from_an_index(filled: Database) -> None:
    async with filled.read() as session:
        await _without_scans(session)
        for name, (asked, index) in QUESTIONS.items():
            plan = await plan_of(session, asked)
            assert index in plan, f"{name}: {plan}"
            assert not re.search(r"Seq Scan|SCAN \w+$", plan, re.MULTILINE), f"{name}: {plan}"


async def test_what_is_claimed_to_be_read_again_comes_from_an_index_in_order(filled: Database) -> None:
    async def claim(session: WriteSession) -> str:
        await _without_scans(session)
        return await plan_of(session, lambda _: blobs.claim_checks(session, NOW, 10, 1000))

    plan = await filled.run(claim)
    assert plan.count("ix_blobs_state_checked_at_size_bytes") == 2
    assert not re.search("sort|order by", plan, re.IGNORECASE), plan


async def _without_scans(session: ReadSession) -> None:
    """So few rows are read faster without an index; many are not."""
    if session.dialect == "postgresql":
        await session.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
