"""The portal's session: logged in once, shared by all calls of all processes, renewed when it ends.

Who needs a session asks a ``SessionBook``. It names a living session, or lets exactly one caller log in, or tells
the others to wait or how the last login failed. The book of a province with several processes is its database; a
process on its own keeps one in memory.
"""

import asyncio
import json
import random
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import Protocol

import httpx

from connectors.base import TryLater
from connectors.http import TOO_LATE, HttpSettings, NotSent, Reply, post
from connectors.portal.answers import read_answer, retry_after_seconds
from connectors.portal.codes import AnswerKind
from connectors.portal.settings import PortalSettings

#: For how long one caller may be at logging in; after that another may take over.
LOGIN_LEASE_SECONDS = 20.0
# A login ends well before its lease, so that two are never under way.
_LOGIN_SECONDS = 15.0
_WAIT_SECONDS = 30.0
_FAILED_SECONDS = 5.0
_FAILED_SECONDS_MAX = 60.0


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
        """A living session other than ``not_this``, which the portal refused; or leave to log in; or why neither."""

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


@dataclass(slots=True)
class Session:
    """The session as one connector sees it: while it lives, nobody is asked for it.

    ``wait_seconds`` is how long a caller waits for another's login, longer than the lease of a login that died.
    """

    settings: PortalSettings
    http: HttpSettings
    client: httpx.AsyncClient
    book: SessionBook
    wait_seconds: float = _WAIT_SECONDS
    _token: str | None = field(default=None, repr=False)
    _ends: float = 0.0
    _busy_until: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def token(self, *, not_this: str | None = None) -> str | TryLater:
        """A living session, other than ``not_this`` which the portal has just refused; or why there is none."""
        if self._token is not None and self._token != not_this and time.monotonic() < self._ends:
            return self._token
        async with self._lock:
            if self._token is not None and self._token != not_this and time.monotonic() < self._ends:
                return self._token
            found = await self._from_book(not_this)
            if isinstance(found, TryLater):
                return found
            self._token, self._ends = found.token, time.monotonic() + found.seconds
            return found.token

    async def _from_book(self, not_this: str | None) -> Living | TryLater:
        until = time.monotonic() + self.wait_seconds
        while True:
            found = await self.book.ask(not_this)
            if isinstance(found, LogIn):
                found = await self._log_in(found)
            if isinstance(found, Living | TryLater):
                return found
            now = time.monotonic()
            # Those who queued behind one that has waited in vain do not each wait as long again.
            if now >= until or now < self._busy_until:
                self._busy_until = max(self._busy_until, now + 1)
                return TryLater("login_busy", "another process has been logging in for too long")
            # No process can wake another: the row is looked at again, not by all at the same time.
            await asyncio.sleep(random.uniform(0.05, 0.25))  # noqa: S311 - no secret

    async def _log_in(self, login: LogIn) -> Living | Busy | TryLater:
        """Log in and tell the book; ``Busy`` when it took so long that another had leave to log in meanwhile."""
        started = time.monotonic()
        found: str | TryLater = TryLater("login_no_answer", "the login was broken off")
        remembered = 0.0
        try:
            found = await self._login(started + LOGIN_LEASE_SECONDS)
            if isinstance(found, TryLater) and found.reason != TOO_LATE:
                remembered = min(_FAILED_SECONDS_MAX, max(_FAILED_SECONDS, found.retry_after_seconds or 0))
        finally:
            # Also when this caller is cancelled: the next may log in at once instead of waiting for the lease.
            if isinstance(found, TryLater):
                await self.book.fail(login, found, remembered)
        if isinstance(found, TryLater):
            return found
        seconds = self.settings.session_seconds - (time.monotonic() - started)
        return Living(found, seconds) if await self.book.keep(login, found, seconds) else Busy()

    async def _login(self, send_before: float) -> str | TryLater:
        body = json.dumps({"username": self.settings.username, "password": self.settings.password}).encode()
        settings, http = self.settings, self.http
        bound = replace(
            http,
            total_seconds=min(http.total_seconds, _LOGIN_SECONDS),
            tries_seconds=min(http.tries_seconds, LOGIN_LEASE_SECONDS - _LOGIN_SECONDS),
        )
        try:
            async with asyncio.timeout(_LOGIN_SECONDS):
                reply = await post(
                    self.client,
                    bound,
                    settings.url(settings.login_path),
                    content=body,
                    headers=settings.headers(),
                    params=settings.params(),
                    send_before=send_before,
                )
        except TimeoutError:
            return TryLater("login_no_answer", f"no answer within {_LOGIN_SECONDS:g} s")
        if isinstance(reply, NotSent):
            return TryLater("not_sent" if reply.reason == "no_connection" else reply.reason, reply.message)
        if not isinstance(reply, Reply):
            return TryLater("login_no_answer", reply.message)
        answer = read_answer(reply.text)
        token = answer.body.get("session") if answer else None
        if answer is None or answer.kind is not AnswerKind.SUCCESS or not isinstance(token, str) or not token:
            message = answer.message if answer else f"HTTP {reply.status}"
            return TryLater("login_refused", message, retry_after_seconds(reply.headers.get("retry-after")))
        return token
