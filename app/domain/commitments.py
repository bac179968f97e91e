"""Commitments to personal values: what a leaf of the log holds in their place.

A commitment says that a value is the one, and nothing of what it is: without its salt no guess can be tried, and with
it no other value can be shown. It is, in hexadecimal,

    HMAC-SHA-256(key = salt, message = "lienthong/commitment/v1" ‖ 00 ‖ n ‖ name ‖ v ‖ value)

with a salt of 32 random bytes for each value, ``n`` and ``v`` the lengths in bytes of name and value (big-endian, 4
bytes each), and name and value in UTF-8. Two openings of one commitment would be a collision of SHA-256.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SALT_BYTES: Final = 32
NAME: Final = re.compile(r"[a-z][a-z_]{0,39}")
_DOMAIN: Final = b"lienthong/commitment/v1\0"
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_KEY: Final = re.compile(r"[0-9a-f]{32}")


def commitment(salt: bytes, name: str, value: str) -> str:
    """The commitment to a value, 64 hexadecimal digits.

    Raises:
        ValueError: a salt that has not 32 bytes (a shorter one could be padded into another), or a name or value that
            has no UTF-8.
    """
    if len(salt) != SALT_BYTES:
        message = f"a salt has {SALT_BYTES} bytes"
        raise ValueError(message)
    parts = (name.encode(), value.encode())
    said = _DOMAIN + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.digest(salt, said, hashlib.sha256).hex()


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment: its salt and its value."""

    salt: bytes = field(repr=False)
    value: str = field(repr=False)

    def fits(self, name: str, committed: str) -> bool:
        """Whether this is what was committed to under a name; what no commitment can be made of never is."""
        try:
            return hmac.compare_digest(commitment(self.salt, name, self.value), committed)
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Commitments:
    """What one entry commits to: a commitment by name, and the id of the key that the values are encrypted under."""

    key_id: str
    values: Mapping[str, str]

    def to_text(self) -> str:
        """As it is kept and as it stands in the leaf: canonical JSON, one form only."""
        held = {"key": self.key_id, "values": dict(self.values)}
        return json.dumps(held, ensure_ascii=True, sort_keys=True, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> "Commitments":
        """Read what ``to_text`` wrote.

        Raises:
            ValueError: anything else, also what means the same and is written otherwise.
        """
        message = "not what an entry commits to"
        try:
            held = json.loads(text)
            found = cls(held["key"], dict(held["values"]))
            names = all(NAME.fullmatch(name) and _HEX.fullmatch(value) for name, value in found.values.items())
            is_right = bool(found.values) and names and bool(_KEY.fullmatch(found.key_id)) and found.to_text() == text
        except (TypeError, KeyError, ValueError, RecursionError) as error:
            raise ValueError(message) from error
        if not is_right:
            raise ValueError(message)
        return found
