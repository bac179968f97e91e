"""The admin API of the store of papers and of published links; as unguarded as the rest of `/__admin`."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from mock_national.paper_holdings import Paper, PaperFile
from mock_national.parts import Parts
from mock_national.pdf import small_pdf
from mock_national.wire import parse_object, read_body

_OWNER = re.compile(r"\d{9}|\d{12}", re.ASCII)
_LISTED_MAX: Final = 2000
_CONCURRENCY: Final = 8
_CONCURRENCY_MAX: Final = 64
_KEYS: Final = frozenset({"owner", "result_code", "number_symbol", "issuing_body", "name", "files"})

Wanted = dict[str, object]


class PaperAdmin:
    """Loading papers, listing them, fetching links; errors are `{"error": text}`."""

    def __init__(self, parts: Parts) -> None:
        """Stand on the parts of one mock."""
        self._store = parts.store
        self._papers = parts.papers
        self._publications = parts.publications
        self._fetcher = parts.fetcher
        self._results = parts.catalogue.results

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("/__admin/papers", self.load, methods=["PUT"]),
            Route("/__admin/papers", self.listing, methods=["GET"]),
            Route("/__admin/links/fetch", self.fetch, methods=["POST"]),
            Route("/__admin/links", self.links, methods=["GET"]),
        ]

    async def load(self, request: Request) -> Response:
        """Hold papers, all of them or none; one of the same owner, code, symbol and body is replaced."""
        wanted = parse_object(await read_body(request)) or {}
        listed = wanted.get("papers")
        if wanted.keys() != {"papers"} or not isinstance(listed, list):
            raise HTTPException(400, "papers: a list is wanted, and nothing beside it")
        papers = []
        for number, item in enumerate(listed, 1):
            try:
                papers.append(self._paper(item))
            except ValueError as error:
                raise HTTPException(400, f"papers[{number}].{error}") from error
        with self._store.transaction():
            self._papers.load(papers)
        return JSONResponse({"papers": len(papers), "files": sum(len(paper.files) for paper in papers)})

    async def listing(self, request: Request) -> Response:
        """The loaded papers, of one owner or of all, without the bytes of their files."""
        owner = request.query_params.get("owner")
        papers = [
            {
                "owner": paper.owner,
                "result_code": paper.result,
                "number_symbol": paper.symbol,
                "issuing_body": paper.body,
                "name": paper.name,
                "files": [
                    {"name": file.name, "path": file.path, "sha256": file.sha256, "size": file.size}
                    for file in paper.files
                ],
            }
            for paper in self._papers.papers(owner, _LISTED_MAX)
        ]
        return JSONResponse({"papers": papers})

    async def fetch(self, request: Request) -> Response:
        """Fetch the links that are due; see `Fetcher.fetch_due`."""
        raw = await read_body(request)
        wanted = parse_object(raw) if raw else {}
        if wanted is None or wanted.keys() - {"limit", "concurrency", "again"}:
            raise HTTPException(400, "an object with limit, concurrency and again is wanted, or nothing")
        again = wanted.get("again", False)
        if not isinstance(again, bool):
            raise HTTPException(400, "again: true or false")
        limit = None if wanted.get("limit") is None else _number(wanted, "limit", 0, 10**9)
        concurrency = _number({"concurrency": _CONCURRENCY, **wanted}, "concurrency", 1, _CONCURRENCY_MAX)
        return JSONResponse(await self._fetcher.fetch_due(limit, concurrency, again=again))

    async def links(self, _: Request) -> Response:
        """Every link held now, as NDJSON, with what was found behind it."""
        await self._publications.catch_up()

        async def lines() -> AsyncIterator[str]:
            for page in self._fetcher.listing():
                yield "".join(page)
                await asyncio.sleep(0)

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    def _paper(self, item: object) -> Paper:
        """A paper as an administrator describes it.

        Raises:
            ValueError: says which key is wrong and why.
        """
        if not isinstance(item, dict):
            message = "paper: an object is wanted"
            raise ValueError(message)  # noqa: TRY004 - one kind of error for every wrong key
        unknown = sorted(str(key) for key in item.keys() - _KEYS)
        if unknown:
            message = f"{unknown[0]}: unknown key"
            raise ValueError(message)
        owner, result = _text(item, "owner"), _text(item, "result_code")
        if not _OWNER.fullmatch(owner):
            message = "owner: 9 or 12 digits"
            raise ValueError(message)
        if result not in self._results:
            message = "result_code: not in the catalogue"
            raise ValueError(message)
        body, symbol = _text(item, "issuing_body"), _text({"number_symbol": "", **item}, "number_symbol", empty=True)
        name = _text({"name": self._results[result] or result, **item}, "name")
        listed = item.get("files")
        if listed is None:
            files = [PaperFile(f"{result}.pdf", small_pdf([result, symbol, owner]))]
        elif isinstance(listed, list) and all(isinstance(file, dict) for file in listed):
            files = [PaperFile(_text(file, "name"), _content(file)) for file in listed]
        else:
            message = "files: a list of objects is wanted"
            raise ValueError(message)
        return Paper(owner, result, symbol, body, name, tuple(files))


def _text(item: Wanted, key: str, *, empty: bool = False) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not (value.strip() or empty):
        message = f"{key}: text is wanted"
        raise ValueError(message)
    return value


def _content(file: Wanted) -> bytes:
    try:
        return base64.b64decode(_text(file, "content"), validate=True)
    except ValueError as error:
        message = "files: content: base64 is wanted"
        raise ValueError(message) from error


def _number(wanted: Wanted, key: str, lowest: int, highest: int) -> int:
    value = wanted.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise HTTPException(400, f"{key}: a whole number from {lowest} to {highest}")
    return value
