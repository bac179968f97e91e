"""The cover of a bundle as a PDF, with room for the original as its attachment."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, assert_never

from app.domain.documents import Verdict
from app.papers.bundle_facts import BundleFacts, local
from app.papers.bundle_names import safe_name
from app.papers.bundle_sheet import INK, SOFT, Colour, Line, Run, Sheet
from app.papers.bundle_words import (
    Block,
    Command,
    Field,
    Heading,
    Judgement,
    Paragraph,
    Said,
    Title,
    Warned,
    blocks,
    printable,
    said,
)

_LABEL_MM: Final = 52.0
_STEP_MM: Final = 6.0
_HEADED_MM: Final = 24.0  # a heading alone at the foot of a page heads nothing
_PAD_MM: Final = 3.0

_PALE: Final[Colour] = (242, 243, 245)
_LINK: Final[Colour] = (20, 80, 160)
_GREEN: Final[Colour] = (22, 107, 62)
_AMBER: Final[Colour] = (148, 84, 0)
_RED: Final[Colour] = (166, 31, 24)
_WHITE: Final[Colour] = (255, 255, 255)

_COLOURS: Final = {
    Verdict.VALID: _GREEN,
    Verdict.MODIFIED: _RED,
    Verdict.EXPIRED: _AMBER,
    Verdict.REVOKED: _RED,
    Verdict.UNTRUSTED: _RED,
    Verdict.UNSIGNED: _AMBER,
    Verdict.INCOMPLETE: _AMBER,
}


@dataclass(frozen=True, slots=True)
class Cover:
    """A finished PDF, and the number of the object in it that stands in for the bytes of the original."""

    pdf: bytes
    attachment_object: int


def draw_cover(facts: BundleFacts, sealed_by: str | None) -> Cover:
    """Draw the cover. The same facts give the same bytes."""
    content = list(blocks(facts, "pdf", sealed_by))
    # The number of pages stands on each of them, so that a missing one is missed.
    with _drawn(facts, content, 0) as sheet:
        pages = sheet.pages_count
    with _drawn(facts, content, pages) as sheet:
        attached = sheet.embed_file(
            bytes=b" ",
            basename=safe_name(facts.file_name, facts.media_type),
            mime_type=facts.media_type,
            associated_file_relationship="Source",
        )
        pdf = bytes(sheet.output())
        return Cover(pdf, attached.id)


@contextmanager
def _drawn(facts: BundleFacts, content: Iterable[Block], pages: int) -> Iterator[Sheet]:
    def foot(number: int) -> Run:
        page = said("page", number=str(number), count=str(pages))
        return Run(f"{page.vi} · {page.en} · SHA-256 {facts.sha256}", 6.5, SOFT)

    title = printable(f"{said('title').vi}: {facts.dossier_code}")
    sheet = Sheet(title, local(facts.made_at), foot)
    try:
        for block in content:
            _put(sheet, block)
        yield sheet
    finally:
        sheet.release()


def _put(sheet: Sheet, block: Block) -> None:
    match block:
        case Title(text):
            sheet.put(sheet.lines([Run(text.vi, 18, bold=True), Run(text.en, 10, SOFT)], sheet.epw))
            sheet.skip(2)
        case Heading(text):
            sheet.keep(_HEADED_MM)
            sheet.skip(2)
            sheet.put(sheet.lines([Run(text.vi, 11, bold=True), Run(text.en, 9, SOFT)], sheet.epw))
            sheet.put_rule()
        case Paragraph(text, number):
            _put_paragraph(sheet, text, number)
        case Field():
            _put_field(sheet, block)
        case Warned(text):
            runs = [Run(text.vi, 9, _AMBER, bold=True), Run(text.en, 7.5, _AMBER)]
            _put_panel(sheet, [runs], _PALE)
        case Judgement(verdict, word, meaning, when):
            heading = [Run(f"{word.vi} · {word.en}", 13, _WHITE, bold=True)]
            rest = [_both(text, _WHITE, _WHITE) for text in (meaning, when)]
            _put_panel(sheet, [heading, *rest], _COLOURS[verdict])
        case Command(line, label):
            where = [Run(f"{label.vi} · {label.en}", 7.5, SOFT)] if label else []
            _put_panel(sheet, [[*where, Run(line, 8)]], _PALE, indent_mm=_STEP_MM)
        case _ as never:
            assert_never(never)


def _both(text: Said, ink: Colour = INK, soft: Colour = SOFT, address: str | None = None) -> list[Run]:
    return [Run(text.vi, 9, ink, address=address), Run(text.en, 7.5, soft)]


def _put_paragraph(sheet: Sheet, text: Said, number: int | None) -> None:
    indent = _STEP_MM if number else 0.0
    lines = sheet.lines(_both(text), sheet.epw - indent)
    sheet.keep(sheet.height_mm(lines) + (_HEADED_MM / 2 if number else 0))
    if number:
        sheet.put_beside(sheet.lines([Run(f"{number}.", 9, bold=True)], _STEP_MM))
    sheet.put(lines, indent)
    sheet.skip(0.8)


def _put_field(sheet: Sheet, field: Field) -> None:
    label = sheet.lines([Run(field.label.vi, 8, SOFT, bold=True), Run(field.label.en, 7, SOFT)], _LABEL_MM - 2)
    address = field.link if field.link and re.match("https?://", field.link) else None
    ink = _LINK if address else INK
    lines: list[Line] = []
    for value in field.values:
        # Each value begins a line of its own.
        lines += sheet.lines(_both(value, ink, address=address), sheet.epw - _LABEL_MM)
    missing = sheet.height_mm(label) - sheet.height_mm(lines)
    sheet.keep(sheet.height_mm(lines) + max(missing, 0))
    sheet.put_beside(label)
    sheet.put(lines, _LABEL_MM)
    sheet.skip(max(missing, 0) + 0.6)


def _put_panel(sheet: Sheet, parts: list[list[Run]], ground: Colour, indent_mm: float = 0) -> None:
    """Put runs on a coloured ground; each part begins a line of its own."""
    width = sheet.epw - indent_mm - 2 * _PAD_MM
    lines = [line for runs in parts for line in sheet.lines(runs, width)]
    height = sheet.height_mm(lines) + _PAD_MM
    sheet.keep(height)
    if height <= sheet.room_mm:
        sheet.put_ground(ground, height, indent_mm)
    else:
        # What is longer than a page has no ground of one piece, and what is white would vanish without.
        lines = [tuple(replace(run, colour=INK) for run in line) for line in lines]
    sheet.skip(_PAD_MM / 2)
    sheet.put(lines, indent_mm + _PAD_MM)
    sheet.skip(_PAD_MM / 2 + 1)
