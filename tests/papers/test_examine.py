"""What files are taken for, and by which name a bad one is refused: one file a test, made on the spot."""

import io
import tracemalloc
import warnings
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pikepdf
import pytest
from pikepdf.settings import get_qpdf_limits
from PIL import Image

from app.domain.documents import MEDIA_TYPES, FileFault, FileKind, Role
from app.papers import Examined, FileRefused, Limits
from app.papers.examine import examine
from tests.papers import samples
from tests.papers.samples import CATALOG, PAGE, PAGES, TEXT, one_page, raw_pdf, stream

LIMITS = Limits()
SMALL = Limits(bytes_max=2**20, pages_max=3, pixels_max=100_000)


def taken(data: bytes, role: Role = Role.COMPONENT, limits: Limits = LIMITS) -> Examined:
    return examine(io.BytesIO(data), limits, role)


def refused(data: bytes, role: Role = Role.COMPONENT, limits: Limits = LIMITS) -> tuple[FileFault, str]:
    with pytest.raises(FileRefused) as caught:
        taken(data, role, limits)
    return caught.value.fault, caught.value.detail


def packed(data: bytes) -> bytes:
    return stream(data, b"/Filter/FlateDecode")


# What is taken


def test_a_pdf_is_taken_with_its_pages() -> None:
    data = samples.pdf(3)
    assert taken(data) == Examined(FileKind.PDF, "application/pdf", 3, len(data))


def test_a_pdf_with_packed_objects_is_taken() -> None:
    assert taken(samples.pdf(2, packed=True)).pages == 2


def test_a_pdf_with_incremental_updates_is_taken() -> None:
    data = samples.updated(one_page(stream(TEXT)), stream(TEXT * 2))
    assert data.count(b"%%EOF") == 2
    assert taken(data).kind is FileKind.PDF


def test_a_pdf_that_is_encrypted_but_opens_for_all_is_taken() -> None:
    assert taken(samples.pdf(encryption=pikepdf.Encryption(owner="chu", user=""))).pages == 1


@pytest.mark.parametrize("padding", [b"\n", b"\r\n", b"\0" * 5000, b"\0" * 900 + b"\r\n"])
def test_padding_after_the_end_of_a_pdf_is_no_fault(padding: bytes) -> None:
    assert taken(samples.pdf() + padding).pages == 1


def test_a_blank_page_is_taken() -> None:
    with pikepdf.new() as made:
        made.add_blank_page()
        out = io.BytesIO()
        made.save(out)
    assert taken(out.getvalue()).pages == 1


