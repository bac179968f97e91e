"""What a file is by its content: a first look at its bytes, before anything opens it.

Names of files are never looked at. What is found here is a guess; the opener of that kind has the last word.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import puremagic

from app.domain.documents import MEDIA_TYPES, FileFault, FileKind
from app.papers.errors import BROKEN, FileRefused

BLOCK_BYTES: Final = 2**20
PADDING: Final = b"\0\t\n\x0b\x0c\r "
HEAD_BYTES: Final = 4096

_BY_MEDIA: Final = {
    media: kind for kind, media in MEDIA_TYPES.items() if kind is not FileKind.XML
}  # XML has no magic number: it may begin with any element.

# puremagic's confidence grows with the length of the magic number; two or three bytes are found in any file.
_SURE: Final = 0.4

# Readers look for the header of a PDF in as many bytes (ISO 32000-1, Annex H.3.4.1).
_PDF_HEADER_WITHIN_BYTES: Final = 1024
_SECOND_MAGICS: Final = ((257, b"ustar", "a tar archive"), (32769, b"CD001", "a disk image"))

_TELL_OFFICE: Final = "print or export it to PDF, and have the PDF signed"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS: Final = (
    ("WordDocument", "a Word document (.doc)"),
    ("Workbook", "an Excel workbook (.xls)"),
    ("PowerPoint Document", "a PowerPoint presentation (.ppt)"),
    ("EncryptedPackage", "an Office document under a password"),
)
_ZIP_PARTS: Final = (
    ("word/", "a Word document (.docx)"),
    ("xl/", "an Excel workbook (.xlsx)"),
    ("ppt/", "a PowerPoint presentation (.pptx)"),
)
_ODF: Final = b"mimetypeapplication/vnd.oasis.opendocument."

_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_MARKUP: Final = re.compile(r"<(?:[?!]|[^\W\d][\w.:-]*[\s/>])")
_HTML: Final = re.compile(r"<(?:!doctype\s+html|html|head|body|script|iframe)[\s>]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file really is. A picture and an XML document count as one page, a TIFF as many as it holds."""

    kind: FileKind
    media_type: str
    pages: int
    size_bytes: int


def recognise(file: BinaryIO) -> FileKind:
    """The kind that a file seems to be. Raises FileRefused when it is none of the five, saying what it seems to be."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    guesses = _guesses(head)
    for guess in guesses:
        if guess.mime_type in _BY_MEDIA and guess.offset == 0 and head.startswith(guess.byte_match):
            return _BY_MEDIA[guess.mime_type]
    _refuse_office(file, head)
    text = _text_of(head)
    if _HTML.match(text):
        raise FileRefused(FileFault.TYPE_NOT_ALLOWED, "this is a web page (HTML), which may act on its reader")
    if _MARKUP.match(text):
        return FileKind.XML
    _refuse_late_pdf(head)
    sure = [guess for guess in guesses if guess.confidence >= _SURE and guess.offset >= 0]
    if sure:
        name = sure[0].name or sure[0].extension
        raise FileRefused(FileFault.TYPE_NOT_ALLOWED, f"this seems to be: {name}; it is none of the kinds taken")
    raise FileRefused(FileFault.UNKNOWN_TYPE, "the content is of no known kind (plain text has none either)")


def refuse_second_face(file: BinaryIO, kind: FileKind) -> None:
    """Refuse a file that other software would take for something else. Raises FileRefused with POLYGLOT."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if kind is not FileKind.PDF:
        _refuse_late_pdf(head)
    for offset, magic, name in _SECOND_MAGICS:
        file.seek(offset)
        if file.read(len(magic)) == magic:
            raise FileRefused(FileFault.POLYGLOT, f"the file is {name} as well: its mark stands at byte {offset}")
    names = _zip_names(file)
    if names:
        first = f"a ZIP archive of {len(names[1])} files begins at byte {names[0]}"
        raise FileRefused(FileFault.POLYGLOT, f"{first} of what else is {MEDIA_TYPES[kind]}")


def size_of(file: BinaryIO) -> int:
    """Size of a seekable file, bytes."""
    return file.seek(0, 2)


