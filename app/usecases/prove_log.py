"""Proofs that an entry is in the log, as C2SP tlog-proof with the entry's leaf as its extra data."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.audit import AuditEntry, AuditKind
from app.domain.merkle import (
    TileMissing,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tiles_for_consistency,
    tiles_for_inclusion,
    verify_inclusion,
)
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import LienThongError
from app.store import audit, checkpoints, log_reading, translog
from app.store.log_reading import Leaf
from app.store.session import ReadSession, WriteSession
from app.tlog import Checkpoint, LeafRefused, TlogError, Verifier, open_checkpoint
from app.usecases.archives import Shelf
from app.usecases.context import Caller, Context
from app.usecases.log_leaf import leaf_for
from app.usecases.log_lies import Lies

KIND: Final = "c2sp.org/tlog-proof@v1"
_NOT_ONE: Final = f"not a {KIND} with the entry as its extra data"


class NoProof(LienThongError):
    """No proof can be given: no such entry, none that covers it yet, or the log is damaged."""


class BadProof(LienThongError):
    """A proof that does not hold."""


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry's leaf, its place, the hashes upward, and the checkpoint (a note, cosignatures with it)."""

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def to_text(self) -> str:
        """The file."""
        lines = [KIND, f"extra {_base64(self.leaf)}", f"index {self.index}", *(_base64(each) for each in self.path)]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def parse(cls, text: str) -> "Proof":
        """Read one; nothing of it is verified.

        Raises:
            BadProof: not a proof with its leaf.
        """
        head, blank, checkpoint = text.partition("\n\n")
        kind, *lines = head.split("\n")
        try:
            extra, index, *path = lines
            leaf, place = _after("extra ", extra), _after("index ", index)
            hashes = tuple(base64.b64decode(line, validate=True) for line in path)
            found = cls(base64.b64decode(leaf, validate=True), int(place), hashes, checkpoint)
        except ValueError as error:
            raise BadProof(_NOT_ONE) from error
        # As it would be written: there is one way only.
        if not blank or kind != KIND or found.to_text() != text:
            raise BadProof(_NOT_ONE)
        return found


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _after(word: str, line: str) -> str:
    if not line.startswith(word):
        raise ValueError(line)
    return line.removeprefix(word)


@dataclass(frozen=True, slots=True)
class Signed:
    """The newest checkpoint and its note with all cosignatures."""

    size: int
    root: bytes
    note: str


async def newest(session: ReadSession) -> Signed:
    """The newest checkpoint.

    Raises:
        NoProof: nothing was signed yet.
    """
    held = await checkpoints.newest(session)
    if held is None:
        message = "no checkpoint was signed yet: set LIENTHONG_LOG_KEY and let a worker run"
        raise NoProof(message)
    lines = (line for _, line in await checkpoints.cosignatures(session, held.id))
    return Signed(held.size, held.root, held.note + "".join(f"{line.rstrip()}\n" for line in lines))


async def proof_of(session: ReadSession, leaf: Leaf, signed: Signed, shelf: Shelf | None = None) -> Proof:
    """The proof of an entry under a checkpoint, made from its row and the tiles, and tried before it is given.

    The row of an entry that was archived is read from its archive (``shelf``).

    Raises:
        NoProof: the entry or the log is not what was signed.
        ArchiveNeeded: it was archived, and the file is not at hand.
    """
    where = f"entry {leaf.audit_id}"
    if leaf.seq >= signed.size:
        message = f"{where} is not covered by a signed checkpoint yet; try again in a minute"
        raise NoProof(message)
    damaged = f"{where} cannot be proved: the log is not what was signed; run 'lienthong audit verify'"
    try:
        data = leaf_for(await (shelf or Shelf()).row(session, leaf))
        tiles = await translog.tiles(session, tiles_for_inclusion(leaf.seq, signed.size))
        path = inclusion_proof(leaf.seq, signed.size, tiles)
    except (LeafRefused, TileMissing, KeyError, Lies) as error:
        raise NoProof(damaged) from error
    if not verify_inclusion(leaf_hash(data), leaf.seq, signed.size, path, signed.root):
        raise NoProof(damaged)
    return Proof(data, leaf.seq, tuple(path), signed.note)


async def consistency(session: ReadSession, old_size: int, size: int) -> list[bytes]:
    """That the tree of ``size`` entries begins with that of ``old_size``, from the tiles.

    Raises:
        NoProof: a tile is missing, or the log is smaller than it was.
    """
    if old_size > size:
        message = f"the log has {size} entries, and had {old_size}: it was rolled back"
        raise NoProof(message)
    try:
        return consistency_proof(old_size, size, await translog.tiles(session, tiles_for_consistency(old_size, size)))
    except TileMissing as error:
        message = "the log is damaged: run 'lienthong audit verify'"
        raise NoProof(message) from error


async def prove(context: Context, caller: Caller, audit_id: int, correlation_id: str) -> Proof:
    """The proof of one entry. The look is on record before it is given.

    Raises:
        NoProof: there is none.
        ArchiveNeeded: it was archived, and the file is not at hand.
    """
    await note_access(context, caller, "proved", correlation_id, {"entry": audit_id})
    async with context.database.read() as session:
        signed = await newest(session)
        leaf = await log_reading.leaf_of_entry(session, audit_id)
        if leaf is None:
            message = f"entry {audit_id} is not in the log: there is none, or it is too new"
            raise NoProof(message)
        return await proof_of(session, leaf, signed, Shelf(context.retention.archive_dir))


async def note_access(
    context: Context, caller: Caller, outcome: str, correlation_id: str, detail: dict[str, object]
) -> None:
    """Put a look into the log on record."""

    async def work(session: WriteSession) -> None:
        entry = AuditEntry(
            kind=AuditKind.LOG_ACCESS,
            outcome=outcome,
            actor=caller.name,
            agency=caller.agency,
            purpose=Purpose.AUDIT.value,
            legal_basis=LEGAL_BASIS[Purpose.AUDIT],
            correlation_id=correlation_id,
            detail=detail,
        )
        await audit.append(session, [entry], await session.now())

    await context.database.run(work)


def check(text: str, verifiers: Sequence[Verifier], origin: str) -> tuple[Proof, Checkpoint]:
    """Verify a proof as an outsider would: nothing but the proof and the keys.

    Raises:
        BadProof: it does not hold; says why.
    """
    proof = Proof.parse(text)
    try:
        checkpoint, _ = open_checkpoint(proof.checkpoint, verifiers, origin)
    except TlogError as error:
        message = f"the checkpoint: {error}"
        raise BadProof(message) from error
    if not verify_inclusion(leaf_hash(proof.leaf), proof.index, checkpoint.size, proof.path, checkpoint.root):
        message = f"the entry is not what the log holds at place {proof.index}"
        raise BadProof(message)
    return proof, checkpoint


def shown(proof: Proof) -> str:
    """The entry for people to read."""
    return json.dumps(json.loads(proof.leaf), ensure_ascii=False, indent=1)
