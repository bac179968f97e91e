"""Sign what the log has become, and only when it has grown out of everything that was signed before.

A database that was rolled back or written anew is not signed: what was signed last is also kept in a file beside the
key, so that a database cannot forget it.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from app.domain.events import EventKind
from app.domain.merkle import (
    EMPTY_ROOT,
    TileMissing,
    consistency_proof,
    root_at,
    tiles_for_consistency,
    tiles_for_root,
    verify_consistency,
)
from app.store import checkpoints, translog
from app.store import events as event_store
from app.store.session import ReadSession, WriteSession
from app.tlog import Checkpoint, TlogError, open_checkpoint, sign
from app.usecases import log_guard
from app.usecases.context import Context, LogPolicy

_log = structlog.get_logger(__name__)


class NotSigned(Exception):
    """What the database holds is not what was signed before; ``reason`` says how."""

    def __init__(self, reason: str) -> None:
        """Keep the reason: a word for the event and the log."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Made:
    """A new checkpoint, and its note."""

    checkpoint: Checkpoint
    note: str


async def sign_if_due(context: Context, session: WriteSession, size: int, now: datetime) -> Made | None:
    """Sign a tree of ``size`` entries in the caller's transaction; None: not due, nobody signs here, or refused.

    A refusal begins the event ``log_broken``; the next good signature ends it.
    """
    policy = context.log
    newest = await checkpoints.newest(session)
    if policy.signer is None or not is_due(policy, newest, size, now):
        return None
    try:
        made = await _sign(policy, session, newest, size)
    except NotSigned as refused:
        detail: dict[str, object] = {"reason": refused.reason, "size": size}
        if await log_guard.tell(session, EventKind.LOG_BROKEN, detail, started=True):
            _log.error("log_not_signed", signed_size=newest.size if newest else 0, **detail)
        return None
    await checkpoints.put(session, size, made.checkpoint.root, now, made.note)
    if await event_store.is_open(session, EventKind.LOG_BROKEN, log_guard.SUBJECT):
        await log_guard.tell(session, EventKind.LOG_BROKEN, {"size": size}, started=False)
    return made


def is_due(policy: LogPolicy, newest: checkpoints.Signed | None, size: int, now: datetime) -> bool:
    """Whether there is something to sign, and time to: at once when nothing is signed, or more was than there is."""
    if policy.signer is None or size == (newest.size if newest else 0):
        return False
    if newest is None or size < newest.size:
        return True
    # A clock that was set back must not put the next signature off.
    return not 0 <= (now - newest.at).total_seconds() < policy.checkpoint_seconds


async def _sign(policy: LogPolicy, session: WriteSession, newest: checkpoints.Signed | None, size: int) -> Made:
    assert policy.signer is not None  # noqa: S101 - asked by the caller
    earlier = []
    if newest is not None:
        held = _opened(policy, newest.note, "forged")
        if (held.size, held.root) != (newest.size, newest.root):
            message = "forged"
            raise NotSigned(message)
        earlier.append(held)
    remembered = recall(policy)
    if remembered is not None:
        earlier.append(_opened(policy, remembered, "memory_unreadable"))
    root = await _root(session, size, earlier)
    checkpoint = Checkpoint(policy.origin, size, root)
    return Made(checkpoint, sign(checkpoint.to_text(), policy.signer))


def _opened(policy: LogPolicy, note: str, reason: str) -> Checkpoint:
    try:
        return open_checkpoint(note, policy.verifiers, policy.origin, policy.earlier)[0]
    except TlogError as error:
        raise NotSigned(reason) from error


async def broken(policy: LogPolicy, session: ReadSession) -> str | None:
    """Why the tree does not continue what this machine signed last; None: it does, or nothing is known of it."""
    try:
        note = recall(policy)
        if note is not None:
            await _root(session, (await translog.head(session)).size, [_opened(policy, note, "memory_unreadable")])
    except NotSigned as refused:
        return refused.reason
    return None


async def _root(session: ReadSession, size: int, earlier: list[Checkpoint]) -> bytes:
    """The root of the tree, if it has grown out of each of these."""
    if any(old.size > size for old in earlier):
        reason = "rolled_back"
        raise NotSigned(reason)
    wanted = tiles_for_root(size).union(*(tiles_for_consistency(old.size, size) for old in earlier))
    try:
        tiles = await translog.tiles(session, wanted)
        root = root_at(size, tiles) if size else EMPTY_ROOT
        proofs = [consistency_proof(old.size, size, tiles) for old in earlier]
    except TileMissing as error:
        reason = "tile_missing"
        raise NotSigned(reason) from error
    for old, proof in zip(earlier, proofs, strict=True):
        if not verify_consistency(old.size, old.root, size, root, proof):
            reason = "rewritten"
            raise NotSigned(reason)
    return root


def recall(policy: LogPolicy) -> str | None:
    """What was signed last by this machine; None: nothing, or no memory is kept.

    Raises:
        NotSigned: there is a memory and it cannot be read.
    """
    if policy.memory is None:
        return None
    try:
        return policy.memory.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        reason = "memory_unreadable"
        raise NotSigned(reason) from error


def remembered_size(policy: LogPolicy) -> int:
    """How many entries were signed by this machine; 0: none, or no memory is kept.

    Raises:
        NotSigned: there is a memory and it cannot be read.
    """
    note = recall(policy)
    return 0 if note is None else _opened(policy, note, "memory_unreadable").size


def remember(policy: LogPolicy, note: str) -> None:
    """Keep what was signed and committed; a crash before leaves an older one, which holds as well."""
    if policy.memory is None:
        return
    try:
        _replace(policy.memory, note)
    except OSError as error:
        # It is the second net: without it the database and the witnesses still remember.
        _log.error("log_memory_not_written", file=str(policy.memory), error=error.strerror)


def _replace(path: Path, content: str) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
