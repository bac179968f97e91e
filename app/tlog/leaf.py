"""What of an audit entry is in the log: canonical JSON (RFC 8785), the same bytes on every database."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import NoReturn

import rfc8785

from app.domain.commitments import Commitments
from app.domain.tiles import ENTRY_BYTES_MAX
from app.tlog.errors import LeafRefused

VERSION = 1
#: Beyond this an integer is not the same in every JSON reader (RFC 8785, 3.2.2.3): it is written as text.
_EXACT_MAX = 2**53 - 1
_NEEDED = frozenset(
    {
        "id",
        "at",
        "kind",
        "outcome",
        "actor",
        "agency",
        "provider",
        "purpose",
        "legal_basis",
        "correlation_id",
        "detail",
    }
)
_OPTIONAL = frozenset({"dossier_code", "procedure_code", "unit_code", "subject_ref", "payload_hash", "commitments"})
_SPECIAL = frozenset({"at", "detail", "commitments"})
_Json = bool | int | float | str | list["_Json"] | dict[str, "_Json"] | None
# May find one in a text, too: then it is looked at closely.
_FRACTION = re.compile(r"[0-9][.eE]")


def _whole(text: str) -> int | str:
    value = int(text)
    return value if abs(value) <= _EXACT_MAX else str(value)


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


# Not NaN and not Infinity, which JSON does not have.
_decode = json.JSONDecoder(parse_int=_whole, parse_constant=_no_number).decode
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode


def leaf_of(entry: Mapping[str, object]) -> bytes:
    """The leaf of one row of the audit table: all its columns, without those that are empty (None).

    Args:
        entry: the columns by name; ``at`` is an aware time, ``detail`` a mapping or its JSON text, ``commitments``
            the text of ``app.domain.commitments``, in the one form it has.

    Raises:
        LeafRefused: a column that a leaf does not know (it would stand outside the proof), one that is missing, a
            value without a canonical form, or a leaf of more than 65,535 bytes.
    """
    if unknown := entry.keys() - _NEEDED - _OPTIONAL:
        message = f"columns that no leaf holds: {', '.join(sorted(unknown))}"
        raise LeafRefused(message)
    held = {name: value for name, value in entry.items() if value is not None}
    if missing := _NEEDED - held.keys():
        message = f"columns that every leaf holds: {', '.join(sorted(missing))}"
        raise LeafRefused(message)
    leaf: dict[str, _Json] = {
        name: value if type(value) is str else _plain(value) for name, value in held.items() if name not in _SPECIAL
    }
    detail = held["detail"]
    leaf |= {"v": VERSION, "at": _time(held["at"]), "detail": _detail(detail)}
    if "commitments" in held:
        leaf["commitments"] = _commitments(held["commitments"])
    try:
        is_simple = "commitments" not in leaf and _is_plain_text(detail)
        data = _encode(leaf).encode() if is_simple else canonical(leaf)
    except (ValueError, RecursionError):
        message = f"entry {entry['id']} has a value without a canonical form"
        raise LeafRefused(message) from None
    if len(data) > ENTRY_BYTES_MAX:
        message = f"entry {entry['id']} is larger than {ENTRY_BYTES_MAX} bytes"
        raise LeafRefused(message)
    return data


def _is_plain_text(detail: object) -> bool:
    """Whether the text of a detail shows by itself that it has no fraction, and no name outside of ASCII.

    The columns beside it are texts and a whole number, under names of ours.
    """
    return type(detail) is str and detail.isascii() and "\\u" not in detail and _FRACTION.search(detail) is None


def canonical(value: _Json) -> bytes:
    """The one form of RFC 8785.

    Raises:
        ValueError: no such form (a surrogate alone, an infinite number).
    """
    # What has no fractions, and names in ASCII only, the standard library writes alike and ten times faster.
    return _encode(value).encode() if _is_simple(value) else rfc8785.dumps(value)


def _is_simple(value: _Json) -> bool:
    # Nearly all of a leaf are texts, and every entry comes by here: no call and no generator for each of them.
    if type(value) is str:
        return True
    if isinstance(value, dict):
        for name, each in value.items():
            if not name.isascii() or (type(each) is not str and not _is_simple(each)):
                return False
        return True
    if isinstance(value, list):
        return all(map(_is_simple, value))
    return not isinstance(value, float) and (not isinstance(value, int) or abs(value) <= _EXACT_MAX)


def _time(at: object) -> str:
    if not isinstance(at, datetime) or at.tzinfo is None:
        message = "at must be an aware time"
        raise LeafRefused(message)
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _commitments(text: object) -> _Json:
    try:
        found = Commitments.parse(str(text))
    except ValueError as error:
        raise LeafRefused(str(error)) from None
    return {"key": found.key_id, "values": dict(found.values)}


def _detail(detail: object) -> _Json:
    if isinstance(detail, str):
        try:
            detail = _decode(detail)
        except (ValueError, RecursionError):
            message = "detail is not JSON"
            raise LeafRefused(message) from None
        if type(detail) is dict:
            # Of JSON there is nothing but what is plain already, and whole numbers were made so as they were read.
            return detail
    if not isinstance(detail, Mapping):
        message = "detail must be an object"
        raise LeafRefused(message)
    return _plain(detail)


def _plain(value: object) -> _Json:
    if type(value) is str:
        return value
    plain: _Json
    match value:
        case Enum():
            plain = _plain(value.value)
        case bool() | str() | None:
            plain = value
        case int():
            plain = value if abs(value) <= _EXACT_MAX else str(value)
        case float() if math.isfinite(value):
            plain = value
        case datetime():
            plain = _time(value)
        case Mapping() if all(isinstance(name, str) for name in value):
            plain = {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            plain = [_plain(each) for each in value]
        case _:
            message = f"a {type(value).__name__} has no canonical form"
            raise LeafRefused(message)
    return plain
