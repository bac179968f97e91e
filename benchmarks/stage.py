"""What the measurements run on: a real PostgreSQL, the mock portal in its own process, settings, records."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from app.config import Settings
from app.domain.audit import AuditEntry, AuditKind
from app.store import audit, migrate
from app.store.session import Database, WriteSession
from app.tlog import KeyRing, Signer, generate
from app.usecases.context import Caller, Context, LogPolicy
from app.usecases.receive import DossierRecord, Record, StepRecord, receive
from app.wiring import build_context
from schemas.provincial import DossierIn, StepIn
from tests.postgresql import running

CALLER = Caller("bench", "H15", frozenset({"intake"}))
READY = "listening"
NOWHERE = "http://127.0.0.1:9"
_BATCH = 500
_ENTRIES_PER_COMMIT = 5000
_LOG_NAME = "log.example/bench"
# Fields of proc(5)'s stat, counted behind the name; of the four ticks two are its own and two its ended children's.
_PARENT, _OWN_TICKS = 1, 11


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of our own, as durable as it ships (no setting is loosened); gives its URL."""
    with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as name, running(Path(name)) as url:
        yield url.set(drivername="postgresql").render_as_string(hide_password=False)


def new_database(server: str, name: str) -> str:
    """Create and migrate a database; gives its URL."""
    url = new_plain_database(server, name)
    migrate.upgrade(url)
    return url


