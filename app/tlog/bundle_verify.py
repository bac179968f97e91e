# ruff: noqa: T201 - it prints what it checked
"""Kiểm tra gói nhật ký này / Verify this bundle of the audit log: ``python verify.py``.

Needs Python >= 3.11 and ``cryptography``; no network. Formats: RFC 6962; C2SP tlog-checkpoint, -cosignature, -proof.
"""

import argparse
import hashlib
import json
import sys
from base64 import b64decode
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Keys = list[tuple[str, int, bytes, bytes]]  # name, algorithm (1: the log's, 4: a witness's), id, public key
Head = tuple[str, int, bytes]  # origin, size, root


class DoesNotHoldError(Exception):
    """What was checked does not hold; says what."""


def need(holds: object, words: str) -> None:
    """Raise ``DoesNotHoldError`` with ``words`` unless it holds."""
    if not holds:
        raise DoesNotHoldError(words)


def walk(index: int, last: int, start: tuple[bytes, bytes], path: list[str]) -> tuple[bytes, bytes]:
    """RFC 9162, 2.1.3.2 and 2.1.4.2: climb from ``index``; the roots of the tree up to there, and up to ``last``."""
    old, new = start
    for sibling in (b64decode(line, validate=True) for line in path):
        need(last, "a proof is too long")
        if index & 1 or index == last:
            old, new = (hashlib.sha256(b"\x01" + sibling + root).digest() for root in (old, new))
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            new = hashlib.sha256(b"\x01" + new + sibling).digest()
        index, last = index >> 1, last >> 1
    need(last == 0, "a proof is too short")
    return old, new


def check_consistency(old: Head, new: Head, path: list[str]) -> None:
    """The log of the older checkpoint is the beginning of the newer one's."""
    need(old[0] == new[0], f"the older checkpoint is of another log: {old[0]}")
    need(old[1] <= new[1], f"the log was rolled back: it had {old[1]} entries, and has {new[1]} now")
    if old[1] in {0, new[1]}:
        need(old[1] == 0 or old[2] == new[2], "history was rewritten: the same size, another root")
        return
    index, last, start = old[1] - 1, new[1] - 1, old[2]
    while index & 1:
        index, last = index >> 1, last >> 1
    if index:
        need(path, f"nothing proves that the log of {old[1]} entries lives on in this one of {new[1]}")
        start, path = b64decode(path[0], validate=True), path[1:]
    need(walk(index, last, (start, start), path) == (old[2], new[2]), "history was rewritten since then")


def read_keys(text: str) -> Keys:
    """Verifier keys, one a line: ``name+id+base64(algorithm, public key)``."""
    keys: Keys = []
    for name, key_id, coded in (line.split("+", 2) for line in text.split()):
        raw = b64decode(coded, validate=True)
        need(hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] == key_id, f"not a verifier key: {name}")
        keys.append((name, raw[0], bytes.fromhex(key_id), raw[1:]))
    return keys


def open_checkpoint(note: str, keys: Keys) -> tuple[Head, list[str]]:
    """A checkpoint that its log has signed, and the known witnesses who signed it too."""
    text, _, signatures = note.partition("\n\n")
    signers: set[tuple[int, str]] = set()
    for name, coded in (line.removeprefix("— ").split(" ") for line in signatures.splitlines()):
        raw = b64decode(coded, validate=True)
        for known, algorithm, key_id, public in keys:
            if (known, key_id) == (name, raw[:4]):
                time = f"cosignature/v1\ntime {int.from_bytes(raw[4:12])}\n" if algorithm == 4 else ""  # noqa: PLR2004
                try:
                    Ed25519PublicKey.from_public_bytes(public).verify(raw[-64:], f"{time}{text}\n".encode())
                except InvalidSignature as error:
                    raise DoesNotHoldError(f"forged checkpoint: not signed by {name}") from error  # noqa: EM102, TRY003
                signers.add((algorithm, name))
    origin, size, root, *_ = text.split("\n")
    need((1, origin) in signers, "forged checkpoint: no trusted key of the log has signed it")
    return (origin, int(size), b64decode(root, validate=True)), sorted(name for kind, name in signers if kind != 1)


