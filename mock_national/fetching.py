"""Fetching what is behind published links, as the portal's users would: from outside, no redirect followed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import httpx

from mock_national.publications import Publications
from mock_national.settings import Settings
from mock_national.store import Store
from mock_national.wire import dump, stamp

OK: Final = 200
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was found behind a link; `error` is "" when a whole answer was read, whatever its status."""

    status: int | None = None
    size: int | None = None
    sha256: str | None = None
    content_type: str = ""
    error: str = ""


class Fetcher:
    """Fetches links, hashes what comes, and keeps none of it."""

    def __init__(self, settings: Settings, store: Store, publications: Publications) -> None:
        """Nothing is under way."""
        self._settings = settings
        self._store = store
        self._publications = publications
        self._lock = asyncio.Lock()

    async def fetch_due(self, limit: int | None, concurrency: int, *, again: bool) -> dict[str, int]:
        """Fetch the links that were not fetched since their dossier was last sent (`again`: all), oldest first.

        Gives how many links are held, how many were fetched well (HTTP 200) and not, and how many are left. Two
        rounds at once follow each other.
        """
        async with self._lock:
            await self._publications.catch_up()
            if again:
                with self._store.transaction() as connection:
                    connection.execute("UPDATE links SET fetched_at = NULL")
            due = self._count("fetched_at IS NULL")
            wanted = due if limit is None else min(limit, due)
            good = 0
            async with self._client(concurrency) as client:
                for start in range(0, wanted, _PAGE):
                    good += await self._fetch_page(client, min(_PAGE, wanted - start), concurrency)
            left = self._count("fetched_at IS NULL")
            return {"held": self._count("1"), "fetched": good, "failed": wanted - good, "left": left}

    async def content(self, url: str) -> bytes | None:
        """The bytes behind a link; None when they cannot be had."""
        pieces: list[bytes] = []
        async with self._client(1) as client:
            found = await self._fetch(client, url, pieces)
        return b"".join(pieces) if found.status == OK and not found.error else None

    def listing(self) -> Iterator[list[str]]:
        """All links held, as pages of NDJSON lines, in the order in which their dossiers were last sent."""
        last = 0
        while True:
            page = self._store.connection.execute(
                "SELECT id, dossier, kind, code, url, fetched_at, status, size, sha256, content_type, error FROM links"
                " WHERE id > ? ORDER BY id LIMIT ?",
                (last, _PAGE),
            )
            names = [column[0] for column in page.description][1:]
            rows = page.fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield [dump(dict(zip(names, row[1:], strict=True))) + "\n" for row in rows]

    def _count(self, which: str) -> int:
        return int(self._store.connection.execute(f"SELECT count(*) FROM links WHERE {which}").fetchone()[0])  # noqa: S608 - two words of ours

    @asynccontextmanager
    async def _client(self, connections: int) -> AsyncIterator[httpx.AsyncClient]:
        limits = httpx.Limits(max_connections=connections)
        timeout = httpx.Timeout(self._settings.link_seconds)
        async with httpx.AsyncClient(limits=limits, timeout=timeout, follow_redirects=False, trust_env=False) as client:
            yield client

    async def _fetch_page(self, client: httpx.AsyncClient, count: int, concurrency: int) -> int:
        """How many came well."""
        due = self._store.connection.execute(
            "SELECT id, url FROM links WHERE fetched_at IS NULL ORDER BY id LIMIT ?", (count,)
        ).fetchall()
        gate = asyncio.Semaphore(concurrency)

        async def one(url: str) -> Fetched:
            async with gate:
                return await self._fetch(client, url, None)

        found = await asyncio.gather(*[one(url) for _, url in due])
        at = stamp(self._settings.clock())
        with self._store.transaction() as connection:
            # A dossier that was sent again meanwhile has links of other ids: they stay due.
            connection.executemany(
                "UPDATE links SET fetched_at = ?, status = ?, size = ?, sha256 = ?, content_type = ?, error = ?"
                " WHERE id = ?",
                [
                    (at, one.status, one.size, one.sha256, one.content_type, one.error, number)
                    for (number, _), one in zip(due, found, strict=True)
                ],
            )
        return sum(one.status == OK and not one.error for one in found)

    async def _fetch(self, client: httpx.AsyncClient, url: str, pieces: list[bytes] | None) -> Fetched:
        """What is behind a link, hashed as it comes; `pieces` takes the bytes when somebody wants them."""
        head = Fetched()
        try:
            async with asyncio.timeout(self._settings.link_seconds), client.stream("GET", url) as response:
                head = Fetched(response.status_code, content_type=response.headers.get("content-type", "")[:200])
                digest, size = hashlib.sha256(), 0
                async for piece in response.aiter_bytes():
                    size += len(piece)
                    if size > self._settings.link_bytes_max:
                        return replace(head, error="too_large")
                    digest.update(piece)
                    if pieces is not None:
                        pieces.append(piece)
        except (TimeoutError, httpx.TimeoutException):
            return replace(head, error="timeout")
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            return replace(head, error="bad_address")
        except httpx.ConnectError:
            return replace(head, error="no_connection")
        except (httpx.HTTPError, UnicodeError):
            return replace(head, error="broken")
        return replace(head, size=size, sha256=digest.hexdigest())
