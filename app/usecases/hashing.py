"""Passwords to hashes, off the event loop and a few at a time: argon2id through ``pwdlib``."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher


@dataclass(frozen=True, slots=True)
class HashCost:
    """What one hash costs: memory, and passes over it. The defaults are those of RFC 9106, 4 (second choice)."""

    memory_kib: int = 64 * 1024
    passes: int = 3
    at_once: int = 2


@dataclass
class Passwords:
    """Makes and compares hashes. No more than ``at_once`` are under way in a process: each takes a core and memory."""

    cost: HashCost = field(default_factory=HashCost)

    @cached_property
    def _hasher(self) -> PasswordHash:
        return PasswordHash([Argon2Hasher(time_cost=self.cost.passes, memory_cost=self.cost.memory_kib, parallelism=1)])

    @cached_property
    def _room(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self.cost.at_once)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("nobody's")

    async def hash(self, password: str) -> str:
        """The hash that is kept of a password."""
        async with self._room:
            return await asyncio.to_thread(self._hasher.hash, _bytes(password))

    async def verify(self, password: str, kept: str | None) -> bool:
        """Whether a password is that of a hash. Without one it takes as long, and is False."""
        return (await self.verify_and_renew(password, kept))[0]

    async def verify_and_renew(self, password: str, kept: str | None) -> tuple[bool, str | None]:
        """The same, and a new hash to keep where the old one was made at another cost."""
        async with self._room:
            right, fresh = await asyncio.to_thread(self._compare, password, kept)
        return (right, fresh) if kept is not None else (False, None)

    async def any_of(self, password: str, kept: Sequence[str]) -> bool:
        """Whether a password is that of any of these hashes."""
        return any([await self.verify(password, one) for one in kept])

    def _compare(self, password: str, kept: str | None) -> tuple[bool, str | None]:
        # Made before anything is compared, so that the first unknown name takes no longer than the next.
        nobodys = self._nobodys
        return self._hasher.verify_and_update(_bytes(password), kept or nobodys)


def _bytes(password: str) -> bytes:
    # What no keyboard writes (half a surrogate) must be wrong, not a fault.
    return password.encode("utf-8", "replace")
