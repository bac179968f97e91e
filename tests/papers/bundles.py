"""Facts to make bundles of, and a reader of what stands where on their pages."""

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pikepdf

from app.domain.documents import Signature, SignerKind, Verdict
from app.papers.bundle import BundleFacts, Seal, bundle_pdf, bundle_zip

MADE_AT = datetime(2026, 7, 1, 20, 30, 5, tzinfo=UTC)
SIGNATURE = Signature(
    field="Signature1",
    signer="Trần Thị Hạnh",
    agency="Sở Tư pháp, Ủy ban nhân dân tỉnh Sông Trăng",
    kind=SignerKind.PERSON,
    verdict=Verdict.VALID,
    reason="Unchanged since it was signed, by a trusted certificate, at a proven time.",
    signed_at=datetime(2026, 6, 30, 18, 15, 9, tzinfo=UTC),
    time_stamped=True,
    time_stamp_by="TSA thử nghiệm",
    covers_whole_file=True,
    later_changes="LTA_UPDATES",
    certificate_sha256="ab" * 32,
    issuer="Common Name: CA cơ quan nhà nước thử nghiệm, Country: VN",
    valid_from=datetime(2025, 1, 1, tzinfo=UTC),
    valid_to=datetime(2028, 1, 1, tzinfo=UTC),
    revocation="embedded",
)
SEAL_OF_AGENCY = replace(
    SIGNATURE, field="Signature2", signer="Ủy ban nhân dân tỉnh Sông Trăng", agency=None, kind=SignerKind.AGENCY
)


def facts_of(original: bytes, **changed: Any) -> BundleFacts:
    """Facts that fit an original; some of them changed."""
    facts = BundleFacts(
        title="Giấy xác nhận tình trạng hôn nhân",
        number_symbol="17/UBND-XNTTHN",
        issuing_body="Ủy ban nhân dân phường Bến Mới",
        issued_on=date(2026, 6, 30),
        valid_until=date(2026, 12, 30),
        scope="Sử dụng để đăng ký kết hôn",
        owner_name="Nguyễn Thuỳ Dương",
        dossier_code="H99.12-260629-0017",
        procedure_name="Cấp Giấy xác nhận tình trạng hôn nhân",
        unit_name="Bộ phận Một cửa phường Bến Mới",
        sha256=hashlib.sha256(original).hexdigest(),
        size_bytes=len(original),
        media_type="application/pdf",
        file_name="Giấy xác nhận.pdf",
        verdict=Verdict.VALID,
        signatures=(SIGNATURE, SEAL_OF_AGENCY),
        judged_at=MADE_AT,
        judged_by={
            "fingerprint": "cd" * 32,
            "roots": 2,
            "crls": 2,
            "revocation": "soft",
            "online": False,
            "pyhanko": "0.38.0",
        },
        link="https://hoso.songtrang.example/files/" + "k3J9" * 10,
        made_at=MADE_AT,
    )
    return replace(facts, **changed)


def pdf_of(facts: BundleFacts, original: bytes, seal: Seal | None = None) -> bytes:
    """The citizen's bundle."""
    into = io.BytesIO()
    bundle_pdf(facts, io.BytesIO(original), into, seal)
    return into.getvalue()


def zip_of(facts: BundleFacts, original: bytes) -> bytes:
    """The office's bundle."""
    into = io.BytesIO()
    bundle_zip(facts, io.BytesIO(original), into)
    return into.getvalue()


@dataclass(frozen=True, slots=True)
class Piece:
    """Text shown in one go; positions in points, from the left and the bottom of a page of this size."""

    page: int
    text: str
    left: float
    right: float
    bottom: float
    page_width: float
    page_height: float


def pieces(pdf: bytes) -> Iterator[Piece]:
    """All that is shown on the pages of a cover, by the fonts' own tables of letters (ToUnicode) and widths (W)."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for number, page in enumerate(document.pages, start=1):
            width, height = (float(side) for side in page.mediabox[2:])
            fonts = {name: _Font(font) for name, font in page.resources.Font.items()}
            font, size, at = None, 0.0, (0.0, 0.0)
            for instruction in pikepdf.parse_content_stream(page):
                operands = list(instruction.operands)
                match str(instruction.operator):
                    case "Tf":
                        font, size = fonts[str(operands[0])], float(operands[1])
                    case "Td":
                        at = float(operands[0]), float(operands[1])
                    case "Tj" | "TJ":
                        assert font is not None
                        codes = _codes(operands[0])
                        end = at[0] + font.width(codes) * size / 1000
                        yield Piece(number, font.text(codes), at[0], end, at[1], width, height)


def words_of(pdf: bytes) -> str:
    """All text of the pages, wrapped lines joined by spaces."""
    return re.sub(r"\s+", " ", " ".join(piece.text for piece in pieces(pdf)))


def _codes(shown: Any) -> list[int]:
    parts = list(shown) if isinstance(shown, pikepdf.Array) else [shown]
    data = b"".join(bytes(part) for part in parts if isinstance(part, pikepdf.String))
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]


class _Font:
    """What a composite font says of its codes."""

    def __init__(self, font: Any) -> None:
        inner = font.DescendantFonts[0]
        self._default = float(inner.get("/DW", 1000))
        self._widths = dict(_widths(list(inner.W)))
        table = font.ToUnicode.read_bytes().decode()
        self._letters = {
            int(code, 16): bytes.fromhex(letter).decode("utf-16-be")
            for code, letter in re.findall(r"^<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>$", table, re.MULTILINE)
        }

    def width(self, codes: list[int]) -> float:
        return sum(self._widths.get(code, self._default) for code in codes)

    def text(self, codes: list[int]) -> str:
        return "".join(self._letters[code] for code in codes)


def _widths(entries: list[Any]) -> Iterator[tuple[int, float]]:
    while entries:
        first, second = int(entries.pop(0)), entries.pop(0)
        if isinstance(second, pikepdf.Array):
            yield from ((first + place, float(width)) for place, width in enumerate(second))
        else:
            width = float(entries.pop(0))
            yield from ((code, width) for code in range(first, int(second) + 1))
