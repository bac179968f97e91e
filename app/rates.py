"""How many requests a minute one caller, or one address without a token, may make; and how many tries to log in.

A moving window, by the ``limits`` library, over a store of our own: the library's goes through all keys on a thread
again and again, and takes its time from nowhere one could set.
"""

import ipaddress
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog
from limits import RateLimitItemPerMinute
from limits.storage.base import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from app import observability
from app.errors import RateLimited

_log = structlog.get_logger(__name__)
_NOTE_SECONDS: Final = 60.0


class Windows(Storage, MovingWindowSupport):
    """In memory: for each key the times of its requests within its window, oldest first."""

    STORAGE_SCHEME = None

    def __init__(self, now: Callable[[], float]) -> None:
        """Take the time, in seconds, from ``now``."""
        super().__init__()
        self._now = now
        self._times: dict[str, deque[float]] = {}
        self._swept_at = now()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a store raises when it is out of reach; memory never is."""
        return OSError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count ``amount`` requests now, if the window of ``expiry`` seconds has room for them."""
        times = self._within(key, expiry)
        if len(times) + amount > limit:
            return False
        times.extend([self._now()] * amount)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Time of the oldest request in the window, and how many there are."""
        del limit
        times = self._within(key, expiry)
        return (times[0] if times else self._now()), len(times)

    def _within(self, key: str, expiry: int) -> deque[float]:
        now = self._now()
        if now - self._swept_at >= expiry:
            # Once a window, so that who came once is not kept for ever.
            self._times = {held: times for held, times in self._times.items() if times and times[-1] > now - expiry}
            self._swept_at = now
        times = self._times.setdefault(key, deque())
        while times and times[0] <= now - expiry:
            times.popleft()
        return times

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        held = len(self._times)
        self._times.clear()
        return held

    def clear(self, key: str) -> None:
        """Forget a key."""
        self._times.pop(key, None)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Only moving windows are counted here."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """How many requests a key is held with."""
        return len(self._times.get(key, ()))

    def get_expiry(self, key: str) -> float:
        """Only moving windows are counted here."""
        raise NotImplementedError


class Rates:
    """Counts requests; 0 means that they are not counted."""

    def __init__(
        self,
        caller_per_minute: int,
        address_per_minute: int,
        logins_per_minute: int = 0,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nobody counted."""
        self._now = now
        self._limiter = MovingWindowRateLimiter(Windows(now))
        self._limits = {
            kind: RateLimitItemPerMinute(count) if count else None
            for kind, count in (
                ("caller", caller_per_minute),
                ("address", address_per_minute),
                ("login", logins_per_minute),
            )
        }
        self._noted: dict[str, float] = {}

    def count_caller(self, name: str) -> None:
        """Count a request of a caller who is known.

        Raises:
            RateLimited: it has made too many within a minute.
        """
        self._count("caller", name)

    def count_address(self, host: str) -> None:
        """Count a request that nobody has answered for yet.

        Raises:
            RateLimited: as for a caller.
        """
        self._count("address", _network(host))

    def count_login(self, host: str) -> None:
        """Count a try to log in from an address, whosever name it is.

        Raises:
            RateLimited: as for a caller.
        """
        self._count("login", _network(host))

    def _count(self, kind: str, who: str) -> None:
        item = self._limits[kind]
        if item is None or self._limiter.hit(item, kind, who):
            return
        observability.TURNED_AWAY.labels("rate").inc()
        now = self._now()
        wait = self._limiter.get_window_stats(item, kind, who).reset_time - now
        message = f"more than {item.amount} requests within a minute by this {kind}"
        refusal = RateLimited(message, retry_after_seconds=max(1, math.ceil(wait)))
        first = self._first(f"{kind} {who}", now)
        if first:
            _log.warning("rate_limited", by=kind, who=who)
        refusal.on_record = not first
        raise refusal

    def _first(self, key: str, now: float) -> bool:
        """Whether this is to be put on record: a flood must not become a flood of entries."""
        if now - self._noted.get(key, -math.inf) < _NOTE_SECONDS:
            return False
        self._noted = {held: at for held, at in self._noted.items() if now - at < _NOTE_SECONDS}
        self._noted[key] = now
        return True


def _network(host: str) -> str:
    """An IPv6 caller owns a whole /64, and is counted by it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
