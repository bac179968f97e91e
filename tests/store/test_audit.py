"""The log takes entries in order, in the caller's transaction, and shows them newest first."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from app.domain.audit import AuditEntry, AuditKind
from app.errors import AuditUnavailable
from app.store import audit, tokens
from app.store.session import Database, Row, WriteSession
from tests.factories import NOW, audit_entry, dossier_code, token_row


async def _append(database: Database, *entries: AuditEntry, at: datetime = NOW) -> None:
    async def work(session: WriteSession) -> None:
        await audit.append(session, entries, at)

    await database.run(work)


async def _page(
    database: Database,
    *,
    before_id: int | None = None,
    limit: int = 100,
    equal: dict[str, str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Row]:
    async with database.read() as session:
        return await audit.page(session, before_id=before_id, limit=limit, equal=equal or {}, since=since, until=until)


async def test_an_entry_is_read_as_it_was_written(database: Database) -> None:
    entry = audit_entry(
        AuditKind.EXCHANGE_ENDED, dossier_code=dossier_code(), detail={"người": "đã nhận", "n": [1, None]}
    )
    await _append(database, entry)
    [row] = await _page(database)
    for name in set(AuditEntry.__slots__) - {"personal"}:
        assert row[name] == getattr(entry, name)
    assert row["at"] == NOW


async def test_no_entries_write_nothing(database: Database) -> None:
    await _append(database)
    assert await _page(database) == []


async def test_entries_are_shown_newest_first_and_walked_by_key(database: Database) -> None:
    await _append(database, *(audit_entry(outcome=str(n)) for n in range(7)))
    seen: list[str] = []
    before: int | None = None
    while rows := await _page(database, before_id=before, limit=3):
        seen += [row["outcome"] for row in rows]
        before = rows[-1]["id"]
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


async def test_filters_narrow_each_other(database: Database) -> None:
    one, two = dossier_code(1), dossier_code(2)
    await _append(database, audit_entry(outcome="a", dossier_code=one), audit_entry(outcome="b", dossier_code=two))
    later = NOW + timedelta(hours=1)
    await _append(database, audit_entry(AuditKind.REFUSED, outcome="c", actor="w-1", dossier_code=one), at=later)
    cases: list[tuple[dict[str, str], datetime | None, datetime | None, list[str]]] = [
        ({}, None, None, ["c", "b", "a"]),
        ({"dossier_code": one}, None, None, ["c", "a"]),
        ({"dossier_code": one, "kind": "refused"}, None, None, ["c"]),
        ({"actor": "w-1", "dossier_code": two}, None, None, []),
        ({}, later, None, ["c"]),  # since: from that moment on
        ({}, None, later, ["b", "a"]),  # until: up to that moment, without it
        ({"dossier_code": one}, NOW, later, ["a"]),
    ]
    for equal, since, until, wanted in cases:
        rows = await _page(database, equal=equal, since=since, until=until)
        assert [row["outcome"] for row in rows] == wanted


async def test_a_log_that_takes_nothing_takes_the_fact_down_with_it(database: Database) -> None:
    async def break_it(session: WriteSession) -> None:
        await session.execute(text("ALTER TABLE audit RENAME TO elsewhere"))

    async def work(session: WriteSession) -> None:
        await tokens.add(session, token_row("fact"))
        await audit.append(session, [audit_entry()], NOW)

    await database.run(break_it)
    with pytest.raises(AuditUnavailable):
        await database.run(work)
    async with database.read() as session:
        assert await tokens.listing(session) == []
