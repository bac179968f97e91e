"""The values of one entry, encrypted under the key of whom they are about."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.commitments import SALT_BYTES, Opening
from app.sealing.errors import Unsealable
from app.sealing.master import KEY_BYTES, NONCE_BYTES

_DOMAIN: Final = b"lienthong/audit-values/v1\0"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Values as they are kept."""

    nonce: bytes
    ciphertext: bytes = field(repr=False)


def new_key() -> bytes:
    """A key for a subject."""
    return os.urandom(KEY_BYTES)


def new_openings(values: Mapping[str, str]) -> dict[str, Opening]:
    """The values, each with a salt of its own."""
    return {name: Opening(os.urandom(SALT_BYTES), value) for name, value in values.items()}


def seal(key: bytes, audit_id: int, commitments: str, openings: Mapping[str, Opening]) -> Sealed:
    """Encrypt salts and values, bound to the entry and to all it commits to: no two rows can change places."""
    held = {name: [each.salt.hex(), each.value] for name, each in openings.items()}
    nonce = os.urandom(NONCE_BYTES)
    plain = json.dumps(held, ensure_ascii=False, separators=(",", ":")).encode()
    return Sealed(nonce, AESGCM(key).encrypt(nonce, plain, _bound(audit_id, commitments)))


def unseal(key: bytes, audit_id: int, commitments: str, sealed: Sealed) -> dict[str, Opening]:
    """Decrypt them again.

    Raises:
        Unsealable: another key, another entry, or not what was sealed.
    """
    try:
        plain = AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, _bound(audit_id, commitments))
        held = json.loads(plain)
        return {name: Opening(bytes.fromhex(salt), _text(value)) for name, (salt, value) in held.items()}
    except (InvalidTag, ValueError, TypeError, AttributeError) as error:
        message = f"the values of entry {audit_id} cannot be opened"
        raise Unsealable(message) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = "a value is text"
        raise TypeError(message)
    return value


def _bound(audit_id: int, commitments: str) -> bytes:
    return _DOMAIN + audit_id.to_bytes(8, "big") + commitments.encode()
