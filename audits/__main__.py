"""Ask pip-audit about every pinned package, and keep the answer as evidence for ``lienthong doctor``.

Exit codes: 0 nothing known; 1 a weakness is known; 3 nobody could be asked, and the last answer stands as it was.
"""

import json
import subprocess  # nosec B404 - starts pip-audit, never a shell
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

WELL, WEAK, UNASKED = 0, 1, 3
# What runs in a province; the tools of developers are not there.
REQUIREMENTS = Path("requirements/base.txt")
EVIDENCE = Path("build/dependencies.json")
_SECONDS = 600
_TOLD_MAX = 500


def pip_audit(requirements: Path) -> list[str]:
    """The command: the pins are whole, so that nothing is resolved, downloaded or built."""
    return [
        sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--require-hashes", "--disable-pip",
        "--format", "json", "--progress-spinner", "off",
    ]  # fmt: skip


def read(said: str) -> list[dict[str, Any]] | None:
    """The packages of an answer, each with its ``vulns``; None when it is no answer."""
    try:
        packages = json.loads(said)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    is_whole = isinstance(packages, list) and packages and all("name" in package for package in packages)
    return packages if is_whole else None


def audit(command: Sequence[str], evidence: Path, now: datetime) -> int:
    """Run the command, write what it found, and say it; the exit code."""
    try:
        done = subprocess.run(list(command), capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - our own command
        said, trouble = done.stdout, done.stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        said, trouble = "", str(error)
    packages = read(said)
    if packages is None:
        print(f"nobody could be asked, nothing is known: {trouble.strip()[-_TOLD_MAX:]}", file=sys.stderr)
        return UNASKED
    evidence.parent.mkdir(parents=True, exist_ok=True)
    told = {"date": now.isoformat(), "dependencies": packages}
    evidence.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    weak = [package for package in packages if package.get("vulns")]
    # One that was passed over has not been looked at: it is no more known to be well than one that nobody asked about.
    passed_over = [package for package in packages if "skip_reason" in package]
    for package in weak:
        known = ", ".join(str(one["id"]) for one in package["vulns"])
        print(f"{package['name']} {package.get('version', '')}: {known}")
    for package in passed_over:
        print(f"{package['name']}: not looked at: {package['skip_reason']}", file=sys.stderr)
    print(f"{len(packages)} packages, {len(weak)} with a known weakness; {evidence}")
    return WEAK if weak else UNASKED if passed_over else WELL


if __name__ == "__main__":
    sys.exit(audit(pip_audit(REQUIREMENTS), EVIDENCE, datetime.now(UTC)))
