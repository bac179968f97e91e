# ruff: noqa: T201 - it prints what it checked
"""Kiểm tra biên nhận / Verify a receipt of a disclosure: ``python receipt_verify.py FILE KEY [OLD KEY …]``.

Needs Python >= 3.11 and ``cryptography``; no network. KEY is what the log has published. Format: ``docs/audit.md``.
"""

import hashlib
import json
import sys
from base64 import b64decode
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TOLD = {"entry": "id", "at": "at", "who": "actor", "agency": "agency", "unit": "unit_code", "provider": "provider"}
TOLD |= {"dossier": "dossier_code", "procedure": "procedure_code", "purpose": "purpose", "legal_basis": "legal_basis"}


def need(holds: object, words: str) -> None:
    """Raise ``ValueError`` with ``words`` unless it holds."""
    if not holds:
        raise ValueError(words)


def sha256(data: bytes) -> bytes:
    """The hash that the tree is made of."""
    return hashlib.sha256(data).digest()


def open_note(note: str, keys: list[str]) -> str:
    """The text of a note that one of these keys has signed."""
    text, _, signatures = note.rpartition("\n\n")
    signed = [line.removeprefix("— ").split(" ") for line in signatures.splitlines()]
    for name, key_id, coded in (key.split("+", 2) for key in keys):
        public = b64decode(coded, validate=True)
        need(public[0] == 1 and sha256(name.encode() + b"\n" + public).hex()[:8] == key_id, "not a key of a log")
        for raw in (b64decode(blob, validate=True) for signer, blob in signed if signer == name):
            if raw[:4].hex() == key_id:
                Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], f"{text}\n".encode())
                return text
    raise InvalidSignature


def check(note: str, keys: list[str]) -> dict[str, object]:
    """What a receipt tells, when all of it holds."""
    head, proof, checkpoint = open_note(note, keys).split("\n\n", 2)
    kind, _, told = head.partition("\n")
    need(kind == "lienthong-receipt@1", "not a receipt")
    lines, found = proof.split("\n"), json.loads(told)
    named = dict(line.split(" ") for line in lines if " " in line)
    # The signatures of a checkpoint end the receipt's text: its last newline was cut with the receipt's own.
    origin, size, root, *_ = open_note(f"{checkpoint}\n", keys).split("\n")
    need({origin} == {key.partition("+")[0] for key in keys}, "the checkpoint is another log's")
    at = b64decode(named["leaf-hash"])
    if "leaf" in named:
        leaf = b64decode(named["leaf"])
        need(sha256(b"\x00" + leaf) == at, "the entry is not the one that is proved")
        need(all(found.get(a) == json.loads(leaf).get(b) for a, b in TOLD.items()), "it tells other than the entry")
    index, last = int(named["index"]), int(size) - 1
    need(0 <= index <= last, "not in the log")
    for sibling in (b64decode(line) for line in lines if " " not in line):  # RFC 9162, 2.1.3.2
        need(last, "the proof is too long")
        if index & 1 or index == last:
            at = sha256(b"\x01" + sibling + at)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            at = sha256(b"\x01" + at + sibling)
        index, last = index >> 1, last >> 1
    need(last == 0 and at == b64decode(root), "the entry is not what the log holds")
    return dict(found)


if __name__ == "__main__":
    try:
        print(json.dumps(check(Path(sys.argv[1]).read_text("utf-8"), sys.argv[2:]), ensure_ascii=False, indent=1))
        print("ĐÚNG / HOLDS")
    except (InvalidSignature, ValueError, KeyError, IndexError) as error:
        print(f"KHÔNG ĐÚNG / DOES NOT HOLD: {error!r}")
        sys.exit(1)
