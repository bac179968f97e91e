"""After a change of settings: documents are judged anew, many at a time, and what follows from it is noted."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from app.cli import cli
from app.demo.authority import Authority
from app.demo.signing import Signing, simple_pdf
from app.domain.documents import Judged, Verdict
from app.errors import FileStoreSilent
from app.papers import BenchBroken
from app.store.session import Database
from app.usecases import judge_many
from app.usecases.context import Examiner
from app.usecases.judge_many import Judgements, Refreshed
from tests.factories import ManualClock
from tests.papers_world import (
    QuickExaminer,
    TrueExaminer,
    World,
    door,
    keep,
    make,
    metadata,
    paper,
    plain_pdf,
    samples,
    trust,
)
from tests.worlds import CALLER, code, dossier, hand_over

VALID, UNTRUSTED, UNSIGNED, REVOKED = Verdict.VALID, Verdict.UNTRUSTED, Verdict.UNSIGNED, Verdict.REVOKED
RETURNED = {
    "status": "returned",
    "finished_at": "2026-07-02T08:00:00+07:00",
    "returned_at": "2026-07-02T09:00:00+07:00",
}


@dataclass
class Crowded(QuickExaminer):
    """Waits until as many as it expects are there at the same time, once; breaks down after a while."""

    expected: int = 1
    full: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most: int = 0
    breaks_after: int | None = None
    judged: list[bytes] = field(default_factory=list)

    async def judge(self, file: BinaryIO, at: datetime) -> Judged:
        """As in ``Examiner``."""
        if self.breaks_after is not None and len(self.judged) >= self.breaks_after:
            message = "an examiner does not start"
            raise BenchBroken(message)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        if self.at_once >= self.expected:
            self.full.set()
        async with asyncio.timeout(20):
            await self.full.wait()
        self.at_once -= 1
        self.judged.append(file.read())
        return await super().judge(file, at)


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    world = make(clocked_database, tmp_path, examiner=Crowded())
    await hand_over(world.context, *[dossier(number, **RETURNED) for number in range(1, 4)])
    return world


def settled(world: World, examiner: Examiner | None = None, **policy: Any) -> World:
    """The same house after a restart with other settings."""
    files = world.context.files
    assert files is not None
    context = replace(
        world.context,
        files=replace(files, examiner=examiner or files.examiner),
        papers=replace(world.context.papers, **policy),
    )
    return replace(world, context=context, examiner=examiner or world.examiner)


async def judge(world: World, *verdicts: Verdict, concurrency: int = 2, told: list[int] | None = None) -> Judgements:
    selection = await judge_many.select(world.context, verdicts or None)
    heard: list[int] = [] if told is None else told
    return await judge_many.judge(
        world.context, CALLER, selection, "c-many", concurrency=concurrency, tell=heard.append
    )


async def refresh(world: World) -> Refreshed:
    heard: list[int] = []
    found = await judge_many.refresh(world.context, CALLER, "c-many", tell=heard.append)
    assert heard[-1:] == ([found.dossiers] if found.dossiers else [])
    return found


async def verdicts(world: World) -> dict[str, str]:
    return {row.id: row.verdict for row in await world.rows("SELECT id, verdict FROM documents")}


async def judgements(world: World) -> dict[str, int]:
    rows = await world.rows("SELECT document_id, count(*) AS n FROM judgements GROUP BY document_id")
    return {row.document_id: row.n for row in rows}


async def missing(client: httpx.AsyncClient) -> list[str]:
    return [item["dossier"] for item in (await client.get("/v1/results/missing")).json()["items"]]


async def many(world: World, count: int, verdict: str = "UNTRUSTED") -> list[str]:
    """Results of one dossier."""
    said = [metadata(number_symbol=str(number)) for number in range(count)]
    return [(await keep(world, one, paper(str(n), verdict)))["id"] for n, one in enumerate(said)]


@pytest.fixture
def signed() -> dict[str, bytes]:
    """Really signed papers, which are made outside of any loop."""
    return samples()


async def test_roots_that_were_set_late_make_good_what_was_not_trusted(
    clocked_database: Database, tmp_path: Path, signed: dict[str, bytes]
) -> None:
    world = make(clocked_database, tmp_path, examiner=TrueExaminer(trust(is_ours=False)))
    await hand_over(world.context, *[dossier(number, **RETURNED) for number in range(1, 4)])
    good = await keep(world, metadata(), signed["valid"], 1)
    stranger = await keep(world, metadata(number_symbol="2"), signed["untrusted"], 2)
    scan = await keep(world, metadata("component"), plain_pdf("scan"), 3)
    assert [kept["verdict"] for kept in (good, stranger, scan)] == ["UNTRUSTED", "UNTRUSTED", "UNSIGNED"]

    world = settled(world, TrueExaminer(trust()))
    async with door(world.context) as client:
        assert await missing(client) == [code(3), code(2), code(1)]
        assert await judge(world, UNTRUSTED) == Judgements({(UNTRUSTED, VALID): 1, (UNTRUSTED, UNTRUSTED): 1}, ())
        assert await missing(client) == [code(3), code(2)]
        detail = (await client.get(good["address"])).json()
        assert [(judged["verdict"], judged["asked_by"]) for judged in detail["judgements"]] == [
            ("UNTRUSTED", CALLER.name),
            ("VALID", CALLER.name),
        ]
    # Again: only what is not trusted yet, and all that speak do no harm either.
    assert await judge(world, UNTRUSTED) == Judgements({(UNTRUSTED, UNTRUSTED): 1}, ())
    everything = await judge(world)
    assert everything.moves == {(VALID, VALID): 1, (UNTRUSTED, UNTRUSTED): 1, (UNSIGNED, UNSIGNED): 1}
    assert await refresh(world) == Refreshed(3, 0, 0)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_every_document_that_speaks_is_judged_once_page_by_page(
    world: World, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    monkeypatch.setattr(judge_many, "PAGE", 3)
    examiner = world.quick
    assert isinstance(examiner, Crowded)
    ids = await many(world, 7)
    others = [
        await keep(world, metadata(number_symbol="r"), paper("r", "REVOKED"), 2),
        await keep(world, metadata(number_symbol="w"), paper("w", "UNTRUSTED"), 2),
    ]
    async with door(world.context) as client:
        assert (await client.post(f"{others[1]['address']}/revoke", json={"reason": "sai"})).status_code == 200
    selection = await judge_many.select(world.context, [UNTRUSTED])
    assert selection.documents == 7
    clock.advance(1)
    late = (await keep(world, metadata(number_symbol="l"), paper("l", "UNTRUSTED"), 3))["id"]
    examiner.judged.clear()
    examiner.most, examiner.expected, examiner.full = 0, concurrency, asyncio.Event()
    examiner.changed = {"UNTRUSTED": "VALID"}
    told: list[int] = []
    found = await judge_many.judge(
        world.context, CALLER, selection, "c-many", concurrency=concurrency, tell=told.append
    )
    assert found == Judgements({(UNTRUSTED, VALID): 7}, ())
    assert told == list(range(1, 8))
    assert sorted(examiner.judged) == sorted(paper(str(n), "UNTRUSTED") for n in range(7))
    assert examiner.most == concurrency
    counts = await judgements(world)
    assert {counts.pop(document) for document in ids} == {2}
    assert set(counts.values()) == {1}
    assert (await verdicts(world))[late] == "UNTRUSTED"
    assert await judge(world, UNTRUSTED) == Judgements({(UNTRUSTED, VALID): 1}, ())


async def test_a_file_that_cannot_be_read_is_named_and_holds_up_no_other(world: World) -> None:
    ids = await many(world, 3)
    damaged = (await world.rows("SELECT sha256 FROM documents WHERE id = :d", d=ids[1]))[0].sha256
    world.damage(damaged)
    world.quick.changed = {"UNTRUSTED": "VALID"}
    found = await judge(world, UNTRUSTED)
    assert found.moves == {(UNTRUSTED, VALID): 2}
    (unreadable,) = found.unreadable
    assert unreadable.document_id == ids[1]
    assert ids[1] in unreadable.detail
    assert await verdicts(world) == dict(zip(ids, ("VALID", "UNTRUSTED", "VALID"), strict=True))


async def test_a_run_that_was_cut_off_is_made_again(world: World) -> None:
    ids = await many(world, 6)
    examiner = world.quick
    assert isinstance(examiner, Crowded)
    examiner.changed = {"UNTRUSTED": "VALID"}
    examiner.judged.clear()
    examiner.breaks_after = 2
    # That nobody can open files says nothing about any of them.
    with pytest.raises(FileStoreSilent):
        await judge(world, UNTRUSTED, concurrency=1)
    assert list((await verdicts(world)).values()).count("VALID") == 2
    assert examiner.at_once == 0
    examiner.breaks_after = None
    assert (await judge(world, UNTRUSTED)).moves == {(UNTRUSTED, VALID): 4}
    assert set((await judgements(world)).values()) == {2}
    assert set(await verdicts(world)) == set(ids)


async def test_other_acceptable_verdicts_are_noted_of_every_dossier_without_judging(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_many, "PAGE", 2)
    await keep(world, metadata(number_symbol="1"), paper("1"), 1)
    await keep(world, metadata(number_symbol="2"), paper("2", "UNTRUSTED"), 2)
    await keep(world, metadata("component"), paper("3"), 3)
    before = await judgements(world)
    wider = settled(world, verdicts=frozenset({VALID, UNTRUSTED}))
    async with door(wider.context) as client:
        assert await missing(client) == [code(3), code(2)]
        assert await refresh(wider) == Refreshed(3, 1, 0)
        assert await missing(client) == [code(3)]
        assert await refresh(wider) == Refreshed(3, 0, 0)
    narrower = settled(world, verdicts=frozenset({UNTRUSTED}))
    assert await refresh(narrower) == Refreshed(3, 0, 1)
    assert await refresh(world) == Refreshed(3, 1, 1)
    assert await judgements(world) == before
    # What changed is on record, and only that.
    entries = await world.rows("SELECT actor, detail FROM audit WHERE outcome = 'e_results_refreshed' ORDER BY id")
    assert {row.actor for row in entries} == {CALLER.name}
    said = [json.loads(row.detail) for row in entries]
    assert [(one["gained"], one["lost"]) for one in said] == [
        ([code(2)], []),
        ([], [code(1)]),
        ([code(1)], [code(2)]),
    ]
    assert said[0]["verdicts"] == ["UNTRUSTED", "VALID"]


async def test_what_is_noted_for_a_late_change_agrees_with_what_the_gate_reads(world: World) -> None:
    """Whatever was judged and refreshed, the column says what the documents say."""
    await many(world, 2)
    await keep(world, metadata(number_symbol="x"), paper("x"), 2)
    world.quick.changed = {"UNTRUSTED": "VALID", "VALID": "REVOKED"}
    assert (await judge(world)).moves == {(UNTRUSTED, VALID): 2, (VALID, REVOKED): 1}
    rows = await world.rows("SELECT code, e_result FROM dossiers ORDER BY code")
    assert [(row.code, bool(row.e_result)) for row in rows] == [(code(1), True), (code(2), False), (code(3), False)]
    assert await refresh(world) == Refreshed(2, 0, 0)


async def _prepared(url: str, root: Path, signed: Sequence[bytes]) -> list[str]:
    """A house that trusts nobody yet, with one dossier for each paper."""
    database = Database(url)
    world = make(database, root, examiner=TrueExaminer(trust(is_ours=False)))
    numbers = range(1, len(signed) + 1)
    await hand_over(world.context, *[dossier(number) for number in numbers])
    said = [(metadata(number_symbol=str(number)), number) for number in numbers]
    kept = [await keep(world, one, content, number) for (one, number), content in zip(said, signed, strict=True)]
    await database.aclose()
    return [one["sha256"] for one in kept]


@pytest.mark.usefixtures("_wide")
def test_the_command_judges_by_the_settings_of_today_and_says_what_moved(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    authority = Authority.make(now)
    desk = Signing(authority)
    signed = [
        desk.result(simple_pdf(["Giay khai sinh"], seed), at=now - timedelta(minutes=10)) for seed in ("a", "b", "c")
    ]
    hashes = asyncio.run(_prepared(database_url, tmp_path / "store", signed))
    settings = authority.write_trust(tmp_path / "trust")
    for name, value in {
        "DATABASE_URL": database_url,
        "DOCUMENTS_URL": str(tmp_path / "store"),
        "DOCUMENT_WORKERS": "1",
        "TRUST_ROOTS": json.dumps(settings.roots),
        "TRUST_INTERMEDIATES": json.dumps(settings.intermediates),
        "TRUST_REVOCATION_LISTS": json.dumps(settings.crls),
    }.items():
        monkeypatch.setenv(f"LIENTHONG_{name}", value)
    harmed = tmp_path / "store" / "objects" / hashes[2][:2] / hashes[2][2:4] / hashes[2]
    whole = harmed.read_bytes()
    harmed.chmod(0o640)
    harmed.write_bytes(whole[:-1])

    done = CliRunner().invoke(cli, ["documents", "judge", "--verdict", "UNTRUSTED", "--concurrency", "1"])
    assert done.exit_code == 1, done.output
    words = " ".join(done.output.replace("│", " ").split())
    assert "documents: 3/3" in words
    assert "UNTRUSTED VALID 2" in words
    assert "not judged: the file of document" in words
    assert "documents judged: 2, not judged: 1" in words
    assert "dossiers: 3, gained an acceptable result: 0, lost it: 0" in words

    harmed.write_bytes(whole)
    again = CliRunner().invoke(cli, ["documents", "judge", "--all"])
    assert again.exit_code == 0, again.output
    words = " ".join(again.output.replace("│", " ").split())
    assert "UNTRUSTED VALID 1 VALID VALID 2" in words

    monkeypatch.setenv("LIENTHONG_RESULT_VERDICTS", '["UNTRUSTED"]')
    only = CliRunner().invoke(cli, ["documents", "judge", "--refresh-only"])
    assert only.exit_code == 0, only.output
    words = " ".join(only.output.split())
    assert "dossiers: 3, gained an acceptable result: 0, lost it: 3" in words
    assert "verdict" not in words


@pytest.fixture
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.usefixtures("_wide")
@pytest.mark.parametrize(
    "typed",
    [[], ["--all", "--refresh-only"], ["--all", "--verdict", "VALID"], ["--verdict", "VALID", "--refresh-only"]],
)
def test_the_command_wants_to_know_what_is_to_be_judged(typed: list[str]) -> None:
    done = CliRunner().invoke(cli, ["documents", "judge", *typed])
    assert done.exit_code == 2
    assert "one of --verdict, --all and --refresh-only" in done.stderr
