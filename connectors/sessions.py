"""The book of a session with a far side: who has one, who may log in, how the last login failed.

Who needs a session asks a ``SessionBook``. It names a living session, or lets exactly one caller log in, or tells
the others to wait or how the last login failed. The book of a province with several processes is its database; a
process on its own keeps one in memory.
"""

import time
import uuid
from dataclasses import dataclass, field, replace
from typing import Protocol

from connectors.base import TryLater

#: For how long one caller may be at logging in; after that another may take over.
LOGIN_LEASE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Living:
    """A session that lives for so many seconds more, as far as is known."""

    token: str = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class LogIn:
    """The caller is to log in, and to tell the book under this name what came of it."""

    by: str


@dataclass(frozen=True, slots=True)
class Busy:
    """Somebody else is logging in: ask again."""


class SessionBook(Protocol):
    """Where the session is kept. None of it raises for a store that is out of reach: that is a ``TryLater``."""

    async def ask(self, not_this: str | None) -> Living | LogIn | Busy | TryLater:
        """A living session other than ``not_this``, which the far side refused; or leave to log in; or why neither."""

    async def keep(self, login: LogIn, token: str, seconds: float) -> bool:
        """The login brought a session; False when the leave to log in was another's by then, and it is not kept."""

    async def fail(self, login: LogIn, failure: TryLater, seconds: float) -> None:
        """The login failed; for ``seconds`` nobody is to try again (0: anybody may at once)."""


@dataclass(slots=True)
class OwnBook:
    """The book of a process on its own, in memory; may be shared by several connectors of one event loop."""

    _living: Living | None = None
    _ends: float = 0.0
    _login: LogIn | None = None
    _login_until: float = 0.0
    _failure: TryLater | None = None
    _failed_until: float = 0.0

    async def ask(self, not_this: str | None) -> Living | LogIn | Busy | TryLater:
        """As in ``SessionBook``."""
        now = time.monotonic()
        if self._living is not None and self._living.token != not_this and now < self._ends:
            return replace(self._living, seconds=self._ends - now)
        if self._failure is not None and now < self._failed_until:
            return self._failure
        if self._login is not None and now < self._login_until:
            return Busy()
        self._login, self._login_until = LogIn(uuid.uuid4().hex), now + LOGIN_LEASE_SECONDS
        return self._login

    async def keep(self, login: LogIn, token: str, seconds: float) -> bool:
        """As in ``SessionBook``."""
        if self._login != login:
            return False
        self._living, self._ends = Living(token, seconds), time.monotonic() + seconds
        self._login = self._failure = None
        return True

    async def fail(self, login: LogIn, failure: TryLater, seconds: float) -> None:
        """As in ``SessionBook``."""
        if self._login == login:
            self._login, self._failure, self._failed_until = None, failure, time.monotonic() + seconds
