"""The directories of a TIFF file (TIFF 6.0, section 2), read without decoding a picture."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from app.domain.documents import FileFault
from app.papers.errors import FileRefused
from app.papers.kinds import size_of
from app.papers.limits import Limits

_SHORT, _LONG = 3, 4
_SUBFILE, _WIDTH, _HEIGHT = 254, 256, 257
# Where the pixels lie, and how many bytes of them: strips, or tiles.
_PLACES: Final = ((273, 279), (324, 325))
_REDUCED: Final = 1
# More strips than that have a row each, of a picture that is too large anyway.
_VALUES_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Tiff:
    """What the directories say: pictures in the file, and those of them that are pages and not small copies."""

    pictures: int
    pages: int


def read_directories(file: BinaryIO, limits: Limits) -> Tiff:
    """Walk the directories. Raises FileRefused when they run in a circle, are too many, or point beyond the end."""
    size_bytes = size_of(file)
    file.seek(0)
    order = "<" if file.read(2) == b"II" else ">"
    pictures = pages = 0
    for tags in _directories(file, order, limits):
        pictures += 1
        pages += not _first(tags, _SUBFILE) & _REDUCED
        pixels = _first(tags, _WIDTH) * _first(tags, _HEIGHT)
        if pixels > limits.pixels_max:
            raise FileRefused(FileFault.BOMB, f"picture {pictures} has {pixels} pixels; {limits.pixels_max} are taken")
        _check_places(tags, size_bytes, pictures)
    if not pictures:
        raise FileRefused(FileFault.DAMAGED, "the TIFF holds no picture")
    return Tiff(pictures, pages or pictures)


def _directories(file: BinaryIO, order: str, limits: Limits) -> Iterator[dict[int, tuple[int, ...]]]:
    seen: set[int] = set()
    file.seek(4)
    place = _number(file, order + "I")
    while place:
        if place in seen:
            raise FileRefused(FileFault.BOMB, f"the directories of the TIFF run in a circle at byte {place}")
        if len(seen) >= limits.pages_max:
            raise FileRefused(FileFault.TOO_MANY_PAGES, f"the TIFF has more than {limits.pages_max} pages")
        seen.add(place)
        file.seek(place)
        count = _number(file, order + "H")
        entries = file.read(count * 12)
        # Pictures are checked after this: reading their values moves the file.
        following = _number(file, order + "I")
        yield dict(_values(file, order, entries))
        place = following


def _number(file: BinaryIO, form: str) -> int:
    data = file.read(struct.calcsize(form))
    if len(data) < struct.calcsize(form):
        raise FileRefused(FileFault.TRUNCATED, "the TIFF ends before its directory does")
    value: int = struct.unpack(form, data)[0]
    return value


def _values(file: BinaryIO, order: str, entries: bytes) -> Iterator[tuple[int, tuple[int, ...]]]:
    wanted = {_SUBFILE, _WIDTH, _HEIGHT, *(tag for pair in _PLACES for tag in pair)}
    for tag, kind, count, inline in struct.iter_unpack(order + "HHI4s", entries):
        if tag not in wanted or kind not in {_SHORT, _LONG}:
            continue
        if count > _VALUES_MAX:
            raise FileRefused(FileFault.BOMB, f"a picture of the TIFF has {count} strips")
        form = f"{order}{count}{'H' if kind == _SHORT else 'I'}"
        size_bytes = struct.calcsize(form)
        if size_bytes <= len(inline):
            data = inline[:size_bytes]
        else:
            file.seek(struct.unpack(order + "I", inline)[0])
            data = file.read(size_bytes)
        if len(data) < size_bytes:
            raise FileRefused(FileFault.TRUNCATED, "the TIFF ends before the list of its strips does")
        yield tag, struct.unpack(form, data)


def _first(tags: dict[int, tuple[int, ...]], tag: int) -> int:
    return next(iter(tags.get(tag, ())), 0)


def _check_places(tags: dict[int, tuple[int, ...]], size_bytes: int, picture: int) -> None:
    for offsets, counts in _PLACES:
        starts = tags.get(offsets, ())
        lengths = tags.get(counts) or (1,) * len(starts)
        end = max((start + length for start, length in zip(starts, lengths, strict=False)), default=0)
        if end > size_bytes:
            text = f"the pixels of picture {picture} end at byte {end}, but the file has {size_bytes}"
            raise FileRefused(FileFault.TRUNCATED, text)
