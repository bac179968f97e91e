"""What goes wrong with a paper, and what libraries throw at broken bytes."""

import struct
import zlib
from typing import Final

from app.domain.documents import FileFault
from app.errors import LienThongError

# The files are strangers', and none of the libraries that open them promises a closed set.
BROKEN: Final = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)

_DETAIL_CHARACTERS_MAX: Final = 500


class FileRefused(LienThongError):
    """A file that is not taken: ``fault`` says why by name, ``detail`` in English what was seen in it."""

    def __init__(self, fault: FileFault, detail: str) -> None:
        """Keep the parts apart. ``detail`` may quote the file: it is cut, and what is not printable is dropped."""
        self.fault = fault
        self.detail = "".join(c if c.isprintable() else " " for c in detail[:_DETAIL_CHARACTERS_MAX])
        super().__init__(f"{fault}: {self.detail}")


class BenchBroken(LienThongError):
    """The examiners cannot work: one did not start, or the bench is closed. Says nothing about any file."""
