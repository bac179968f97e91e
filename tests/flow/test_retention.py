"""Old entries go block by block, archived first; what is young, held or open stays; and the log still verifies."""

import asyncio
import gzip
import io
import os
import re
import signal
import sys
import zipfile
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from stat import S_IMODE

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from app import worker
from app.cli import cli
from app.domain.audit import AuditKind
from app.domain.log_check import Finding, Lie
from app.domain.retention import HoldKind, Kept, RetentionClass, RunState
from app.errors import ArchiveNeeded, Forbidden, InvalidRecord, RetentionRefused
from app.store import archives, audit, log_reading
from app.store import retention as retention_store
from app.store.once_only_tables import anomalies, person_queries
from app.store.retention import Run
from app.store.session import Database, Row, WriteSession
from app.store.subject_tables import audit_values as values_table
from app.usecases import disk_guard, export_log, prove_log, prune_log, retention, verify_log
from app.usecases.context import Caller, Context
from app.usecases.export_log import About
from app.usecases.prune_log import NotPruned
from app.usecases.retention import HoldWanted
from app.usecases.verify_log import Checked, Wanted
from tamper.kinds import disarm
from tests.factories import NOW, ManualClock, audit_entry
from tests.logging_world import ORIGIN, execute, open_events, sequence_all
from tests.retention_world import APPROVER, EDITOR, LONG_AGO, approved, archiving, prune_all, record, years
from tests.worlds import code, door, dossier, hand_over

AUDITOR = Caller("kiem-toan", "H15", frozenset({"log:read"}))
OLD, ALL_OLD = 26, 32


@pytest.fixture
async def context(clocked_database: Database, clock: ManualClock, tmp_path: Path) -> Context:
    context = archiving(clocked_database, tmp_path)
    await years(context, clock)
    return context


async def check(context: Context, archives: Path | None = None) -> Checked:
    wanted = Wanted(context.log.verifiers, ORIGIN, block=7, archives=archives)
    return await verify_log.verify(context, wanted)


