"""What a time-stamping authority replies is believed only when it is a stamp of these bytes that leads to a root."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import tsp  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from connectors.http import build_client
from connectors.timestamp import (
    HTTP,
    BadRoots,
    BadTimestamp,
    NotStamped,
    Stamped,
    TimestampConnector,
    load_roots,
    verify_reply,
)
from tests.factories import NOW
from tests.stamping import REPLY, Answer, authority, desk

NOTE = "log.example/h15\n5\n5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\n— log.example/h15 Az3grlg=\n".encode()


async def _asked(answer: Callable[[bytes], Answer], *, root_of: str = "TSA") -> tuple[Stamped | NotStamped, bytes]:
    with desk(answer) as open_desk:
        client = build_client(HTTP)
        connector = TimestampConnector(client, HTTP, open_desk.url, [authority(root_of).root])
        try:
            return await connector.stamp(NOTE), open_desk.queries[0]
        finally:
            await connector.aclose()


def _good(query: bytes) -> Answer:
    return 200, REPLY, authority().reply(query, NOW)


async def test_a_stamp_of_these_bytes_is_believed_and_they_do_not_leave_the_house() -> None:
    found, query = await _asked(_good)
    assert isinstance(found, Stamped)
    assert found.at == NOW
    assert verify_reply(found.reply, NOTE, [authority("another").root, authority().root]) == NOW
    asked = tsp.TimeStampReq.load(query)
    assert asked["message_imprint"]["hash_algorithm"]["algorithm"].native == "sha512"
    assert asked["cert_req"].native is True
    assert asked["nonce"].native > 2**32
    assert b"log.example" not in query


def _twisted(**changes: Any) -> Callable[[bytes], Answer]:
    """Honestly signed, and of another query."""

    def answer(query: bytes) -> Answer:
        asked = tsp.TimeStampReq.load(query).copy()
        if "nonce" in changes:
            asked["nonce"] = asked["nonce"].native + changes["nonce"]
        if "digest" in changes:
            asked["message_imprint"]["hashed_message"] = changes["digest"]
        return 200, REPLY, authority().reply(asked.dump(), NOW)

    return answer


def _without_nonce(query: bytes) -> Answer:
    asked = tsp.TimeStampReq.load(query).copy()
    del asked["nonce"]
    return 200, REPLY, authority().reply(asked.dump(), NOW)


# SEQUENCE { SEQUENCE { INTEGER 2 (rejection) } }: no token.
_REJECTION = bytes.fromhex("30053003020102")


_REFUSED: dict[str, tuple[Callable[[bytes], Answer], str]] = {
    "wrong nonce": (_twisted(nonce=1), "not_believed"),
    "no nonce": (_without_nonce, "not_believed"),
    "wrong digest": (_twisted(digest=b"\1" * 64), "not_believed"),
    "unknown root": (lambda query: (200, REPLY, authority("another").reply(query, NOW)), "not_believed"),
    "expired": (lambda query: (200, REPLY, authority().reply(query, NOW + timedelta(days=300))), "not_believed"),
    "not valid yet": (lambda query: (200, REPLY, authority().reply(query, NOW - timedelta(days=300))), "not_believed"),
    "rejected": (lambda _: (200, REPLY, _REJECTION), "not_believed"),
    "garbage": (lambda _: (200, REPLY, b"\x30\x80garbage"), "not_believed"),
    "empty": (lambda _: (200, REPLY, b""), "not_a_reply"),
    "a page": (lambda _: (200, "text/html", b"<html>"), "not_a_reply"),
    "HTTP error": (lambda query: (503, REPLY, authority().reply(query, NOW)), "http_503"),
    "a redirect": (lambda query: (302, REPLY, authority().reply(query, NOW)), "http_302"),
    "too large": (lambda _: (200, REPLY, b"\0" * 70_000), "too_large"),
}


@pytest.mark.parametrize("lie", _REFUSED)
async def test_whatever_else_comes_is_no_stamp(lie: str) -> None:
    answer, reason = _REFUSED[lie]
    found, _ = await _asked(answer)
    assert isinstance(found, NotStamped)
    assert found.reason == reason, found.message


async def test_an_authority_that_is_not_there_is_told() -> None:
    with desk(_good) as open_desk:
        url = open_desk.url
    connector = TimestampConnector(build_client(HTTP), HTTP, url, [authority().root])
    found = await connector.stamp(NOTE)
    await connector.aclose()
    assert isinstance(found, NotStamped)
    assert found.reason == "no_connection"


@given(st.data())
def test_no_reply_that_was_changed_counts_for_other_bytes_and_none_breaks_the_reader(data: st.DataObject) -> None:
    whole = bytearray(_reply())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    changed = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with pytest.raises(BadTimestamp):
        verify_reply(changed, NOTE + b"x", [authority().root])


_REPLIES: list[bytes] = []


def _reply() -> bytes:
    if not _REPLIES:
        asked = tsp.TimeStampReq(
            {
                "version": 1,
                "message_imprint": {"hash_algorithm": {"algorithm": "sha512"}, "hashed_message": b"\1" * 64},
                "cert_req": True,
            }
        )
        _REPLIES.append(authority().reply(asked.dump(), NOW))
    return _REPLIES[0]


def test_roots_are_read_from_files_and_what_is_none_names_the_file(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join(authority(name).root.public_bytes(Encoding.PEM) for name in ("TSA", "another")))
    assert load_roots([both, both]) == (authority().root, authority("another").root)
    (tmp_path / "none.pem").write_text("no certificate", "utf-8")
    for name in ("none.pem", "gone.pem"):
        with pytest.raises(BadRoots, match=name):
            load_roots([tmp_path / name])
