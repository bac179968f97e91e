"""Receipts: one disclosure, told to whom it is about, signed by the log, with the proof that it is on record.

A receipt is a signed note (C2SP) of the log's own key. Its text is a first line that no checkpoint has, what is told as
JSON, the entry's leaf hash with its way up the tree, and the checkpoint (a note in itself), a blank line between each:

    lienthong-receipt@1
    {…}

    leaf-hash <base64>
    leaf <base64>          only where the case is the person's own: then what is told is held to it
    index <number>
    <base64>               the hashes upward, a line each

    <checkpoint, blank line, its signatures>

    — <log> <signature>
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.domain.merkle import leaf_hash, verify_inclusion
from app.tlog.checkpoint import Checkpoint, open_checkpoint
from app.tlog.errors import BadReceipt
from app.tlog.keys import KeyKind, Signer, Verifier, strict_base64
from app.tlog.note import open_note, sign

KIND: Final = "lienthong-receipt@1"
#: What is told, by the name that it has in the entry.
FROM_ENTRY: Final = MappingProxyType(
    {
        "entry": "id",
        "at": "at",
        "who": "actor",
        "agency": "agency",
        "unit": "unit_code",
        "provider": "provider",
        "dossier": "dossier_code",
        "procedure": "procedure_code",
        "purpose": "purpose",
        "legal_basis": "legal_basis",
    }
)
_PARTS = 4


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is told, and the proof; ``leaf`` is None where the entry names another's case."""

    told: Mapping[str, object]
    leaf_hash: bytes
    leaf: bytes | None
    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def to_text(self) -> str:
        """The text that is signed."""
        told = json.dumps(self.told, ensure_ascii=False, indent=1)
        lines = [f"leaf-hash {_base64(self.leaf_hash)}"]
        if self.leaf is not None:
            lines.append(f"leaf {_base64(self.leaf)}")
        lines += [f"index {self.index}", *map(_base64, self.path)]
        return "\n\n".join([f"{KIND}\n{told}", "\n".join(lines), self.checkpoint])

    @classmethod
    def parse(cls, text: str) -> "Receipt":
        """Read the text of a note; nothing of it is verified.

        Raises:
            BadReceipt: not a receipt.
        """
        parts = text.split("\n\n")
        if len(parts) != _PARTS or not parts[0].startswith(f"{KIND}\n"):
            raise BadReceipt(_NOT_ONE)
        lines = parts[1].split("\n")
        named = dict(line.partition(" ")[::2] for line in lines if " " in line)
        try:
            leaf = _bytes(named["leaf"]) if "leaf" in named else None
            path = tuple(_bytes(line) for line in lines if " " not in line)
            hashed, index = _bytes(named["leaf-hash"]), int(named["index"])
            told = json.loads(parts[0].removeprefix(KIND))
            found = cls(told, hashed, leaf, index, path, "\n\n".join(parts[2:]))
            # As it would be written: there is one way only.
            if not isinstance(told, dict) or found.to_text() != text:
                raise BadReceipt(_NOT_ONE)
        except (KeyError, ValueError, RecursionError) as error:
            raise BadReceipt(_NOT_ONE) from error
        return found


_NOT_ONE: Final = f"not a {KIND}"


def issue(receipt: Receipt, signer: Signer) -> str:
    """The receipt, signed.

    Raises:
        MalformedNote: what is told cannot stand in a note.
    """
    return sign(receipt.to_text(), signer)


def check(note: str | bytes, verifiers: Iterable[Verifier], origin: str) -> tuple[Receipt, Checkpoint]:
    """Verify a receipt as an outsider would: nothing but the receipt and the keys.

    Raises:
        TlogError: it does not hold; says why. ``BadReceipt`` where the note is good and the proof is not.
    """
    known = tuple(verifiers)
    opened = open_note(note, known)
    # A witness speaks for checkpoints only.
    if not any(each.verifier.kind is KeyKind.ED25519 and each.verifier.name == origin for each in opened.signatures):
        message = f"the log {origin} has not signed this receipt with a known key"
        raise BadReceipt(message)
    receipt = Receipt.parse(opened.text)
    checkpoint, _ = open_checkpoint(receipt.checkpoint, known, origin)
    if receipt.leaf is not None:
        _hold_to_leaf(receipt, receipt.leaf)
    if not verify_inclusion(receipt.leaf_hash, receipt.index, checkpoint.size, receipt.path, checkpoint.root):
        message = f"the entry is not what the log holds at place {receipt.index}"
        raise BadReceipt(message)
    return receipt, checkpoint


def _hold_to_leaf(receipt: Receipt, leaf: bytes) -> None:
    if leaf_hash(leaf) != receipt.leaf_hash:
        message = "the entry in the receipt is not the one that is proved"
        raise BadReceipt(message)
    try:
        entry = dict(json.loads(leaf))
    except (ValueError, TypeError, RecursionError) as error:
        message = "the entry in the receipt cannot be read"
        raise BadReceipt(message) from error
    for name, column in FROM_ENTRY.items():
        if receipt.told.get(name) != entry.get(column):
            message = f"what the receipt tells differs from the entry: {name}"
            raise BadReceipt(message)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    found = strict_base64(text)
    if found is None:
        raise ValueError(text)
    return found
