"""The bench with real child processes: what they answer, and what happens when they hang, die or are left alone."""

import asyncio
import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from app.domain.documents import FileFault, FileKind, Judged, Role
from app.papers import Bench, BenchBroken, FileRefused, Limits
from app.papers.bench import _Child
from app.papers.signatures import judge
from app.papers.trust import TrustSettings, load_trust
from tests.papers import samples, signing

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
COMPONENT = Role.COMPONENT

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, or waits for a process not its own")


@contextlib.contextmanager
def kept(data: bytes) -> Iterator[BinaryIO]:
    """The bytes as an open file."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        yield file


@contextlib.asynccontextmanager
async def benched(
    workers: int = 1, limits: Limits | None = None, trust: TrustSettings | None = None
) -> AsyncIterator[Bench]:
    """A bench that is closed at the end."""
    async with Bench(workers, limits or Limits(), trust) as bench:
        yield bench


async def takes_a_pdf(bench: Bench) -> bool:
    with kept(samples.pdf()) as file:
        examined, judged = await bench.examine(file, Role.RESULT, AT)
    return examined.kind is FileKind.PDF and judged.signatures == ()


async def refused(bench: Bench, data: bytes) -> FileRefused:
    with kept(data) as file, pytest.raises(FileRefused) as caught:
        await bench.examine(file, COMPONENT, AT)
    return caught.value


async def warm(bench: Bench) -> _Child:
    """The one child of a bench that has examined a file and waits for the next."""
    assert await takes_a_pdf(bench)
    child = bench._free._queue[-1]  # type: ignore[attr-defined]
    assert isinstance(child, _Child)
    return child


@contextlib.asynccontextmanager
async def held_up(
    bench: Bench, data: bytes, limits: Limits | None = None
) -> AsyncIterator[tuple[_Child, "asyncio.Task[object]"]]:
    """A file in the hands of a child that was stopped before it could look at it; ``limits`` hold from then on."""
    child = await warm(bench)
    bench._limits = limits or bench._limits
    os.kill(child.process.pid, signal.SIGSTOP)
    with kept(data) as file:
        task: asyncio.Task[object] = asyncio.create_task(bench.examine(file, COMPONENT, AT))
        while child.idle:  # noqa: ASYNC110 - the next turn of the loop hands it over
            await asyncio.sleep(0)
        yield child, task


def ended(pid: int, seconds: float = 20.0) -> bool:
    """Whether a process, which need not be our child, ends within that time."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], seconds)[0])
    finally:
        os.close(watched)


@pytest.fixture(scope="module")
def signed() -> bytes:
    """A result with two signatures, made outside of any event loop."""
    return signing.sample("valid")


async def test_a_child_says_what_a_file_is() -> None:
    data = samples.tiff(3)
    async with benched() as bench:
        with kept(data) as file:
            examined, judged = await bench.examine(file, COMPONENT, AT)
    assert (examined.kind, examined.pages, examined.size_bytes, judged.signatures) == (FileKind.TIFF, 3, len(data), ())


async def test_a_refusal_comes_with_its_name_and_what_was_seen() -> None:
    async with benched() as bench:
        refusal = await refused(bench, samples.office("word"))
        assert refusal.fault is FileFault.OFFICE_FORMAT
        assert ".docx" in refusal.detail
        child = bench._free._queue[-1]  # type: ignore[attr-defined]
        assert await warm(bench) is child


async def test_signatures_are_judged_by_a_child_as_they_are_here(tmp_path: Path, signed: bytes) -> None:
    settings = signing.authority().write_trust(tmp_path)
    with kept(signed) as file:
        expected = await asyncio.to_thread(judge, file, load_trust(settings), signing.NOW)
        async with benched(trust=settings) as bench:
            examined, judged = await bench.examine(file, Role.RESULT, signing.NOW)
            anew = await bench.judge(file, signing.NOW)
    assert examined.kind is FileKind.PDF
    assert len(judged.signatures) == 2
    assert judged.signatures == anew.signatures == expected
    assert judged.judged_by == anew.judged_by == load_trust(settings).described()


async def test_padding_after_a_signed_pdf_changes_nothing(tmp_path: Path, signed: bytes) -> None:
    async with benched(trust=signing.authority().write_trust(tmp_path)) as bench:
        with kept(signed) as file, kept(signed + bytes(5000)) as padded:
            judged = await bench.judge(file, signing.NOW)
            assert await bench.judge(padded, signing.NOW) == judged
            assert judged.signatures


