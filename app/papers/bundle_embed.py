"""Puts the original into a finished cover, as an incremental update (ISO 32000-1, 7.5.6), without holding it.

Libraries want the bytes of an attachment in memory. The cover comes with a stand-in instead; appended here is one
object with the same number, copied from the original, and the table that says where it lies.
"""

import re
from typing import BinaryIO, Final

from app.papers.bundle_cover import Cover
from app.papers.bundle_facts import BundleFacts, copy_original, local

_TRAILER: Final = re.compile(
    rb"trailer\n<<\n/Size (\d+)\n/Root (\d+ \d+ R)\n/ID \[<([0-9A-F]+)><[0-9A-F]+>\]\n>>\nstartxref\n(\d+)\n%%EOF\n?\Z"
)


def write_with_original(cover: Cover, facts: BundleFacts, original: BinaryIO, into: BinaryIO) -> None:
    """Write the cover with the original attached to it.

    Raises:
        OriginalDiffers: the bytes are not those the facts speak of; by then they are written.
    """
    found = _TRAILER.search(cover.pdf)
    if found is None:
        message = "the cover does not end as fpdf2 ends a file"
        raise ValueError(message)
    size, root, identity, start = found.groups()
    head = _head(cover.attachment_object, facts)
    tail = b"\nendstream\nendobj\n"
    at = len(cover.pdf)
    into.write(cover.pdf)
    into.write(head)
    copy_original(original, into, facts)
    into.write(tail)
    changed = facts.sha256[:32].upper().encode()
    end = at + len(head) + facts.size_bytes + len(tail)
    into.write(b"xref\n%d 1\n%010d 00000 n \n" % (cover.attachment_object, at))
    into.write(
        b"trailer\n<<\n/Size %s\n/Root %s\n/ID [<%s><%s>]\n/Prev %s\n>>\n" % (size, root, identity, changed, start)
    )
    into.write(b"startxref\n%d\n%%%%EOF\n" % end)


def _head(number: int, facts: BundleFacts) -> bytes:
    kind = re.sub(rb"[^A-Za-z0-9.+-]", lambda odd: b"#%02X" % odd[0][0], facts.media_type.encode())
    moment = f"{local(facts.made_at):%Y%m%d%H%M%S}+07'00'".encode()
    size = b"/Length %d\n/Params << /Size %d /ModDate (D:%s) >>" % (facts.size_bytes, facts.size_bytes, moment)
    return b"%d 0 obj\n<<\n/Type /EmbeddedFile\n/Subtype /%s\n%s\n>>\nstream\n" % (number, kind, size)
