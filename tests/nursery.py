"""Processes that need not be loaded anew: each is forked from one that has loaded the gateway, and leads its own group.

Loading takes seconds and a fork milliseconds, so that a test can afford to kill one process after the other. Run as a
module this is the one that forks; it has neither threads nor an event loop, which would not survive that.
"""

import atexit
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, Self

_ROOT = Path(__file__).parents[1]
_MODULES = ("app.cli", "tests.dying", "tests.dying_leader")


class Nursery:
    """Starts ``main()`` of a module in a new process, and kills it. Not for two threads at once."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        out: Path,
        errors: Path | None = None,
    ) -> int:
        """The id of a new process, which writes to ``out``; to ``errors`` what is not a result, where that is given."""
        started = {"module": module, "arguments": list(arguments), "environment": dict(environment), "out": str(out)}
        return self._asked("start", started | {"errors": str(errors or out)})

    def kill(self, pid: int) -> None:
        """End a process and its group by SIGKILL, and see it gone."""
        self._asked("kill", {"pid": pid})

    def wait(self, pid: int) -> int:
        """How a process ended: its exit code, or below zero the signal that it died of."""
        return self._asked("wait", {"pid": pid})

    def run(self, module: str, arguments: Sequence[str], environment: Mapping[str, str], out: Path) -> tuple[int, str]:
        """Start, wait, and give how it ended and what it wrote."""
        code = self.wait(self.start(module, arguments, environment, out))
        return code, out.read_text("utf-8")

    def _asked(self, verb: str, given: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"verb": verb} | given) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the nursery is gone"
        return int(answer)


@cache
def nursery() -> Nursery:
    """The one nursery of this process; it ends with it."""
    made = Nursery()
    atexit.register(made.__exit__)
    return made


def _start(given: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        _become(given)
    # Here as well as there: a kill must find the group, whoever comes first.
    os.setpgid(pid, pid)
    return pid


def _become(given: dict[str, Any]) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        out = os.open(given["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        errors = out
        if given["errors"] != given["out"]:
            errors = os.open(given["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for source, target in ((nothing, 0), (out, 1), (errors, 2)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(given["environment"])
        sys.argv = [given["module"], *given["arguments"]]
        importlib.import_module(given["module"]).main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - edge: the process ends here, and says why
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _kill(pid: int) -> int:
    os.killpg(pid, signal.SIGKILL)
    return _wait(pid)


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Do what is asked line by line, until nobody asks any more; then nothing is left running."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    # Answers are heard there; whatever else is said is not one.
    os.dup2(2, 1)
    for name in _MODULES:
        module = importlib.import_module(name)
        if hasattr(module, "warm"):
            module.warm()
    # What is never looked at by the collector is never copied by a fork either.
    gc.freeze()
    running: set[int] = set()
    for line in sys.stdin:
        given = json.loads(line)
        if given["verb"] == "start":
            answer = _start(given)
            running.add(answer)
        else:
            answer = _kill(given["pid"]) if given["verb"] == "kill" else _wait(given["pid"])
            running.discard(given["pid"])
        answers.write(f"{answer}\n")
        answers.flush()
    for pid in running:
        _kill(pid)


if __name__ == "__main__":
    main()
