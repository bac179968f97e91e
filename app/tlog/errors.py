"""Why a note, a key or a leaf is not taken, as one small tree. No message ever holds what was in a key file.

TlogError
├── MalformedNote        not a signed note (C2SP signed-note), not a checkpoint, or too large
├── NoKnownSignature     nobody whose key is known has signed it
├── BadSignature         a known key's signature that does not verify: the whole note is refused
├── MalformedKey         not a key, of a kind that is not ours, or with an id that is not its own
├── KeyFileRefused       others may read the file, it is not there, or it is there already
├── LeafRefused          an audit entry that cannot be put into a leaf as it is
├── BadArchive           an archive file that is not what was recorded, or could not be written
└── BadReceipt           a receipt that does not hold
"""


class TlogError(Exception):
    """Base of all of them."""


class MalformedNote(TlogError):
    """Not a signed note, or not a checkpoint."""


class NoKnownSignature(TlogError):
    """Nobody whose key is known has signed it, so nothing in it may be believed."""


class BadSignature(TlogError):
    """A signature under a known key's name and id that does not verify."""

    def __init__(self, name: str) -> None:
        """Keep whose."""
        super().__init__(f"the signature of {name} does not verify")
        self.name = name


class MalformedKey(TlogError):
    """Not a key as the Go note package writes them, or not one of ours."""


class KeyFileRefused(TlogError):
    """A key file that must not be used."""


class LeafRefused(TlogError):
    """An audit entry that has no canonical form."""


class BadReceipt(TlogError):
    """A receipt that does not hold; says why."""


class BadArchive(TlogError):
    """An archive file that cannot be used; says why."""
