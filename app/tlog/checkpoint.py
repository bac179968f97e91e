"""Checkpoints (C2SP tlog-checkpoint): which log, how many entries, which root."""

import base64
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from app.domain.tiles import HASH_BYTES, SIZE_MAX
from app.tlog.errors import MalformedNote, NoKnownSignature
from app.tlog.keys import KeyKind, Verifier, strict_base64
from app.tlog.note import Opened, check_text, open_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LINES_MIN = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head; ``root`` has 32 bytes. Extension lines are kept as they came and mean nothing to us."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what has no text form.

        Raises:
            MalformedNote: an empty line, a newline within one, a size or a root that no tree has.
        """
        if any(not line or "\n" in line for line in (self.origin, *self.extensions)):
            message = "the lines of a checkpoint are not empty"
            raise MalformedNote(message)
        if not 0 <= self.size <= SIZE_MAX or len(self.root) != HASH_BYTES:
            message = "a size is 0 to 2**63 - 1, a root 32 bytes"
            raise MalformedNote(message)
        check_text(self.to_text())

    def to_text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a note; its signatures are not looked at.

        Raises:
            MalformedNote: not a checkpoint.
        """
        origin, *rest = check_text(text).removesuffix("\n").split("\n")
        root = strict_base64(rest[1]) if 1 + len(rest) >= _LINES_MIN else None
        if root is None or not _SIZE.fullmatch(rest[0]):
            message = "a checkpoint is origin, size and root, a line each"
            raise MalformedNote(message)
        return cls(origin, int(rest[0]), root, tuple(rest[2:]))


def open_checkpoint(
    note: str | bytes, verifiers: Iterable[Verifier], origin: str, earlier: Collection[str] = ()
) -> tuple[Checkpoint, Opened]:
    """Verify a checkpoint of the log ``origin``: signed by the log itself; cosignatures of known witnesses come along.

    ``earlier`` are names under which it was kept before; what it signed as one of them counts as well.

    Raises:
        MalformedNote: not a signed checkpoint, or another log's.
        BadSignature: a known key's signature does not verify.
        NoKnownSignature: no known key under the log's name signed it; witnesses alone do not make it the log's.
    """
    opened = open_note(note, verifiers)
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.origin not in {origin, *earlier}:
        message = "the checkpoint is another log's"
        raise MalformedNote(message)
    signers = [each.verifier for each in opened.signatures]
    if not any(each.name == checkpoint.origin and each.kind is KeyKind.ED25519 for each in signers):
        message = "the log itself has not signed this checkpoint with a known key"
        raise NoKnownSignature(message)
    return checkpoint, opened
