"""Memory stays flat, measured in a process of its own that holds nothing else."""

import json
import subprocess
import sys
from pathlib import Path

from tests.vault.service import S3World
from tests.vault.support import ROOT

_GROWTH_MAX_BYTES = 40_000_000


def _growth_bytes(**given: str) -> int:
    command = [sys.executable, "-m", "tests.vault.weigher", json.dumps(given)]
    return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)  # noqa: S603


def test_a_large_file_passes_a_folder_in_flat_memory(tmp_path: Path) -> None:
    # This way copies, so that it holds whatever the others do.
    assert _growth_bytes(root=str(tmp_path), way="link_named") < _GROWTH_MAX_BYTES / 2


def test_a_large_file_passes_a_service_in_flat_memory(s3: S3World) -> None:
    given = {"url": s3.url, "scratch": str(s3.scratch_dir), "endpoint": s3.endpoint}
    assert _growth_bytes(**given) < _GROWTH_MAX_BYTES
