"""Breaking a connection so that the client reads no answer.

ASGI has no word for it. Our HTTP protocol puts the transport's `abort` into the scope of each request; where
another server runs the app (a test without a socket), an exception stands for the broken connection.
"""

from typing import Final, NoReturn

from starlette.requests import Request
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_ABORT: Final = "mock_national.abort"


class ConnectionDropped(ConnectionError):
    """The mock drops this connection on purpose; raised only where no transport can be aborted."""


class DroppableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the way to abort the transport offered to the app."""

    def on_message_begin(self) -> None:
        """Add the abort to the scope that the base class has just made."""
        super().on_message_begin()
        extensions = self.scope.setdefault("extensions", {})
        if extensions is not None:
            extensions[_ABORT] = {"abort": self.transport.abort}


async def drop(request: Request) -> Response:
    """Abort the connection; the response that is given is never written.

    Raises:
        ConnectionDropped: when the server offers no transport.
    """
    offered = request.scope.get("extensions", {}).get(_ABORT)
    if offered is None:
        _pretend()
    offered["abort"]()
    await gone(request)
    return Response(status_code=500)


async def gone(request: Request) -> None:
    """Wait until the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _pretend() -> NoReturn:
    message = "the mock dropped this connection on purpose"
    raise ConnectionDropped(message)