async def found(context: Context, archives: Path | None = None) -> Finding:
    checked = await check(context, archives)
    assert checked.finding is not None
    return checked.finding


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def output_of(*arguments: str, folder: Path | None = None) -> tuple[int | None, bytes]:
    """What a Python process ends with, and says."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=folder, stdout=pipe, stderr=pipe)
    said, complained = await process.communicate()
    return process.returncode, said + complained


async def ids(context: Context) -> list[int]:
    async with context.database.read() as session:
        return [row[0] for row in await session.rows(text("SELECT id FROM audit ORDER BY id"))]


async def sign(context: Context, clock: ManualClock) -> None:
    clock.advance(120)
    await sequence_all(context)


async def pruned(context: Context, clock: ManualClock) -> None:
    await approved(context)
    await prune_all(context)
    await sign(context, clock)


async def test_what_is_old_is_archived_and_removed_and_everything_still_verifies(
    context: Context, clock: ManualClock, tmp_path: Path
) -> None:
    before = await ids(context)
    run_id = await approved(context)
    blocks = await prune_all(context)
    assert [(block.archived, block.ended) for block in blocks] == [(10, False), (10, False), (6, True)]
    files = files_in(tmp_path)
    assert [S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3
    assert set(before) - set(await ids(context)) == {*before[:12], *before[18:ALL_OLD]}
    (run,) = await retention.runs(context)
    assert (run.id, run.state, run.archived, run.kept) == (run_id, RunState.ENDED, OLD, 0)
    await sign(context, clock)
    checked = await check(context, tmp_path)
    assert (checked.finding, checked.archived, checked.unread) == (None, OLD, {})
    checked = await check(context)
    assert (checked.finding, checked.archived, sum(checked.unread.values())) == (None, 0, OLD)
    assert set(checked.unread) == {file.name for file in files}
    # A second run finds nothing that the first has left.
    with pytest.raises(RetentionRefused):
        await approved(context)


async def test_proofs_bundles_and_tiles_come_from_the_archive_or_say_which_is_needed(
    context: Context, clock: ManualClock, tmp_path: Path
) -> None:
    (first, *_) = await ids(context)
    # One of the dossier's entries is young, so that archived and living ones meet in one bundle.
    await pruned(context, clock)
    proof = await prove_log.prove(context, AUDITOR, first, "c-9")
    assert prove_log.check(proof.to_text(), context.log.verifiers, ORIGIN)[0].index == 0
    out = io.BytesIO()
    exported = await export_log.export(context, AUDITOR, About.DOSSIER, "d-1", out, correlation_id="c-9")
    assert exported.entries == 4
    with zipfile.ZipFile(out) as bundle:
        bundle.extractall(tmp_path / "bundle")
    assert (await output_of("verify.py", folder=tmp_path / "bundle"))[0] == 0
    async with door(context, ["admin"]) as client:
        whole = await client.get("/log/tile/entries/000.p/40")
        assert whole.status_code == 200
        (gone, *_) = [file for file in files_in(tmp_path) if file.suffix == ".gz"]
        gone.rename(tmp_path / "bundle" / gone.name)
        answer = await client.get("/log/tile/entries/000.p/40")
    assert (answer.status_code, answer.json()["type"]) == (410, "/problems/archive-needed")
    assert [each["name"] for each in answer.json()["archives"]] == [gone.name]
    with pytest.raises(ArchiveNeeded, match=gone.name):
        await export_log.export(context, AUDITOR, About.DOSSIER, "d-1", io.BytesIO(), correlation_id="c-9")


@dataclass(frozen=True)
class Cover:
    """What a bug of ours might write so that an entry may go: by default everything that is wanted."""

    entry: int
    before: datetime = NOW
    days: int = 365
    kinds: str = "received"
    proposed_by: str = "a"
    decided_by: str = "b"
    approved: bool = True
    recorded: bool = True

    async def remove(self, session: WriteSession) -> int:
        """Write it, and remove the entry."""
        at = NOW
        made: Row = {"before": self.before, "until_id": 99, "entries": 1, "reason": "x", "agency": "H15"}
        of = RetentionClass(1, "exchange", frozenset({AuditKind(self.kinds)}), self.days, "x", "x", "x")
        made |= {"proposed_by": self.proposed_by, "proposed_at": at}
        run_id = await retention_store.add_run(session, of, made)
        decided: Row = {"approved": self.approved, "decided_by": self.decided_by, "agency": "H15", "note": ""}
        await retention_store.add_decision(session, decided | {"run_id": run_id, "decided_at": at})
        outcome = "archived" if self.recorded else "held"
        await audit.append(session, [audit_entry(AuditKind.RETENTION, outcome=outcome)], at)
        recorded: Row = {"run_id": run_id, "name": "x", "sha256": "0" * 64, "entries": 1, "ranges": [], "at": at}
        recorded["entry_id"] = await log_reading.newest_entry(session)
        await archives.put(session, recorded, [(self.entry, self.entry - 1)], {})
        return await archives.remove(session, [self.entry])


async def test_the_database_lets_nothing_go_that_is_not_covered(context: Context) -> None:
    first, second, *_, young = await ids(context)
    wanted = HoldWanted(HoldKind.BREACH, "x", "y", entries=(second, second))
    await retention.hold(context, EDITOR, wanted, "c-3")
    for cover in (
        Cover(young, before=NOW + timedelta(days=9999)),
        Cover(first, before=LONG_AGO),
        Cover(first, days=364),
        Cover(first, days=3000),
        Cover(first, kinds="probe"),
        Cover(first, decided_by="a"),
        Cover(first, approved=False),
        Cover(first, recorded=False),
        Cover(second),
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            await context.database.run(cover.remove)
    for statement in (
        "DELETE FROM audit",
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM log_leaves",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            await execute(context.database, statement)
    if not context.database.is_sqlite:
        await _with_words_of_ones_own(context, Cover(young, before=NOW + timedelta(days=9999)))
    assert await context.database.run(Cover(first).remove) == 1


async def _with_words_of_ones_own(context: Context, cover: Cover) -> None:
    """Whoever may make functions and operators of their own must not have the triggers ask those."""

    async def work(session: WriteSession) -> None:
        [(schema,)] = await session.rows(text("SELECT quote_ident(current_schema())"))
        for statement in (
            "CREATE SCHEMA own_words",
            "CREATE FUNCTION own_words.clock_timestamp() RETURNS timestamptz RETURN timestamptz '2999-01-01'",
            "CREATE FUNCTION own_words.no(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false'",
            "CREATE OPERATOR own_words.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = own_words.no)",
        ):
            await session.execute(text(statement))
        await session.execute(insert(values_table), {"audit_id": 1, "key_id": "k", "nonce": b"n", "ciphertext": b"c"})
        await session.execute(text(f"SET LOCAL search_path = own_words, {schema}, pg_catalog"))
        with pytest.raises(DBAPIError, match="refused"):
            async with session.connection.begin_nested():
                await session.execute(text("DELETE FROM audit_values"))
        await session.execute(text("DROP OPERATOR own_words.= (bigint, bigint)"))
        await cover.remove(session)

    with pytest.raises(DBAPIError, match="append-only"):
        await context.database.run(work)


async def test_what_was_removed_otherwise_or_by_a_forged_archive_is_found(
    context: Context, clock: ManualClock, tmp_path: Path
) -> None:
    await pruned(context, clock)

    async def plant(*statements: str) -> None:
        async def work(session: WriteSession) -> None:
            await disarm(session)
            for statement in statements:
                await session.execute(text(statement))

        await context.database.run(work)

    file = files_in(tmp_path)[0]
    whole = file.read_bytes()
    file.write_bytes(gzip.compress(gzip.decompress(whole).replace(b"one-stop", b"two-stop")))
    assert (await found(context, tmp_path)).lie is Lie.ALTERED_ARCHIVE
    file.write_bytes(whole)
    assert (await check(context, tmp_path)).finding is None
    await plant("DELETE FROM audit WHERE id = 13")
    finding = await found(context, tmp_path)
    assert (finding.lie, finding.audit_id) == (Lie.DELETED_ROW, 13)
    await plant("INSERT INTO log_archived VALUES (13, 12, 1)")
    assert (await found(context)).lie is Lie.FORGED_ARCHIVE
    for ranges in ("[[0,31]]", "no JSON", '[["a", {}]]'):
        await plant(f"UPDATE log_archives SET ranges = '{ranges}' WHERE id = 1")  # noqa: S608 - words of ours
        assert (await found(context)).lie is Lie.FORGED_ARCHIVE


async def test_what_is_held_or_open_stays(context: Context, clock: ManualClock) -> None:
    first, *_ = await ids(context)
    await hand_over(context, dossier(1))
    await record(context.database, LONG_AGO, 2, dossier_code=code(1))
    await record(context.database, LONG_AGO, 1, kind=AuditKind.PERSON_ASKED, unit_code="H15.7", dossier_code=None)
    seen: Row = {"rule": "off_hours", "officer": "cb", "unit_code": "H15.7", "times": 1, "threshold": 1}
    seen |= {"first_at": NOW, "last_at": NOW, "window_seconds": 1, "locked": False}

    asked: Row = {"id": "q", "request_id": "q", "at": NOW, "outcome": "asked", "dossier_code": code(1)}
    asked |= dict.fromkeys(("caller", "agency", "officer", "unit_code", "service", "purpose", "legal_basis"), "x")

    async def leave_open(session: WriteSession) -> None:
        await session.execute(insert(anomalies), seen)
        await session.execute(insert(person_queries), asked | {"fields_asked": "[]", "in_office_hours": True})

    await context.database.run(leave_open)
    law = "Luật 91/2025/QH15"
    day = (clock.now() + timedelta(days=30)).date()
    for wanted in (
        HoldWanted(HoldKind.LEGAL, "toà án", law, dossier="d-1", until=day),
        HoldWanted(HoldKind.LEGAL, "toà án", law, entries=(first, first), until=day),
        HoldWanted(HoldKind.BREACH, "lộ dữ liệu", law, subject="s-1"),
    ):
        await retention.hold(context, EDITOR, wanted, "c-3")
    plans = {plan.of.code: plan for plan in await retention.plan(context)}
    assert plans["exchange"].kept == {Kept.HOLD: 3, Kept.OPEN_DOSSIER: 2}
    assert plans["exchange"].going == OLD - 3
    assert (plans["person"].going, plans["person"].kept) == (0, {Kept.HOLD: 6, Kept.OPEN_ANOMALY: 1})
    await sign(context, clock)
    await approved(context)
    blocks = await prune_all(context)
    assert (sum(b.archived for b in blocks), sum(b.kept for b in blocks)) == (OLD - 3, 5)
    # The day of a legal hold comes by itself; a breach waits for who says that it was mended, and five years more.
    clock.advance(32 * 86400.0)
    for statement, kept in (
        ("UPDATE dossiers SET status = 'processing'", Kept.OPEN_DOSSIER),
        ("UPDATE dossiers SET status = 'returned'", Kept.OPEN_DELIVERY),
        ("UPDATE messages SET state = 'rejected'", Kept.OPEN_DELIVERY),
        ("UPDATE messages SET state = 'delivered'", Kept.OPEN_QUESTION),
        ("UPDATE person_queries SET outcome = 'match'", None),
    ):
        await execute(context.database, statement)
        plans = {plan.of.code: plan for plan in await retention.plan(context)}
        assert plans["exchange"].kept == ({kept: 2} if kept else {})
    (breach, *_) = await retention.holds(context)
    held = await retention.mended(context, APPROVER, breach["id"], date(2026, 7, 1), "đã vá", "c-4")
    assert held["until"] >= NOW + timedelta(days=1826)
    with pytest.raises(RetentionRefused):
        await retention.mended(context, APPROVER, breach["id"], date(2026, 7, 1), "đã vá", "c-5")


async def test_nobody_decides_what_they_proposed_and_nobody_without_the_right(context: Context) -> None:
    both = Caller(EDITOR.name, "H15", frozenset({"retention:edit", "retention:approve"}))
    with pytest.raises(Forbidden):
        await retention.propose(context, APPROVER, "exchange", "x", "c-1")
    run = await retention.propose(context, both, "exchange", "x", "c-1")
    there = replace(both, name=f"cli:{EDITOR.name}")
    breach = await retention.hold(context, both, HoldWanted(HoldKind.BREACH, "x", "y", dossier="d-1"), "c-1")
    for caller in (both, there, EDITOR):
        with pytest.raises(Forbidden):
            await retention.decide(context, caller, run.id, approve=True, note="", correlation_id="c-2")
        with pytest.raises(Forbidden):
            await retention.mended(context, caller, breach["id"], date(2026, 7, 1), "x", "c-2")
    assert await prune_log.prune(context) is None
    await retention.decide(context, APPROVER, run.id, approve=False, note="chưa", correlation_id="c-2")
    assert await prune_log.prune(context) is None
    with pytest.raises(RetentionRefused):
        await retention.decide(context, APPROVER, run.id, approve=True, note="", correlation_id="c-2")
    for wanted in (
        HoldWanted(HoldKind.LEGAL, "x", "y", until=date(2027, 1, 1)),
        HoldWanted(HoldKind.LEGAL, "x", "y", dossier="d-1"),
        HoldWanted(HoldKind.BREACH, "x", "y", dossier="d-1", until=date(2027, 1, 1)),
        HoldWanted(HoldKind.LEGAL, "x", "y", entries=(4, 3), until=date(2027, 1, 1)),
    ):
        with pytest.raises(InvalidRecord):
            await retention.hold(context, EDITOR, wanted, "c-3")


async def test_what_was_altered_is_not_archived_over(context: Context, tmp_path: Path) -> None:
    await approved(context)

    async def alter(session: WriteSession) -> None:
        await disarm(session)
        await session.execute(text("UPDATE audit SET actor = 'nobody' WHERE id = 3"))

    await context.database.run(alter)
    with pytest.raises(NotPruned, match="entry 3 "):
        await prune_log.prune(context)
    assert files_in(tmp_path) == []
    assert len(await ids(context)) == ALL_OLD + 9 + 2
    nowhere = replace(context, retention=replace(context.retention, archive_dir=tmp_path / "gone"))
    with pytest.raises(NotPruned):
        await prune_log.prune(nowhere)


async def test_a_hold_that_comes_while_the_archive_is_written_keeps_the_entry(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    await approved(context)
    wanted = HoldWanted(HoldKind.BREACH, "x", "y", dossier="d-3")
    run = context.database.run

    async def after_a_hold(work: object) -> object:
        monkeypatch.undo()
        await retention.hold(context, EDITOR, wanted, "c-3")
        return await run(work)  # type: ignore[arg-type]

    monkeypatch.setattr(context.database, "run", after_a_hold)
    block = await prune_log.prune(context)
    assert block is not None
    assert (block.archived, block.last_id) == (0, 0)
    assert sum(each.archived for each in await prune_all(context)) == OLD - 2


async def test_a_killed_pruner_has_removed_nothing_by_halves_and_another_goes_on(
    context: Context, clock: ManualClock, tmp_path: Path
) -> None:
    await approved(context)
    returned, said = await output_of("-m", "tests.retention_world", context.database.url, str(tmp_path), "2")
    assert returned == -signal.SIGKILL, said
    # The second archive was written and nothing speaks of it.
    assert len(files_in(tmp_path)) == 2
    (run,) = await retention.runs(context)
    assert run.archived == 10
    await sign(context, clock)
    assert (await check(context, tmp_path)).archived == 10
    await prune_all(context)
    assert len(files_in(tmp_path)) == 3
    await sign(context, clock)
    checked = await check(context, tmp_path)
    assert (checked.finding, checked.archived) == (None, OLD)


async def test_a_disk_that_fills_up_is_told_and_told_again_when_there_is_room(context: Context) -> None:
    full = replace(context, retention=replace(context.retention, disk_free_share_min=0.999999))
    await disk_guard.watch(full)
    assert set(await open_events(context.database)) == {"disk_low"}
    await disk_guard.watch(full)
    await disk_guard.watch(replace(context, retention=replace(context.retention, disk_free_share_min=0.0)))
    assert await open_events(context.database) == []


async def test_a_worker_does_one_block_a_turn_and_waits_for_the_folder(context: Context, tmp_path: Path) -> None:
    await approved(context)
    nowhere = replace(context, retention=replace(context.retention, archive_dir=None))
    assert await worker._prune(nowhere) == 0
    assert files_in(tmp_path) == []
    assert await worker._prune(context) == 0
    assert len(files_in(tmp_path)) == 1


async def test_at_the_door_software_proposes_and_holds_and_never_approves(context: Context) -> None:
    async with door(context, ["admin"]) as client:
        plans = (await client.get("/v1/retention")).json()["items"]
        assert [(one["code"], one["may_go"]) for one in plans][:2] == [("exchange", OLD), ("person", 6)]
        made = await client.post("/v1/retention/runs", json={"code": "exchange", "reason": "quá hạn"})
        assert made.status_code == 201
        again = await client.post("/v1/retention/runs", json={"code": "exchange", "reason": "quá hạn"})
        assert again.json()["type"] == "/problems/retention-refused"
        word = {"approve": True}
        assert (await client.post(f"/v1/retention/runs/{made.json()['id']}/decision", json=word)).status_code == 403
        held = {"kind": "breach", "first_entry": 1, "last_entry": 4, "reason": "x", "legal_basis": "y"}
        hold = await client.post("/v1/retention/holds", json=held)
        assert (hold.status_code, hold.json()["until"]) == (201, None)
        half = await client.post("/v1/retention/holds", json=held | {"last_entry": None})
        assert half.status_code == 422
        assert (await client.get("/v1/retention/holds")).json()["items"] == [hold.json()]
        mended = {"mended_on": "2026-07-01", "reason": "x"}
        assert (await client.post(f"/v1/retention/holds/{hold.json()['id']}/mended", json=mended)).status_code == 403
        (run,) = (await client.get("/v1/retention/runs")).json()["items"]
        assert (run["state"], run["entries"]) == ("proposed", OLD)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_command_line_proposes_and_who_ran_it_cannot_approve_at_the_door(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def fill() -> None:
        database = Database(database_url, clock=(clock := ManualClock()))
        await years(archiving(database, tmp_path), clock)
        await database.aclose()

    asyncio.run(fill())
    monkeypatch.setenv("LIENTHONG_DATABASE_URL", database_url)
    monkeypatch.setenv("LIENTHONG_ARCHIVE_DIR", str(tmp_path))

    def told(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["retention", *arguments])
        return result.exit_code, result.output

    assert re.search(r"exchange +731 d +26 ", told("plan")[1])
    hold = ("hold", "--reason", "x", "--law", "y", "--dossier", "d-1", "--until", "2099-01-01")
    assert told(*hold) == (0, "hold 1\n")
    assert "d-1" in told("holds")[1]
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert told("propose", "exchange", "--reason", "quá hạn")[0] == 0
    assert "uid-4000000" in told("runs")[1]
    # One person may have several accounts of a machine: what is proposed here is decided at the door.
    for word in ("approve", "refuse", "mended"):
        assert "No such command" in told(word, "1")[1], word

    async def decide(name: str) -> Run:
        database = Database(database_url, clock=ManualClock())
        approver = Caller(name, "H15", APPROVER.scopes)
        try:
            context = archiving(database, tmp_path)
            return await retention.decide(context, approver, 1, approve=True, note="", correlation_id="c-2")
        finally:
            await database.aclose()

    with pytest.raises(Forbidden):
        asyncio.run(decide("uid-4000000"))
    assert asyncio.run(decide("phe-duyet")).state is RunState.APPROVED
    assert "archived and removed: 24, kept though old enough: 2" in told("run")[1]
