"""SIGKILL while files come in: at each step of a request in turn, and at any moment of a door under load.

What was answered is there, once, as it was sent; store and rows agree at each moment; and after the sender has asked
again nothing is left of what was cut off.
"""

import asyncio
import json
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from app.store.session import Database
from app.usecases import check_store, uploads
from app.usecases.check_store import Report
from app.vault import LocalVault, Scratch
from tests import doors, uploading
from tests.doors import Door, Forked
from tests.dying import vault_at
from tests.factories import ManualClock
from tests.nursery import nursery
from tests.papers_world import World, form, make, metadata, paper, sha256_of
from tests.uploading import Paper, Scanners, scan, small
from tests.vault.service import s3_service
from tests.worlds import code as dossier_code
from tests.worlds import door as door_on
from tests.worlds import dossier, hand_over

DOCUMENTS = f"/v1/dossiers/{dossier_code()}/documents"
TUS_TYPE = "application/offset+octet-stream"
# A sender who died is waited for no longer than this; one who is silent, not even so long.
DEAD_SECONDS, SILENT_SECONDS = 301.0, 31.0
KINDS = ("database_url", "vault_kind")
ALL_KINDS = [(engine, vault) for engine in ("sqlite", "postgresql") for vault in ("folder", "service")]
# What is the same for the other two: the form is tried on all four.
TWO_KINDS = [("sqlite", "folder"), ("postgresql", "service")]
COUNTS = (
    "SELECT count(*) FROM documents WHERE sha256 = :sha256",
    "SELECT count(*) FROM audit WHERE payload_hash = :sha256 AND outcome = 'kept'",
    "SELECT count(*) FROM documents d JOIN judgements j ON j.document_id = d.id WHERE d.sha256 = :sha256",
    "SELECT count(*) FROM documents d JOIN links l ON l.document_id = d.id WHERE d.sha256 = :sha256",
    "SELECT count(*) FROM documents d JOIN blobs b ON b.sha256 = d.sha256 WHERE d.sha256 = :sha256 AND state = 'kept'",
)
# All that lies there is looked at: a vault's clock is not the test's.
ALL = -1e9
DOSSIERS, SCANNERS, KILLS = 4, 8, 4
LARGE_BYTES = 6_000_000
SEED = 20261125


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_service() as found:
        yield found


@dataclass
class Scene:
    """A healthy world, and what a process beside it needs to serve a request and die."""

    world: World
    client: httpx.AsyncClient
    clock: ManualClock
    folder: Path
    vault: str
    endpoint: str

    steps: int = 0

    def serve(self, last: int, request: httpx.Request) -> int | None:
        """Let a process serve a request unless it dies at its ``last`` step; the status, None when it has died.

        ``steps`` is how many a process took that did not die.
        """
        body = self.folder / "body"
        body.write_bytes(request.read())
        given = {
            "database": self.world.context.database.url,
            "now": self.clock.now().isoformat(),
            "vault": self.vault,
            "scratch": str(self.folder / "scratch"),
            "endpoint": self.endpoint,
            "last": last,
            "method": request.method,
            "path": request.url.path,
            "headers": dict(request.headers),
            "body": str(body),
        }
        code, said = nursery().run("tests.dying", [json.dumps(given)], {}, self.folder / "dying.out")
        assert code in {0, -signal.SIGKILL}, said
        if code:
            return None
        status: int
        status, self.steps = json.loads(said)
        return status

    async def report(self) -> Report:
        return await check_store.report(self.world.context, settled_seconds=ALL)

    async def count(self, content: bytes) -> int:
        """How many documents show a file, which its judgement, link and entry go with, all or none."""
        hashes = {"sha256": sha256_of(content)}
        found = {(await self.world.rows(statement, **hashes))[0][0] for statement in COUNTS}
        assert len(found) == 1, "half of a document is there"
        return int(found.pop())

    async def assert_agrees(self, content: bytes) -> None:
        """After a death: no object without a row, no document without its object, no half document."""
        assert (await self.report()).agrees
        if await self.count(content):
            assert await self.world.vault.check(sha256_of(content)) == len(content)

    async def assert_whole(self, content: bytes, answer: httpx.Response) -> None:
        """After the sender has asked again: there once, and nothing else is left."""
        assert answer.status_code in {200, 201}, answer.text
        assert await self.count(content) == 1
        assert (await self.client.get(f"{answer.json()['address']}/file")).content == content
        report = await self.report()
        assert report.agrees
        assert (report.unreferenced, report.promised_only, report.leftovers) == ((), (), ())


@pytest.fixture
def vault_kind(request: pytest.FixtureRequest) -> str:
    """Where files lie."""
    kind: str = request.param
    return kind


@pytest_asyncio.fixture
async def scene(
    vault_kind: str,
    clocked_database: Database,
    clock: ManualClock,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Scene]:
    where, service = str(tmp_path / "documents"), ""
    if vault_kind == "service":
        service = request.getfixturevalue("endpoint")
        where = f"s3://{doors.new_bucket(service)}/documents"
    (tmp_path / "scratch").mkdir()
    vault = vault_at(where, tmp_path / "scratch", service)
    world = make(clocked_database, tmp_path / "scratch", vault=vault)
    await hand_over(world.context, dossier())
    async with door_on(world.context) as client:
        yield Scene(world, client, clock, tmp_path, where, service)


