"""The log is read again on both databases: what is right holds, and the first lie is named."""

import asyncio
import io
import json
from dataclasses import asdict
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update
from typer.testing import CliRunner

from app.cli import cli
from app.domain.log_check import Climb, Finding, Lie, Progress
from app.domain.merkle import grow, leaf_hash, root_of
from app.store import checkpoints, log_reading, migrate
from app.store.log_tables import log_checkpoints, log_leaves, log_tiles
from app.store.session import Database, WriteSession
from app.store.tables import audit
from app.tlog import Checkpoint, KeyKind, Signer, cosign, generate, load_signer
from app.usecases import export_log, log_lies, look, prove_log, verify_log
from app.usecases.context import Caller, Context
from app.usecases.export_log import About
from app.usecases.prove_log import BadProof, NoProof
from app.usecases.verify_log import CannotVerify, Checked, Wanted
from tamper.kinds import KINDS, Kind, disarm, roll_back
from tamper.run import ORIGIN, ask_bundle, live, plant, policy_of, sequence_all, target_of, unpack
from tests import worlds

KEY = Signer.parse(generate(ORIGIN))
OUTSIDER = Caller("outsider", "H15", frozenset({"admin"}))
BLOCK = 7


@pytest_asyncio.fixture
async def context(database: Database) -> Context:
    """A log with two checkpoints."""
    context = worlds.context_of(database, log=policy_of(KEY))
    await live(context, 1, 2)
    await live(context, 3, 1)
    return context


async def check(context: Context, *outside: str, **more: object) -> Checked:
    wanted = Wanted(context.log.verifiers, ORIGIN, outside, block=BLOCK)
    return await verify_log.verify(context, Wanted(**{**_fields(wanted), **more}))  # type: ignore[arg-type]


def _fields(wanted: Wanted) -> dict[str, object]:
    return {name: getattr(wanted, name) for name in Wanted.__slots__}


async def signed(context: Context) -> prove_log.Signed:
    async with context.database.read() as session:
        return await prove_log.newest(session)


async def change(context: Context, *statements: object) -> None:
    async def work(session: WriteSession) -> None:
        await disarm(session)
        for statement in statements:
            await session.execute(statement)  # type: ignore[arg-type]

    await context.database.run(work)


def found(checked: Checked) -> Finding:
    assert checked.finding is not None
    return checked.finding


async def test_what_is_right_holds(context: Context) -> None:
    checked = await check(context, (await signed(context)).note)
    assert checked.finding is None
    assert checked.newest is not None
    assert checked.entries == checked.newest.size > BLOCK
    assert checked.checkpoints == 2


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_every_lie_is_found_and_called_by_its_name(context: Context, kind: Kind) -> None:
    note = (await signed(context)).note
    target, _ = await target_of(context, KEY)
    await plant(context, kind, target)
    finding = found(await check(context, note))
    assert finding.lie is kind.lie
    if kind.names_entry:
        assert finding.audit_id == target.first
        assert f"entry {target.first} " in finding.words


async def test_a_rewrite_with_the_own_key_and_an_older_copy_are_seen_only_from_outside(context: Context) -> None:
    target, _ = await target_of(context, KEY)
    note, size = (await signed(context)).note, (await signed(context)).size
    await plant(context, next(kind for kind in KINDS if kind.name == "rewritten_history_own_key"), target)
    assert (await check(context)).finding is None

    async def older(session: WriteSession) -> None:
        await roll_back(session, size - 5)

    await context.database.run(older)
    finding = found(await check(context, note))
    assert finding.lie is Lie.ROLLED_BACK
    assert finding.seq == size - 5


async def test_a_changed_tree_beside_true_rows_is_found(context: Context) -> None:
    await change(context, update(log_leaves).where(log_leaves.c.seq == 3).values(leaf_hash=leaf_hash(b"x")))
    assert found(await check(context)).seq == 3
    async with context.database.read() as session:
        (leaf,) = await log_reading.leaves(session, 3, 4)
    hashed = log_lies.hash_of(leaf.row or {})
    assert hashed is not None
    await change(context, update(log_leaves).where(log_leaves.c.seq == 3).values(leaf_hash=hashed))
    assert (await check(context)).finding is None
    async with context.database.read() as session:
        (tile,) = await session.rows(log_tiles.select())
    twisted = bytes(tile.hashes[:320]) + bytes([tile.hashes[320] ^ 1]) + bytes(tile.hashes[321:])
    await change(context, update(log_tiles).values(hashes=twisted))
    finding = found(await check(context))
    assert (finding.lie, finding.seq) == (Lie.BROKEN_TREE, 10)


