"""What a vault cannot give, as one small tree.

VaultError
├── ObjectMissing      nothing is held under this hash
├── ObjectDamaged      what is held under this hash has another one
├── PartsDisagree      the parts of an upload leave a gap or lie over one another
└── VaultUnavailable   the disk or the service did not do it; says nothing about the object
"""

from collections.abc import Iterator
from contextlib import contextmanager


class VaultError(Exception):
    """Base of everything a vault fails with. A name that is no name is a ValueError instead."""


class ObjectMissing(VaultError):
    """Nothing is held under this hash."""

    def __init__(self, sha256: str) -> None:
        """Keep the hash that was asked for."""
        super().__init__(f"no object {sha256}")
        self.sha256 = sha256


class ObjectDamaged(VaultError):
    """What is held under this hash has another one; it is never given out."""

    def __init__(self, sha256: str, found: str) -> None:
        """Keep the hash that was asked for and the one that was found."""
        super().__init__(f"object {sha256} is damaged: its bytes hash to {found}")
        self.sha256 = sha256
        self.found = found


class PartsDisagree(VaultError):
    """The parts of an upload leave a gap or lie over one another, so they are no file."""

    def __init__(self, wanted_offset: int, found_offset: int) -> None:
        """Keep where the next part should begin, and where it does; both in bytes."""
        super().__init__(f"the next part should begin at byte {wanted_offset} and begins at {found_offset}")
        self.wanted_offset = wanted_offset
        self.found_offset = found_offset


class VaultUnavailable(VaultError):
    """The disk or the service did not do it. Nothing half-done was kept, and the same may be tried again."""

    def __init__(self, reason: str) -> None:
        """Keep what failed and with what."""
        super().__init__(reason)
        self.reason = reason


@contextmanager
def disk(doing: str) -> Iterator[None]:
    """Turn what the operating system says no with (a full disk too) into VaultUnavailable.

    Raises:
        VaultUnavailable: ``doing`` and the system's own words, without any path.
    """
    try:
        yield
    except OSError as error:
        message = f"{doing}: {error.strerror or type(error).__name__}"
        raise VaultUnavailable(message) from error
