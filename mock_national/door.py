"""The door of the process: where it listens, and how it stops listening for a while."""

from collections.abc import Callable

from mock_national.faults import Fault


class Door:
    """Stands between the app and the server that runs it; without a server nothing can be shut."""

    def __init__(self) -> None:
        """No server yet."""
        self._shut: Callable[[float], None] | None = None

    def attach(self, shut: Callable[[float], None]) -> None:
        """Offer the way to stop listening for some seconds."""
        self._shut = shut

    def refuse(self, fault: Fault) -> bool:
        """Shut the door for a `connection_refused` that waits for no call; whether that was done."""
        if fault.kind != "connection_refused" or self._shut is None:
            return False
        self._shut(fault.delay_ms / 1000)
        return True

    def shut(self, seconds: float) -> None:
        """Refuse new connections for `seconds`, and close those that are idle; nothing without a server."""
        if self._shut is not None:
            self._shut(seconds)
