"""Names for answers that we do not know: short, the same for the same shape, and without anybody's data."""

import json
import re
from typing import Any

from connectors.base import Strange
from connectors.masking import mask
from connectors.portal.answers import Answer
from connectors.portal.codes import AnswerKind

# Names of an object beside these are news: the portal has begun to say something that nobody here reads.
_KNOWN_NAMES = frozenset({"error_code", "message", "result", "session"})
_EXAMPLE_MAX = 2000
_NAMES_SHOWN, _NAME_MAX = 12, 30
_HTML = re.compile(r"<\s*(?:!doctype\s+html|html|head|body|h1|title)\b", re.IGNORECASE)
_XML = re.compile(r"\s*<[?\w]")
_PLAIN_NAME = re.compile(r"(?!.*\d{9})[A-Za-z_][\w.-]*", re.ASCII)
_PLAIN_CODE = re.compile(r"-?\d{1,8}", re.ASCII)


def shape_of(text: str) -> str:
    """The shape of an answer: ``empty``, ``html``, ``xml``, ``text``, or e.g. ``json {message}``.

    Never longer than 200 characters; a name that is no plain name, is longer than 30 or holds a long number is ``?``.
    """
    plain = text.strip()
    if not plain:
        return "empty"
    if _HTML.search(plain[:2000]):
        return "html"
    if _XML.match(plain):
        return "xml"
    try:
        return _shape(json.loads(plain))
    except RecursionError:
        return "json too deep"
    except ValueError:
        return "truncated json" if plain[0] in '{["' else "text"


def strange(text: str, answer: Answer | None) -> Strange | None:
    """What is new about an answer with HTTP 200, with a masked example; None when all of it is known."""
    shape = None
    if answer is None:
        shape = shape_of(text)
    elif answer.kind is AnswerKind.NEW:
        shape = f"code {answer.code if _PLAIN_CODE.fullmatch(answer.code) else _name(answer.code)}"
    elif answer.body.keys() - _KNOWN_NAMES:
        shape = _shape(answer.body)
    return None if shape is None else Strange(shape, mask(text, _EXAMPLE_MAX))


def _shape(value: Any) -> str:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        names = sorted(_name(name) + _odd_type(name, part) for name, part in value.items())
        more = [] if len(names) <= _NAMES_SHOWN else ["…"]
        return "json {" + ",".join([*dict.fromkeys(names[:_NAMES_SHOWN]), *more])[:180] + "}"
    kinds = {list: "list", str: "text", bool: "bool", type(None): "null"}
    return f"json {kinds.get(type(value), 'number')}"


def _odd_type(name: str, part: object) -> str:
    if name != "error_code" or not isinstance(part, bool | dict | list | type(None)):
        return ""
    return f":{_shape(part).removeprefix('json ').partition(' ')[0] if not isinstance(part, dict) else 'object'}"


def _name(name: str) -> str:
    return name if len(name) <= _NAME_MAX and _PLAIN_NAME.fullmatch(name) else "?"
