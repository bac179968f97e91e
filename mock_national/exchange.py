"""One call from arrival to answer: fault, transaction, record, and what keeps the answer back.

All systems go through `Desk`, so that every fault means the same in all: `at_door` before the body of the call is
read, `perform` after it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mock_national.calls import Call, CallLog
from mock_national.door import Door
from mock_national.dressing import dated, dressed
from mock_national.drop import HalfAnswer, drop, gone
from mock_national.faults import Fault
from mock_national.settings import Settings
from mock_national.store import Store
from mock_national.wire import Reply, stamp

_DRIPS_MAX: Final = 40
#: Kinds that end the connection without an answer.
_SILENT: Final = frozenset(
    {"reset", "lost_answer", "reset_before", "reset_after", "reset_during", "connection_refused"}
)
#: Kinds whose `delay_ms` has a meaning of its own; with every other kind the wait comes first.
_OWN_DELAY: Final = frozenset({"slow_body", "drip", "connection_refused", "clock_skew", "maintenance"})


class Desk:
    """Serves calls over one store."""

    def __init__(self, settings: Settings, store: Store, log: CallLog, door: Door) -> None:
        """Stand on a store, its record of calls, and the door that can be shut."""
        self._settings = settings
        self._store = store
        self._log = log
        self._door = door

    async def at_door(self, request: Request, system: str, fault: Fault | None) -> Response | None:
        """Let a fault act before the body is read; None: the call goes on.

        Raises:
            ConnectionDropped: when the connection is to break but no transport can be aborted.
        """
        if fault is None:
            return None
        if fault.kind == "slow_accept":
            request.state.fault = fault.kind
            if fault.applied:
                # Read now, so that the call is still taken when the client has given up waiting.
                await request.body()
            await asyncio.sleep(fault.delay_ms / 1000)
            return None
        if fault.kind == "reset_during":
            await anext(request.stream(), b"")
        return await self.perform(request, system, "", fault, _nothing)

    async def perform(
        self,
        request: Request,
        system: str,
        shown: str,
        fault: Fault | None,
        produce: Callable[[], Reply],
        *,
        soap: bool = False,
        code_key: str = "error_code",
    ) -> Response:
        """Answer one call; `soap` says that it is one that XML answers, `code_key` how an answer names its code.

        `shown` is the request text for the record, secrets already masked. `produce` decides and applies; it
        runs inside the transaction that also records the call, and not at all when the fault acts before.

        Raises:
            ConnectionDropped: when the connection is to break but no transport can be aborted.
        """
        started = time.perf_counter()
        if fault and fault.delay_ms and fault.kind not in _OWN_DELAY:
            await asyncio.sleep(fault.delay_ms / 1000)
            if fault.kind == "slow_accept" and not fault.applied and await request.is_disconnected():
                return Response(status_code=500)
        kind = fault.kind if fault else getattr(request.state, "fault", "")
        now = self._settings.clock()
        with self._store.transaction():
            reply = produce() if fault is None else _under(fault, produce, soap=soap, code_key=code_key)
            silent = reply.hang or kind in _SILENT
            self._log.add(
                Call(
                    at=stamp(now),
                    system=system,
                    path=request.url.path,
                    service=reply.service,
                    items=reply.items,
                    error_code=reply.error_code,
                    http_status=0 if silent else reply.status,
                    duration_ms=round((time.perf_counter() - started) * 1000, 3),
                    fault=kind,
                    request=shown,
                    answer=reply.body[:16_000].decode(errors="replace") if reply.record is None else reply.record,
                )
            )
        skew = fault.skew_seconds if fault and fault.kind == "clock_skew" else 0
        return await self._send(request, dated(reply, now + skew), fault)

    async def _send(self, request: Request, reply: Reply, fault: Fault | None) -> Response:
        kind = fault.kind if fault else ""
        if fault and kind == "reset_during" and fault.applied:
            return HalfAnswer(reply.body, reply.status, reply.headers, reply.media_type)
        if fault and kind == "connection_refused":
            self._door.shut(fault.delay_ms / 1000)
        if kind in _SILENT:
            return await drop(request, reset=kind in {"reset_before", "reset_during", "reset_after"})
        if reply.hang:
            await gone(request)
            return Response(status_code=500)
        if reply.delay_seconds:
            await asyncio.sleep(reply.delay_seconds)
        if fault and kind in {"slow_body", "drip"}:
            return _trickle(reply, fault.delay_ms / 1000, drip=kind == "drip")
        return reply.response()


def _nothing() -> Reply:
    return Reply(body=b"")


def _under(fault: Fault, produce: Callable[[], Reply], *, soap: bool, code_key: str) -> Reply:
    """The answer under a fault: the system is asked when the fault lets the call be applied."""
    own = fault.kind in {"session_expired", "wrong_unit", "code_table_changed", "slow_accept"}
    true = produce() if fault.applied or own else None
    reply = dressed(fault, true, soap=soap, code_key=code_key)
    return replace(reply, hang=True) if fault.kind == "hang" else reply


def _trickle(reply: Reply, seconds: float, *, drip: bool) -> Response:
    """The status line and headers at once; the body after `seconds`, or in small pieces spread over them."""
    body = reply.body
    pieces = max(1, min(len(body), _DRIPS_MAX)) if drip else 1
    size = max(1, -(-len(body) // pieces))

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            await asyncio.sleep(seconds / pieces)
            yield body[start : start + size]

    headers = {**reply.headers, "Content-Length": str(len(body))}
    return StreamingResponse(parts(), reply.status, headers, reply.media_type)
