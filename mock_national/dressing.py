"""What an armed fault makes of an answer: another one in its place, or the same one in another dress.

Answers are made from the kind and the true answer alone; what a fault does to the store, to the connection or to
the clock is told elsewhere (`exchange`, `drop`, the two systems).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from typing import Final

from mock_national.faults import Fault
from mock_national.wire import Reply, dump

UNKNOWN_CODE: Final = "77"
BUSY: Final = "Hệ thống bận"
_HTML: Final = "text/html; charset=utf-8"
_ERROR_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>Error</title></head>"
    "<body><h1>Lỗi hệ thống</h1><p>Adapter tạm thời không phục vụ.</p></body></html>"
).encode()
_MAINTENANCE_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>Bảo trì</title></head>"
    "<body><h1>Hệ thống đang bảo trì</h1><p>Xin vui lòng quay lại sau.</p></body></html>"
).encode()
_XML: Final = "text/xml; charset=utf-8"
_XML_TEXT: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    "<soapenv:Body></soapenv:Body></soapenv:Envelope>"
)
#: Kinds whose answer takes its form from the true one even when nothing was applied.
_SHAPED: Final = frozenset({"truncated_json", "empty_body", "unknown_code"})
_SUCCESS_CODES: Final = frozenset({"0", "00"})

Dress = Callable[[Fault, Reply | None, str], Reply]


def error_page(status: int) -> Reply:
    """The HTML page that a gateway in trouble shows."""
    return Reply(body=_ERROR_PAGE, status=status, media_type=_HTML)


def dressed(fault: Fault, true: Reply | None, *, soap: bool = False, code_key: str = "error_code") -> Reply:
    """The answer of a call under a fault; `true` is what the system answered, None when it was not asked.

    `soap`: the call is one that XML answers. `code_key`: the name of the error code in the system's answers.
    """
    if soap and true is None and fault.kind in _SHAPED:
        true = Reply(body=_XML_TEXT.encode(), media_type=_XML)
    dress = _DRESSES.get(fault.kind)
    if dress is not None:
        reply = dress(fault, true, code_key)
        if true is not None:
            reply = replace(reply, service=true.service, items=true.items, record=true.record)
        return reply
    return Reply(body=b"") if true is None else true


def dated(reply: Reply, now: float) -> Reply:
    """The answer with a Date header; `now` is Unix time by the far clock."""
    return replace(reply, headers={**reply.headers, "Date": formatdate(now, usegmt=True)})


def _status(fault: Fault, true: Reply | None, code_key: str) -> Reply:
    del true, code_key
    wait = fault.retry_after_seconds
    text = BUSY if fault.kind.startswith("http_") else "fault armed in the mock"
    answer = {"code": "900802", "message": "Message throttled out"} if fault.status == 429 else {"message": text}  # noqa: PLR2004
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Reply(body=dump(answer).encode(), status=fault.status, headers=headers)


def _page(fault: Fault, true: Reply | None, code_key: str) -> Reply:
    del fault, true, code_key
    return error_page(200)


def _closed(fault: Fault, true: Reply | None, code_key: str) -> Reply:
    del true, code_key
    headers = {} if fault.retry_after_seconds is None else {"Retry-After": str(fault.retry_after_seconds)}
    return Reply(body=_MAINTENANCE_PAGE, status=503, media_type=_HTML, headers=headers)


def _empty(fault: Fault, true: Reply | None, code_key: str) -> Reply:
    del fault, code_key
    return Reply(body=b"", media_type="application/json" if true is None else true.media_type)


def _truncated(fault: Fault, true: Reply | None, code_key: str) -> Reply:
    del fault
    success = dump({code_key: "0", "message": "thành công", "result": []})
    body = success.encode() if true is None else true.body
    # As text, so that the cut falls between letters: what is broken is the JSON, not the UTF-8.
    text = body.decode()
    media_type = "application/json" if true is None else true.media_type
    return Reply(body=text[: len(text) * 2 // 3].encode(), media_type=media_type)


def _unknown_code(fault: Fault, true: Reply | None, code_key: str) -> Reply:
    del fault
    if true is not None and true.media_type.startswith("text/xml"):
        answer = {"message": BUSY, "errorCode": UNKNOWN_CODE}
        return Reply(body=dump(answer).encode(), status=400, error_code=UNKNOWN_CODE)
    answer = {code_key: UNKNOWN_CODE, "message": BUSY}
    return Reply(body=dump(answer).encode(), error_code=UNKNOWN_CODE)


def _in_string(fault: Fault, true: Reply | None, code_key: str) -> Reply:
    true = _refusal(code_key) if true is None else true
    text = true.body.decode()
    return replace(
        true, body=dump(text if fault.shape == "string" else {"message": text}).encode(), media_type="application/json"
    )


def _code(change: Callable[[str], str | int | None]) -> Dress:
    def dress(fault: Fault, true: Reply | None, code_key: str) -> Reply:
        del fault
        true = _refusal(code_key) if true is None else true
        answer = json.loads(true.body) if true.media_type.startswith("application/json") else None
        if not isinstance(answer, dict) or code_key not in answer:
            return true
        code = change(str(answer[code_key]))
        if code is None:
            del answer[code_key]
        else:
            answer[code_key] = code
        return replace(true, body=dump(answer).encode())

    return dress


def _refusal(code_key: str) -> Reply:
    """What a system says that did not take the call: its dress is the fault, so the word itself is a known one."""
    answer = {code_key: "-1", "message": BUSY}
    return Reply(body=dump(answer).encode(), error_code="-1")


def _as_00(code: str) -> str:
    return "00" if code in _SUCCESS_CODES else code


def _as_int(code: str) -> str | int:
    return int(code) if code.removeprefix("-").isdigit() else code


def _without(code: str) -> None:
    del code


_DRESSES: Final[Mapping[str, Dress]] = {
    "status": _status,
    "http_429": _status,
    "http_429_retry_after": _status,
    "http_503": _status,
    "http_503_retry_after": _status,
    "html": _page,
    "html_200": _page,
    "maintenance": _closed,
    "truncated_json": _truncated,
    "empty_body": _empty,
    "unknown_code": _unknown_code,
    "json_in_string": _in_string,
    "code_00": _code(_as_00),
    "code_int": _code(_as_int),
    "code_missing": _code(_without),
}
