"""The processes of a run, each in a group of its own: started, killed, stopped, continued, and always ended."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from app.demo.processes import Process, StackError

_ROOT: Final = Path(__file__).parents[1]
_START_SECONDS: Final = 90.0
_POLL_SECONDS: Final = 0.05
_DEATHS_MAX: Final = 5

LEASE_SECONDS: Final = 8.0
#: Times in seconds, all short, so that minutes hold what otherwise takes a day.
SETTINGS: Final = {
    "LIENTHONG_WORKER_LEASE_SECONDS": f"{LEASE_SECONDS:g}",
    "LIENTHONG_CALL_SECONDS": "3",
    "LIENTHONG_READ_SECONDS": "2.5",
    "LIENTHONG_CONNECT_SECONDS": "1",
    "LIENTHONG_CALL_TRIES_SECONDS": "1",
    "LIENTHONG_PORTAL_SETTLE_SECONDS": "6",
    "LIENTHONG_PORTAL_SESSION_SECONDS": "30",
    "LIENTHONG_RETRY_WAITS_SECONDS": "[0.5, 1, 2, 4]",
    "LIENTHONG_RETRY_ATTEMPTS_MAX": "1000",
    "LIENTHONG_RETRY_SCHEDULES": json.dumps(
        {
            f"portal.{failure}": {"waits_seconds": [0.5, 1, 2, 4], "attempts_max": 1000, "age_max_seconds": 86400}
            for failure in ("temporary", "technical", "contract", "unknown")
        }
    ),
    "LIENTHONG_BREAKER_WINDOW_SECONDS": "10",
    "LIENTHONG_BREAKER_WAITS_SECONDS": "[0.5, 1, 2]",
}


@dataclass(slots=True)
class Member:
    """One process by name: how it is started, how one sees that it works, and who it is now."""

    name: str
    arguments: list[str]
    ready: Callable[[Process], bool]
    process: Process | None = None
    # Held while something is done to it, so that it is not killed while it is stopped.
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class House:
    """All processes. ``died`` tells of those that ended by themselves; nothing is started after ``end``."""

    folder: Path
    database_url: str
    members: dict[str, Member] = field(default_factory=dict)
    apis: dict[str, str] = field(default_factory=dict)
    mock_url: str = ""
    died: list[str] = field(default_factory=list)
    _environment: dict[str, str] = field(default_factory=dict)
    _ended: bool = False
    # Names of those that a blackout keeps down.
    _dark: set[str] = field(default_factory=set)
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def open(self, engine: str, workers: int, apis: int) -> None:
        """Start the mock, make the schema, and start everything else.

        Raises:
            StackError: a process did not come up.
        """
        port = _free_port()
        self.mock_url = f"http://127.0.0.1:{port}"
        place = ["--port", str(port), "--database", str(self.folder / "mock.sqlite3")]
        self._add("mock", ["-m", "mock_national", *place], _answers(f"{self.mock_url}/__admin/state"))
        self._environment = _plain_environment() | {
            **SETTINGS,
            "LIENTHONG_DATABASE_URL": self.database_url,
            "LIENTHONG_PORTAL_ADAPTER_URL": f"{self.mock_url}/XrdAdapter/RestService/forward",
        }
        self.run("migrate")
        if engine == "sqlite":
            self._add_api("up")
        else:
            for number in range(1, apis + 1):
                self._add_api("serve", number)
            for number in range(1, workers + 1):
                self._add(f"worker-{number}", ["-m", "app", "worker"], _says(b"worker_started"))
        for member in self.members.values():
            self.await_ready(member)

    def run(self, *arguments: str) -> str:
        """Run ``lienthong …`` to its end and give what it prints.

        Raises:
            StackError: it failed.
        """
        process = Process.start(f"cli-{arguments[0]}", ["-m", "app", *arguments], self._environment, self.folder)
        try:
            code = process.handle.wait(_START_SECONDS)
        finally:
            process.end()
        if code != 0:
            message = f"lienthong {' '.join(arguments)} ended with code {code}; see {process.log}"
            raise StackError(message)
        return process.said().strip()

    def victims(self) -> list[str]:
        """Names of those that may be killed: all but the mock, which has restarts of its own."""
        return [name for name in self.members if name != "mock"]

    def start(self, member: Member) -> None:
        """Start a process; nothing happens after ``end``, in the dark, or when it runs."""
        with self._changing:
            self._start(member)

    def _start(self, member: Member) -> None:
        runs = member.process is not None and member.process.alive()
        if not (self._ended or runs or member.name in self._dark):
            environment = _plain_environment() if member.name == "mock" else self._environment
            member.process = Process.start(member.name, member.arguments, environment, self.folder)

    def kill(self, member: Member) -> bool:
        """SIGKILL it with all it has started; False when it was gone already."""
        gone = not self.signal(member, signal.SIGKILL)
        if member.process is not None:
            member.process.handle.wait()
        return not gone

    def go_dark(self, members: Sequence[Member]) -> list[str]:
        """SIGKILL all of them, and only then wait for any; names of those that lived.

        None of them is started before ``light_up``, whatever else is under way.
        """
        with self._changing:
            self._dark = {member.name for member in members}
            killed = [member.name for member in members if self.signal(member, signal.SIGKILL)]
        for member in members:
            self.kill(member)
        return killed

    def light_up(self, members: Sequence[Member]) -> None:
        """Start all of them again."""
        with self._changing:
            self._dark = set()
            for member in members:
                self._start(member)

    def signal(self, member: Member, wanted: signal.Signals) -> bool:
        """Send a signal to its group; False when it was gone already."""
        process = member.process
        if process is None or not process.alive():
            return False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.handle.pid, wanted)
        return True

    def await_ready(self, member: Member) -> None:
        """Wait until a process works; one that dies meanwhile is started again, and told of.

        Raises:
            StackError: it does not come up.
        """
        deadline = time.monotonic() + _START_SECONDS
        deaths = len(self.died)
        while not self._ended and (member.process is None or not member.ready(member.process)):
            self.revive(member)
            if time.monotonic() > deadline or len(self.died) > deaths + _DEATHS_MAX:
                message = f"{member.name} does not come up; its log is in {self.folder}"
                raise StackError(message)
            time.sleep(_POLL_SECONDS)

    def revive(self, member: Member) -> None:
        """Start a process that ended by itself, as a service manager would, and note that it did."""
        with self._changing:
            if member.process is None or member.process.alive() or self._ended or member.name in self._dark:
                return
            self.died.append(f"{member.name} ended by itself with code {member.process.handle.returncode}")
        time.sleep(1)
        self.start(member)

    def end(self) -> None:
        """End all processes at once; harmless when called again."""
        with self._changing:
            self._ended = True
        for member in self.members.values():
            # A stopped process hears nothing but this.
            self.kill(member)

    def tails(self, lines: int) -> str:
        """The last lines of every log."""
        parts: list[str] = []
        for log in sorted(self.folder.glob("*.log")):
            parts += [f"--- {log}", *log.read_text("utf-8", "replace").splitlines()[-lines:]]
        return "\n".join(parts)

    def _add_api(self, command: str, number: int | None = None) -> None:
        name, port = ("api" if number is None else f"api-{number}"), _free_port()
        self.apis[name] = f"http://127.0.0.1:{port}"
        ready = _answers(f"{self.apis[name]}/health/ready")
        self._add(name, ["-m", "app", command, "--port", str(port)], ready)

    def _add(self, name: str, arguments: list[str], ready: Callable[[Process], bool]) -> None:
        member = self.members[name] = Member(name, arguments, ready)
        self.start(member)


def _plain_environment() -> dict[str, str]:
    """The caller's environment without its gateway settings: chaos must never reach a real portal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIENTHONG_")}
    path = os.pathsep.join(part for part in (str(_ROOT), kept.get("PYTHONPATH")) if part)
    return kept | {"PYTHONPATH": path, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> Callable[[Process], bool]:
    def ready(process: Process) -> bool:
        try:
            return process.alive() and httpx.get(url, trust_env=False, timeout=5).is_success
        except httpx.TransportError:
            return False

    return ready


def _says(word: bytes) -> Callable[[Process], bool]:
    return lambda process: process.alive() and word in process.logged()
