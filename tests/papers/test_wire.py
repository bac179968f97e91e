"""What the bench and its children say to each other comes back as it was."""

from dataclasses import fields, replace
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.documents import FileKind, Signature
from app.papers import Examined, Limits, wire

_ZONES = st.sampled_from([UTC, timezone(timedelta(hours=7))])
_TIMES = st.datetimes(timezones=_ZONES)


@given(st.builds(Signature, signed_at=st.none() | _TIMES, valid_from=_TIMES, valid_to=_TIMES))
def test_a_signature_comes_back_as_it_was(signature: Signature) -> None:
    body = wire.pack(wire.signature_to_json(signature))[wire.LENGTH_BYTES :]
    back = wire.signature_from_json(wire.unpack(body))
    assert back == signature
    assert [type(getattr(back, one.name)) for one in fields(back)] == [
        type(getattr(signature, one.name)) for one in fields(signature)
    ]
    assert back.valid_to.utcoffset() == signature.valid_to.utcoffset()


@given(st.builds(Examined))
def test_what_was_found_comes_back_as_it_was(examined: Examined) -> None:
    assert wire.examined_from_json(wire.unpack(wire.pack(wire.examined_to_json(examined))[4:])) == examined


@given(st.frozensets(st.sampled_from(FileKind)), st.integers(1, 2**40), st.floats(0.1, 1e6))
def test_limits_come_back_as_they_were(kinds: frozenset[FileKind], size_bytes: int, seconds: float) -> None:
    limits = replace(Limits(), result_kinds=kinds, bytes_max=size_bytes, seconds_max=seconds)
    assert wire.limits_from_json(wire.unpack(wire.pack(wire.limits_to_json(limits))[4:])) == limits


def test_a_message_says_its_length_first() -> None:
    message = wire.pack({"a": "Huế"})
    assert wire.length_of(message[:4]) == len(message) - 4


@pytest.mark.parametrize("head", [b"", b"\0\0\0\0", b"\xff\xff\xff\xff"])
def test_a_length_that_nobody_sends_is_refused(head: bytes) -> None:
    with pytest.raises(ValueError, match="message of"):
        wire.length_of(head)


@pytest.mark.parametrize("body", [b"[]", b"1", b"{", b"\xff"])
def test_what_is_no_object_is_no_message(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the parsers word it
        wire.unpack(body)
