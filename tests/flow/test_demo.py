"""The demo's building blocks, with real processes: a worker that is killed in the middle of the drain."""

import io
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from app.demo import drive
from app.demo.client import Gateway, import_file, load
from app.demo.processes import Stack, StackError
from tests.bounds import AMPLE_SECONDS

SAMPLES = Path(__file__).parents[2] / "samples"
DOSSIERS = 40
STEP_SERVICE = "CapNhatTienDoHoSoMC"
# Longer than a look and a kill take, shorter than what is left of a lease: the portal applies what was under way
# when the worker died, and the next worker must find that out.
DELAY_MS = 700
QUICK = {
    "LIENTHONG_CALL_SECONDS": "2",
    "LIENTHONG_CALL_TRIES_SECONDS": "0.5",
    "LIENTHONG_WORKER_LEASE_SECONDS": "4",
    "LIENTHONG_PORTAL_STEPS_PER_CALL": "5",
    # Longer than the mock's delay by far; the default would only make the test wait.
    "LIENTHONG_PORTAL_SETTLE_SECONDS": "5",
}


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO())


@pytest.fixture
def some_dossiers(tmp_path: Path) -> Path:
    """The first dossiers of the sample quarter, with all their records."""
    codes: set[str] = set()
    file = tmp_path / "some.ndjson"
    with (SAMPLES / "quarter.ndjson").open(encoding="utf-8") as quarter, file.open("w", encoding="utf-8") as some:
        for line in quarter:
            record = json.loads(line)
            code = record.get("code") or record["dossier"]
            if code in codes or len(codes) < DOSSIERS:
                codes.add(code)
                some.write(line)
    return file


@pytest.fixture
def stack(tmp_path: Path, database_url: str) -> Iterator[Stack]:
    with Stack(tmp_path / "house", database_url, say=lambda _: None, overrides=QUICK) as stack:
        yield stack


def ask_mock(stack: Stack, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = (
        httpx.get(f"{stack.mock_url}/__admin/{path}", timeout=AMPLE_SECONDS).raise_for_status().json()
    )
    return answer


def steps_applied(stack: Stack) -> int:
    steps: int = ask_mock(stack, "state")["counts"]["steps"]
    return steps


def step_calls_under_way(stack: Stack) -> int:
    """Calls that the mock has begun and not yet applied."""
    faults, calls = ask_mock(stack, "faults")["faults"], ask_mock(stack, "calls?limit=2000")["calls"]
    began = sum(int(fault["fired"]) for fault in faults)
    return began - sum(1 for call in calls if call["fault"] == "delay")


def kill_in_the_middle(stack: Stack, steps: int) -> None:
    """SIGKILL the worker when some but not all steps are applied, and a call is under way."""
    slow = {"system": "portal", "service": STEP_SERVICE, "kind": "delay", "delay_ms": DELAY_MS, "times": 1000}
    httpx.post(f"{stack.mock_url}/__admin/faults", json=slow, timeout=AMPLE_SECONDS).raise_for_status()
    stack.start_worker()
    deadline = time.monotonic() + AMPLE_SECONDS
    while not (steps_applied(stack) and step_calls_under_way(stack)):
        assert time.monotonic() < deadline
        stack.wait(0.02)
    os.kill(stack.worker_pid, signal.SIGKILL)
    assert 0 < steps_applied(stack) < steps
    while step_calls_under_way(stack):
        assert time.monotonic() < deadline
        stack.wait(0.02)
    httpx.delete(f"{stack.mock_url}/__admin/faults", timeout=AMPLE_SECONDS).raise_for_status()


def test_a_worker_killed_in_the_middle_of_the_drain_loses_and_doubles_nothing(
    stack: Stack, some_dossiers: Path, console: Console
) -> None:
    with Gateway(stack.api_url, stack.token("test")) as gateway:
        accepted, refused = drive.read_answers(load(gateway, some_dossiers, console, "load", singles=5))
        assert refused == []
        kill_in_the_middle(stack, sum(record["type"] == "step" for record in accepted))
        drive.settle(gateway, stack, console, "drain")
        audit = drive.audit(gateway, stack.mock_url, accepted)
    assert (audit.found.lost, audit.found.doubled, audit.found.out_of_order) == ([], [], [])
    assert audit.exact, audit
    assert (audit.refused, audit.held) == ([], [])
    assert stack.restarts == 1


def test_a_file_is_handed_over_what_is_refused_is_told_and_nothing_is_left_behind(
    tmp_path: Path, some_dossiers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Stack(tmp_path / "house", say=lambda _: None) as stack:
        stack.start_worker()
        token, worker, addresses = stack.token("test"), stack.worker_pid, (stack.api_url, stack.mock_url)
        assert import_file(some_dossiers, stack.api_url, token) == 0
        with some_dossiers.open("a", encoding="utf-8") as file:
            file.write('\n{"type": "step"\n')
        assert import_file(some_dossiers, stack.api_url, token) == 1
        assert "unreadable-line" in capsys.readouterr().out
        assert import_file(some_dossiers, stack.api_url, "lt_wrong") == 2
    with pytest.raises(ProcessLookupError):
        os.killpg(worker, 0)
    for address in addresses:
        with pytest.raises(httpx.ConnectError):
            httpx.get(address)


def test_a_setting_that_cannot_work_is_named(tmp_path: Path) -> None:
    wrong = {"LIENTHONG_WORKER_LEASE_SECONDS": "1"}
    with (
        pytest.raises(StackError, match="LIENTHONG_WORKER_LEASE_SECONDS"),
        Stack(tmp_path / "house", say=lambda _: None, overrides=wrong),
    ):
        pytest.fail("it must not come up")