def content_of(moment: int, size_bytes: int = 0) -> bytes:
    """A paper of its own for each moment."""
    return paper(f"{moment} " + "x" * size_bytes)


@pytest.mark.parametrize(KINDS, ALL_KINDS, indirect=True)
async def test_a_death_at_any_step_of_a_form_loses_nothing_and_leaves_nothing(scene: Scene) -> None:
    moment, status = 0, None
    while status is None:
        moment += 1
        content = content_of(moment)
        request = scene.client.build_request("POST", DOCUMENTS, files=form(metadata("component"), content))
        status = scene.serve(moment, request)
        await scene.assert_agrees(content)
        again = await scene.client.post(DOCUMENTS, files=form(metadata("component"), content))
        await scene.assert_whole(content, again)
    assert status == 201
    assert moment > 6, "there were fewer steps than a form has"


@pytest.mark.parametrize(KINDS, [("sqlite", "service")], indirect=True)
async def test_a_death_between_the_blocks_of_a_large_file_leaves_it_whole_or_not_there(scene: Scene) -> None:
    def request(content: bytes) -> httpx.Request:
        return scene.client.build_request("POST", DOCUMENTS, files=form(metadata("component"), content))

    # More than a service takes in one piece; the last steps are those that send it and speak of it.
    assert scene.serve(0, request(content_of(0, LARGE_BYTES))) == 201
    steps, seen = scene.steps, set()
    for moment in range(steps - 10, steps, 2):
        content = content_of(moment, LARGE_BYTES)
        assert scene.serve(moment, request(content)) is None
        seen.add(await scene.world.vault.holds(sha256_of(content)))
        await scene.assert_agrees(content)
        await scene.assert_whole(content, await scene.client.send(request(content)))
    assert seen == {False, True}


async def begun(scene: Scene, content: bytes, *, sent: int) -> str:
    """An upload of which so many bytes are there; its address."""
    answer = await scene.client.post("/v1/uploads", headers={"Upload-Length": str(len(content))})
    address: str = answer.json()["address"]
    if sent:
        assert (await scene.client.send(patch(scene, address, 0, content[:sent]))).status_code == 204
    return address


def patch(scene: Scene, address: str, offset: int, piece: bytes) -> httpx.Request:
    headers = {"Upload-Offset": str(offset), "Content-Type": TUS_TYPE}
    return scene.client.build_request("PATCH", address, content=piece, headers=headers)


def finish(scene: Scene, address: str) -> httpx.Request:
    said = metadata("component", upload_id=address.rpartition("/")[2], file_name="lon.pdf")
    return scene.client.build_request("POST", DOCUMENTS, json=said)


@pytest.mark.parametrize(KINDS, TWO_KINDS, indirect=True)
async def test_a_death_at_any_step_of_a_go_keeps_all_of_it_or_nothing(scene: Scene) -> None:
    moment, status, offsets = 0, None, set()
    while status is None:
        moment += 1
        content = content_of(moment, 500)
        address = await begun(scene, content, sent=200)
        status = scene.serve(moment, patch(scene, address, 200, content[200:400]))
        await scene.assert_agrees(content)
        offset = int((await scene.client.head(address)).headers["Upload-Offset"])
        offsets.add(offset)
        scene.clock.advance(DEAD_SECONDS)
        assert (await scene.client.send(patch(scene, address, offset, content[offset:]))).status_code == 204
        await scene.assert_whole(content, await scene.client.send(finish(scene, address)))
    assert status == 204
    assert offsets == {200, 400}


@pytest.mark.parametrize(KINDS, TWO_KINDS, indirect=True)
async def test_a_death_at_any_step_of_the_end_of_an_upload_leaves_no_part_of_it(scene: Scene) -> None:
    moment, status = 0, None
    while status is None:
        moment += 1
        content = content_of(moment, 500)
        address = await begun(scene, content, sent=len(content))
        status = scene.serve(moment, finish(scene, address))
        await scene.assert_agrees(content)
        await scene.assert_whole(content, await scene.client.send(finish(scene, address)))
    assert status == 201
    assert moment > 8, "there were fewer steps than the end of an upload has"


@pytest.mark.parametrize("asks_again", [True, False])
@pytest.mark.parametrize(KINDS, TWO_KINDS, indirect=True)
async def test_what_a_death_left_of_a_given_up_upload_is_swept(scene: Scene, asks_again: bool) -> None:  # noqa: FBT001 - a parameter
    moment, status = 0, None
    while status is None:
        moment += 1
        content = content_of(moment, 500)
        address = await begun(scene, content, sent=200)
        status = scene.serve(moment, scene.client.build_request("DELETE", address))
        await scene.assert_agrees(content)
        if asks_again:
            assert (await scene.client.delete(address)).status_code in {204, 404}
        else:
            scene.clock.advance(scene.world.context.papers.upload_life_seconds)
        await uploads.sweep(scene.world.context)
        assert (await scene.report()).leftovers == ()
        assert (await scene.client.get(address)).status_code == 404
    assert status == 204


