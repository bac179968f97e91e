"""What the national store of papers holds: sessions, papers that were loaded, their files."""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mock_national.store import Store


@dataclass(frozen=True, slots=True)
class PaperFile:
    """A file to be held."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper to be held; `owner` is the owner's number."""

    owner: str
    result: str
    symbol: str
    body: str
    name: str
    files: tuple[PaperFile, ...]


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A held file, without its bytes."""

    name: str
    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class HeldPaper:
    """A held paper."""

    owner: str
    result: str
    symbol: str
    body: str
    name: str
    files: tuple[HeldFile, ...]


class PaperHoldings:
    """Reads and writes of the store's tables; writes belong inside `Store.transaction`."""

    def __init__(self, store: Store) -> None:
        """Stand on a store."""
        self._connection = store.connection

    def open_session(self, account: str, now: float, seconds: float) -> str:
        """Make a session that ends at `now + seconds` (Unix time) and give its token; ended ones are dropped."""
        token = secrets.token_urlsafe(24)
        self._connection.execute("DELETE FROM paper_sessions WHERE expires_at <= ?", (now,))
        self._connection.execute("INSERT INTO paper_sessions VALUES (?, ?, ?)", (token, account, now + seconds))
        return token

    def account_of(self, token: str, now: float) -> str | None:
        """The account of a live session, or None."""
        row = self._connection.execute(
            "SELECT account FROM paper_sessions WHERE token = ? AND expires_at > ?", (token, now)
        ).fetchone()
        return None if row is None else str(row[0])

    def end_session(self, token: str, at: float) -> None:
        """Let a session end at `at` (Unix time) at the latest; nothing when it is not known."""
        self._connection.execute(
            "UPDATE paper_sessions SET expires_at = min(expires_at, ?) WHERE token = ?", (at, token)
        )

    def load(self, papers: Sequence[Paper]) -> None:
        """Hold papers; one of the same owner, code, symbol and body is replaced, files and all."""
        for paper in papers:
            key = (paper.owner, paper.result, paper.symbol, paper.body)
            old = self._connection.execute(
                "DELETE FROM papers WHERE owner = ? AND result = ? AND symbol = ? AND body = ? RETURNING id", key
            ).fetchall()
            self._connection.executemany("DELETE FROM paper_files WHERE paper = ?", old)
            number = self._connection.execute(
                "INSERT INTO papers (owner, result, symbol, body, name) VALUES (?, ?, ?, ?, ?)", (*key, paper.name)
            ).lastrowid
            self._connection.executemany(
                "INSERT INTO paper_files (paper, name, path, sha256, content) VALUES (?, ?, ?, ?, ?)",
                [
                    (
                        number,
                        file.name,
                        f"giayto/{secrets.token_hex(12)}",
                        hashlib.sha256(file.content).hexdigest(),
                        file.content,
                    )
                    for file in paper.files
                ],
            )

    def papers(self, owner: str | None, limit: int) -> Iterator[HeldPaper]:
        """The papers of an owner, or of all (None), in the order in which they were loaded."""
        found = self._connection.execute(
            "SELECT id, owner, result, symbol, body, name FROM papers WHERE ? IS NULL OR owner = ? ORDER BY id LIMIT ?",
            (owner, owner, limit),
        ).fetchall()
        for number, holder, result, symbol, body, name in found:
            files = self._connection.execute(
                "SELECT name, path, sha256, length(content) FROM paper_files WHERE paper = ? ORDER BY id", (number,)
            )
            yield HeldPaper(holder, result, symbol, body, name, tuple(HeldFile(*row) for row in files))

    def content(self, body: str, path: str) -> bytes | None:
        """The bytes of a file of a paper of that body, or None."""
        row = self._connection.execute(
            "SELECT content FROM paper_files JOIN papers ON papers.id = paper WHERE path = ? AND body = ?", (path, body)
        ).fetchone()
        return None if row is None else bytes(row[0])
