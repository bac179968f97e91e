"""The mock national systems, the API and the worker as real processes, started, watched and ended.

Every process leads a process group of its own and writes into a log file; ``Stack.stop`` ends whole groups, so
that nothing is left behind. A worker that dies is started again, so that a person may kill it.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess  # nosec B404 - starts our own modules only, never a shell
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from app.sealing import MasterKey
from app.tlog import create_key_file

Say = Callable[[str], None]

_ROOT: Final = Path(__file__).parents[2]
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.05
_PORT_TRIES: Final = 5
_LOG_NAME: Final = "lienthong.example/demo"
_WORKING: Final = b"worker_started"
# A worker that cannot even start is not to be started for ever.
_SHORT_LIFE_SECONDS: Final = 2.0
_SHORT_LIVES_MAX: Final = 5

# The mock's own rules say so (mock_national/rules): invented accounts that open nothing else.
_MOCK_PARTNER: Final = {
    "LIENTHONG_POPULATION_ACCESS_KEY": "mock-access-key",
    "LIENTHONG_POPULATION_SECRET_KEY": "mock-secret-key",
    "LIENTHONG_POPULATION_APP_NAME": "mock-one-stop",
    "LIENTHONG_POPULATION_PARTNER_CODE": "H15",
    "LIENTHONG_POPULATION_PARTNER_CODE_CUS": "000.00.00.H15",
}
_MOCK_OFFICERS: Final = {f"canbo{n:02d}": f"canbo{n:02d}:mock-canbo{n:02d}" for n in range(1, 31)}
# Ten questions in a second are a demonstration, not an attack; the mock's own limit is five.
_MOCK_OPTIONS: Final = ("--unit-calls-per-second", "100")


class StackError(Exception):
    """A process did not come up or did not do its work; the message names its log."""


@dataclass(slots=True)
class Process:
    """A running process and its log file."""

    name: str
    handle: subprocess.Popen[bytes]
    log: Path
    log_begins: int = 0

    @classmethod
    def start(cls, name: str, arguments: list[str], environment: Mapping[str, str], folder: Path) -> "Process":
        """Start ``python …`` in a group of its own; stdout goes to ``<name>.out``, the log to ``<name>.log``."""
        log = folder / f"{name}.log"
        log_begins = log.stat().st_size if log.exists() else 0
        with (folder / f"{name}.out").open("wb") as out, log.open("ab") as err:
            handle = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, *arguments], env=dict(environment), stdout=out, stderr=err, start_new_session=True
            )
        return cls(name, handle, log, log_begins)

    def said(self) -> str:
        """What it has written to stdout so far."""
        return self.log.with_suffix(".out").read_text("utf-8", "replace")

    def logged(self) -> bytes:
        """What it has written to its log so far; the log also holds what others before it wrote."""
        with self.log.open("rb") as log:
            log.seek(self.log_begins)
            return log.read()

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.handle.poll() is None

    def end(self) -> None:
        """Ask its group to end, wait, and kill what does not; harmless when it has ended already."""
        _signal_group(self.handle.pid, signal.SIGTERM)
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.handle.wait(_STOP_SECONDS)
        finally:
            _signal_group(self.handle.pid, signal.SIGKILL)
            self.handle.wait()


def _signal_group(leader: int, wanted: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, wanted)


@dataclass(slots=True)
class Stack:
    """The whole house. Use it as a context manager.

    Args:
        folder: for the database files and the logs.
        database_url: where the gateway keeps its records; None is a SQLite file in ``folder``.
        say: where to tell people what happens.
        overrides: settings (``LIENTHONG_…``) on top of the demo's own.
    """

    folder: Path
    database_url: str | None = None
    say: Say = print
    overrides: Mapping[str, str] = field(default_factory=dict)
    api_url: str = ""
    mock_url: str = ""
    restarts: int = 0
    _environment: dict[str, str] = field(default_factory=dict)
    _processes: list[Process] = field(default_factory=list)
    _worker: Process | None = None
    _watcher: threading.Thread | None = None
    _stopping: bool = False
    _changing: threading.Lock = field(default_factory=threading.Lock)
    _gave_up: str = ""

    def __enter__(self) -> Self:
        """Start mock and API; the worker is started by ``start_worker``.

        Raises:
            StackError: a process did not come up.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self.mock_url = self._start_mock()
            self._environment = self._settings()
            self.app("migrate")
            self.api_url = self._start_api()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything."""
        self.stop()

    def app(self, *arguments: str) -> str:
        """Run ``lienthong …`` to its end and give what it prints.

        Raises:
            StackError: it failed; the message carries its last words.
        """
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "app", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            message = f"lienthong {' '.join(arguments)}: {(done.stderr or done.stdout).strip()[-2000:]}"
            raise StackError(message)
        return done.stdout.strip()

    def token(self, name: str) -> str:
        """Make a token with every scope."""
        scopes = [part for scope in ("intake", "read", "operate", "admin") for part in ("--scope", scope)]
        return self.app("token", "create", name, *scopes)

    def person(self, name: str) -> str:
        """Make an account of an operator; its one-time password."""
        return self.app("account", "create", name, "--role", "operator").partition("\t")[0]

    def start_worker(self) -> None:
        """Start the worker, wait until it works, and start it again whenever it dies before ``stop``.

        Raises:
            StackError: it did not come up.
        """
        worker = self._worker = self._spawn_worker()
        _await(worker, lambda: _WORKING in worker.logged())
        self._watcher = threading.Thread(target=self._watch, name="worker-watcher", daemon=True)
        self._watcher.start()

    @property
    def worker_pid(self) -> int:
        """The process id of the worker that runs now."""
        if self._worker is None:
            message = "no worker was started"
            raise StackError(message)
        return self._worker.handle.pid

    def check(self) -> None:
        """Raise StackError when a process that should run does not."""
        if self._gave_up:
            raise StackError(self._gave_up)
        for process in self._processes:
            if not process.alive():
                message = f"{process.name} ended by itself; see {process.log}"
                raise StackError(message)

    def wait(self, seconds: float) -> None:
        """Pause for a look at the outer world; ends at once when the API ends."""
        api = next((process for process in self._processes if process.name == "api"), None)
        if api is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                api.handle.wait(seconds)

    def stop(self) -> None:
        """End all processes, the worker first; harmless when called again."""
        with self._changing:
            self._stopping = True
        if self._worker is not None:
            self._worker.end()
        if self._watcher is not None:
            self._watcher.join()
        while self._processes:
            self._processes.pop().end()

    def _settings(self) -> dict[str, str]:
        database = self.database_url or f"sqlite:///{self.folder / 'lienthong.sqlite3'}"
        return {
            **_plain_environment(),
            **_MOCK_PARTNER,
            "LIENTHONG_DATABASE_URL": database,
            "LIENTHONG_PORTAL_ADAPTER_URL": f"{self.mock_url}/XrdAdapter/RestService/forward",
            "LIENTHONG_MASTER_KEY": self._master_key(),
            "LIENTHONG_LOG_KEY": self._log_key(),
            "LIENTHONG_LOG_CHECKPOINT_SECONDS": "5",
            "LIENTHONG_CALL_SECONDS": "5",
            "LIENTHONG_CALL_TRIES_SECONDS": "2",
            # Short, so that a killed worker's lanes are taken over while one looks on.
            "LIENTHONG_WORKER_LEASE_SECONDS": "15",
            "LIENTHONG_POPULATION_WAY": "lgsp",
            "LIENTHONG_POPULATION_BASE_URL": self.mock_url,
            "LIENTHONG_POPULATION_OFFICERS": json.dumps(_MOCK_OFFICERS),
            "LIENTHONG_POPULATION_PROCEDURES": '["*"]',
            "LIENTHONG_POPULATION_UNIT_CALLS_PER_SECOND": "100",
            "LIENTHONG_DOCUMENTS_URL": str((self.folder / "documents").absolute()),
            "LIENTHONG_PAPERS_ADAPTER_URL": f"{self.mock_url}/XrdAdapter/RestService/forward",
            "LIENTHONG_PAPERS_PASSWORD": "mock-only-papers",
            **self.overrides,
        }

    def _master_key(self) -> str:
        """A key of the demo's own, kept beside the database: without it nobody could open the values of before."""
        file = self.folder / "master.key"
        if not file.exists():
            MasterKey.generate().save(file)
        return str(file.absolute())

    def _log_key(self) -> str:
        """The key that signs the log, made when there is none."""
        file = self.folder / "log.key"
        if not file.exists():
            create_key_file(file, _LOG_NAME)
        return str(file.absolute())

    def _start_mock(self) -> str:
        database = str(self.folder / "mock_national.sqlite3")
        arguments = ["-m", "mock_national", "--host", "127.0.0.1", "--port", "0", "--database", database]
        process = self._spawn("mock", [*arguments, *_MOCK_OPTIONS], _plain_environment())
        _await(process, lambda: process.said().endswith("\n"))
        return str(json.loads(process.said())["listening"])

    def _start_api(self) -> str:
        for _ in range(_PORT_TRIES):
            port = _free_port()
            url = f"http://127.0.0.1:{port}"
            # What the portal is to fetch documents from; the worker looks there too.
            self._environment = {**self._environment, "LIENTHONG_PUBLIC_URL": url, **self.overrides}
            process = self._spawn("api", ["-m", "app", "serve", "--port", str(port)], self._environment)
            try:
                _await(process, partial(_ready, url))
            except StackError:
                # Somebody else may have taken the port between our look and our start; another one is as good.
                if process.alive() or not _taken(port):
                    raise
            if process.alive():
                return url
            self._processes.remove(process)
        message = f"no free port was found in {_PORT_TRIES} tries"
        raise StackError(message)

    def _spawn(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> Process:
        process = Process.start(name, arguments, environment, self.folder)
        self._processes.append(process)
        return process

    def _spawn_worker(self) -> Process:
        return Process.start("worker", ["-m", "app", "worker"], self._environment, self.folder)

    def _watch(self) -> None:
        short_lives = 0
        while self._worker is not None:
            began = time.monotonic()
            code = self._worker.handle.wait()
            short_lives = short_lives + 1 if time.monotonic() - began < _SHORT_LIFE_SECONDS else 0
            # Under the lock, so that no worker is started behind the back of ``stop``.
            with self._changing:
                if self._stopping:
                    return
                if short_lives > _SHORT_LIVES_MAX:
                    self._gave_up = f"the worker does not stay up; see {self._worker.log}"
                    return
                self.restarts += 1
                self.say(f"worker: {_manner(code)}; starting it again")
                self._worker = self._spawn_worker()


def _plain_environment() -> dict[str, str]:
    """The caller's environment without its gateway settings: a demo must never reach a real portal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIENTHONG_")}
    path = os.pathsep.join(part for part in (str(_ROOT), kept.get("PYTHONPATH")) if part)
    return kept | {"PYTHONPATH": path, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False


def _await(process: Process, condition: Callable[[], bool]) -> None:
    """Look until the condition holds.

    Raises:
        StackError: the process ended, or the time is over.
    """
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        try:
            code = process.handle.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
            message = f"{process.name} did not come up in {_START_SECONDS:.0f} s; see {process.log}"
        else:
            message = f"{process.name}: {_manner(code)} before it came up; see {process.log}"
        raise StackError(message)


def _manner(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
