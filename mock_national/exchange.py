"""One call from arrival to answer: fault, transaction, record, and what keeps the answer back.

Both systems go through `Desk.perform`, so that every fault means the same in both.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from mock_national.calls import Call, CallLog
from mock_national.drop import drop, gone
from mock_national.faults import Fault
from mock_national.settings import Settings
from mock_national.store import Store
from mock_national.wire import Reply, dump, stamp

_ERROR_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>Error</title></head>"
    "<body><h1>Lỗi hệ thống</h1><p>Adapter tạm thời không phục vụ.</p></body></html>"
).encode()
_HTML: Final = "text/html; charset=utf-8"


class Desk:
    """Serves calls over one store."""

    def __init__(self, settings: Settings, store: Store, log: CallLog) -> None:
        """Stand on a store and its record of calls."""
        self._settings = settings
        self._store = store
        self._log = log

    async def perform(
        self, request: Request, system: str, shown: str, fault: Fault | None, produce: Callable[[], Reply]
    ) -> Response:
        """Answer one call.

        `shown` is the request text for the record, secrets already masked. `produce` decides and applies; it
        runs inside the transaction that also records the call, and not at all when the fault acts before.

        Raises:
            ConnectionDropped: when the connection is to break but no transport can be aborted.
        """
        started = time.perf_counter()
        kind = fault.kind if fault else ""
        if fault and fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        instead = _instead(fault)
        with self._store.transaction():
            reply = instead or produce()
            silent = reply.hang or kind in {"reset", "lost_answer"}
            self._log.add(
                Call(
                    at=stamp(self._settings.clock()),
                    system=system,
                    path=request.url.path,
                    service=reply.service,
                    items=reply.items,
                    error_code=reply.error_code,
                    http_status=0 if silent else reply.status,
                    duration_ms=round((time.perf_counter() - started) * 1000, 3),
                    fault=kind,
                    request=shown,
                    answer=reply.body[:16_000].decode(errors="replace"),
                )
            )
        return await _send(request, reply, drops=kind in {"reset", "lost_answer"})


def error_page(status: int) -> Reply:
    """The HTML page that a gateway in trouble shows."""
    return Reply(body=_ERROR_PAGE, status=status, media_type=_HTML)


def _instead(fault: Fault | None) -> Reply | None:
    """What is answered in place of the system's own answer, or None when the system is to answer."""
    if fault is None or fault.kind in {"delay", "lost_answer"}:
        return None
    if fault.kind == "status":
        wait = fault.retry_after_seconds
        return Reply(
            body=dump({"message": "fault armed in the mock"}).encode(),
            status=fault.status,
            headers={} if wait is None else {"Retry-After": str(wait)},
        )
    if fault.kind == "html":
        return error_page(200)
    return Reply(body=b"", hang=fault.kind == "hang")


async def _send(request: Request, reply: Reply, *, drops: bool) -> Response:
    if drops:
        return await drop(request)
    if reply.hang:
        await gone(request)
        return Response(status_code=500)
    if reply.delay_seconds:
        await asyncio.sleep(reply.delay_seconds)
    return reply.response()
