"""Right to know: a person reads who had their data, nobody else's case is named, delays end, receipts hold alone."""

import asyncio
import base64
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidSignature
from typer.testing import CliRunner

from app.cli import cli
from app.store.session import Database
from app.tlog import (
    BadReceipt,
    Receipt,
    Signer,
    TlogError,
    check_receipt,
    cosign,
    generate,
    issue_receipt,
    receipt_verify,
)
from app.usecases.context import RetentionPolicy
from connectors.testing_population import InMemoryPopulation
from tests.api.test_door import problem
from tests.asking import BIRTH, FREE, NAME, ask, number, person
from tests.factories import NOW, ManualClock
from tests.logging_world import COSIGNER, ORIGIN, SIGNER, execute, policy, sequence_all
from tests.papers_world import World, door, keep, make, metadata, paper
from tests.retention_world import approved, prune_all
from tests.worlds import FROM_TEST, code, dossier, dossier_body, drain, hand_over

ME, OTHER = ({"kind": "personal_number", "number": number(place)} for place in (1, 2))
VKEY = SIGNER.verifier.vkey
DAY_SECONDS = 86400.0
SECRET_PURPOSE = "Xác minh người giám hộ của người khác"
LAW = "Luật 91/2025/QH15 (thử nghiệm)"


def applicant(identity: dict[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = dossier_body()["applicant"]
    return body | {"identities": [identity]}


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    """My dossier 1 and another's dossier 2, in a log that signs."""
    world = make(clocked_database, tmp_path)
    population = InMemoryPopulation()
    for place in (1, 2):
        population.hold(person(place))
    world.context = replace(
        world.context, population=population, once=FREE, log=policy(age_max_seconds=30 * DAY_SECONDS)
    )
    await hand_over(world.context, dossier(1, applicant=applicant(ME)), dossier(2, applicant=applicant(OTHER)))
    return world


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with door(world.context) as client:
        yield client


async def address_of(client: httpx.AsyncClient, identity: dict[str, str]) -> str:
    found = (await client.post("/v1/subjects", json=identity)).json()
    return f"/v1/subjects/{found['id']}"


async def told(client: httpx.AsyncClient, identity: dict[str, str], limit: int = 200) -> list[dict[str, Any]]:
    """All that a person is told, page by page, without the looks at it."""
    items: list[dict[str, Any]] = []
    following = f"{await address_of(client, identity)}/disclosures?limit={limit}"
    while following:
        page = (await client.get(following)).json()
        items, following = items + page["items"], page["next"]
    assert [one["id"] for one in items] == sorted({one["id"] for one in items}, reverse=True)
    return [one for one in items if one["what"] not in {"disclosures_read", "receipt_given"}]


async def live(world: World, client: httpx.AsyncClient) -> None:
    """Everything that shares or looks: two documents, a look-up, a check, a form, questions, the way to the nation."""
    kept = await keep(world, metadata(owner=ME), paper("mine"))
    await client.get(f"/v1/documents/{kept['id']}/file")
    theirs = await keep(world, metadata("component", owner=OTHER), paper("a relative's, in my dossier"))
    await client.get(f"/v1/documents/{theirs['id']}/file")
    await client.get(f"{await address_of(client, ME)}/documents")
    asked = {"unit": "H15.50", "officer": "cb.01", "purpose": "Tiếp nhận hồ sơ", "dossier": code(1)}
    look = asked | {"owner": ME, "requester_name": "Trần Thị Mẫu", "requester_number": "003085000001"}
    look |= {"component_code": "000.00.00.G15-KQ003321"}
    del look["purpose"]
    answer = await client.post("/v1/documents/lookup", json=look)
    assert answer.is_success, answer.text
    items = [{"component_code": "000.00.00.G15-KQ003321"}]
    check = asked | {"procedure": "1.000110", "subject": ME, "items": items, "national": False}
    answer = await client.post("/v1/once-only/check", json=check)
    assert answer.is_success, answer.text
    form = asked | {"form": "CT01-XACNHAN-1", "dossier": code(3), "subject": ME}
    form |= {"full_name": NAME, "birth_date": BIRTH}
    answer = await client.post("/v1/prefill", json=form)
    assert answer.is_success, answer.text
    await ask(world.context, 1)
    await ask(world.context, 1, dossier_code=code(2), purpose=SECRET_PURPOSE)
    await ask(world.context, 2)
    await drain(world.context)


async def test_each_person_reads_who_had_their_data_and_nothing_of_others(
    world: World, client: httpx.AsyncClient
) -> None:
    await hand_over(world.context, dossier(3, applicant=applicant(ME), procedure={"code": "1.010041"}))
    await live(world, client)
    mine, others = await told(client, ME), await told(client, OTHER)
    assert Counter(one["what"] for one in mine) == {
        "document_given": 1,
        "documents_listed": 1,
        "lookup_begun": 1,
        "lookup_done": 1,
        "check_done": 1,
        "form_begun": 1,
        "form_filled": 1,
        "person_asked": 3,
        "person_told": 3,
        "dossier_sending": 2,
        "dossier_taken": 2,
    }
    filled = next(one for one in mine if one["what"] == "form_filled")
    assert {"CT01-XACNHAN-1", "birth_date", "permanent_address"} <= set(filled["items"])
    assert Counter(one["what"] for one in others) == {
        "document_given": 1,
        "person_asked": 1,
        "person_told": 1,
        "dossier_sending": 1,
        "dossier_taken": 1,
    }
    assert await told(client, ME, limit=2) == mine
    assert [one["own_case"] for one in others if one["what"] == "document_given"] == [False]
    assert code(1) not in json.dumps(others)
    assert all(one["meaning"]["vi"] and one["legal_basis"] and one["who"] and not one["delayed"] for one in mine)
    own = next(one for one in mine if one["what"] == "person_told" and one["dossier"] == code(1))
    assert (own["dossier"], own["unit"], own["provider"]) == (code(1), "H15.50", "population")
    assert own["purpose"] == "verify_person: Kiểm tra người nộp"
    assert own["items"] == ["birth_date", "full_name", "number"]
    # That somebody asked about me for another's dossier is told; whose, and what for, is not.
    assert [one["what"] for one in mine if not one["own_case"]] == ["person_told", "person_asked"]
    assert code(2) not in json.dumps(mine)
    assert SECRET_PURPOSE not in json.dumps(mine, ensure_ascii=False)
    # Officers who looked at the list are on it, and no number of a person is on record.
    page = (await client.get(f"{await address_of(client, ME)}/disclosures")).json()
    assert page["items"][0]["what"] == "disclosures_read"
    assert not await world.rows("SELECT id FROM audit WHERE detail LIKE :number", number=f"%{number(1)}%")


async def test_unknown_people_and_callers_without_leave_are_told_nothing(
    world: World, client: httpx.AsyncClient
) -> None:
    problem(await client.get(f"/v1/subjects/{'0' * 32}/disclosures"), 404, "unknown-subject")
    mine, others = await address_of(client, ME), await address_of(client, OTHER)
    await drain(world.context)
    entry = (await told(client, ME))[0]["id"]
    problem(await client.get(f"{others}/disclosures/{entry}/receipt"), 404, "unknown-disclosure")
    # It is on record and not in the tree yet.
    problem(await client.get(f"{mine}/disclosures/{entry}/receipt"), 404, "unknown-log-part")
    problem(await client.get(f"/v1/subjects/{'0' * 32}/disclosures/{entry}/receipt"), 404, "unknown-subject")
    # What was refused was not given, and is not told as if it were.
    for asked_for in (mine, others):
        assert "receipt_given" not in (await client.get(f"{asked_for}/disclosures")).text
    async with door(world.context, ["intake"]) as stranger:
        problem(await stranger.get(f"{mine}/disclosures"), 403, "forbidden")
        problem(await stranger.get("/v1/disclosure-delays"), 403, "forbidden")
    async with door(world.context, ["read", "operate"]) as reader:
        body = {"dossier": code(1), "until": "2026-08-01", "reason": "x", "legal_basis": LAW}
        problem(await reader.post("/v1/disclosure-delays", json=body), 403, "forbidden")


async def test_what_is_delayed_leaves_no_trace_until_its_day(
    world: World, client: httpx.AsyncClient, clock: ManualClock
) -> None:
    await ask(world.context, 1)
    await ask(world.context, 1, dossier_code=code(2))
    await sequence_all(world.context)
    before = await told(client, ME)
    hidden = [one for one in before if one["dossier"] == code(1)]
    assert (len(before), len(hidden)) == (4, 2)
    body = {"dossier": code(1), "until": "2026-07-04", "reason": "Đang điều tra", "legal_basis": LAW}
    made = await client.post("/v1/disclosure-delays", json=body)
    assert made.status_code == 201, made.text
    clock.advance(60)
    await ask(world.context, 1)
    assert await told(client, ME, limit=1) == [one for one in before if one not in hidden]
    withheld = problem(await client.get(hidden[0]["receipt"]), 404, "unknown-disclosure")
    never = problem(
        await client.get(hidden[0]["receipt"].replace(f"/{hidden[0]['id']}/", "/1/")), 404, "unknown-disclosure"
    )
    assert withheld.keys() == never.keys()
    assert LAW not in json.dumps([withheld, await told(client, ME)], ensure_ascii=False)
    # Until the last second of the day before, Vietnamese time.
    clock.advance(2 * DAY_SECONDS + 15 * 3600 - 61)
    assert len(await told(client, ME)) == 2
    clock.advance(1)
    shown = [one for one in await told(client, ME) if one["dossier"] == code(1)]
    assert len(shown) == 4
    assert {(one["delayed"], one["delayed_until"], one["delay_legal_basis"]) for one in shown} == {
        (True, "2026-07-04", LAW)
    }
    clock.advance(60)
    await ask(world.context, 1)
    assert [one["delayed"] for one in await told(client, ME)][:2] == [False, False]
    listed = (await client.get(f"/v1/disclosure-delays?dossier={code(1)}")).json()["items"]
    assert listed == [made.json()]
    ((law, detail),) = await world.rows("SELECT legal_basis, detail FROM audit WHERE outcome = 'disclosures_delayed'")
    assert (law, json.loads(detail)) == (LAW, {"delay": made.json()["id"], "until": "2026-07-04"} | FROM_TEST)


@pytest.mark.parametrize("until", ["2026-07-01", "2026-06-30", "2099-01-01"])
async def test_a_delay_has_a_day_that_lies_ahead_and_a_dossier(client: httpx.AsyncClient, until: str) -> None:
    body = {"dossier": code(1), "until": until, "reason": "x", "legal_basis": LAW}
    assert problem(await client.post("/v1/disclosure-delays", json=body), 422, "invalid-record")
    body = {"dossier": code(9), "until": "2026-07-02", "reason": "x", "legal_basis": LAW}
    problem(await client.post("/v1/disclosure-delays", json=body), 404, "unknown-dossier")
    for name in ("reason", "legal_basis"):
        lacking = {key: value for key, value in body.items() if key != name}
        assert (await client.post("/v1/disclosure-delays", json=lacking)).status_code == 422


async def test_a_newer_delay_ends_an_older_one(world: World, client: httpx.AsyncClient, clock: ManualClock) -> None:
    await ask(world.context, 1)
    for until in ("2026-09-01", "2026-07-02"):
        body = {"dossier": code(1), "until": until, "reason": "x", "legal_basis": LAW}
        assert (await client.post("/v1/disclosure-delays", json=body)).status_code == 201
        assert await told(client, ME) == []
    clock.advance(DAY_SECONDS)
    assert [one["delayed_until"] for one in await told(client, ME)] == ["2026-07-02"] * 2


def refuses(note: str, keys: list[str]) -> bool:
    """Whether both finders, ours and the one that stands alone, refuse a receipt."""
    with pytest.raises(TlogError):
        check_receipt(note, [SIGNER.verifier], ORIGIN)
    with pytest.raises((InvalidSignature, ValueError, KeyError)):
        receipt_verify.check(note, keys)
    return True


async def test_a_receipt_holds_alone_and_says_no_more_than_it_may(
    world: World, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await ask(world.context, 1)
    await ask(world.context, 1, dossier_code=code(2), purpose=SECRET_PURPOSE)
    await sequence_all(world.context)
    mine = {(one["what"], one["own_case"]): one for one in await told(client, ME)}
    own = await client.get(mine["person_told", True]["receipt"])
    assert own.status_code == 200, own.text
    receipt, checkpoint = check_receipt(own.content, [SIGNER.verifier], ORIGIN)
    assert receipt_verify.check(own.text, [VKEY]) == receipt.told
    assert receipt.index < checkpoint.size
    assert {name: receipt.told[name] for name in ("entry", "who", "dossier", "items", "told_from")} == {
        "entry": mine["person_told", True]["id"],
        "who": mine["person_told", True]["who"],
        "dossier": code(1),
        "items": ["birth_date", "full_name", "number"],
        "told_from": None,
    }
    other = await client.get(mine["person_told", False]["receipt"])
    shown = receipt_verify.check(other.text, [VKEY])
    assert check_receipt(other.text, [SIGNER.verifier], ORIGIN)[0].leaf is None
    assert (shown["dossier"], shown["procedure"], shown["purpose"]) == (None, None, "verify_person")
    assert SECRET_PURPOSE not in other.text
    assert code(2) not in other.text
    file, forged = tmp_path / "receipt.txt", tmp_path / "forged.txt"
    file.write_bytes(own.content)
    forged.write_text(own.text.replace("canbo01", "canbo02", 1), "utf-8")
    run = CliRunner().invoke
    done = run(cli, ["audit", "verify-receipt", str(file), "--key", VKEY])
    assert (done.exit_code, '"canbo01 (one-stop)"' in done.output) == (0, True)
    assert run(cli, ["audit", "verify-receipt", str(forged), "--key", VKEY]).exit_code == 1
    # Alone: without our folder on the path.
    for given, code_wanted in ((file, 0), (forged, 1)):
        command = [sys.executable, "-I", receipt_verify.__file__, str(given), VKEY]
        alone = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=60, check=False)
        assert alone.returncode == code_wanted, alone.stdout
    # Given receipts are disclosures too.
    items = (await client.get(f"{await address_of(client, ME)}/disclosures?limit=3")).json()["items"]
    assert [one["what"] for one in items] == ["disclosures_read", "receipt_given", "receipt_given"]


async def test_a_receipt_that_was_changed_does_not_hold(world: World, client: httpx.AsyncClient) -> None:
    await ask(world.context, 1)
    await sequence_all(world.context)
    note = (await client.get((await told(client, ME))[0]["receipt"])).text
    stranger = Signer.parse(generate(ORIGIN))
    receipt, _ = check_receipt(note, [SIGNER.verifier], ORIGIN)
    leaf = json.loads(receipt.leaf or b"")
    changed = json.dumps(leaf | {"actor": "canbo02 (one-stop)"}).encode()
    lies: dict[str, Receipt] = {
        "told otherwise": replace(receipt, told={**receipt.told, "who": "canbo02 (one-stop)"}),
        "another entry": replace(receipt, leaf=changed),
        "another place": replace(receipt, index=receipt.index + 1),
        "no way up": replace(receipt, path=()),
        "another root": replace(receipt, leaf_hash=bytes(32), leaf=None),
        "a checkpoint nobody signed": replace(receipt, checkpoint=receipt.checkpoint.replace(ORIGIN, "log.example/x")),
    }
    # Even the log itself cannot sign what its own tree does not hold.
    assert all(refuses(issue_receipt(lie, SIGNER), [VKEY]) for lie in lies.values())
    assert refuses(issue_receipt(receipt, stranger), [VKEY])
    # Of those whose keys are known, the log alone speaks of what it holds: no other log, and no witness.
    other = Signer.parse(generate("log.example/other"))
    known = [SIGNER.verifier, other.verifier, COSIGNER.verifier]
    by_witness = f"{receipt.to_text()}\n{cosign(receipt.to_text(), COSIGNER, NOW).line}"
    for signed_by_another in (issue_receipt(receipt, other), by_witness):
        with pytest.raises(BadReceipt, match="has not signed"):
            check_receipt(signed_by_another, known, ORIGIN)
    # A checkpoint is no receipt, and a receipt is no checkpoint.
    assert refuses(receipt.checkpoint, [VKEY])
    with pytest.raises(BadReceipt):
        Receipt.parse(receipt.to_text().replace("index ", "index 0", 1))
    blob = base64.b64encode(receipt.leaf_hash).decode()
    assert refuses(note.replace(blob, base64.b64encode(bytes(32)).decode()), [VKEY])


async def test_what_was_archived_is_told_and_receipted_from_its_archive(
    world: World, client: httpx.AsyncClient, clock: ManualClock, tmp_path: Path
) -> None:
    clock.advance(-900 * DAY_SECONDS)
    await drain(world.context)
    clock.advance(900 * DAY_SECONDS)
    await execute(world.context.database, "UPDATE dossiers SET status = 'returned'")
    await sequence_all(world.context)
    clock.advance(120)
    await sequence_all(world.context)
    mine = await told(client, ME)
    assert [one["what"] for one in mine] == ["dossier_taken", "dossier_sending"]
    folder = tmp_path / "archives"
    folder.mkdir()
    archiving = replace(world.context, retention=RetentionPolicy(archive_dir=folder))
    await approved(archiving)
    (block,) = await prune_all(archiving)
    assert (block.archived, block.ended) == (4, True)
    problem(await client.get(f"{await address_of(client, ME)}/disclosures"), 410, "archive-needed")
    problem(await client.get(mine[0]["receipt"]), 410, "archive-needed")
    async with door(archiving, ["read", "intake"]) as reader:
        assert await told(reader, ME) == await told(reader, ME, limit=1) == mine
        receipt = (await reader.get(mine[0]["receipt"])).content
    assert check_receipt(receipt, [SIGNER.verifier], ORIGIN)[0].told["what"] == "dossier_taken"
