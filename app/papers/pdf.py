"""Opens a PDF: whole from its first byte to its last mark, without repair, every page walked and every stream inflated.

qpdf (through pikepdf) reads its structure. Nothing is drawn and nothing in it is run.
"""

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import pikepdf
from pikepdf.settings import set_qpdf_limits

from app.domain.documents import FileFault
from app.papers.errors import BROKEN, FileRefused
from app.papers.inflate import Meter, inflates_beyond, names_of
from app.papers.jpeg import pixels_of
from app.papers.kinds import after_padding, blocks, last_place, size_of
from app.papers.limits import Limits

_END: Final = b"%%EOF"
# Some writers set the mark twice.
_LAST_WORDS: Final = re.compile(rb"startxref[\0\s]+\d+[\0\s]*(?:%%EOF[\0\s]*)*\Z")
_LAST_WORDS_BYTES: Final = 256
_REVISION: Final = re.compile(rb"\d+ \d+ obj|xref|trailer|startxref")
_OFFSET: Final = re.compile(r"\(offset (\d+)\): getStreamData called on unfilterable")
_STREAM_NAME: Final = re.compile(r"^stream <[^>]*>[:,]?\s*")

# Tables and containers of objects, which qpdf inflates before anything can be measured here, are never that large.
_STRUCTURE_BYTES_MAX: Final = 64 * 2**20
# qpdf and pyHanko look for the end mark in the last KiB.
_PADDING_BYTES_MAX: Final = 900
_QPDF_NUMBER_MAX: Final = 2**32 - 1

# What qpdf says, as it offers no names for it.
_BOMB_WORDS: Final = (
    "memory limit exceeded",
    "limits error(parser-max-nesting)",
    "Loop detected in /Pages",
    "Pages structure too deeply nested",
    "loop detected",
    "impossibly large",
    "too many entries",
)
# An object of which qpdf says this has become nothing: what a reader would see is not what was written.
_DAMAGE_WORDS: Final = (
    "expected endstream",
    "lacks /Length",
    "/Length key in stream dictionary is not an integer",
    "Pages tree includes non-dictionary",
    "EOF while reading",
    "unexpected ",
    "error reading object",
    "error decoding stream",
    "limits error(",
)
_KEY_WORDS: Final = ("unsupported encryption", "invalid password")


def examine_pdf(file: BinaryIO, limits: Limits) -> int:
    """Open a PDF and walk all of it. Returns its pages. Raises FileRefused.

    A PDF that is encrypted but opens without a password is taken: whoever has it can read it. The bounds given to
    qpdf hold for the whole process while this runs.
    """
    whole = to_its_end(file)
    with _qpdf(limits), _opened(whole) as pdf:
        try:
            pages = len(pdf.pages)
            if pages > limits.pages_max:
                raise FileRefused(FileFault.TOO_MANY_PAGES, f"the PDF has {pages} pages; {limits.pages_max} are taken")
            _check_streams(pdf, limits)
        except RecursionError:
            raise
        except (pikepdf.PikepdfError, *BROKEN) as error:
            _check_warnings(pdf)
            raise FileRefused(FileFault.DAMAGED, f"the PDF cannot be read: {_plain(error)}") from error
        _check_warnings(pdf)
        if pages == 0:
            raise FileRefused(FileFault.DAMAGED, "the PDF has no page")
        return pages


def to_its_end(file: BinaryIO) -> BinaryIO:
    """The file, or a copy without its padding where qpdf would not see the end mark for it."""
    end = last_place(file, _END)
    if end < 0:
        raise FileRefused(FileFault.TRUNCATED, "the PDF has no end mark (%%EOF)")
    start = max(0, end - _LAST_WORDS_BYTES)
    file.seek(start)
    if not _LAST_WORDS.search(file.read(end - start)):
        text = (
            f"the end mark (%%EOF) at byte {end} does not follow the place of a table (startxref), but something else"
        )
        raise FileRefused(FileFault.POLYGLOT, text)
    end += len(_END)
    follows = after_padding(file, end)
    if follows is None:
        if size_of(file) - end < _PADDING_BYTES_MAX:
            return file
        file.seek(0)
        return io.BytesIO(file.read(end))
    file.seek(follows)
    if _REVISION.match(file.read(64)):
        text = f"the PDF breaks off: a part that begins at byte {follows} has no end mark (%%EOF)"
        raise FileRefused(FileFault.TRUNCATED, text)
    raise FileRefused(FileFault.POLYGLOT, f"something else follows the end of the PDF at byte {follows}")


