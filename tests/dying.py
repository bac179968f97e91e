"""A process that serves one request and dies by SIGKILL at its n-th step: see ``main``.

Steps are: a transaction that is written and not committed, one that is committed, a block of a file that came in or
is about to be sent, a name that is about to be given to a file or taken from it, and whatever the vault has done.
"""

import asyncio
import importlib
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TypeVar

import httpx
import structlog

from app.main import create_app
from app.store.session import Database, WriteSession
from app.vault import Entry, Leftover, LocalVault, Scratch, Vault, open_vault
from tests.factories import NOW, ManualClock
from tests.papers_world import make
from tests.vault.support import s3_options
from tests.worlds import context_of, settings

T = TypeVar("T")
# Made before the fork, since it takes a while; whose it is comes later.
_APP = create_app(settings(), context_of(Database("sqlite:///unused.sqlite3")))


class Steps:
    """Counts steps, and lets the process die at the one that it was given."""

    def __init__(self, last: int) -> None:
        self._last, self.taken = last, 0

    def step(self) -> None:
        self.taken += 1
        if self.taken == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, with a step before it and one after it."""

        def stepped(*arguments: Any, **named: Any) -> Any:
            self.step()
            found = call(*arguments, **named)
            self.step()
            return found

        return stepped


class DyingDatabase(Database):
    """A database whose transactions are steps."""

    steps: Steps

    async def run(self, work: Callable[[WriteSession], Awaitable[T]]) -> T:
        async def stepped(session: WriteSession) -> T:
            found = await work(session)
            self.steps.step()
            return found

        found = await super().run(stepped)
        self.steps.step()
        return found


class DyingScratch(Scratch):
    """A scratch whose blocks are steps."""

    steps: Steps

    async def write(self, chunk: bytes) -> None:
        await super().write(chunk)
        self.steps.step()

    async def blocks(self, size_bytes: int) -> AsyncIterator[bytes]:
        async for block in super().blocks(size_bytes):
            self.steps.step()
            yield block


@dataclass
class DyingVault:
    """A vault whose deeds are steps."""

    vault: Vault
    steps: Steps

    def scratch(self) -> Scratch:
        made = DyingScratch(self.vault.scratch()._open_file)
        made.steps = self.steps
        return made

    async def put(self, scratch: Scratch) -> bool:
        is_new = await self.vault.put(scratch)
        self.steps.step()
        return is_new

    async def put_part(self, upload_id: str, offset: int, part: Scratch) -> None:
        await self.vault.put_part(upload_id, offset, part)
        self.steps.step()

    async def drop_parts(self, upload_id: str) -> None:
        await self.vault.drop_parts(upload_id)
        self.steps.step()

    async def read_parts(self, upload_id: str, into: Scratch) -> None:
        await self.vault.read_parts(upload_id, into)

    async def fetch(self, sha256: str) -> BinaryIO:
        return await self.vault.fetch(sha256)

    async def check(self, sha256: str) -> int:
        return await self.vault.check(sha256)

    async def holds(self, sha256: str) -> bool:
        return await self.vault.holds(sha256)

    def entries(self) -> AsyncIterator[Entry]:
        return self.vault.entries()

    async def leftovers(self) -> list[Leftover]:
        return await self.vault.leftovers()

    async def parts(self, upload_id: str) -> list[tuple[int, int]]:
        return await self.vault.parts(upload_id)

    async def aclose(self) -> None:
        await self.vault.aclose()


def vault_at(url: str, scratch: Path, endpoint: str) -> Vault:
    """The vault in a folder or a bucket."""
    return open_vault(url, scratch, s3_options(endpoint)) if endpoint else LocalVault(Path(url))


async def _serve(given: dict[str, Any], body: bytes) -> tuple[int, int]:
    steps = Steps(given["last"])
    scratch = Path(given["scratch"])
    vault = vault_at(given["vault"], scratch, given["endpoint"])
    database = DyingDatabase(given["database"], clock=ManualClock(datetime.fromisoformat(given["now"])))
    database.steps = steps
    _APP.state.context = make(database, scratch, vault=DyingVault(vault, steps)).context
    if given["last"]:
        for name in ("link", "unlink", "rmdir"):
            setattr(os, name, steps.around(getattr(os, name)))
    transport = httpx.ASGITransport(app=_APP, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test") as client:
        answer = await client.request(given["method"], given["path"], content=body, headers=given["headers"])
    await database.aclose()
    return answer.status_code, steps.taken


def warm() -> None:
    """Load all that a request needs, before the fork; threads and event loop are gone when this returns."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    importlib.import_module("psycopg")
    importlib.import_module("obstore.store")
    with TemporaryDirectory() as folder:
        given = {"last": 0, "scratch": folder, "vault": folder, "endpoint": "", "database": f"sqlite:///{folder}/any"}
        request = {"method": "GET", "path": "/v1/uploads/0", "headers": {}, "now": NOW.isoformat()}
        asyncio.run(_serve(given | request, b""))


def main() -> None:
    """Serve the request in the first argument, JSON, and say status and steps; die at step ``last`` before that."""
    given = json.loads(sys.argv[1])
    sys.stdout.write(json.dumps(asyncio.run(_serve(given, Path(given["body"]).read_bytes()))))
