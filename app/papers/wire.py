"""What the bench and its child processes say to each other: JSON behind four bytes of length, over a socket.

Pure: bytes and values only. The sockets are in :mod:`app.papers.bench` and :mod:`app.papers.worker`.
"""

import json
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final

from app.domain.documents import FileKind, Signature, SignerKind, Verdict
from app.papers.kinds import Examined
from app.papers.limits import Limits

LENGTH_BYTES: Final = 4
MESSAGE_BYTES_MAX: Final = 16 * 2**20

_TIMES: Final = ("signed_at", "valid_from", "valid_to")
_KINDS: Final = ("component_kinds", "result_kinds")


def pack(message: dict[str, Any]) -> bytes:
    """A message as it goes over the socket."""
    body = json.dumps(message).encode()
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def length_of(head: bytes) -> int:
    """Bytes of the message that follows. Raises ValueError for one that nobody sends."""
    length = int.from_bytes(head, "big")
    if not 0 < length <= MESSAGE_BYTES_MAX:
        message = f"a message of {length} bytes"
        raise ValueError(message)
    return length


def unpack(body: bytes) -> dict[str, Any]:
    """The message in a body. Raises ValueError when it is not an object of JSON."""
    message = json.loads(body)
    if not isinstance(message, dict):
        text = "a message is an object"
        raise ValueError(text)  # noqa: TRY004 - one error for all that is no message
    return message


def signature_to_json(signature: Signature) -> dict[str, Any]:
    """A signature as plain JSON values; times in ISO 8601 with their offset."""
    values = asdict(signature)
    return values | {name: values[name] and values[name].isoformat() for name in _TIMES}


def signature_from_json(values: dict[str, Any]) -> Signature:
    """The signature that ``signature_to_json`` gave. Raises ValueError, TypeError or KeyError on anything else."""
    times = {name: values[name] and datetime.fromisoformat(values[name]) for name in _TIMES}
    kind, verdict = SignerKind(values["kind"]), Verdict(values["verdict"])
    return Signature(**values | times | {"kind": kind, "verdict": verdict})


def examined_to_json(examined: Examined) -> dict[str, Any]:
    """What a file was found to be, as plain JSON values."""
    return asdict(examined)


def examined_from_json(values: dict[str, Any]) -> Examined:
    """What ``examined_to_json`` was given. Raises ValueError, TypeError or KeyError on anything else."""
    return Examined(**values | {"kind": FileKind(values["kind"])})


def limits_to_json(limits: Limits) -> dict[str, Any]:
    """Limits as plain JSON values."""
    values = {one.name: getattr(limits, one.name) for one in fields(limits)}
    return values | {name: sorted(values[name]) for name in _KINDS}


def limits_from_json(values: dict[str, Any]) -> Limits:
    """The limits that ``limits_to_json`` gave. Raises ValueError, TypeError or KeyError on anything else."""
    return Limits(**values | {name: frozenset(map(FileKind, values[name])) for name in _KINDS})
