"""A process that says by how many bytes its memory grew at most, while a large file went into a vault and out again."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from app.vault import Vault, keep
from tests.vault.putter import vault_of

_FILE_BYTES = 50_000_000


def peak_bytes() -> int:
    """The most memory this process has held. getrusage would count that of the process which started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


async def _blocks(size_bytes: int) -> AsyncIterator[bytes]:
    for number in range(size_bytes // 50_000):
        yield number.to_bytes(8, "big") * 6250


async def _round(vault: Vault, size_bytes: int) -> None:
    kept = await keep(vault, _blocks(size_bytes))
    assert kept.size_bytes == size_bytes
    (await vault.fetch(kept.sha256)).close()
    await vault.check(kept.sha256)
    assert not (await keep(vault, _blocks(size_bytes))).is_new
    with vault.scratch() as part, vault.scratch() as whole:
        async for block in _blocks(size_bytes):
            await part.write(block)
        await vault.put_part("upload-0001", 0, part)
        await vault.read_parts("upload-0001", whole)
        assert whole.sha256 == kept.sha256


async def _measure(given: dict[str, Any]) -> None:
    vault = vault_of(given)
    await _round(vault, 50_000)
    before = peak_bytes()
    await _round(vault, _FILE_BYTES)
    sys.stdout.write(str(peak_bytes() - before))


if __name__ == "__main__":
    asyncio.run(_measure(json.loads(sys.argv[1])))
