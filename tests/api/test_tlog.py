"""The log as its followers meet it: checkpoint, tiles, entries, and the witness role."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from app.domain.merkle import consistency_proof, leaf_hash, root_of
from app.domain.tiles import parse_bundle, tiles_of
from app.store.session import Database, WriteSession
from app.tlog import Checkpoint, Signer, generate, open_checkpoint, open_note, sign
from app.usecases import prove_log
from app.usecases.context import Context
from app.usecases.witnessing import ask_witnesses
from connectors.witness import HTTP, WitnessConnector
from tests.factories import ManualClock
from tests.logging_world import COSIGNER, ORIGIN, SIGNER, policy, sequence_all, signing, write
from tests.worlds import FROM_TEST, context_of, door

T = TypeVar("T")
OTHER = "log.example/h16"
_ROOT = b"\1" * 32
OTHER_SIGNER = Signer.parse(generate(OTHER))
HASHES = [leaf_hash(bytes([n])) for n in range(10)]
_FORGET = text("DELETE FROM log_witnessed")
TILES = {(0, 0): b"".join(HASHES)}


@pytest.fixture
def context(clocked_database: Database) -> Context:
    return signing(clocked_database)


@pytest_asyncio.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with door(context) as client:
        yield client


async def test_a_follower_reads_the_whole_log_and_finds_it_true(client: httpx.AsyncClient, context: Context) -> None:
    assert (await client.get("/log/checkpoint")).status_code == 404
    await write(context.database, 699)
    await sequence_all(context)
    answer = await client.get("/log/checkpoint", headers={"Authorization": ""})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    checkpoint, _ = open_checkpoint(answer.content, [SIGNER.verifier], ORIGIN)
    assert checkpoint.size == 700  # the token of this test is on record too
    hashes: list[bytes] = []
    for tile in tiles_of(checkpoint.size):
        answer = await client.get(f"/log/{tile.path}", headers={"Authorization": ""})
        assert len(answer.content) == 32 * tile.width
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "immutable" in answer.headers["cache-control"]
        if tile.level == 0:
            hashes += [answer.content[at : at + 32] for at in range(0, len(answer.content), 32)]
            entries = parse_bundle((await client.get(f"/log/{tile.entries_path}")).content)
            assert [leaf_hash(entry) for entry in entries] == hashes[-tile.width :]
    assert root_of(hashes) == checkpoint.root
    proof = await client.get("/log/proof/500")
    assert prove_log.check(proof.text, [SIGNER.verifier], ORIGIN)[0].index == 499
    assert (await client.get("/log/proof/5000")).json()["type"] == "/problems/unknown-log-part"
    looks = (await client.get("/v1/audit?kind=log_access")).json()["items"]
    assert looks[-1]["detail"] == {"tile": "tile/entries/000"} | FROM_TEST


async def test_nothing_beyond_the_newest_checkpoint_is_given(client: httpx.AsyncClient, context: Context) -> None:
    await write(context.database, 9)
    await sequence_all(context)
    await write(context.database, 300)
    await sequence_all(context)  # in the tree, and not signed yet
    count = (await client.get("/v1/log")).json()
    assert (count["size"], count["checkpoint"]["size"], count["unsequenced"]) == (310, 10, 0)
    for place in ("000.p/10", "000.p/3"):
        assert (await client.get(f"/log/tile/0/{place}")).status_code == 200
        assert (await client.get(f"/log/tile/entries/{place}")).status_code == 200
    beyond = ("0/000.p/11", "0/000", "0/001.p/1", "1/000.p/1", "0/x000/000.p/1", "0/0", "64/000.p/1", "z/000.p/1")
    for place in (*beyond, "entries/000", "entries/000.p/11"):
        answer = await client.get(f"/log/tile/{place}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-log-part"), place


async def test_entries_are_for_auditors(context: Context) -> None:
    await write(context.database, 1)
    await sequence_all(context)
    async with door(context, ["read", "operate"]) as client:
        assert (await client.get("/log/tile/entries/000.p/1")).status_code == 403
        nobody = await client.get("/log/tile/entries/000.p/1", headers={"Authorization": ""})
        assert nobody.status_code == 401
        assert (await client.get("/v1/log")).json()["origin"] == ORIGIN


def _request(old: int, new: int, signer: Signer = OTHER_SIGNER, **changes: bytes) -> bytes:
    """What a log sends to be cosigned when it has grown from ``old`` to ``new``."""
    checkpoint = Checkpoint(OTHER, new, changes.get("root", root_of(HASHES[:new])))
    proof = [] if old > new else consistency_proof(old, new, TILES)
    lines = [f"old {old}", *(base64.b64encode(part).decode() for part in proof)]
    return ("\n".join(lines) + "\n\n" + sign(checkpoint.to_text(), signer)).encode()


@pytest.fixture
def witness(clocked_database: Database) -> Context:
    return context_of(clocked_database, log=policy(cosigner=COSIGNER, witnessed={OTHER: (OTHER_SIGNER.verifier,)}))


async def test_a_witness_cosigns_what_has_only_grown(witness: Context) -> None:
    async with door(witness) as client:
        for old, new in ((0, 3), (3, 3), (3, 10)):
            asked = _request(old, new)
            answer = await client.post("/log/add-checkpoint", content=asked, headers={"Authorization": ""})
            assert answer.status_code == 200, answer.text
            note = asked.decode().partition("\n\n")[2] + answer.text
            assert open_note(note, [COSIGNER.verifier]).signatures[0].at is not None


async def test_a_witness_says_no_as_the_protocol_wants_it(witness: Context) -> None:
    stranger = Signer.parse(generate(OTHER))
    forked = _request(5, 5, root=b"\1" * 32)
    broken = _request(5, 9, root=b"\1" * 32)
    refusals = [
        (b"", 400),
        (_request(5, 9).replace(b"old 5", b"old 05"), 400),
        (_request(5, 9).replace(b"old 5\n", b"old 5\nAAAA\n"), 400),
        (_request(9, 8), 400),
        (_request(5, 9, stranger), 403),
        (_request(5, 9).replace(OTHER.encode(), b"log.example/h17"), 404),
        (forked, 409),
        (broken, 422),
        (_request(5, 9).replace(b"\n\n", b"\n" + base64.b64encode(b"\1" * 32) + b"\n\n", 1), 422),
        (b"old 0\n" + b"A" * 70_000, 413),
    ]
    async with door(witness) as client:
        assert (await client.post("/log/add-checkpoint", content=_request(0, 5))).status_code == 200
        for asked, status in refusals:
            answer = await client.post("/log/add-checkpoint", content=asked)
            assert answer.status_code == status, (asked, answer.text)
        stale = await client.post("/log/add-checkpoint", content=_request(3, 9))
        assert (stale.status_code, stale.text) == (409, "5\n")
        assert stale.headers["content-type"] == "text/x.tlog.size"
        assert (await client.post("/log/add-checkpoint", content=_request(5, 9))).status_code == 200


async def test_what_was_cosigned_costs_no_writer_when_it_is_sent_again_and_is_counted_by_address(
    clocked_database: Database,
) -> None:
    class Reading(Database):
        """A database whose writers wait for ever."""

        async def run(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
            if self.locked:
                raise AssertionError
            return await super().run(work)

        locked = False

    database = Reading(clocked_database.url, clock=clocked_database.clock)
    log = policy(cosigner=COSIGNER, witnessed={OTHER: (OTHER_SIGNER.verifier,)})
    async with door(context_of(database, log=log), address_requests_per_minute=8) as client:
        client.headers.pop("Authorization")
        for asked in (_request(0, 5), _request(5, 9)):
            assert (await client.post("/log/add-checkpoint", content=asked)).status_code == 200
        database.locked = True
        again = [(_request(0, 5), 409), (_request(5, 9), 409), (_request(9, 9), 200), (_request(9, 9, root=_ROOT), 409)]
        for asked, status in again:
            assert (await client.post("/log/add-checkpoint", content=asked)).status_code == status
        broken = _request(9, 10, root=_ROOT)
        assert (await client.post("/log/add-checkpoint", content=broken)).status_code == 422
        database.locked = False
        assert (await client.post("/log/add-checkpoint", content=_request(9, 10))).status_code == 200
        assert (await client.post("/log/add-checkpoint", content=_request(10, 10))).status_code == 429
    await database.aclose()


async def test_an_instance_that_is_no_witness_knows_no_log(client: httpx.AsyncClient) -> None:
    assert (await client.post("/log/add-checkpoint", content=_request(0, 5))).status_code == 404


async def test_the_leader_has_its_checkpoints_cosigned(clocked_database: Database, clock: ManualClock) -> None:
    # One database plays both sides: they share no table.
    both = signing(clocked_database)
    both = replace(both, log=policy(cosigner=COSIGNER, witnessed={ORIGIN: (SIGNER.verifier,)}))
    async with door(both) as client:
        prefix = "http://door.test/log"
        witness = WitnessConnector(client, HTTP)
        context = replace(both, witness=witness, log=policy(witnesses={prefix: COSIGNER.verifier}))
        for _ in range(3):
            await write(clocked_database, 5)
            await sequence_all(context, "w-1")
            await ask_witnesses(context, "another")
            assert COSIGNER.name not in (await client.get("/log/checkpoint")).text
            await ask_witnesses(context, "w-1")
            opened = open_note((await client.get("/log/checkpoint")).text, [SIGNER.verifier, COSIGNER.verifier])
            assert len(opened.signatures) == 2
            clock.advance(60)
        assert (await client.get("/v1/log")).json()["checkpoint"]["cosigners"] == [COSIGNER.name]
        # A witness that knows less of us than we believe, or more, tells its size and is asked once more.
        await write(clocked_database, 5)
        await sequence_all(context, "w-1")
        await clocked_database.run(lambda session: session.execute(_FORGET))
        await ask_witnesses(context, "w-1")
        assert COSIGNER.name in (await client.get("/log/checkpoint")).text
