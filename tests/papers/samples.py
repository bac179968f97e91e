"""Good and bad files, made on the spot: every one is bytes."""

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import pikepdf
from PIL import Image, ImageDraw

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>/Contents 4 0 R>>"
TEXT = b"BT /F1 12 Tf (Giay phep xay dung) Tj ET\n"


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """An object with a stream."""
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), entries, data)


def raw_pdf(objects: Iterable[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of just these objects, numbered from one, with a correct table."""
    body, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    tail = b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, trailer, len(body))
    return body + head + table + tail


def one_page(content: bytes, *others: bytes) -> bytes:
    """A PDF of one page with this object as its content, and further objects from 5 on."""
    return raw_pdf([CATALOG, PAGES, PAGE, content, *others])


def pdf(pages: int = 1, *, encryption: pikepdf.Encryption | None = None, packed: bool = False) -> bytes:
    """An ordinary PDF as qpdf writes it; ``packed`` puts its objects into object streams."""
    with pikepdf.new() as made:
        for _ in range(pages):
            made.add_blank_page().Contents = made.make_stream(TEXT * 20)
        out = io.BytesIO()
        mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
        made.save(out, encryption=encryption, object_stream_mode=mode)
        return out.getvalue()


def updated(before: bytes, content: bytes) -> bytes:
    """The PDF of ``one_page`` with an incremental update that writes object 4 anew."""
    previous = before.rindex(b"xref\n0 ")
    place = len(before)
    body = before + b"4 0 obj\n%s\nendobj\n" % content
    table = b"xref\n4 1\n%010d 00000 n \ntrailer\n<</Size 5/Root 1 0 R/Prev %d>>\n" % (place, previous)
    return body + table + b"startxref\n%d\n%%%%EOF\n" % len(body)


def zeros(size_bytes: int, start: bytes = b"") -> bytes:
    """``start`` and then that many zeros (whole MiB), as zlib packs them; made from one packed block, never held."""
    block, packer = bytes(2**20), zlib.compressobj(9)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    packed_block = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = zlib.adler32(start)
    for _ in range(size_bytes >> 20):
        checksum = zlib.adler32(block, checksum)
    # An empty last block, and the checksum of all that came before.
    return head + packed_block * (size_bytes >> 20) + b"\x03\x00" + checksum.to_bytes(4, "big")


@cache
def gibibyte() -> bytes:
    """A gibibyte of zeros, packed to about a megabyte."""
    return zeros(2**30)


def with_object_stream(packed: bytes, *, table: bytes | None = None) -> bytes:
    """A PDF whose page lies in an object stream with this packed data; ``table`` is its packed table of objects."""
    body, offsets = b"%PDF-1.5\n", {}
    for number, content in (
        (1, CATALOG),
        (2, PAGES),
        (4, stream(packed, b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode")),
    ):
        offsets[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    offsets[5] = len(body)
    rows = b"".join(
        b"\0\0\0\0\0\xff" if n == 0 else b"\2\0\0\0\4\0" if n == 3 else b"\1%s\0" % offsets[n].to_bytes(4, "big")
        for n in range(6)
    )
    packed_rows = zlib.compress(rows) if table is None else table
    entries = b"/Type/XRef/Size 6/W[1 4 1]/Root 1 0 R/Filter/FlateDecode"
    body += b"5 0 obj\n%s\nendobj\n" % stream(packed_rows, entries)
    return body + b"startxref\n%d\n%%%%EOF\n" % offsets[5]


@cache
def drawing(width: int = 320, height: int = 240) -> Image.Image:
    """A picture with something on it."""
    picture = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(picture)
    for step in range(0, height, 7):
        pen.line((0, step, width, height - step), fill=(step % 256, 80, 160))
    return picture


def saved(form: str, picture: Image.Image | None = None, **options: Any) -> bytes:
    """A picture as Pillow writes it."""
    out = io.BytesIO()
    (picture or drawing()).save(out, form, **options)
    return out.getvalue()


def tiff(pages: int = 3, **options: Any) -> bytes:
    """A TIFF of several pages."""
    return saved("TIFF", save_all=True, append_images=[drawing()] * (pages - 1), **options)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int) -> bytes:
    """A PNG with transparency that claims a size and holds a little."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", zeros(2**20)) + png_chunk(b"IEND", b"")


def archive(members: dict[str, bytes]) -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in members.items():
            made.writestr(name, data)
    return out.getvalue()


def office(part: str) -> bytes:
    """The frame of an OOXML file: ``word``, ``xl`` or ``ppt``."""
    return archive({"[Content_Types].xml": b"<Types/>", "_rels/.rels": b"<r/>", f"{part}/document.xml": b"<d/>"})


def odt() -> bytes:
    """The frame of an OpenDocument text."""
    return archive({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<c/>"})


def ole(name: str) -> bytes:
    """The frame of an OLE container with one stream of that name in its directory."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1024) + name.encode("utf-16-le") + bytes(512)


def ascii85(data: bytes) -> bytes:
    """Data as older software packs it into a PDF."""
    return base64.a85encode(data) + b"~>"


XML = '<?xml version="1.0" encoding="UTF-8"?>\n<GiayPhep><So>12/GPXD</So><Ten>Trần Thị Bưởi</Ten></GiayPhep>\n'.encode()

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">%s]><lolz>&j;</lolz>""" % b"".join(
    b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in b"bcdefghij"
)


def scan(jpeg: bytes, width: int, height: int) -> bytes:
    """A PDF of one page with a JPEG as its picture, as scanners write it."""
    with pikepdf.new() as made:
        picture = made.make_stream(jpeg, Filter=pikepdf.Name.DCTDecode)
        for name, value in {
            "/Type": pikepdf.Name.XObject,
            "/Subtype": pikepdf.Name.Image,
            "/Width": width,
            "/Height": height,
            "/BitsPerComponent": 8,
            "/ColorSpace": pikepdf.Name.DeviceRGB,
        }.items():
            picture[name] = value
        page = made.add_blank_page()
        page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Picture=picture))
        out = io.BytesIO()
        made.save(out)
        return out.getvalue()
