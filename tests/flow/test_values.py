"""Personal values beside the log: opened on record, checked, made unreadable by two, and gone from the raw files."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import delete, insert, literal_column, select, text, update
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from app.cli import cli
from app.domain.audit import AuditKind
from app.domain.commitments import Opening
from app.domain.erasure import LookReason
from app.domain.log_check import Finding, Lie
from app.errors import (
    ErasureDecided,
    ErasureOpen,
    OwnRequest,
    UnknownErasure,
    UnknownSubject,
    ValuesAltered,
    ValuesUnreadable,
)
from app.sealing import MasterKey, MasterKeys, seal
from app.store import audit, log_reading, subject_keys
from app.store import tokens as token_store
from app.store.session import Database, ReadSession, Row, WriteSession
from app.store.subject_tables import audit_values as values_table
from app.store.subject_tables import subject_keys as keys_table
from app.usecases import erase, master_keys, open_values, prove_log, tokens, verify_log
from app.usecases.archives import Shelf
from app.usecases.check_values import ValueCounts
from app.usecases.context import Caller, Context
from app.usecases.verify_log import Checked, Wanted
from connectors.testing_population import InMemoryPopulation
from tamper.kinds import BESIDE, Kind, Target, disarm
from tests.asking import BIRTH, NAME, ask, asking, number, person
from tests.factories import audit_entry
from tests.logging_world import ORIGIN, SIGNER, policy, sequence_all
from tests.worlds import door, drain, hand_over, step

MASTERS = MasterKeys.of(MasterKey.generate())
CLERK, APPROVER = Caller("quan-tri", "H15", frozenset({"admin"})), Caller("phe-duyet", "H15", frozenset({"approver"}))
WHY = {"purpose": "complaint", "reason": "Đơn khiếu nại số 12 của công dân"}
ASKED = {"reason": "Công dân yêu cầu xoá", "legal_basis": "Luật 91/2025/QH15"}
OTHERS = {"number": number(2), "full_name": NAME, "birth_date": BIRTH}


@pytest_asyncio.fixture
async def context(database: Database) -> Context:
    """A dossier of person 1 that was handed over and sent, and a question about person 2, in a log that signs."""
    database.keys = MASTERS
    population = InMemoryPopulation()
    population.hold(person(2))
    context = await asking(database, population, log=policy(checkpoint_seconds=0.0))
    await ask(context, 2)
    await hand_over(context, step())
    await drain(context)
    await sequence_all(context)
    return context


async def entries(context: Context, kind: str) -> list[Row]:
    """Entries of a kind, oldest first."""
    async with context.database.read() as session:
        return (await audit.page(session, before_id=None, limit=50, equal={"kind": kind}))[::-1]


async def one(context: Context, kind: str) -> Row:
    """The first entry of a kind that commits to values."""
    return next(row for row in await entries(context, kind) if row["commitments"])


async def keys(context: Context) -> Mapping[str, subject_keys.KeyRow]:
    """Every key, by whose it is."""
    async with context.database.read() as session:
        ids = [row.id for row in await session.rows(select(keys_table.c.id))]
        return {row.subject_id: row for row in (await subject_keys.find(session, ids)).values()}


async def subject_of(context: Context, kind: str) -> str:
    """Whom the values of an entry are about."""
    row, held = await one(context, kind), await keys(context)
    return next(key.subject_id for key in held.values() if key.id in row["commitments"])


async def check(context: Context) -> Checked:
    """Read the log again."""
    await sequence_all(context)
    return await verify_log.verify(context, Wanted((SIGNER.verifier,), ORIGIN, block=4))


def found(checked: Checked) -> Finding:
    assert checked.finding is not None
    return checked.finding


async def erased(context: Context, subject: str) -> erase.Erasure:
    """Erase as two people do."""
    asked = await erase.request(context, CLERK, subject, **ASKED, correlation_id="c-test")
    return await erase.decide(context, APPROVER, asked.row["id"], "Đã xem", "c-test", approve=True)


async def raw(database: Database) -> bytes:
    """Every byte of the file and its log, or of the table of keys, as the disk has them."""
    if database.is_sqlite:
        file = Path(make_url(database.url).database or "")
        return b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))

    async def work(session: WriteSession) -> bytes:
        [(is_super,)] = await session.rows(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
        if not is_super:
            pytest.skip("only a superuser may read the files of the server")
        await session.execute(text("CHECKPOINT"))
        [(held,)] = await session.rows(text("SELECT pg_read_binary_file(pg_relation_filepath('subject_keys'))"))
        return bytes(held)

    return await database.run(work)


@pytest_asyncio.fixture
async def approver(context: Context) -> AsyncIterator[Mapping[str, str]]:
    """The header of somebody who may approve and nothing else."""
    token = "test-phe-duyet"
    # By the door no token may approve; people have the role.
    row = {"name": "phe-duyet", "agency": "H15", "scopes": "approver", "secret_hash": tokens.hash_of(token)}

    async def work(session: WriteSession) -> None:
        await token_store.add(session, row | {"created_at": await session.now()})

    await context.database.run(work)
    yield {"Authorization": f"Bearer {token}"}


async def test_two_people_make_values_unreadable_and_every_proof_holds(
    context: Context, approver: Mapping[str, str]
) -> None:
    subject, asked = await subject_of(context, "person_asked"), await one(context, "person_asked")
    wrapped = (await keys(context))[subject].wrapped
    assert wrapped is not None
    # Also where it has long been taken over from the log of writes into the file itself.
    assert await context.database.scrub()
    bytes_before = await raw(context.database)
    assert wrapped in bytes_before
    assert (number(2).encode() in bytes_before) == context.database.is_sqlite
    async with door(context) as client:
        await _looked_at(client, asked["id"], subject)
        waiting = (await client.post(f"/v1/subjects/{subject}/erasure", json=ASKED)).json()
        assert (waiting["state"], waiting["dossiers"], waiting["documents"]) == ("asked", 0, 0)
        address = f"/v1/erasures/{waiting['id']}/approval"
        decision = {"approve": True, "note": "Đã kiểm tra đơn"}
        assert (await client.post(address, json=decision)).status_code == 403
        answer = await client.post(address, json=decision, headers=approver)
        assert answer.status_code == 200, answer.text
        done = answer.json()
        assert (done["state"], done["keys_destroyed"], done["detached"], done["scrubbed"]) == ("done", 1, True, True)
        assert (await client.post(address, json=decision, headers=approver)).json()["type"].endswith("erasure-decided")
        gone = await client.get(f"/v1/audit/{asked['id']}/values", params=WHY)
        assert (gone.status_code, gone.json()["type"]) == (410, "/problems/values-erased")
        refused = (await entries(context, "log_access"))[-1]
        assert (refused["outcome"], refused["detail"]["entry"]) == ("values-erased", asked["id"])
        assert [row["state"] for row in (await client.get("/v1/erasures")).json()["items"]] == ["done"]
    bytes_after = await raw(context.database)
    assert wrapped not in bytes_after
    if context.database.is_sqlite:
        # The register holds nothing of this person, so the number is gone as well.
        assert number(2).encode() not in bytes_after
    checked = await check(context)
    assert checked.finding is None
    assert checked.values == ValueCounts(opened=1, erased=1)
    proof = await prove_log.prove(context, CLERK, asked["id"], "c-test")
    assert asked["commitments"][:20] in proof.leaf.decode()
    # Who comes again is somebody new to the log.
    await ask(context, 2)
    assert await subject_of(context, "person_asked") not in {
        "",
        (await entries(context, "person_asked"))[1]["subject_ref"],
    }


async def _looked_at(client: httpx.AsyncClient, entry: int, subject: str) -> None:
    address = f"/v1/audit/{entry}/values"
    assert (await client.get(address)).status_code == 422
    shown = await client.get(address, params=WHY)
    assert shown.json()["values"] == OTHERS
    assert shown.json()["subject"] == subject
    assert shown.headers["Cache-Control"] == "private, no-store"
    # The newest is the look at the log that finds it.
    [_, look] = (await client.get("/v1/audit", params={"kind": "log_access", "limit": 2})).json()["items"]
    assert (look["outcome"], look["subject_ref"], look["purpose"]) == (
        "values_read",
        subject,
        f"audit: {WHY['purpose']}; {WHY['reason']}",
    )
    assert not any(value in str(look) for value in OTHERS.values())
    listed = (await client.get(f"/v1/subjects/{subject}/disclosures")).json()["items"]
    [told] = [item for item in listed if item["what"] == "values_read"]
    # On another's dossier: the reason is not for this person's eyes.
    assert (told["items"], told["purpose"], told["own_case"]) == (sorted(OTHERS), "audit", False)
    assert (await client.get("/v1/audit/1/values", params=WHY)).json()["type"] == "/problems/no-values"


async def test_what_goes_to_the_nation_says_whose_it_is_and_steps_do_not(context: Context) -> None:
    [sent, *_] = await entries(context, "exchange_started")
    opened = await open_values.open_values(context, CLERK, sent["id"], LookReason.INSPECTION, "kiểm tra năm", "c-test")
    assert opened.values == {"number": number(1).replace("00001", "23456"), "full_name": NAME}
    assert opened.subject == await subject_of(context, "exchange_started")
    await hand_over(context, step(place=2))
    await drain(context)
    assert (await entries(context, "exchange_started"))[-1]["commitments"] is None
    others = [*await entries(context, "received"), *await entries(context, "person_answered")]
    assert {row["commitments"] for row in others} == {None}


async def test_what_the_register_holds_is_not_touched(context: Context) -> None:
    subject = await subject_of(context, "exchange_started")
    done = await erased(context, subject)
    assert (done.dossiers, done.documents, done.detached, done.row["keys_destroyed"]) == (1, 0, False, 1)
    async with context.database.read() as session:
        [row] = await session.rows(text("SELECT kind FROM subjects WHERE id = :id"), {"id": subject})
    assert row.kind == "personal_number"
    assert (await check(context)).finding is None


async def test_nobody_approves_what_they_asked_for_and_nothing_is_decided_twice(context: Context) -> None:
    subject = await subject_of(context, "person_asked")
    asked = await erase.request(context, Caller("cli:lan", "H15", frozenset()), subject, **ASKED, correlation_id="c")
    erasure = asked.row["id"]
    lan = replace(APPROVER, name="Lan")
    with pytest.raises(OwnRequest):
        await erase.decide(context, lan, erasure, "tự duyệt", "c", approve=True)
    with pytest.raises(ErasureOpen):
        await erase.request(context, CLERK, subject, **ASKED, correlation_id="c")
    declined = await erase.decide(context, lan, erasure, "rút lại", "c", approve=False)
    assert (declined.row["state"], declined.row["keys_destroyed"]) == ("declined", 0)
    with pytest.raises(ErasureDecided):
        await erase.decide(context, APPROVER, erasure, "muộn", "c", approve=True)
    with pytest.raises(UnknownErasure):
        await erase.decide(context, APPROVER, "0" * 32, "không có", "c", approve=True)
    with pytest.raises(UnknownSubject):
        await erase.request(context, CLERK, "0" * 32, **ASKED, correlation_id="c")
    assert (await check(context)).values == ValueCounts(opened=2)
    outcomes = [(row["outcome"], row["actor"]) for row in await entries(context, "erasure")]
    assert outcomes == [("asked", "cli:lan"), ("declined", "Lan")]


@pytest.mark.parametrize("kind", BESIDE, ids=lambda kind: kind.name)
async def test_a_value_that_lies_is_found_and_named(context: Context, kind: Kind) -> None:
    asked = await one(context, "person_asked")
    target = Target(1, 2, ORIGIN, SIGNER, asked["id"])

    async def work(session: WriteSession) -> None:
        await disarm(session)
        await kind.plant(session, target)

    await context.database.run(work)
    finding = found(await check(context))
    assert (finding.lie, finding.audit_id) == (kind.lie, asked["id"])
    with pytest.raises(Exception, match=r"altered|not those"):
        await open_values.open_values(context, CLERK, asked["id"], LookReason.INCIDENT, "xem lại", "c-test")


async def test_rows_in_each_others_place_and_keys_that_vanish_are_found(context: Context) -> None:
    asked, sent = await one(context, "person_asked"), await one(context, "exchange_started")
    key = (await keys(context))[await subject_of(context, "person_asked")]
    mine = keys_table.c.id == key.id
    values = values_table.c.audit_id

    async def lie_of(*statements: Any) -> tuple[Lie, int | None]:
        async def work(session: WriteSession) -> None:
            await disarm(session)
            for statement in statements:
                await session.execute(statement)

        await context.database.run(work)
        finding = found(await check(context))
        return finding.lie, finding.audit_id

    async def restored(table: Any, rows: list[Row]) -> None:
        async def work(session: WriteSession) -> None:
            await session.execute(delete(table))
            await session.execute(insert(table), rows)

        await context.database.run(work)

    async with context.database.read() as session:
        held = {
            table: [dict(row._mapping) for row in await session.rows(select(table))]
            for table in (values_table, keys_table)
        }
    swap = [update(values_table).where(values == a).values(audit_id=b) for a, b in _swap(asked["id"], sent["id"])]
    assert await lie_of(*swap) == (Lie.ALTERED_VALUE, min(asked["id"], sent["id"]))
    await restored(values_table, held[values_table])
    assert await lie_of(update(keys_table).where(mine).values(wrapped=b"x" * 60)) == (Lie.ALTERED_VALUE, asked["id"])
    silently = update(keys_table).where(mine).values(wrapped=None, destroyed_at=asked["at"])
    assert await lie_of(silently) == (Lie.DELETED_VALUE, asked["id"])
    assert await lie_of(delete(keys_table).where(mine)) == (Lie.DELETED_VALUE, asked["id"])
    await restored(keys_table, held[keys_table])
    assert (await check(context)).finding is None
    moved = update(values_table).where(values == asked["id"]).values(audit_id=1)
    assert await lie_of(moved) == (Lie.ALTERED_VALUE, 1)


async def test_what_no_value_can_be_made_of_is_a_lie_and_no_fault(context: Context) -> None:
    """As by who has the master key; and as by who has none, where a column takes anything (SQLite)."""
    asked = await one(context, "person_asked")
    key = (await keys(context))[await subject_of(context, "person_asked")]
    secret = subject_keys.opened(MASTERS, key)
    assert secret is not None
    mine = values_table.c.audit_id == asked["id"]

    async def lie_of(statement: Any) -> tuple[Lie, int | None]:
        async def work(session: WriteSession) -> None:
            await disarm(session)
            await session.execute(statement)

        await context.database.run(work)
        finding = found(await check(context))
        with pytest.raises(ValuesAltered):
            await open_values.open_values(context, CLERK, asked["id"], LookReason.INCIDENT, "xem lại", "c-test")
        return finding.lie, finding.audit_id

    lied = (Lie.ALTERED_VALUE, asked["id"])
    short = {name: Opening(b"x" * 31, value) for name, value in OTHERS.items()}
    sealed = seal(secret, asked["id"], asked["commitments"], short)
    no_text = {name: Opening(b"x" * 32, 7) for name in OTHERS}  # type: ignore[arg-type]
    other = seal(secret, asked["id"], asked["commitments"], no_text)
    for one_of in (sealed, other):
        changed = update(values_table).where(mine).values(nonce=one_of.nonce, ciphertext=one_of.ciphertext)
        assert await lie_of(changed) == lied
    if context.database.is_sqlite:
        # Text in the place of bytes.
        assert await lie_of(update(values_table).where(mine).values(ciphertext=literal_column("'x'"))) == lied


async def test_an_erasure_that_names_no_keys_covers_none_and_stops_no_check(context: Context) -> None:
    key = (await keys(context))[await subject_of(context, "person_asked")]
    asked = await one(context, "person_asked")
    said = audit_entry(AuditKind.ERASURE, outcome=audit.ERASED, subject_ref=key.subject_id, detail={"keys": 7})

    async def work(session: WriteSession) -> None:
        await audit.append(session, [said, replace(said, detail={})], await session.now())
        await subject_keys.destroy(session, key.subject_id, await session.now())

    await context.database.run(work)
    finding = found(await check(context))
    assert (finding.lie, finding.audit_id) == (Lie.DELETED_VALUE, asked["id"])


async def test_what_is_archived_while_it_is_read_has_lost_no_value(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL shows each statement what is committed by then: the row still stood, and its values are gone."""
    asked = await one(context, "person_asked")
    leaf_of = log_reading.leaf_of_entry
    held: list[int] = []

    async def work(session: WriteSession) -> None:
        await disarm(session)
        await session.execute(delete(values_table).where(values_table.c.audit_id == asked["id"]))

    async def archived(session: ReadSession, audit_id: int) -> log_reading.Leaf | None:
        leaf = await leaf_of(session, audit_id)
        return None if leaf is None else replace(leaf, row=None)

    async def hold(_shelf: Shelf, _session: ReadSession, leaf: log_reading.Leaf) -> None:
        held.append(leaf.audit_id)

    await context.database.run(work)
    assert found(await check(context)).audit_id == asked["id"]
    monkeypatch.setattr(log_reading, "leaf_of_entry", archived)
    monkeypatch.setattr(Shelf, "hold", hold)
    assert ((await check(context)).finding, held) == (None, [asked["id"]])


