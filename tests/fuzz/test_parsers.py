"""The law of every parser at a door: a value, or its own error; never anything else, and never for long."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.bounds import examples
from tests.fuzz.parsers import Parser, parsers

PARSERS = {parser.name: parser for parser in parsers()}
_EXAMPLES = 60
_CPU_SECONDS = 3.0
_SIZE = 100_000
# Pieces that mean something to one of the grammars.
_PIECES = [
    b"\0", b"\xff", b"\n\n", b"\r\n--x", b"--x--", b'"', b"\\", b"\\u0000", b"\\ud800", b"{", b"[", b"]", b"<",
    b"<!DOCTYPE a", b"<!ENTITY b", b"&b;", b"/", b"%00", b"=", b"-", b"-1", b"1e999", b"9" * 25, b"1" + b"0" * 400,
    "٣".encode(), "— ".encode(), b"null", b"true", b"NaN", b".p/", b"x", b",", b":", b" ", b"bytes=", b"Basic ",
]  # fmt: skip
_LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY b "'
    + b"ha" * 50
    + b'">'
    + b"".join(b'<!ENTITY b%d "%s">' % (n, b"&b%s;" % (b"" if n == 1 else b"%d" % (n - 1)) * 10) for n in range(1, 9))
    + b"]><a>&b8;</a>"
)
_OUTSIDE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>'
_HOSTILE = [
    *(piece * (_SIZE // len(piece)) for piece in (
        b"[", b'{"a":', b"<a>", b"<", b"(", b"9", b" ", b"\n", b"\0", b'"', b"\\", b"a.", b"x001/", b"--x\r\n", b"0-1,",
        b"/files/", b'\\"a\\":\\"', b"a=b&", b'"token":"\\a',
    )),
    b"", _LAUGHS, _OUTSIDE,
]  # fmt: skip


def read(parser: Parser, data: bytes) -> None:
    """Read; anything but the parser's own errors goes through and fails the test."""
    try:
        parser.read(data)
    except parser.errors:
        return


@st.composite
def gone_wrong(draw: st.DrawFn, good: tuple[bytes, ...]) -> bytes:
    """Something good, cut, or with parts changed, moved or doubled; or anything."""
    data = bytearray(draw(st.sampled_from(good) if good else st.binary(max_size=200)))
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, len(data)))
        length = draw(st.integers(1, 30))
        match draw(st.sampled_from(["change", "drop", "insert", "double", "cut"])):
            case "change":
                data[place : place + 1] = draw(st.binary(min_size=1, max_size=3))
            case "drop":
                del data[place : place + length]
            case "insert":
                data[place:place] = draw(st.sampled_from(_PIECES))
            case "double":
                data[place:place] = data[place : place + length]
            case _:
                del data[place:]
    return bytes(data)


@pytest.mark.parametrize("name", PARSERS)
def test_what_is_good_is_read(name: str) -> None:
    for good in PARSERS[name].good:
        PARSERS[name].read(good)


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_gives_a_value_or_its_own_error(name: str) -> None:
    parser = PARSERS[name]

    @examples(_EXAMPLES)
    @given(gone_wrong(parser.good) | st.binary(max_size=300))
    def law(data: bytes) -> None:
        read(parser, data)

    law()


@pytest.mark.parametrize("name", PARSERS)
def test_nothing_keeps_a_parser_for_long(name: str) -> None:
    good, near = PARSERS[name].good, PARSERS[name].near
    inside = [whole[: len(whole) // 2] + hostile + whole[len(whole) // 2 :] for hostile in _HOSTILE for whole in good]
    for data in (*_HOSTILE, *inside, *near):
        began = time.process_time()
        read(PARSERS[name], data)
        assert time.process_time() - began < _CPU_SECONDS, data[:60]
