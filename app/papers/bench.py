"""A bench of examiners: a few child processes that open the files of strangers, so that no other process has to.

A file goes to a child as an open descriptor over a Unix socket (SCM_RIGHTS), never by name. A child that takes too
long or dies over a file costs that file and nothing else: the file is refused, and the child replaced.
"""

import asyncio
import json
import os
import socket
import subprocess  # nosec B404 - starts our own modules only, never a shell
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from app.domain.documents import FileFault, Judged, Role
from app.papers import wire
from app.papers.errors import BenchBroken, FileRefused
from app.papers.kinds import Examined
from app.papers.limits import Limits

if TYPE_CHECKING:
    # Only a child pays for loading it.
    from app.papers.trust import TrustSettings

_START_SECONDS_MAX: Final = 60.0
# Memory that libraries do not give back goes with the process.
_FILES_A_CHILD_MAX: Final = 500
# The parent's own way to find modules, so that a child runs the same code whatever its working directory is.
_BOOT: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from app.papers.worker import main; main(int(sys.argv[2]))"
)


class _ChildGone(Exception):
    """The child is not there any more."""


class Bench:
    """Examines and judges files in at most ``workers`` child processes, started when first needed.

    One bench belongs to one event loop, which it never blocks. Without ``trust`` no signature is looked at.
    """

    def __init__(self, workers: int, limits: Limits, trust: "TrustSettings | None") -> None:
        """Start nothing yet. Raises ValueError without a worker."""
        if workers < 1:
            message = "a bench needs a worker"
            raise ValueError(message)
        self._workers = workers
        self._limits = limits
        self._setup = {"limits": wire.limits_to_json(limits), "trust": None if trust is None else trust.as_json()}
        # The last one that became free comes first: a child that is warm stays so, others are never started.
        self._free: asyncio.LifoQueue[_Child | None] = asyncio.LifoQueue()
        for _ in range(workers):
            self._free.put_nowait(None)
        self._ending: set[asyncio.Task[int]] = set()
        self._closed = False

    async def examine(self, file: BinaryIO, role: Role, at: datetime) -> tuple[Examined, Judged]:
        """What a file is, and its signatures judged as of ``at`` (aware). ``file`` has a descriptor and may be closed.

        Raises FileRefused for a file that is not taken, also one that a child dies of; BenchBroken when no child can
        be started.
        """
        answer = await self._ask(file, {"role": role, "at": at.isoformat()})
        return wire.examined_from_json(answer["examined"]), _judged(answer)

    async def judge(self, file: BinaryIO, at: datetime) -> Judged:
        """The signatures of a file that was taken before, judged as of ``at`` (aware). Raises as ``examine`` does."""
        return _judged(await self._ask(file, {"role": None, "at": at.isoformat()}))

    async def aclose(self) -> None:
        """Let files on the bench be finished, refuse those that wait, end all children. May be called again."""
        if not self._closed:
            self._closed = True
            for child in [await self._free.get() for _ in range(self._workers)]:
                if child is not None:
                    self._end(child)
                # A seat for whoever comes late, to be told.
                self._free.put_nowait(None)
        await asyncio.gather(*self._ending)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _ask(self, file: BinaryIO, request: dict[str, Any]) -> dict[str, Any]:
        # A copy: the caller may go away and close the file while this one waits or is examined.
        descriptor = os.dup(file.fileno())
        try:
            child = await self._free.get()
            try:
                if self._closed:
                    message = "the bench is closed"
                    raise BenchBroken(message)
                child = await self._handed(child, descriptor, request)
                return await self._answer(child)
            finally:
                if child is not None and not child.idle:
                    self._end(child)
                    child = None
                self._free.put_nowait(child)
        finally:
            os.close(descriptor)

    async def _handed(self, child: "_Child | None", descriptor: int, request: dict[str, Any]) -> "_Child":
        """A child that has been given the file: the one at hand, or a new one if that is worn or has died."""
        if child is not None:
            if child.files < _FILES_A_CHILD_MAX and child.process.poll() is None:
                try:
                    child.hand(descriptor, request)
                except OSError:
                    pass
                else:
                    return child
            self._end(child)
        child = _Child()
        try:
            await child.set_up(self._setup)
            child.hand(descriptor, request)
        except (OSError, _ChildGone) as error:
            self._end(child)
            message = "an examiner does not start"
            raise BenchBroken(message) from error
        except BaseException:
            self._end(child)
            raise
        return child

    async def _answer(self, child: "_Child") -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._limits.seconds_max):
                answer = await child.answer()
        except TimeoutError as error:
            text = f"the file could not be examined within {self._limits.seconds_max:g} seconds"
            raise FileRefused(FileFault.BOMB, text) from error
        except _ChildGone as error:
            text = f"the examiner died over the file ({await child.how_it_ended()})"
            raise FileRefused(FileFault.BOMB, text) from error
        if "refused" not in answer:
            return answer
        fault = FileFault(answer["refused"])
        # What a bomb left behind in the memory of the child is not worth keeping.
        child.idle = child.idle and fault is not FileFault.BOMB
        raise FileRefused(fault, answer["detail"])

    def _end(self, child: "_Child") -> None:
        if child.ended:
            return
        child.end()
        task = asyncio.create_task(asyncio.to_thread(child.process.wait))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


