"""Who may ask the population database, and how often."""

import base64
import secrets
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, cast

from mock_national.settings import Settings
from mock_national.tables import document, rows
from mock_national.wire import dump

TOKEN_SECONDS: Final = 3600
_KEYS: Final = ("AccessKey", "SecretKey", "AppName", "PartnerCode", "PartnerCodeCus")
_VIETNAM: Final = timezone(timedelta(hours=7))


class Access:
    """Partners with their tokens, officers with their keys; tokens live in the store."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], float]) -> None:
        """Read partners and officers from the rules."""
        self._connection = connection
        self._clock = clock
        partners = cast("list[dict[str, str]]", document("population_partners"))
        self._partners = {_encoded(dump({key: p[key] for key in _KEYS})): p["PartnerCode"] for p in partners}
        officers = list(rows("officers"))
        self._active = {officer["code"] for officer in officers if officer["state"] == "active"}
        self._keys = {_encoded(f"{o['key_name']}:{o['key_pass']}"): o["code"] for o in officers}

    def partner(self, lgsp_token: str) -> str | None:
        """The partner whose `lgspaccesstoken` this is: keys in the fixed order, no white space; or None."""
        return self._partners.get(lgsp_token)

    def issue(self, partner: str) -> str:
        """A bearer token for a partner, good for an hour; ended ones are dropped."""
        now = self._clock()
        token = secrets.token_urlsafe(24)
        self._connection.execute("DELETE FROM population_tokens WHERE expires_at <= ?", (now,))
        self._connection.execute(
            "INSERT INTO population_tokens VALUES (?, ?, ?)", (token, partner, now + TOKEN_SECONDS)
        )
        return token

    def bearer(self, authorization: str, lgsp_token: str) -> str | None:
        """The partner of a live bearer token that was issued to the same partner; or None."""
        scheme, _, token = authorization.partition(" ")
        row = self._connection.execute(
            "SELECT unit FROM population_tokens WHERE token = ? AND expires_at > ?", (token, self._clock())
        ).fetchone()
        if scheme != "Bearer" or row is None or row[0] != self.partner(lgsp_token):
            return None
        return str(row[0])

    def end(self, token: str, at: float) -> None:
        """Let a bearer token end at `at` (Unix time) at the latest; nothing when it is not known."""
        self._connection.execute(
            "UPDATE population_tokens SET expires_at = min(expires_at, ?) WHERE token = ?", (at, token)
        )

    def officer_of_key(self, auth_hash: str) -> str | None:
        """The officer whose `AuthHash` this is, suspended ones too; or None."""
        return self._keys.get(auth_hash)

    def may_ask(self, officer: str) -> bool:
        """Whether an officer is on the list and not suspended."""
        return officer in self._active


class Quota:
    """A token bucket for each unit (in memory) and a daily count for each officer (in the store)."""

    def __init__(self, settings: Settings, connection: sqlite3.Connection) -> None:
        """Full buckets; a limit of 0 is no limit."""
        self._per_second = settings.unit_calls_per_second
        self._per_day = settings.officer_calls_per_day
        self._clock = settings.clock
        self._connection = connection
        self._buckets: dict[str, tuple[float, float]] = {}

    def clear(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()

    def spend(self, unit: str, officer: str) -> int:
        """Take one call from both budgets: 0 when there was room, else the seconds to wait (at least 1).

        A refused call takes nothing.
        """
        now = self._clock()
        left = self._left(unit, now)
        if self._per_second and left < 1:
            return 1
        local = self._today()
        if self._per_day and not self._spend_day(officer, local.date().isoformat()):
            midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), _VIETNAM)
            return max(1, int((midnight - local).total_seconds()))
        if self._per_second:
            self._buckets[unit] = (left - 1, now)
        return 0

    def units(self) -> dict[str, int]:
        """How many calls each unit that asked has left at this moment; nobody when there is no limit."""
        now = self._clock()
        return {unit: int(self._left(unit, now)) for unit in sorted(self._buckets)} if self._per_second else {}

    def officers(self) -> dict[str, int]:
        """How many calls each officer spent today."""
        spent = "SELECT officer, used FROM officer_days WHERE day = ? ORDER BY officer"
        return dict(self._connection.execute(spent, (self._today().date().isoformat(),)).fetchall())

    def _today(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC).astimezone(_VIETNAM)

    def _left(self, unit: str, now: float) -> float:
        # A bucket never holds less than one call, or a rate below one a second would let nothing through.
        size = max(1.0, self._per_second)
        left, since = self._buckets.get(unit, (size, now))
        return min(size, left + (now - since) * self._per_second)

    def _spend_day(self, officer: str, day: str) -> bool:
        spent = self._connection.execute(
            "INSERT INTO officer_days VALUES (?, ?, 1)"
            " ON CONFLICT (officer, day) DO UPDATE SET used = used + 1 WHERE used < ?",
            (officer, day, self._per_day),
        )
        return spent.rowcount == 1


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
