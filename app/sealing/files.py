"""Files that hold one secret each: made and read so that nobody else ever reads one."""

import os
import stat
from pathlib import Path

from app.sealing.errors import SecretFileRefused

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_BYTES_MAX = 4096


def create(path: Path, text: str) -> None:
    """Write a secret to a new file that only its owner may read.

    Raises:
        SecretFileRefused: the file is there already, or cannot be written.
    """
    try:
        # O_EXCL: an existing key is never lost by a second keygen.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"the key file cannot be made: {error.strerror or type(error).__name__}"
        raise SecretFileRefused(message) from error


def read(path: Path) -> list[str]:
    """The lines of a secret file that are neither empty nor a comment (``#``).

    Raises:
        SecretFileRefused: no such file, or its group or anybody may read, write or run it.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_mode & _OTHERS:
                message = f"{path}: a key file must be a plain file that only its owner may read (chmod 600)"
                raise SecretFileRefused(message)
            raw = file.read(_BYTES_MAX)
    except OSError as error:
        message = f"{path}: {error.strerror or type(error).__name__}"
        raise SecretFileRefused(message) from error
    lines = [line.strip() for line in raw.decode("ascii", "replace").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]