@pytest.mark.parametrize(
    ("filters", "data"),
    [
        (b"/FlateDecode", zlib.compress(TEXT)),
        (b"[/ASCII85Decode/FlateDecode]", samples.ascii85(zlib.compress(TEXT))),
        (b"/ASCIIHexDecode", TEXT.hex().encode() + b">"),
        (b"/RunLengthDecode", bytes([len(TEXT) - 1]) + TEXT + b"\x80"),
        (b"/LZWDecode", b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01"),
    ],
)
def test_a_page_packed_in_any_usual_way_is_taken(filters: bytes, data: bytes) -> None:
    assert taken(one_page(stream(data, b"/Filter" + filters))).pages == 1


@pytest.mark.parametrize("parameters", [b"<</EarlyChange 1>>", b"[<</EarlyChange 1>>]", b"[null]", b"[]"])
def test_how_lzw_codes_are_counted_is_heeded(parameters: bytes) -> None:
    data = stream(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", b"/Filter[/LZWDecode]/DecodeParms" + parameters)
    assert taken(one_page(data)).pages == 1


def test_a_stream_that_lzw_makes_too_large_is_a_bomb() -> None:
    data = one_page(stream(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", b"/Filter/LZWDecode"))
    assert refused(data, limits=Limits(inflated_bytes_max=8))[0] is FileFault.BOMB


def test_a_scanned_page_is_taken() -> None:
    assert taken(samples.scan(samples.saved("JPEG"), 320, 240)).pages == 1


def test_a_white_page_that_inflates_a_thousandfold_is_a_picture_and_no_bomb() -> None:
    entries = b"/Type/XObject/Subtype/Image/Width 2480/Height 3508/BitsPerComponent 8/ColorSpace/DeviceRGB"
    white = zlib.compress(b"\xff" * (2480 * 3508 * 3), 9)
    assert taken(one_page(stream(TEXT), stream(white, entries + b"/Filter/FlateDecode"))).pages == 1


@pytest.mark.parametrize(("form", "kind"), [("PNG", FileKind.PNG), ("JPEG", FileKind.JPEG), ("TIFF", FileKind.TIFF)])
def test_a_picture_is_one_page(form: str, kind: FileKind) -> None:
    data = samples.saved(form)
    assert taken(data) == Examined(kind, MEDIA_TYPES[kind], 1, len(data))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"])
def test_a_tiff_of_several_pages_is_taken_with_them(compression: str) -> None:
    assert taken(samples.tiff(3, compression=compression)).pages == 3


def test_a_fax_page_is_taken() -> None:
    assert taken(samples.saved("TIFF", samples.drawing().convert("1"), compression="group4")).pages == 1


def test_a_jpeg_with_a_thumbnail_inside_is_no_polyglot() -> None:
    thumbnail = b"Exif\0\0" + b"II*\0\x08\0\0\0\0\0\0\0\0\0" + samples.saved("JPEG", samples.drawing(64, 48))
    assert taken(samples.saved("JPEG", exif=thumbnail)).kind is FileKind.JPEG


def test_a_jpeg_with_restarts_and_filling_is_taken() -> None:
    data = samples.saved("JPEG", restart_marker_blocks=4)
    assert b"\xff\xd0" in data
    assert taken(data[:-2] + b"\xff\xff\xff\xd9").kind is FileKind.JPEG


def test_a_progressive_jpeg_is_taken() -> None:
    assert taken(samples.saved("JPEG", progressive=True)).kind is FileKind.JPEG


def test_a_jpeg_in_which_a_camera_put_several_pictures_is_taken() -> None:
    data = samples.saved("MPO", save_all=True, append_images=[samples.drawing()])
    assert data.count(b"\xff\xd9") == 2
    assert taken(data).kind is FileKind.JPEG


def test_a_jpeg_with_the_notes_of_a_phone_after_it_is_taken() -> None:
    note = b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1700000000000"
    directory = b"SEFH\x6b\0\0\0\x01\0\0\0\0\0\x01\x0a" + len(note).to_bytes(4, "little") * 2
    notes = note + directory + len(directory).to_bytes(4, "little") + b"SEFT"
    assert taken(samples.saved("JPEG") + notes).kind is FileKind.JPEG


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_padding_after_the_end_of_a_picture_is_no_fault(form: str) -> None:
    assert taken(samples.saved(form) + bytes(4000)).pages == 1


@pytest.mark.parametrize(
    "data",
    [
        samples.XML,
        b"\xef\xbb\xbf" + samples.XML,
        samples.XML.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        b"<a/>",
        b"<!-- GP --><a><b c='1'/>  </a>\n<!-- end -->\n",
    ],
)
def test_xml_is_taken_with_or_without_a_declaration(data: bytes) -> None:
    assert taken(data, Role.RESULT) == Examined(FileKind.XML, "application/xml", 1, len(data))


# Empty, too large, not of a kind


def test_a_file_without_a_byte_is_empty() -> None:
    assert refused(b"")[0] is FileFault.EMPTY


def test_a_file_beyond_the_bound_is_too_large() -> None:
    assert refused(bytes(2**20 + 1), limits=SMALL)[0] is FileFault.TOO_LARGE
    assert refused(bytes(2**20), limits=SMALL)[0] is not FileFault.TOO_LARGE


@pytest.mark.parametrize("make", [samples.pdf, samples.tiff])
def test_more_pages_than_the_bound_are_too_many(make: Callable[[int], bytes]) -> None:
    assert taken(make(3), limits=SMALL).pages == 3
    assert refused(make(4), limits=SMALL)[0] is FileFault.TOO_MANY_PAGES


@pytest.mark.parametrize("data", [b"Kinh gui UBND tinh", b'{"a": 1}', b"\x01\x02\x03\x04" * 99, b"MZ" * 50])
def test_text_and_what_nobody_knows_is_of_unknown_type(data: bytes) -> None:
    assert refused(data)[0] is FileFault.UNKNOWN_TYPE


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"<!DOCTYPE html><html><body>x</body></html>", "HTML"),
        (b"\n <HTML><body>x</body></HTML>", "HTML"),
        (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "XHTML"),
        (b"<!-- x --><html><script/></html>", "XHTML"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<a><b xmlns:s='http://www.w3.org/2000/svg'><s:script/></b></a>", "SVG"),
        (b"<a><x:script xmlns:x='http://www.w3.org/1999/xhtml'/></a>", "XHTML"),
        (b"<x:transform xmlns:x='http://www.w3.org/1999/XSL/Transform'/>", "XSLT"),
        (b"<?xml-stylesheet href='http://example.com/x.xsl' type='text/xsl'?><a/>", "style sheet"),
        (samples.saved("GIF"), "GIF"),
        (samples.saved("WEBP"), "WebP"),
        (samples.archive({"a.txt": b"a"}), "ZIP"),
        (samples.ole("Another"), "OLE"),
    ],
)
def test_what_is_known_but_not_taken_is_refused_with_what_it_is(data: bytes, seen: str) -> None:
    fault, detail = refused(data)
    assert fault is FileFault.TYPE_NOT_ALLOWED
    assert seen in detail


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (samples.office("word"), ".docx"),
        (samples.office("xl"), ".xlsx"),
        (samples.office("ppt"), ".pptx"),
        (samples.office("word")[:200], ".docx"),
        (samples.odt(), ".odt"),
        (samples.ole("WordDocument"), ".doc"),
        (samples.ole("Workbook"), ".xls"),
        (samples.ole("PowerPoint Document"), ".ppt"),
        (samples.ole("EncryptedPackage"), "password"),
        (b"{\\rtf1\\ansi Quyet dinh}", ".rtf"),
        (b"<w:d xmlns:w='http://schemas.microsoft.com/office/word/2003/wordml'/>", "Word"),
        (b"<o:document xmlns:o='urn:oasis:names:tc:opendocument:xmlns:office:1.0'/>", "OpenDocument"),
    ],
)
def test_office_formats_are_refused_for_every_role_with_what_to_do(role: Role, data: bytes, seen: str) -> None:
    fault, detail = refused(data, role)
    assert fault is FileFault.OFFICE_FORMAT
    assert seen in detail
    assert "PDF signed" in detail


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF"])
def test_a_picture_is_no_result(form: str) -> None:
    assert refused(samples.saved(form), Role.RESULT)[0] is FileFault.TYPE_NOT_ALLOWED


