"""The admin API's side of the population database: who was invented, and what of the quotas is used."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mock_national.loading import read_people
from mock_national.parts import Parts
from mock_national.people import PLANTED_ENDINGS
from mock_national.persons import shown
from mock_national.registry import KINDS, Wanted, load, people
from mock_national.wire import parse_object, read_body, whole

_LIMIT = 100
_LIMIT_MAX = 2000


class PopulationAdmin:
    """Endpoints for developers and tests."""

    def __init__(self, parts: Parts) -> None:
        """Stand on the store."""
        self._store = parts.store

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("/__admin/people", self.people, methods=["GET"]),
            Route("/__admin/people", self.load, methods=["PUT"]),
        ]

    async def people(self, request: Request) -> Response:
        """A page of invented people with their whole records, as the query chooses."""
        wanted = read_wanted(request)
        limit, offset = whole(request, "limit", _LIMIT, _LIMIT_MAX), whole(request, "offset", 0, 10**9)
        found = people(self._store.connection, limit, offset, wanted)
        return JSONResponse({"people": [shown(person) for person in found]})

    async def load(self, request: Request) -> Response:
        """Add people, all or none; each must be as impossible as the generated ones."""
        body = parse_object(await read_body(request)) or {}
        try:
            added = read_people(body.get("people"))
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        load(self._store, added)
        return JSONResponse({"people": len(added)})


def read_wanted(request: Request) -> Wanted:
    """Which people the query asks for: `kind`, `ending`, `q`.

    Raises:
        HTTPException: 400 when there is no such kind or ending.
    """
    return Wanted(
        kind=_one_of(request, "kind", tuple(KINDS)),
        ending=_one_of(request, "ending", PLANTED_ENDINGS),
        text=request.query_params.get("q", ""),
    )


def _one_of(request: Request, name: str, known: tuple[str, ...]) -> str:
    value = request.query_params.get(name, "")
    if value and value not in known:
        raise HTTPException(400, f"{name}: one of {', '.join(sorted(known))}")
    return value
