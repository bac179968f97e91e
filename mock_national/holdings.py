"""What the portal holds: sessions, dossiers, and the ledger of everything it applied."""

import secrets
from collections.abc import Iterator, Sequence

from mock_national.store import Store
from mock_national.wire import dump, stamp

_LEDGER_PAGE = 1000


class Holdings:
    """Reads and writes of the portal's tables; writes belong inside `Store.transaction`."""

    def __init__(self, store: Store) -> None:
        """Stand on a store."""
        self._store = store
        self._connection = store.connection

    def open_session(self, account: str, now: float, seconds: float) -> str:
        """Make a session that ends at `now + seconds` (Unix time) and give its token; ended ones are dropped."""
        token = secrets.token_urlsafe(24)
        self._connection.execute("DELETE FROM sessions WHERE expires_at <= ?", (now,))
        self._connection.execute("INSERT INTO sessions VALUES (?, ?, ?)", (token, account, now + seconds))
        return token

    def account_of(self, token: str, now: float) -> str | None:
        """The account of a live session, or None."""
        row = self._connection.execute(
            "SELECT account FROM sessions WHERE token = ? AND expires_at > ?", (token, now)
        ).fetchone()
        return None if row is None else str(row[0])

    def end_session(self, token: str, at: float) -> None:
        """Let a session end at `at` (Unix time) at the latest; nothing when it is not known."""
        self._connection.execute("UPDATE sessions SET expires_at = min(expires_at, ?) WHERE token = ?", (at, token))

    def holds(self, code: str) -> bool:
        """Whether a dossier was ever taken."""
        return self._connection.execute("SELECT 1 FROM dossiers WHERE code = ?", (code,)).fetchone() is not None

    def insert(self, items: Sequence[dict[str, object]], now: float) -> None:
        """Take new dossiers, in order."""
        at = stamp(now)
        texts = [dump(item) for item in items]
        self._connection.executemany(
            "INSERT INTO dossiers (code, procedure, status, inserted_at, updated_at, data) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (item["MaHoSo"], item["MaTTHC"], item["TrangThaiHoSo"], at, at, text)
                for item, text in zip(items, texts, strict=True)
            ],
        )
        self._enter("insert", items, texts, at)

    def update(self, items: Sequence[dict[str, object]], now: float) -> None:
        """Replace dossiers that are held, in order; nothing of the former content is kept (ours)."""
        at = stamp(now)
        texts = [dump(item) for item in items]
        self._connection.executemany(
            "UPDATE dossiers SET procedure = ?, status = ?, updated_at = ?, data = ?, updates = updates + 1"
            " WHERE code = ?",
            [
                (item["MaTTHC"], item["TrangThaiHoSo"], at, text, item["MaHoSo"])
                for item, text in zip(items, texts, strict=True)
            ],
        )
        self._enter("update", items, texts, at)

    def add_steps(self, items: Sequence[dict[str, object]], now: float) -> None:
        """Append steps, in order; the dossier's own status stays as it was sent (ours)."""
        self._connection.executemany(
            "UPDATE dossiers SET steps = steps + 1 WHERE code = ?", [(item["MaHoSo"],) for item in items]
        )
        self._enter("step", items, [dump(item) for item in items], stamp(now))

    def dossier(self, code: str) -> str | None:
        """The JSON text of a dossier as last sent, or None."""
        row = self._connection.execute("SELECT data FROM dossiers WHERE code = ?", (code,)).fetchone()
        return None if row is None else str(row[0])

    def steps(self, code: str) -> list[str]:
        """The JSON texts of a dossier's steps, in the order they were applied."""
        found = self._connection.execute(
            "SELECT data FROM ledger WHERE dossier = ? AND kind = 'step' ORDER BY seq", (code,)
        )
        return [str(row[0]) for row in found]

    def ledger(self) -> Iterator[list[str]]:
        """The ledger as pages of NDJSON lines, in order: seq, kind, dossier, at, data."""
        last = 0
        while True:
            page = self._connection.execute(
                "SELECT seq, kind, dossier, at, data FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?",
                (last, _LEDGER_PAGE),
            ).fetchall()
            if not page:
                return
            last = page[-1][0]
            yield [
                f'{{"seq":{seq},"kind":"{kind}","dossier":"{dossier}","at":"{at}","data":{data}}}\n'
                for seq, kind, dossier, at, data in page
            ]

    def _enter(self, kind: str, items: Sequence[dict[str, object]], texts: Sequence[str], at: str) -> None:
        self._connection.executemany(
            "INSERT INTO ledger (kind, dossier, at, data) VALUES (?, ?, ?, ?)",
            [(kind, item["MaHoSo"], at, text) for item, text in zip(items, texts, strict=True)],
        )