def test_an_animated_picture_is_no_paper() -> None:
    data = samples.saved("PNG", save_all=True, append_images=[samples.drawing().rotate(90)])
    assert refused(data)[0] is FileFault.TYPE_NOT_ALLOWED


# Behind a password


def test_a_pdf_that_asks_for_a_password_is_protected() -> None:
    data = samples.pdf(encryption=pikepdf.Encryption(owner="chu", user="mo"))
    assert refused(data)[0] is FileFault.PASSWORD_PROTECTED


def test_a_pdf_encrypted_for_certificates_is_protected() -> None:
    objects = [CATALOG, PAGES, PAGE, stream(TEXT), b"<</Filter/Adobe.PubSec/V 4>>"]
    assert refused(raw_pdf(objects, b"/Encrypt 5 0 R/ID[<00><00>]"))[0] is FileFault.PASSWORD_PROTECTED


# Cut off


def test_a_pdf_without_its_end_mark_is_truncated() -> None:
    assert refused(samples.pdf()[:-10])[0] is FileFault.TRUNCATED


def test_a_pdf_whose_last_update_is_cut_is_truncated() -> None:
    data = samples.updated(one_page(stream(TEXT)), stream(TEXT * 2))
    assert refused(data[:-20])[0] is FileFault.TRUNCATED


