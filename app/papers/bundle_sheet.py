"""Pages to write on: wrapped lines in the letters of Vietnamese, nothing past the margin, equal input equal bytes.

fpdf2 breaks lines itself, but in a time that grows with the square of a line, and cannot put the smaller English
words behind the Vietnamese ones where there is room.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from xml.sax.saxutils import escape  # nosec B406 - writes, parses nothing

import font_manrope  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.fonts import TTFFont

_FAMILY: Final = "Manrope"
_MARGIN_MM: Final = 16.0
_BOTTOM_MM: Final = 17.0
_MM_PER_POINT: Final = 25.4 / 72
_LINE: Final = 1.3  # height of a line, in sizes of its letters
_BASE: Final = 0.3  # how far below the middle of a line fpdf2 sets letters, in their sizes
_GAP_MM: Final = 1.8

Colour = tuple[int, int, int]
INK: Final[Colour] = (28, 28, 30)
SOFT: Final[Colour] = (96, 99, 105)
_RULE: Final[Colour] = (200, 203, 208)

# What a PDF/A says of itself (ISO 19005-3, 6.6; XMP).
_XMP: Final = """\
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<xmp:CreateDate>{at}</xmp:CreateDate>
<xmp:ModifyDate>{at}</xmp:ModifyDate>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>"""


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one size (points), weight and colour; ``address`` makes a link of them."""

    text: str
    size: float = 9.0
    colour: Colour = INK
    bold: bool = False
    address: str | None = None


Line = tuple[Run, ...]


def wrap(text: str, width_of: Callable[[str], float], limit: float) -> list[str]:
    """Break a text at its spaces, and words that are too long between letters, so that no line passes the limit.

    ``width_of`` tells the width of one letter. Nothing but the spaces where a line ends is lost.
    """
    lines: list[str] = []
    line, used = "", 0.0
    for word in text.split():
        width = sum(map(width_of, word))
        space = width_of(" ") if line else 0.0
        if line and used + space + width > limit:
            lines.append(line)
            line, used, space = "", 0.0, 0.0
        if width > limit:
            *whole, word = _cut(word, width_of, limit)  # noqa: PLW2901 - the rest of the word
            lines += whole
            width = sum(map(width_of, word))
        line = f"{line} {word}" if line else word
        used += space + width
    return [*lines, line] if line else lines


def _cut(word: str, width_of: Callable[[str], float], limit: float) -> list[str]:
    parts, part, used = [], "", 0.0
    for letter in word:
        width = width_of(letter)
        if part and used + width > limit:
            parts.append(part)
            part, used = "", 0.0
        part += letter
        used += width
    return [*parts, part]


