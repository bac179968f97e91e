"""Why nothing is sealed or opened, as one small tree. No message ever holds a key or a value.

SealingError
├── SecretFileRefused      others may read the file, it is not there, or it is there already
├── MalformedMasterKey     not one master key, or one whose id is not its own
└── Unsealable             another key, or not what was sealed
"""

from app.errors import LienThongError


class SealingError(LienThongError):
    """Base of all of them."""


class SecretFileRefused(SealingError):
    """A file of a secret that must not be used."""


class MalformedMasterKey(SealingError):
    """Not a master key."""


class Unsealable(SealingError):
    """It does not open: another key, or not what was sealed."""