def _swap(one: int, other: int) -> list[tuple[int, int]]:
    return [(one, -1), (other, one), (-1, other)]


async def test_without_the_master_key_it_is_said_what_was_not_read(context: Context) -> None:
    asked = await one(context, "person_asked")
    context.database.keys = MasterKeys.of(MasterKey.generate())
    assert (await check(context)).values == ValueCounts(unread=2)
    with pytest.raises(ValuesUnreadable):
        await open_values.open_values(context, CLERK, asked["id"], LookReason.INCIDENT, "xem lại", "c-test")
    stands = await master_keys.standing(context)
    assert (stands.is_whole, stands.unknown) == (False, (MASTERS.current.id,))
    # What is asked now is kept under the key that is at hand.
    await ask(context, 2)
    assert (await check(context)).values == ValueCounts(opened=1, unread=2)
    context.database.keys = None
    assert (await check(context)).values == ValueCounts(unread=3)


async def test_a_rotation_goes_on_where_it_stood_and_raises_nobody_from_the_dead(context: Context) -> None:
    subject = await subject_of(context, "person_asked")
    await erased(context, subject)
    await ask(context, 2)
    fresh = MasterKeys.of(MasterKey.generate(), [MASTERS.current])
    context.database.keys = fresh
    before = await raw(context.database)
    wraps = [key.wrapped for key in (await keys(context)).values() if key.wrapped]
    assert len(wraps) == 2
    assert all(wrap in before for wrap in wraps)

    class Off(Exception):
        pass

    def broken(done: int) -> None:
        raise Off(done)

    with pytest.raises(Off):
        await master_keys.rotate(context, CLERK, "c-test", broken, block=1)
    assert (await master_keys.standing(context)).to_rewrap == 1
    done = await master_keys.rotate(context, CLERK, "c-test", lambda _: None, block=1)
    assert (done.rewrapped, done.failed, done.scrubbed) == (1, 0, True)
    assert (await master_keys.rotate(context, CLERK, "c-test", lambda _: None)).rewrapped == 0
    context.database.keys = MasterKeys.of(fresh.current)
    stands = await master_keys.standing(context)
    assert (stands.is_whole, stands.to_rewrap, stands.destroyed) == (True, 0, 1)
    after = await raw(context.database)
    assert not any(wrap in after for wrap in wraps)
    assert (await check(context)).values == ValueCounts(opened=2, erased=1)
    assert [row["outcome"] for row in await entries(context, "operation")] == ["keys_rewrapped"] * 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_command_line_asks_and_rotates_and_never_approves(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = await subject_of(context, "person_asked")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIENTHONG_DATABASE_URL", context.database.url.replace("+aiosqlite", ""))
    monkeypatch.setenv("LIENTHONG_DOCUMENTS_URL", str(tmp_path / "documents"))
    await context.database.aclose()
    runner = CliRunner()

    def said(*arguments: str, code: int = 0) -> str:
        result = runner.invoke(cli, list(arguments))
        assert result.exit_code == code, result.output
        return result.output.strip()

    def story() -> None:
        file, old = tmp_path / "new.key", tmp_path / "old.key"
        MASTERS.current.save(old)
        made = said("master-key", "keygen", "--out", str(file))
        monkeypatch.setenv("LIENTHONG_MASTER_KEY", str(file))
        assert "not unwrapped by any key at hand: 2" in said("master-key", "rotate", code=1)
        monkeypatch.setenv("LIENTHONG_MASTER_OLD_KEYS", f'["{old}"]')
        assert "wrapped anew: 2" in said("master-key", "rotate")
        monkeypatch.delenv("LIENTHONG_MASTER_OLD_KEYS")
        assert f"{made}\tliving keys: 2" in said("master-key", "status")
        asked = said("subject", "erase", subject, "--reason", "Đơn", "--legal-basis", "Luật 91/2025/QH15")
        assert asked.startswith("asked: ")
        assert "no page" in said("subject", "scrub")
        checked = said("audit", "verify", "--key", SIGNER.verifier.vkey, "--origin", ORIGIN)
        assert "2 opened and right, 0 erased, 0 not read" in checked

    await asyncio.to_thread(story)
