"""A child process of the bench: opens one file after the other and answers what it is.

It has nothing but a socket to its parent, a bounded memory, and a clock that ends it. What it opens may make it crash;
the parent sees that, and starts another. Start it through :mod:`app.papers.bench`.
"""

import contextlib
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable
from datetime import datetime
from io import BufferedReader
from typing import Any, Final

from app.domain.documents import FileFault, FileKind, Judged, Role
from app.errors import ConfigurationError
from app.papers import wire
from app.papers.errors import FileRefused
from app.papers.limits import Limits

# The parent's clock comes first; this one is for a child whose parent is gone.
_GRACE_SECONDS: Final = 5.0
_PDF: Final = b"%PDF-"

_Judge = Callable[[BufferedReader, datetime], Judged]


def main(descriptor: int) -> None:
    """Serve the parent at the other end of a socket until it closes it."""
    # Ctrl-C in a terminal reaches the whole group: the parent decides what ends when.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What libraries say about a stranger's file is in the answer; in a log it would be the stranger's own words.
    logging.disable(logging.CRITICAL)
    with socket.socket(fileno=descriptor) as parent, contextlib.suppress(ConnectionError):
        setup = _received(parent)
        if setup is None:
            return
        limits = wire.limits_from_json(setup[0]["limits"])
        try:
            judge = _judge_by(setup[0]["trust"])
        except ConfigurationError as error:
            parent.sendall(wire.pack({"failed": str(error)}))
            return
        _bound_memory(limits.memory_bytes_max)
        parent.sendall(wire.pack({"ready": True}))
        while (request := _received(parent)) is not None:
            signal.setitimer(signal.ITIMER_REAL, limits.seconds_max + _GRACE_SECONDS)
            answer = _answer(*request, limits, judge)
            signal.setitimer(signal.ITIMER_REAL, 0)
            parent.sendall(wire.pack(answer))


def _received(parent: socket.socket) -> tuple[dict[str, Any], int] | None:
    """The next message and the descriptor sent along (-1 without one); None when the parent is gone."""
    head, descriptors, _, _ = socket.recv_fds(parent, wire.LENGTH_BYTES, 1)
    if len(head) < wire.LENGTH_BYTES:
        return None
    left, body = wire.length_of(head), bytearray()
    while len(body) < left:
        piece = parent.recv(left - len(body))
        if not piece:
            return None
        body += piece
    return wire.unpack(bytes(body)), descriptors[0] if descriptors else -1


def _answer(request: dict[str, Any], descriptor: int, limits: Limits, judge: _Judge) -> dict[str, Any]:
    try:
        with _own(descriptor) as file:
            return _done(request, file, limits, judge)
    except FileRefused as refused:
        return {"refused": refused.fault, "detail": refused.detail}
    except MemoryError:
        return {"refused": FileFault.BOMB, "detail": "judging the file takes more than the memory there is"}
    except Exception as error:  # noqa: BLE001 - edge: whatever a stranger's file brings about is that file's fault
        return {"refused": FileFault.DAMAGED, "detail": f"the file cannot be read: {type(error).__name__}: {error}"}


def _done(request: dict[str, Any], file: BufferedReader, limits: Limits, judge: _Judge) -> dict[str, Any]:
    from app.papers.examine import examine  # noqa: PLC0415 - the parent imports this module's package, not its weight

    answer: dict[str, Any] = {}
    at = datetime.fromisoformat(request["at"])
    file.seek(0)
    is_pdf = file.read(len(_PDF)) == _PDF
    if request["role"] is not None:
        examined = examine(file, limits, Role(request["role"]))
        is_pdf = examined.kind is FileKind.PDF
        answer["examined"] = wire.examined_to_json(examined)
    judged = judge(file, at) if is_pdf else Judged()
    signatures = [wire.signature_to_json(one) for one in judged.signatures]
    return answer | {"signatures": signatures, "judged_by": dict(judged.judged_by)}


def _own(descriptor: int) -> BufferedReader:
    """The sent file, with a position of its own where the system can: a sent descriptor shares that of the parent."""
    try:
        opened = open(f"/proc/self/fd/{descriptor}", "rb")  # noqa: PTH123, SIM115 - a descriptor, and the caller closes it
    except OSError:
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    return opened


def _judge_by(settings: str | None) -> _Judge:
    """How signatures are judged; without trust they are not. Raises ConfigurationError for trust that cannot be read.

    What only a file needs is imported here, before memory is bounded and the clock runs.
    """
    import app.papers.examine  # noqa: F401, PLC0415 - pays for the import at the start

    if settings is None:
        return lambda _file, _at: Judged()
    from app.papers.pdf import to_its_end  # noqa: PLC0415 - as above
    from app.papers.signatures import judge  # noqa: PLC0415 - only with trust: it takes half a second
    from app.papers.trust import TrustKeeper, TrustSettings  # noqa: PLC0415 - as above

    keeper = TrustKeeper(TrustSettings.from_json(settings))

    def by_trust_of_now(file: BufferedReader, at: datetime) -> Judged:
        trust = keeper.now()
        return Judged(judge(to_its_end(file), trust, at), trust.described())

    return by_trust_of_now


def _bound_memory(size_bytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = size_bytes if hard == resource.RLIM_INFINITY else min(size_bytes, hard)
    # Systems without this bound say so; there the parent's clock is what ends a bomb.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (bound, hard))