def test_a_pdf_with_bytes_missing_in_the_middle_is_truncated() -> None:
    data = samples.pdf(20)
    assert refused(data[:700] + data[900:])[0] is FileFault.TRUNCATED


def test_a_png_without_its_end_is_truncated() -> None:
    data = samples.saved("PNG")
    assert refused(data[:-12])[0] is FileFault.TRUNCATED
    assert refused(data[:3000])[0] is FileFault.TRUNCATED


def test_a_jpeg_without_its_end_is_truncated() -> None:
    data = samples.saved("JPEG")
    assert refused(data[:-2])[0] is FileFault.TRUNCATED
    assert refused(data[:300])[0] is FileFault.TRUNCATED


def test_a_tiff_whose_strips_lie_beyond_the_end_is_truncated() -> None:
    data = samples.saved("TIFF")
    fault, detail = refused(data[:-1000])
    assert fault is FileFault.TRUNCATED
    assert "pixels of picture 1" in detail


def test_a_tiff_whose_directory_is_cut_is_truncated() -> None:
    assert refused(samples.saved("TIFF", compression="tiff_lzw")[:40])[0] is FileFault.TRUNCATED


@pytest.mark.parametrize("end", [30, 60, -3, -15])
def test_xml_that_is_cut_off_is_truncated(end: int) -> None:
    assert refused(samples.XML[:end])[0] is FileFault.TRUNCATED


# More than one thing


ZIP = samples.archive({"a.class": b"code"})


@pytest.mark.parametrize("front", [samples.pdf(), samples.saved("PNG"), samples.saved("JPEG"), samples.saved("TIFF")])
def test_a_zip_archive_after_a_file_makes_it_a_polyglot(front: bytes) -> None:
    fault, detail = refused(front + ZIP)
    assert fault is FileFault.POLYGLOT
    assert f"ZIP archive of 1 files begins at byte {len(front)}" in detail


@pytest.mark.parametrize("front", [samples.pdf(), samples.saved("PNG"), samples.saved("JPEG")])
@pytest.mark.parametrize("junk", [b"<html>", b"Rar!\x1a\x07\0", bytes(30) + b"x"])
def test_anything_after_the_end_makes_a_polyglot(front: bytes, junk: bytes) -> None:
    fault, detail = refused(front + junk)
    assert fault is FileFault.POLYGLOT
    assert f"at byte {len(front) + len(junk) - len(junk.lstrip(bytes(1)))}" in detail


@pytest.mark.parametrize("junk", [b"<html>%%EOF", b"MZ" * 300 + b"\n%%EOF\n"])
def test_an_end_mark_of_its_own_does_not_hide_what_follows_a_pdf(junk: bytes) -> None:
    assert refused(samples.pdf() + junk)[0] is FileFault.POLYGLOT


def test_an_end_mark_that_is_set_twice_is_no_fault() -> None:
    assert taken(samples.pdf() + b"%%EOF\n").pages == 1


@pytest.mark.parametrize("front", [b"\n", ZIP, b"GIF89a" + bytes(20), b"\xef\xbb\xbf"])
def test_a_pdf_that_does_not_begin_at_byte_0_is_a_polyglot(front: bytes) -> None:
    fault, detail = refused(front + samples.pdf())
    assert fault is FileFault.POLYGLOT
    assert f"at byte {len(front)}" in detail


def test_a_pdf_in_the_comment_of_a_jpeg_is_a_polyglot() -> None:
    assert refused(samples.saved("JPEG", comment=samples.pdf()))[0] is FileFault.POLYGLOT


