"""Breaking a connection so that the client reads no answer, or half of one.

ASGI has no word for it. Our HTTP protocol puts its transport into the scope of each request; where another server
runs the app (a test without a socket), an exception stands for the broken connection.
"""

import asyncio
import socket
import struct
from typing import Final, NoReturn

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TRANSPORT: Final = "mock_national.transport"
#: Lingering for 0 seconds: the kernel throws away what is not yet sent and answers with a reset.
_LINGER_NOT: Final = struct.pack("ii", 1, 0)


class ConnectionDropped(ConnectionError):
    """The mock drops this connection on purpose; raised only where no transport can be aborted."""


class DroppableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the transport offered to the app."""

    def on_message_begin(self) -> None:
        """Add the transport to the scope that the base class has just made."""
        super().on_message_begin()
        extensions = self.scope.setdefault("extensions", {})
        if extensions is not None:
            extensions[_TRANSPORT] = {"transport": self.transport}


async def drop(request: Request, *, reset: bool = False) -> Response:
    """Close the connection at once, with a TCP reset when asked; the response that is given is never written.

    Raises:
        ConnectionDropped: when the server offers no transport.
    """
    _abort(_transport(request.scope), reset=reset)
    await gone(request)
    return Response(status_code=500)


class HalfAnswer(Response):
    """An answer that announces its whole length, sends the first half of its bytes, and ends in a TCP reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it.

        Raises:
            ConnectionDropped: when the server offers no transport.
        """
        transport = _transport(scope)
        body = bytes(self.body)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        # The transport tells nobody when its buffer is empty, and aborting throws away what is in it.
        while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(0)
        _abort(transport, reset=True)
        await gone(Request(scope, receive))


async def gone(request: Request) -> None:
    """Wait until the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _transport(scope: Scope) -> asyncio.Transport:
    offered = scope.get("extensions", {}).get(_TRANSPORT)
    if offered is None:
        _pretend()
    transport: asyncio.Transport = offered["transport"]
    return transport


def _abort(transport: asyncio.Transport, *, reset: bool) -> None:
    if reset and not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()


def _pretend() -> NoReturn:
    message = "the mock dropped this connection on purpose"
    raise ConnectionDropped(message)
