"""How many records a second the door takes as NDJSON on SQLite: a real API process, over HTTP, every one durable."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from app.domain.access import Scope
from app.usecases import tokens
from app.usecases.receive import DossierRecord, Record
from app.wiring import close_context
from benchmarks import stage

DOSSIERS, STEPS_EACH = 2000, 4
_UP_SECONDS = 30


def lines(series: int) -> bytes:
    """2,000 dossiers, each followed by its 4 steps."""
    out = []
    for number in range(DOSSIERS):
        code = stage.code(series, number)
        records: list[Record] = [
            stage.dossier(series, number),
            *(stage.step(number, place) for place in range(STEPS_EACH)),
        ]
        for record in records:
            kind = (
                {"type": "dossier", "code": code}
                if isinstance(record, DossierRecord)
                else {"type": "step", "dossier": code}
            )
            out.append(
                json.dumps(kind | record.body.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
            )
    return ("\n".join(out) + "\n").encode()


@contextlib.contextmanager
def api(database_url: str) -> Iterator[str]:
    """The HTTP process on a free port; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"LIENTHONG_DATABASE_URL": database_url, "LIENTHONG_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "app", "serve", "--port", str(port)], env=environment
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _UP_SECONDS
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{address}/health/live").is_success:
                    break
            assert time.monotonic() < deadline, "the API did not come up"
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


async def _token(database_url: str) -> str:
    context = stage.context_for(database_url, "http://127.0.0.1:9")
    try:
        return await tokens.create(context, name="bench", agency="H15", scopes=frozenset({Scope.INTAKE}), by="bench")
    finally:
        await close_context(context)


def measure(folder: Path) -> dict[str, float]:
    """One upload of 10,000 lines."""
    url = stage.new_sqlite(folder, "intake")
    token = asyncio.run(_token(url))
    body = lines(4)
    with api(url) as address, httpx.Client(timeout=300, headers={"Authorization": f"Bearer {token}"}) as client:
        started = time.perf_counter()
        answer = client.post(f"{address}/v1/intake", content=body, headers={"Content-Type": "application/x-ndjson"})
        elapsed = time.perf_counter() - started
    answers = [json.loads(line) for line in answer.text.splitlines()]
    assert len(answers) == DOSSIERS * (1 + STEPS_EACH), len(answers)
    assert all(line["taken"] for line in answers), next(line for line in answers if not line["taken"])
    return {"intake_records_per_second_sqlite": len(answers) / elapsed}