class _Child:
    """One child process and the socket to it. ``idle``: it waits for a file; ``files``: how many it was given."""

    def __init__(self) -> None:
        """Start it, with nothing of ours but the socket: no environment, and no other descriptor."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-c", _BOOT, json.dumps(sys.path), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={"LC_ALL": "C.UTF-8"},
            )
        ours.settimeout(0)
        self.socket = ours
        self.idle = False
        self.ended = False
        self.files = 0

    async def set_up(self, setup: dict[str, Any]) -> None:
        """Tell it how to work and wait until it is ready. Raises _ChildGone, TimeoutError, or BenchBroken with why."""
        async with asyncio.timeout(_START_SECONDS_MAX):
            try:
                await asyncio.get_running_loop().sock_sendall(self.socket, wire.pack(setup))
            except OSError as error:
                raise _ChildGone from error
            ready = await self.answer()
        if "failed" in ready:
            message = f"an examiner does not start: {ready['failed']}"
            raise BenchBroken(message)

    def hand(self, descriptor: int, request: dict[str, Any]) -> None:
        """Give it a file. Raises OSError when it is gone: it has then read nothing of the file."""
        self.idle = False
        # A waiting child has an empty socket, which takes a message that small at once.
        socket.send_fds(self.socket, [wire.pack(request)], [descriptor])
        self.files += 1

    async def answer(self) -> dict[str, Any]:
        """What it answers. Raises _ChildGone when it has ended instead."""
        head = await self._received(wire.LENGTH_BYTES)
        answer = wire.unpack(await self._received(wire.length_of(head)))
        self.idle = True
        return answer

    def end(self) -> None:
        """Kill it. It holds nothing that could be lost."""
        self.idle, self.ended = False, True
        self.socket.close()
        self.process.kill()

    async def how_it_ended(self) -> str:
        """Its exit status in words, after it has ended."""
        self.process.kill()
        code = await asyncio.to_thread(self.process.wait)
        return f"signal {-code}" if code < 0 else f"exit status {code}"

    async def _received(self, size_bytes: int) -> bytes:
        loop, received = asyncio.get_running_loop(), bytearray()
        while len(received) < size_bytes:
            try:
                piece = await loop.sock_recv(self.socket, size_bytes - len(received))
            except ConnectionError as error:
                raise _ChildGone from error
            if not piece:
                raise _ChildGone
            received += piece
        return bytes(received)


def _judged(answer: dict[str, Any]) -> Judged:
    return Judged(tuple(wire.signature_from_json(one) for one in answer["signatures"]), answer["judged_by"])
