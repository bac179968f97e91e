"""Master keys: each wraps the keys of subjects, lies in a file of its own, and never reaches a database or a log."""

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.sealing import files
from app.sealing.errors import MalformedMasterKey, Unsealable

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_PREFIX: Final = "lienthong-master"
_ID_DOMAIN: Final = b"lienthong/master-key/v1\0"
_WRAP_DOMAIN: Final = b"lienthong/subject-key/v1\0"
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A master key. Its ``id`` (16 hexadecimal digits of a hash of it) is no secret and says which one is meant."""

    id: str
    _secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> "MasterKey":
        """A new key, from the system's random numbers."""
        return cls._of(os.urandom(KEY_BYTES))

    @classmethod
    def _of(cls, secret: bytes) -> "MasterKey":
        return cls(hashlib.sha256(_ID_DOMAIN + secret).hexdigest()[:16], secret)

    @classmethod
    def load(cls, path: Path) -> "MasterKey":
        """Read a key file: ``lienthong-master+<id>+<base64>``.

        Raises:
            SecretFileRefused: no such file, or others may read it.
            MalformedMasterKey: what is in it is not one master key; nothing of it is in the message.
        """
        lines = files.read(path)
        parts = lines[0].split("+", 2) if len(lines) == 1 else []
        if len(parts) != _PARTS or parts[0] != _PREFIX:
            message = f"{path}: not the file of one master key"
            raise MalformedMasterKey(message)
        try:
            secret = base64.b64decode(parts[2], validate=True)
        except binascii.Error:
            secret = b""
        found = cls._of(secret)
        if len(secret) != KEY_BYTES or found.id != parts[1]:
            message = f"{path}: the master key in it is damaged"
            raise MalformedMasterKey(message)
        return found

    def save(self, path: Path) -> None:
        """Write it to a new file that only its owner may read.

        Raises:
            SecretFileRefused: the file is there already, or cannot be written.
        """
        files.create(path, f"{_PREFIX}+{self.id}+{base64.b64encode(self._secret).decode()}")

    def wrap(self, key: bytes, key_id: str, subject: str) -> bytes:
        """Encrypt the key of a subject; bound to its id and to whose it is. Always of one length (60 bytes)."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self._secret).encrypt(nonce, key, _whose(key_id, subject))

    def unwrap(self, wrapped: bytes, key_id: str, subject: str) -> bytes:
        """Decrypt it again.

        Raises:
            Unsealable: another master key, another's row, or not what was wrapped.
        """
        try:
            return AESGCM(self._secret).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _whose(key_id, subject))
        except (InvalidTag, ValueError) as error:
            message = f"key {key_id} cannot be unwrapped"
            raise Unsealable(message) from error


def _whose(key_id: str, subject: str) -> bytes:
    return _WRAP_DOMAIN + f"{key_id}\0{subject}".encode()


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The master key that wraps, and those that wrapped before and only unwrap."""

    current: MasterKey
    known: Mapping[str, MasterKey]

    @classmethod
    def of(cls, current: MasterKey, old: Sequence[MasterKey] = ()) -> "MasterKeys":
        """Put them together."""
        return cls(current, {key.id: key for key in (*old, current)})
