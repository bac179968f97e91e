"""Dies by SIGKILL at each call to the system in turn, and looks each time at what is left in the folder.

Threads and event loops do not survive a fork: there is none in the process that forks. Prints, as JSON, how many
moments there were to die in, and what was wrong after which.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.vault import LeftoverKind, LocalVault, Way, keep, placing
from app.vault.base import object_key
from tests.vault.support import UPLOAD, LocalWorld, blocks_of, content_of, joined, put_part, sha256_of

_CALLS = ("open", "pwrite", "fsync", "fchmod", "link", "rename", "replace", "mkdir", "unlink", "rmdir")
# Larger than a block, so that a copy can break off between two; small blocks make hundreds of deaths quick.
placing.BLOCK_BYTES = 4096  # type: ignore[attr-defined]
_LARGE, _SMALL = content_of(1, 10_000), content_of(2, 1000)
_DAMAGE = b"bad bytes"


def _die_at(moment: int) -> None:
    """Let this process die at its ``moment``-th call; a write writes half of what it should before."""
    calls = 0

    def dying(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == moment:
                if name == "pwrite":
                    call(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2], arguments[2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return counted

    for name in _CALLS:
        setattr(os, name, dying(name, getattr(os, name)))


async def _live(root: Path, way: Way, said: Callable[[str], None]) -> None:
    """All that writes, one after the other."""
    vault = LocalVault(root, ways=(way,))
    for content in (_LARGE, _SMALL, _LARGE):
        await keep(vault, blocks_of(content, 2**20))
        said(sha256_of(content))
    await LocalWorld(root, way).overwrite(sha256_of(_LARGE), _DAMAGE)
    said("damaged")
    await keep(vault, blocks_of(_LARGE, 2**20))
    said("mended")
    await put_part(vault, 0, _SMALL[:600])
    await put_part(vault, 0, _SMALL[:500])
    await put_part(vault, 500, _SMALL[500:])
    said("uploaded")
    await vault.drop_parts(UPLOAD)


async def _faults(root: Path, way: Way, said: set[str]) -> list[str]:
    """What is wrong with the folder that a dead process left."""
    world = LocalWorld(root, way)
    faults = []
    may_be_bad = "damaged" in said and "mended" not in said
    entries = {entry.sha256 async for entry in world.vault.entries()}
    for sha256 in entries:
        content = world.path(sha256).read_bytes()
        if sha256_of(content) != sha256 and not (may_be_bad and content in {_DAMAGE, b""}):
            faults.append(f"object {sha256} of {len(content)} bytes is not whole")
    faults += [f"object {one} was held and is gone" for one in said if len(one) == 64 and one not in entries]
    leftovers = await world.vault.leftovers()
    reported = {left.path for left in leftovers} | {object_key(sha256) for sha256 in entries}
    faults += [f"{key} is not reported" for key in await world.keys() - reported]
    faults += [f"{left.path} is a stranger" for left in leftovers if left.kind is LeftoverKind.STRANGER]
    for offset, size_bytes in await world.vault.parts(UPLOAD):
        if (offset, size_bytes) not in {(0, 600), (0, 500), (500, 500)}:
            faults.append(f"part {offset} of {size_bytes} bytes is not whole")
    if "uploaded" in said and await world.vault.parts(UPLOAD) == [(0, 500), (500, 500)]:
        faults += [] if await joined(world.vault) == _SMALL else ["the parts are not what was sent"]
    return faults


def _say(descriptor: int, word: str) -> None:
    os.write(descriptor, f"{word}\n".encode())


def _one_death(root: Path, way: Way, moment: int) -> tuple[bool, set[str]]:
    """Whether the process died before its end, and what it had said until then."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _die_at(moment)
        asyncio.run(_live(root, way, lambda word: _say(writing, word)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="ascii") as words:
        said = set(words.read().split())
    _, status = os.waitpid(child, 0)
    if status not in {0, signal.SIGKILL}:
        message = f"the process ended by itself with {status}"
        raise RuntimeError(message)
    return status != 0, said


async def _look(root: Path, way: Way, moment: int, said: set[str]) -> list[str]:
    wrong = [f"at {moment}: {fault}" for fault in await _faults(root, way, said)]
    # Whoever comes after can do all of it.
    await _live(root, way, said.add)
    return wrong + [f"after {moment}: {fault}" for fault in await _faults(root, way, said)]


def main(folder: Path, way: Way) -> None:
    moment, wrong, died = 0, [], True
    while died:
        moment += 1
        root = folder / str(moment)
        died, said = _one_death(root, way, moment)
        wrong += asyncio.run(_look(root, way, moment, said))
        shutil.rmtree(root)
    sys.stdout.write(json.dumps({"moments": moment - 1, "wrong": wrong}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Way(sys.argv[2]))
