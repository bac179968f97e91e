"""Laws of the examiner: whatever the bytes, it takes the file or refuses it by name; and a part of a file is none."""

import io

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.domain.documents import FileFault, FileKind, Role
from app.papers import Examined, FileRefused, Limits
from app.papers.examine import examine
from tests.papers import samples

_BOUNDS = Limits(inflated_bytes_max=2**24, pixels_max=200_000)
_SMALL = samples.drawing(40, 30)
GOOD = {
    "pdf": samples.pdf(2),
    "packed pdf": samples.pdf(3, packed=True),
    "updated pdf": samples.updated(samples.one_page(samples.stream(samples.TEXT)), samples.stream(b"q Q")),
    "scan": samples.scan(samples.saved("JPEG", _SMALL), 40, 30),
    "png": samples.saved("PNG", _SMALL),
    "jpeg": samples.saved("JPEG", _SMALL),
    "mpo": samples.saved("MPO", _SMALL, save_all=True, append_images=[_SMALL]),
    "tiff": samples.saved("TIFF", _SMALL, save_all=True, append_images=[_SMALL], compression="tiff_lzw"),
    "fax": samples.saved("TIFF", _SMALL.convert("1"), compression="group4"),
    "xml": samples.XML,
    "docx": samples.office("word"),
    "ole": samples.ole("WordDocument"),
}
MAGICS = [data[:16] for data in GOOD.values()]
# Files that say where they end, of one revision each: what is left of them is not such a file.
_PADDING = b"\0\t\n\x0b\x0c\r "
CLOSED = ["pdf", "packed pdf", "scan", "png", "jpeg", "xml"]


def outcome(data: bytes) -> Examined | FileFault:
    """What the examiner says; anything but a refusal by name goes through and fails the test."""
    try:
        return examine(io.BytesIO(data), _BOUNDS, Role.COMPONENT)
    except FileRefused as refused:
        return refused.fault


@settings(max_examples=200)
@given(st.sampled_from([b"", *MAGICS]), st.binary(max_size=600))
def test_random_bytes_are_taken_or_refused_by_name(magic: bytes, rest: bytes) -> None:
    outcome(magic + rest)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good file, cut, or with some bytes changed, or with a part moved."""
    data = bytearray(GOOD[draw(st.sampled_from(sorted(GOOD)))])
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["change", "drop", "insert", "digit", "cut"])):
            case "change":
                data[place : place + 1] = draw(st.binary(min_size=1, max_size=4))
            case "drop":
                del data[place : place + draw(st.integers(1, 40))]
            case "insert":
                data[place:place] = draw(st.sampled_from([b"\xff", b"/Filter/LZWDecode", b"<<", b"]", bytes(4)]))
            case "digit":
                data[place : place + 1] = draw(st.sampled_from([b"0", b"9", b"-", b"99999999999"]))
            case _:
                del data[place:]
    return bytes(data)


@settings(max_examples=400)
@given(mutated())
def test_a_good_file_gone_wrong_is_taken_or_refused_by_name(data: bytes) -> None:
    outcome(data)


@settings(max_examples=200)
@given(st.sampled_from(CLOSED), st.data())
def test_no_part_of_a_file_is_taken_for_the_file(name: str, data: st.DataObject) -> None:
    whole = GOOD[name].rstrip()
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert isinstance(outcome(part), FileFault)


@settings(max_examples=150)
@given(st.sampled_from(CLOSED), st.binary(min_size=1, max_size=80))
def test_nothing_but_padding_may_follow_the_end(name: str, extra: bytes) -> None:
    # A PDF may say twice that it ends.
    assume(extra.replace(b"%%EOF", b"").strip(_PADDING))
    assert isinstance(outcome(GOOD[name] + extra), FileFault)


@given(st.sampled_from([name for name in CLOSED if name != "xml"]), st.lists(st.sampled_from(_PADDING), max_size=3000))
def test_padding_may_follow_the_end(name: str, padding: list[int]) -> None:
    assert isinstance(outcome(GOOD[name] + bytes(padding)), Examined)


def test_the_good_files_are_good() -> None:
    kinds = {name: found.kind for name, data in GOOD.items() if isinstance(found := outcome(data), Examined)}
    assert kinds == {
        "pdf": FileKind.PDF,
        "packed pdf": FileKind.PDF,
        "updated pdf": FileKind.PDF,
        "scan": FileKind.PDF,
        "png": FileKind.PNG,
        "jpeg": FileKind.JPEG,
        "mpo": FileKind.JPEG,
        "tiff": FileKind.TIFF,
        "fax": FileKind.TIFF,
        "xml": FileKind.XML,
    }
