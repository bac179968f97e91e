"""The record of calls: the newest 2,000, with what was asked and answered, cut short."""

import sqlite3
from dataclasses import dataclass

TEXT_CHARACTERS_MAX = 4000
_KEPT = 2000
_PRUNE_EVERY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that came in; `http_status` 0 means that no answer was given. Duration in milliseconds."""

    at: str
    system: str
    path: str
    service: str
    items: int
    error_code: str
    http_status: int
    duration_ms: float
    fault: str
    request: str
    answer: str


class CallLog:
    """Writes inside the transaction of the call; prunes now and then so that the table stays small."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Stand on the store's connection."""
        self._connection = connection

    def add(self, call: Call) -> None:
        """Record a call, texts cut to 4,000 characters."""
        number = self._connection.execute(
            "INSERT INTO calls (at, system, path, service, items, error_code, http_status, duration_ms, fault,"
            " request, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                call.at,
                call.system,
                call.path,
                call.service,
                call.items,
                call.error_code,
                call.http_status,
                call.duration_ms,
                call.fault,
                call.request[:TEXT_CHARACTERS_MAX],
                call.answer[:TEXT_CHARACTERS_MAX],
            ),
        ).lastrowid
        if number and number % _PRUNE_EVERY == 0:
            self._connection.execute("DELETE FROM calls WHERE id <= ?", (number - _KEPT,))

    def newest(self, limit: int, system: str = "") -> list[dict[str, object]]:
        """The newest calls, newest first; of one system when it is named."""
        cursor = self._connection.execute(
            "SELECT * FROM calls WHERE ? IN ('', system) ORDER BY id DESC LIMIT ?", (system, limit)
        )
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]
