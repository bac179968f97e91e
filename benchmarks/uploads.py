"""Files through a real API process: one of 50 MB, then 200 scans of 2 MB at once, on each database with each store.

The store is a folder, or moto's server in its own process. Scans differ from each other; each is handed over by a
sender of its own, all at once, and all are read back. Senders, service and database run on the same machine. Growth is
how much more the API process held at its peak (VmHWM) than before; ``50_mb`` is the worst of: handed over as a form,
in pieces of 5 MB, read by its link, a range of it, its bundle as PDF and as zip.
"""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import product
from pathlib import Path

import httpx

from benchmarks import stage
from tests import doors, uploading
from tests.doors import Door, Typed
from tests.papers_world import sha256_of
from tests.uploading import Paper, Scanners
from tests.worlds import code

SCANS, DOSSIERS = 200, 20
LARGE_PAGES, PIECES = 24, 10
_UP_SECONDS = 60.0
_MB = 1e6


async def measure(server: str, folder: Path) -> dict[str, float]:
    """Each database with each store."""
    large = [Paper(f"large-{n}", uploading.scan(f"large-{n}", LARGE_PAGES), code()) for n in range(2)]
    papers = [Paper(f"scan-{n}", uploading.scan(f"scan-{n}"), code(1 + n % DOSSIERS)) for n in range(SCANS)]
    each = {"uploads_scan_mb": statistics.mean(len(paper.content) for paper in papers) / _MB}
    lost = turned_away = growth = examiner = 0.0
    with _s3() as endpoint:
        for database, store in product(("sqlite", "postgresql"), ("folder", "s3")):
            here = folder / f"uploads_{database}_{store}"
            here.mkdir()
            url = stage.new_sqlite(here, "uploads") if database == "sqlite" else stage.new_database(server, here.name)
            more = doors.s3_settings(endpoint, here / "scratch") if store == "s3" else {}
            async with _house(here, url, more) as (door, house):
                found = await _grown(house, large) | await _many(house, papers)
                lost += len(await house.lost([*large, *papers]))
                turned_away += sum(house.trouble.values())
                growth = max(growth, found["50_mb_growth_mb"])
                examiner = max(examiner, *(doors.peak_bytes(one) / _MB for one in doors.children_of(door.pid)))
                exit_code, report = door.report()
                assert exit_code == 0, report
            each |= {f"uploads_{kind}_{database}_{store}": value for kind, value in found.items()}
    totals = {"lost": lost, "turned_away": turned_away, "50_mb_growth_mb_max": growth, "examiner_peak_mb": examiner}
    return each | {f"uploads_{kind}": value for kind, value in totals.items()}


@contextlib.asynccontextmanager
async def _house(folder: Path, url: str, more: Mapping[str, str]) -> AsyncIterator[tuple[Door, Scanners]]:
    async with (
        doors.door(Typed(), folder, url, more) as (door, token),
        uploading.scanners(door, token, SCANS) as house,
    ):
        await house.hand_over_dossiers(DOSSIERS + 1)
        # What is loaded with the first files, both examiners too, has nothing to do with what comes then.
        warm = [Paper(f"warm-{n}", uploading.scan(f"warm-{n}"), code(DOSSIERS + 1)) for n in range(4)]
        await asyncio.gather(*(house.hand_over(paper, pieces=number % 2) for number, paper in enumerate(warm)))
        await _read_each_way(house, warm[0])
        yield door, house


async def _many(house: Scanners, papers: list[Paper]) -> dict[str, float]:
    """All at once: how long that took, how fast it was, and what the slowest waited."""
    pid = house.door.pid
    doors.forget_peak(pid)
    before, done = doors.held_bytes(pid), len(house.seconds)
    started = time.perf_counter()
    await asyncio.gather(*(house.hand_over(paper) for paper in papers))
    elapsed = time.perf_counter() - started
    waited = house.seconds[done:]
    return {
        "seconds": elapsed,
        "mb_per_second": sum(len(paper.content) for paper in papers) / _MB / elapsed,
        "p95_seconds": statistics.quantiles(waited, n=20)[-1],
        "rss_before_mb": before / _MB,
        "growth_mb": (doors.peak_bytes(pid) - before) / _MB,
    }


async def _grown(house: Scanners, papers: list[Paper]) -> dict[str, float]:
    """By how many MB the process grew at most with anything that was done with a file of 50 MB."""
    pid = house.door.pid
    doors.forget_peak(pid)
    before = doors.held_bytes(pid)
    as_form, in_pieces = papers
    await house.hand_over(as_form)
    await house.hand_over(in_pieces, pieces=PIECES)
    await _read_each_way(house, as_form)
    return {"50_mb_growth_mb": (doors.peak_bytes(pid) - before) / _MB}


async def _read_each_way(house: Scanners, paper: Paper) -> None:
    """By its link, a range, and both bundles; what comes by the link must be the file."""
    kept = house.kept[paper.sha256]
    link = kept["link"]["url"]
    assert await house.read(link) == paper.sha256
    middle = len(paper.content) // 2
    assert await house.read(link, {"Range": f"bytes={middle}-"}) == sha256_of(paper.content[middle:])
    await house.read(f"{link}/bundle")
    await house.read(f"{kept['address']}/bundle")


@contextlib.contextmanager
def _s3() -> Iterator[str]:
    """A server of moto in its own process; gives its address."""
    port = stage.free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - ours
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _UP_SECONDS
        while not _listens(address):
            assert time.monotonic() < deadline, "the S3 service did not come up"
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _listens(address: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(address, trust_env=False).is_success
    return False
