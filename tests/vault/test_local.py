"""A folder: how a file gets its name, what is on the disk when, and what a bad disk does."""

import asyncio
import os
import resource
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from app.vault import LocalVault, Scratch, VaultUnavailable, Way
from app.vault.base import object_key
from tests.vault.support import (
    ABSENT,
    UPLOAD,
    LocalWorld,
    content_of,
    filled,
    get,
    joined,
    put,
    put_part,
    sha256_of,
)

CONTENT = content_of(1, 3 * 2**20)
SHA256 = sha256_of(CONTENT)


def without_o_tmpfile(folder: Path) -> Scratch:
    """What a file system without O_TMPFILE gives: a nameless file that can never be named."""

    def open_file() -> int:
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.dup(file.fileno())

    return Scratch(open_file)


@pytest.mark.parametrize(("ways", "is_same_file"), [(tuple(Way), True), ((Way.LINK_NAMED, Way.RENAME), False)])
async def test_the_first_way_that_works_is_taken(tmp_path: Path, ways: tuple[Way, ...], *, is_same_file: bool) -> None:
    vault = LocalVault(tmp_path, ways=ways)
    with vault.scratch() as scratch:
        await filled(scratch, CONTENT)
        await vault.put(scratch)
        written, held = os.fstat(scratch.file.fileno()), (tmp_path / object_key(SHA256)).stat()
        assert os.path.samestat(written, held) is is_same_file
    assert await get(vault, SHA256) == CONTENT


@pytest.mark.parametrize("next_way", [Way.LINK_NAMED, Way.RENAME])
async def test_where_the_first_way_fails_the_next_is_taken(tmp_path: Path, next_way: Way) -> None:
    with without_o_tmpfile(tmp_path) as scratch:
        await filled(scratch, CONTENT)
        with pytest.raises(VaultUnavailable, match="No such file"):
            await LocalVault(tmp_path, ways=(Way.LINK_OPEN,)).put(scratch)
        vault = LocalVault(tmp_path, ways=(Way.LINK_OPEN, next_way))
        assert not await vault.holds(SHA256)
        assert await vault.put(scratch)
    assert await get(vault, SHA256) == CONTENT
    assert await vault.leftovers() == []


async def test_an_object_is_written_once_and_for_nobody_to_change(local: LocalWorld) -> None:
    await put(local.vault, CONTENT)
    before = local.path(SHA256).stat()
    assert before.st_mode & 0o777 == 0o440
    assert before.st_nlink == 1
    assert not await put(local.vault, CONTENT)
    assert not await put(LocalVault(local.root), CONTENT)
    after = local.path(SHA256).stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


async def test_of_many_who_put_the_same_exactly_one_is_told_that_it_is_new(tmp_path: Path) -> None:
    for way in (Way.LINK_OPEN, Way.LINK_NAMED):
        vaults = [LocalVault(tmp_path / way.value, ways=(way,)) for _ in range(12)]
        assert sum(await asyncio.gather(*(put(vault, CONTENT) for vault in vaults))) == 1


