"""Counts and lists for the admin API and the pages."""

from typing import Final, TypedDict

from mock_national.store import Store
from mock_national.tables import rows

NEWEST_DOSSIERS: Final = 50
NEWEST_LINKS: Final = 50


class Counts(TypedDict):
    """How much each system holds; `statuses` maps a status code to its number of dossiers."""

    dossiers: int
    statuses: dict[str, int]
    ledger: int
    inserts: int
    updates: int
    steps: int
    calls: int
    sessions: int
    people: int
    population_requests: int
    papers: int
    paper_files: int


class DossierLine(TypedDict):
    """One dossier in a list; times are UTC ISO 8601."""

    code: str
    procedure: str
    status: str
    updates: int
    steps: int
    updated_at: str


class LinkLine(TypedDict):
    """One published link in a list; `code` and `error` may be empty, `fetched_at` is UTC ISO 8601 or None."""

    dossier: str
    kind: str
    code: str
    url: str
    fetched_at: str | None
    status: int | None
    size: int | None
    error: str | None


class Summary:
    """Read-only questions to the store."""

    def __init__(self, store: Store) -> None:
        """Stand on a store."""
        self._connection = store.connection
        self.status_names = {row["code"]: row["name"] for row in rows("code_lists") if row["list"] == "status"}

    def counts(self) -> Counts:
        """Counts over whole tables, each from an index."""
        statuses = dict(self._connection.execute("SELECT status, count(*) FROM dossiers GROUP BY status").fetchall())
        kinds = dict(self._connection.execute("SELECT kind, count(*) FROM ledger GROUP BY kind").fetchall())
        return {
            "dossiers": sum(statuses.values()),
            "statuses": statuses,
            "ledger": sum(kinds.values()),
            "inserts": kinds.get("insert", 0),
            "updates": kinds.get("update", 0),
            "steps": kinds.get("step", 0),
            "calls": self._one("SELECT coalesce(max(id), 0) FROM calls"),
            "sessions": self._one("SELECT count(*) FROM sessions"),
            "people": self._one("SELECT count(*) FROM people"),
            "population_requests": self._one("SELECT count(*) FROM population_requests"),
            "papers": self._one("SELECT count(*) FROM papers"),
            "paper_files": self._one("SELECT count(*) FROM paper_files"),
        }

    def newest(self, limit: int = NEWEST_DOSSIERS) -> list[DossierLine]:
        """The dossiers inserted last, newest first."""
        found = self._connection.execute(
            "SELECT code, procedure, status, updates, steps, updated_at FROM dossiers ORDER BY id DESC LIMIT ?",
            (limit,),
        )
        return [
            {
                "code": code,
                "procedure": procedure,
                "status": status,
                "updates": updates,
                "steps": steps,
                "updated_at": at,
            }
            for code, procedure, status, updates, steps, at in found
        ]

    def newest_links(self, limit: int = NEWEST_LINKS) -> list[LinkLine]:
        """The links of the dossiers sent last, newest first, as far as the ledger was read."""
        found = self._connection.execute(
            "SELECT dossier, kind, code, url, fetched_at, status, size, error FROM links ORDER BY id DESC LIMIT ?",
            (limit,),
        )
        return [
            {
                "dossier": dossier,
                "kind": kind,
                "code": code,
                "url": url,
                "fetched_at": fetched_at,
                "status": status,
                "size": size,
                "error": error,
            }
            for dossier, kind, code, url, fetched_at, status, size, error in found
        ]

    def _one(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])
