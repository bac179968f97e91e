"""Laws of reading: ranges of a file (RFC 9110), and forms that come in pieces (RFC 7578)."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.multipart import METADATA_BYTES_MAX, Form, read_form
from app.api.ranges import Part, Unsatisfiable, matches, part_of
from app.errors import BodyTooLarge, Refusal, UnreadableBody

_SIZES = st.integers(0, 40)
_CONTENT = bytes(range(40))


def _given(asked: str, size_bytes: int) -> bytes | None:
    """What a reader gets; None: nothing can be had."""
    content = _CONTENT[:size_bytes]
    try:
        part = part_of(asked, size_bytes)
    except Unsatisfiable:
        return None
    if part is None:
        return content
    assert part.length > 0
    assert part.header(size_bytes) == f"bytes {part.start}-{part.start + part.length - 1}/{size_bytes}"
    return content[part.start : part.start + part.length]


@given(_SIZES, st.integers(0, 50), st.integers(0, 50))
def test_a_range_gives_what_slicing_gives(size_bytes: int, first: int, last: int) -> None:
    content = _CONTENT[:size_bytes]
    # One that ends before it begins is no range at all.
    expected = content if last < first else content[first : last + 1] or None
    assert _given(f"bytes={first}-{last}", size_bytes) == expected
    assert _given(f"bytes={first}-", size_bytes) == (content[first:] or None)


@given(_SIZES, st.integers(0, 50))
def test_a_suffix_range_gives_the_end(size_bytes: int, length: int) -> None:
    expected = _CONTENT[:size_bytes][-length:] if length else b""
    assert _given(f"bytes=-{length}", size_bytes) == (expected or None)


@given(_SIZES, st.text(max_size=20) | st.sampled_from(["bytes=0-1,3-4", "items=0-1", "bytes=-", "bytes=a-b", "0-1"]))
def test_what_is_no_single_range_of_bytes_gives_the_whole_file(size_bytes: int, asked: str) -> None:
    if not asked.strip().startswith("bytes=") or "," in asked:
        assert part_of(asked, size_bytes) is None


def test_a_number_beyond_all_files_breaks_nothing() -> None:
    assert part_of(f"bytes=0-{'9' * 19}", 10) == Part(0, 10)
    assert part_of(f"bytes=0-{'9' * 5000}", 10) is None
    assert part_of("bytes=٠-٣", 10) is None


def test_an_if_none_match_is_read_as_a_list() -> None:
    assert matches('"a", W/"b"', '"b"')
    assert matches("*", '"a"')
    assert not matches('"ab"', '"a"')
    assert not matches(None, '"a"')


class Memory:
    """A sink that keeps what came."""

    def __init__(self) -> None:
        self.content = b""

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    async def write(self, chunk: bytes) -> None:
        self.content += chunk


def form_of(metadata: str, content: bytes, name: str = "tờ khai.pdf") -> tuple[str, bytes]:
    """Content type and body as httpx makes them."""
    parts = [("metadata", (None, metadata, "application/json")), ("file", (name, content, "application/pdf"))]
    request = httpx.Request("POST", "http://door.test", files=parts)  # type: ignore[arg-type]
    return request.headers["content-type"], request.read()


def read(
    content_type: str, pieces: Iterable[bytes], file_bytes_max: int = 10_000, sink: Memory | None = None
) -> tuple[Form, bytes]:
    """Read a form that comes in pieces."""
    sink = sink or Memory()

    async def chunks() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    form = asyncio.run(read_form(content_type, chunks(), sink, file_bytes_max))
    return form, sink.content


def _cut(body: bytes, places: Iterable[int]) -> list[bytes]:
    ends = sorted({0, len(body), *[min(place, len(body)) for place in places]})
    return [body[start:end] for start, end in itertools.pairwise(ends)]


# What looks like the edge of a part is what a reader of forms gets wrong.
_FILES = st.lists(st.sampled_from([b"\r\n", b"--", b"\r", b"\n--", b"abc", b"\0", b"%PDF", b"\r\n--"]), max_size=12)


@given(_FILES.map(b"".join), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3), st.data())
def test_a_form_is_read_alike_however_it_comes(content: bytes, metadata: dict[str, str], data: st.DataObject) -> None:
    content_type, body = form_of(json.dumps(metadata), content)
    places = data.draw(st.lists(st.integers(0, len(body)), max_size=30))
    form, got = read(content_type, _cut(body, places))
    assert got == content
    assert json.loads(form.metadata or b"") == metadata
    assert form.has_file
    assert form.file_name == "tờ khai.pdf"
    bytewise, again = read(content_type, [body[place : place + 1] for place in range(len(body))])
    assert (bytewise, again) == (form, got)


def test_a_form_that_is_cut_off_anywhere_is_refused() -> None:
    content_type, body = form_of('{"a": 1}', b"%PDF some words")
    whole = body.rstrip(b"\r\n")
    for end in range(len(whole)):
        with pytest.raises(UnreadableBody):
            read(content_type, [body[:end]])


@pytest.mark.parametrize(
    "parts",
    [
        [("file", ("a", b"x", "application/pdf")), ("metadata", (None, "{}", "application/json"))],
        [("metadata", (None, "{}")), ("metadata", (None, "{}")), ("file", ("a", b"x"))],
        [("metadata", (None, "{}")), ("file", ("a", b"x")), ("file", ("b", b"y"))],
        [("metadata", (None, "{}")), ("other", (None, "1")), ("file", ("a", b"x"))],
    ],
)
def test_parts_too_many_or_in_another_order_are_refused(parts: list[tuple[str, tuple[object, ...]]]) -> None:
    request = httpx.Request("POST", "http://door.test", files=parts)  # type: ignore[arg-type]
    with pytest.raises(UnreadableBody, match="in this order"):
        read(request.headers["content-type"], [request.read()])


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "multipart/form-data",
        "multipart/mixed; boundary=x",
        f"multipart/form-data; boundary={'x' * 500}",
    ],
)
def test_what_is_no_form_is_refused(content_type: str) -> None:
    with pytest.raises(UnreadableBody):
        read(content_type, [b"--x\r\n\r\n--x--"])


def test_parts_are_bounded_each_by_its_own_size() -> None:
    content_type, body = form_of('"' + "m" * METADATA_BYTES_MAX + '"', b"x")
    with pytest.raises(BodyTooLarge, match="metadata"):
        read(content_type, [body])
    content_type, body = form_of("{}", b"x" * 1001)
    sink = Memory()
    with pytest.raises(BodyTooLarge, match="1000"):
        read(content_type, [body[place : place + 100] for place in range(0, len(body), 100)], 1000, sink)
    assert len(sink.content) <= 1000
    assert read(content_type, [body], 1001)[1] == b"x" * 1001


@pytest.mark.parametrize("count", [1, 400])
def test_headers_of_a_part_are_bounded(count: int) -> None:
    headers = b"".join(b"X-%d: %s\r\n" % (number, b"v" * (10_000 // count)) for number in range(count))
    body = b'--x\r\nContent-Disposition: form-data; name="metadata"\r\n' + headers + b"\r\n{}\r\n--x--\r\n"
    with pytest.raises(Refusal) as refused:
        read("multipart/form-data; boundary=x", [body])
    assert refused.value.status.value == 400


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\\\Users\\\\an\\\\a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\tb.pdf", "ab.pdf"),
        ("x" * 300, "x" * 255),
    ],
)
def test_of_a_file_name_the_last_part_is_kept(sent: str, kept: str) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{}\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + sent.encode() + b'"\r\n\r\nx\r\n--x--\r\n'
    )
    assert read("multipart/form-data; boundary=x", [body])[0].file_name == kept