async def test_without_trust_no_signature_is_looked_at(signed: bytes) -> None:
    async with benched() as bench:
        with kept(signed) as file:
            assert (await bench.examine(file, Role.RESULT, AT))[1] == Judged()


async def test_what_is_no_pdf_has_no_signatures_to_judge(tmp_path: Path) -> None:
    async with benched(trust=signing.authority().write_trust(tmp_path)) as bench:
        with kept(samples.saved("PNG")) as file:
            assert await bench.judge(file, AT) == Judged()
            assert (await bench.examine(file, COMPONENT, AT))[1] == Judged()


async def test_a_pdf_whose_signatures_cannot_be_read_is_damaged(tmp_path: Path) -> None:
    async with benched(trust=signing.authority().write_trust(tmp_path)) as bench:
        with kept(b"%PDF-1.7\nnothing\nstartxref\n9\n%%EOF\n") as file, pytest.raises(FileRefused) as caught:
            await bench.judge(file, AT)
    assert caught.value.fault is FileFault.DAMAGED


@on_linux
async def test_the_position_of_the_callers_file_is_not_moved() -> None:
    async with benched(2) as bench:
        with kept(samples.pdf()) as file:
            file.seek(7)
            await asyncio.gather(*(bench.examine(file, COMPONENT, AT) for _ in range(6)))
            assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 7


async def test_files_wait_their_turn_and_all_are_examined() -> None:
    async with benched(2) as bench:
        assert all(await asyncio.gather(*(takes_a_pdf(bench) for _ in range(40))))
        assert bench._free.qsize() == 2


async def test_a_bomb_is_refused_and_the_next_file_is_taken() -> None:
    data = samples.with_object_stream(samples.zeros(2**28, b"3 0 <</Type/Page/Parent 2 0 R>>"))
    async with benched() as bench:
        assert (await refused(bench, data)).fault is FileFault.BOMB
        assert await takes_a_pdf(bench)


@on_linux
async def test_a_file_that_takes_more_memory_than_a_child_has_is_a_bomb() -> None:
    async with benched(limits=Limits(memory_bytes_max=320 * 2**20)) as bench:
        first = await warm(bench)
        refusal = await refused(bench, samples.png_claiming(9999, 9999))
        assert refusal.fault is FileFault.BOMB
        assert "memory" in refusal.detail
        assert await warm(bench) is not first


async def test_a_file_that_takes_too_long_is_a_bomb_and_its_child_is_replaced() -> None:
    # Short for this one file only: a child that works has all the time of a busy machine.
    short = Limits(seconds_max=0.5)
    async with benched() as bench, held_up(bench, samples.pdf(), short) as (child, task):
        with pytest.raises(FileRefused) as caught:
            await task
        assert caught.value.fault is FileFault.BOMB
        assert "within 0.5 seconds" in caught.value.detail
        bench._limits = Limits()
        assert child.process.wait(20) == -signal.SIGKILL
        assert await takes_a_pdf(bench)


async def test_a_file_that_kills_its_child_is_a_bomb_and_others_do_not_notice() -> None:
    async with benched(2) as bench, held_up(bench, samples.pdf()) as (child, task):
        others = [asyncio.create_task(takes_a_pdf(bench)) for _ in range(5)]
        os.kill(child.process.pid, signal.SIGKILL)
        with pytest.raises(FileRefused) as caught:
            await task
        assert caught.value.fault is FileFault.BOMB
        assert f"signal {signal.SIGKILL.value}" in caught.value.detail
        assert all(await asyncio.gather(*others))


async def test_a_child_that_died_between_two_files_is_no_fault_of_the_next() -> None:
    async with benched() as bench:
        child = await warm(bench)
        os.kill(child.process.pid, signal.SIGKILL)
        await asyncio.to_thread(os.waitid, os.P_PID, child.process.pid, os.WEXITED | os.WNOWAIT)
        assert await takes_a_pdf(bench)


async def test_a_child_that_hung_up_unseen_is_no_fault_of_the_next() -> None:
    async with benched() as bench:
        child = await warm(bench)
        child.socket.close()
        assert await takes_a_pdf(bench)


async def test_a_child_is_replaced_after_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.papers.bench._FILES_A_CHILD_MAX", 3)
    async with benched() as bench:
        children = {(await warm(bench)).process.pid for _ in range(7)}
    assert len(children) == 3


