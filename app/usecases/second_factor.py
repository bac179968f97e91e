"""The second factor: codes by time (RFC 6238), recovery codes, and the box in which secrets lie in the database."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_SECONDS: Final = 30
DIGITS: Final = 6
RECOVERY_CODES: Final = 10
# Clocks of telephones are off by less than one step, this way or that.
_AROUND: Final = (-1, 0, 1)
_SECRET_BYTES: Final = 20
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_RECOVERY_BYTES: Final = 10
_GROUP: Final = 4


class SealBroken(Exception):
    """What was sealed cannot be opened: its key is not given here, or it was changed or moved."""


@dataclass(frozen=True)
class SecretBox:
    """AES-GCM under keys of 32 bytes: the first one seals, all of them open. Never shows a key."""

    keys: Sequence[bytes] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse keys that are none.

        Raises:
            ValueError: a key is not 32 bytes long, or there is none.
        """
        if not self.keys or any(len(key) != _KEY_BYTES for key in self.keys):
            message = f"a key has {_KEY_BYTES} bytes"
            raise ValueError(message)

    def seal(self, secret: bytes, about: str) -> str:
        """What is kept of a secret: the key's name and the ciphertext, which opens for ``about`` only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self.keys[0]).encrypt(nonce, secret, about.encode())
        return f"{_name(self.keys[0])}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, about: str) -> bytes:
        """The secret again.

        Raises:
            SealBroken: no key of ours has sealed it, or not for ``about``.
        """
        name, _, text = sealed.partition(":")
        for key in self.keys:
            if _name(key) == name:
                raw = base64.b64decode(text)
                try:
                    return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode())
                except InvalidTag:
                    break
        message = "a sealed secret cannot be opened with the keys that are given"
        raise SealBroken(message)

    def is_current(self, sealed: str) -> bool:
        """Whether the key that seals now has sealed it."""
        return sealed.startswith(f"{_name(self.keys[0])}:")


def _name(key: bytes) -> str:
    return hashlib.sha256(b"name of a key" + key).hexdigest()[:8]


def new_secret() -> bytes:
    """A secret as RFC 4226, 4 recommends it: 160 bits."""
    return secrets.token_bytes(_SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """The code of a step of 30 seconds since 1970."""
    totp = TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - what RFC 6238 and every telephone's app use
    return totp.generate(step * STEP_SECONDS).decode()


def step_of_code(secret: bytes, code: str, at: datetime, last_step: int) -> int | None:
    """The step whose code this is, within one step of ``at`` and after the last one that was used; None: none."""
    now = int(at.timestamp()) // STEP_SECONDS
    found = [
        now + off
        for off in _AROUND
        if now + off > last_step and hmac.compare_digest(code_at(secret, now + off).encode(), code.encode())
    ]
    return max(found, default=None)


def readable(secret: bytes) -> str:
    """The secret as it is typed into an app: base32 in groups of four."""
    return _grouped(base64.b32encode(secret).decode())


def address(secret: bytes, account: str, issuer: str) -> str:
    """The ``otpauth`` address that an app on the same telephone opens."""
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS).get_provisioning_uri(account, issuer)  # noqa: S303 - as above


def new_recovery_codes() -> tuple[str, ...]:
    """Codes that let in once each instead of one by time; 80 random bits."""
    return tuple(
        _grouped(base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode(), "-") for _ in range(RECOVERY_CODES)
    )


def plain(code: str) -> str:
    """A code without what people put between its letters."""
    return "".join(letter for letter in code.upper() if letter.isascii() and letter.isalnum())


def hash_of_recovery(code: str) -> str:
    """What is kept of a recovery code. It holds 80 random bits, so that a plain hash is enough."""
    return hashlib.sha256(plain(code).encode()).hexdigest()


def _grouped(text: str, between: str = " ") -> str:
    return between.join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
