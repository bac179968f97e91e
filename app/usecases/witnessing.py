"""Both sides of C2SP tlog-witness: others cosign our checkpoints, and we cosign theirs.

A witness is shown that the log has only grown since it last looked, and says so with its own key and time. What is
cosigned here is not put into our own audit log: two logs that witness each other would never come to rest.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.domain.merkle import EMPTY_ROOT, TileMissing, consistency_proof, tiles_for_consistency, verify_consistency
from app.store import checkpoints, translog
from app.store.checkpoints import Signed
from app.store.session import WriteSession
from app.tlog import (
    Checkpoint,
    MalformedNote,
    TlogError,
    Verifier,
    attach,
    cosign,
    open_checkpoint,
    open_note,
    parse_signatures,
    split,
)
from app.usecases.context import Context
from connectors.http import Reply

PROOF_LINES_MAX = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\n", re.ASCII)
_HASH_BYTES = 32
_CONFLICT, _OK = 409, 200
_log = structlog.get_logger(__name__)


class WitnessRefused(Exception):
    """A checkpoint that is not cosigned: the HTTP status that tlog-witness gives it, and the body."""

    def __init__(self, status: int, body: str) -> None:
        """Keep both."""
        super().__init__(body)
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request to cosign, as it was read."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str
    checkpoint: Checkpoint


async def add_checkpoint(context: Context, body: bytes) -> str:
    """Cosign the checkpoint of another log; the signature line.

    Raises:
        WitnessRefused: 404 an origin that is not witnessed here, 403 not signed by its key, 400 not readable, 409
            another size is held (the body tells it) or another root at this size, 422 a proof that shows nothing.
    """
    asked = _read(context, body)
    cosigner = context.log.cosigner
    assert cosigner is not None  # noqa: S101 - asked in _read
    async with context.database.read() as session:
        at = await session.now()
        held = await checkpoints.last_witnessed(session, asked.checkpoint.origin) or _nothing(at)
    # Checkpoints are public, so anybody can send them again: only what would be kept may wait for the writers.
    if _advances(held, asked):
        # Looked at once more, and kept, under one lock: a slow request must not roll a later one back.
        at = await context.database.run(lambda session: _advance(session, asked))
    return cosign(asked.checkpoint.to_text(), cosigner, at).line


def _read(context: Context, body: bytes) -> _Asked:
    try:
        head, _, note = body.decode("utf-8").partition("\n\n")
        lines = head.split("\n")
        old = _OLD.fullmatch(lines[0])
        proof = tuple(base64.b64decode(line, validate=True) for line in lines[1:])
        checkpoint = Checkpoint.parse(split(note)[0])
    except (UnicodeDecodeError, binascii.Error, ValueError, MalformedNote) as error:
        raise WitnessRefused(400, "not a request to cosign\n") from error
    if old is None or len(proof) > PROOF_LINES_MAX or any(len(part) != _HASH_BYTES for part in proof):
        raise WitnessRefused(400, "not a request to cosign\n")
    keys = context.log.witnessed.get(checkpoint.origin)
    if keys is None or context.log.cosigner is None:
        raise WitnessRefused(404, "this log is not witnessed here\n")
    try:
        open_checkpoint(note, keys, checkpoint.origin)
    except TlogError as error:
        raise WitnessRefused(403, "not signed by a key of this log\n") from error
    if int(old[1]) > checkpoint.size:
        raise WitnessRefused(400, "the old size is larger than the checkpoint\n")
    return _Asked(int(old[1]), proof, note, checkpoint)


async def _advance(session: WriteSession, asked: _Asked) -> datetime:
    now, new = await session.now(), asked.checkpoint
    held = await checkpoints.witnessed(session, new.origin, _nothing(now))
    if _advances(held, asked):
        await checkpoints.note_witnessed(session, new.origin, Signed(0, new.size, new.root, now, asked.note))
    return now


def _nothing(now: datetime) -> Signed:
    return Signed(0, 0, EMPTY_ROOT, now, "")


def _advances(held: Signed, asked: _Asked) -> bool:
    """Whether what is asked goes beyond what is held; False: it is held already.

    Raises:
        WitnessRefused: 409 another size is held, or another root at this size; 422 the proof shows nothing.
    """
    new = asked.checkpoint
    if held.size != asked.old_size:
        raise WitnessRefused(_CONFLICT, f"{held.size}\n")
    if held.size == new.size and held.root != new.root:
        _log.error("witnessed_log_forked", origin=new.origin, size=new.size)
        raise WitnessRefused(_CONFLICT, f"{held.size}\n")
    if not verify_consistency(held.size, held.root, new.size, new.root, asked.proof):
        _log.error("witnessed_log_inconsistent", origin=new.origin, old=held.size, size=new.size)
        raise WitnessRefused(422, "the proof does not show that the log has only grown\n")
    return new.size > held.size


async def ask_witnesses(context: Context, worker: str) -> int:
    """Hand the newest checkpoint to each witness that has not cosigned it; only who leads does. Always 0."""
    if context.witness is None or not context.log.witnesses:
        return 0
    async with context.database.read() as session:
        lease, newest = await translog.lease(session), await checkpoints.newest(session)
        have = {who for who, _ in await checkpoints.cosignatures(session, newest.id)} if newest else set()
    if newest is None or lease is None or lease.holder != worker:
        return 0
    for prefix, key in context.log.witnesses.items():
        if key.name not in have:
            await _ask(context, prefix, key, newest)
    return 0


async def _ask(context: Context, prefix: str, key: Verifier, newest: Signed) -> None:
    async with context.database.read() as session:
        known = await checkpoints.last_cosigned(session, key.name)
    old_size = known.size if known else 0
    answer = await _hand_over(context, prefix, newest, old_size)
    if answer is not None and answer.status == _CONFLICT:
        told = _SIZE.fullmatch(answer.text)
        if told is not None and int(told[1]) != old_size and int(told[1]) <= newest.size:
            answer = await _hand_over(context, prefix, newest, int(told[1]))
    if answer is None or answer.status != _OK:
        _log.warning("witness_silent", witness=key.name, status=answer.status if answer else None)
        return
    line = _cosignature(newest.note, answer.text, key)
    if line is None:
        _log.error("witness_not_believed", witness=key.name)
        return

    async def work(session: WriteSession) -> None:
        await checkpoints.put_cosignature(session, newest.id, key.name, await session.now(), line)

    await context.database.run(work)


async def _hand_over(context: Context, prefix: str, newest: Signed, old_size: int) -> Reply | None:
    assert context.witness is not None  # noqa: S101 - asked by the caller
    async with context.database.read() as session:
        tiles = await translog.tiles(session, tiles_for_consistency(old_size, newest.size))
    try:
        proof = consistency_proof(old_size, newest.size, tiles)
    except TileMissing:
        return None
    lines = [f"old {old_size}", *(base64.b64encode(part).decode() for part in proof), ""]
    body = "".join(f"{line}\n" for line in lines) + newest.note
    answer = await context.witness.add_checkpoint(prefix, body.encode())
    return answer if isinstance(answer, Reply) else None


def _cosignature(note: str, answer: str, key: Verifier) -> str | None:
    """The witness's own line, if it is on this checkpoint; lines of others are passed over."""
    try:
        opened = open_note(attach(note, parse_signatures(answer)), [key])
    except TlogError:
        return None
    return opened.signatures[0].signature.line
