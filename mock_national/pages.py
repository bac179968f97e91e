"""The pages to look at: plain HTML, no script, one small stylesheet."""

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mock_national.access import Quota
from mock_national.parts import Parts
from mock_national.population_admin import read_wanted
from mock_national.registry import count_kinds, people
from mock_national.summary import Summary
from mock_national.tables import rows

_HERE = Path(__file__).parent
_CALLS_SHOWN = 25
_PAPERS_SHOWN = 50
_PEOPLE_SHOWN = 50
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class Pages:
    """Overview, dossier page, page of the population, page of papers and links."""

    def __init__(self, parts: Parts, quota: Quota) -> None:
        """Read templates and stylesheet once; `quota` is the population database's."""
        self._connection = parts.store.connection
        self._quota = quota
        self._endings = list(rows("fault_numbers"))
        self._settings = parts.settings
        self._summary = Summary(parts.store)
        self._holdings = parts.holdings
        self._log = parts.log
        self._faults = parts.faults
        self._papers = parts.papers
        self._publications = parts.publications
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._style = (_HERE / "static" / "mock.css").read_bytes()

    def routes(self) -> list[Route]:
        """The pages and the stylesheet."""
        return [
            Route("/", self.overview, methods=["GET"]),
            Route("/dossiers/{code}", self.dossier, methods=["GET"]),
            Route("/population", self.population, methods=["GET"]),
            Route("/papers", self.papers, methods=["GET"]),
            Route("/static/mock.css", self.style, methods=["GET"]),
        ]

    async def overview(self, _: Request) -> Response:
        """What the systems hold, the newest calls, the armed faults."""
        return self._page(
            "overview.html",
            settings=self._settings,
            counts=self._summary.counts(),
            status_names=self._summary.status_names,
            dossiers=self._summary.newest(),
            calls=self._log.newest(_CALLS_SHOWN),
            faults=self._faults.listing(),
        )

    async def dossier(self, request: Request) -> Response:
        """One dossier: its fields as last sent and its steps in order."""
        code = request.path_params["code"]
        text = self._holdings.dossier(code)
        if text is None:
            raise HTTPException(404, "dossier not held")
        fields = {
            name: json.dumps(value, ensure_ascii=False, indent=1) if isinstance(value, list) else value
            for name, value in json.loads(text).items()
        }
        steps = [json.loads(step) for step in self._holdings.steps(code)]
        return self._page(
            "dossier.html", code=code, fields=fields, steps=steps, status_names=self._summary.status_names
        )

    async def population(self, request: Request) -> Response:
        """The invented people, the fault numbers, what of the quotas is used, the newest questions (masked)."""
        wanted = read_wanted(request)
        return self._page(
            "population.html",
            settings=self._settings,
            counts=self._summary.counts(),
            kinds=count_kinds(self._connection),
            endings=self._endings,
            wanted=wanted,
            people=people(self._connection, _PEOPLE_SHOWN, 0, wanted),
            units=self._quota.units(),
            officers=self._quota.officers(),
            calls=self._log.newest(_CALLS_SHOWN, "population"),
        )

    async def papers(self, _: Request) -> Response:
        """The papers that were loaded, and the links that were published with what was found behind them."""
        await self._publications.catch_up()
        return self._page(
            "papers.html",
            counts=self._summary.counts(),
            papers=list(self._papers.papers(None, _PAPERS_SHOWN)),
            links=self._summary.newest_links(),
        )

    async def style(self, _: Request) -> Response:
        """The stylesheet."""
        return Response(self._style, media_type="text/css", headers={"Cache-Control": "max-age=300"})

    def _page(self, name: str, **values: object) -> Response:
        return HTMLResponse(self._templates.get_template(name).render(values), headers=_HEADERS)