def test_a_pdf_in_a_text_of_a_png_is_a_polyglot() -> None:
    data = samples.saved("PNG")
    text = samples.png_chunk(b"teXt", samples.pdf())
    assert refused(data[:33] + text + data[33:])[0] is FileFault.POLYGLOT


def test_two_jpegs_one_after_the_other_are_a_polyglot() -> None:
    assert refused(samples.saved("JPEG") * 2)[0] is FileFault.POLYGLOT


def test_a_pdf_that_is_a_tar_archive_as_well_is_a_polyglot() -> None:
    data = b"%PDF-1.7\n" + b"%" * 248 + b"ustar\n"
    assert refused(data + samples.pdf()[9:])[0] is FileFault.POLYGLOT


def test_what_follows_the_root_of_xml_makes_a_polyglot() -> None:
    assert refused(samples.XML + b"<script/>")[0] is FileFault.POLYGLOT


def test_four_bytes_that_end_an_archive_by_chance_are_no_polyglot() -> None:
    end = b"PK\x05\x06" + bytes(18)
    assert taken(one_page(stream(TEXT + end))).pages == 1


# Bombs


def test_a_stream_that_inflates_to_a_gibibyte_is_a_bomb() -> None:
    data = one_page(stream(TEXT), packed(samples.gibibyte()))
    assert len(data) < 1_100_000
    assert refused(data)[0] is FileFault.BOMB


def test_a_bomb_is_never_held() -> None:
    data = one_page(stream(TEXT), packed(samples.gibibyte()))
    tracemalloc.start()
    try:
        refused(data)
        held_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held_bytes < 8 * 2**20


def test_a_bomb_packed_twice_is_a_bomb() -> None:
    data = one_page(stream(zlib.compress(samples.gibibyte(), 9), b"/Filter[/FlateDecode/FlateDecode]"))
    assert len(data) < 10_000
    assert refused(data)[0] is FileFault.BOMB


def test_many_streams_that_are_large_together_are_a_bomb() -> None:
    limits = Limits(inflated_bytes_max=20 * 2**20)
    one = packed(samples.zeros(8 * 2**20))
    assert taken(one_page(stream(TEXT), one, one), limits=limits).pages == 1
    assert refused(one_page(stream(TEXT), one, one, one), limits=limits)[0] is FileFault.BOMB


def test_a_stream_packed_thirty_times_over_is_a_bomb() -> None:
    assert refused(one_page(stream(b"", b"/Filter[%s]" % (b"/FlateDecode" * 30))))[0] is FileFault.BOMB


def test_a_picture_that_inflates_beyond_what_it_declares_is_a_bomb() -> None:
    entries = b"/Type/XObject/Subtype/Image/Width 9/Height 9/BitsPerComponent 8/Filter/FlateDecode"
    assert refused(one_page(stream(TEXT), stream(samples.zeros(2**24), entries)))[0] is FileFault.BOMB


_PACKED_PAGE = b"3 0 <</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<<>>>>"


def test_a_page_in_an_object_stream_is_taken() -> None:
    assert taken(samples.with_object_stream(zlib.compress(_PACKED_PAGE))).pages == 1


def test_a_bomb_among_the_containers_of_objects_is_a_bomb() -> None:
    assert refused(samples.with_object_stream(samples.zeros(2**28, _PACKED_PAGE)))[0] is FileFault.BOMB


def test_a_bomb_for_a_table_of_objects_is_a_bomb() -> None:
    data = samples.with_object_stream(zlib.compress(_PACKED_PAGE), table=samples.zeros(2**28))
    assert refused(data)[0] is FileFault.BOMB