class Slow(LocalVault):
    """A vault in which something happens just before a part is there."""

    happening: Callable[[], Awaitable[object]]

    async def put_part(self, upload_id: str, offset: int, part: Scratch) -> None:
        await self.happening()
        await super().put_part(upload_id, offset, part)


async def test_a_part_that_comes_after_its_upload_was_given_up_does_not_stay(
    clocked_database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    vault = Slow(tmp_path)
    world = make(clocked_database, tmp_path, vault=vault)
    async with door_on(world.context) as client:
        scene = Scene(world, client, clock, tmp_path, "", "")
        address = await begun(scene, content_of(1), sent=0)
        vault.happening = lambda: client.delete(address)
        await client.send(patch(scene, address, 0, content_of(1)))
        assert (await client.get(address)).status_code == 404
    assert await vault.leftovers() == []
    assert [row.state for row in await world.rows("SELECT state FROM uploads")] == ["dropped"]


@pytest.mark.parametrize(KINDS, TWO_KINDS, indirect=True)
async def test_a_sender_whose_bytes_keep_coming_is_not_overtaken(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_SENDING_AGAIN_SECONDS", 0.0)
    content = content_of(1, 500)
    address = await begun(scene, content, sent=0)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 100):
            yield content[start : start + 100]
            scene.clock.advance(SILENT_SECONDS - 2)
            assert (await scene.client.send(patch(scene, address, 0, content))).status_code == 409

    headers = {"Upload-Offset": "0", "Content-Type": TUS_TYPE}
    assert (await scene.client.patch(address, content=pieces(), headers=headers)).status_code == 204
    await scene.assert_whole(content, await scene.client.send(finish(scene, address)))


@pytest.mark.parametrize(KINDS, TWO_KINDS, indirect=True)
async def test_a_door_that_is_killed_again_and_again_loses_nothing(
    scene: Scene, database_url: str, vault_kind: str
) -> None:
    chances = random.Random(f"{SEED} {database_url.partition(':')[0]} {vault_kind}")  # noqa: S311 - moments, not secrecy
    # A child process to examine files costs half a second, in each of the door's lives.
    given = {"LIENTHONG_DOCUMENT_WORKERS": "1", "LIENTHONG_DOCUMENTS_URL": scene.vault}
    if scene.endpoint:
        given = doors.s3_settings(scene.endpoint, scene.folder / "scratch") | given
    async with AsyncExitStack() as stack:
        door, token = await stack.enter_async_context(doors.door(Forked(nursery()), scene.folder, database_url, given))
        house = await stack.enter_async_context(uploading.scanners(door, token))
        await house.hand_over_dossiers(DOSSIERS)
        papers = await storm(scene, door, house, chances)
        assert house.trouble, "no request was cut off"
        assert await house.lost(papers) == []
        code, report = door.report()
    assert code == 0, report
    assert (report["objects"], report["rows"]) == (len(papers), len(papers))
    assert [name for name, found in report.items() if isinstance(found, list) and found] == [], report


async def storm(scene: Scene, door: Door, house: Scanners, chances: random.Random) -> list[Paper]:
    """Kill the door again and again while papers are handed over side by side; the papers, all of them kept."""
    papers: list[Paper] = []
    over = asyncio.Event()

    async def hand_over_more(scanner: int) -> None:
        while not over.is_set():
            seed = f"{scanner}-{len(papers)}"
            # One of seven is some megabytes large, one of three comes in pieces.
            content = scan(seed, pages=2) if chances.random() < 1 / 7 else small(seed)
            papers.append(Paper(seed, content, dossier_code(1 + len(papers) % DOSSIERS)))
            await house.hand_over(papers[-1], pieces=chances.choice((0, 0, 3)))

    async with asyncio.TaskGroup() as group:
        for scanner in range(SCANNERS):
            group.create_task(hand_over_more(scanner))
        for _ in range(KILLS):
            await house.await_more(chances.randrange(12))
            # A moment between two answers; nothing is waited for.
            await asyncio.sleep(chances.uniform(0, 0.1))
            door.kill()
            report = await scene.report()
            assert report.agrees, report
            await door.open()
        over.set()
    return papers


@pytest.mark.parametrize(KINDS, TWO_KINDS[:1], indirect=True)
async def test_a_sender_who_fell_silent_is_overtaken(scene: Scene) -> None:
    content = content_of(1, 500)
    address = await begun(scene, content, sent=0)

    async def pieces() -> AsyncIterator[bytes]:
        yield content[:200]
        scene.clock.advance(SILENT_SECONDS)
        assert (await scene.client.send(patch(scene, address, 0, content[:300]))).status_code == 204
        yield content[200:]

    headers = {"Upload-Offset": "0", "Content-Type": TUS_TYPE}
    assert (await scene.client.patch(address, content=pieces(), headers=headers)).status_code == 409
    assert (await scene.client.send(patch(scene, address, 300, content[300:]))).status_code == 204
    await scene.assert_whole(content, await scene.client.send(finish(scene, address)))
