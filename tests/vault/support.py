"""What the vault's tests share: streams of bytes, and worlds to try a vault in."""

import hashlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from app.vault import LocalVault, S3Options, Scratch, Vault, Way, keep
from app.vault.base import object_key
from tests.bounds import AMPLE_SECONDS

ROOT = Path(__file__).parents[2]
ABSENT = "0" * 64
UPLOAD = "upload-0001"


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def content_of(seed: int, size_bytes: int) -> bytes:
    """Bytes that no other seed gives."""
    return random.Random(seed).randbytes(size_bytes)  # noqa: S311 - content, not secrecy


async def blocks_of(content: bytes, size_bytes: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size_bytes):
        yield content[start : start + size_bytes]


async def put(vault: Vault, content: bytes) -> bool:
    return (await keep(vault, blocks_of(content))).is_new


async def get(vault: Vault, sha256: str) -> bytes:
    with await vault.fetch(sha256) as file:
        return file.read()


async def filled(scratch: Scratch, content: bytes) -> Scratch:
    async for block in blocks_of(content):
        await scratch.write(block)
    return scratch


async def put_part(vault: Vault, offset: int, content: bytes, upload_id: str = UPLOAD) -> None:
    with vault.scratch() as scratch:
        await vault.put_part(upload_id, offset, await filled(scratch, content))


async def joined(vault: Vault, upload_id: str = UPLOAD) -> bytes:
    with vault.scratch() as scratch:
        await vault.read_parts(upload_id, scratch)
        return scratch.rewind().read()


class World(Protocol):
    """A vault with a back door, through which a test does what a bad disk does."""

    vault: Vault

    async def overwrite(self, sha256: str, content: bytes) -> None: ...

    async def remove(self, sha256: str) -> None: ...

    async def plant(self, key: str, content: bytes) -> None: ...

    async def keys(self) -> set[str]:
        """Everything that lies there."""
        ...


@dataclass
class LocalWorld:
    """A vault in a folder."""

    root: Path
    way: Way

    def __post_init__(self) -> None:
        self.vault: Vault = LocalVault(self.root, ways=(self.way,))

    def path(self, sha256: str) -> Path:
        return self.root / object_key(sha256)

    async def overwrite(self, sha256: str, content: bytes) -> None:
        self.path(sha256).chmod(0o640)
        self.path(sha256).write_bytes(content)

    async def remove(self, sha256: str) -> None:
        self.path(sha256).unlink()

    async def plant(self, key: str, content: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    async def keys(self) -> set[str]:
        return {path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if not path.is_dir()}


def s3_options(endpoint: str, **others: Any) -> S3Options:
    usual: dict[str, Any] = {
        "endpoint": endpoint,
        "region": "us-east-1",
        "access_key_id": "any",
        "secret_access_key": "any",
        "allow_http": True,
        "connect_seconds": AMPLE_SECONDS,
        "retries_max": 1,
    }
    return S3Options(**(usual | others))