def _watch_syncs(monkeypatch: pytest.MonkeyPatch, target: Path) -> list[tuple[int, bool]]:
    """Which files are synced from now on (by inode), and whether the target stood there at that moment."""
    sync, seen = os.fsync, []

    def watched(descriptor: int) -> None:
        seen.append((os.fstat(descriptor).st_ino, target.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    return seen


async def test_bytes_are_on_the_disk_before_the_name_and_the_name_before_the_answer(
    local: LocalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = local.path(SHA256)
    seen = _watch_syncs(monkeypatch, target)
    await put(local.vault, CONTENT)
    assert (target.stat().st_ino, False) in seen
    assert (target.stat().st_ino, True) not in seen
    assert seen[-1] == (target.parent.stat().st_ino, True)
    above = [local.root.parent, local.root, local.root / "objects", target.parent.parent]
    assert {(folder.stat().st_ino, False) for folder in above} <= set(seen), "a new folder's name may be lost"


async def test_what_another_process_put_is_on_the_disk_before_it_is_called_held(
    local: LocalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(local.vault, CONTENT)
    target = local.path(SHA256)
    seen = _watch_syncs(monkeypatch, target)
    assert not await put(LocalVault(local.root), CONTENT)
    assert {target.parent.stat().st_ino, target.parent.parent.stat().st_ino} <= {inode for inode, _ in seen}


async def test_parts_are_on_the_disk_before_the_answer(local: LocalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    target = local.root / "parts" / UPLOAD / f"{0:020d}"
    for content in (b"first", b"second"):
        seen = _watch_syncs(monkeypatch, target)
        await put_part(local.vault, 0, content)
        inodes = [inode for inode, _ in seen]
        assert target.stat().st_ino in inodes
        assert target.parent.parent.stat().st_ino in inodes
        assert seen[-1] == (target.parent.stat().st_ino, True)


async def test_a_disk_that_fills_up_keeps_nothing_half(tmp_path: Path) -> None:
    """The copy of a nameless file breaks off in its middle."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for ways in ((Way.LINK_NAMED,), (Way.RENAME,), tuple(Way)):
        vault = LocalVault(tmp_path / "vault", ways=ways)
        with without_o_tmpfile(tmp_path) as scratch:
            await filled(scratch, CONTENT)
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, limits[1]))
            try:
                with pytest.raises(VaultUnavailable, match="File too large"):
                    await vault.put(scratch)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            assert not await vault.holds(SHA256)
            assert [path for path in (tmp_path / "vault").rglob("*") if path.is_file()] == []
    assert await put(vault, CONTENT), "what failed may be tried again"


async def test_a_folder_that_cannot_be_used_says_nothing_about_objects(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    vault = LocalVault(tmp_path / "file")
    with pytest.raises(VaultUnavailable, match="Not a directory"):
        await vault.fetch(ABSENT)
    with pytest.raises(VaultUnavailable, match="Not a directory"):
        await vault.check(ABSENT)
    with pytest.raises(VaultUnavailable, match=r"Not a directory|File exists"):
        await put(vault, b"anything")
    with pytest.raises(VaultUnavailable, match="Not a directory"):
        await vault.leftovers()


async def test_reading_an_unused_vault_makes_nothing(tmp_path: Path) -> None:
    vault = LocalVault(tmp_path / "vault")
    assert not await vault.holds(ABSENT)
    assert [entry async for entry in vault.entries()] == []
    assert await vault.leftovers() == []
    assert await vault.parts(UPLOAD) == []
    await vault.drop_parts(UPLOAD)
    assert not (tmp_path / "vault").exists()


async def test_empty_folders_may_be_cleared_away_at_any_time(local: LocalWorld) -> None:
    await put(local.vault, CONTENT)
    await local.remove(SHA256)
    local.path(SHA256).parent.rmdir()
    local.path(SHA256).parent.parent.rmdir()
    assert await put(local.vault, CONTENT)
    assert await get(local.vault, SHA256) == CONTENT


async def test_a_part_that_was_dropped_can_still_be_put(local: LocalWorld) -> None:
    vault = LocalVault(local.root)
    with vault.scratch() as scratch:
        await filled(scratch, CONTENT)
        await vault.put_part(UPLOAD, 0, scratch)
        assert await joined(vault) == CONTENT
        await vault.drop_parts(UPLOAD)
        assert await vault.put(scratch)
    assert await get(vault, SHA256) == CONTENT


_DISK_EVENTS = {"open", "os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.scandir", "os.listdir"}
_watched: dict[str, Any] = {}


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched and event in _DISK_EVENTS and threading.current_thread() is threading.main_thread():
        if any(isinstance(a, str | os.PathLike) and str(a).startswith(_watched["root"]) for a in arguments):
            _watched["guilty"].append((event, arguments))
    elif _watched and event in _DISK_EVENTS:
        _watched["elsewhere"] += 1


@pytest.fixture(scope="module")
def _hook() -> None:
    """An audit hook can never be taken away again; it looks only while something is watched."""
    sys.addaudithook(_audit)


@pytest.mark.usefixtures("_hook")
async def test_no_disk_work_is_done_on_the_event_loop(tmp_path: Path) -> None:
    guilty: list[Any] = []
    _watched.update(root=str(tmp_path), guilty=guilty, elsewhere=0)
    try:
        for way in Way:
            vault = LocalVault(tmp_path / way.value, ways=(way,))
            await put(vault, CONTENT)
            await put(vault, CONTENT)
            assert await get(vault, SHA256) == CONTENT
            await vault.check(SHA256)
            assert await vault.holds(SHA256)
            assert [entry.sha256 async for entry in vault.entries()] == [SHA256]
            for content in (b"once", b"again"):
                await put_part(vault, 0, content)
            assert await joined(vault) == b"again"
            assert len(await vault.leftovers()) == 1
            await vault.drop_parts(UPLOAD)
    finally:
        elsewhere = _watched["elsewhere"]
        _watched.clear()
    assert guilty == []
    assert elsewhere > 50