class Sheet(FPDF):
    """A4 pages of one PDF/A-3B; lines are put one below the other and go on overleaf."""

    def __init__(self, title: str, made_at: datetime, foot: Callable[[int], Run]) -> None:
        """Begin the first page. ``foot`` says what stands at the foot of a page, by its number."""
        super().__init__(format="A4", enforce_compliance="PDF/A-3B")
        # Otherwise these letters in somebody's title would become a number of pages.
        self.alias_nb_pages(None)  # type: ignore[arg-type]
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(auto=False)
        self.c_margin = 0
        for style, name in (("", "Manrope"), ("B", "ManropeBold")):
            self.add_font(_FAMILY, style, font_manrope.font_files[name])
        self._letters = {bold: cast("TTFFont", self.fonts[_FAMILY.lower() + "B" * bold]) for bold in (False, True)}
        self._foot = foot
        self.set_lang("vi")
        self.set_title(self._shown(title))
        self.set_creation_date(made_at)
        # fpdf2 would write the present time into its own.
        self.set_xmp_metadata(_XMP.format(title=escape(self._shown(title)), at=made_at.isoformat(timespec="seconds")))
        self.add_page()

    def release(self) -> None:
        """Close the files of the fonts, which fpdf2 leaves open; nothing can be written afterwards."""
        for letters in self._letters.values():
            letters.ttfont.close()

    def footer(self) -> None:
        """Called by fpdf2 at the end of each page."""
        self.set_y(self.h - _BOTTOM_MM + 5)
        self._draw(self.lines([self._foot(self.page_no())], self.epw)[0], _MARGIN_MM)

    @property
    def room_mm(self) -> float:
        """What is left of the page."""
        return self.h - _BOTTOM_MM - self.y

    def lines(self, runs: Iterable[Run], width_mm: float) -> list[Line]:
        """Break runs into lines of a width; one that fits behind the last word of the one before stands there."""
        lines: list[Line] = []
        for run in runs:
            widths = self._letters[run.bold].cw
            scale = run.size * _MM_PER_POINT / 1000
            shown = self._shown(run.text)
            parts = wrap(shown, lambda letter, w=widths, s=scale: w[ord(letter)] * s, width_mm)  # type: ignore[misc]
            made = [Run(part, run.size, run.colour, run.bold, run.address) for part in parts]
            if len(made) == 1 and lines and self._after(lines[-1]) + self._width(made[0]) <= width_mm:
                lines[-1] = (*lines[-1], made[0])
            else:
                lines += [(one,) for one in made]
        return lines

    def height_mm(self, lines: Iterable[Line]) -> float:
        """How high lines are together."""
        return sum(_height_mm(line) for line in lines)

    def keep(self, height_mm: float) -> None:
        """Go on overleaf if so much does not fit here any more, but would there."""
        if self.room_mm < height_mm <= self.h - _BOTTOM_MM - _MARGIN_MM:
            self.add_page()

    def put(self, lines: Iterable[Line], indent_mm: float = 0) -> None:
        """Write lines below the pen."""
        for line in lines:
            self.keep(_height_mm(line))
            self._draw(line, _MARGIN_MM + indent_mm)
            self.set_y(self.y + _height_mm(line))

    def put_beside(self, lines: Iterable[Line], indent_mm: float = 0) -> None:
        """Write lines and bring the pen back to where it was."""
        top = self.y
        for line in lines:
            self._draw(line, _MARGIN_MM + indent_mm)
            self.set_y(self.y + _height_mm(line))
        self.set_y(top)

    def put_rule(self) -> None:
        """Draw a thin line across the page."""
        self.set_draw_color(*_RULE)
        self.line(_MARGIN_MM, self.y + 0.4, self.w - _MARGIN_MM, self.y + 0.4)
        self.skip(1.6)

    def put_ground(self, colour: Colour, height_mm: float, indent_mm: float = 0) -> None:
        """Colour a part of the page that lines are then put on."""
        self.set_fill_color(*colour)
        self.rect(_MARGIN_MM + indent_mm, self.y, self.epw - indent_mm, height_mm, style="F")

    def skip(self, height_mm: float) -> None:
        """Leave room."""
        self.set_y(self.y + height_mm)

    def _draw(self, line: Line, left: float) -> None:
        height, size = _height_mm(line), max(run.size for run in line)
        top = self.y
        for run in line:
            # All runs of a line stand on one base line.
            self.set_xy(left, top + _BASE * (size - run.size) * _MM_PER_POINT)
            self.set_font(_FAMILY, "B" if run.bold else "", run.size)
            self.set_text_color(*run.colour)
            self.cell(self._width(run), height, run.text, link=run.address or "")
            left += self._width(run) + _GAP_MM
        self.set_xy(_MARGIN_MM, top)

    def _width(self, run: Run) -> float:
        widths = self._letters[run.bold].cw
        return sum(widths[ord(letter)] for letter in run.text) * run.size * _MM_PER_POINT / 1000

    def _after(self, line: Line) -> float:
        return sum(self._width(run) + _GAP_MM for run in line)

    def _shown(self, text: str) -> str:
        """The text as this font can show it: what it has no letter for is named by its number."""
        known = self._letters[False].cmap
        return "".join(
            letter if ord(letter) in known else f"[U+{ord(letter):04X}]"
            for letter in unicodedata.normalize("NFC", text)
        )


def _height_mm(line: Line) -> float:
    return max(run.size for run in line) * _LINE * _MM_PER_POINT
