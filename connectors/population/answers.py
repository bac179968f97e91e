"""What an answer is before anything is read of a person: the outcome classes, as HTTP and the gateways tell them.

No public source lists the database's own error codes; those known here are of one gateway, and another means nothing.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.http import Delivery, NoAnswer, NotSent, Reply
from connectors.population.outcomes import PersonOutcome
from connectors.population.settings import PopulationWay
from connectors.population.soap import read_verdict

_OK, _BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 200, 400, 401, 403, 429
_GATEWAY_DOWN = (502, 503, 504)
_DENIALS = {"004": "the procedure is not licensed to ask", "005": "the officer's account has no right to ask"}
# What a wrapper passes on of the gateway before it, whose product (WSO2) numbers its refusals so.
_GATEWAY_REFUSALS = {
    "900901": _UNAUTHORIZED,
    "900902": _UNAUTHORIZED,
    "900908": _FORBIDDEN,
    **{str(code): _TOO_MANY for code in range(900800, 900810)},
}
_CODES = ("errorCode", "error_code")
_JSON_SUCCESS = frozenset({"0", "00", "SUCCESSFUL"})
_BOOLEANS = {"true": True, "false": False}
# A code of another form is not repeated: it may be anything, a name among others.
_CODE = re.compile(r"-?[0-9]{1,6}|ERROR_[A-Z_]{1,30}")
_TOO_LARGE = "too_large"

ANSWERED: Final = "answered"
NO_ANSWER_OF_THE_SERVICE: Final = "not an answer of the service"


@dataclass(frozen=True, slots=True)
class Failure:
    """Nothing was said about a person. ``may_pass``: the gateway was down or out of reach, so asking again may help."""

    outcome: PersonOutcome
    reason: str
    may_pass: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What the service said: SOAP text, or the bare yes or no of a JSON face."""

    content: str | bool = field(repr=False)


_REFUSALS = {
    _UNAUTHORIZED: Failure(PersonOutcome.UNAVAILABLE, "our access is refused"),
    _FORBIDDEN: Failure(PersonOutcome.DENIED, "our access is forbidden"),
    _TOO_MANY: Failure(PersonOutcome.QUOTA, "the quota of questions is spent"),
    **{status: Failure(PersonOutcome.UNAVAILABLE, f"HTTP {status}", may_pass=True) for status in _GATEWAY_DOWN},
}


def open_answer(way: PopulationWay, result: Delivery) -> Said | Failure:
    """What is inside, or why there is nothing."""
    if isinstance(result, NotSent):
        return Failure(PersonOutcome.UNAVAILABLE, "out of reach", may_pass=True)
    if isinstance(result, NoAnswer):
        is_too_large = result.reason == _TOO_LARGE
        return Failure(PersonOutcome.BAD_REPLY if is_too_large else PersonOutcome.UNAVAILABLE, result.reason)
    if result.status != _OK:
        return _refusal(result)
    return _open_face(result.text) if way is PopulationWay.JSON else Said(result.text)


def is_access_refused(result: Delivery) -> bool:
    """Whether our token or hash was refused, so that a new one may help."""
    return isinstance(result, Reply) and result.status == _UNAUTHORIZED


def read_yes_or_no(said: Said) -> tuple[PersonOutcome, str]:
    """The outcome of service 003, and why."""
    found = said.content if isinstance(said.content, bool) else read_verdict(said.content)
    if found is None:
        return PersonOutcome.BAD_REPLY, NO_ANSWER_OF_THE_SERVICE
    return PersonOutcome.MATCH if found else PersonOutcome.NOT_FOUND_OR_MISMATCH, ANSWERED


def read_object(text: str) -> dict[str, Any]:
    """A JSON object; an empty one when the text is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(result: Reply) -> Failure:
    code = str(read_object(result.text).get("errorCode", ""))
    if result.status in {_BAD_REQUEST, _FORBIDDEN} and code in _DENIALS:
        return Failure(PersonOutcome.DENIED, _DENIALS[code])
    if result.status == _BAD_REQUEST:
        return Failure(PersonOutcome.BAD_REPLY, f"HTTP 400, code '{_shown(code)}'")
    return _REFUSALS.get(result.status, Failure(PersonOutcome.UNAVAILABLE, f"HTTP {result.status}"))


def _open_face(text: str) -> Said | Failure:
    face = read_object(text)
    code = str(next((face[name] for name in _CODES if name in face), "0"))
    if code in _DENIALS:
        return Failure(PersonOutcome.DENIED, _DENIALS[code])
    if code in _GATEWAY_REFUSALS:
        return _REFUSALS[_GATEWAY_REFUSALS[code]]
    if code not in _JSON_SUCCESS:
        return Failure(PersonOutcome.BAD_REPLY, f"error code '{_shown(code)}'")
    data = face.get("data", face.get("message"))
    said = _BOOLEANS.get(data, data) if isinstance(data, str) else data
    # A bare "no" beside anything else may be how a fault is told.
    beside = face.keys() - {*_CODES, "data" if "data" in face else "message"}
    is_doubtful = said is False and any(face[name] is not None and face[name] != "" for name in beside)
    if is_doubtful or not isinstance(said, str | bool):
        return Failure(PersonOutcome.BAD_REPLY, NO_ANSWER_OF_THE_SERVICE)
    return Said(said)


def _shown(code: str) -> str:
    return code if _CODE.fullmatch(code) else "…"
