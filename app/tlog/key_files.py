"""Files that hold one private key each: made, read and rotated so that nobody else ever reads one."""

import os
from pathlib import Path

from app.sealing import SecretFileRefused, files
from app.tlog.errors import KeyFileRefused, MalformedKey
from app.tlog.keys import KeyKind, Signer, Verifier, generate


def create(path: Path, name: str, kind: KeyKind = KeyKind.ED25519) -> Verifier:
    """Make a key, write it to a new file that only its owner may read, and give its public half.

    Raises:
        KeyFileRefused: the file is there already, or cannot be written.
        MalformedKey: a name that a key may not have.
    """
    text = generate(name, kind)
    try:
        files.create(path, text)
    except SecretFileRefused as error:
        raise KeyFileRefused(str(error)) from error
    return Signer.parse(text).verifier


def load_signer(path: Path) -> Signer:
    """Read the private key.

    Raises:
        KeyFileRefused: no such file, or its group or anybody may read, write or run it.
        MalformedKey: what is in it is not one key; nothing of it is in the message.
    """
    try:
        texts = files.read(path)
    except SecretFileRefused as error:
        raise KeyFileRefused(str(error)) from error
    if len(texts) != 1:
        message = f"{path}: a key file holds one private key"
        raise MalformedKey(message)
    return Signer.parse(texts[0])


def rotate(path: Path, public_path: Path) -> Verifier:
    """Put a new key of the same name and kind in place of the old one, which stays in ``public_path`` as a verifier.

    The public halves are written first: a crash between leaves one too many there, never one too few.

    Raises:
        KeyFileRefused: the old key cannot be read, or the new one not be written.
    """
    old = load_signer(path).verifier
    fresh_path = path.with_name(f"{path.name}.new")
    fresh_path.unlink(missing_ok=True)
    fresh = create(fresh_path, old.name, old.kind)
    try:
        held = public_path.read_text(encoding="utf-8").splitlines() if public_path.exists() else []
        with public_path.open("a", encoding="utf-8") as file:
            file.writelines(f"{each.vkey}\n" for each in (old, fresh) if each.vkey not in held)
            file.flush()
            os.fsync(file.fileno())
        fresh_path.replace(path)
    except OSError as error:
        message = f"the key cannot be rotated: {error.strerror or type(error).__name__}"
        raise KeyFileRefused(message) from error
    return fresh
