"""Documents the whole way with their files in a bucket: a service that speaks S3 holds them, on both databases."""

import asyncio
import hashlib
import io
import json
import logging
import zipfile
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pikepdf
import pytest
import pytest_asyncio

from app.papers import Bench, Limits
from app.store.session import Database
from app.usecases.check_store import Report, recheck, report
from app.vault.base import object_key
from tests.api.test_door import problem
from tests.factories import ManualClock
from tests.papers_world import (
    COMPONENT,
    OWNER,
    RESULT,
    World,
    authority,
    door,
    give,
    make,
    metadata,
    paper,
    path_of,
    post,
    samples,
    sha256_of,
)
from tests.vault.service import S3World, s3_service
from tests.worlds import code, dossier, hand_over

CONTENT = paper("0123456789" * 10)
NOBODY = {"Authorization": ""}
# Everything is old enough to be looked at: the service keeps its own time, whatever the test's clock says.
ALL = -1e9

# A line for each request to the service in the tests is no news.
logging.getLogger("werkzeug").setLevel(logging.ERROR)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_service() as address:
        yield address


@pytest.fixture
def bucket(endpoint: str, tmp_path: Path) -> S3World:
    return S3World(endpoint, tmp_path / "scratch")


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path, bucket: S3World) -> AsyncIterator[World]:
    world = make(clocked_database, tmp_path, vault=bucket.vault, bytes_max=200_000)
    await hand_over(world.context, dossier(1), dossier(2))
    yield world
    # Files pass through a folder of this machine, and none may stay there.
    assert [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()] == []


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with door(world.context) as client:
        yield client


def keys_of(*contents: bytes) -> set[str]:
    return {object_key(sha256_of(content)) for content in contents}


async def agreement(world: World) -> Report:
    return await report(world.context, settled_seconds=ALL)


