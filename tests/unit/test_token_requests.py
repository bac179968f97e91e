"""Requests for tokens are read as RFC 6749 has them, and whatever else comes is refused by name."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import BadTokenRequest, InvalidClient, Refusal, UnsupportedGrant
from app.usecases.token_requests import Asked, read

FORM = "application/x-www-form-urlencoded"
GRANT = b"grant_type=client_credentials"


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def test_a_client_is_named_in_the_header_or_in_the_form() -> None:
    asked = Asked("one-stop", "a:b c", frozenset({"read", "intake"}))
    assert read(GRANT + b"&scope=read+intake", FORM, basic("one-stop:a%3Ab+c")) == asked
    body = GRANT + b"&scope=read%20intake&client_id=one-stop&client_secret=a%3Ab+c&more=1"
    assert read(body, f"{FORM}; charset=utf-8", None) == asked
    # The name may stand in both, when it is the same one.
    assert read(GRANT + b"&client_id=one-stop&scope=", FORM, basic("one-stop:s")) == Asked("one-stop", "s")
    assert "a:b" not in repr(asked)


@pytest.mark.parametrize(
    ("body", "kind", "header", "refusal"),
    [
        (GRANT, "application/json", basic("a:b"), BadTokenRequest),
        (b"", FORM, basic("a:b"), BadTokenRequest),
        (b"grant_type=", FORM, basic("a:b"), BadTokenRequest),
        (GRANT + b"&" + GRANT, FORM, basic("a:b"), BadTokenRequest),
        (GRANT + b"&client_id=a&client_secret=b", FORM, basic("a:b"), BadTokenRequest),
        (GRANT + b"&client_id=z", FORM, basic("a:b"), BadTokenRequest),
        (GRANT + b"&x=" + b"y" * 9000, FORM, basic("a:b"), BadTokenRequest),
        (b"&".join(b"%d=1" % n for n in range(30)), FORM, basic("a:b"), BadTokenRequest),
        (GRANT + b"&scope=\xff", FORM, basic("a:b"), BadTokenRequest),
        (GRANT, FORM, None, InvalidClient),
        (GRANT + b"&client_id=a", FORM, None, InvalidClient),
        (GRANT, FORM, "Basic ???", InvalidClient),
        (GRANT, FORM, basic("no-colon"), InvalidClient),
        (GRANT, FORM, basic("a:%ff"), InvalidClient),
        (GRANT, FORM, "Bearer lt_x", InvalidClient),
        (b"grant_type=password&username=u&password=p", FORM, basic("a:b"), UnsupportedGrant),
    ],
)
def test_what_is_no_request_is_refused_by_name(
    body: bytes, kind: str, header: str | None, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        read(body, kind, header)


@settings(max_examples=25)
@given(st.binary(max_size=60), st.one_of(st.none(), st.text(max_size=30)))
def test_whatever_comes_is_read_or_refused(tail: bytes, header: str | None) -> None:
    try:
        asked = read(GRANT + b"&" + tail, FORM, header)
    except (BadTokenRequest, InvalidClient, UnsupportedGrant):
        return
    assert asked.client or asked.secret or asked.scopes is not None
