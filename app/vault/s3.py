"""A vault in an S3-compatible service, through obstore: the same keys as in a folder, below a prefix.

A small object is sent with If-None-Match, so that of two who put it one is told that it is held. A service that does
not know that header, and a large object (sent in blocks), is looked for first: of two at once both may then be told
that it is new, and the bytes are the same. What a killed upload in blocks leaves is invisible here; a lifecycle rule
of the bucket (AbortIncompleteMultipartUpload) clears it.
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError
from obstore.store import S3Store

from app.vault.base import (
    BLOCK_BYTES,
    DAMAGED,
    OBJECTS,
    Entry,
    Leftover,
    joined_bytes,
    leftover,
    object_key,
    offset_at,
    part_key,
    sha256_at,
    upload_key,
)
from app.vault.errors import ObjectDamaged, ObjectMissing, VaultUnavailable
from app.vault.opening import S3Options
from app.vault.scratch import Scratch, open_nameless

# The smallest part that S3 takes, and so the largest object that is sent in one piece.
_PART_BYTES = 5 * 2**20
_PARTS_AT_ONCE = 2
_REASON_CHARACTERS = 800


class S3Vault:
    """Implements ``Vault`` in ``bucket`` below ``prefix``; files pass through ``scratch_dir`` on this machine."""

    def __init__(self, bucket: str, prefix: str, scratch_dir: Path, options: S3Options) -> None:
        """No call is made yet."""
        self._scratch_dir = scratch_dir
        self._store = _store(bucket, prefix, options)
        self._uploads = asyncio.Semaphore(options.uploads_at_once)

    def scratch(self) -> Scratch:
        """See ``Vault``: in the scratch folder on this machine."""
        return Scratch(lambda: open_nameless(self._scratch_dir))

    async def put(self, scratch: Scratch) -> bool:
        """See ``Vault``."""
        sha256 = await asyncio.to_thread(scratch.seal)
        key = object_key(sha256)
        async with self._uploads:
            with _service("put of an object"):
                if not await self._is_there(key) and await self._create(key, scratch):
                    return True
                if (await self._hashed(key))[0] == sha256:
                    return False
                await obstore.copy_async(self._store, key, f"{DAMAGED}/{sha256}.{secrets.token_hex(8)}")
                await self._send(key, scratch)
        return True

    async def _create(self, key: str, scratch: Scratch) -> bool:
        """Send what is not there yet; False when somebody else was quicker."""
        if scratch.size_bytes > _PART_BYTES:
            await self._send(key, scratch)
            return True
        try:
            await obstore.put_async(self._store, key, await _whole(scratch), mode="create")
        except AlreadyExistsError:
            return False
        except (BaseError, NotImplementedError) as error:
            if not _knows_no_condition(error):
                raise
            await self._send(key, scratch)
        return True

    async def _send(self, key: str, scratch: Scratch) -> None:
        if scratch.size_bytes <= _PART_BYTES:
            await obstore.put_async(self._store, key, await _whole(scratch), use_multipart=False)
            return
        await obstore.put_async(
            self._store, key, scratch.blocks(BLOCK_BYTES), chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
        )

    async def fetch(self, sha256: str) -> BinaryIO:
        """See ``Vault``: it is brought here whole before any of it is given."""
        key = object_key(sha256)
        with self.scratch() as scratch:
            with _service("read of an object"):
                try:
                    async for block in self._blocks(key):
                        await scratch.write(block)
                except FileNotFoundError as error:
                    await self._see_bucket(key)
                    raise ObjectMissing(sha256) from error
            if scratch.sha256 != sha256:
                raise ObjectDamaged(sha256, scratch.sha256)
            return scratch.release()

    async def check(self, sha256: str) -> int:
        """See ``Vault``."""
        key = object_key(sha256)
        with _service("read of an object"):
            try:
                found, size_bytes = await self._hashed(key)
            except FileNotFoundError as error:
                await self._see_bucket(key)
                raise ObjectMissing(sha256) from error
        if found != sha256:
            raise ObjectDamaged(sha256, found)
        return size_bytes

    async def holds(self, sha256: str) -> bool:
        """See ``Vault``."""
        key = object_key(sha256)
        with _service("look for an object"):
            found = await self._is_there(key)
        if not found:
            await self._see_bucket(key)
        return found

    async def entries(self) -> AsyncIterator[Entry]:
        """See ``Vault``: a page of the service's list at a time is in memory."""
        async for key, size_bytes, modified_at in self._list(OBJECTS):
            if sha256 := sha256_at(key):
                yield Entry(sha256, size_bytes, modified_at)

    async def leftovers(self) -> list[Leftover]:
        """See ``Vault``. Uploads in blocks that were cut off are not listed by the service."""
        return [leftover(*found) async for found in self._list(None) if sha256_at(found[0]) is None]

    async def put_part(self, upload_id: str, offset: int, part: Scratch) -> None:
        """See ``Vault``."""
        key = part_key(upload_id, offset)
        await asyncio.to_thread(part.seal)
        async with self._uploads:
            with _service("put of a part"):
                await self._send(key, part)

    async def parts(self, upload_id: str) -> list[tuple[int, int]]:
        """See ``Vault``."""
        found = [(offset_at(key), size_bytes) async for key, size_bytes, _ in self._list(upload_key(upload_id))]
        return sorted((offset, size_bytes) for offset, size_bytes in found if offset is not None)

    async def read_parts(self, upload_id: str, into: Scratch) -> None:
        """See ``Vault``."""
        parts = await self.parts(upload_id)
        joined_bytes(parts)
        with _service("read of a part"):
            for offset, _ in parts:
                async for block in self._blocks(part_key(upload_id, offset)):
                    await into.write(block)

    async def drop_parts(self, upload_id: str) -> None:
        """See ``Vault``."""
        with _service("drop of parts"):
            for offset, _ in await self.parts(upload_id):
                # One by one: not every service knows how to delete many at once.
                await obstore.delete_async(self._store, part_key(upload_id, offset))

    async def aclose(self) -> None:
        """See ``Vault``: obstore closes its connections with the last use of the store."""

    async def _is_there(self, key: str) -> bool:
        try:
            await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return False
        return True

    async def _see_bucket(self, key: str) -> None:
        """Tell an object that is missing from a bucket that is: without it every object would seem lost.

        Raises:
            VaultUnavailable: there is no such bucket.
        """
        async for _ in self._list(key.rpartition("/")[0]):
            break

    async def _hashed(self, key: str) -> tuple[str, int]:
        """Hash and size in bytes of what lies there; its bytes are read and forgotten."""
        found, size_bytes = hashlib.sha256(), 0
        async for block in self._blocks(key):
            await asyncio.to_thread(found.update, block)
            size_bytes += len(block)
        return found.hexdigest(), size_bytes

    async def _blocks(self, key: str) -> AsyncIterator[bytes]:
        result = await obstore.get_async(self._store, key)
        async for block in result.stream(min_chunk_size=BLOCK_BYTES):
            yield block

    async def _list(self, prefix: str | None) -> AsyncIterator[tuple[str, int, datetime]]:
        """Key, size in bytes and time of all below a prefix.

        Raises:
            VaultUnavailable: also when the bucket is not there.
        """
        with _service("list of files"):
            async for page in obstore.list(self._store, prefix, chunk_size=1000):
                for found in page:
                    yield found["path"], found["size"], found["last_modified"].astimezone(UTC)


