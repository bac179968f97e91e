"""Real processes: SIGKILL at any moment leaves no half object, and two who put the same both succeed."""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from app.vault import LeftoverKind, Way
from app.vault.base import object_key
from tests.vault.service import S3World
from tests.vault.support import ROOT, LocalWorld, World, joined, sha256_of

_KILLS = 3


def start(**given: Any) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.vault.putter", json.dumps(given)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def said_until_killed(lines: int, **given: Any) -> set[str]:
    """The hashes that the process said were held; it is killed in the middle of what comes after ``lines`` of them."""
    with start(**given) as process:
        go(process)
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        # What it said and we had not read yet; the last line may be cut off.
        said += [line for line in process.stdout if line.endswith("\n")]
        assert process.wait() == -9
    return {line.strip() for line in said}


async def assert_whole(world: World, said: set[str]) -> None:
    keys: set[str] | None = None
    # A service may still be at work on what it was sent before the kill.
    while keys != (keys := await world.keys()):
        entries = {entry.sha256 async for entry in world.vault.entries()}
        left = await world.vault.leftovers()
    assert said
    assert said <= entries, "what was said to be held is gone"
    for sha256 in entries:
        await world.vault.check(sha256)
    assert {one.kind for one in left} <= {LeftoverKind.INCOMING, LeftoverKind.PART}
    uploads = {one.path.split("/")[1] for one in left if one.kind is LeftoverKind.PART}
    for upload_id in uploads:
        assert sha256_of(await joined(world.vault, upload_id)) == upload_id
    assert {one.path for one in left} | {object_key(sha256) for sha256 in entries} == keys


@pytest.mark.parametrize("local", [Way.LINK_OPEN, Way.RENAME], ids=lambda way: way.value, indirect=True)
async def test_a_kill_leaves_no_half_object_in_a_folder(local: LocalWorld) -> None:
    said: set[str] = set()
    for number in range(_KILLS):
        lines = random.Random().randrange(1, 60)  # noqa: S311 - a moment, not secrecy
        said |= said_until_killed(lines, root=str(local.root), way=local.way.value, seed=number)
        await assert_whole(local, said)


async def test_a_kill_leaves_no_half_object_in_a_service(s3: S3World) -> None:
    said: set[str] = set()
    for number in range(_KILLS):
        lines = random.Random().randrange(1, 20)  # noqa: S311 - a moment, not secrecy
        given = {"url": s3.url, "scratch": str(s3.scratch_dir), "endpoint": s3.endpoint, "seed": number}
        said |= said_until_killed(lines, **given)
        await assert_whole(s3, said)
    assert not any(s3.scratch_dir.iterdir()), "a file on its way stayed on this machine"


async def test_two_processes_that_put_the_same_both_succeed(local: LocalWorld) -> None:
    given = {"root": str(local.root), "way": local.way.value, "seed": 7, "count": 10}
    both = [start(**given), start(**given)]
    for process in both:
        go(process)
    said = [set(process.communicate()[0].split()) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == said[1]
    assert {entry.sha256 async for entry in local.vault.entries()} == said[0]
    for sha256 in said[0]:
        await local.vault.check(sha256)
    assert {left.kind for left in await local.vault.leftovers()} <= {LeftoverKind.PART}, "one took the other for damage"


def test_the_kill_tests_kill_what_works(tmp_path: Path) -> None:
    """A process that is let be comes to its end by itself: the tests above end it early, not a fault of its own."""
    with start(root=str(tmp_path), way=Way.LINK_OPEN.value, seed=1, count=1) as process:
        go(process)
        assert len(process.communicate()[0].split()) == 3
        assert process.returncode == 0


@pytest.mark.parametrize("way", list(Way), ids=lambda way: way.value)
def test_a_kill_at_any_call_leaves_no_half_object(scratch: Path, way: Way) -> None:
    """Each call to the system in turn is the last; see ``sweeper``."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        command = [sys.executable, "-W", "error", "-m", "tests.vault.sweeper", folder, way.value]
        found = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)  # noqa: S603
    assert found["wrong"] == []
    assert found["moments"] > 80
