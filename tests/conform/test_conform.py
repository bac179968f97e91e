"""Conform tells a client that keeps its promises from one that does not."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from app.conform import report
from app.conform.catalogue import LASTING_TIMES, POPULATION, PORTAL
from app.conform.checks import Check, Findings, Row, report_of, row_of
from app.conform.portal import wait_until
from app.conform.run import ConnectorName, UnknownFault, Wanted, conform, own_stack, rows_of
from mock_national.faults import read_fault
from mock_national.kinds import KINDS
from tests.bounds import AMPLE_SECONDS
from tests.conform.naive import TIME_OUT_SECONDS, naive_client

ROOT = Path(__file__).parents[2]
# Kept in the mock for old scripts; each has a newer name in the catalogue.
OLD_KINDS = {"status", "html", "reset", "delay"}
ALL = dict.fromkeys(Check, True)


@pytest.fixture(scope="module")
def mock_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = tmp_path_factory.mktemp("mock") / "mock.sqlite3"
    command = [sys.executable, "-m", "mock_national", "--port", "0", "--database", str(database)]
    command += ["--people-count", "200"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:  # noqa: S603 - our own module
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["listening"]
        finally:
            process.terminate()


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def naive(mock_url: str, address: str, build: Path, *faults: str) -> Wanted:
    return Wanted(
        connector=ConnectorName.PORTAL,
        faults=faults,
        build=build,
        address=address,
        token="any",
        mock=mock_url,
        time_out_seconds=TIME_OUT_SECONDS,
        patience_seconds=AMPLE_SECONDS,
    )


def test_a_client_of_blind_resends_fails_each_promise_that_it_breaks(
    mock_url: str, tmp_path: Path, console: Console
) -> None:
    faults = ("lost_answer", "http_503", "code_00", "session_expired", "bad_item_whole", "slow_accept")
    with naive_client(mock_url) as address:
        rows = {row.fault: row for row in rows_of(naive(mock_url, address, tmp_path, *faults), console)}
    assert list(rows) == [row.fault for row in PORTAL if row.fault in faults or row.kind in faults]
    # A step that was taken is sent again.
    assert rows["lost_answer"].checks[Check.NOT_DOUBLED] is False
    assert "more than once in the ledger" in rows["lost_answer"].why
    # After five tries at once it gives up, though the fault would have passed.
    assert rows["http_503"].checks[Check.NOT_LOST] is False
    assert rows["http_503"].checks[Check.RECOVERED] is False
    # Only "0" is success to it: what the portal took is shown as refused.
    assert rows["code_00"].checks[Check.STATE_SHOWN] is False
    # A session that ended is no refusal of the record.
    assert rows["session_expired"].checks[Check.RECOVERED] is False
    # It sends its steps behind a refused dossier, and calls that the portal's refusal of the steps.
    assert not rows["bad_item_whole"].held
    # What is taken after it has given up is taken twice.
    assert rows["slow_accept_applied"].checks[Check.NOT_DOUBLED] is False
    # What it does right is not held against it.
    assert rows["slow_accept"].held, rows["slow_accept"].why
    assert rows["slow_accept"].checks == ALL


def test_the_exit_code_and_the_file_say_what_failed(mock_url: str, tmp_path: Path) -> None:
    with naive_client(mock_url) as address:
        assert conform(naive(mock_url, address, tmp_path, "slow_accept")) == 1
        found: dict[str, Any] = json.loads((tmp_path / "conform.json").read_text("utf-8"))
        assert (found["connector"], found["held"], found["failed"]) == ("portal", 1, 1)
        told = [(row["fault"], row["held"]) for row in found["rows"]]
        assert told == [("slow_accept", True), ("slow_accept_applied", False)]
        assert all(row["why"] for row in found["rows"])
        assert conform(naive("http://127.0.0.1:9", address, tmp_path, "drip")) == 2
    assert conform(naive(mock_url, address, tmp_path, "drip")) == 2


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Wanted]]:
    folder = tmp_path_factory.mktemp("conform")
    with own_stack(folder / "house", {}) as stack:
        token = stack.token("conform")

        def wanted(connector: ConnectorName, *faults: str) -> Wanted:
            address, mock = stack.api_url, stack.mock_url
            return Wanted(connector=connector, faults=faults, build=folder, address=address, token=token, mock=mock)

        yield wanted


def test_our_own_client_holds(ours: Callable[..., Wanted], console: Console) -> None:
    rows = rows_of(ours(ConnectorName.PORTAL, "lost_answer", "unknown_code", "bad_item_rest_taken"), console)
    assert {row.fault: row.why for row in rows if not row.held} == {}
    assert [row.fault for row in rows] == [
        "lost_answer",
        "unknown_code",
        "unknown_code_applied",
        "bad_item_rest_taken",
    ], "the name of a kind means all its rows"
    assert all(row.checks == ALL for row in rows)


def test_our_own_questions_hold(ours: Callable[..., Wanted], console: Console) -> None:
    wanted = ours(ConnectorName.POPULATION, "http_503", "truncated_json", "code_00")
    rows = rows_of(wanted, console)
    assert {row.fault: row.why for row in rows if not row.held} == {}
    # The third plays on the JSON way only, and this client asks in the other.
    assert [row.fault for row in rows] == ["truncated_json", "http_503", "record_truncated", "record_http_503"]
    assert conform(ours(ConnectorName.POPULATION, "empty_body")) == 0
    assert wanted.file == wanted.build / "conform-population.json"
    assert json.loads(wanted.file.read_text("utf-8"))["failed"] == 0


def test_an_unknown_fault_is_named(tmp_path: Path, console: Console) -> None:
    wanted = Wanted(connector=ConnectorName.PORTAL, faults=["no_such"], build=tmp_path)
    with pytest.raises(UnknownFault, match="no_such"):
        rows_of(wanted, console)


@pytest.mark.parametrize(("system", "rows"), [("portal", PORTAL), ("population", POPULATION)])
def test_every_kind_of_the_mock_has_a_row_that_it_understands(system: str, rows: tuple[Any, ...]) -> None:
    wanted = {kind for kind, rules in KINDS.items() if system in rules.systems} - OLD_KINDS
    assert {row.kind or row.fault for row in rows} == wanted
    assert len({row.fault for row in rows}) == len(rows)
    for row in rows:
        armed = row.armed(2.0)
        for fault in armed if isinstance(armed, list) else [armed]:
            assert read_fault(fault, 1, 0.0).system == system


def test_what_lasts_is_armed_for_every_call_and_waits_for_nobody() -> None:
    for row in PORTAL:
        if row.lasts:
            armed = row.armed_to_last(2.0)
            assert armed["times"] == LASTING_TIMES
            assert "service" not in armed
            assert armed.get("delay_ms", 0) == 0


def test_a_row_names_the_promise_and_the_evidence() -> None:
    findings = Findings()
    assert row_of("f", findings, tuple(Check), "good") == Row("f", ALL, "good")
    findings.add_ids(Check.NOT_LOST, "gone", [])
    assert row_of("f", findings, tuple(Check), "good").held
    findings.add_ids(Check.NOT_LOST, "gone", [f"a#{n}" for n in range(7)])
    findings.add(Check.RECOVERED, "needs a hand")
    findings.add(Check.RECOVERED, "needs a hand")
    row = row_of("f", findings, tuple(Check), "good")
    assert not row.held
    assert row.why == "not_lost: gone: a#0, a#1, a#2, a#3, a#4 and 2 more | recovered: needs a hand"
    assert [check for check in Check if not row.checks[check]] == [Check.NOT_LOST, Check.RECOVERED]


def test_what_was_not_asked_is_neither_held_nor_failed(console: Console, tmp_path: Path) -> None:
    row = row_of("f", Findings(), (Check.RECOVERED,), "good")
    assert row.held
    assert row.checks[Check.NOT_LOST] is None
    shown = report_of("portal", [row, Row("g", {Check.NOT_LOST: False}, "bad")])
    assert (shown["held"], shown["failed"]) == (1, 1)
    assert shown["rows"][0] == {
        "fault": "f",
        "held": True,
        "why": "good",
        "checks": {check.value: (True if check is Check.RECOVERED else None) for check in Check},
    }
    report.show(console, "portal", [row], tmp_path / "conform.json")
    line = next(line for line in said(console).splitlines() if " f " in line)
    assert (line.count("✓"), line.count("–"), line.count("✗")) == (1, 4, 0)


def test_patience_ends() -> None:
    began = time.monotonic()
    assert not wait_until(lambda: False, 0.05)
    assert time.monotonic() - began < AMPLE_SECONDS
    assert wait_until(lambda: True, 0)
