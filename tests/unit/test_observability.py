"""Logs are one JSON line an event with the correlation id; the libraries' own records too."""

import json
import subprocess
import sys

_PROGRAM = """
import logging, structlog
from asgi_correlation_id import correlation_id
from app.observability import configure_logs
configure_logs("INFO", process="test")
correlation_id.set("corr-7")
structlog.get_logger("x").info("took", lanes=3)
logging.getLogger("library").warning("plain %s", "words")
structlog.get_logger("x").debug("quiet")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger("x").exception("bug")
"""


def test_logs_are_json_lines_with_the_correlation_id() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)  # noqa: S603
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["took", "plain words", "bug"]
    assert all(line["correlation_id"] == "corr-7" for line in lines)
    assert lines[0]["lanes"] == 3
    assert lines[0]["process"] == "test"
    assert "ZeroDivisionError" in lines[2]["exception"]
    assert "locals" not in lines[2]
    assert done.stdout == ""
