"""Bounds at the door: how many at once, how often an address without a token, how long a body may take."""

import asyncio
import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import observability
from app.api import problems
from app.errors import BodyTooSlow, DoorFull, RateLimited, Refusal
from app.rates import Rates

# What is read as it comes, within bounds of its own.
STREAMS: Final = re.compile(r"/v1/intake|/v1/dossiers/[^/]+/documents|/v1/uploads/[^/]+")
LIVE: Final = "/health/live"
# Who asks these is counted by name once it is known (app.deps), or told to a load balancer.
_COUNTED_ELSEWHERE: Final = ("/v1/", "/health/")
_FULL_SECONDS: Final = 1


class Bounds:
    """Turns away what is too much before anything is done for it."""

    def __init__(self, app: ASGIApp, *, rates: Rates, in_flight_max: int, body_seconds: float) -> None:
        """Wrap an application."""
        self.app = app
        self._rates = rates
        self._in_flight_max = in_flight_max
        self._body_seconds = body_seconds
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] == LIVE:
            await self.app(scope, receive, send)
            return
        if self._in_flight >= self._in_flight_max:
            observability.TURNED_AWAY.labels("full").inc()
            refusal = DoorFull(
                f"{self._in_flight_max} requests are under way in this process", retry_after_seconds=_FULL_SECONDS
            )
            # Counted, and not on record: the database is what the many wait for.
            await self._turn_away(refusal, scope, receive, send)
            return
        self._in_flight += 1
        try:
            if not scope["path"].startswith(_COUNTED_ELSEWHERE):
                self._rates.count_address(scope["client"][0] if scope.get("client") else "unknown")
            await self.app(scope, self._timed(scope, receive), send)
        except RateLimited as refusal:
            await (await problems.refuse(Request(scope), refusal))(scope, receive, send)
        finally:
            self._in_flight -= 1

    @staticmethod
    async def _turn_away(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        answer: Response = problems.answer(refusal)
        await answer(scope, receive, send)

    def _timed(self, scope: Scope, receive: Receive) -> Receive:
        """Bounds the time of a body: of a record's as a whole, of a stream's from one part to the next."""
        clock = asyncio.get_running_loop().time
        stream = STREAMS.fullmatch(scope["path"]) is not None
        until: float | None = None
        ended = False

        async def timed() -> Message:
            nonlocal until, ended
            if ended:
                # From now on it is only asked whether the caller is still there.
                return await receive()
            if stream or until is None:
                until = clock() + self._body_seconds
            try:
                async with asyncio.timeout_at(until):
                    part = await receive()
            except TimeoutError:
                observability.TURNED_AWAY.labels("slow").inc()
                message = f"the body did not come within {self._body_seconds:g} s"
                raise BodyTooSlow(message) from None
            ended = not part.get("more_body", False)
            return part

        return timed
