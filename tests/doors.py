"""A real API process that can be killed and started again on the same address, and what it holds of memory."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx

from app.demo.processes import Process
from app.domain.access import Scope
from app.store.session import Database
from app.usecases import tokens
from tests.nursery import Nursery
from tests.worlds import context_of

_UP_SECONDS = 60.0
_LOOK_SECONDS = 0.02


class Launcher(Protocol):
    """Starts ``lienthong …`` in a process that leads its own group."""

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
        """Its process id."""

    def kill(self, pid: int) -> None:
        """SIGKILL for its group."""

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
        """Run to the end; the exit code, and what was written."""


@dataclass
class Forked:
    """From the nursery: quick to start."""

    nursery: Nursery

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
        return self.nursery.start("app.cli", arguments, environment, folder / f"{arguments[0]}.out")

    def kill(self, pid: int) -> None:
        self.nursery.kill(pid)

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
        return self.nursery.run("app.cli", arguments, environment, folder / f"{arguments[0]}.out")


@dataclass
class Typed:
    """As a person types it: ``python -m app …``."""

    _running: dict[int, Process] = field(default_factory=dict)

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
        process = Process.start(arguments[0], ["-m", "app", *arguments], environment, folder)
        self._running[process.handle.pid] = process
        return process.handle.pid

    def kill(self, pid: int) -> None:
        process = self._running.pop(pid)
        os.killpg(pid, signal.SIGKILL)
        process.handle.wait()

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
        process = Process.start(arguments[0], ["-m", "app", *arguments], environment, folder)
        return process.handle.wait(), process.said()


@dataclass
class Door:
    """A real API process on one address, whichever process it is; its group is killed, never asked to end."""

    launcher: Launcher
    folder: Path
    environment: Mapping[str, str]
    port: int
    pid: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Its address, the same for each process."""
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Start a process, and wait until it answers."""
        arguments = ["serve", "--port", str(self.port)]
        self.pid = self.launcher.start(arguments, self.environment, self.folder)
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(_UP_SECONDS):
            while not await _is_up(client, f"{self.url}/health/live"):  # noqa: ASYNC110 - it does not tell
                await asyncio.sleep(_LOOK_SECONDS)
        self.up.set()

    def kill(self) -> None:
        """SIGKILL, and gone."""
        self.up.clear()
        self.launcher.kill(self.pid)
        self.pid = 0

    def report(self) -> tuple[int, dict[str, Any]]:
        """The exit code and the words of ``lienthong documents report`` about everything up to now."""
        arguments = ["documents", "report", "--settled-seconds", "0"]
        exit_code, said = self.launcher.run(arguments, self.environment, self.folder)
        found: dict[str, Any] = json.loads(said)
        return exit_code, found


async def _is_up(client: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await client.get(address)).is_success
    except httpx.TransportError:
        return False


@asynccontextmanager
async def door(
    launcher: Launcher, folder: Path, database_url: str, more: Mapping[str, str]
) -> AsyncIterator[tuple[Door, str]]:
    """An open door, and a token; with ``more`` settings. Documents lie in a folder by default."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIENTHONG_")}
    port = _free_port()
    environment = kept | {
        "LIENTHONG_DATABASE_URL": database_url,
        "LIENTHONG_DOCUMENTS_URL": str(folder / "documents"),
        "LIENTHONG_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LIENTHONG_LOG_LEVEL": "WARNING",
        **more,
    }
    database = Database(database_url)
    token = await tokens.create(
        context_of(database), name="scanner", agency="H15", scopes=frozenset({Scope.INTAKE, Scope.READ}), by="test"
    )
    await database.aclose()
    made = Door(launcher, folder, environment, port)
    await made.open()
    try:
        yield made, token
    finally:
        if made.pid:
            made.kill()


def new_bucket(endpoint: str) -> str:
    """An empty bucket of a service that speaks S3."""
    name = f"bucket-{secrets.token_hex(8)}"
    httpx.put(f"{endpoint}/{name}", timeout=_UP_SECONDS, trust_env=False).raise_for_status()
    return name


def s3_settings(endpoint: str, scratch: Path) -> dict[str, str]:
    """Settings of documents in a new bucket of a service that speaks S3."""
    return {
        "LIENTHONG_DOCUMENTS_URL": f"s3://{new_bucket(endpoint)}/documents",
        "LIENTHONG_DOCUMENTS_SCRATCH_DIR": str(scratch),
        "LIENTHONG_S3_ENDPOINT": endpoint,
        "LIENTHONG_S3_ACCESS_KEY": "any",
        "LIENTHONG_S3_SECRET_KEY": "any",
        "LIENTHONG_S3_PLAIN_HTTP": "true",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def peak_bytes(pid: int) -> int:
    """The most memory that a process has held since ``forget_peak``."""
    return _status(pid, "VmHWM:")


def held_bytes(pid: int) -> int:
    """How much memory a process holds now."""
    return _status(pid, "VmRSS:")


def forget_peak(pid: int) -> None:
    """Let the peak be what is held now (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def children_of(pid: int) -> list[int]:
    """The process ids of its children."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    with contextlib.suppress(FileNotFoundError):
        return [int(child) for child in listed.read_text(encoding="ascii").split()]
    return []


def _status(pid: int, name: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition(name)[2].split()[0]) * 1024
