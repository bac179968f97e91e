"""What of an exchange with the store may be kept: no name, no number, no address of a file, no byte of one.

Beside ``connectors.masking`` since these names are the store's own, and nearly all of its values are somebody's.
"""

import re

from connectors.masking import KEPT_CHARACTERS, mask
from connectors.national_store.answers import read_answer

_NAMES = (
    "SoDinhDanhChuSoHuu|HoTenNguoiYeuCau|SoDinhDanhNguoiYeuCau|TenGiayTo|SoKyHieu|TenTep|DuongDan|accessToken|signature"
)
_PAIR = re.compile(rf'"({_NAMES})"(\s*:\s*)"(?:[^"\\]|\\.)+', re.IGNORECASE | re.DOTALL)
# The same inside JSON that is itself a JSON text: quotes carry one backslash, escaped quotes three.
_NESTED_PAIR = re.compile(rf'\\"({_NAMES})\\"(\s*:\s*)\\"(?:[^"\\]|\\\\\\"|\\(?!"))+', re.IGNORECASE | re.DOTALL)


def masked(text: str) -> str:
    """A question or an answer with its personal values hidden, cut to 4,000 characters."""
    cut = text[:KEPT_CHARACTERS]
    if len(text) > KEPT_CHARACTERS:
        cut = cut.rstrip("0123456789")  # the beginning of a number that is too short to be known as one
    cut = _PAIR.sub(r'"\1"\2"***', cut)
    cut = _NESTED_PAIR.sub(r'\\"\1\\"\2\\"***', cut)
    return mask(cut) + ("…" if len(text) > KEPT_CHARACTERS else "")


def record_of_file(text: str) -> str:
    """The answer to a question for a file: the store's words when it is one of those, else its length alone."""
    return masked(text) if read_answer(text) is not None else f"{len(text)} characters"
