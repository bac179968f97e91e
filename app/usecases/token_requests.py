"""Reading a request for a token (RFC 6749, 2.3.1, 3.2 and 4.4.2). Bytes in, a question or a refusal out."""

import base64
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from app.errors import BadTokenRequest, InvalidClient, UnsupportedGrant

_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS_MAX: Final = 20
_BYTES_MAX: Final = 8192
_GRANT: Final = "client_credentials"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a token, and for what; without ``scopes``, for all that the client has."""

    client: str
    secret: str = field(repr=False)
    scopes: frozenset[str] = frozenset()


def read(body: bytes, content_type: str, authorization: str | None) -> Asked:
    """The question in a form body and, perhaps, an ``Authorization`` header.

    Raises:
        BadTokenRequest: no form, a field twice, no grant type, or a client named in two ways.
        InvalidClient: no client is named, or the header cannot be read.
        UnsupportedGrant: another grant than client_credentials.
    """
    form = _form(body, content_type)
    grant = form.get("grant_type")
    if grant is None:
        message = "grant_type is missing"
        raise BadTokenRequest(message)
    basic = _basic(authorization) if authorization else None
    if basic and ("client_secret" in form or form.get("client_id", basic[0]) != basic[0]):
        message = "the client is named in the header and in the body; use one"
        raise BadTokenRequest(message)
    if basic is None and not ("client_id" in form and "client_secret" in form):
        message = "name the client: by HTTP Basic, or by client_id and client_secret in the body"
        raise InvalidClient(message)
    if grant != _GRANT:
        message = f"only {_GRANT} is supported"
        raise UnsupportedGrant(message)
    client, secret = basic or (form["client_id"], form["client_secret"])
    return Asked(client, secret, frozenset(form.get("scope", "").split()))


def _form(body: bytes, content_type: str) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != _FORM:
        message = f"the body must be {_FORM}"
        raise BadTokenRequest(message)
    if len(body) > _BYTES_MAX:
        message = f"the body is longer than {_BYTES_MAX} bytes"
        raise BadTokenRequest(message)
    try:
        # A field without a value counts as left out (RFC 6749, 3.2).
        pairs = parse_qsl(body.decode(), max_num_fields=_FIELDS_MAX, errors="strict")
    except ValueError:
        message = "the body cannot be read as a form"
        raise BadTokenRequest(message) from None
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        message = "a field stands in the body twice"
        raise BadTokenRequest(message)
    return dict(pairs)


def _basic(header: str) -> tuple[str, str]:
    """Name and secret; each was written as in a form before both were joined."""
    scheme, _, value = header.partition(" ")
    try:
        text = base64.b64decode(value.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
        name, colon, secret = text.partition(":")
        if colon:
            return unquote_plus(name, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError:  # not base64, not UTF-8, or letters that no base64 has
        pass
    message = "the header must be Basic, with client_id and client_secret"
    raise InvalidClient(message)
