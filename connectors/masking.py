"""Make what went over the wire fit to be kept: personal values hidden, length bounded.

Works on text, not on parsed JSON, so that it also masks answers that are cut off or are no JSON at all.
"""

import re

KEPT_CHARACTERS = 4000
_HIDDEN = "***"
_PERSONAL = frozenset(
    {
        "access_token",
        "chuhoso",
        # Whoever has the address of a document may read it.
        "duongdantaiteptin",
        "duongdanteptinketqua",
        "email",
        "fax",
        "ghichu",
        "hovaten",
        "madoituong",
        "nam",
        "ngaythangnam",
        "nguoitiepnhanbosung",
        "password",
        "session",
        "socmnd",
        "sodienthoai",
        "sodinhdanh",
        "sogiaytochuhoso",
        "thongtinkhac",
        "thongtintiepnhan",
        "trichyeuhoso",
        "username",
    }
)
_PAIR = re.compile(r'"(\w+)"(\s*:\s*)"((?:[^"\\]|\\.)*)')
# The same inside JSON that is itself a JSON text: quotes carry one backslash, escaped quotes three. One backslash
# before anything else is an escape of the outer text, as for a letter outside ASCII.
_NESTED_PAIR = re.compile(r'\\"(\w+)\\"(\s*:\s*)\\"((?:[^"\\]|\\[^"\\]|\\\\(?:\\.|[^\\]))*)')
_ELEMENT = re.compile(r"<((?:\w+:)?(\w+)\b[^<>]*)>([^<]+)")
# The secret part of a document's address, wherever it stands: slashes may be escaped once or more, or percent-encoded.
# At the end of a text it may be cut off, so that any length of it counts there.
_CAPABILITY = re.compile(r"((?:/|%2F)files\\{0,7}(?:/|%2F))(?:[A-Za-z0-9_-]{20,}|[A-Za-z0-9_-]+\Z)", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"\d{9,}")
_DATE = re.compile(r"20\d{12}")


def mask(text: str, limit: int = KEPT_CHARACTERS) -> str:
    """Hide personal values, addresses of documents, and every run of nine or more digits that is no national date.

    What is left is cut to ``limit`` characters, but for the stars.
    """
    cut = text[:limit]
    if len(text) > limit:
        cut = cut.rstrip("0123456789")  # the beginning of a number that is too short to be known as one
    cut = _PAIR.sub(lambda m: f'"{m[1]}"{m[2]}"{_shown(m[1], m[3])}', cut)
    if '\\"' in cut:
        cut = _NESTED_PAIR.sub(lambda m: f'\\"{m[1]}\\"{m[2]}\\"{_shown(m[1], m[3])}', cut)
    if "<" in cut:
        cut = _ELEMENT.sub(lambda m: f"<{m[1]}>{_shown(m[2], m[3])}", cut)
    # Before the numbers: stars in the middle of a capability would leave the rest of it to be read.
    cut = _CAPABILITY.sub(rf"\1{_HIDDEN}", cut)
    cut = _LONG_NUMBER.sub(lambda m: m[0] if _DATE.fullmatch(m[0]) else _HIDDEN, cut)
    return cut if len(text) <= limit else f"{cut}…"


def _shown(name: str, value: str) -> str:
    return _HIDDEN if value and name.lower() in _PERSONAL else value
