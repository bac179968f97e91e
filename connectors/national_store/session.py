"""The store's session: logged in once, shared by all processes through the book, renewed when it ends.

A login is part of the question that needs it, so its time counts there.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field

import httpx

from connectors.base import TryLater
from connectors.http import HttpSettings, Reply, post
from connectors.national_store.answers import SECONDS_MAX, login_body, read_answer, read_token
from connectors.national_store.settings import NationalStoreSettings
from connectors.sessions import Busy, Living, LogIn, SessionBook

_TOO_MANY = 429
# Not each question is to try a password that was just refused: far sides lock accounts.
_REFUSED_SECONDS = 5.0
_REFUSED = "login_refused"


@dataclass(slots=True)
class StoreSession:
    """The session as one connector sees it."""

    settings: NationalStoreSettings
    http: HttpSettings
    client: httpx.AsyncClient
    book: SessionBook
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def token(self, not_this: str | None) -> str | TryLater:
        """A living session, other than ``not_this`` which the store has just refused; or why there is none.

        The caller bounds the wait.
        """
        async with self._lock:
            while True:
                found = await self.book.ask(not_this)
                if isinstance(found, LogIn):
                    found = await self._log_in(found)
                if isinstance(found, Living):
                    return found.token
                if isinstance(found, TryLater):
                    return found
                # No process can wake another: the book is looked at again, not by all at the same time.
                await asyncio.sleep(random.uniform(0.05, 0.25))  # noqa: S311 - no secret

    async def _log_in(self, login: LogIn) -> Living | Busy | TryLater:
        started = time.monotonic()
        found: Living | TryLater = TryLater("login_no_answer", "the login was broken off")
        try:
            found = await self._fetch()
        finally:
            # Also when this caller is cancelled: the next may log in at once instead of waiting for the lease.
            if isinstance(found, TryLater):
                await self.book.fail(login, found, _REFUSED_SECONDS if found.reason == _REFUSED else 0)
        if isinstance(found, TryLater):
            return found
        found = Living(found.token, found.seconds - (time.monotonic() - started))
        return found if await self.book.keep(login, found.token, found.seconds) else Busy()

    async def _fetch(self) -> Living | TryLater:
        settings = self.settings
        body = login_body(settings.username, settings.password).encode()
        url = settings.url(settings.login_path)
        result = await post(
            self.client, self.http, url, content=body, headers=settings.headers(), params=settings.params()
        )
        if not isinstance(result, Reply):
            return TryLater("login_no_answer", result.reason)
        answer = read_answer(result.text)
        token = read_token(answer) if answer else None
        if token is None:
            message = answer.words if answer else f"HTTP {result.status}"
            is_refused = answer is not None or result.status == _TOO_MANY
            return TryLater(_REFUSED if is_refused else "login_no_answer", message)
        return Living(token[0], min(token[1] or settings.session_seconds, SECONDS_MAX))