@pytest.mark.parametrize(
    "objects",
    [
        [CATALOG, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"],
        [CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Pages/Kids[2 0 R]/Count 1>>"],
        [CATALOG, *(b"<</Type/Pages/Kids[%d 0 R %d 0 R]/Count 9>>" % (n, n) for n in range(3, 40)), PAGE],
        [CATALOG, *(b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % n for n in range(3, 3000)), PAGE],
    ],
    ids=["itself", "its child", "each child twice", "deep"],
)
def test_a_tree_of_pages_that_never_ends_is_a_bomb(objects: list[bytes]) -> None:
    assert refused(raw_pdf(objects))[0] is FileFault.BOMB


def test_objects_in_each_other_without_end_are_a_bomb() -> None:
    assert refused(one_page(stream(TEXT), b"[" * 5000 + b"]" * 5000))[0] is FileFault.BOMB


def test_too_many_objects_are_a_bomb() -> None:
    assert refused(one_page(stream(TEXT), *[b"null"] * 20), limits=Limits(objects_max=10))[0] is FileFault.BOMB


def test_a_picture_in_a_pdf_that_claims_too_many_pixels_is_a_bomb() -> None:
    assert refused(samples.scan(samples.saved("JPEG"), 60000, 60000))[0] is FileFault.BOMB


def test_a_jpeg_in_a_pdf_that_is_larger_than_the_pdf_says_is_a_bomb() -> None:
    jpeg = samples.saved("JPEG", samples.drawing(400, 300))
    assert refused(samples.scan(jpeg, 10, 10), limits=SMALL)[0] is FileFault.BOMB


def test_a_png_of_60000_by_60000_pixels_is_a_bomb() -> None:
    assert refused(samples.png_claiming(60000, 60000))[0] is FileFault.BOMB


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF"])
def test_a_picture_of_too_many_pixels_is_a_bomb(form: str) -> None:
    assert refused(samples.saved(form, samples.drawing(400, 300)), limits=SMALL)[0] is FileFault.BOMB


def test_a_text_in_a_png_that_inflates_without_end_is_a_bomb() -> None:
    data = samples.saved("PNG")
    text = samples.png_chunk(b"zTXt", b"k\0\0" + samples.zeros(2**24))
    assert refused(data[:33] + text + data[33:])[0] is FileFault.BOMB


def test_directories_of_a_tiff_in_a_circle_are_a_bomb() -> None:
    data = bytearray(samples.saved("TIFF", compression="tiff_lzw"))
    first = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[first : first + 2], "little")
    data[first + 2 + count * 12 :][:4] = b""
    end = first + 2 + count * 12
    data[end : end + 4] = first.to_bytes(4, "little")
    assert refused(bytes(data))[0] is FileFault.BOMB


def test_billion_laughs_are_a_bomb() -> None:
    assert refused(samples.LAUGHS)[0] is FileFault.BOMB


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" * 201 + b"</a>" * 201,
        b"<a>" + b"<b/>" * 1000 + b"</a>",
        b"<a %s/>" % b" ".join(b'a%d=""' % n for n in range(1001)),
    ],
    ids=["depth", "elements", "attributes"],
)
def test_xml_beyond_its_bounds_is_a_bomb(data: bytes) -> None:
    assert refused(data, limits=Limits(xml_elements_max=1000))[0] is FileFault.BOMB


def test_xml_with_an_external_entity_reads_nothing() -> None:
    data = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    assert refused(data)[0] is FileFault.BOMB


@pytest.mark.parametrize("data", [b"<!DOCTYPE a><a/>", b"<!DOCTYPE a SYSTEM 'http://example.com/a.dtd'><a/>"])
def test_xml_with_a_document_type_is_not_taken(data: bytes) -> None:
    assert refused(data)[0] is FileFault.TYPE_NOT_ALLOWED


# Damaged