def check_proof(text: str, keys: Keys) -> tuple[int, bytes, str]:
    """The place, the bytes and the checkpoint of an entry that is proved to be in the log."""
    proof, _, note = text.partition("\n\n")
    kind, extra, place, *path = proof.split("\n")
    need(kind == "c2sp.org/tlog-proof@v1" and extra[:6] + place[:6] == "extra index ", "not a proof with its entry")
    leaf, index, (head, _) = b64decode(extra[6:], validate=True), int(place[6:]), open_checkpoint(note, keys)
    need(0 <= index < head[1], f"place {index} is not in the log")
    start = hashlib.sha256(b"\x00" + leaf).digest()
    root = walk(index, head[1] - 1, (start, start), path)[1]
    need(root == head[2], f"entry {json.loads(leaf)['id']} is not what the log holds at place {index}")
    return index, leaf, note


def check_bundle(folder: Path, keys: Keys, older: Path | None) -> None:
    """Everything in an unpacked bundle; ``older``: a checkpoint, or an unpacked bundle, held since before."""
    note = (folder / "checkpoint.txt").read_bytes().decode()
    head, witnesses = open_checkpoint(note, keys)
    wanted, proved = json.loads((folder / "bundle.json").read_bytes())["selection"], {}
    for file in (folder / "proofs").iterdir():
        index, leaf, its_note = check_proof(file.read_bytes().decode(), keys)
        need(its_note == note, f"{file.name} speaks of another checkpoint")
        need(wanted.items() <= json.loads(leaf).items(), f"{file.name} is not about {wanted}")
        proved[index] = leaf
    shown = (folder / "entries.ndjson").read_bytes().split(b"\n")[:-1]
    need(shown == [proved[index] for index in sorted(proved)], "entries.ndjson shows other entries than are proved")
    print(f"{head[0]}: {head[1]} mục / entries in the log; nhân chứng / witnesses: {', '.join(witnesses) or '0'}")
    print(f"{wanted}: {len(shown)} mục được chứng minh / entries proved")
    if older is not None:
        file, path = older / "checkpoint.txt" if older.is_dir() else older, folder / "consistency.txt"
        old = open_checkpoint(file.read_bytes().decode(), keys)[0]
        check_consistency(old, head, path.read_text().split() if path.exists() else [])
        told = (older / "entries.ndjson").read_bytes().split(b"\n")[:-1] if older.is_dir() else []
        gone = [json.loads(leaf)["id"] for leaf in told if leaf not in set(shown)]
        need(not gone, f"entries that the older bundle holds are kept back: {gone[:9]}")
        print(f"{old[1]} mục cũ còn nguyên / entries of the older checkpoint stand unchanged")


def main() -> None:
    """Check and tell; exit code 1 when something does not hold."""
    parser = argparse.ArgumentParser(description="Kiểm tra gói nhật ký / verify a bundle of the audit log")
    parser.add_argument("what", nargs="?", type=Path, default=Path(__file__).parent, help="a folder, or one proof")
    parser.add_argument("--key", action="append", help="a verifier key to trust, instead of those in the bundle")
    parser.add_argument("--older", type=Path, help="a checkpoint or an unpacked bundle that was held since before")
    wanted = parser.parse_args()
    try:
        text = "\n".join(wanted.key or [(Path(__file__).parent / "keys.txt").read_text()])
        print(f"Khóa, hãy đối chiếu với khóa đã công bố / keys, compare them with those published:\n{text.strip()}")
        if wanted.what.is_dir():
            check_bundle(wanted.what, read_keys(text), wanted.older)
        else:
            print(check_proof(wanted.what.read_bytes().decode(), read_keys(text))[1].decode())
    except (DoesNotHoldError, OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        sys.exit(f"SAI / DOES NOT HOLD: {error}")
    print("ĐÚNG / ALL HOLDS")


if __name__ == "__main__":
    main()
