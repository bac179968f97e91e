"""File names that are safe everywhere: in an archive, on Windows, and pasted into a command line."""

import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

# Letters that Vietnamese is written with, as one code point each. Quotes, dollars and the like would make a command
# out of a name that is pasted into a terminal; letters of other scripts are easily taken for these.
_VIETNAMESE: Final = frozenset(
    letter
    for base in "aăâeêioôơuưy"
    for mark in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    for letter in (unicodedata.normalize("NFC", base + mark), unicodedata.normalize("NFC", base.upper() + mark))
) | frozenset("đĐ")
_ASCII: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-()")
SAFE_CHARACTERS: Final = _ASCII | _VIETNAMESE

_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{device}{number}" for device in ("com", "lpt") for number in range(10)}
)
_ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/tiff": (".tif", ".tiff"),
    "application/xml": (".xml",),
}
_UNKNOWN: Final = (".bin",)
_STEM_BYTES_MAX: Final = 120

WORDS, RECORD, SUMS = "xac-minh.txt", "xac-minh.json", "SHA256SUMS"
_TAKEN: Final = frozenset(name.casefold() for name in (WORDS, RECORD, SUMS))


def safe_name(name: str, media_type: str) -> str:
    """A name for the original in a bundle: like its own, but safe, with the ending of what it really is.

    Never empty, never that of another file of the bundle, at most 130 bytes in UTF-8.
    """
    endings = _ENDINGS.get(media_type, _UNKNOWN)
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(letter if letter in SAFE_CHARACTERS else "_" for letter in last)
    own = PurePosixPath(clean).suffix.lower()
    stem = clean[: -len(own)] if own in endings else clean
    ending = own if own in endings else endings[0]
    # A leading dot hides a file, a leading dash makes it an option; Windows drops what trails.
    stem = _shortened(stem.strip(" .-")).rstrip(" .-") or "tep"
    if stem.split(".")[0].rstrip().lower() in _RESERVED or f"{stem}{ending}".casefold() in _TAKEN:
        stem = f"goc-{stem}"
    return f"{stem}{ending}"


def _shortened(stem: str) -> str:
    return stem.encode()[:_STEM_BYTES_MAX].decode(errors="ignore")