@contextmanager
def _qpdf(limits: Limits) -> Iterator[None]:
    before = set_qpdf_limits(
        parser_max_nesting=limits.nesting_max,
        flate_max_memory=min(limits.inflated_bytes_max, _STRUCTURE_BYTES_MAX),
        png_max_memory=min(limits.inflated_bytes_max, _STRUCTURE_BYTES_MAX),
        run_length_max_memory=min(limits.inflated_bytes_max, _QPDF_NUMBER_MAX),
    )
    try:
        yield
    finally:
        set_qpdf_limits(**before)  # type: ignore[arg-type]


def _opened(file: BinaryIO) -> pikepdf.Pdf:
    file.seek(0)
    try:
        return pikepdf.open(file, attempt_recovery=False, suppress_warnings=True)
    except pikepdf.PikepdfError as error:
        _refuse_by_words([str(error)])
        _refuse_packed_table(file, str(error))
        raise _unopened(file, _plain(error)) from error


def _unopened(file: BinaryIO, said: str) -> FileRefused:
    """Why a PDF does not open: a repair tells whether only its tables are gone."""
    file.seek(0)
    try:
        with pikepdf.open(file, suppress_warnings=True) as pdf:
            _refuse_by_words(pdf.get_warnings())
    except pikepdf.PikepdfError as error:
        _refuse_by_words([str(error)])
        return FileRefused(FileFault.DAMAGED, f"the PDF cannot be opened, nor repaired: {said}")
    return FileRefused(FileFault.TRUNCATED, f"the PDF opens only by repair, bytes of it are missing or moved: {said}")


def _refuse_packed_table(file: BinaryIO, said: str) -> None:
    # qpdf says where the table is that it could not unpack, and not that it was too large.
    place = _OFFSET.search(said)
    if place and inflates_beyond(blocks(file, int(place[1])), _STRUCTURE_BYTES_MAX):
        text = f"a table of objects of the PDF inflates to more than {_STRUCTURE_BYTES_MAX} bytes"
        raise FileRefused(FileFault.BOMB, text)


def _check_streams(pdf: pikepdf.Pdf, limits: Limits) -> None:
    if len(pdf.objects) > limits.objects_max:
        raise FileRefused(FileFault.BOMB, f"the PDF has more than {limits.objects_max} objects")
    contents = {place for page in pdf.pages for place in _contents(page)}
    meter = Meter(limits)
    for one in pdf.objects:
        if isinstance(one, pikepdf.Stream):
            declared_bytes = _picture_bytes(one, limits)
            meter.run(one, declared_bytes=declared_bytes, whole=one.objgen in contents)


def _contents(page: pikepdf.Page) -> Iterator[tuple[int, int]]:
    content = page.obj.get("/Contents")
    streams: Iterable[object] = [] if content is None else content if isinstance(content, pikepdf.Array) else [content]
    for stream in streams:
        if not isinstance(stream, pikepdf.Stream):
            raise FileRefused(FileFault.DAMAGED, "the content of a page is no stream")
        yield stream.objgen


def _picture_bytes(stream: pikepdf.Stream, limits: Limits) -> int:
    """Bytes of the pixels that a picture declares, zero for other streams. Raises FileRefused for too many pixels."""
    if stream.get("/Subtype") != pikepdf.Name.Image:
        return 0
    width, height, bits = (_number(stream.get(key)) for key in ("/Width", "/Height", "/BitsPerComponent"))
    pixels = width * height
    if names_of(stream)[:1] in (["/DCTDecode"], ["/DCT"]):
        pixels = max(pixels, pixels_of(bytes(stream.get_raw_stream_buffer())))
    if pixels > limits.pixels_max:
        raise FileRefused(FileFault.BOMB, f"a picture in the PDF has {pixels} pixels; {limits.pixels_max} are taken")
    # Four colours at most, and a byte more a row for predictors.
    return pixels * 4 * min(bits or 8, 16) // 8 + height


def _number(value: object) -> int:
    return max(0, value) if isinstance(value, int) else 0


def _check_warnings(pdf: pikepdf.Pdf) -> None:
    said = pdf.get_warnings()
    _refuse_by_words(said)
    for one in said:
        if any(word in one for word in _DAMAGE_WORDS):
            raise FileRefused(FileFault.DAMAGED, f"a part of the PDF cannot be read: {_plain(one)}")


def _refuse_by_words(said: Iterable[str]) -> None:
    for one in said:
        if any(word in one for word in _KEY_WORDS):
            raise FileRefused(FileFault.PASSWORD_PROTECTED, f"the PDF opens only with a password or key: {_plain(one)}")
        if any(word in one for word in _BOMB_WORDS):
            raise FileRefused(FileFault.BOMB, f"the PDF is built to cost its reader: {_plain(one)}")


def _plain(said: object) -> str:
    return _STREAM_NAME.sub("", str(said))
