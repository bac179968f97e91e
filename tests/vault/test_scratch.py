"""The nameless file by itself: any chunks, any order of parts, and threads that outlive their task."""

import asyncio
import io
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.vault import LocalVault, PartsDisagree, Scratch, joined_bytes
from app.vault.base import object_key, offset_at, part_key, sha256_at
from app.vault.scratch import open_nameless
from tests.vault.support import UPLOAD, filled, get, joined, put_part, sha256_of

CHUNKS = st.lists(
    st.one_of(st.binary(max_size=40), st.integers(0, 70_000).map(lambda size: b"\xa5" * size)), max_size=12
)


@given(chunks=CHUNKS)
@settings(max_examples=25)
def test_any_chunks_give_the_same_hash_and_bytes_back(chunks: list[bytes]) -> None:
    async def check(root: Path) -> None:
        vault, content = LocalVault(root), b"".join(chunks)
        with vault.scratch() as scratch:
            for chunk in chunks:
                await scratch.write(chunk)
            assert (scratch.sha256, scratch.size_bytes) == (sha256_of(content), len(content))
            assert scratch.rewind().read() == content
            assert b"".join([block async for block in scratch.blocks(1000)]) == content
            await vault.put(scratch)
        assert await get(vault, sha256_of(content)) == content

    with tempfile.TemporaryDirectory() as root:
        asyncio.run(check(Path(root)))


@given(pieces=st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=8), order=st.randoms())
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_any_parts_in_any_order_make_the_same_file(pieces: list[bytes], order: object) -> None:
    offsets = [sum(map(len, pieces[:number])) for number in range(len(pieces))]
    shuffled = list(zip(offsets, pieces, strict=True))
    order.shuffle(shuffled)  # type: ignore[attr-defined]

    async def check(root: Path) -> None:
        vault = LocalVault(root)
        for offset, piece in shuffled:
            await put_part(vault, offset, piece)
        assert await joined(vault) == b"".join(pieces)

    with tempfile.TemporaryDirectory() as root:
        asyncio.run(check(Path(root)))


@given(sizes=st.lists(st.integers(1, 10**12), max_size=10), gap=st.integers(-5, 5), place=st.integers(0, 9))
def test_parts_join_only_where_each_begins_at_the_end_of_the_one_before(sizes: list[int], gap: int, place: int) -> None:
    offsets = [sum(sizes[:number]) for number in range(len(sizes))]
    moved = [offset + (gap if number >= place else 0) for number, offset in enumerate(offsets)]
    parts = list(zip(moved, sizes, strict=True))
    if gap == 0 or place >= len(sizes):
        assert joined_bytes(parts) == sum(sizes)
    else:
        with pytest.raises(PartsDisagree) as disagree:
            joined_bytes(parts)
        assert (disagree.value.wanted_offset, disagree.value.found_offset) == (offsets[place], moved[place])


@given(
    content=st.binary(),
    offset=st.integers(0, 10**20 - 1),
    upload_id=st.from_regex(r"[A-Za-z0-9_-]{8,64}", fullmatch=True),
)
def test_a_key_tells_what_lies_there(content: bytes, offset: int, upload_id: str) -> None:
    assert sha256_at(object_key(sha256_of(content))) == sha256_of(content)
    assert offset_at(part_key(upload_id, offset)) == offset
    assert sha256_at(part_key(upload_id, offset)) is None
    assert offset_at(object_key(sha256_of(content))) is None


async def test_a_scratch_that_was_put_is_no_longer_written(tmp_path: Path) -> None:
    vault = LocalVault(tmp_path)
    with vault.scratch() as scratch:
        await filled(scratch, b"the end")
        await vault.put(scratch)
        with pytest.raises(ValueError, match="no longer written"):
            await scratch.write(b"?")
        with pytest.raises(io.UnsupportedOperation):
            scratch.file.write(b"?")
    assert await get(vault, sha256_of(b"the end")) == b"the end"


async def test_a_closed_scratch_takes_nothing(tmp_path: Path) -> None:
    vault = LocalVault(tmp_path)
    with vault.scratch() as scratch:
        await scratch.write(b"some")
    with pytest.raises(ValueError, match="closed"):
        await scratch.write(b"more")
    with pytest.raises(ValueError, match="closed"):
        await vault.put(scratch)
    scratch.close()


def test_a_file_at_work_is_closed_only_after_the_work(tmp_path: Path) -> None:
    """Else a thread that a cancelled task left behind would write into the next file under the same number."""
    scratch = Scratch(lambda: open_nameless(tmp_path))
    with scratch.in_use() as descriptor:
        with scratch.in_use():
            scratch.close()
        assert os.fstat(descriptor).st_nlink == 0
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


async def test_a_cancelled_write_is_in_whole_or_not_at_all(tmp_path: Path) -> None:
    with Scratch(lambda: open_nameless(tmp_path)) as scratch:
        await scratch.write(b"a" * 100_000)
        writes = [asyncio.create_task(scratch.write(bytes([number]) * 300_000)) for number in range(8)]
        await asyncio.sleep(0)
        for write in writes:
            write.cancel()
        await asyncio.gather(*writes, return_exceptions=True)
        sha256 = await asyncio.to_thread(scratch.seal)
        content = scratch.rewind().read()
        assert (sha256_of(content), len(content)) == (sha256, scratch.size_bytes)


async def test_a_file_system_without_nameless_files_serves_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What the flag means to a kernel or a file system that does not know it; tempfile then remembers that.
    monkeypatch.setattr(os, "O_TMPFILE", os.O_DIRECTORY)
    monkeypatch.setattr(tempfile, "_O_TMPFILE_WORKS", True)
    vault = LocalVault(tmp_path)
    with vault.scratch() as scratch:
        await scratch.write(b"as ever")
        assert await vault.leftovers() == []
        assert await vault.put(scratch)
    assert await get(vault, sha256_of(b"as ever")) == b"as ever"
    assert await vault.leftovers() == []


async def test_blocks_leave_the_position_of_the_file_alone(tmp_path: Path) -> None:
    with LocalVault(tmp_path).scratch() as scratch:
        await scratch.write(b"0123456789")
        scratch.file.seek(4)
        assert [block async for block in scratch.blocks(4)] == [b"0123", b"4567", b"89"]
        assert scratch.file.read(2) == b"45"
        assert scratch.rewind().read(1) == b"0"


async def test_a_released_file_outlives_its_scratch(tmp_path: Path) -> None:
    with LocalVault(tmp_path).scratch() as scratch:
        await scratch.write(b"0123456789")
        scratch.file.seek(4)
        released = scratch.release()
    with released:
        assert released.read() == b"0123456789"


async def test_uploads_that_were_never_named_are_told_apart(tmp_path: Path) -> None:
    vault = LocalVault(tmp_path)
    assert await vault.parts(UPLOAD) == []
    with vault.scratch() as scratch:
        await vault.read_parts(UPLOAD, scratch)
        assert scratch.size_bytes == 0
