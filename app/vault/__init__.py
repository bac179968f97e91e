"""The document store: whole files under their SHA-256, written once, re-hashed before they are given.

It knows nothing of dossiers or rows. It never deletes an object: what nobody refers to is for a report.
"""

from app.vault.base import Entry, Kept, Leftover, LeftoverKind, Vault, joined_bytes, keep
from app.vault.errors import ObjectDamaged, ObjectMissing, PartsDisagree, VaultError, VaultUnavailable
from app.vault.local import LocalVault
from app.vault.opening import S3Options, open_vault
from app.vault.placing import Way
from app.vault.scratch import Scratch

__all__ = [
    "Entry",
    "Kept",
    "Leftover",
    "LeftoverKind",
    "LocalVault",
    "ObjectDamaged",
    "ObjectMissing",
    "PartsDisagree",
    "S3Options",
    "Scratch",
    "Vault",
    "VaultError",
    "VaultUnavailable",
    "Way",
    "joined_bytes",
    "keep",
    "open_vault",
]
