"""What the streams of a PDF come to when they are inflated, measured without holding them (ISO 32000-1, 7.4)."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import pikepdf

from app.domain.documents import FileFault
from app.papers.errors import FileRefused
from app.papers.limits import Limits

# Small pieces in: zlib hands back what it did not come to, and that is a copy each time.
_PIECE_BYTES: Final = 2**16
_BLOCK_BYTES: Final = 2**20
_FILTERS_MAX: Final = 25

_FLATE: Final = frozenset({"/FlateDecode", "/Fl"})
_PICTURES: Final = frozenset({"/DCTDecode", "/DCT", "/JPXDecode", "/JBIG2Decode", "/CCITTFaxDecode", "/CCF"})
# qpdf decodes these at once: most of them hardly grow, and the memory of the process bounds the rest.
_AT_ONCE: Final = frozenset(
    {"/ASCIIHexDecode", "/AHx", "/ASCII85Decode", "/A85", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"}
)


def names_of(stream: pikepdf.Stream) -> list[str]:
    """The filters of a stream, in the order they are undone. Raises FileRefused when they are too many."""
    value = stream.get("/Filter")
    if value is None:
        return []
    names = list(value) if isinstance(value, pikepdf.Array) else [value]
    if len(names) > _FILTERS_MAX:
        raise FileRefused(FileFault.BOMB, f"a stream of the PDF is packed {len(names)} times over")
    return [str(name) for name in names]


@dataclass(slots=True)
class Meter:
    """Counts what all streams of one PDF inflate to. Raises FileRefused with BOMB when it is too much."""

    limits: Limits
    total_bytes: int = 0

    def run(self, stream: pikepdf.Stream, *, declared_bytes: int, whole: bool) -> None:
        """Undo the filters of a stream up to that of a picture, a piece at a time.

        ``declared_bytes`` is what the stream may come to whatever its packed size. With ``whole`` packed data that
        breaks off is a fault; else it is not, as readers do not mind. Raises FileRefused and ``zlib.error``.
        """
        raw = memoryview(stream.get_raw_stream_buffer())
        allowed_bytes = max(self.limits.inflate_free_bytes, declared_bytes, len(raw) * self.limits.inflate_ratio_max)
        pieces: Iterable[bytes | memoryview] = _pieces(raw)
        for index, name in enumerate(names_of(stream)):
            if name in _PICTURES:
                break
            if name in _FLATE:
                pieces = self._inflated(pieces, len(raw), allowed_bytes, whole=whole)
            elif name in _AT_ONCE:
                pieces = self._counted(_pieces(_decoded(stream, index, b"".join(pieces))))
            elif name != "/Crypt":
                raise FileRefused(FileFault.DAMAGED, f"a stream of the PDF is packed in a way nobody knows: {name}")
        for _ in pieces:
            pass

    def _inflated(
        self, pieces: Iterable[bytes | memoryview], packed_bytes: int, allowed_bytes: int, *, whole: bool
    ) -> Iterator[bytes]:
        inflater = zlib.decompressobj()
        come_to_bytes = 0
        for piece in pieces:
            rest: bytes | memoryview = piece
            while rest and not inflater.eof:
                block = inflater.decompress(rest, _BLOCK_BYTES)
                rest = inflater.unconsumed_tail
                come_to_bytes += len(block)
                if come_to_bytes > allowed_bytes:
                    text = f"a stream of {packed_bytes} bytes inflates to more than {allowed_bytes}"
                    raise FileRefused(FileFault.BOMB, text)
                self._count(block)
                yield block
        # Nothing at all is an empty page, which writers pack to nothing.
        if whole and packed_bytes and not inflater.eof:
            raise FileRefused(FileFault.DAMAGED, "the content of a page breaks off")

    def _counted(self, pieces: Iterable[memoryview]) -> Iterator[memoryview]:
        for piece in pieces:
            self._count(piece)
            yield piece

    def _count(self, block: bytes | memoryview) -> None:
        self.total_bytes += len(block)
        if self.total_bytes > self.limits.inflated_bytes_max:
            text = f"the streams of the PDF inflate to more than {self.limits.inflated_bytes_max} bytes"
            raise FileRefused(FileFault.BOMB, text)


def inflates_beyond(packed: Iterable[bytes], bound_bytes: int) -> bool:
    """Whether packed data, which something else may follow, comes to more than that. Broken data does not."""
    inflater, come_to_bytes = zlib.decompressobj(), 0
    for block in packed:
        for piece in _pieces(block):
            rest: bytes | memoryview = piece
            while rest and not inflater.eof:
                try:
                    come_to_bytes += len(inflater.decompress(rest, _BLOCK_BYTES))
                except zlib.error:
                    return False
                if come_to_bytes > bound_bytes:
                    return True
                rest = inflater.unconsumed_tail
    return False


def _pieces(data: bytes | memoryview) -> Iterator[memoryview]:
    view = memoryview(data)
    for start in range(0, len(view), _PIECE_BYTES):
        yield view[start : start + _PIECE_BYTES]


def _decoded(stream: pikepdf.Stream, index: int, data: bytes) -> bytes:
    """``data`` with the filter at ``index`` undone by qpdf. Raises what pikepdf raises."""
    names = names_of(stream)
    parameters = stream.get("/DecodeParms")
    if isinstance(parameters, pikepdf.Array):
        parameters = parameters[index] if index < len(parameters) else None
    with pikepdf.new() as scratch:
        alone = pikepdf.Stream(scratch, data)
        alone.Filter = pikepdf.Name(names[index])
        # Of all parameters only this one changes what LZW codes mean; predictors come after, and add nothing.
        early = parameters.get("/EarlyChange") if isinstance(parameters, pikepdf.Dictionary) else None
        if early is not None:
            alone.DecodeParms = pikepdf.Dictionary(EarlyChange=int(early))
        return alone.read_bytes(pikepdf.StreamDecodeLevel.specialized)
