"""A service: what it may lack, how it may fail, and that nothing else is then said of the objects."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.vault import LocalVault, ObjectMissing, S3Options, VaultUnavailable, open_vault
from app.vault.base import object_key
from tests.vault.service import Condition, S3World, s3_service
from tests.vault.support import ABSENT, UPLOAD, content_of, get, joined, names_in, put, put_part, s3_options, sha256_of

SMALL, LARGE = content_of(1, 100_000), content_of(2, 11 * 2**20)


@pytest.fixture(scope="module", params=[Condition.IGNORED, Condition.REFUSED], ids=lambda one: one.value)
def lesser_endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    with s3_service(request.param) as endpoint:
        yield endpoint


async def test_a_service_without_conditional_puts_serves_too(lesser_endpoint: str, tmp_path: Path) -> None:
    world = S3World(lesser_endpoint, tmp_path)
    for content in (SMALL, LARGE):
        assert await put(world.vault, content)
        assert not await put(world.vault, content)
        assert await get(world.vault, sha256_of(content)) == content
        await world.overwrite(sha256_of(content), b"bad")
        assert await put(world.vault, content)
        assert await world.vault.check(sha256_of(content)) == len(content)
    assert any(await asyncio.gather(*(put(world.vault, b"at once") for _ in range(8))))
    assert await get(world.vault, sha256_of(b"at once")) == b"at once"


async def test_of_two_who_found_nothing_one_is_told_that_it_is_held(tmp_path: Path) -> None:
    with s3_service(Condition.BLIND) as endpoint:
        world = S3World(endpoint, tmp_path)
        assert await put(world.vault, SMALL)
        assert not await put(world.vault, SMALL)
        await world.overwrite(sha256_of(SMALL), b"bad")
        assert await put(world.vault, SMALL)
        assert await get(world.vault, sha256_of(SMALL)) == SMALL
        for _ in range(2):
            await put(world.vault, LARGE)
            assert await get(world.vault, sha256_of(LARGE)) == LARGE


async def test_an_object_is_written_once(s3: S3World) -> None:
    s3.keep_versions()
    for content in (SMALL, LARGE):
        for _ in range(3):
            await put(s3.vault, content)
    assert s3.versions() == 2


async def test_objects_stay_below_the_prefix(s3: S3World) -> None:
    await put(s3.vault, SMALL)
    assert f"<Key>documents/2026/{object_key(sha256_of(SMALL))}</Key>" in s3.asked("list-type=2")
    above = open_vault(f"s3://{s3.bucket}", s3.scratch_dir, s3_options(s3.endpoint))
    assert not await above.holds(sha256_of(SMALL))
    assert await put(above, SMALL)
    assert await get(above, sha256_of(SMALL)) == SMALL


async def assert_says_nothing_of_objects(url: str, scratch_dir: Path, options: S3Options, words: str) -> None:
    vault = open_vault(url, scratch_dir, options)
    for asked in (
        vault.fetch(ABSENT),
        vault.check(ABSENT),
        vault.holds(ABSENT),
        put(vault, SMALL),
        put(vault, LARGE),
        put_part(vault, 0, SMALL),
        vault.parts(UPLOAD),
        vault.leftovers(),
    ):
        with pytest.raises(VaultUnavailable, match=words):
            await asked
    with pytest.raises(VaultUnavailable, match=words):
        [entry async for entry in vault.entries()]


async def test_a_service_that_is_down_says_nothing_of_objects(tmp_path: Path) -> None:
    options = s3_options("http://127.0.0.1:1", connect_seconds=1.0)
    await assert_says_nothing_of_objects("s3://bucket/documents", tmp_path, options, "HTTP error")


async def test_a_bucket_that_is_not_there_says_nothing_of_objects(s3_endpoint: str, tmp_path: Path) -> None:
    options = s3_options(s3_endpoint)
    await assert_says_nothing_of_objects(
        "s3://no-such-bucket/documents", tmp_path, options, "NoSuchBucket|404 Not Found"
    )


@asynccontextmanager
async def _cutting_off(content: bytes) -> AsyncIterator[str]:
    """A service whose every answer promises more than it brings."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = 'HTTP/1.1 200 OK\r\nLast-Modified: Mon, 02 Mar 2026 08:00:00 GMT\r\nETag: "e"\r\nContent-Length:'
        writer.write(f"{head} {len(content) + 1}\r\n\r\n".encode() + content)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_answer_that_breaks_off_is_not_called_damage(tmp_path: Path) -> None:
    async with _cutting_off(SMALL) as endpoint:
        vault = open_vault("s3://bucket", tmp_path, s3_options(endpoint))
        with pytest.raises(VaultUnavailable, match="read of an object"):
            await vault.fetch(sha256_of(SMALL))
        with pytest.raises(VaultUnavailable, match="read of an object"):
            await vault.check(sha256_of(SMALL))
    assert names_in(tmp_path) == []


async def test_a_large_part_goes_in_blocks_too(s3: S3World) -> None:
    await put_part(s3.vault, 0, LARGE)
    await put_part(s3.vault, len(LARGE), SMALL)
    assert await joined(s3.vault) == LARGE + SMALL


async def test_an_address_leads_to_its_kind_of_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in (f"file://{tmp_path}/a%20b", f"file://localhost{tmp_path}/a%20b", f"{tmp_path}/a b", "a b"):
        vault = open_vault(url)
        assert isinstance(vault, LocalVault)
        await put(vault, SMALL)
        assert (tmp_path / "a b" / object_key(sha256_of(SMALL))).is_file()
    assert names_in(tmp_path) == ["a b"]


@pytest.mark.parametrize(
    "url", ["", "file://", "file:///", "file://elsewhere/a", "ftp://host/a", "s3:///only-a-prefix"]
)
def test_an_address_of_another_kind_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="documents: "):
        open_vault(url, tmp_path)


def test_a_service_needs_a_folder_here_and_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="folder on this machine"):
        open_vault("s3://bucket/prefix")
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "app.vault.s3", raising=False)
    with pytest.raises(ConfigurationError, match="extra 's3'"):
        open_vault("s3://bucket/prefix", tmp_path)
    assert isinstance(open_vault(str(tmp_path)), LocalVault), "a folder needs no extra"


def test_secrets_are_not_shown() -> None:
    shown = repr(S3Options(secret_access_key="hush", session_token="hush"))
    assert "hush" not in shown


async def test_a_service_can_be_asked_again_after_a_miss(s3: S3World) -> None:
    with pytest.raises(ObjectMissing):
        await s3.vault.fetch(sha256_of(SMALL))
    await put(s3.vault, SMALL)
    assert await get(s3.vault, sha256_of(SMALL)) == SMALL
