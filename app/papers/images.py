"""Opens pictures: the frame of the file is walked to its end first, then every pixel is decoded.

The walk sees what a decoder does not care about: a missing end, what follows it, and how large the picture would be.
"""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from PIL import Image

from app.domain.documents import FileFault
from app.papers.errors import BROKEN, FileRefused
from app.papers.jpeg import check_end, read_picture
from app.papers.kinds import after_padding, blocks
from app.papers.limits import Limits
from app.papers.tiff import read_directories

_PNG_SIGNATURE_BYTES: Final = 8
_PNG_CHUNK_BYTES_MAX: Final = 2**31 - 1


def examine_png(file: BinaryIO, limits: Limits) -> int:
    """Decode a PNG picture (W3C PNG, third edition). Returns one, for its page. Raises FileRefused."""
    place, kind = _PNG_SIGNATURE_BYTES, b""
    while kind != b"IEND":
        kind, data, place = _png_chunk(file, place)
        if kind == b"IHDR":
            width, height = struct.unpack(">II", data[:8])
            if width * height > limits.pixels_max:
                text = f"the PNG has {width}x{height} pixels; {limits.pixels_max} are taken"
                raise FileRefused(FileFault.BOMB, text)
        if kind == b"acTL":
            raise FileRefused(FileFault.TYPE_NOT_ALLOWED, "an animated PNG shows more than one thing")
    follows = after_padding(file, place)
    if follows is not None:
        raise FileRefused(FileFault.POLYGLOT, f"something else follows the end of the PNG at byte {follows}")
    _decode(file, "PNG", limits)
    return 1


def examine_jpeg(file: BinaryIO, limits: Limits) -> int:
    """Decode a JPEG picture, the first one if a camera wrote several. Returns one. Raises FileRefused."""
    file.seek(0)
    data = file.read()
    first = read_picture(data, 0, limits)
    check_end(data, first, limits)
    _decode(file, "JPEG", limits)
    return 1


def examine_tiff(file: BinaryIO, limits: Limits) -> int:
    """Decode all pictures of a TIFF. Returns its pages, small copies of others left out. Raises FileRefused."""
    tiff = read_directories(file, limits)
    _decode(file, "TIFF", limits, tiff.pictures)
    return tiff.pages


def _png_chunk(file: BinaryIO, start: int) -> tuple[bytes, bytes, int]:
    """Type of the chunk at ``start``, its first block of data, and where the next one begins."""
    file.seek(start)
    head = file.read(8)
    length, kind = int.from_bytes(head[:4], "big"), head[4:]
    if length > _PNG_CHUNK_BYTES_MAX or (len(kind) == 4 and not kind.isalpha()):  # noqa: PLR2004 - its fixed length
        raise FileRefused(FileFault.DAMAGED, f"no chunk of the PNG begins at byte {start}, where one should")
    checksum, first, read_bytes = zlib.crc32(kind), b"", 0
    for block in blocks(file, start + 8, length):
        first = first or block
        checksum = zlib.crc32(block, checksum)
        read_bytes += len(block)
    stored = file.read(4)
    if read_bytes < length or len(stored) < 4:  # noqa: PLR2004 - a checksum has four bytes
        raise FileRefused(FileFault.TRUNCATED, f"the PNG breaks off in the chunk at byte {start}, before IEND")
    if checksum != int.from_bytes(stored, "big"):
        raise FileRefused(FileFault.DAMAGED, f"the chunk of the PNG at byte {start} does not have its checksum")
    return kind, first, start + 8 + length + 4


def _decode(file: BinaryIO, form: str, limits: Limits, pictures: int = 1) -> None:
    file.seek(0)
    try:
        with _pillow(limits), Image.open(file, formats=[form]) as image:
            for number in range(pictures):
                image.seek(number)
                # JPEG is decoded at an eighth of its size: all data is read, and little of it held. Others ignore this.
                image.draft(None, (max(1, image.width // 8), max(1, image.height // 8)))
                image.load()
    except Image.DecompressionBombError as error:
        raise FileRefused(FileFault.BOMB, f"the {form} has too many pixels: {error}") from error
    except RecursionError:
        raise
    except BROKEN as error:
        # Pillow bounds what a text or a colour profile inside a PNG may inflate to, and says so in words only.
        fault = FileFault.BOMB if "too large" in str(error) else FileFault.DAMAGED
        raise FileRefused(fault, f"the {form} cannot be decoded: {error}") from error


@contextmanager
def _pillow(limits: Limits) -> Iterator[None]:
    """Pillow with our bound on pixels, and without its warnings: what is odd about a file's notes is not asked."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = limits.pixels_max
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