def blocks(file: BinaryIO, start: int, size_bytes: int | None = None) -> Iterator[bytes]:
    """The bytes of a file from ``start``, at most ``size_bytes`` of them, a block at a time."""
    file.seek(start)
    left = size_bytes
    while left is None or left > 0:
        block = file.read(BLOCK_BYTES if left is None else min(left, BLOCK_BYTES))
        if not block:
            return
        left = None if left is None else left - len(block)
        yield block


def last_place(file: BinaryIO, needle: bytes) -> int:
    """Offset of the last occurrence of a short needle in a file, -1 when there is none. Reads from the end."""
    end = size_of(file)
    while end > 0:
        start = max(0, end - BLOCK_BYTES)
        file.seek(start)
        # The block overlaps the one after it, so that a needle on the seam is seen.
        place = file.read(end - start + len(needle) - 1).rfind(needle)
        if place >= 0:
            return start + place
        end = start
    return -1


def after_padding(file: BinaryIO, start: int) -> int | None:
    """Offset of the first byte from ``start`` that is neither white space nor NUL; None when there is none."""
    place = start
    for block in blocks(file, start):
        rest = block.lstrip(PADDING)
        if rest:
            return place + len(block) - len(rest)
        place += len(block)
    return None


def _guesses(head: bytes) -> list[puremagic.PureMagicWithConfidence]:
    try:
        return list(puremagic.magic_string(head))
    except puremagic.PureError:
        return []


def _text_of(head: bytes) -> str:
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return head[len(bom) :].decode(encoding, "replace").lstrip()
    # White space before an XML declaration makes it no XML; the parser says so, here it is only a look.
    return head.decode("latin-1").lstrip()


def _refuse_late_pdf(head: bytes) -> None:
    place = head[:_PDF_HEADER_WITHIN_BYTES].find(b"%PDF-")
    if place >= 0:
        raise FileRefused(FileFault.POLYGLOT, f"the header of a PDF stands at byte {place} instead of byte 0")


def _refuse_office(file: BinaryIO, head: bytes) -> None:
    name = container = None
    if head.startswith(b"{\\rtf"):
        name = "a Rich Text document (.rtf)"
    elif head.startswith(_OLE):
        # Names in the directory of an OLE container are UTF-16; the directory may lie anywhere.
        found = (text for stream, text in _OLE_STREAMS if last_place(file, stream.encode("utf-16-le")) >= 0)
        name, container = next(found, None), "an OLE container"
    elif head.startswith(b"PK\x03\x04"):
        _refuse_late_pdf(head)
        name, container = _office_in_zip(file, head), "a ZIP archive"
    if name:
        raise FileRefused(FileFault.OFFICE_FORMAT, f"this is {name}: {_TELL_OFFICE}")
    if container:
        raise FileRefused(FileFault.TYPE_NOT_ALLOWED, f"this is {container}; it is none of the kinds taken")


def _office_in_zip(file: BinaryIO, head: bytes) -> str | None:
    # An ODF begins with its media type, not packed (OASIS ODF 1.3 part 2, 3.3).
    if _ODF in head:
        return "an OpenDocument file (.odt, .ods, .odp)"
    archive = _zip_names(file)
    # Without a directory (a cut file) the names beside the first members must do.
    names = archive[1] if archive else [part for part, _ in _ZIP_PARTS if part.encode() in head]
    if "[Content_Types].xml" in names or b"[Content_Types].xml" in head:
        found = (text for part, text in _ZIP_PARTS if any(name.startswith(part) for name in names))
        return next(found, "an Office document (OOXML)")
    return None


def _zip_names(file: BinaryIO) -> tuple[int, list[str]] | None:
    """Where a ZIP archive in the file begins and what it holds; None when ``zipfile`` would not open one."""
    try:
        if not zipfile.is_zipfile(file):
            return None
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, *BROKEN):
        return None
    # Four bytes that look like the end of an archive happen by chance; an archive with members does not.
    return (min(member.header_offset for member in members), [m.filename for m in members]) if members else None
