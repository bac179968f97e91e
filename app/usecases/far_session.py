"""The ``SessionBook`` of a national system on our database: one login at a time over all processes."""

import uuid
from dataclasses import dataclass, field

import structlog

from app.store import far_sessions
from app.store.session import Database, WriteSession
from connectors.base import TryLater
from connectors.sessions import LOGIN_LEASE_SECONDS, Busy, Living, LogIn

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SharedSessions:
    """The sessions of one destination. ``worker`` is who logs in, for people who look at the row."""

    database: Database
    target: str
    worker: str = "worker"
    lease_seconds: float = field(default=LOGIN_LEASE_SECONDS)

    async def ask(self, not_this: str | None) -> Living | LogIn | Busy | TryLater:
        """As in ``SessionBook``: a read while a session lives, a write only to begin a login."""
        try:
            found = await self._read(not_this)
            if found is not None:
                return found
            by = f"{self.worker[:60]}:{uuid.uuid4().hex}"

            async def work(session: WriteSession) -> bool:
                return await far_sessions.begin_login(
                    session,
                    self.target,
                    by=by,
                    not_this=not_this,
                    lease_seconds=self.lease_seconds,
                    now=await session.now(),
                )

            if await self.database.run(work):
                return LogIn(by)
            return await self._read(not_this) or Busy()
        except Exception as error:  # noqa: BLE001 - the edge to the database: see _lost
            self._lost("ask", error)
            return TryLater("login_busy", f"the session is kept in a database that gives no answer: {_name(error)}")

    async def keep(self, login: LogIn, token: str, seconds: float) -> bool:
        """As in ``SessionBook``."""

        async def work(session: WriteSession) -> bool:
            now = await session.now()
            return await far_sessions.end_login(
                session, self.target, by=login.by, token=token, seconds=seconds, now=now
            )

        try:
            return await self.database.run(work)
        except Exception as error:  # noqa: BLE001 - the edge to the database, see _lost
            self._lost("keep", error)
            return False

    async def fail(self, login: LogIn, failure: TryLater, seconds: float) -> None:
        """As in ``SessionBook``."""

        async def work(session: WriteSession) -> None:
            await far_sessions.fail_login(
                session,
                self.target,
                by=login.by,
                reason=failure.reason,
                message=failure.message,
                seconds=seconds,
                now=await session.now(),
            )

        try:
            await self.database.run(work)
        except Exception as error:  # noqa: BLE001 - the edge to the database, see _lost
            # The lease of the login ends by itself.
            self._lost("fail", error)

    def _lost(self, what: str, error: Exception) -> None:
        """Whatever a database says while it restarts is no bug of the connector, which would bury what it carries.

        Only the name of the error is told: its text may quote the statement, and with it the token.
        """
        _log.warning("far_session_lost", target=self.target, what=what, error=_name(error))

    async def _read(self, not_this: str | None) -> Living | Busy | TryLater | None:
        """What the row says; None when it leaves room for a login."""
        async with self.database.read() as session:
            found = await far_sessions.load(session, self.target, await session.now())
        if found is None:
            return None
        if found.token is not None and found.token != not_this and found.ends_seconds > 0:
            return Living(found.token, found.ends_seconds)
        if found.failed_seconds > 0:
            return TryLater(found.failure_reason or "login_refused", found.failure_message or "", found.failed_seconds)
        return Busy() if found.login_seconds > 0 else None


def _name(error: Exception) -> str:
    return type(error).__name__