def new_plain_database(server: str, name: str) -> str:
    """Create an empty database; gives its URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def new_sqlite(folder: Path, name: str) -> str:
    """Create and migrate a SQLite file; gives its URL."""
    url = f"sqlite:///{folder / name}.sqlite3"
    migrate.upgrade(url)
    return url


@contextlib.contextmanager
def mock_portal(folder: Path) -> Iterator[str]:
    """The mock national systems as a real process; gives the adapter URL."""
    arguments = ["--host", "127.0.0.1", "--port", "0", "--database", str(folder / "mock.sqlite3")]
    with _process("mock_national", *arguments) as address:
        yield f"{address}/XrdAdapter/RestService/forward"


@contextlib.contextmanager
def webhook_receiver(port: int) -> Iterator[None]:
    """Somebody listens for webhooks on a port, in a process of their own."""
    with _process("benchmarks.receiver", str(port)):
        yield


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def _process(module: str, *arguments: str) -> Iterator[str]:
    """A module of ours as a process; gives what its first line says of where it listens."""
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())[READY]
    finally:
        process.terminate()
        process.wait(timeout=30)


def settings(database_url: str, adapter_url: str, **overrides: object) -> Settings:
    """Default settings for one measured world."""
    return Settings(database_url=database_url, portal_adapter_url=adapter_url, **overrides)  # type: ignore[arg-type]


def code(series: int, number: int) -> str:
    """A dossier code; each series is a day of its own, so that measurements do not meet at the portal."""
    return f"H15.50-2601{series:02d}-{number:05d}"


def dossier(series: int, number: int) -> DossierRecord:
    """A small valid dossier."""
    del series
    body = {
        "revision": 1,
        "procedure": {"code": "1.000110"},
        "receiving_unit": "H15.50",
        "applicant": {
            "kind": "citizen",
            "full_name": f"Nguyễn Văn Đo {number}",
            "identities": [{"kind": "personal_number", "number": f"003090{number:06d}"}],
        },
        "summary": f"Hồ sơ đo số {number}",
        "channel": "online",
        "status": "received",
        "submitted_at": "2026-01-05T08:00:00+07:00",
        "received_at": "2026-01-05T08:30:00+07:00",
        "due_at": f"2026-02-{1 + number % 28:02d}T17:00:00+07:00",
    }
    return DossierRecord("", DossierIn.model_validate(body))


def step(number: int, place: int) -> StepRecord:
    """A small valid progress step."""
    body = {
        "step_id": f"b{place}",
        "officer_name": "Trần Thị Đo",
        "department": "Bộ phận Một cửa",
        "content": f"Bước {place} của hồ sơ {number}",
        "status": "processing" if place else "received",
        "processed_at": f"2026-01-05T09:{place:02d}:00+07:00",
    }
    return StepRecord("", StepIn.model_validate(body))


async def hand_over(context: Context, records: list[Record]) -> None:
    """Take records in through the use case, in batches."""
    for start in range(0, len(records), _BATCH):
        answers = await receive(context, CALLER, records[start : start + _BATCH], "bench")
        refused = [answer for answer in answers if not hasattr(answer, "accepted_at")]
        assert not refused, refused[:3]


def dossiers_of(series: int, count: int) -> list[Record]:
    """``count`` dossiers of a series."""
    return [DossierRecord(code(series, n), dossier(series, n).body) for n in range(count)]


def steps_of(series: int, count: int, each: int) -> list[Record]:
    """``each`` steps of ``count`` dossiers of a series, dossier by dossier."""
    return [StepRecord(code(series, n), step(n, place).body) for n in range(count) for place in range(each)]


def context_for(database_url: str, adapter_url: str, **overrides: object) -> Context:
    """A wired context for one measured world."""
    return build_context(settings(database_url, adapter_url, **overrides))


async def side_by_side(width: int, work: object) -> None:
    """Run the same endless-until-dry job ``width`` times side by side."""
    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(work())  # type: ignore[operator]


def signing_context(database_url: str, adapter_url: str) -> Context:
    """A wired context that brings entries into the log and signs it, with a key of its own."""
    ring = KeyRing.of(Signer.parse(generate(_LOG_NAME)))
    policy = LogPolicy(origin=_LOG_NAME, signer=ring.signer, verifiers=ring.verifiers, checkpoint_seconds=1.0)
    return replace(context_for(database_url, adapter_url), log=policy)


async def fill_log(database: Database, count: int) -> None:
    """Audit entries as intake writes them."""
    entry = AuditEntry(
        kind=AuditKind.RECEIVED,
        outcome="taken",
        actor="bench",
        agency="H15",
        purpose="intake",
        legal_basis="NĐ 118/2025/NĐ-CP",
        correlation_id="bench",
        dossier_code="H15.50-260101-00001",
        procedure_code="1.000110",
        unit_code="H15.50",
        payload_hash="0" * 64,
        detail={"record": "dossier", "ref": "1"},
    )

    for done in range(0, count, _ENTRIES_PER_COMMIT):
        block = [entry] * min(count - done, _ENTRIES_PER_COMMIT)

        async def work(session: WriteSession, block: list[AuditEntry] = block) -> None:
            await audit.append(session, block, await session.now())

        await database.run(work)


def cpu_seconds(server: str | None = None) -> float:
    """Processor time of this process so far, and of a PostgreSQL server with all that it has started."""
    return time.process_time() + (_family_cpu_seconds(_postmaster(server)) if server else 0.0)


def process_cpu_seconds(pid: int) -> float:
    """Processor time of another process so far."""
    return sum(map(int, _stat(pid)[_OWN_TICKS : _OWN_TICKS + 2])) / os.sysconf("SC_CLK_TCK")


def _postmaster(server: str) -> int:
    with psycopg.connect(server) as connection:
        return int(_stat(connection.info.backend_pid)[_PARENT])


def _family_cpu_seconds(parent: int) -> float:
    """Of a process, of those of its children that have ended, and of those that run (proc(5), stat)."""
    ticks = sum(map(int, _stat(parent)[_OWN_TICKS : _OWN_TICKS + 4]))
    for name in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended since
            each = _stat(int(name.name))
            if int(each[_PARENT]) == parent:
                ticks += sum(map(int, each[_OWN_TICKS : _OWN_TICKS + 2]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    # What a program is called may hold blanks; fields are counted from behind it.
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