async def test_a_detail_that_means_the_same_but_is_written_otherwise_is_found(context: Context) -> None:
    await change(context, text("UPDATE audit SET detail = '{ ' || substr(detail, 2) WHERE id = 5"))
    finding = found(await check(context))
    assert (finding.lie, finding.audit_id) == (Lie.ALTERED_BYTE, 5)


async def test_a_row_that_cannot_be_read_is_named(context: Context) -> None:
    if context.database.is_sqlite:
        await change(context, text("UPDATE audit SET at = 'yesterday' WHERE id = 5"))
    else:
        await change(context, text("UPDATE audit SET detail = 'no JSON' WHERE id = 5"))
    finding = found(await check(context))
    assert (finding.lie, finding.seq) == (Lie.ALTERED_BYTE, 4)


_ANOTHER = """
    INSERT INTO audit (id, at, kind, outcome, actor, agency, provider, purpose, legal_basis, correlation_id, detail)
    SELECT {id}, at, kind, outcome, actor, agency, provider, purpose, legal_basis, correlation_id, '{detail}'
    FROM audit WHERE id = 1
"""


async def test_who_may_only_add_rows_cannot_keep_a_check_from_its_end(context: Context) -> None:
    async def add(number: int, detail: str) -> None:
        statement = text(_ANOTHER.format(id=number, detail=detail))
        await context.database.run(lambda session: session.execute(statement))
        await sequence_all(context)

    # Far above all others: whoever walks there number by number never comes back.
    await add(4 * 10**15, "{}")
    assert (await asyncio.wait_for(check(context), 60)).finding is None
    # What is no JSON is sequenced by its hash.
    await add(4 * 10**15 + 1, "no JSON")
    finding = found(await check(context))
    assert (finding.lie, finding.audit_id) == (Lie.ALTERED_BYTE, 4 * 10**15 + 1)


async def test_a_leaf_that_was_cut_off_contradicts_its_checkpoint(context: Context) -> None:
    size = (await signed(context)).size
    await change(context, log_leaves.delete().where(log_leaves.c.seq == size - 1))
    assert found(await check(context)).lie is Lie.ROLLED_BACK


async def test_a_newest_checkpoint_that_is_gone_is_missed_by_who_kept_it(context: Context) -> None:
    note, size = (await signed(context)).note, (await signed(context)).size
    await change(context, log_checkpoints.delete().where(log_checkpoints.c.size == size))
    finding = found(await check(context, note))
    assert (finding.lie, finding.seq) == (Lie.ROLLED_BACK, (await signed(context)).size)


async def test_a_check_goes_on_where_it_was_broken_off(context: Context) -> None:
    class BrokenOff(Exception):
        pass

    kept: list[Progress] = []

    def keep(progress: Progress) -> None:
        kept.append(progress)
        if progress.size >= 2 * BLOCK:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        await check(context, keep=keep)
    state = Progress.parse(json.loads(json.dumps(asdict(kept[-1]))))
    assert state == kept[-1]
    checked = await check(context, resume=state)
    assert (checked.finding, checked.resumed_at) == (None, 2 * BLOCK)
    # What was read was not held against another checkpoint from outside, unless that one lies ahead.
    async with context.database.read() as session:
        first, last = await log_reading.checkpoints_from(session, after=(-1, 0), size_max=99, limit=9)
    assert first.size < state.size < last.size
    assert (await check(context, first.note, resume=state)).resumed_at == 0
    assert (await check(context, last.note, resume=state)).resumed_at == state.size
    await change(context, update(audit).where(audit.c.id == 2 * BLOCK + 1).values(actor="nobody"))
    assert found(await check(context, resume=state)).audit_id == 2 * BLOCK + 1