def _store(bucket: str, prefix: str, options: S3Options) -> S3Store:
    given = {
        "endpoint": options.endpoint,
        "region": options.region,
        "access_key_id": options.access_key_id,
        "secret_access_key": options.secret_access_key,
        "session_token": options.session_token,
    }
    return S3Store(
        bucket,
        prefix=prefix or None,
        config={name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
        virtual_hosted_style_request=options.virtual_hosted_style,
        client_options={
            "allow_http": options.allow_http,
            "connect_timeout": timedelta(seconds=options.connect_seconds),
            "timeout": timedelta(seconds=options.call_seconds),
        },
        retry_config={
            "max_retries": options.retries_max,
            "retry_timeout": timedelta(seconds=options.retry_seconds),
        },
    )


async def _whole(scratch: Scratch) -> bytes:
    return b"".join([block async for block in scratch.blocks(_PART_BYTES)])


def _knows_no_condition(error: Exception) -> bool:
    """Whether a service refused If-None-Match itself: 501 Not Implemented is what S3 answers to such a header."""
    return isinstance(error, NotSupportedError | NotImplementedError) or "501 Not Implemented" in str(error)


@contextmanager
def _service(doing: str) -> Iterator[None]:
    """Turn what the service says no with into VaultUnavailable.

    Raises:
        VaultUnavailable: ``doing`` and the service's own words.
    """
    try:
        yield
    except (BaseError, OSError, NotImplementedError) as error:
        said = " ".join(str(error).partition("\n\nDebug source")[0].split())
        message = f"{doing}: {said[:_REASON_CHARACTERS]}"
        raise VaultUnavailable(message) from error
