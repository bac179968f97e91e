"""What both systems share on the wire: reading a request, forming an answer, timestamps."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

BODY_BYTES_MAX = 64 * 1024 * 1024

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer decided but not yet sent.

    `service`, `items`, `error_code` and `record` (what stands there instead of the body) are for the record of
    calls; `delay_seconds` and `hang` say how the answer is to be kept back after the transaction is over.
    """

    body: bytes
    status: int = 200
    media_type: str = "application/json"
    service: str = ""
    items: int = 0
    error_code: str = ""
    record: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0
    hang: bool = False

    def response(self) -> Response:
        """The Starlette response of this answer."""
        return Response(self.body, self.status, self.headers, self.media_type)


def unknown_member() -> Reply:
    """What the adapter says of a provider or path that it does not know."""
    answer = {
        "type": "Server.ClientProxy.UnknownMember",
        "message": "dstcode hoặc địa chỉ dịch vụ không có trong adapter",
    }
    return Reply(body=dump(answer).encode(), status=404)


def dump(value: object) -> str:
    """Compact JSON text, Vietnamese letters kept as they are."""
    return _ENCODER.encode(value)


def stamp(seconds: float) -> str:
    """Unix time as UTC ISO 8601 with milliseconds: `2026-07-01T02:03:04.567Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def read_body(request: Request) -> bytes:
    """The request body.

    Raises:
        HTTPException: 413 when it is longer than `BODY_BYTES_MAX`.
    """
    chunks: list[bytes] = []
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > BODY_BYTES_MAX:
            raise HTTPException(413, "body too large")
        chunks.append(chunk)
    return b"".join(chunks)


def whole(request: Request, name: str, default: int, highest: int) -> int:
    """A whole number of the query.

    Raises:
        HTTPException: 400 when it is none, or above `highest`.
    """
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text[:12]) > highest:
        raise HTTPException(400, f"{name}: a whole number up to {highest}")
    return int(text)


def parse_object(raw: bytes) -> dict[str, object] | None:
    """The JSON object in the body, or None when it is not one that can be read and stored.

    NaN and Infinity are refused, and so are half surrogates, which no UTF-8 store can hold.
    """
    try:
        value = json.loads(raw, parse_constant=_refuse_constant)
        if b"\\u" in raw:
            dump(value).encode()
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse_constant(name: str) -> object:
    message = f"{name} is not JSON"
    raise ValueError(message)