async def test_a_witness_is_named_and_a_false_one_found_out(context: Context) -> None:
    witness, other = (Signer.parse(generate(name, KeyKind.COSIGNATURE_V1)) for name in ("witness.test", "other.test"))
    keys = (*context.log.verifiers, witness.verifier, other.verifier)

    async def put(signer: Signer, text_of: int) -> None:
        async def work(session: WriteSession) -> None:
            held = await checkpoints.newest(session)
            assert held is not None
            line = cosign(Checkpoint(ORIGIN, text_of, held.root).to_text(), signer, held.at).line
            await checkpoints.put_cosignature(session, held.id, signer.name, held.at, line)

        await context.database.run(work)

    size = (await signed(context)).size
    await put(witness, size)
    checked = await check(context, verifiers=keys)
    assert (checked.finding, checked.witnesses) == (None, ("witness.test",))
    await put(other, size - 1)
    assert found(await check(context, verifiers=keys)).lie is Lie.FORGED_CHECKPOINT


async def test_a_foreign_checkpoint_and_no_key_are_no_check(context: Context) -> None:
    with pytest.raises(CannotVerify):
        await check(context, verifiers=())
    with pytest.raises(CannotVerify):
        await check(context, (await signed(context)).note, verifiers=(Signer.parse(generate(ORIGIN)).verifier,))


async def test_a_proof_holds_and_nothing_else_does(context: Context, tmp_path: Path) -> None:
    proof = (await prove_log.prove(context, OUTSIDER, 5, "c-1")).to_text()
    parsed, checkpoint = prove_log.check(proof, context.log.verifiers, ORIGIN)
    assert json.loads(parsed.leaf)["id"] == 5
    assert checkpoint.size == (await signed(context)).size
    lines = proof.split("\n")
    for place in range(1, len(lines) - 1):
        twisted = "\n".join([*lines[:place], lines[place][:-2] + "=A", *lines[place + 1 :]])
        with pytest.raises(BadProof):
            prove_log.check(twisted, context.log.verifiers, ORIGIN)
    file = tmp_path / "5.tlog-proof"
    file.write_text(proof, "utf-8")
    assert ask_bundle(file, None, KEY.verifier.vkey) == (0, "ĐÚNG / ALL HOLDS")
    file.write_text(proof.replace("index 4", "index 5"), "utf-8")
    assert ask_bundle(file, None, KEY.verifier.vkey)[1].startswith("SAI / DOES NOT HOLD: entry 5 ")
    with pytest.raises(NoProof, match="too new"):
        await prove_log.prove(context, OUTSIDER, 10**6, "c-2")
    entry = (await look.log(context, OUTSIDER, equal={"kind": "log_access"}, **_PAGE))[-1]
    assert (entry["outcome"], entry["detail"]) == ("proved", {"entry": 5})


_PAGE: dict[str, Any] = {"since": None, "until": None, "before_id": None, "limit": 9, "correlation_id": "c-3"}


async def _export(context: Context, about: About, value: str, since: str | None = None) -> bytes:
    out = io.BytesIO()
    await export_log.export(context, OUTSIDER, about, value, out, since=since, correlation_id="c-4")
    return out.getvalue()


async def test_a_bundle_is_on_record_and_verifies_by_itself(context: Context, tmp_path: Path) -> None:
    code, before = worlds.code(2), await signed(context)
    (tmp_path / "older.zip").write_bytes(await _export(context, About.DOSSIER, code))
    await sequence_all(context)
    await worlds.hand_over(context, worlds.step(2, 3))
    await sequence_all(context)
    (tmp_path / "newer.zip").write_bytes(await _export(context, About.DOSSIER, code, since=before.note))
    for name in ("older", "newer"):
        unpack(tmp_path / f"{name}.zip", tmp_path / name)
    assert ask_bundle(tmp_path / "older", None, KEY.verifier.vkey) == (0, "ĐÚNG / ALL HOLDS")
    assert ask_bundle(tmp_path / "newer", tmp_path / "older", KEY.verifier.vkey) == (0, "ĐÚNG / ALL HOLDS")
    assert ask_bundle(tmp_path / "older", tmp_path / "newer", KEY.verifier.vkey)[0] == 1
    other = Signer.parse(generate(ORIGIN)).verifier.vkey
    assert "no trusted key" in ask_bundle(tmp_path / "newer", None, other)[1]
    entry = (await look.log(context, OUTSIDER, equal={"kind": "log_access"}, **_PAGE))[-1]
    assert (entry["outcome"], entry["detail"]) == ("exported", {"dossier": code})
    older = (tmp_path / "older" / "entries.ndjson").read_bytes().splitlines()
    newer = (tmp_path / "newer" / "entries.ndjson").read_bytes().splitlines()
    assert newer[: len(older)] == older
    assert len(newer) == len(older) + 1


