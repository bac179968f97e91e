"""What the dossiers that the portal holds publish: links to components and results, and whose they are.

The tables are derived from the ledger when somebody looks, so that pushing costs nothing. A dossier that was sent
again has all its links anew: what is behind them may have changed, so they are due for fetching again.
"""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mock_national.holdings import Holdings
from mock_national.store import Store

COMPONENT: Final = "component"
RESULT: Final = "result"
_PAGE: Final = 500
_TRUE: Final = frozenset({True, "True", "1"})

Item = dict[str, object]


@dataclass(frozen=True, slots=True)
class Link:
    """One link; `path` names it in the store of papers, `code` is "" when the dossier gives none."""

    id: int
    dossier: str
    kind: str
    code: str
    name: str
    body: str
    path: str
    url: str


class Publications:
    """Links by dossier, and dossiers by the number of their owner."""

    def __init__(self, store: Store, holdings: Holdings) -> None:
        """Stand on a store and what the portal holds in it."""
        self._store = store
        self._connection = store.connection
        self._holdings = holdings

    async def catch_up(self) -> None:
        """Read on in the ledger to its end, page by page, a transaction each."""
        while self._read_page():  # noqa: ASYNC110 - not waited for: others get their turn between two pages
            await asyncio.sleep(0)

    def results_of(self, owner: str) -> list[Link]:
        """The links to results with a code, of all dossiers whose owner has this number."""
        found = self._connection.execute(
            "SELECT links.id, links.dossier, kind, code, name, body, path, url FROM link_owners"
            " JOIN links ON links.dossier = link_owners.dossier"
            " WHERE owner = ? AND kind = ? AND code <> '' ORDER BY links.id",
            (owner, RESULT),
        )
        return [Link(*row) for row in found]

    def by_path(self, path: str) -> Link | None:
        """The link to a result of that path, or None."""
        row = self._connection.execute(
            "SELECT id, dossier, kind, code, name, body, path, url FROM links WHERE path = ? AND kind = ?",
            (path, RESULT),
        ).fetchone()
        return None if row is None else Link(*row)

    def _read_page(self) -> bool:
        """Whether there was something to read."""
        with self._store.transaction() as connection:
            row = connection.execute("SELECT coalesce(max(seq), 0) FROM published_to").fetchone()
            page = connection.execute(
                "SELECT seq, dossier, kind FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?", (row[0], _PAGE)
            ).fetchall()
            if not page:
                return False
            for code in dict.fromkeys(dossier for _, dossier, kind in page if kind != "step"):
                self._renew(connection, code)
            connection.execute("DELETE FROM published_to")
            connection.execute("INSERT INTO published_to VALUES (?)", (page[-1][0],))
        return True

    def _renew(self, connection: sqlite3.Connection, code: str) -> None:
        connection.execute("DELETE FROM links WHERE dossier = ?", (code,))
        connection.execute("DELETE FROM link_owners WHERE dossier = ?", (code,))
        item: Item = json.loads(self._holdings.dossier(code) or "{}")
        rows = list(_links(item))
        if not rows:
            return
        connection.executemany(
            "INSERT INTO links (dossier, kind, code, name, body, path, url) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(code, *row) for row in rows],
        )
        owners = {str(identity.get("SoDinhDanh")) for identity in _objects(item, "DinhDanhCHS")}
        connection.executemany("INSERT INTO link_owners VALUES (?, ?)", [(owner, code) for owner in sorted(owners)])


def _links(item: Item) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Kind, code, name, issuing body, path and address of each; a component marked as deleted has none."""
    dossier, body = str(item.get("MaHoSo", "")), str(item.get("DonViXuLy", ""))
    for place, paper in enumerate(_objects(item, "TaiLieuNop"), 1):
        url = paper.get("DuongDanTaiTepTin")
        if url and paper.get("IsDeleted") not in _TRUE:
            path = f"thanhphan/{dossier}/{place}"
            yield COMPONENT, _text(paper, "MaThanhPhanHoSo"), _text(paper, "TenTepDinhKem"), body, path, str(url)
    for place, paper in enumerate(_objects(item, "DanhSachGiayToKetQua"), 1):
        url = paper.get("DuongDanTepTinKetQua")
        if url:
            path = f"ketqua/{dossier}/{place}"
            yield RESULT, _text(paper, "MaGiayToKetQua"), _text(paper, "TenGiayTo"), body, path, str(url)


def _objects(item: Item, field: str) -> list[Item]:
    found = item.get(field)
    return [value for value in found if isinstance(value, dict)] if isinstance(found, list) else []


def _text(item: Item, field: str) -> str:
    return str(item.get(field) or "")