async def test_giving_up_a_file_on_the_bench_ends_its_child_and_nothing_else() -> None:
    async with benched() as bench, held_up(bench, samples.pdf()) as (child, task):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert child.process.wait(20) == -signal.SIGKILL
        assert await takes_a_pdf(bench)


async def test_giving_up_a_file_that_waits_leaves_the_one_on_the_bench_alone() -> None:
    async with benched() as bench, held_up(bench, samples.pdf()) as (child, task):
        waiting = asyncio.create_task(takes_a_pdf(bench))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        os.kill(child.process.pid, signal.SIGCONT)
        assert await task
        assert await warm(bench) is child


async def test_giving_up_while_a_child_starts_leaves_no_child_behind() -> None:
    async with benched() as bench:
        task = asyncio.create_task(takes_a_pdf(bench))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list(bench._free._queue) == [None]  # type: ignore[attr-defined]
        assert await takes_a_pdf(bench)


async def test_a_file_that_its_owner_closed_meanwhile_is_examined_all_the_same() -> None:
    async with benched() as bench:
        with kept(samples.pdf()) as file:
            task = asyncio.create_task(bench.examine(file, COMPONENT, AT))
            await asyncio.sleep(0)
        assert (await task)[0].pages == 1


async def test_a_closed_bench_has_no_children_and_takes_no_file() -> None:
    async with benched() as bench:
        child = await warm(bench)
        await bench.aclose()
        assert child.process.poll() is not None
        with kept(samples.pdf()) as file, pytest.raises(BenchBroken):
            await bench.examine(file, COMPONENT, AT)


async def test_closing_lets_the_file_on_the_bench_be_finished_and_refuses_the_others() -> None:
    async with benched() as bench, held_up(bench, samples.pdf()) as (child, task):
        waiting = asyncio.create_task(takes_a_pdf(bench))
        await asyncio.sleep(0)
        closing = asyncio.create_task(bench.aclose())
        await asyncio.sleep(0)
        os.kill(child.process.pid, signal.SIGCONT)
        assert await task
        with pytest.raises(BenchBroken):
            await waiting
        await closing


async def test_trust_that_cannot_be_read_is_said_and_is_no_fault_of_a_file(tmp_path: Path) -> None:
    missing = str(tmp_path / "no-such-root.pem")
    async with benched(trust=TrustSettings(roots=(missing,))) as bench:
        with kept(samples.pdf()) as file, pytest.raises(BenchBroken, match=r"no-such-root\.pem"):
            await bench.examine(file, COMPONENT, AT)


async def test_an_interpreter_that_does_not_start_is_no_fault_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.papers.bench._BOOT", "raise SystemExit(3)")
    async with benched() as bench:
        with kept(samples.pdf()) as file, pytest.raises(BenchBroken, match="does not start"):
            await bench.examine(file, COMPONENT, AT)


def test_a_bench_without_a_worker_is_none() -> None:
    with pytest.raises(ValueError, match="worker"):
        Bench(0, Limits(), None)


async def test_children_start_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with benched() as bench:
        assert await takes_a_pdf(bench)


@on_linux
async def test_a_child_has_neither_our_environment_nor_our_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIENTHONG_SOME_SECRET", "xyzzy")
    with kept(b"not for children") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - positional only
        async with benched() as bench:
            child = await warm(bench)
            about = Path(f"/proc/{child.process.pid}")
            assert b"xyzzy" not in (about / "environ").read_bytes()
            # The third is where it complains to, as we do.
            links = [str(one.readlink()) for one in (about / "fd").iterdir() if one.name != "2"]
            assert sum(link.startswith("socket:") for link in links) == 1
            assert not any("(deleted)" in link for link in links), "a file without a name, like ours"
            bounds = (about / "limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", bounds, re.MULTILINE)
    assert re.search(rf"^Max address space +{Limits().memory_bytes_max} ", bounds, re.MULTILINE)


_PARENT = """
import asyncio, sys, tempfile
from datetime import UTC, datetime
from app.domain.documents import Role
from app.papers import Bench, Limits

async def main():
    bench = Bench(1, Limits(), None)
    with tempfile.TemporaryFile() as file:
        file.write(b"<a/>")
        file.seek(0)
        await bench.examine(file, Role.COMPONENT, datetime.now(UTC))
    print(bench._free._queue[-1].process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@on_linux
def test_children_end_when_their_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, cwd=ROOT) as parent:  # noqa: S603
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not ended(child, 0)
        parent.kill()
        parent.wait()
    assert ended(child)
