"""The portal's session: logged in once, shared by all calls of a process, renewed when it ends."""

import asyncio
import json
import time
from dataclasses import dataclass, field

import httpx

from connectors.base import TryLater
from connectors.http import HttpSettings, NotSent, Reply, post
from connectors.portal.answers import read_answer, retry_after_seconds
from connectors.portal.codes import AnswerKind
from connectors.portal.settings import PortalSettings


@dataclass(slots=True)
class Session:
    """One login at a time; everybody else waits for it and uses what it brought."""

    settings: PortalSettings
    http: HttpSettings
    client: httpx.AsyncClient
    _token: str | None = None
    _ends: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def token(self, *, not_this: str | None = None) -> str | TryLater:
        """A living session, other than ``not_this`` which the portal has just refused; or why there is none."""
        async with self._lock:
            if self._token is None or self._token == not_this or time.monotonic() >= self._ends:
                found = await self._login()
                if isinstance(found, TryLater):
                    return found
                self._token, self._ends = found, time.monotonic() + self.settings.session_seconds
            return self._token

    async def _login(self) -> str | TryLater:
        body = json.dumps({"username": self.settings.username, "password": self.settings.password}).encode()
        settings = self.settings
        reply = await post(
            self.client,
            self.http,
            settings.url(settings.login_path),
            content=body,
            headers=settings.headers(),
            params=settings.params(),
        )
        if isinstance(reply, NotSent):
            return TryLater("not_sent", reply.message)
        if not isinstance(reply, Reply):
            return TryLater("login_no_answer", reply.message)
        answer = read_answer(reply.text)
        token = answer.body.get("session") if answer else None
        if answer is None or answer.kind is not AnswerKind.SUCCESS or not isinstance(token, str) or not token:
            message = answer.message if answer else f"HTTP {reply.status}"
            return TryLater("login_refused", message, retry_after_seconds(reply.headers.get("retry-after")))
        return token
