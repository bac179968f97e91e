"""Until when bytes may leave the house: set by whoever holds a lease, read by the one HTTP seam."""

from contextvars import ContextVar

#: Monotonic time (``time.monotonic``) after which nothing may be put on the wire any more; None: no bound.
SEND_BEFORE: ContextVar[float | None] = ContextVar("send_before", default=None)
