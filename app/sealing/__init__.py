"""What encrypts personal values beside the log: keys per subject, master keys that wrap them, their files.

It knows no rows and no settings. Everything is AES-256-GCM with a random nonce; each use names its own domain, so that
nothing that was made for one purpose opens as another.
"""

from app.sealing.errors import MalformedMasterKey, SealingError, SecretFileRefused, Unsealable
from app.sealing.master import MasterKey, MasterKeys
from app.sealing.values import Sealed, new_key, new_openings, seal, unseal

__all__ = [
    "MalformedMasterKey",
    "MasterKey",
    "MasterKeys",
    "Sealed",
    "SealingError",
    "SecretFileRefused",
    "Unsealable",
    "new_key",
    "new_openings",
    "seal",
    "unseal",
]
