"""Known weaknesses of packages: found, none, or nobody could be asked; and pins that are checked without a network."""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audits.__main__ import UNASKED, WEAK, WELL, audit, pip_audit

NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
LOCKS = sorted(Path("requirements").glob("*.txt"))
_SOUND = {"name": "sound", "version": "1.0", "vulns": []}
_WEAK = {"name": "weak", "version": "2.0", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["2.1"]}]}


def says(packages: list[dict[str, Any]], code: int) -> list[str]:
    """A program that answers as pip-audit does."""
    said = json.dumps({"dependencies": packages, "fixes": []})
    return [sys.executable, "-c", f"import sys; print({said!r}); sys.exit({code})"]


@pytest.mark.parametrize(
    ("packages", "code", "expected"),
    [
        ([_SOUND], 0, WELL),
        ([_SOUND, _WEAK], 1, WEAK),
        ([_SOUND, {"name": "odd", "skip_reason": "not found"}], 0, UNASKED),
    ],
)
def test_an_answer_is_kept_with_its_date(
    tmp_path: Path, packages: list[dict[str, Any]], code: int, expected: int, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = tmp_path / "build" / "dependencies.json"
    assert audit(says(packages, code), evidence, NOW) == expected
    assert json.loads(evidence.read_text("utf-8")) == {"date": "2026-07-01T02:00:00+00:00", "dependencies": packages}
    assert ("weak 2.0: CVE-2026-1" in capsys.readouterr().out) is (expected == WEAK)


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-c", "import sys; sys.exit('no route to host')"],
        [sys.executable, "-c", "print('{}')"],
        [sys.executable, "-c", "print('{\"dependencies\": []}')"],
        ["./no-such-program"],
    ],
)
def test_when_nobody_could_be_asked_the_last_answer_stands(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = tmp_path / "dependencies.json"
    evidence.write_text("older", "utf-8")
    assert audit(command, evidence, NOW) == UNASKED
    assert evidence.read_text("utf-8") == "older"
    assert "nobody could be asked" in capsys.readouterr().err


def test_pip_audit_neither_resolves_nor_downloads() -> None:
    command = pip_audit(Path("requirements/base.txt"))
    assert {"--require-hashes", "--disable-pip"} <= set(command)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_one_version_and_its_hashes_and_names_no_index(lock: Path) -> None:
    lines = [line for line in lock.read_text("utf-8").replace("\\\n", " ").splitlines() if line.split("#")[0].strip()]
    for line in lines:
        pin = line.split(" #")[0].split()
        assert re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z0-9,-]+\])?==[0-9][A-Za-z0-9.+!-]*", pin[0]), line
        hashes = [part for part in pin if part.startswith("--hash")]
        assert hashes, line
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", part) for part in hashes), line
        # An option could name an index, a folder or a constraint.
        assert [part for part in pin if part.startswith("-") and part not in hashes] == [], line
        assert "://" not in line, line
    assert lines
