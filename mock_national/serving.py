"""The server of the process: says where it listens, and can stop listening for a while."""

import asyncio
import json
import socket
import sys
from typing import Final

import uvicorn
from starlette.applications import Starlette

from mock_national.door import Door
from mock_national.drop import DroppableProtocol

_SHUTDOWN_SECONDS: Final = 2
_BIND_TRIES: Final = 500
_BIND_PAUSE_SECONDS: Final = 0.01


class MockServer(uvicorn.Server):
    """Runs the app of `create_app`; `announce` writes one line of JSON with the address on stdout."""

    def __init__(self, app: Starlette, host: str, port: int, *, announce: bool = True) -> None:
        """Not listening yet; port 0 picks a free one."""
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                loop="uvloop",
                http=DroppableProtocol,
                ws="none",
                access_log=False,
                log_level="warning",
                server_header=False,
                date_header=False,  # the app writes it, since a fault may set its clock wrong
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            )
        )
        self._announce = announce
        self._door: Door = app.state.door
        self._shutting: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, say where, and let the app shut the door."""
        await super().startup(sockets)
        if self.started:
            self._door.attach(self._shut)
            if self._announce:
                sys.stdout.write(json.dumps({"listening": self.url}) + "\n")
                sys.stdout.flush()

    def _shut(self, seconds: float) -> None:
        if self._shutting is None or self._shutting.done():
            self._shutting = asyncio.get_running_loop().create_task(self._stay_shut(seconds))

    async def _stay_shut(self, seconds: float) -> None:
        """Close the listening sockets, hold their port without listening, and listen again."""
        old = self.servers[0]
        families = [(listener.family, listener.getsockname()) for listener in old.sockets]
        old.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        holders = [await _hold(family, address) for family, address in families]
        await asyncio.sleep(seconds)
        if self.should_exit:
            return
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(self._protocol, sock=holder, backlog=self.config.backlog) for holder in holders
        ]

    def _protocol(self) -> asyncio.Protocol:
        return DroppableProtocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


async def _hold(family: int, address: tuple[object, ...]) -> socket.socket:
    """A socket bound to the address but not listening: the kernel refuses, and gives the port to nobody else.

    Raises:
        OSError: when the address stays taken.
    """
    for _ in range(_BIND_TRIES):
        holder = socket.socket(family, socket.SOCK_STREAM)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(address)
        except OSError:
            # The old listener is let go in one of the next rounds of the loop, and tells nobody when.
            holder.close()
            await asyncio.sleep(_BIND_PAUSE_SECONDS)
        else:
            return holder
    message = f"the port is taken by somebody else: {address}"
    raise OSError(message)