async def test_nothing_is_exported_that_is_not_what_was_signed(context: Context) -> None:
    await change(context, update(audit).where(audit.c.id == 1).values(actor="nobody"))
    with pytest.raises(NoProof, match="not what was signed"):
        await _export(context, About.DOSSIER, worlds.code(1))


@given(st.integers(0, 600))
def test_a_climb_reckons_what_growing_does(size: int) -> None:
    hashes = [leaf_hash(str(number).encode()) for number in range(size)]
    climb, tiles = Climb(), dict[tuple[int, int], dict[int, bytes]]()
    for hashed in hashes:
        for known in climb.add(hashed):
            tiles.setdefault((known.level, known.index), {})[known.slot] = known.value
    assert climb.root() == root_of(hashes)
    whole = {key: b"".join(slots[slot] for slot in sorted(slots)) for key, slots in tiles.items()}
    assert whole == dict(grow(0, {}, hashes).tiles)


def test_the_command_line_says_by_its_exit_code_what_it_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, database_url = CliRunner().invoke, f"sqlite:///{tmp_path / 'lienthong.sqlite3'}"
    migrate.upgrade(database_url)
    key, state = tmp_path / "log.key", tmp_path / "state.json"
    made = run(cli, ["audit", "keygen", ORIGIN, "--out", str(key)])
    assert made.exit_code == 0
    assert made.output.strip() == load_signer(key).verifier.vkey
    assert S_IMODE(key.stat().st_mode) == 0o600
    assert run(cli, ["audit", "keygen", ORIGIN, "--out", str(key)]).exit_code == 2
    monkeypatch.setenv("LIENTHONG_DATABASE_URL", database_url)
    verify = ["audit", "verify", "--state", str(state)]
    assert run(cli, verify).exit_code == 2
    monkeypatch.setenv("LIENTHONG_LOG_KEY", str(key))

    async def work(*, lie: bool) -> None:
        database = Database(database_url)
        context = worlds.context_of(database, log=policy_of(load_signer(key)))
        if lie:
            await change(context, update(audit).where(audit.c.id == 3).values(actor="nobody"))
        else:
            await live(context, 1, 2)
        await database.aclose()

    asyncio.run(work(lie=False))
    kept, proof, bundle = tmp_path / "kept", tmp_path / "proof", tmp_path / "bundle.zip"
    assert run(cli, [*verify, "--keep", str(kept)]).exit_code == 0
    assert not state.exists()
    repaired = run(cli, ["audit", "repair-tiles"])
    assert (repaired.exit_code, "tiles made anew: 0" in repaired.output) == (0, True)
    assert run(cli, [*verify, "--checkpoint", str(kept)]).exit_code == 0
    (tmp_path / "noise").write_bytes(b"\xff\x00")
    assert run(cli, [*verify, "--checkpoint", str(tmp_path / "noise")]).exit_code == 2
    assert run(cli, [*verify, "--keep", str(tmp_path / "nowhere" / "kept")]).exit_code == 2
    assert run(cli, ["audit", "prove", "3", "--out", str(proof)]).exit_code == 0
    assert run(cli, ["audit", "prove", "--check", str(proof)]).exit_code == 0
    proof.write_text(proof.read_text("utf-8").replace("index 2", "index 1"), "utf-8")
    assert run(cli, ["audit", "prove", "--check", str(proof)]).exit_code == 1
    assert run(cli, ["audit", "export", "--dossier", worlds.code(1), str(bundle)]).exit_code == 0
    assert run(cli, ["audit", "export", "--dossier", worlds.code(1), str(bundle)]).exit_code == 2
    asyncio.run(work(lie=True))
    lying = run(cli, verify)
    assert lying.exit_code == 1
    assert "altered_byte: entry 3 (place 2)" in lying.output
    refused = run(cli, ["audit", "export", "--dossier", worlds.code(1), str(tmp_path / "other.zip")])
    assert refused.exit_code == 2
    assert not (tmp_path / "other.zip").exists()
