"""From the portal's answer to an outcome: one reading, one classification."""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.base import Accepted, Outcome, Rejected, TryLater, Unknown
from connectors.http import Delivery, NoAnswer, NotSent, Reply
from connectors.masking import mask
from connectors.portal.codes import AnswerKind, answer_kind, named_field

_OK, _REDIRECTS, _TOO_MANY, _UNAVAILABLE = 200, 300, 429, 503
_CLIENT_ERRORS, _SERVER_ERRORS = 400, 500
_WAIT_SECONDS_MAX = 86400.0

# JSON can escape what no database text can hold: NUL, and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_CODE_MAX = 40


@dataclass(frozen=True, slots=True)
class Answer:
    """A readable answer: an object with an error code, of which at most 40 characters are kept."""

    kind: AnswerKind
    code: str
    message: str
    body: dict[str, Any]


def read_answer(text: str) -> Answer | None:
    """Read an answer; None when it is none. A provincial gateway may wrap the nation's JSON in a text."""
    body = _object(text)
    if body is not None and "error_code" not in body and isinstance(body.get("message"), str):
        body = _object(body["message"])
    return None if body is None else _answer(body)


def read_items(answer: Answer, codes: Sequence[str]) -> tuple[Answer, ...] | None:
    """The answers to the single items of an array, in order; None when it speaks of the array as a whole.

    Nobody has published this form. It is only believed when there is one entry an item, each with a code, and no
    entry names another dossier (``codes``) than the one in its place.
    """
    result = answer.body.get("result")
    if not isinstance(result, list) or len(result) != len(codes):
        return None
    items = [_answer(item) if isinstance(item, dict) else None for item in result]
    named = [
        item.get("MaHoSo", code) if isinstance(item, dict) else None for item, code in zip(result, codes, strict=True)
    ]
    if named != list(codes) or any(item is None for item in items):
        return None
    return tuple(item for item in items if item is not None)


def storable(text: str) -> str:
    """A text without what no database text can hold."""
    return _UNSTORABLE.sub("\ufffd", text)


def _answer(body: dict[str, Any]) -> Answer | None:
    if "error_code" not in body or isinstance(body["error_code"], bool | dict | list | type(None)):
        return None
    message = storable(str(body.get("message") or ""))
    code = storable(str(body["error_code"]).strip())[:_CODE_MAX]
    # The portal repeats in words what it was sent; what is kept and shown names no person and opens no door.
    return Answer(answer_kind(body["error_code"], message), code, mask(message), body)


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
        if isinstance(found, str):
            found = json.loads(found)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def fault(result: Delivery) -> TryLater | Unknown | None:
    """What a call without a readable HTTP 200 means; None when the answer can be read on."""
    match result:
        case NotSent(reason, message):
            return TryLater("not_sent" if reason == "no_connection" else reason, message)
        case NoAnswer(reason, message):
            return Unknown(reason, message)
        case Reply(status, headers, text):
            found = _http_fault(status, headers.get("retry-after"))
            if status == _UNAVAILABLE and isinstance(found, TryLater) and _speaks_of_maintenance(text):
                return TryLater(
                    "maintenance", "HTTP 503: the system is closed for maintenance", found.retry_after_seconds
                )
            return found


def _http_fault(status: int, retry_after: str | None) -> TryLater | Unknown | None:
    if status == _OK:
        return None
    if status in {_TOO_MANY, _UNAVAILABLE}:
        return TryLater(f"http_{status}", f"HTTP {status}", retry_after_seconds(retry_after))
    if status < _REDIRECTS or status >= _SERVER_ERRORS:
        # It may have been taken: a success without the portal's words, or a fault after it was passed on.
        return Unknown(f"http_{status}", f"HTTP {status}")
    if status >= _CLIENT_ERRORS:
        return TryLater("adapter_refused", f"HTTP {status}: address, provider code or access is refused")
    return TryLater("adapter_refused", f"HTTP {status}: not an answer of the portal")


def _speaks_of_maintenance(text: str) -> bool:
    words = unicodedata.normalize("NFC", text).lower()
    return any(word in words for word in ("bảo trì", "maintenance"))


def retry_after_seconds(value: str | None, now: datetime | None = None) -> float | None:
    """``Retry-After`` as seconds (RFC 9110 section 10.2.3: a number or a date), at most a day; None when unreadable."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return min(_WAIT_SECONDS_MAX, float(value.strip()))
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(_WAIT_SECONDS_MAX, max(0.0, (at - (now or datetime.now(UTC))).total_seconds()))


def meaning(answer: Answer) -> Outcome:
    """What an answer means for the parcel it speaks of; a refusal keeps the nation's own words, and the field named.

    An answer about the session means that nothing was taken; whether to log in anew is another question.
    """
    match answer.kind:
        case AnswerKind.SUCCESS:
            return Accepted(answer.code, answer.message)
        case AnswerKind.SESSION:
            return TryLater("session_refused", answer.message)
        case AnswerKind.UNIT:
            return TryLater("unit_refused", answer.message)
        case AnswerKind.NEW:
            return Unknown("unknown_code", f"{answer.code}: {answer.message}")
        case AnswerKind.DUPLICATE | AnswerKind.REFUSAL:
            return Rejected(answer.code, answer.message, named_field(answer.message))


#: Statuses that speak of the form or size of what was sent: a smaller array may pass (RFC 9110, 15.5.1, .14 and .21).
OF_THE_ARRAY = frozenset({400, 413, 422})
UNREADABLE = Unknown("unreadable_answer", "HTTP 200, but not an answer of the portal")