@pytest.mark.parametrize(
    "data",
    [
        one_page(b"<</Length 9>>stream\nabc\nendstream"),
        one_page(b"17"),
        one_page(packed(b"not packed at all")),
        one_page(packed(zlib.compress(TEXT * 9)[:-20])),
        one_page(stream(TEXT, b"/Filter/Unheard")),
        one_page(stream(TEXT), packed(b"not packed at all")),
        raw_pdf([CATALOG, b"<</Type/Pages/Kids[]/Count 0>>"]),
        raw_pdf([b"<</Type/Catalog>>"]),
        raw_pdf([CATALOG, b"<</Type/Pages/Kids[3 0 R 17]/Count 2>>", PAGE, stream(TEXT)]),
    ],
    ids=["length", "number", "packed", "cut", "filter", "other", "no page", "no tree", "page is a number"],
)
def test_a_pdf_that_readers_would_see_otherwise_than_written_is_damaged(data: bytes) -> None:
    assert refused(data)[0] is FileFault.DAMAGED


def test_what_breaks_off_beside_the_pages_is_no_fault() -> None:
    assert taken(one_page(stream(TEXT), packed(zlib.compress(TEXT * 9)[:-4]))).pages == 1


def test_a_png_with_a_wrong_checksum_is_damaged() -> None:
    data = bytearray(samples.saved("PNG"))
    data[200] ^= 1
    assert refused(bytes(data))[0] is FileFault.DAMAGED


def test_a_png_with_broken_pixels_is_damaged() -> None:
    data = samples.saved("PNG")
    broken = data[:33] + samples.png_chunk(b"IDAT", b"not packed at all") + samples.png_chunk(b"IEND", b"")
    assert refused(broken)[0] is FileFault.DAMAGED


def test_a_jpeg_whose_segments_lead_nowhere_is_damaged() -> None:
    data = bytearray(samples.saved("JPEG"))
    data[4:6] = b"\0\x09"
    assert refused(bytes(data))[0] is FileFault.DAMAGED


def test_a_tiff_without_a_picture_is_damaged() -> None:
    assert refused(b"II*\0" + bytes(40))[0] is FileFault.DAMAGED


def test_a_tiff_with_more_strips_than_rows_could_have_is_a_bomb() -> None:
    entry = b"\x11\x01\x04\0" + (2_000_000).to_bytes(4, "little") + bytes(4)
    assert refused(b"II*\0\x08\0\0\0\x01\0" + entry + bytes(4))[0] is FileFault.BOMB


def test_a_jpeg_in_a_pdf_of_which_nothing_can_be_read_is_left_to_its_reader() -> None:
    assert taken(samples.scan(b"not a picture", 10, 10)).pages == 1


def test_a_tiff_with_broken_pixels_is_damaged() -> None:
    data = bytearray(samples.saved("TIFF", compression="tiff_adobe_deflate"))
    place = data.index(b"\x78\x9c")
    data[place : place + 40] = bytes(40)
    assert refused(bytes(data))[0] is FileFault.DAMAGED


@pytest.mark.parametrize(
    "data", [b"<a><b></a></b>", b"<a b=1/>", b"<a>&unknown;</a>", b"<?xml version='1.0' encoding='x-none'?><a/>"]
)
def test_xml_that_is_not_well_formed_is_damaged(data: bytes) -> None:
    assert refused(data)[0] is FileFault.DAMAGED


# The house of others


def test_bounds_given_to_libraries_are_taken_back() -> None:
    before = get_qpdf_limits(), Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    taken(samples.pdf())
    taken(samples.saved("PNG"))
    refused(samples.png_claiming(60000, 60000))
    assert (get_qpdf_limits(), Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before


def test_a_detail_quotes_a_file_only_shortly_and_in_print() -> None:
    refusal = FileRefused(FileFault.DAMAGED, "a\x1b[31m\n" + "b" * 9999)
    assert refusal.detail.isprintable()
    assert len(refusal.detail) == 500


@pytest.mark.parametrize("name", ["bytes_max", "seconds_max", "pages_max", "memory_bytes_max"])
def test_a_bound_that_would_refuse_every_file_is_refused_itself(name: str) -> None:
    wrong: dict[str, Any] = {name: 0}
    with pytest.raises(ValueError, match=name):
        replace(LIMITS, **wrong)
