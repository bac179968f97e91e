"""The token of way A: the partner's and not an officer's, shared by all processes through a book of sessions."""

import asyncio
import random
import re
import time
from dataclasses import dataclass, field

import httpx

from connectors.base import TryLater
from connectors.http import HttpSettings, NoAnswer, Reply, post
from connectors.population.answers import read_object
from connectors.population.settings import PopulationSettings
from connectors.population.ways import access_token
from connectors.sessions import Busy, Living, LogIn, SessionBook

# For a token that does not say how long it lives, or says what cannot be; one that ends earlier is renewed on 401.
# What fits in a header after "Bearer" (RFC 6750, section 2.1, and what gateways add to it).
_TOKEN = re.compile(r"[!-~]+")
_TOKEN_SECONDS, _TOKEN_SECONDS_MAX = 3600.0, 86400.0


@dataclass(slots=True)
class Tokens:
    """Tokens of the gateway, by the book."""

    client: httpx.AsyncClient
    book: SessionBook
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def token(self, settings: PopulationSettings, http: HttpSettings, *, not_this: str | None) -> str | TryLater:
        """A token other than ``not_this``; another question, or another process, may have renewed it meanwhile."""
        async with self._lock:
            while True:
                found = await self.book.ask(not_this)
                if isinstance(found, LogIn):
                    found = await self._renew(settings, http, found)
                if isinstance(found, Living):
                    return found.token
                if isinstance(found, TryLater):
                    return found
                # Another process is at it; who asks waits no longer than for the whole answer.
                await asyncio.sleep(random.uniform(0.05, 0.25))  # noqa: S311 - no secret

    async def _renew(self, settings: PopulationSettings, http: HttpSettings, login: LogIn) -> Living | Busy | TryLater:
        """Ask for a token and tell the book; a failure is not remembered, since each question waits for its own."""
        started = time.monotonic()
        found: Living | TryLater = TryLater("login_no_answer", "the login was broken off")
        try:
            found = await self._fetch(settings, http)
        finally:
            # Also when this caller is cancelled: the next may log in at once instead of waiting for the lease.
            if isinstance(found, TryLater):
                await self.book.fail(login, found, 0)
        if isinstance(found, TryLater):
            return found
        found = Living(found.token, found.seconds - (time.monotonic() - started))
        return found if await self.book.keep(login, found.token, found.seconds) else Busy()

    async def _fetch(self, settings: PopulationSettings, http: HttpSettings) -> Living | TryLater:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "lgspaccesstoken": access_token(settings),
        }
        url = settings.url(settings.token_path)
        result = await post(self.client, http, url, content=b"grant_type=client_credentials", headers=headers)
        if not isinstance(result, Reply):
            return TryLater("login_no_answer", result.reason if isinstance(result, NoAnswer) else "out of reach")
        answer = read_object(result.text)
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return TryLater("login_refused", f"HTTP {result.status}")
        if not isinstance(seconds, int | float) or not 0 < seconds <= _TOKEN_SECONDS_MAX:
            seconds = _TOKEN_SECONDS
        return Living(token, float(seconds))
