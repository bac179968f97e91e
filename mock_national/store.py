"""The SQLite store: one file, one connection, one commit a request.

WAL with synchronous=NORMAL: what was committed survives a SIGKILL of the process (only a power cut can lose
the newest commits). Every statement runs inline on the event loop; each takes microseconds.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from mock_national.names import fold

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
    token TEXT PRIMARY KEY, account TEXT NOT NULL, expires_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dossiers (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, procedure TEXT NOT NULL, status TEXT NOT NULL,
    updates INTEGER NOT NULL DEFAULT 0, steps INTEGER NOT NULL DEFAULT 0,
    inserted_at TEXT NOT NULL, updated_at TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS dossiers_by_status ON dossiers (status);
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, dossier TEXT NOT NULL,
    at TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_by_dossier ON ledger (dossier);
CREATE INDEX IF NOT EXISTS ledger_by_kind ON ledger (kind);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, system TEXT NOT NULL, path TEXT NOT NULL,
    service TEXT NOT NULL, items INTEGER NOT NULL, error_code TEXT NOT NULL, http_status INTEGER NOT NULL,
    duration_ms REAL NOT NULL, fault TEXT NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS population_tokens (token TEXT PRIMARY KEY, unit TEXT NOT NULL, expires_at REAL NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS population_requests (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS officer_days (
    officer TEXT NOT NULL, day TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (officer, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS paper_sessions (token TEXT PRIMARY KEY, account TEXT NOT NULL, expires_at REAL NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS papers (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, result TEXT NOT NULL, symbol TEXT NOT NULL, body TEXT NOT NULL,
    name TEXT NOT NULL, UNIQUE (owner, result, symbol, body));
CREATE TABLE IF NOT EXISTS paper_files (
    id INTEGER PRIMARY KEY, paper INTEGER NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL, content BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS paper_files_by_paper ON paper_files (paper);
CREATE TABLE IF NOT EXISTS published_to (seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS links (
    id INTEGER PRIMARY KEY AUTOINCREMENT, dossier TEXT NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL,
    name TEXT NOT NULL, body TEXT NOT NULL, path TEXT NOT NULL UNIQUE, url TEXT NOT NULL,
    fetched_at TEXT, status INTEGER, size INTEGER, sha256 TEXT, content_type TEXT, error TEXT);
CREATE INDEX IF NOT EXISTS links_by_dossier ON links (dossier);
CREATE INDEX IF NOT EXISTS links_due ON links (id) WHERE fetched_at IS NULL;
CREATE TABLE IF NOT EXISTS link_owners (owner TEXT NOT NULL, dossier TEXT NOT NULL, PRIMARY KEY (owner, dossier))
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS link_owners_by_dossier ON link_owners (dossier);
"""

_EMPTIED_BY_RESET = (
    "sessions",
    "dossiers",
    "ledger",
    "calls",
    "population_tokens",
    "population_requests",
    "officer_days",
    "paper_sessions",
    "papers",
    "paper_files",
    "published_to",
    "links",
    "link_owners",
    "sqlite_sequence",
)


class Store:
    """The connection and its transactions; the tables are minded by the modules that use them."""

    def __init__(self, database: str) -> None:
        """Open or make the file named `database` (":memory:" for a store that dies with the process).

        Raises:
            sqlite3.Error: when the file cannot be opened or is no such database.
        """
        self.connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.connection.execute("PRAGMA busy_timeout=5000")
        # Fewer, larger checkpoints: the default of 1,000 pages comes round every hundred calls.
        self.connection.execute("PRAGMA wal_autocheckpoint=8000")
        self.connection.create_function("folded", 1, fold, deterministic=True)
        self.connection.executescript(f"BEGIN;{_SCHEMA}COMMIT;")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed when the block ends, rolled back when it raises. No awaiting inside."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def reset(self) -> None:
        """Forget everything but the invented people; ledger and call numbers begin at 1 again."""
        with self.transaction() as connection:
            for table in _EMPTIED_BY_RESET:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the tuple above

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
