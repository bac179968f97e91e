"""The portal's session: logged in once, shared by all calls of all processes, renewed when it ends."""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field, replace

import httpx

from connectors.base import TryLater
from connectors.http import TOO_LATE, HttpSettings, NotSent, Reply, post
from connectors.portal.answers import read_answer, retry_after_seconds
from connectors.portal.codes import AnswerKind
from connectors.portal.settings import PortalSettings
from connectors.sessions import LOGIN_LEASE_SECONDS, Busy, Living, LogIn, SessionBook

# A login ends well before its lease, so that two are never under way.
_LOGIN_SECONDS = 15.0
_WAIT_SECONDS = 30.0
_FAILED_SECONDS = 5.0
_FAILED_SECONDS_MAX = 60.0


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
