"""The segments of a JPEG file (ITU-T T.81, annex B), read without decoding the picture."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.domain.documents import FileFault
from app.papers.errors import FileRefused
from app.papers.kinds import PADDING
from app.papers.limits import Limits

_START, _END, _SCAN, _APP2, _TEMPORARY = 0xD8, 0xD9, 0xDA, 0xE2, 0x01
_RESTARTS: Final = range(0xD0, 0xD8)
# C4, C8 and CC stand among the frame headers and are none.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Inside a scan FF 00 is a byte of data, and restarts belong to it.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_MANY_PICTURES: Final = b"MPF\0"

# Phones of one large maker write a directory of small notes after the picture, framed by these marks.
_NOTES_START, _NOTES_END = b"SEFH", b"SEFT"
_NOTES_BYTES_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a JPEG file: where it ends, its pixels, and whether it announces others after it (CIPA DC-007)."""

    end: int
    pixels: int
    more: bool


def read_picture(data: bytes, start: int, limits: Limits) -> Picture:
    """Walk the segments of the picture that begins at ``start``. Raises FileRefused when they lead nowhere."""
    end, pixels, more = start, 0, False
    for marker, place, end in _segments(data, start):
        if marker in _FRAMES:
            pixels = max(pixels, _pixels(data[place:end]))
            if pixels > limits.pixels_max:
                text = f"the JPEG has {pixels} pixels; {limits.pixels_max} are taken"
                raise FileRefused(FileFault.BOMB, text)
        more = more or (marker == _APP2 and data.startswith(_MANY_PICTURES, place + 2))
    return Picture(end, pixels, more)


def pixels_of(data: bytes) -> int:
    """Pixels that the first frame header of a JPEG declares; zero when none is found."""
    try:
        return next((_pixels(data[place:end]) for marker, place, end in _segments(data, 0) if marker in _FRAMES), 0)
    except FileRefused:
        return 0


def check_end(data: bytes, first: Picture, limits: Limits) -> None:
    """Whether what follows the first picture may be there: padding, or pictures and notes of a camera.

    Raises FileRefused with POLYGLOT for anything else.
    """
    place = first.end
    for _ in range(limits.frames_max):
        rest = data[place:].lstrip(PADDING)
        if not rest or _is_notes(rest):
            return
        place = len(data) - len(rest)
        if not (first.more and rest.startswith(b"\xff\xd8")):
            break
        place = read_picture(data, place, limits).end
    raise FileRefused(FileFault.POLYGLOT, f"something else follows the end of the JPEG at byte {place}")


def _segments(data: bytes, start: int) -> Iterator[tuple[int, int, int]]:
    """Marker, begin and end of each segment of a picture, its end mark last. Raises FileRefused when it has none."""
    place = start + 2
    while True:
        marker, place = _marker(data, place)
        if marker == _END:
            yield marker, place, place
            return
        if marker in _RESTARTS or marker == _TEMPORARY:
            continue
        length = int.from_bytes(data[place : place + 2], "big")
        end = place + length
        if end > len(data) or place + 2 > len(data):
            raise _cut(place)
        if length < 2 or marker == _START:  # noqa: PLR2004 - the length counts its own two bytes
            raise FileRefused(FileFault.DAMAGED, f"the segment of the JPEG at byte {place} is none")
        yield marker, place, end
        place = end
        if marker == _SCAN:
            found = _MARKER.search(data, place)
            if found is None:
                raise _cut(len(data))
            place = found.start()


def _marker(data: bytes, place: int) -> tuple[int, int]:
    if place + 1 >= len(data):
        raise _cut(place)
    if data[place] != 0xFF:  # noqa: PLR2004 - each marker begins so
        raise FileRefused(FileFault.DAMAGED, f"no segment of the JPEG begins at byte {place}, where one should")
    # FF may be repeated before a marker, as filling.
    while data[place + 1] == 0xFF:  # noqa: PLR2004 - as above
        place += 1
        if place + 1 >= len(data):
            raise _cut(place)
    return data[place + 1], place + 2


def _pixels(frame: bytes) -> int:
    return int.from_bytes(frame[3:5], "big") * int.from_bytes(frame[5:7], "big")


def _cut(place: int) -> FileRefused:
    return FileRefused(FileFault.TRUNCATED, f"the JPEG breaks off at byte {place}, before its end mark (EOI)")


def _is_notes(rest: bytes) -> bool:
    rest = rest.rstrip(b"\0")
    if len(rest) > _NOTES_BYTES_MAX or not rest.endswith(_NOTES_END):
        return False
    directory_bytes = int.from_bytes(rest[-8:-4], "little")
    return rest[-8 - directory_bytes :].startswith(_NOTES_START)
