"""``multipart/form-data`` as it comes (RFC 7578): the small part first, the file straight into a scratch.

Nothing of the file is ever held in memory; the parts must come as ``metadata``, then ``file``.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.errors import BodyTooLarge, Fault, UnreadableBody

METADATA, FILE = "metadata", "file"
METADATA_BYTES_MAX = 64 * 1024
_HEADER_BYTES_MAX = 8 * 1024
_NAME_CHARACTERS_MAX = 255


class Sink(Protocol):
    """Where the bytes of the file go."""

    @property
    def size_bytes(self) -> int:
        """How many have come."""

    async def write(self, chunk: bytes) -> None:
        """Take some."""


@dataclass(slots=True)
class Form:
    """What came beside the file's bytes."""

    metadata: bytes | None = None
    file_name: str = ""
    has_file: bool = False


@dataclass(slots=True)
class _Events:
    """What the parser says of one chunk, in order: ``("name", bytes)``."""

    found: list[tuple[str, bytes]] = field(default_factory=list)

    def data(self, name: str, data: bytes, start: int, end: int) -> None:
        self.found.append((name, data[start:end]))

    def mark(self, name: str) -> None:
        self.found.append((name, b""))


async def read_form(content_type: str, chunks: AsyncIterator[bytes], sink: Sink, file_bytes_max: int) -> Form:
    """Read a form of ``metadata`` and ``file``.

    Raises:
        UnreadableBody: no such form, a part too many, or cut off; says which.
        BodyTooLarge: a part is larger than it may be; the file by ``file_bytes_max``.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        message = "the body must be multipart/form-data with the parts 'metadata' (JSON) and 'file', in this order"
        raise UnreadableBody(message)
    events = _Events()
    reader = _Reader(sink, file_bytes_max)
    try:
        parser = _parser(boundary, events)
        async for chunk in chunks:
            events.found.clear()
            parser.write(chunk)
            for name, data in events.found:
                await reader.take(name, data)
        parser.finalize()
    except FormParserError as error:
        message = f"the form cannot be read: {error}"
        raise UnreadableBody(message) from error
    if not reader.ended:
        message = "the form ends before its last boundary"
        raise UnreadableBody(message)
    return reader.form


def _parser(boundary: bytes, events: _Events) -> MultipartParser:
    def data(name: str) -> object:
        return lambda block, start, end: events.data(name, block, start, end)

    def mark(name: str) -> object:
        return lambda: events.mark(name)

    callbacks = {
        f"on_{name}": mark(name) for name in ("part_begin", "part_end", "header_end", "headers_finished", "end")
    }
    callbacks |= {f"on_{name}": data(name) for name in ("header_field", "header_value", "part_data")}
    return MultipartParser(boundary, callbacks)  # type: ignore[arg-type]


class _Reader:
    """Follows the parser's events, and knows which part it is in."""

    def __init__(self, sink: Sink, file_bytes_max: int) -> None:
        self.form = Form()
        self.ended = False
        self._sink = sink
        self._file_bytes_max = file_bytes_max
        self._field, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._part = ""

    async def take(self, name: str, data: bytes) -> None:
        if name == "part_data":
            await self._data(data)
        elif name == "header_field":
            self._field += data
        elif name == "header_value":
            self._value += data
        elif name == "header_end":
            self._headers[self._field.lower()] = self._value
            self._field, self._value = b"", b""
        elif name == "part_begin":
            self._headers = {}
        elif name == "headers_finished":
            self._begin()
        elif name == "end":
            self.ended = True
        if len(self._field) + len(self._value) + sum(map(len, self._headers.values())) > _HEADER_BYTES_MAX:
            message = "the headers of a part are too long"
            raise UnreadableBody(message)

    def _begin(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._part = options.get(b"name", b"").decode("utf-8", errors="replace")
        if self._part == METADATA and self.form.metadata is None and not self.form.has_file:
            self.form.metadata = b""
            return
        if self._part == FILE and self.form.metadata is not None and not self.form.has_file:
            self.form.has_file = True
            self.form.file_name = _plain_name(options.get(b"filename", b""))
            return
        message = f"part '{self._part[:50]}' was not expected: there are 'metadata' (JSON) and 'file', in this order"
        raise UnreadableBody(message, faults=(Fault("", message),))

    async def _data(self, data: bytes) -> None:
        if self._part == METADATA:
            self.form.metadata = (self.form.metadata or b"") + data
            if len(self.form.metadata) > METADATA_BYTES_MAX:
                message = f"the metadata have more than {METADATA_BYTES_MAX} bytes"
                raise BodyTooLarge(message, faults=(Fault("/metadata", message),))
            return
        if self._sink.size_bytes + len(data) > self._file_bytes_max:
            message = f"the file has more than {self._file_bytes_max} bytes"
            raise BodyTooLarge(message, faults=(Fault("/file", message),))
        await self._sink.write(data)


def _plain_name(raw: bytes) -> str:
    """The last part of a file name, without what no reader can see; browsers of old send whole paths."""
    name = raw.decode("utf-8", errors="replace").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in name if letter.isprintable()).strip()[:_NAME_CHARACTERS_MAX]
