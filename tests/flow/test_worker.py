"""The worker loop and the processes: they deliver, survive trouble, stop gracefully."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from app import worker
from app.config import Settings
from app.errors import StoreBusy
from app.store.session import Database
from app.usecases import disk_guard, log_guard
from app.usecases.context import Context
from connectors.testing import InMemoryConnector
from tests.bounds import AMPLE_SECONDS
from tests.nursery import nursery
from tests.worlds import code, context_of, dossier, dossier_body, hand_over, settings, step


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + AMPLE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)


async def come_true(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(AMPLE_SECONDS):
        while not true():  # noqa: ASYNC110 - what is awaited happens in a fake that gives no signal
            await asyncio.sleep(0.01)


def quick() -> Settings:
    return settings(worker_poll_seconds=0.01)


async def test_the_worker_delivers_what_comes_and_stops_when_told(database: Database) -> None:
    nation = InMemoryConnector()
    context = context_of(database, nation)
    stopping = asyncio.Event()
    running = asyncio.create_task(worker.run(context, quick(), stopping))
    await hand_over(context, dossier())
    await come_true(lambda: len(nation.ledger) == 1)
    await hand_over(context, step())
    await come_true(lambda: len(nation.ledger) == 2)
    stopping.set()
    await running


async def test_the_worker_outlives_trouble_with_the_store(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_STORE_TROUBLE_SECONDS", 0.01)
    nation = InMemoryConnector()
    context = context_of(database, nation)
    # A server that is not there; a SQLite file that cannot be opened leaves a thread of its driver behind the test.
    away = context_of(Database("postgresql://nobody@127.0.0.1:9/none", busy_seconds=0.1), nation)
    stopping = asyncio.Event()
    troubled = asyncio.create_task(worker.run(away, quick(), stopping))
    await hand_over(context, dossier())
    running = asyncio.create_task(worker.run(context, quick(), stopping))
    await come_true(lambda: len(nation.ledger) == 1)
    assert not troubled.done()
    stopping.set()
    await asyncio.gather(troubled, running)
    await away.database.aclose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_watch_that_cannot_look_keeps_no_alarm_of_another_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def troubled(_context: Context) -> None:
        raise StoreBusy

    looked = asyncio.Event()

    async def looking(_context: Context) -> None:
        looked.set()

    monkeypatch.setattr(log_guard, "watch", troubled)
    monkeypatch.setattr(disk_guard, "watch", looking)
    stopping = asyncio.Event()
    running = asyncio.create_task(worker.run(context_of(database), quick(), stopping))
    async with asyncio.timeout(AMPLE_SECONDS):
        await looked.wait()
    stopping.set()
    await running


def lienthong(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """As it is typed."""
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def lienthong_once_loaded(
    environment: dict[str, str], folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """The same in a process that need not be loaded anew."""
    out, errors = folder / "out", folder / "errors"
    process = nursery().start("app.cli", arguments, environment, out, errors)
    return subprocess.CompletedProcess(arguments, nursery().wait(process), out.read_text(), errors.read_text())


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {
        "LIENTHONG_DATABASE_URL": f"sqlite:///{tmp_path / 'var' / 'office.sqlite3'}",
        "LIENTHONG_PORTAL_ADAPTER_URL": "http://127.0.0.1:9",
        "LIENTHONG_WORKER_POLL_SECONDS": "0.05",
    }


def test_tokens_are_made_listed_and_ended_by_the_command_line(environment: dict[str, str], tmp_path: Path) -> None:
    assert "schema: " in lienthong(environment, "migrate").stdout
    run = partial(lienthong_once_loaded, environment, tmp_path)
    made = run("token", "create", "mot-cua", "--scope", "intake", "--scope", "read")
    assert made.returncode == 0
    token = made.stdout.strip()
    assert token.startswith("lt_")
    again = run("token", "create", "mot-cua", "--scope", "read")
    assert again.returncode == 2
    assert "exists already" in again.stderr
    listed = run("token", "list").stdout
    assert "mot-cua\tH15\tintake read\tliving" in listed
    assert token not in listed
    assert run("token", "revoke", "mot-cua").stdout.strip() == "ended"
    assert "ended" in run("token", "list").stdout


def test_a_wrong_setting_is_told_on_one_line(environment: dict[str, str]) -> None:
    told = lienthong(environment | {"LIENTHONG_WORKER_ROUNDS": "0"}, "migrate")
    assert told.returncode == 2
    assert "worker_rounds" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.fixture
def office(environment: dict[str, str], tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """``lienthong up`` on a free port, against the mock in its own process."""
    command = [sys.executable, "-m", "mock_national", "--port", "0", "--database", str(tmp_path / "mock.sqlite3")]
    command += ["--people-count", "200"]
    mock = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603
    assert mock.stdout is not None
    adapter = json.loads(mock.stdout.readline())["listening"] + "/XrdAdapter/RestService/forward"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment["LIENTHONG_PORTAL_ADAPTER_URL"] = adapter
    up = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "app", "up", "--port", str(port)], env=environment, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"

    def alive() -> bool:
        try:
            return httpx.get(f"{address}/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_until(alive)
        yield address, up
    finally:
        for process in (up, mock):
            process.terminate()
            process.wait(timeout=AMPLE_SECONDS)
        mock.stdout.close()


def test_one_process_serves_an_office(office: tuple[str, subprocess.Popen[bytes]], environment: dict[str, str]) -> None:
    address, up = office
    token = lienthong(environment, "token", "create", "t", "--scope", "intake", "--scope", "read").stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, timeout=AMPLE_SECONDS) as client:
        assert client.put(f"/v1/dossiers/{code()}", json=dossier_body()).status_code == 202

        def delivered() -> bool:
            items = client.get("/v1/deliveries").json()["items"]
            return bool(items) and all(item["state"] == "delivered" for item in items)

        wait_until(delivered)
        # Each look at the portal is short, and is remembered for a while.
        wait_until(lambda: client.get("/health/ready").json()["dependencies"]["portal"]["ok"])
    up.send_signal(signal.SIGTERM)
    assert up.wait(timeout=AMPLE_SECONDS) == 0
