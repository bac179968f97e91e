"""How much of a paper is taken, and how much work it may cost to find out what it is."""

from dataclasses import dataclass, fields
from typing import Final

from app.domain.documents import FileKind, Role

_MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file.

    ``pages_max`` bounds the pages of a PDF and of a TIFF; ``pixels_max`` one picture, also one inside a PDF;
    ``frames_max`` the pictures that a camera puts into one JPEG. All streams of a PDF together may inflate to
    ``inflated_bytes_max``: a page scanned without loss comes to 26 MB, and a hundred of them are no bomb. One stream
    that came to more than ``inflate_free_bytes`` may be at most ``inflate_ratio_max`` times its packed size, unless it
    is a picture of the size that it declares.
    ``nesting_max`` bounds arrays and dictionaries of a PDF in each other, ``objects_max`` its objects.
    ``seconds_max`` and ``memory_bytes_max`` (address space) bound the child process that opens the file.
    """

    bytes_max: int = 100 * _MIB
    pages_max: int = 2000
    component_kinds: frozenset[FileKind] = frozenset(FileKind)
    result_kinds: frozenset[FileKind] = frozenset({FileKind.PDF, FileKind.XML})
    pixels_max: int = 100_000_000
    frames_max: int = 16
    inflated_bytes_max: int = 4096 * _MIB
    inflate_free_bytes: int = 10 * _MIB
    inflate_ratio_max: int = 200
    nesting_max: int = 100
    objects_max: int = 1_000_000
    xml_depth_max: int = 200
    xml_elements_max: int = 1_000_000
    xml_attributes_max: int = 1000
    seconds_max: float = 30.0
    memory_bytes_max: int = 2048 * _MIB

    def __post_init__(self) -> None:
        """Refuse a bound below one, which would refuse every file. Raises ValueError naming it."""
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, int | float) and value <= 0:
                message = f"{one.name} must be above zero"
                raise ValueError(message)

    def kinds(self, role: Role) -> frozenset[FileKind]:
        """The kinds of file that are taken for a role."""
        return self.result_kinds if role is Role.RESULT else self.component_kinds
