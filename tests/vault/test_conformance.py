"""What every vault owes: the very same tests for a folder, in each way to name a file, and for a service."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.vault import (
    Kept,
    LeftoverKind,
    ObjectDamaged,
    ObjectMissing,
    PartsDisagree,
    Scratch,
    VaultUnavailable,
    keep,
)
from app.vault.base import object_key
from tests.vault.support import (
    ABSENT,
    UPLOAD,
    World,
    blocks_of,
    content_of,
    filled,
    get,
    joined,
    put,
    put_part,
    sha256_of,
)

# One that is sent in one piece, one in blocks, and none at all.
SIZES = [0, 1, 100_000, 5 * 2**20, 12 * 2**20 + 1]
MB = 1_000_000


@pytest.mark.parametrize("size_bytes", SIZES)
async def test_what_was_put_is_given_back(world: World, size_bytes: int) -> None:
    content = content_of(1, size_bytes)
    kept = await keep(world.vault, blocks_of(content))
    assert kept == Kept(sha256_of(content), size_bytes, is_new=True)
    assert await get(world.vault, kept.sha256) == content
    assert await world.vault.check(kept.sha256) == size_bytes
    assert await world.vault.holds(kept.sha256)


async def test_a_fetched_file_can_be_read_from_anywhere(world: World) -> None:
    await put(world.vault, b"0123456789")
    with await world.vault.fetch(sha256_of(b"0123456789")) as file:
        assert file.seekable()
        assert file.tell() == 0
        file.seek(-4, os.SEEK_END)
        assert file.read() == b"6789"
        file.seek(2)
        assert file.read(3) == b"234"


async def test_nothing_is_given_that_is_not_held(world: World) -> None:
    for _ in range(2):
        assert not await world.vault.holds(ABSENT)
        with pytest.raises(ObjectMissing) as missing:
            await world.vault.fetch(ABSENT)
        assert missing.value.sha256 == ABSENT
        with pytest.raises(ObjectMissing):
            await world.vault.check(ABSENT)
        await put(world.vault, b"another")


async def test_what_was_held_and_is_gone_is_missing(world: World) -> None:
    await put(world.vault, b"here today")
    await world.remove(sha256_of(b"here today"))
    assert not await world.vault.holds(sha256_of(b"here today"))
    with pytest.raises(ObjectMissing):
        await world.vault.fetch(sha256_of(b"here today"))


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(lambda content: bytes([content[0] ^ 1]) + content[1:], id="a flipped bit"),
        pytest.param(lambda content: content[:-1], id="cut off"),
        pytest.param(lambda content: content + b"\n", id="longer"),
        pytest.param(lambda _: b"", id="empty"),
    ],
)
async def test_a_damaged_object_is_never_given(world: World, spoilt: Callable[[bytes], bytes]) -> None:
    content = content_of(2, 300_000)
    await put(world.vault, content)
    bad = spoilt(content)
    await world.overwrite(sha256_of(content), bad)
    with pytest.raises(ObjectDamaged) as damaged:
        await world.vault.fetch(sha256_of(content))
    assert (damaged.value.sha256, damaged.value.found) == (sha256_of(content), sha256_of(bad))
    with pytest.raises(ObjectDamaged):
        await world.vault.check(sha256_of(content))


async def test_the_same_bytes_are_held_once(world: World) -> None:
    content = content_of(3, 200_000)
    assert await put(world.vault, content)
    before = [entry async for entry in world.vault.entries()]
    assert not await put(world.vault, content)
    assert [entry async for entry in world.vault.entries()] == before
    assert await world.keys() == {object_key(sha256_of(content))}


async def test_one_scratch_can_be_put_twice(world: World) -> None:
    with world.vault.scratch() as scratch:
        await filled(scratch, b"twice")
        assert await world.vault.put(scratch)
        assert not await world.vault.put(scratch)
        assert scratch.rewind().read() == b"twice"


@pytest.mark.parametrize("size_bytes", [50_000, 6 * 2**20])
async def test_a_damaged_object_goes_aside_when_its_bytes_come_again(world: World, size_bytes: int) -> None:
    content = content_of(4, size_bytes)
    await put(world.vault, content)
    bad = b"\0" * size_bytes
    await world.overwrite(sha256_of(content), bad)
    assert await put(world.vault, content), "good bytes were taken for held while bad ones are"
    assert await get(world.vault, sha256_of(content)) == content
    (aside,) = await world.vault.leftovers()
    assert (aside.kind, aside.size_bytes) == (LeftoverKind.DAMAGED, size_bytes)
    assert sha256_of(content) in aside.path
    assert await world.keys() == {object_key(sha256_of(content)), aside.path}


async def test_entries_tell_all_objects_and_nothing_else(world: World) -> None:
    contents = [content_of(seed, 10 * seed) for seed in range(25)]
    for content in contents:
        await put(world.vault, content)
    await put_part(world.vault, 0, b"a part")
    entries = [entry async for entry in world.vault.entries()]
    assert {entry.sha256: entry.size_bytes for entry in entries} == {sha256_of(c): len(c) for c in contents}
    assert len(entries) == len(contents)
    for entry in entries:
        assert entry.modified_at.tzinfo is UTC
        assert abs(datetime.now(UTC) - entry.modified_at) < timedelta(minutes=5)


async def test_what_is_no_object_is_reported_and_left_alone(world: World) -> None:
    await put(world.vault, b"an object")
    strangers = {
        "notes.txt": LeftoverKind.STRANGER,
        f"objects/ab/cd/{ABSENT}": LeftoverKind.STRANGER,
        f"objects/00/00/{ABSENT}.tmp": LeftoverKind.STRANGER,
        "parts/short/00000000000000000000": LeftoverKind.STRANGER,
        "incoming/0123456789abcdef": LeftoverKind.INCOMING,
    }
    for key in strangers:
        await world.plant(key, b"what is this")
    await put_part(world.vault, 7, b"a part")
    leftovers = await world.vault.leftovers()
    assert {left.path: left.kind for left in leftovers} == {
        **strangers,
        f"parts/{UPLOAD}/00000000000000000007": LeftoverKind.PART,
    }
    assert {left.size_bytes for left in leftovers} == {len(b"what is this"), len(b"a part")}
    assert {left.path for left in leftovers} | {object_key(sha256_of(b"an object"))} == await world.keys()
    assert [entry.sha256 async for entry in world.vault.entries()] == [sha256_of(b"an object")]


# The other ways differ from the first only in how a file gets its name.
@pytest.mark.parametrize("world", ["link_open", "s3"], indirect=True)
async def test_two_hundred_uploads_at_once_lose_nothing(world: World) -> None:
    """Of each four, two are equal."""
    seeds = [number // 2 if number % 4 < 2 else number for number in range(200)]

    async def upload(seed: int) -> Kept:
        return await keep(world.vault, blocks_of(bytes([seed % 256]) * (2 * MB) + seed.to_bytes(8, "big"), 250_000))

    kept = await asyncio.gather(*(upload(seed) for seed in seeds))
    hashes = {seed: one.sha256 for seed, one in zip(seeds, kept, strict=True)}
    held = {entry.sha256: entry.size_bytes async for entry in world.vault.entries()}
    assert held == dict.fromkeys(hashes.values(), 2 * MB + 8)
    assert len(held) == len(set(seeds)) < len(seeds)
    assert await world.vault.leftovers() == []
    assert {await world.vault.check(sha256) for sha256 in held} == {2 * MB + 8}
    assert sum(one.is_new for one in kept) >= len(held)


async def test_many_who_put_the_same_at_once_all_succeed(world: World) -> None:
    content = content_of(5, 400_000)
    assert any(await asyncio.gather(*(put(world.vault, content) for _ in range(16))))
    assert await world.vault.check(sha256_of(content)) == len(content)
    assert await world.keys() == {object_key(sha256_of(content))}


async def test_an_upload_goes_on_after_a_break(world: World) -> None:
    content = content_of(6, 7 * 2**20)
    cuts = [0, 1, 5 * 2**20 + 2, 6 * 2**20, len(content)]
    for start, end in pairwise(cuts):
        parts = await world.vault.parts(UPLOAD)
        assert sum(size_bytes for _, size_bytes in parts) == start
        await put_part(world.vault, start, content[start:end])
    assert await world.vault.parts(UPLOAD) == [(a, b - a) for a, b in pairwise(cuts)]
    with world.vault.scratch() as scratch:
        await world.vault.read_parts(UPLOAD, scratch)
        assert scratch.sha256 == sha256_of(content)
        assert await world.vault.put(scratch)
    await world.vault.drop_parts(UPLOAD)
    assert await world.keys() == {object_key(sha256_of(content))}
    assert await get(world.vault, sha256_of(content)) == content


async def test_parts_stand_in_the_order_of_their_offsets(world: World) -> None:
    for offset in (10, 2, 0, 1):
        await put_part(world.vault, offset, {0: b"a", 1: b"b", 2: b"c" * 8, 10: b"d"}[offset])
    assert await world.vault.parts(UPLOAD) == [(0, 1), (1, 1), (2, 8), (10, 1)]
    assert await joined(world.vault) == b"abccccccccd"


async def test_a_part_that_comes_again_replaces_the_first(world: World) -> None:
    await put_part(world.vault, 0, b"cut o")
    await put_part(world.vault, 0, b"whole")
    await put_part(world.vault, 0, b"whole part")
    assert await joined(world.vault) == b"whole part"
    assert len(await world.keys()) == 1


@pytest.mark.parametrize("parts", [{0: b"abc", 4: b"e"}, {0: b"abc", 2: b"cd"}, {1: b"b"}])
async def test_parts_with_a_gap_or_an_overlap_make_no_file(world: World, parts: dict[int, bytes]) -> None:
    for offset, content in parts.items():
        await put_part(world.vault, offset, content)
    with world.vault.scratch() as scratch:
        with pytest.raises(PartsDisagree):
            await world.vault.read_parts(UPLOAD, scratch)
        assert scratch.size_bytes == 0


async def test_uploads_are_strangers_to_each_other(world: World) -> None:
    await put_part(world.vault, 0, b"one", "upload-one")
    await put_part(world.vault, 0, b"two", "upload-one-two")
    await world.vault.drop_parts("upload-one")
    assert await world.vault.parts("upload-one") == []
    assert await joined(world.vault, "upload-one-two") == b"two"
    await world.vault.drop_parts("upload-one")
    await put_part(world.vault, 0, b"once more", "upload-one")
    assert await joined(world.vault, "upload-one") == b"once more"


async def test_a_scratch_that_is_not_put_leaves_nothing(world: World) -> None:
    with world.vault.scratch() as scratch:
        await filled(scratch, b"abandoned")
        assert await world.keys() == set()
    assert await world.keys() == set()


async def test_what_is_no_hash_is_refused(world: World) -> None:
    for name in ("", "abc", "../" * 8, "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "g" * 64):
        for ask in (world.vault.fetch, world.vault.check, world.vault.holds):
            with pytest.raises(ValueError, match="hex digits"):
                await ask(name)


async def test_what_is_no_upload_id_is_refused(world: World) -> None:
    vault = world.vault
    with vault.scratch() as scratch:
        for name in ("", "short", "../../etc", "a/b/c/d/e/f", "a" * 65, "upload-01\n", ".hidden-1", "ü" * 9):
            for asked in (
                vault.put_part(name, 0, scratch),
                vault.read_parts(name, scratch),
                vault.parts(name),
                vault.drop_parts(name),
            ):
                with pytest.raises(ValueError, match="upload id"):
                    await asked


async def test_what_is_no_offset_is_refused(world: World) -> None:
    for offset in (-1, 10**20):
        with world.vault.scratch() as scratch, pytest.raises(ValueError, match="offset"):
            await world.vault.put_part(UPLOAD, offset, scratch)


async def test_a_stream_that_breaks_keeps_nothing(world: World) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a beginning"
        message = "the client left"
        raise ConnectionResetError(message)

    with pytest.raises(ConnectionResetError):
        await keep(world.vault, broken())
    assert await world.keys() == set()


async def test_a_scratch_whose_write_failed_is_never_put(world: World) -> None:
    with Scratch(lambda: os.open("/dev/full", os.O_RDWR)) as scratch:
        with pytest.raises(VaultUnavailable, match="No space left on device"):
            await scratch.write(b"too much")
        with pytest.raises(VaultUnavailable, match="has failed"):
            await world.vault.put(scratch)
        with pytest.raises(VaultUnavailable, match="has failed"):
            await world.vault.put_part(UPLOAD, 0, scratch)
    assert await world.keys() == set()
    await world.vault.aclose()
