"""What may tell a person about their data is found along indexes: the log is never walked for it."""

import re

from sqlalchemy import insert

from app.domain.audit import AuditKind
from app.store import audit, disclosures
from app.store.session import Database, ReadSession, WriteSession
from app.store.tables import dossiers
from tests.factories import NOW, audit_entry, dossier_code, dossier_row
from tests.store.test_document_plans import plan_of

ENTRIES, DOSSIERS = 4000, 400
EXPECTED = [ENTRIES - DOSSIERS * back - DOSSIERS + 8 for back in range(5)]
INDEXES = ("ix_audit_subject_ref_id", "ix_audit_dossier_code_id", "ix_person_queries_subject_id_dossier_code")


def subject(number: int) -> str:
    return f"{number:032x}"


async def fill(session: WriteSession) -> None:
    rows = [dossier_row(dossier_code(n)) | {"subject_id": subject(n)} for n in range(DOSSIERS)]
    await session.execute(insert(dossiers), rows)
    entries = [
        audit_entry(AuditKind.EXCHANGE_ENDED, outcome="accepted", dossier_code=dossier_code(n % DOSSIERS))
        for n in range(ENTRIES)
    ]
    await audit.append(session, entries, NOW)


async def test_a_persons_entries_come_from_indexes_however_long_the_log_is(database: Database) -> None:
    await database.run(fill)

    async def page(session: ReadSession, before_id: int | None = ENTRIES) -> list[int]:
        return [row["id"] for row in await disclosures.candidates(session, subject(7), before_id, 5)]

    async def first_page(session: ReadSession) -> list[int]:
        return await page(session, None)

    async with database.read() as session:
        # So few rows are read faster without an index; many are not. SQLite has no statistics here, nor in the field.
        if session.dialect == "postgresql":
            await session.connection.exec_driver_sql("ANALYZE audit, dossiers")
            await session.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        assert await page(session) == await first_page(session) == EXPECTED
        for plan in (await plan_of(session, page), await plan_of(session, first_page)):
            for index in INDEXES:
                assert index in plan, plan
            assert not re.search(r"Seq Scan on audit|SCAN audit|Backward using pk_audit", plan), plan
