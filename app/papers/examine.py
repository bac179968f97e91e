"""Opens a file and says what it really is, or by name why it is not taken.

Runs in a child process of :mod:`app.papers.bench`, whose memory and time are bounded: some files cost what they cost
inside the libraries, before anything could be measured here.
"""

from typing import BinaryIO

from app.domain.documents import MEDIA_TYPES, FileFault, FileKind, Role
from app.papers.errors import BROKEN, FileRefused
from app.papers.images import examine_jpeg, examine_png, examine_tiff
from app.papers.kinds import Examined, recognise, refuse_second_face, size_of
from app.papers.limits import Limits
from app.papers.pdf import examine_pdf
from app.papers.xml import examine_xml

_OPENERS = {
    FileKind.PDF: examine_pdf,
    FileKind.PNG: examine_png,
    FileKind.JPEG: examine_jpeg,
    FileKind.TIFF: examine_tiff,
    FileKind.XML: examine_xml,
}


def examine(file: BinaryIO, limits: Limits, role: Role) -> Examined:
    """Find out what a seekable file is by opening it whole; its position is moved. Blocks.

    Raises FileRefused, and nothing else, for whatever is not taken for ``role``.
    """
    try:
        return _examined(file, limits, role)
    except (MemoryError, RecursionError) as error:
        text = f"opening the file takes more than the memory there is ({type(error).__name__})"
        raise FileRefused(FileFault.BOMB, text) from error
    except BROKEN as error:
        raise FileRefused(FileFault.DAMAGED, f"the file cannot be opened: {error}") from error


def _examined(file: BinaryIO, limits: Limits, role: Role) -> Examined:
    size_bytes = size_of(file)
    if size_bytes == 0:
        raise FileRefused(FileFault.EMPTY, "the file has no bytes")
    if size_bytes > limits.bytes_max:
        raise FileRefused(FileFault.TOO_LARGE, f"the file has {size_bytes} bytes; at most {limits.bytes_max} are taken")
    kind = recognise(file)
    if kind not in limits.kinds(role):
        raise FileRefused(FileFault.TYPE_NOT_ALLOWED, f"{MEDIA_TYPES[kind]} is not taken as a {role}")
    refuse_second_face(file, kind)
    pages = _OPENERS[kind](file, limits)
    return Examined(kind=kind, media_type=MEDIA_TYPES[kind], pages=pages, size_bytes=size_bytes)
