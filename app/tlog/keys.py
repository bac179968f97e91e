"""Keys of the log and of its witnesses: Ed25519, in the text forms of C2SP signed-note and of Go's note package.

A public key is ``<name>+<hex key id>+<base64(kind || key)>``, a private one has ``PRIVATE+KEY+`` before it and the
seed in place of the key. A private key is in a file of its own that nobody else may read: never in the database, a
log line, a repr or an exception. The newest key signs; the public halves of older ones stay in a list that verifies.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.tlog.errors import MalformedKey

_PRIVATE = "PRIVATE+KEY+"
_KEY_BYTES = 32


class KeyKind(IntEnum):
    """What a key signs (signed-note, "Signature types"); the numbers stand in its id."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


def check_name(name: str) -> str:
    """The name, if a key may have it: not empty, without spaces, plus signs or control characters.

    Raises:
        MalformedKey: it may not.
    """
    if not name or any(letter.isspace() or letter < " " or letter == "+" for letter in name) or not _is_utf8(name):
        message = "a key's name is not empty and has no spaces and no plus sign"
        raise MalformedKey(message)
    return name


def key_id(name: str, kind: int, public_key: bytes) -> bytes:
    """The four bytes that, with the name, say which key signed (signed-note, "Signatures")."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:4]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key, 32 bytes, under the name that its notes carry."""

    name: str
    kind: KeyKind
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse a name that no note can carry, and bytes that are no key.

        Raises:
            MalformedKey: either.
        """
        check_name(self.name)
        if len(self.public_key) != _KEY_BYTES:
            message = "an Ed25519 key has 32 bytes"
            raise MalformedKey(message)

    @property
    def key_id(self) -> bytes:
        """See ``key_id``."""
        return key_id(self.name, self.kind, self.public_key)

    @property
    def vkey(self) -> str:
        """The text form, which may be published."""
        return f"{self.name}+{self.key_id.hex()}+{_armoured(self.kind, self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """Read a ``vkey``.

        Raises:
            MalformedKey: not one; of a kind other than Ed25519 and cosignature/v1; or with an id that is not its own.
        """
        name, claimed, kind, key = _parts(text)
        verifier = cls(name, kind, key)
        if verifier.key_id.hex() != claimed:
            raise MalformedKey(_WRONG_ID)
        return verifier

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` (64 bytes) is this key's over ``message``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Signer:
    """A private key; neither repr nor str shows it."""

    name: str
    kind: KeyKind
    _private_key: Ed25519PrivateKey = field(repr=False)

    @property
    def verifier(self) -> Verifier:
        """Its public half."""
        return Verifier(self.name, self.kind, self._private_key.public_key().public_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> "Signer":
        """Read the private text form.

        Raises:
            MalformedKey: as ``Verifier.parse``; nothing of the text is in it.
        """
        if not text.startswith(_PRIVATE):
            message = "not a private key"
            raise MalformedKey(message)
        name, claimed, kind, seed = _parts(text.removeprefix(_PRIVATE))
        signer = cls(check_name(name), kind, Ed25519PrivateKey.from_private_bytes(seed))
        if signer.verifier.key_id.hex() != claimed:
            raise MalformedKey(_WRONG_ID)
        return signer

    def sign(self, message: bytes) -> bytes:
        """Its signature, 64 bytes. What may be signed is for ``note`` to say."""
        return self._private_key.sign(message)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The key that signs now, and all that verify: its own first, then those it has replaced."""

    signer: Signer
    verifiers: tuple[Verifier, ...]

    @classmethod
    def of(cls, signer: Signer, others: Iterable[Verifier] = ()) -> "KeyRing":
        """Put the signer's own verifier first; what is there twice counts once."""
        return cls(signer, tuple(dict.fromkeys([signer.verifier, *others])))


def generate(name: str, kind: KeyKind = KeyKind.ED25519) -> str:
    """A new private key in its text form: a secret. ``key_files.create`` writes one without showing it.

    Raises:
        MalformedKey: a name that a key may not have.
    """
    private_key = Ed25519PrivateKey.generate()
    public_key = Verifier(name, kind, private_key.public_key().public_bytes_raw())
    return f"{_PRIVATE}{name}+{public_key.key_id.hex()}+{_armoured(kind, private_key.private_bytes_raw())}"


def load_verifiers(sources: Iterable[str | Path]) -> tuple[Verifier, ...]:
    """Public keys: each source is a ``vkey``, or a path to a file with one a line, blank lines and ``#`` between.

    Raises:
        MalformedKey: a line that is no public key, a private one above all; nothing of the line is in it.
        OSError: a file that cannot be read.
    """
    texts: list[str] = []
    for source in sources:
        lines = (
            source.read_text(encoding="utf-8", errors="replace").splitlines() if isinstance(source, Path) else [source]
        )
        texts += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return tuple(dict.fromkeys(Verifier.parse(text) for text in texts))


_WRONG_ID = "the key's id is not that of its name and bytes"


def _armoured(kind: KeyKind, key: bytes) -> str:
    return base64.b64encode(bytes([kind]) + key).decode()


def _parts(text: str) -> tuple[str, str, KeyKind, bytes]:
    """Name, claimed id in hex, kind and the 32 bytes."""
    message = "not a key: it is not <name>+<hex id>+<base64>, or not of a kind that is used here"
    # The base64 may hold further plus signs, a name none.
    parts = text.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - counted in the line above
        raise MalformedKey(message)
    key = strict_base64(parts[2])
    if key is None or len(key) != 1 + _KEY_BYTES or key[0] not in set(KeyKind):
        raise MalformedKey(message)
    return parts[0], parts[1], KeyKind(key[0]), key[1:]


def strict_base64(text: str) -> bytes | None:
    """The bytes of standard base64 in its one canonical writing; None for anything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
