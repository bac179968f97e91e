"""Signed checkpoints held against their notes: our signature, and the lines of witnesses below it."""

from collections.abc import Collection, Sequence

from app.domain.log_check import Finding, Lie
from app.store import checkpoints
from app.store.checkpoints import Signed
from app.store.session import ReadSession
from app.tlog import Checkpoint, KeyKind, TlogError, Verifier, open_checkpoint
from app.usecases.log_lies import Lies


class Marks:
    """The keys that checkpoints are opened with, and the witnesses that were met."""

    def __init__(self, verifiers: tuple[Verifier, ...], origin: str, earlier: Collection[str] = ()) -> None:
        """Take the keys, the name of the log, and those that it has had."""
        self.verifiers = verifiers
        self.origin = origin
        self.earlier = earlier
        self.witnesses: set[str] = set()

    def open(self, mark: Signed, lines: str = "") -> Checkpoint:
        """Open a checkpoint as it stands, with more lines below its note.

        Raises:
            Lies: it is forged.
        """
        words = f"checkpoint {mark.id} over {mark.size} entries is forged: "
        try:
            checkpoint, opened = open_checkpoint(mark.note + lines, self.verifiers, self.origin, self.earlier)
        except TlogError as error:
            raise Lies(Finding(Lie.FORGED_CHECKPOINT, f"{words}{error}", seq=mark.size)) from error
        if (checkpoint.size, checkpoint.root) != (mark.size, mark.root):
            words += "its note says something else"
            raise Lies(Finding(Lie.FORGED_CHECKPOINT, words, seq=mark.size))
        self.witnesses |= {each.verifier.name for each in opened.signatures if each.at is not None}
        return checkpoint

    async def cosigned(self, session: ReadSession, marks: Sequence[Signed]) -> None:
        """Open the witnesses' lines under these checkpoints, as far as their keys are known.

        Raises:
            Lies: one of them is forged.
        """
        if not any(verifier.kind is KeyKind.COSIGNATURE_V1 for verifier in self.verifiers):
            return
        for mark in marks:
            lines = [line for _, line in await checkpoints.cosignatures(session, mark.id)]
            if lines:
                self.open(mark, "".join(f"{line.rstrip()}\n" for line in lines))