async def test_a_file_is_kept_once_and_given_whole_and_in_part(
    world: World, client: httpx.AsyncClient, bucket: S3World
) -> None:
    bucket.keep_versions()
    kept = await give(client, metadata(), CONTENT)
    again = await post(client, metadata(), CONTENT)
    assert (again.status_code, again.json()["id"]) == (200, kept["id"])
    await give(client, metadata("component"), CONTENT)
    assert await bucket.keys() == keys_of(CONTENT)
    assert bucket.versions() == 1

    path, tag = path_of(kept), f'"{sha256_of(CONTENT)}"'
    got = await client.get(path, headers=NOBODY)
    assert (got.status_code, got.content, got.headers["etag"]) == (200, CONTENT, tag)
    head = await client.head(path, headers=NOBODY)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(CONTENT)))
    part = await client.get(path, headers=NOBODY | {"Range": "bytes=-7"})
    assert (part.status_code, part.content) == (206, CONTENT[-7:])
    assert (await client.get(path, headers={"Range": f"bytes={len(CONTENT)}-"})).status_code == 416
    same = await client.get(path, headers=NOBODY | {"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    assert (await client.get(f"{kept['address']}/file")).content == CONTENT

    await world.publish()
    (told,) = (await world.newest())["DanhSachGiayToKetQua"]
    assert told["DuongDanTepTinKetQua"] == kept["link"]["url"]
    assert await agreement(world) == Report(objects=1, rows=1)


async def test_what_is_refused_leaves_nothing_in_the_bucket(client: httpx.AsyncClient, bucket: S3World) -> None:
    problem(await post(client, metadata(), b"REFUSE polyglot"), 422, "file-polyglot")
    problem(await post(client, metadata(sha256="0" * 64), CONTENT), 422, "invalid-record")
    problem(await post(client, metadata(code="KQ.none"), CONTENT), 422, "unknown-code")
    assert await bucket.keys() == set()


async def test_a_file_that_comes_in_several_goes_is_put_together(
    world: World, client: httpx.AsyncClient, bucket: S3World
) -> None:
    begun = [await client.post("/v1/uploads", headers={"Upload-Length": str(len(CONTENT))}) for _ in range(2)]
    finished, given_up = [answer.headers["location"] for answer in begun]
    for address, cuts in ((finished, (0, 40, 41, len(CONTENT))), (given_up, (0, 40))):
        for start, end in pairwise(cuts):
            headers = {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
            sent = await client.patch(address, content=CONTENT[start:end], headers=headers)
            assert (sent.status_code, sent.headers["upload-offset"]) == (204, str(end))
        assert (await client.head(address)).headers["upload-offset"] == str(cuts[-1])
    assert len(await bucket.keys()) == 4
    assert not await bucket.keys() & keys_of(CONTENT)

    said = metadata(upload_id=finished.rsplit("/", 1)[1], file_name="lon.pdf", sha256=sha256_of(CONTENT))
    kept = await client.post(f"/v1/dossiers/{code()}/documents", json=said)
    assert (kept.status_code, kept.json()["sha256"]) == (201, sha256_of(CONTENT))
    again = await client.post(f"/v1/dossiers/{code()}/documents", json=said)
    assert (again.status_code, again.json()["id"]) == (200, kept.json()["id"])
    assert (await client.delete(given_up)).status_code == 204
    assert await bucket.keys() == keys_of(CONTENT)
    assert (await client.get(path_of(kept.json()))).content == CONTENT
    assert await agreement(world) == Report(objects=1, rows=1)


async def test_what_is_held_is_found_and_reused_without_a_second_copy(
    world: World, client: httpx.AsyncClient, bucket: S3World
) -> None:
    earlier = await give(client, metadata(), CONTENT, 2)
    asked = {"dossier": code(), "unit": "H15.50", "officer": "cb.hotich.01", "owner": OWNER}
    asked |= {"component_code": COMPONENT, "result_codes": [RESULT]}
    found = (await client.post("/v1/documents/lookup", json=asked)).json()
    assert [candidate["document"] for candidate in found["candidates"]] == [earlier["id"]]
    wanted = {"lookup_id": found["id"], "candidate": 0, "component_code": COMPONENT, "officer": "cb.hotich.01"}
    taken = await client.post(f"/v1/dossiers/{code()}/documents/reuse", json=wanted)
    assert taken.status_code == 201, taken.text
    assert (taken.json()["origin"], taken.json()["sha256"]) == (earlier["id"], sha256_of(CONTENT))
    assert (await client.get(path_of(taken.json()))).content == CONTENT
    assert await bucket.keys() == keys_of(CONTENT)
    await world.publish()
    (part,) = (await world.newest())["TaiLieuNop"]
    assert (part["DuocTaiSuDung"], part["MaKetQuaThayThe"]) == ("2", RESULT)
    assert await agreement(world) == Report(objects=1, rows=1)


async def test_what_is_withdrawn_says_so_and_its_file_stays(
    world: World, client: httpx.AsyncClient, bucket: S3World
) -> None:
    kept = await give(client, metadata(), CONTENT)
    await world.publish()
    assert (await client.post(f"{kept['address']}/revoke", json={"reason": "Cấp sai"})).status_code == 200
    gone = problem(await client.get(path_of(kept), headers=NOBODY), 410, "link-gone")
    assert (gone["standing"], gone["reason"]) == ("revoked", "Cấp sai")
    problem(await client.get(f"{path_of(kept)}/bundle", headers=NOBODY), 410, "link-gone")
    assert (await world.newest())["DanhSachGiayToKetQua"] == []
    assert (await client.get(f"{kept['address']}/file")).content == CONTENT
    assert await bucket.keys() == keys_of(CONTENT)
    assert await agreement(world) == Report(objects=1, rows=1)


@pytest.mark.parametrize("harm", ["overwritten", "removed"])
async def test_what_is_damaged_is_given_to_nobody_and_mended_by_the_same_file_again(
    world: World, client: httpx.AsyncClient, bucket: S3World, clock: ManualClock, harm: str
) -> None:
    kept, other = await give(client, metadata(), CONTENT), await give(client, metadata("component"), paper("other"))
    if harm == "overwritten":
        await bucket.overwrite(kept["sha256"], CONTENT[:-1] + b"!")
    else:
        await bucket.remove(kept["sha256"])
    for path in (path_of(kept), f"{path_of(kept)}/bundle"):
        problem(await client.get(path, headers=NOBODY), 503, "file-store-silent")
    for path in (f"{kept['address']}/file", f"{kept['address']}/bundle"):
        problem(await client.get(path), 503, "file-store-silent")
    problem(await client.post(f"{kept['address']}/judge"), 503, "file-store-silent")
    assert (await client.get(path_of(other))).content == paper("other")

    clock.advance(3601)
    assert await recheck(world.context, 10) > 0
    shown = (await client.get("/v1/documents/store")).json()
    assert (shown["objects"], shown["damaged"]) == (2, 1)
    (event,) = (await client.get("/v1/events")).json()["items"]
    assert (event["kind"], event["ended_at"]) == ("file_damaged", None)
    missing = () if harm == "overwritten" else (kept["sha256"],)
    assert (await agreement(world)).dangling == missing

    again = await post(client, metadata(), CONTENT)
    assert (again.status_code, again.json()["id"]) == (200, kept["id"])
    assert (await client.get(path_of(kept), headers=NOBODY)).content == CONTENT
    clock.advance(3601)
    await recheck(world.context, 10)
    assert (await client.get("/v1/documents/store")).json()["damaged"] == 0
    (event,) = (await client.get("/v1/events")).json()["items"]
    assert event["ended_at"] is not None
    assert await bucket.keys() >= keys_of(CONTENT, paper("other"))
    after = await agreement(world)
    assert after.agrees
    # What was found damaged is set aside, and the report says so.
    assert len(after.leftovers) == (1 if harm == "overwritten" else 0)


async def test_what_nobody_handed_over_is_reported_and_left_where_it_lies(
    world: World, client: httpx.AsyncClient, bucket: S3World
) -> None:
    await give(client, metadata(), CONTENT)
    stranger = paper("stranger")
    await bucket.overwrite(sha256_of(stranger), stranger)
    found = await agreement(world)
    assert (found.agrees, found.orphans, found.objects) == (False, (sha256_of(stranger),), 2)
    assert await bucket.keys() == keys_of(CONTENT, stranger)


def attached(bundle: bytes) -> list[bytes]:
    with pikepdf.open(io.BytesIO(bundle)) as document:
        return [found.get_file().read_bytes() for found in document.attachments.values()]


async def test_a_real_result_is_opened_judged_and_bundled_from_the_bucket(
    clocked_database: Database, tmp_path: Path, bucket: S3World
) -> None:
    # Outside of the loop: the samples are signed in a loop of their own.
    signed = (await asyncio.to_thread(samples))["valid"]
    async with Bench(1, Limits(), authority().write_trust(tmp_path / "trust")) as bench:
        world = make(clocked_database, tmp_path, vault=bucket.vault, examiner=bench)
        await hand_over(world.context, dossier())
        async with door(world.context) as client:
            kept = await give(client, metadata(), signed)
            assert kept["verdict"] == "VALID"
            problem(await post(client, metadata(number_symbol="2"), signed[:-200]), 422, "file-truncated")
            # Judged anew, the file comes from the bucket.
            assert (await client.post(f"{kept['address']}/judge")).json()["verdict"] == "VALID"
            judged: dict[str, Any] = (await client.get(kept["address"])).json()
            assert [(one["verdict"], len(one["signatures"])) for one in judged["judgements"]] == [("VALID", 2)] * 2

            citizen = await client.get(f"{path_of(kept)}/bundle", headers=NOBODY)
            assert (citizen.status_code, citizen.headers["content-type"]) == (200, "application/pdf")
            assert attached(citizen.content) == [signed]
            office = await client.get(f"{kept['address']}/bundle")
            assert (office.status_code, office.headers["content-type"]) == (200, "application/zip")
            with zipfile.ZipFile(io.BytesIO(office.content)) as archive:
                assert archive.read("giay-to.pdf") == signed
                assert json.loads(archive.read("xac-minh.json"))["verdict"] == "VALID"
                sums = archive.read("SHA256SUMS").decode()
            assert f"{hashlib.sha256(signed).hexdigest()}  giay-to.pdf" in sums
        assert await bucket.keys() == keys_of(signed)
        assert await agreement(world) == Report(objects=1, rows=1)
